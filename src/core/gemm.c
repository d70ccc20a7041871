/* Dense matrix products, by number format. Found on 12,600 timings of four GPUs; times inside are microseconds. */
#include "core/timing.h"

#include <math.h>
#include <stddef.h>

/* Everything that a law may read; a class has its own subset, in the order of calibration.c, and the rest at these. */
struct constants {
    double t0, mem_eff, compute_eff, unhidden, feed, wave, depth, split, l2, cta, throttle, quantise, small_t0, small_depth,
        small_product, fill;
};

static const struct constants defaults = {.wave = 0.2, .feed = 15, .split = 3, .l2 = 20, .cta = 60, .throttle = 0.0005,
                                          .quantise = 6, .small_t0 = 9, .small_depth = 0.5, .small_product = 1e-5};

/* How a format's kernels differ. */
struct kernel {
    double small_rows; /* up to so many rows a kernel without tensor cores runs */
    double max_split;  /* of the depth over CTAs */
    bool quantises;    /* activations are quantised first */
    bool block_tiles;  /* tiles bound to blocks of scales */
    double copy_bytes; /* per weight in the benchmark's rotation of copies; 0: never in the L2 */
    double activation; /* bytes of an activation as the product reads it */
};

static const struct kernel kernels[FORMAT_CLASS_COUNT] = {
    [FORMAT_16] = {0, 16, false, false, 2, 2},        [FORMAT_FP8] = {0, 16, true, false, 1, 1},
    [FORMAT_FP8_BLOCK] = {0, 1, true, true, 1, 1.03}, [FORMAT_FP4] = {8, 16, true, false, 0.5, 0.5625},
    [FORMAT_INT8] = {4, 16, false, false, 0, 1},      [FORMAT_W8A16] = {15, 16, false, false, 0, 2},
    [FORMAT_W4A16] = {15, 16, false, false, 0, 2},    [FORMAT_W4A8] = {0, 16, true, false, 1, 1},
};

struct tile {
    double rows, columns;
};
static const struct tile free_tiles[] = {{16, 64}, {64, 64}, {64, 128}, {128, 128}, {128, 256}, {0, 0}};
static const struct tile block_tiles[] = {{16, 128}, {32, 128}, {64, 128}, {128, 128}, {0, 0}};

enum { SMS_UNKNOWN = 132 };
static const double L2_UNKNOWN = 50e6;
static const double L2_FILL = 1.13, L2_EDGE = 0.13; /* operands hit below fill*(1-edge), miss above fill, of the L2 */

static struct constants constants_of(const double *v, enum format_class class) {
    struct constants k = defaults;
    k.t0 = v[0], k.mem_eff = v[1], k.compute_eff = v[2], k.unhidden = v[3], k.depth = v[4], k.fill = v[5];
    switch (class) {
    case FORMAT_16:
        k.feed = v[6], k.wave = v[7], k.split = v[8], k.l2 = v[9], k.cta = v[10], k.throttle = v[11];
        break;
    case FORMAT_FP8:
    case FORMAT_W4A8:
        k.feed = v[6], k.split = v[7], k.l2 = v[8], k.cta = v[9], k.throttle = v[10], k.quantise = v[11];
        break;
    case FORMAT_FP8_BLOCK:
        k.feed = v[6], k.wave = v[7], k.l2 = v[8], k.cta = v[9], k.throttle = v[10], k.quantise = v[11];
        break;
    case FORMAT_FP4:
        k.feed = v[6], k.wave = v[7], k.split = v[8], k.quantise = v[9], k.small_t0 = v[10], k.small_depth = v[11];
        k.throttle = 0.03;
        break;
    case FORMAT_INT8:
        k.wave = v[6], k.split = v[7], k.throttle = v[8], k.small_t0 = v[9], k.small_depth = v[10], k.small_product = v[11];
        break;
    case FORMAT_W8A16:
    case FORMAT_W4A16:
    case FORMAT_CLASS_COUNT:
        k.feed = v[6], k.wave = v[7], k.split = v[8], k.small_t0 = v[9], k.small_depth = v[10];
        break;
    }
    return k;
}

static double max(double a, double b) { /* libm's fmax is a call, and this is the inner loop */
    return a > b ? a : b;
}

static double up(double x) { /* ceil of a positive number */
    double y = (double)(long)x;
    return y < x ? y + 1 : y;
}

struct product {
    double m, n, k, bytes;
    double sms, clocks; /* clocks: of all SMs together, in 16-bit FLOP; L2 and quantiser rates follow it across GPUs */
    double rate;        /* FLOP/us */
    double memory;      /* us to stream the operands */
    double l2_rate;     /* bytes/us */
};

