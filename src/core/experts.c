/* The grouped experts of one layer on one rank. Found on 29,700 timings of four GPUs and six number formats. */
#include "core/timing.h"

#include <math.h>
#include <stddef.h>

enum { T0, MEM_EFF, COMPUTE_EFF, TILE_FIXED, RAMP, DEPTH, TOKEN_PASS, ROW_PASS, EXPERT, HELD, TILE_BY_ROWS };

enum { N_TILE = 128, K_TILE = 64, SMS_UNKNOWN = 132 };

static const double L2_RATE = 40e9;      /* bytes/s and SM */
static const double L2_UNKNOWN = 50e6;   /* bytes */
static const double L2_FILL = 1.1;       /* weights up to this times the L2 stay there from one use to the next */

/* Expected tiles of q rows: the sum over experts of ceil(rows/q); with random routing by the geometric law. */
static double tiles(const struct experts_shape *s, double q) {
    double rows = s->assignments / s->distinct;
    return s->even ? s->distinct * ceil(rows / q - 1e-9) : s->distinct / -expm1(-q / rows);
}

/* Both products with tiles of q rows: CTAs times depth, and a ramp of `RAMP` waves of SMs for each. */
static double multiply(const double *v, const struct experts_shape *s, double q, double sms, double rate) {
    double count = tiles(s, q), ramp = v[RAMP] * sms, columns = (s->mats - 1) * s->inter;
    double depth = (count * ceil(columns / N_TILE) + ramp) * s->hidden +
                   (count * ceil(s->hidden / N_TILE) + ramp) * K_TILE * ceil(s->inter / K_TILE);
    return depth * 2 * N_TILE * 128 * (q + v[TILE_FIXED]) / (128 + v[TILE_FIXED]) / (rate * v[COMPUTE_EFF]);
}

/* Tuned kernels take the best tile; others take it from the layer's rows over the experts held here. */
static double best_multiply(const double *v, const struct experts_shape *s, double sms, double rate) {
    double best = INFINITY, want = s->tokens * s->top_k / s->held, q = 8;
    if (v[TILE_BY_ROWS] > 0.5) {
        while (q < want && q < 256)
            q *= 2;
        return multiply(v, s, q, sms, rate);
    }
    for (q = 16; q <= 128; q *= 2)
        best = fmin(best, multiply(v, s, q, sms, rate));
    return best;
}

/* Weights of the experts that are read. Where one layer runs again and again, as in a benchmark, they stay in the L2. */
static double stream(const double *v, const struct gpu *g, const struct experts_shape *s, double bytes, double sms) {
    double hbm = g->mem_bw * v[MEM_EFF], l2 = g->l2_bytes > 0 ? g->l2_bytes : L2_UNKNOWN, hit = 0;
    if (s->reused > 0) {
        double x = s->reused * bytes / (L2_FILL * l2), x2 = x * x, x4 = x2 * x2;
        hit = 1 / (1 + x4 * x4);
    }
    return s->distinct * bytes * ((1 - hit) / hbm + hit / fmax(hbm, L2_RATE * sms));
}

/* A CPU: t0 and the roofline of the experts read and the rows multiplied. */
static struct timing cpu_time(const double *v, const struct gpu *g, const struct format *f, const struct experts_shape *s) {
    double weights = s->mats * s->hidden * s->inter;
    return timing_roofline(1e-6 * v[T0], s->distinct * weights * f->bytes / (g->mem_bw * v[MEM_EFF]),
                           2 * s->assignments * weights / (timing_rate(g, f->path, NULL) * v[COMPUTE_EFF]));
}

/* t = t0 + depth*(hidden+inter) + expert*distinct + held*held + (memory^1.5 + multiply^1.5)^(2/3) + passes over tokens and
 * rows (gather, activation, scatter) through HBM and L2. */
struct timing experts_time(const struct calibration *c, const struct gpu *g, const struct format *f,
                           const struct experts_shape *s) {
    const double *v = c->of[CAL_EXPERTS + format_class_of(f)].value;
    if (g->cpu)
        return cpu_time(v, g, f, s);
    double sms = g->sms > 0 ? g->sms : SMS_UNKNOWN, rate = timing_rate(g, f->path, NULL);
    double memory = stream(v, g, s, s->mats * s->hidden * s->inter * f->bytes, sms);
    double compute = best_multiply(v, s, sms, rate);
    double passes = 2 * (v[TOKEN_PASS] * s->tokens * s->hidden + v[ROW_PASS] * s->assignments * (s->hidden + s->inter)) *
                    (1 / g->mem_bw + 1 / (L2_RATE * sms));
    double fixed = 1e-6 * (v[T0] + v[DEPTH] * (s->hidden + s->inter) / 1000 + v[EXPERT] * s->distinct + v[HELD] * s->held);
    double joined = memory * sqrt(memory) + compute * sqrt(compute), body = cbrt(joined * joined);
    struct timing t = {.seconds = fixed + body + passes};
    t.part[BOUND_LAUNCH] = fixed;
    t.part[BOUND_MEMORY] = passes + (memory >= compute ? body : 0);
    t.part[BOUND_COMPUTE] = memory >= compute ? 0 : body;
    return t;
}
