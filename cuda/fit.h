/* The law t = t0 + amount/rate through measured points. */
#ifndef MOESCOPE_CUDA_FIT_H
#define MOESCOPE_CUDA_FIT_H

#include <stdbool.h>

enum { FIT_POINTS_MAX = 256, FIT_POINTS_MIN = 6 };

struct fit_point {
    double amount, seconds; /* bytes or FLOP; both > 0 */
};

struct fit {
    double t0, rate;                /* seconds (>= 0); bytes/s or FLOP/s */
    double error_median, error_p90; /* relative, of the held-out points */
    int points, held_out;
    bool accepted; /* held-out error <= 10 % median and <= 25 % at the 90th percentile */
};

/* Least squares of the relative error (weights 1/t^2): the points span orders of magnitude. Every third
 * point, by amount, is held out and judges; t0 < 0 is taken as 0. False: fewer than FIT_POINTS_MIN points, or
 * time that does not grow with the amount. Sorts the points. */
bool fit_line(struct fit_point *points, int n, struct fit *out);

#endif
