/* Rows of figures, A beside B: values on one decimal point, unit once, the better one marked by a sign and a
 * colour. */
#ifndef MOESCOPE_TUI_FIGURES_H
#define MOESCOPE_TUI_FIGURES_H

#include "core/scenario.h"
#include "tui/digits.h"
#include "tui/view.h"

struct figure {
    enum estimate_field_id id;
    const char *label,
        *unit; /* short words for narrow panes; wide ones take those of estimate_fields. No unit: NULL */
    enum digits_kind kind;
    bool plain;       /* a part of another figure: the better one is not marked */
    const char *wide; /* long label in place of the table's, or NULL */
    int rank;         /* where rows are short, those of the highest rank go first, from the last one up */
    bool interval;    /* the row shows what the figure may be, not what it is */
    enum field_id use; /* a feature's row: shown, before all others, where this field is not at its default; 0 none */
    double above;      /* or where the figure is above this; 0 none */
};

/* Columns of a table that is w cells wide. */
struct columns {
    int label;         /* cells of the label */
    int x[SLOT_COUNT]; /* first cell of a value */
    int whole, cell;   /* cells before the decimal point; of a value with its mark */
    int before;        /* cells for the value before the last key, left of the value; 0 none */
    int apart;         /* first cell of B against A; 0 none */
};

struct columns figures_columns(int w);
bool figures_wide(int w); /* room for long labels and for before -> after */

/* Draws one row, or of n rows those that say something, as many as there is room for in the order of their
 * ranks; returns how many rows it took. */
int figures_rows(const struct view *v, const struct figure *rows, int n, int w); /* with room for all */
void figures_row(const struct view *v, struct canvas *c, int x, int y, int w, const struct figure *f);
int figures_draw(const struct view *v, struct canvas *c, struct rect r, const struct figure *rows, int n);

/* Heads of the two columns, A and B. */
void figures_head(const struct view *v, struct canvas *c, int x, int y, int w);

/* B against A: "+12 %", "×2.31" from twice or half on, "" where one is unknown or none or they are alike; buf[APART_LEN].
 * Returns buf. */
enum { APART_LEN = 24 };
const char *figures_apart(const struct estimate *a, const struct estimate *b, enum estimate_field_id id, char *buf);

/* "does not fit: 91.2 of 85.5 GB", with the name of the pool where pools are apart; buf[SHORT_LEN]. Returns buf. */
enum { SHORT_LEN = 96 };
const char *figures_short_of(const struct estimate *e, char *buf);

/* The figure of a slot, NAN where an infeasible scenario has none. */
double figures_value(const struct estimate *e, enum estimate_field_id id);

/* 0 or 1 for the better slot on a figure, -1 when they are equal within 0.5 % or one is unknown. */
int figures_better(const struct estimate *a, const struct estimate *b, enum estimate_field_id id);

/* p10 and p90 of what would be measured. Figures that have none of their own take the relative width of the
 * headline figure that they follow. False where none is known. */
bool figures_interval(const struct estimate *e, enum estimate_field_id id, double *lo, double *hi);

/* Whether the better of the two is better beyond doubt: the intervals do not overlap. A figure that has none
 * counts as exact. */
bool figures_certain(const struct estimate *a, const struct estimate *b, enum estimate_field_id id);

#endif
