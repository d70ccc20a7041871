/* The constants of the physics: which classes there are, which constants each has, and one GPU's values.
 *
 * Constants are dimensionless wherever they can be (shares of a datasheet rate, multiples of a link's latency), so that a
 * GPU without measurements inherits those of its family, scaled by its own datasheet. Values live in
 * presets/calibration.csv, never in code. */
#ifndef MOESCOPE_CORE_CALIBRATION_H
#define MOESCOPE_CORE_CALIBRATION_H

#include <stdbool.h>

#include "core/preset.h"

/* Weight formats that are served by kernels of their own. */
enum format_class {
    FORMAT_16, FORMAT_FP8, FORMAT_FP8_BLOCK, FORMAT_FP4, FORMAT_INT8, FORMAT_W8A16, FORMAT_W4A16, FORMAT_W4A8,
    FORMAT_CLASS_COUNT
};

enum format_class format_class_of(const struct format *f);

/* Classes of operators, and of everything else that has constants. */
enum calibration_class {
    CAL_GEMM, /* + enum format_class */
    CAL_EXPERTS = CAL_GEMM + FORMAT_CLASS_COUNT, /* + enum format_class */
    CAL_DECODE_HEAD_16 = CAL_EXPERTS + FORMAT_CLASS_COUNT, CAL_DECODE_HEAD_8, CAL_DECODE_GROUP_16, CAL_DECODE_GROUP_8,
    CAL_PREFILL_16, CAL_PREFILL_8, CAL_MLA_DECODE_16, CAL_MLA_DECODE_8, CAL_MLA_PREFILL_16, CAL_MLA_PREFILL_8,
    CAL_NCCL_ALLREDUCE, CAL_NCCL_ALLGATHER, CAL_NCCL_REDUCESCATTER, CAL_NCCL_ALLTOALL, CAL_ENGINE_ALLREDUCE,
    CAL_DEEPEP_LL_DISPATCH, CAL_DEEPEP_LL_COMBINE, CAL_DEEPEP_DISPATCH, CAL_DEEPEP_COMBINE,
    CAL_ELEMENTWISE, CAL_STAGE, CAL_MEMORY, CAL_POWER, CAL_ENGINE, CAL_FIRST_TOKEN,
    CAL_POOL_STEP, CAL_POOL_FIRST,
    CAL_COUNT
};

enum { CONSTANTS_MAX = 12 };

struct constant_info {
    const char *name, *unit;
    double low, high; /* what a row may hold */
    double start;     /* where a fit starts; also a plausible value */
    const char *meaning;
};

/* What a class's rows are scoped by: a GPU and its family, a link and its family, or an engine. "*" stands for any. */
enum class_scope { SCOPE_GPU, SCOPE_LINK, SCOPE_ENGINE };

struct class_info {
    const char *id;
    enum class_scope scope;
    const char *law; /* in words and symbols, for people */
    int n;
    const struct constant_info *constant;
};

extern const struct class_info calibration_classes[CAL_COUNT];

/* The row of calibration.csv that a constant comes from. */
struct constant_source {
    char scope[ID_LEN]; /* "*", a family, or the id of a GPU; the like for links and engines */
    double clock;       /* Hz: of that GPU; for any other scope, at which times are stated */
    double residual;    /* what the fit left, median %; NAN: not named */
    double rows;        /* measurements behind it; NAN: not named */
    const char *text;   /* where they are from */
};

/* After a class's constants come the bounds of measured / predicted: rows like the others. */
enum { CONSTANT_BOUNDS = 2 };

/* Values of one class for one GPU, link or engine. */
struct class_values {
    double value[CONSTANTS_MAX];
    double lo, hi; /* p10 and p90 of measured / predicted; NAN: never compared */
    enum origin origin; /* the worst of the constants' */
    enum origin constant_origin[CONSTANTS_MAX];
    const struct constant_source *source[CONSTANTS_MAX + CONSTANT_BOUNDS]; /* the bounds' behind the last constant's */
    bool inherited; /* from relatives or from all, not from rows of this GPU, this link, or this engine on this GPU's family */
    bool foreign;   /* some from other families: from kin or from all */
};

struct calibration {
    struct class_values of[CAL_COUNT];
};

/* The SM clock, Hz, at which rows for no GPU in particular state their times. */
extern const double calibration_clock;

/* A constant of a GPU whose SMs run at `from` Hz, for one at `to`: times are counted in clock cycles (launch, the fill of a
 * pipeline, the work of an SM), all else stays. Unknown clocks (0, NAN) change nothing. On the timings of four GPUs this
 * halves what a GPU's attention and small products are off when they are predicted from the other three. */
double calibration_at_clock(enum calibration_class class, int constant, double value, double from, double to);

/* Indices of the constants of the small classes; the operators' own stand beside their laws. */
enum { ELEMENTWISE_T0_US, ELEMENTWISE_MEM_EFF };
enum { STAGE_T0_US, STAGE_EFF };
enum { MEMORY_RUNTIME_GIB, MEMORY_COLLECTIVE_GIB, MEMORY_ACTIVATION_COEF, MEMORY_CHUNK_TOKENS, MEMORY_RESERVE_SHARE };
enum {
    ENGINE_FLOOR, ENGINE_LAYER_US, ENGINE_MOE_LAYER_US, ENGINE_ALLREDUCE_US, ENGINE_ALLREDUCE_LOG_US, ENGINE_STEP_US,
    ENGINE_SEQUENCE_US, ENGINE_PREFILL, ENGINE_SKEW_SHARE, ENGINE_EXPERTS, ENGINE_EXPERTS_W4A16
};
enum { FIRST_REQUEST_MS, FIRST_PREFILL, FIRST_STEPS, FIRST_MOE_STEPS, FIRST_BURST };
enum { POOL_STEP_FACTOR, POOL_STEP_RANKS };
enum { POOL_FIRST_PREFILL, POOL_FIRST_STEPS, POOL_FIRST_BURST };
enum { POWER_IDLE_SHARE, POWER_MEMORY_SHARE, POWER_COMPUTE_SHARE };

#endif
