/* What this program says where an article has a figure that no estimate field is: sums over an estimate's operators, and
 * figures of the hardware. */
#ifndef MOESCOPE_CORE_ARTICLE_FIGURE_H
#define MOESCOPE_CORE_ARTICLE_FIGURE_H

#include "core/estimate.h"

struct article_figure {
    const char *id;
    const char *unit;
    const char *help;
    double (*value)(const struct deployment *d, const struct estimate *e); /* NAN: unknown, or the deployment is impossible */
};

extern const struct article_figure article_figures[]; /* up to one without an id */

/* The figure with this id, or NULL. */
const struct article_figure *article_figure_find(const char *id);

#endif
