/* Bars and histograms out of cells. */
#ifndef MOESCOPE_TUI_BARS_H
#define MOESCOPE_TUI_BARS_H

#include "tui/canvas.h"

struct segment {
    double value;
    uint32_t glyph;
    enum role role;
    const char *name; /* for the legend */
};

/* Stacked bar of w cells for `total`; segments end where their sum does, so rounding never adds up. */
void bar_stacked(struct canvas *c, int x, int y, int w, const struct segment *seg, int n, double total);

/* Glyph and name of each segment whose value is above 0 in `any`, over at most `rows` rows. */
void bar_legend(struct canvas *c, struct rect r, const struct segment *seg, int n);

/* One magnitude, to an eighth of a cell. */
void bar_plain(struct canvas *c, int x, int y, int w, double value, double total, enum role role);

/* Heights over `top` in a rectangle, one or more columns a value, averaged where there are more values than
 * columns. `mean` draws a line at that height where there is room for one; 0 none. */
void bar_histogram(struct canvas *c, struct rect r, const double *value, int n, double top, double mean,
                   enum role role);

#endif
