/* Fitting one class of constants to the rows that it makes, with any rows left out. */
#ifndef MOESCOPE_TESTS_FIDELITY_FITTING_H
#define MOESCOPE_TESTS_FIDELITY_FITTING_H

#include "rows.h"

/* Calibrations of all GPUs, links and engine-GPU pairs that rows name, as shipped; a fit replaces one class in a copy. */
struct book {
    struct catalog *c;
    const struct measured *m;
    struct load_cache cache;
    const struct gpu *unmeasured; /* NULL, or a GPU whose operators and links are these instead */
    struct calibration unmeasured_gpu, unmeasured_link;
};

/* Which rows a fit may see: those of this class whose scope matches (NULL: any) and for which keep() is true. */
typedef bool keep_fn(const struct measured_row *r, void *user);

/* Where a row's class values come from: its GPU's id, its link's id, or "engine@family". buf[2*ID_LEN]. */
const char *row_scope(const struct measured_row *r, enum calibration_class class, char *buf);

/* Whether figure i of the row takes part in fits: answered, not flagged. */
bool row_counts(const struct measured_row *r, int i);

/* Fits `class` to the rows of `scope` (NULL: all, at the common clock; "vllm@*": all that begin so); *values has the starting
 * point and receives the result, its bounds and their residual (median absolute). `pull`: how firmly constants are held at
 * the start (see fitter.h). Returns the number of figures fitted to; 0 leaves *values alone. */
size_t fit_class(struct book *b, enum calibration_class class, const char *scope, double pull, keep_fn *keep, void *user,
                 struct class_values *values, double *residual);

/* One set of constants for all GPUs or links, at the common clock, from the rows that keep() leaves. False: no rows. */
bool fit_for_all(struct book *b, enum calibration_class class, keep_fn *keep, void *user, struct class_values *values,
                 double *residual, size_t *rows);

/* What the catalog would give a GPU, or its link, that nothing was measured on: constants of kin, of a link's family, else of
 * all, from the rows that keep() leaves; where no GPU has the number format, of the format whose kernels are nearest. At the
 * common clock. False when nothing speaks for it. */
bool fit_foreign(struct book *b, enum calibration_class class, const struct measured_row *like, keep_fn *keep, void *user,
                 struct class_values *values, double *residual, size_t *rows);

/* p10 and p90 of measured / predicted when every GPU but `except` (NULL: none) is predicted as if nothing were measured on it
 * and, in a test of that, on `except`. */
void foreign_bounds(struct book *b, enum calibration_class class, const char *except, struct class_values *values);

/* Distinct names, in order of appearance. */
struct names {
    const char *name[256];
    size_t n;
};
void add_name(struct names *n, const char *name);

/* Constants at the common clock, as the row's GPU has them. */
struct class_values at_clock_of(enum calibration_class class, struct class_values values, const struct measured_row *r);

/* The constants of engines: of all of them, then of each engine on any GPU, then of each on a family of GPUs, each held to
 * the one before, because few models were measured on each and the constants must hold for others. */
struct engine_fit {
    char scope[2 * ID_LEN]; /* "*", "vllm", "vllm@hopper" */
    struct class_values values;
    double residual;
    size_t rows;
};
enum { ENGINE_FITS_MAX = 32 };

/* Whether a class is that of disaggregated serving: few rows, all of one model. */
bool is_pool_class(enum calibration_class class);

/* Where the fits of a class start. */
struct class_values start_values(enum calibration_class class);

/* Fits all levels to the rows that keep() leaves; returns how many scopes were filled. */
size_t fit_engines(struct book *b, enum calibration_class class, keep_fn *keep, void *user,
                   struct engine_fit out[ENGINE_FITS_MAX]);

/* The most particular of them that speaks for a row. */
const struct engine_fit *engine_fit_of(const struct engine_fit *fits, size_t n, const struct measured_row *r);

/* The row's class values as shipped. */
struct class_values shipped_values(struct book *b, const struct measured_row *r, enum calibration_class class);

/* Seconds predicted for figure i with these values of the figure's class. */
double predict_with(struct book *b, const struct measured_row *r, int i, const struct class_values *values);

/* Metric units per second: latency_ms 1e3, dispatch_us 1e6. */
double metric_unit(const char *metric);

#endif
