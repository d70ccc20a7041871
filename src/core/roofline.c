#include "core/roofline.h"

#include <math.h>

struct roof roof_of(const struct deployment *d) {
    double dense = timing_rate(d->gpu, d->weights->path, NULL),
           experts = timing_rate(d->gpu, d->weights_experts->path, NULL);
    double peak = d->model->n_experts > 0 ? fmax(dense, experts) : dense;
    return (struct roof){peak, d->gpu->mem_bw, peak / d->gpu->mem_bw};
}

double roof_rate(const struct roof *r, double intensity) {
    return fmin(r->peak, intensity * r->bandwidth);
}

bool roof_point_make(const struct op *op, struct roof_point *out) {
    if (!(op->calls > 0 && op->flop > 0 && op->bytes > 0 && op->seconds > 0))
        return false;
    *out = (struct roof_point){op->flop / op->bytes, op->flop / op->seconds, op->calls * op->seconds};
    return true;
}
