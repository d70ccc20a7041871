/* Charts: a plot with its lines, marks and legend, and one or two of them in a view. */
#ifndef MOESCOPE_TUI_CHART_H
#define MOESCOPE_TUI_CHART_H

#include "tui/plot.h"

struct ui;

enum { CHART_LINES = 4, CHART_MARKS = 2, CHART_UPRIGHTS = 6, CHART_NAME = 32 };

struct chart {
    struct plot_axis x, y;
    int n_lines, n_marks, n_uprights;
    struct chart_line {
        char name[CHART_NAME]; /* for the legend */
        struct plot_pen pen;
        int n;
        const double *x, *y;
    } line[CHART_LINES];
    struct chart_mark { /* what is set now */
        double x, y;
        const char *label;
        enum plot_side side; /* of the label: both are read where the marks meet */
        enum role role;
    } mark[CHART_MARKS];
    struct chart_upright { /* where something changes */
        double x;
        char label[CHART_NAME];
        enum role role;
    } upright[CHART_UPRIGHTS];
};

/* Lines of both slots differ by letter and role, those of one by solid and dashed. */
void chart_add_line(struct chart *h, int slot, bool dashed, const char *name, int n, const double *x, const double *y);
void chart_add_mark(struct chart *h, int slot, double x, double y);
/* Puts the axes around all that was added. False if that is nothing. */
bool chart_fit(struct chart *h);

/* Without anything to plot it says `empty`, and returns false. */
bool chart_draw(struct chart *h, struct canvas *c, struct rect r, const char *empty);

/* Two charts beside or above one another where there is room for both, else the one that `form` says. */
void chart_draw_pair(struct chart pair[2], int form, struct canvas *c, struct rect r, const char *empty);
/* Whether there is room for both. */
bool chart_pair_fits(struct rect r);

#endif
