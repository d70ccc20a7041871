/* Decode's dense layers: weights in 16, 8 and 4 bits times a few vectors, over matrices of many sizes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cuda/check.h"
#include "cuda/gpu.h"
#include "cuda/kernels/unpack.h"
#include "cuda/number.h"
#include "cuda/random.h"

/* Sums of tensor cores are in fp32, but cut off rather than rounded at each of k/16 steps. */
static const double LIMIT_TENSOR = 1e-4;
enum { GROUP = 128, ROWS_VERIFIED = 48 };

static const struct width {
    enum kernel_format kernel;
    const char *format, *name;
    int bits, class;
} widths[] = {
    {KERNEL_BF16, "bf16", "bf16", 16, PROTOCOL_CLASS_GEMV},
    {KERNEL_INT4, "int4-gptq-sym-g128", "w4a16", 4, PROTOCOL_CLASS_DEQUANT_W4A16},
    {KERNEL_FP8, "fp8-block128", "fp8", 8, PROTOCOL_CLASS_DEQUANT_FP8},
};

struct rows {
    struct gpu *gpu;
    const struct width *width;
    const char *weights, *scales;
    size_t matrix, matrix_scales; /* bytes of one */
    size_t slots, slot;
    int m, n, k;
    float *x_wide;                /* what is stored in x, on the host */
    void *x;
    struct gpu_output y;          /* m x n */
    bool spoilt;
};

static bool rows_work(void *context, uint64_t call) {
    struct rows *r = context;
    r->slot = call % r->slots;
    return gpu_good(r->gpu, kernel_skinny(r->gpu->stream, r->width->kernel, r->weights + r->slot * r->matrix, r->scales + r->slot * r->matrix_scales, r->x,
                                          r->y.values, r->m, r->n, r->k), "skinny product");
}

/* A row's weights as stored, in double. The host's copies are of one row. */
static double weight_at(const struct width *w, const void *row, const void *scales, int i) {
    switch (w->kernel) {
    case KERNEL_BF16:
        return (double)bf16_value(((const uint16_t *)row)[i]);
    case KERNEL_FP8:
        return (double)e4m3_value(((const uint8_t *)row)[i]) * (double)((const float *)scales)[i / GROUP];
    default:
        return unpack_int4_value(((const uint32_t *)row)[i / 8], i % 8) * (double)bf16_value(((const uint16_t *)scales)[i / GROUP]);
    }
}

static size_t row_bytes(const struct rows *r) {
    return (size_t)r->k * (size_t)r->width->bits / 8;
}

static size_t scale_bytes(const struct rows *r) { /* of a row */
    return r->width->kernel == KERNEL_BF16 ? 0 : (size_t)(r->k / GROUP) * (r->width->kernel == KERNEL_FP8 ? 4 : 2);
}

/* Compares the m results of row n. False: a copy failed. */
static bool row_verify(const struct rows *r, int n, void *weights, void *scales, struct check_norm *norm) {
    const char *from = r->weights + r->slot * r->matrix + (size_t)n * row_bytes(r);
    const char *scale = r->scales + r->slot * r->matrix_scales + (size_t)(r->width->kernel == KERNEL_FP8 ? n / GROUP : n) * scale_bytes(r);
    if (!gpu_get(r->gpu, weights, from, row_bytes(r)) || (scale_bytes(r) && !gpu_get(r->gpu, scales, scale, scale_bytes(r))))
        return false;
    for (int t = 0; t < r->m; t++) {
        double want = 0;
        float have;
        for (int i = 0; i < r->k; i++)
            want += weight_at(r->width, weights, scales, i) * (double)r->x_wide[(size_t)t * (size_t)r->k + (size_t)i];
        if (!gpu_get(r->gpu, &have, (float *)r->y.values + (size_t)t * (size_t)r->n + n, sizeof have))
            return false;
        check_norm_add(norm, (double)have + (r->spoilt && n == 0 ? 1000 : 0), want);
    }
    return true;
}

/* Rows all over the matrix, the first and the last among them; NaN and guards everywhere. */
static double rows_verify(void *context) {
    struct rows *r = context;
    struct check_norm norm = {0};
    int rows = r->n < ROWS_VERIFIED ? r->n : ROWS_VERIFIED;
    char *weights = malloc(row_bytes(r)), *scales = malloc(scale_bytes(r) + 1);
    bool done = weights && scales;
    for (int i = 0; done && i < rows; i++)
        done = row_verify(r, (int)((int64_t)i * (r->n - 1) / (rows - 1)), weights, scales, &norm);
    free(weights);
    free(scales);
    if (!done)
        return NAN;
    return gpu_output_bad(r->gpu, &r->y) > 0 ? INFINITY : check_norm_value(&norm);
}

