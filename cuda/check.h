/* Whether a result is right, against double precision from the stored (rounded) inputs. */
#ifndef MOESCOPE_CUDA_CHECK_H
#define MOESCOPE_CUDA_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Limits of relF for fp32 outputs. */
#define CHECK_LIMIT_FP32 1e-5

/* ||out - ref|| / ||ref||, built up value by value. Infinite once a value is NaN or Inf. */
struct check_norm {
    double error, size;
    bool poisoned;
};
void check_norm_add(struct check_norm *c, double out, double ref);
double check_norm_value(const struct check_norm *c);

double check_relf(const float *out, const double *ref, size_t n);

/* Dot products in double. */
double check_dot_bf16(const uint16_t *w, const float *x, size_t k);
double check_dot_double(const uint16_t *w, const double *x, size_t k);

/* Freivalds: whether y (m x n, rows `ldy` apart) is x (m x k) times the transpose of w (n x k): both times a
 * random vector of
 * +-1, O(nk + mk + mn), so that every element takes part. Returns relF of the two vectors of m; at m = 1 the
 * two are numbers and nothing cancels in ||ref||, so the scale is |y| |v| there. NAN: no memory, or stopped.
 */
double check_freivalds(const float *x, const uint16_t *w, const float *y, size_t ldy, size_t m, size_t n,
                       size_t k, uint64_t seed);

/* An output of n floats between two guard bands, filled with poison before the run. After it every value must
 * be finite and none poison, and the bands untouched. */
enum { CHECK_BAND = 64 }; /* floats on either side */
struct check_output {
    float *values; /* n of them, on a 64-byte boundary */
    size_t n;
    float *block;
};
bool check_output_open(struct check_output *o, size_t n);
void check_output_close(struct check_output *o);
void check_output_poison(struct check_output *o);
size_t check_output_bad(const struct check_output *o,
                        size_t used); /* NaN, Inf, poison left in the first `used`, touched bands */

#endif
