/* Dense layers of the scenario: prefill products, and decode over matrices of many sizes. */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cuda/cpu.h"
#include "cuda/number.h"
#include "cuda/stop.h"

/* As many matrices as the block holds, at most; 0: not even one. */
static bool rows_over_arena(struct cpu_rows *c, struct run *run, size_t n, size_t k, size_t m) {
    *c = (struct cpu_rows){.format = "bf16", .weights = cpu_arena(run), .matrix = 2 * n * k};
    if (!c->weights)
        return false;
    c->slots = cpu_of(run)->arena_bytes / c->matrix;
    return c->slots && cpu_rows_open(c, run, n, k, m);
}

static struct run_case rows_case(struct cpu_rows *c, const char *name, const char *op) {
    return (struct run_case){
        .name = name,
        .shape = {.op = op,
                  .format = c->format,
                  .m = (int64_t)c->m,
                  .n = (int64_t)c->n,
                  .k = (int64_t)c->k,
                  .bytes = cpu_rows_bytes(c),
                  .flop = 2.0 * (double)c->m * (double)c->n * (double)c->k},
        .work = cpu_rows_work,
        .verify = cpu_rows_verify,
        .spoil = cpu_rows_spoil,
        .context = c,
        .metric = "relf",
        .limit = CHECK_LIMIT_FP32,
        .class = -1,
    };
}

/* --- prefill -------------------------------------------------------------------------------------------- */

/* The library's product in fp32, opened at run time: row-major C (m x n) = A (m x k) times the transpose of B
 * (n x k). */
typedef void sgemm_function(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
                            const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);
enum { CBLAS_ROWS = 101, CBLAS_AS_IS = 111, CBLAS_TURNED = 112 };

static sgemm_function *library_open(int threads) {
    static const char *const names[] = {"libopenblas.so.0", "libopenblas.so"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        void (*set_threads)(int) = library ? (void (*)(int))dlsym(library, "openblas_set_num_threads") : NULL;
        sgemm_function *sgemm = library ? (sgemm_function *)dlsym(library, "cblas_sgemm") : NULL;
        if (set_threads && sgemm) {
            set_threads(threads);
            return sgemm;
        }
    }
    return NULL;
}

struct library_case {
    struct cpu_rows rows; /* the same product, whose x, y and verification serve */
    sgemm_function *sgemm;
    float *w; /* the weights in fp32 */
};

/* In slices of rows that stay below 50 ms even at 10 GFLOP/s. */
static bool library_work(void *context, uint64_t call) {
    struct library_case *l = context;
    struct cpu_rows *c = &l->rows;
    size_t slice = (size_t)fmax(16, 2e8 / ((double)c->n * (double)c->k));
    (void)call;
    c->slot = 0;
    for (size_t t = 0; t < c->m; t += slice) {
        size_t m = c->m - t < slice ? c->m - t : slice;
        l->sgemm(CBLAS_ROWS, CBLAS_AS_IS, CBLAS_TURNED, (int)m, (int)c->n, (int)c->k, 1, c->x + t * c->k,
                 (int)c->k, l->w, (int)c->k, 0, c->y.values + t * c->n, (int)c->n);
        if (stop_now())
            return false;
    }
    return true;
}

static const struct product { const char *name; } products[] = {{"qkv"}, {"o"}, {"gate+up"}, {"down"}};
static const int prefill_m[] = {128, 512, 2048};
enum { PRODUCTS = 4 };
static const double gemm_work[] = {5e8, 1.6e10, 4e11}; /* FLOP of one call, by level */

static void product_shape(const struct dims *d, int which, size_t *n, size_t *k) {
    size_t hidden = (size_t)d->hidden, heads = (size_t)d->heads * (size_t)d->head_dim,
           kv = 2 * (size_t)d->kv_heads * (size_t)d->head_dim;
    size_t inter = (size_t)(d->dense_ffn ? d->dense_ffn : d->inter ? d->inter : 4 * d->hidden);
    const size_t shapes[PRODUCTS][2] = {
        {heads + kv, hidden}, {hidden, heads}, {2 * inter, hidden}, {hidden, inter}};
    *n = shapes[which][0];
    *k = shapes[which][1];
}

int cpu_gemm_count(struct run *run) {
    static const int sizes[] = {1, 2, 3};
    return sizes[run->options->level] * PRODUCTS + 1;
}

