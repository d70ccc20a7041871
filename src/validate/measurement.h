/* What a validation run has said so far: bounded, whatever the helper sends. SI units; NAN is unknown. */
#ifndef MOESCOPE_VALIDATE_MEASUREMENT_H
#define MOESCOPE_VALIDATE_MEASUREMENT_H

#include <stdbool.h>

#include "core/preset.h"
#include "validate/record.h"

enum {
    MEASURE_SAMPLES = 1024, MEASURE_CHECKS = 1024, MEASURE_RESULTS = 128, MEASURE_FITS = 32, MEASURE_REMARKS = 64,
    MEASURE_TEXT = 96, MEASURE_LONG = 200
};

/* The numbers of a sample's shape: X(enumerator, key). */
#define MEASURE_SHAPES(X)                                                                                                      \
    X(M, "m") X(N, "n") X(K, "k") X(BATCH, "batch") X(EXPERTS, "experts") X(TOP_K, "top_k") X(HIDDEN, "hidden")                 \
    X(INTER, "inter") X(DISTINCT, "distinct") X(ASSIGNMENTS, "assignments") X(EXPONENT, "exponent") X(HEADS, "heads")           \
    X(KV_HEADS, "kv_heads") X(HEAD_DIM, "head_dim") X(CONTEXT, "context") X(RANKS, "ranks") X(BYTES, "bytes") X(FLOP, "flop")   \
    X(SCALED, "scaled")
#define MEASURE_ENUM(name, key) SHAPE_##name,
enum sample_shape { MEASURE_SHAPES(MEASURE_ENUM) SHAPE_COUNT };
#undef MEASURE_ENUM

struct sample {
    enum protocol_experiment exp;
    enum protocol_op op;     /* PROTOCOL_OP_COUNT: one that this program does not know */
    enum protocol_skew skew; /* PROTOCOL_SKEW_COUNT: none */
    char name[MEASURE_TEXT], format[ID_LEN];
    double seconds, p10, p90, best, runs, spread; /* median; of the second run, 0-1 */
    double shape[SHAPE_COUNT];
    double predicted; /* seconds, by the model's law; NAN: it has none, or not all of its inputs are known */
};

struct check {
    enum protocol_experiment exp;
    char name[MEASURE_TEXT], metric[16];
    double value, limit;
    bool ok;
};

struct result {
    enum protocol_experiment exp;
    char name[MEASURE_TEXT], unit[16];
    double value;
};

/* The helper's own line t0 + amount/rate. */
struct fit_line {
    enum protocol_experiment exp;
    enum protocol_class class; /* PROTOCOL_CLASS_COUNT: unknown */
    double t0, rate, points, held_out, error_median, error_p90;
    bool accepted;
};

/* A warning, a skipped experiment, an error. */
struct remark {
    enum record_kind kind;
    enum protocol_experiment exp; /* PROTOCOL_EXP_NONE: of the whole run */
    char code[24], text[MEASURE_LONG];
};

enum experiment_state { EXPERIMENT_ABSENT, EXPERIMENT_PLANNED, EXPERIMENT_RUNNING, EXPERIMENT_DONE, EXPERIMENT_SKIPPED };

struct experiment {
    enum experiment_state state;
    char title[MEASURE_TEXT];
    double done, total; /* cases; NAN unknown */
    int samples, checks, failed;
};

struct measurement {
    bool greeted, ended, cuda;
    char helper[MEASURE_TEXT], driver[MEASURE_TEXT], level[16];
    double budget_s;
    /* env */
    bool has_env, gpu, vm;
    char device[MEASURE_TEXT], uuid[MEASURE_TEXT];
    double mem_bytes, mem_bw, cores, llc_bytes, sms, clock, rate_bf16;
    /* the last telemetry */
    double now_clock, power, temperature, load;
    bool throttled;
    /* end */
    char status[16];
    double code;

    struct experiment experiment[PROTOCOL_EXP_COUNT];
    enum protocol_experiment running;
    int n_samples, n_checks, n_results, n_fits, n_remarks;
    int dropped; /* records beyond the bounds */
    struct sample sample[MEASURE_SAMPLES];
    struct check check[MEASURE_CHECKS];
    struct result result[MEASURE_RESULTS];
    struct fit_line fit[MEASURE_FITS];
    struct remark remark[MEASURE_REMARKS];
};

void measurement_clear(struct measurement *m);

/* Takes a record. False with err[ERROR_LEN] when it breaks the protocol: no hello first, a newer protocol, a number that is
 * none, a time that is not above 0, something after the end. Then nothing of it is kept. */
bool measurement_take(struct measurement *m, const struct record *r, char *err);

/* The words of the protocol. */
extern const char *const experiment_ids[PROTOCOL_EXP_COUNT];
extern const char *const shape_keys[SHAPE_COUNT];

/* A result by its name, NAN when it never came. */
double measurement_result(const struct measurement *m, const char *name);

/* Whether a check of the experiment failed: then no constant is taken from it. */
bool measurement_failed(const struct measurement *m, enum protocol_experiment exp);

#endif
