/* Weights in 4 and 8 bits, widened in registers: how much of the bandwidth is left, and how much faster than
 * 16 bits that is. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda/cpu.h"
#include "cuda/number.h"
#include "cuda/random.h"

static const struct width {
    const char *format, *name;
    enum protocol_class class;
    int bits;
} widths[] = {
    {"int4-gptq-sym-g128", "w4a16", PROTOCOL_CLASS_DEQUANT_W4A16, 4},
    {"fp8-block128", "fp8", PROTOCOL_CLASS_DEQUANT_FP8, 8},
};
enum { WIDTHS = 2, SIZES = 8, QUICK_SIZES = 6, MANY = 2 };
/* MiB of the same matrix in bf16, at m = 1; then m = 4 and 16, and the comparison with bf16 itself, at the 32
 * MiB one. */
static const int sizes_mib[SIZES] = {4, 8, 12, 16, 24, 32, 48, 64};
static const int many_m[MANY] = {4, 16};
enum { COMPARED_MIB = 32 };

struct quantised {
    void *block; /* random bits of the arena's kind are no random e4m3: own memory */
    size_t bytes;
    void *scales;
};

static int dequant_k(const struct run *run) { /* whole groups */
    int k = run->options->dims.hidden / INT4_GROUP * INT4_GROUP;
    return k ? k : INT4_GROUP;
}

static int sizes_here(const struct run *run) {
    return run->options->level == LEVEL_QUICK ? QUICK_SIZES : SIZES;
}

int cpu_dequant_count(struct run *run) {
    return WIDTHS * (sizes_here(run) + MANY + 1);
}

struct filling {
    uint64_t *to;
    bool fp8;
};

/* Any nibbles are INT4. e4m3 has two NaN, made 0x7E and 0xFE here. */
static void quantise_task(void *context, size_t i) {
    struct filling *f = context;
    enum { WORDS = CPU_TILE / 8 };
    for (size_t j = i * WORDS; j < (i + 1) * WORDS; j++) {
        uint64_t bits = random_bits(7, j), ones = UINT64_C(0x0101010101010101);
        if (f->fp8) { /* the top bit of low7 + 1 is set where low7 is 0x7F */
            uint64_t is_nan = (((bits & (ones * 0x7F)) + ones) >> 7) & ones;
            bits ^= is_nan;
        }
        f->to[j] = bits;
    }
}

static bool quantised_open(struct quantised *q, struct run *run, const struct width *w) {
    struct cpu *cpu = cpu_of(run);
    size_t block = cpu->arena_bytes ? cpu->arena_bytes : 64 << 20, half = block / 2 / CPU_TILE * CPU_TILE;
    q->bytes = half;
    q->block = cpu_allocate(run, half);
    q->scales = cpu_allocate(run, half / 16); /* fp8: 4 bytes for 128*128; int4: 2 bytes for 64 */
    if (!q->block || !q->scales)
        return false;
    for (size_t i = 0; i < half / 32; i++) /* 0.5 .. 1.5: never small enough to hide an error */
        ((uint16_t *)q->scales)[i] = bf16_round(1 + 0.5F * random_signed(9, i));
    for (size_t i = 0; w->bits == 8 && i < half / 64; i++)
        ((float *)q->scales)[i] = 1 + 0.5F * random_signed(9, i);
    struct filling f = {q->block, w->bits == 8};
    return cpu_pool_run(cpu->pool, half / CPU_TILE, quantise_task, &f);
}

static void quantised_close(struct quantised *q) {
    free(q->block);
    free(q->scales);
}

/* The matrix that is `mib` large in bf16. NULL q: in bf16. */
static bool matrix_open(struct cpu_rows *c, struct run *run, const struct quantised *q, const struct width *w,
                        int mib, size_t m) {
    size_t k = (size_t)dequant_k(run), n = ((size_t)mib << 20) / (2 * k) / 128 * 128;
    if (n == 0)
        n = 128;
    *c = (struct cpu_rows){.format = q ? w->format : "bf16",
                           .weights = q ? q->block : cpu_arena(run),
                           .scales = q ? q->scales : NULL};
    c->matrix = q ? n * k * (size_t)w->bits / 8 : 2 * n * k;
    c->matrix_scales = !q ? 0 : w->bits == 4 ? n * k / INT4_GROUP * 2 : n / 128 * (k / 128) * 4;
    c->slots = (q ? q->bytes : cpu_of(run)->arena_bytes) / c->matrix;
    return c->weights && c->slots && cpu_rows_open(c, run, n, k, m);
}

static void dequant_measure(struct run *run, const struct quantised *q, const struct width *w, int mib,
                            size_t m) {
    struct cpu_rows c;
    struct timing t;
    char name[64];
    if (!matrix_open(&c, run, q, w, mib, m))
        return;
    snprintf(name, sizeof name, "%s m=%zu %.1f MiB", w->name, m, (double)c.matrix / (1 << 20));
    struct run_case what = {
        .name = name,
        .work = cpu_rows_work,
        .verify = cpu_rows_verify,
        .spoil = cpu_rows_spoil,
        .context = &c,
        .shape = {.op = "dequant",
                  .format = c.format,
                  .m = (int64_t)m,
                  .n = (int64_t)c.n,
                  .k = (int64_t)c.k,
                  .bytes = cpu_rows_bytes(&c),
                  .flop = 2.0 * (double)m * (double)c.n * (double)c.k},
        .metric = "relf",
        .limit = CHECK_LIMIT_FP32,
        .class = m == 1 ? (int)w->class : -1,
        .amount = cpu_rows_bytes(&c),
    };
    run_measure(run, &what, &t);
    cpu_rows_close(&c);
}

/* Against plain reading of as many bytes, and against the same matrix in bf16. */
static void dequant_compare(struct run *run, const struct quantised *q, const struct width *w) {
    struct cpu_rows narrow, wide;
    char name[64];
    if (matrix_open(&narrow, run, q, w, COMPARED_MIB, 1)) {
        snprintf(name, sizeof name, "%s_over_read", w->name);
        run_result(run, name, cpu_rows_over_read(&narrow), "");
        snprintf(name, sizeof name, "%s_speedup_m1", w->name);
        if (matrix_open(&wide, run, NULL, NULL, COMPARED_MIB, 1)) {
            run_result(run, name, cpu_paired(run, cpu_rows_work, &wide, cpu_rows_work, &narrow), "");
            cpu_rows_close(&wide);
        }
        cpu_rows_close(&narrow);
    }
}

static void dequant_width(struct run *run, const struct width *w) {
    struct quantised q = {0};
    bool open = quantised_open(&q, run, w);
    int failed = run->failed;
    for (int i = 0; open && i < sizes_here(run) && run_next_case(run); i++)
        dequant_measure(run, &q, w, sizes_mib[i], 1);
    for (int i = 0; open && i < MANY && run_next_case(run); i++)
        dequant_measure(run, &q, w, COMPARED_MIB, (size_t)many_m[i]);
    run_fit(run, w->class);
    if (open && run_next_case(run) && run->failed == failed)
        dequant_compare(run, &q, w);
    quantised_close(&q);
}

void cpu_dequant_run(struct run *run) {
    for (int i = 0; i < WIDTHS; i++)
        dequant_width(run, &widths[i]);
}