static void rows_spoil(void *context) {
    ((struct rows *)context)->spoilt = true;
}

static bool vectors_open(struct rows *r, struct run *run) {
    size_t n = (size_t)r->m * (size_t)r->k;
    uint16_t *narrow = malloc(n * sizeof *narrow);
    r->x_wide = malloc(n * sizeof *r->x_wide);
    r->x = gpu_allocate(run, n * sizeof *narrow);
    bool done = narrow && r->x_wide && r->x;
    for (size_t i = 0; done && i < n; i++) {
        float value = random_signed(5, i);
        if (r->width->kernel == KERNEL_BF16) {
            narrow[i] = bf16_round(value);
            r->x_wide[i] = bf16_value(narrow[i]);
        } else { /* 10 bits behind the point: fp16 has them all */
            r->x_wide[i] = rintf(value * 1024) / 1024;
            narrow[i] = unpack_half_bits(r->x_wide[i]);
        }
    }
    done = done && gpu_put(gpu_of(run), r->x, narrow, n * sizeof *narrow);
    free(narrow);
    return done;
}

static void rows_close(struct rows *r) {
    gpu_output_close(&r->y);
    cudaFree(r->x);
    free(r->x_wide);
}

/* bytes/s of one case, or NAN; *seconds where wanted. */
static double rows_measure(struct run *run, struct rows *r, int mib, int class, double *seconds) {
    struct timing t;
    char name[48];
    size_t have = r->width->kernel == KERNEL_BF16 ? gpu_of(run)->arena_bytes : gpu_of(run)->arena_bytes / 2;
    double rate = NAN;
    r->gpu = gpu_of(run);
    r->k = run->options->dims.hidden / GROUP * GROUP;
    r->k = r->k ? r->k : GROUP;
    r->n = (int)(((int64_t)mib << 20) / (2 * r->k) / GROUP * GROUP);
    r->n = r->n ? r->n : GROUP;
    r->matrix = (size_t)r->n * row_bytes(r);
    r->matrix_scales = r->width->kernel == KERNEL_FP8 ? scale_bytes(r) * (size_t)(r->n / GROUP) : scale_bytes(r) * (size_t)r->n;
    r->slots = have / r->matrix;
    snprintf(name, sizeof name, "%s m=%d %.0f MiB", r->width->name, r->m, (double)r->matrix / (1 << 20));
    double bytes = (double)(r->matrix + r->matrix_scales) + (double)r->m * (2.0 * r->k + 4.0 * r->n);
    struct run_case what = {
        .name = name, .work = rows_work, .verify = rows_verify, .spoil = rows_spoil, .context = r, .metric = "relf", .limit = LIMIT_TENSOR,
        .class = class, .amount = bytes,
        .shape = {.op = r->width->kernel == KERNEL_BF16 ? "gemv" : "dequant", .format = r->width->format, .m = r->m, .n = r->n, .k = r->k, .bytes = bytes,
                  .flop = 2.0 * r->m * r->n * r->k},
    };
    if (r->slots && vectors_open(r, run) && gpu_output_open(&r->y, run, (size_t)r->m * (size_t)r->n, true) && gpu_measure(run, &what, &t)) {
        rate = bytes / t.median;
        if (seconds)
            *seconds = t.median;
    }
    rows_close(r);
    return rate;
}

/* --- dense -------------------------------------------------------------------------------------------------------------------------- */

static const int decode_mib[] = {16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024};
static const int decode_sizes[] = {9, 12, 13};
static const int decode_m[] = {2, 4, 8};
enum { DECODE_M = 3, DECODE_M_MIB = 128 };

int gpu_gemv_count(struct run *run) {
    return decode_sizes[run->options->level] + DECODE_M;
}

void gpu_gemv_run(struct run *run) {
    int sizes = decode_sizes[run->options->level];
    double best = 0;
    for (int i = 0; i < sizes + DECODE_M && run_next_case(run); i++) {
        struct rows r = {.width = &widths[0], .weights = (const char *)gpu_arena(run), .m = i < sizes ? 1 : decode_m[i - sizes]};
        if (!r.weights)
            return;
        double rate = rows_measure(run, &r, i < sizes ? decode_mib[i] : DECODE_M_MIB, i < sizes ? (int)PROTOCOL_CLASS_GEMV : -1, NULL);
        best = rate > best ? rate : best;
    }
    if (best > 0)
        run_result(run, "gemv_bytes_per_s", best, "byte/s");
    if (best > 0 && run->best_read > 0)
        run_result(run, "gemv_over_read", best / run->best_read, "");
    run_fit(run, PROTOCOL_CLASS_GEMV);
}