static void gemm_measure(struct run *run, int which, int m) {
    struct cpu_rows c;
    struct timing t;
    size_t n, k, most;
    char name[48];
    bool scaled = false;
    product_shape(&run->options->dims, which, &n, &k);
    most = (size_t)(gemm_work[run->options->level] / (2.0 * m * (double)k));
    if (n > most) {
        n = most < 64 ? 64 : most / 64 * 64;
        scaled = true;
    }
    if (!rows_over_arena(&c, run, n, k, (size_t)m))
        return;
    snprintf(name, sizeof name, "%s m=%d", products[which].name, m);
    struct run_case what = rows_case(&c, name, "gemm");
    what.shape.scaled = scaled;
    what.class = PROTOCOL_CLASS_GEMM;
    what.amount = what.shape.flop;
    if (run_measure(run, &what, &t))
        run->best_gemm = fmax(run->best_gemm, what.shape.flop / t.median);
    cpu_rows_close(&c);
}

static void library_measure(struct run *run) {
    struct library_case l = {.sgemm = library_open(cpu_pool_threads(cpu_of(run)->pool))};
    struct timing t;
    size_t n = 1024, k = 1024, m = 512;
    if (!l.sgemm) {
        run_say(run, PROTOCOL_SKIP, PROTOCOL_CODE_UNSUPPORTED,
                "no OpenBLAS to compare with (libopenblas.so.0)");
        return;
    }
    if (!rows_over_arena(&l.rows, run, n, k, m))
        return;
    l.w = cpu_allocate(run, n * k * sizeof *l.w);
    for (size_t i = 0; l.w && i < n * k; i++)
        l.w[i] = bf16_value(((const uint16_t *)l.rows.weights)[i]);
    struct run_case what = rows_case(&l.rows, "OpenBLAS m=512", "gemm");
    what.work = library_work;
    what.context = &l;
    what.shape.format = "fp32";
    what.shape.bytes = 4 * (double)(n * k + m * (n + k));
    if (l.w && run_measure(run, &what, &t)) {
        run->best_gemm = fmax(run->best_gemm, what.shape.flop / t.median);
        run_result(run, "openblas_flop_per_s", what.shape.flop / t.median, "FLOP/s");
    }
    free(l.w);
    cpu_rows_close(&l.rows);
}

void cpu_gemm_run(struct run *run) {
    for (int i = 0; i < cpu_gemm_count(run) - 1 && run_next_case(run); i++)
        gemm_measure(run, i % PRODUCTS, prefill_m[i / PRODUCTS]);
    run_fit(run, PROTOCOL_CLASS_GEMM);
    if (run_next_case(run))
        library_measure(run);
    if (run->best_gemm > 0)
        run_result(run, PROTOCOL_GEMM_RATE, run->best_gemm, "FLOP/s");
}

/* --- decode: sizes at m = 1, then m at one size --------------------------------------------------------- */

static const int decode_mib[] = {2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192};
static const int decode_sizes[] = {9, 13, 14};
static const int decode_m[] = {2, 4, 8, 16};
enum { DECODE_M = 4 };

int cpu_gemv_count(struct run *run) {
    return decode_sizes[run->options->level] + DECODE_M + 1;
}

/* Bytes/s of one case, or NAN. */
static double gemv_measure(struct run *run, size_t n, size_t m) {
    struct cpu_rows c;
    struct timing t = {.median = NAN};
    char name[48];
    if (!rows_over_arena(&c, run, n, (size_t)run->options->dims.hidden, m))
        return NAN;
    snprintf(name, sizeof name, "m=%zu %.0f MiB", m, (double)c.matrix / (1 << 20));
    struct run_case what = rows_case(&c, name, "gemv");
    what.class = m == 1 ? PROTOCOL_CLASS_GEMV : -1;
    what.amount = what.shape.bytes;
    if (!run_measure(run, &what, &t))
        t.median = NAN;
    double rate = what.shape.bytes / t.median;
    cpu_rows_close(&c);
    return rate;
}

static size_t decode_rows(const struct run *run, int mib) {
    size_t n = ((size_t)mib << 20) / (2 * (size_t)run->options->dims.hidden);
    return n < 64 ? 64 : n;
}

static void gemv_against_read(struct run *run) {
    struct cpu_rows c;
    if (!rows_over_arena(&c, run, decode_rows(run, 48), (size_t)run->options->dims.hidden, 1))
        return;
    run_result(run, "gemv_over_read", cpu_rows_over_read(&c), "");
    cpu_rows_close(&c);
}

void cpu_gemv_run(struct run *run) {
    int sizes = decode_sizes[run->options->level];
    double best = 0;
    for (int i = 0; i < sizes + DECODE_M && run_next_case(run); i++) {
        double rate = i < sizes ? gemv_measure(run, decode_rows(run, decode_mib[i]), 1)
                                : gemv_measure(run, decode_rows(run, 32), (size_t)decode_m[i - sizes]);
        if (i < sizes && rate > best)
            best = rate;
    }
    if (best > 0)
        run_result(run, "gemv_bytes_per_s", best, "byte/s");
    run_fit(run, PROTOCOL_CLASS_GEMV);
    if (run_next_case(run) && best > 0)
        gemv_against_read(run);
}