/* The best tile and split of the depth: waves of CTAs against the memory that they can draw. */
static double tiled(const struct constants *c, const struct kernel *kern, const struct product *p, double *compute_share) {
    double per_sm = p->rate * c->compute_eff / p->sms;
    double ideal = 2 * p->m * p->n * p->k / (p->rate * c->compute_eff);
    double pair = pow(1 + ideal * 1e-3, c->throttle) / (per_sm * (1 + c->feed * (1.0 / 128 + 1.0 / 256)));
    double draw = p->bytes / (c->cta * p->clocks / p->sms), best = INFINITY;
    for (const struct tile *t = kern->block_tiles ? block_tiles : free_tiles; t->rows > 0; t++) {
        double count = up(p->m / t->rows) * up(p->n / t->columns);
        double step = max(2 * (t->rows * t->columns + c->feed * (t->rows + t->columns)) * pair, c->depth * 1e-3);
        for (double split = 1; split <= kern->max_split; split *= 2) {
            double waves = count * split / p->sms;
            double whole = waves <= 1 ? 1 : (1 - c->wave) * waves + c->wave * up(waves);
            double compute = whole * step * (p->k / split + c->fill), memory = max(p->memory, draw / (count * split));
            if (split > 1) /* FP32 partial sums out and in */
                memory += 8 * split * p->m * p->n / p->l2_rate;
            double time = max(memory, compute) + c->unhidden * (memory < compute ? memory : compute) +
                          (split > 1 ? c->split : 0);
            if (time < best) {
                best = time;
                *compute_share = compute > memory;
            }
            if (waves >= 1 || p->k / split <= 256)
                break;
        }
    }
    return best;
}

/* Share of the operands that the L2 still holds when a benchmark turns round up to five copies of the weights. */
static double benchmark_hits(const struct kernel *kern, const struct product *p, double weight, double l2) {
    if (kern->copy_bytes == 0)
        return 0;
    double copies = fmin(5, fmax(1, ceil(l2 / (p->n * p->k * kern->copy_bytes))));
    double set = copies * p->n * p->k * weight + 2 * p->m * p->k + 2 * p->m * p->n;
    return fmin(1, fmax(0, (L2_FILL * l2 - set) / (L2_EDGE * L2_FILL * l2)));
}

/* A CPU's vector units have neither tiles nor waves: t0 and the roofline of what is moved and multiplied. */
static struct timing cpu_time(const double *v, const struct kernel *kern, const struct gpu *g, const struct format *f, double m,
                              double n, double k) {
    double bytes = n * k * f->bytes + m * k * kern->activation + 2 * m * n;
    return timing_roofline(v[0] * 1e-6, bytes / (g->mem_bw * v[1]), 2 * m * n * k / (timing_rate(g, f->path, NULL) * v[2]));
}

static struct timing product_time(const struct calibration *c, const struct gpu *g, const struct format *f, double m, double n,
                                  double k, bool benchmark) {
    enum format_class class = format_class_of(f);
    const struct kernel *kern = &kernels[class];
    if (g->cpu)
        return cpu_time(c->of[CAL_GEMM + class].value, kern, g, f, m, n, k);
    struct constants v = constants_of(c->of[CAL_GEMM + class].value, class);
    struct product p = {.m = m, .n = n, .k = k, .bytes = n * k * f->bytes + m * k * kern->activation + 2 * m * n,
                        .sms = g->sms > 0 ? g->sms : SMS_UNKNOWN, .rate = timing_rate(g, f->path, NULL) * 1e-6};
    p.clocks = timing_rate(g, PATH_BF16, NULL) * 1e-9;
    double hbm = g->mem_bw * v.mem_eff * 1e-6, l2 = g->l2_bytes > 0 ? g->l2_bytes : L2_UNKNOWN;
    double hits = benchmark ? benchmark_hits(kern, &p, f->bytes, l2) : 0, compute = 0;
    p.l2_rate = max(hbm, v.l2 * p.clocks);
    p.memory = p.bytes * ((1 - hits) / hbm + hits / p.l2_rate);
    double fixed = v.t0, body;
    if (m <= kern->small_rows) {
        fixed = v.small_t0;
        body = max(p.memory, max(v.small_depth * 1e-3 * k, v.small_product * 1e-3 * m * n));
    } else {
        body = tiled(&v, kern, &p, &compute);
    }
    if (kern->quantises)
        body += m * k / (v.quantise * p.clocks);
    struct timing t = {.seconds = (fixed + body) * 1e-6};
    t.part[BOUND_LAUNCH] = fixed * 1e-6;
    t.part[compute > 0 ? BOUND_COMPUTE : BOUND_MEMORY] = body * 1e-6;
    return t;
}

struct timing gemm_time(const struct calibration *c, const struct gpu *g, const struct format *f, double m, double n,
                        double k) {
    return product_time(c, g, f, m, n, k, false);
}

struct timing gemm_benchmark_time(const struct calibration *c, const struct gpu *g, const struct format *f, double m, double n,
                                  double k) {
    return product_time(c, g, f, m, n, k, true);
}