/* --- quantised ---------------------------------------------------------------------------------------------------------------------- */

static const int quantised_mib[] = {32, 48, 64, 96, 128, 256, 512, 1024}; /* of the same matrix in bf16 */
enum { SIZES = 8, MANY = 2, COMPARED_MIB = 512, CASES_A_WIDTH = SIZES + MANY + 1 };
static const int many_m[MANY] = {4, 8};

int gpu_dequant_count(struct run *run) {
    (void)run;
    return 2 * CASES_A_WIDTH;
}

/* One random piece, over and over: caches go by address. */
char *gpu_codes_open(struct run *run, size_t bytes) {
    enum { PIECE = 4 << 20 };
    char *to = gpu_allocate(run, bytes), *piece = malloc(PIECE);
    bool done = to && piece;
    for (size_t at = 0; done && at < bytes; at += PIECE) {
        for (size_t i = 0; at == 0 && i < PIECE; i += 8) {
            uint64_t bits = random_bits(7, i / 8);
            for (int j = 0; j < 8; j++) {
                uint8_t code = (uint8_t)(bits >> (8 * j));
                piece[i + (size_t)j] = (char)((code & 0x7F) == 0x7F ? code ^ 1 : code);
            }
        }
        done = gpu_put(gpu_of(run), to + at, piece, bytes - at < PIECE ? bytes - at : PIECE);
    }
    free(piece);
    if (done)
        return to;
    cudaFree(to);
    return NULL;
}

/* 0.5 .. 1.5: never small enough to hide an error. */
static char *scales_open(struct run *run, size_t bytes, bool wide) {
    char *to = gpu_allocate(run, bytes), *host = malloc(bytes);
    bool done = to && host;
    for (size_t i = 0; done && i < bytes / (wide ? 4 : 2); i++) {
        float value = 1 + 0.5F * random_signed(9, i);
        if (wide)
            ((float *)(void *)host)[i] = value;
        else
            ((uint16_t *)(void *)host)[i] = bf16_round(value);
    }
    done = done && gpu_put(gpu_of(run), to, host, bytes);
    free(host);
    if (done)
        return to;
    cudaFree(to);
    return NULL;
}

static void dequant_width(struct run *run, const struct width *w, const char *codes, const char *scales) {
    double best = 0, narrow = NAN, wide = NAN;
    char name[48];
    for (int i = 0; i < SIZES + MANY && run_next_case(run); i++) {
        struct rows r = {.width = w, .weights = codes, .scales = scales, .m = i < SIZES ? 1 : many_m[i - SIZES]};
        int mib = i < SIZES ? quantised_mib[i] : COMPARED_MIB;
        double seconds = NAN, rate = rows_measure(run, &r, mib, i < SIZES ? w->class : -1, &seconds);
        best = rate > best ? rate : best;
        if (i < SIZES && mib == COMPARED_MIB)
            narrow = seconds;
    }
    snprintf(name, sizeof name, "%s_over_read", w->name);
    if (best > 0 && run->best_read > 0)
        run_result(run, name, best / run->best_read, "");
    struct rows r = {.width = &widths[0], .weights = (const char *)gpu_arena(run), .m = 1};
    snprintf(name, sizeof name, "%s_speedup_m1", w->name);
    if (run_next_case(run) && r.weights && rows_measure(run, &r, COMPARED_MIB, -1, &wide) > 0)
        run_result(run, name, wide / narrow, "");
    run_fit(run, (enum protocol_class)w->class);
}

void gpu_dequant_run(struct run *run) {
    if (!gpu_arena(run))
        return;
    size_t bytes = gpu_of(run)->arena_bytes / 2;
    char *codes = gpu_codes_open(run, bytes);
    for (int i = 1; codes && i < 3; i++) {
        /* int4: 2 bytes for 64 of codes; fp8: 4 for 16384 */
        char *scales = scales_open(run, widths[i].bits == 4 ? bytes / 32 : bytes / 1024, widths[i].bits == 8);
        if (scales)
            dequant_width(run, &widths[i], codes, scales);
        cudaFree(scales);
    }
    cudaFree(codes);
}
