/* Plots in a rectangle of the canvas: axes with ticks at 1, 2 and 5, lines that are cut at the edges, marks. Lines are made
 * of dots, two by four to a cell (glyph.h); where the output shows ASCII only, of their letter. */
#ifndef MOESCOPE_TUI_PLOT_H
#define MOESCOPE_TUI_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/canvas.h"

struct plot_axis {
    double low, high; /* low > high: nothing known yet */
    bool log;
    const char *title; /* with the unit */
};

/* An axis that nothing is known of, to be stretched by plot_include. */
struct plot_axis plot_axis_new(const char *title, bool log);
/* Stretches the axis to hold the value; NAN, infinities, and on a logarithmic axis what is not above 0, are passed over. */
void plot_include(struct plot_axis *a, double value);
/* Out to the next 1, 2 or 5 on both sides; an axis of one value gets room around it. False if nothing was included. */
bool plot_round(struct plot_axis *a);

enum { PLOT_TICKS_MAX = 32 };
/* At most `most` values inside the axis, rising: multiples of 1, 2 or 5 times a power of ten; on a logarithmic axis 1, 2, 5
 * of each decade, or whole decades. Returns how many. */
int plot_ticks(const struct plot_axis *a, int most, double out[PLOT_TICKS_MAX]);

/* "500", "2k", "1.5M", "0.05"; buf[PLOT_LABEL_LEN]. Returns buf. */
enum { PLOT_LABEL_LEN = 16 };
const char *plot_label(double value, char *buf);

struct plot {
    struct canvas *canvas;
    struct rect in; /* the cells between the axes */
    struct plot_axis x, y;
};

enum { PLOT_MIN_W = 24, PLOT_MIN_H = 6 };

/* Draws both axes inside r, whose first row has the title of y and is free from there on; returns the cells used of it, 0
 * where there is no room for a plot. Both axes must have been rounded, or hold a range. */
int plot_open(struct plot *p, struct canvas *c, struct rect r, struct plot_axis x, struct plot_axis y);

struct plot_pen {
    char letter; /* what the line is made of in ASCII */
    enum role role;
    bool dashed;
};

/* A line through n points; NAN makes a gap, a point between two gaps is a dot. */
void plot_line(struct plot *p, struct plot_pen pen, int n, const double *x, const double *y);

/* The cell of a point; false where it lies outside or is not known. */
bool plot_place(const struct plot *p, double x, double y, int *column, int *row);

enum plot_side { PLOT_RIGHT, PLOT_LEFT };

/* A glyph at the point, with a label on that side of it, or on the other where there is no room; nothing if it lies outside.
 * No label: NULL. */
void plot_mark(struct plot *p, double x, double y, uint32_t glyph, const char *label, enum plot_side side, enum role role);

/* An upright line at x, with a label at its top. */
void plot_upright(struct plot *p, double x, const char *label, enum role role);

#endif
