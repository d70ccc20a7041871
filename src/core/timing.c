#include "core/timing.h"

#include <math.h>
#include <stddef.h>

struct timing timing_roofline(double fixed, double memory, double compute) {
    double m2 = memory * memory, c2 = compute * compute, body = sqrt(sqrt(m2 * m2 + c2 * c2));
    struct timing t = {.seconds = fixed + body};
    t.part[BOUND_LAUNCH] = fixed;
    t.part[memory >= compute ? BOUND_MEMORY : BOUND_COMPUTE] = body;
    return t;
}

struct timing timing_add(struct timing a, struct timing b) {
    a.seconds += b.seconds;
    for (int i = 0; i < BOUND_COUNT; i++)
        a.part[i] += b.part[i];
    return a;
}

struct timing timing_scale(struct timing t, double factor) {
    t.seconds *= factor;
    for (int i = 0; i < BOUND_COUNT; i++)
        t.part[i] *= factor;
    return t;
}

double timing_rate(const struct gpu *g, enum compute_path path, bool *fallback) {
    bool has = g->rate[path] > 0, sixteen = path == PATH_BF16 || path == PATH_FP16;
    if (fallback)
        *fallback = !has && !sixteen;
    if (has)
        return g->rate[path];
    if (g->rate[PATH_BF16] > 0)
        return g->rate[PATH_BF16];
    return g->rate[PATH_FP16] > 0 ? g->rate[PATH_FP16] : g->rate[PATH_FP32];
}

struct timing elementwise_time(const struct calibration *c, const struct gpu *g, double bytes, double kernels) {
    const double *v = c->of[CAL_ELEMENTWISE].value;
    return timing_roofline(kernels * v[ELEMENTWISE_T0_US] * 1e-6, bytes / (g->mem_bw * v[ELEMENTWISE_MEM_EFF]), 0);
}
