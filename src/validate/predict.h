/* What the model says about a sample: the laws of core, called with the shape that was measured. */
#ifndef MOESCOPE_VALIDATE_PREDICT_H
#define MOESCOPE_VALIDATE_PREDICT_H

#include "catalog/catalog.h"
#include "core/timing.h"
#include "validate/measurement.h"

/* What the laws are asked about. */
struct machine_model {
    struct gpu gpu;                 /* the scenario's, or `host` */
    struct calibration calibration; /* its constants */
    const struct catalog *catalog;  /* for the formats */
    bool host;
};

/* A CPU as the laws of GPUs see it: cores are its multiprocessors, the datasheet is what was measured: the best read for the
 * bandwidth, the best product for the rate. Unknown until both are; then predictions are too. */
void predict_host(const struct measurement *m, struct gpu *out);

/* Seconds by the law of the sample's operator; NAN where there is none, or where an input is unknown. */
double predict_seconds(const struct machine_model *model, const struct sample *s);

/* The class whose constants that law takes; CAL_COUNT where there is no law. */
enum calibration_class predict_class(const struct machine_model *model, const struct sample *s);

#endif
