/* Robust fitting of a law's constants: least absolute logarithmic error, by reweighted Levenberg-Marquardt steps. */
#ifndef MOESCOPE_TESTS_FIDELITY_FITTER_H
#define MOESCOPE_TESTS_FIDELITY_FITTER_H

#include <stddef.h>

enum { FIT_CONSTANTS_MAX = 40 };

/* One constant: where the search starts and what it may become. Constants with low > 0 move on a log scale. `pull`: how
 * firmly it is held at its start, as if that many rows had measured it to a tenth (log scale) or a tenth of the range;
 * INFINITY keeps it. */
struct fit_constant {
    double start, low, high, pull;
};

/* Writes ln(predicted / measured) of every row for these constants; NAN leaves a row out. */
typedef void fit_residual_fn(const double *value, double *residual, size_t rows, void *user);

/* Fits value[n]; returns the median absolute residual. Starts from several scattered points, always the same ones. */
double fit_constants(const struct fit_constant *constant, int n, double *value, fit_residual_fn *residual, size_t rows,
                     void *user);

/* Order statistics of a sample, NANs left out; level 0-1. NAN for an empty one. */
double fit_quantile(const double *sample, size_t n, double level);
double fit_median_abs(const double *sample, size_t n);

#endif
