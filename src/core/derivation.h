/* How a figure came about: its formula with the numbers filled in, the operators, constants and facts that it rests on,
 * with their origins. Made from the estimate itself: what it was made with is shown, and the formulas that are shown are
 * worked out from their text (formula.h), so that a working that leaves something out does not arrive at the figure. */
#ifndef MOESCOPE_CORE_DERIVATION_H
#define MOESCOPE_CORE_DERIVATION_H

#include "core/estimate.h"

enum derivation_kind {
    DERIVED_HEADING,
    DERIVED_TERM,     /* name = formula = filled = value */
    DERIVED_ROW,      /* an operator of a step */
    DERIVED_SUM,      /* of the rows before it */
    DERIVED_CONSTANT, /* of a calibration row */
    DERIVED_CLASS,    /* the constants of a class of operators, `filled` */
    DERIVED_FACT,     /* a preset's */
    DERIVED_INPUT,    /* a scenario field's */
    DERIVED_LAW,      /* what a law gave that no formula of a line tells */
    DERIVED_FIGURE,   /* another figure, with a working of its own */
    DERIVED_SOURCE,   /* where a preset's facts are from, `filled` */
    DERIVED_WORDS,    /* `filled` */
    DERIVED_RESULT    /* the figure; always the last line */
};

enum { DERIVATION_TEXT = 560, DERIVATION_MAX = 256 };

struct derivation_line {
    enum derivation_kind kind;
    char name[40];
    const char *meaning; /* in words, or NULL */
    const char *formula; /* in names, or NULL */
    char filled[DERIVATION_TEXT]; /* the formula in numbers, or other text; "" */
    double value;        /* NAN: unknown, or no number */
    double held;         /* what the estimate was made with, where it holds it; else NAN. Equals `value` */
    const char *unit;    /* or NULL */
    char word[40];       /* in place of the value: "memory", "yes", "-" for the unknown; "" for numbers */
    bool has_origin;
    enum origin origin;
    const struct constant_source *row; /* of a constant, or NULL */
};

/* Fills line[DERIVATION_MAX] with the working of a figure; returns how many lines. The last one is the figure: as in the
 * estimate, or unknown, and then the line before it says why. */
int derivation_make(const struct deployment *d, const struct estimate *e, enum estimate_field_id id,
                    struct derivation_line *line);

/* A line as text `width` cells wide (40 to DERIVATION_ROW - 1), broken between words, value and unit on the right.
 * Returns the rows, at most DERIVATION_ROWS. */
enum { DERIVATION_ROW = 256, DERIVATION_ROWS = 16 };
int derivation_print(const struct derivation_line *line, int width, char row[DERIVATION_ROWS][DERIVATION_ROW]);

#endif
