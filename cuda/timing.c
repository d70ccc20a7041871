#include "cuda/timing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cuda/stop.h"

static int timing_compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double timing_quantile(double *values, int n, double q) {
    qsort(values, (size_t)n, sizeof *values, timing_compare);
    double at = q * (n - 1);
    int below = (int)floor(at), above = below + 1 < n ? below + 1 : below;
    return values[below] + (at - below) * (values[above] - values[below]);
}

struct series {
    timing_work *work;
    void *context;
    uint64_t call;
};

static bool timing_sample(struct series *s, uint64_t repeat, double *seconds) {
    double start = stop_clock();
    for (uint64_t i = 0; i < repeat; i++)
        if (!s->work(s->context, s->call++) || stop_now())
            return false;
    *seconds = (stop_clock() - start) / (double)repeat;
    return true;
}

/* How many calls make a sample. The first call pays for page faults and cold code, so short calls are tried
 * again. */
static bool timing_calibrate(struct series *s, double sample_s, uint64_t *repeat) {
    double once;
    if (!timing_sample(s, 1, &once))
        return false;
    for (*repeat = 1; once * (double)*repeat < sample_s && *repeat < 1000000;) {
        double more = ceil(1.1 * sample_s / fmax(once, 1e-8));
        *repeat = (uint64_t)fmin(fmin(more, (double)*repeat * 16), 1000000);
        if (!timing_sample(s, *repeat, &once))
            return false;
    }
    return true;
}

static bool timing_run(struct series *s, uint64_t repeat, int samples, double until, double *values, int *n) {
    for (*n = 0; *n < samples && (*n == 0 || stop_clock() < until); ++*n)
        if (!timing_sample(s, repeat, &values[*n]))
            return false;
    return true;
}

bool timing_measure(const struct timing_plan *plan, timing_work *work, void *context, struct timing *out) {
    struct series s = {.work = work, .context = context};
    double values[TIMING_SAMPLES_MAX], run[2][TIMING_SAMPLES_MAX / 2], start = stop_clock(), median[2];
    int samples = plan->samples < TIMING_SAMPLES_MAX / 2 ? plan->samples : TIMING_SAMPLES_MAX / 2, n[2];
    uint64_t repeat;
    if (!timing_calibrate(&s, plan->sample_s, &repeat))
        return false;
    for (int r = 0; r < 2; r++) {
        double now = stop_clock(), end = start + plan->budget_s;
        if (!timing_run(&s, repeat, samples, now + (end - now) / (2 - r), run[r], &n[r]))
            return false;
        memcpy(values + (r ? n[0] : 0), run[r], (size_t)n[r] * sizeof **run);
        median[r] = timing_quantile(run[r], n[r], 0.5);
    }
    out->n = n[0] + n[1];
    out->median = timing_quantile(values, out->n, 0.5);
    out->p10 = timing_quantile(values, out->n, 0.1);
    out->p90 = timing_quantile(values, out->n, 0.9);
    out->best = values[0];
    out->spread = fmin(1, fabs(median[0] - median[1]) / out->median);
    return true;
}
