/* How long something takes: calls grouped so that a sample outlasts the clock and the scheduler, medians,
 * everything twice. */
#ifndef MOESCOPE_CUDA_TIMING_H
#define MOESCOPE_CUDA_TIMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TIMING_SAMPLES_MAX = 128 };

struct timing_plan {
    double sample_s; /* a sample lasts at least this, by repeating the call */
    int samples;     /* of each of the two runs, <= TIMING_SAMPLES_MAX / 2 */
    double budget_s; /* for both; fewer samples rather than more time, but never fewer than one a run */
};

struct timing {
    double median, p10, p90, best; /* seconds of one call */
    double spread;                 /* |median of run 1 - median of run 2| over the median of both */
    int n;
};

/* One call of what is timed; `call` counts up, for rotating through buffers. False: stopped, the time means
 * nothing. */
typedef bool timing_work(void *context, uint64_t call);

/* Warms up with one call (two where they are short), then times. False: stopped. */
bool timing_measure(const struct timing_plan *plan, timing_work *work, void *context, struct timing *out);

/* Of n > 0 values, sorted in place: the quantile q, linear between neighbours. */
double timing_quantile(double *values, int n, double q);

#endif
