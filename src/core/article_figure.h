/* What this program says where an article has a figure that no estimate field is: sums over an estimate's operators,
 * and figures of the hardware. */
#ifndef MOESCOPE_CORE_ARTICLE_FIGURE_H
#define MOESCOPE_CORE_ARTICLE_FIGURE_H

#include "core/estimate.h"

struct article_figure {
    const char *id;
    const char *unit;
    const char *help;
    double (*value)(const struct deployment *d,
                    const struct estimate *e); /* NAN: unknown, or the deployment is impossible */
    bool uncertain;                            /* it has the relative interval of ... */
    enum estimate_field_id follows;            /* ... this field, or of its inverse */
    bool inverse;
};

extern const struct article_figure article_figures[]; /* up to one without an id */

/* p10 and p90 of the figure, `value` being what it is. False where it is counted, not timed, or nothing is known. */
bool article_figure_interval(const struct article_figure *f, const struct estimate *e, double value, double *lo,
                             double *hi);

/* The figure with this id, or NULL. */
const struct article_figure *article_figure_find(const char *id);

#endif
