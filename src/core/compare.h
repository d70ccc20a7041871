/* Two estimates against each other, figure by figure: which is better, and whether that is beyond doubt. */
#ifndef MOESCOPE_CORE_COMPARE_H
#define MOESCOPE_CORE_COMPARE_H

#include "core/estimate.h"

/* The figure, NAN where an infeasible scenario has none. */
double compare_value(const struct estimate *e, enum estimate_field_id id);

/* 0 or 1 for the better of the two on a figure, -1 when they are equal within 0.5 % or one is unknown. */
int compare_better(const struct estimate *a, const struct estimate *b, enum estimate_field_id id);

/* p10 and p90 of what would be measured. Figures that have none of their own take the relative width of the headline
 * figure that they follow. False where none is known. */
bool compare_interval(const struct estimate *e, enum estimate_field_id id, double *lo, double *hi);

/* What an interval says about other figures: they follow the headline figure in proportion, or inversely. The fields of an
 * interval stand in the order low, high, origin. */
struct follower {
    enum estimate_field_id id, headline, low;
    bool inverse;
};

/* NULL: no interval is known for the figure. */
const struct follower *compare_follower(enum estimate_field_id id);

/* Where the interval of a figure comes from; ORIGIN_ASSUMED for figures that have none. */
enum origin compare_origin(const struct estimate *e, enum estimate_field_id id);

/* Whether the better of the two is better beyond doubt: the intervals do not overlap. A figure that has none counts as
 * exact. */
bool compare_certain(const struct estimate *a, const struct estimate *b, enum estimate_field_id id);

#endif
