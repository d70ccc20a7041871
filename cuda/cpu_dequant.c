/* Weights in 4 and 8 bits, widened in registers: how much of the bandwidth is left, and how much faster than 16 bits that is. */
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
enum { WIDTHS = 2, SIZES = 8, MANY = 2, CASES_A_WIDTH = SIZES + MANY + 1 };
/* MiB of the same matrix in bf16, at m = 1; then m = 4 and 16, and bf16 itself, at the 32 MiB one. */
static const int sizes_mib[SIZES] = {4, 6, 8, 12, 16, 24, 32, 48};
static const int many_m[MANY] = {4, 16};
enum { COMPARED_MIB = 32, COMPARED = 6 };

struct quantised {
    void *block; /* random bits of the arena's kind are no random e4m3: own memory */
    size_t bytes;
    void *scales;
};

static int dequant_k(const struct run *run) { /* whole groups */
    int k = run->options->dims.hidden / INT4_GROUP * INT4_GROUP;
    return k ? k : INT4_GROUP;
}

int cpu_dequant_count(struct run *run) {
    (void)run;
    return WIDTHS * CASES_A_WIDTH;
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

/* Seconds, or NAN. NULL q: the same in bf16. */
static double dequant_measure(struct run *run, const struct quantised *q, const struct width *w, int mib, size_t m) {
    size_t k = (size_t)dequant_k(run), n = ((size_t)mib << 20) / (2 * k) / 128 * 128;
    struct timing t;
    char name[64];
    if (n == 0)
        n = 128;
    struct cpu_rows c = {.format = q ? w->format : "bf16", .weights = q ? q->block : cpu_arena(run), .scales = q ? q->scales : NULL};
    c.matrix = q ? n * k * (size_t)w->bits / 8 : 2 * n * k;
    c.matrix_scales = !q ? 0 : w->bits == 4 ? n * k / INT4_GROUP * 2 : n / 128 * (k / 128) * 4;
    c.slots = (q ? q->bytes : cpu_of(run)->arena_bytes) / c.matrix;
    if (!c.weights || !c.slots || !cpu_rows_open(&c, run, n, k, m))
        return NAN;
    snprintf(name, sizeof name, "%s m=%zu %.0f MiB", q ? w->name : "bf16", m, (double)c.matrix / (1 << 20));
    struct run_case what = {
        .name = name, .work = cpu_rows_work, .verify = cpu_rows_verify, .spoil = cpu_rows_spoil, .context = &c,
        .shape = {.op = q ? "dequant" : "gemv", .format = c.format, .m = (int64_t)m, .n = (int64_t)n, .k = (int64_t)k, .bytes = cpu_rows_bytes(&c),
                  .flop = 2.0 * (double)m * (double)n * (double)k},
        .metric = "relf", .limit = CHECK_LIMIT_FP32, .class = q && m == 1 ? (int)w->class : -1, .amount = cpu_rows_bytes(&c),
    };
    double seconds = run_measure(run, &what, &t) ? t.median : NAN;
    cpu_rows_close(&c);
    return seconds;
}

static void dequant_width(struct run *run, const struct width *w) {
    struct quantised q = {0};
    double narrow = NAN, best = 0;
    char name[64];
    bool open = quantised_open(&q, run, w);
    for (int i = 0; open && i < SIZES && run_next_case(run); i++) {
        double seconds = dequant_measure(run, &q, w, sizes_mib[i], 1);
        double rate = run->n_points[w->class] && !isnan(seconds) ? run->points[w->class][run->n_points[w->class] - 1].amount / seconds : 0;
        best = fmax(best, rate);
        if (sizes_mib[i] == COMPARED_MIB)
            narrow = seconds;
    }
    for (int i = 0; open && i < MANY && run_next_case(run); i++)
        dequant_measure(run, &q, w, COMPARED_MIB, (size_t)many_m[i]);
    snprintf(name, sizeof name, "%s_over_read", w->name);
    if (best > 0 && run->best_read > 0)
        run_result(run, name, best / run->best_read, "");
    snprintf(name, sizeof name, "%s_speedup_m1", w->name);
    if (open && run_next_case(run))
        run_result(run, name, dequant_measure(run, NULL, w, COMPARED_MIB, 1) / narrow, "");
    quantised_close(&q);
    run_fit(run, w->class);
}

void cpu_dequant_run(struct run *run) {
    for (int i = 0; i < WIDTHS; i++)
        dequant_width(run, &widths[i]);
}
