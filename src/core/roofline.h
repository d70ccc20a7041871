/* The roofline: what an operator reaches against what its GPU allows at that many FLOP per byte. Williams, Waterman and
 * Patterson, "Roofline: an insightful visual performance model", CACM 52(4), 2009. */
#ifndef MOESCOPE_CORE_ROOFLINE_H
#define MOESCOPE_CORE_ROOFLINE_H

#include "core/estimate.h"

struct roof {
    double peak;      /* FLOP/s, datasheet: the faster one of the two formats' paths */
    double bandwidth; /* bytes/s, datasheet */
    double ridge;     /* FLOP per byte from which the peak binds, not the memory */
};
struct roof roof_of(const struct deployment *d);

/* FLOP/s that the roof allows: min(peak, intensity * bandwidth). */
double roof_rate(const struct roof *r, double intensity);

struct roof_point {
    double intensity; /* FLOP per byte of memory traffic */
    double rate;      /* FLOP/s while the operator runs, its fixed times included */
    double seconds;   /* of the step */
};

/* False for an operator that the step does not have, or that multiplies nothing or reads no memory. */
bool roof_point_make(const struct op *op, struct roof_point *out);

#endif
