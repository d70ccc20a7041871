/* The names that formulas are written in: what each means, where its value lies, and its own formula. */
#ifndef MOESCOPE_CORE_SYMBOLS_H
#define MOESCOPE_CORE_SYMBOLS_H

#include "core/estimate.h"

enum symbol_kind {
    SYMBOL_INPUT,    /* a scenario field */
    SYMBOL_FACT,     /* a preset's */
    SYMBOL_CONSTANT, /* a calibration row's */
    SYMBOL_LAW,      /* what a law gave that no formula of one line tells */
    SYMBOL_TERM,     /* has a formula */
    SYMBOL_ROWS,     /* a sum over the operators of a step */
    SYMBOL_FIGURE    /* an estimate field */
};

/* Sums over the operators of a step. */
enum symbol_rows { ROWS_DECODE, ROWS_PREFILL, ROWS_MIXED, ROWS_PLAIN, ROWS_BARE, ROWS_PEAK, ROWS_BYTES, ROWS_COUNT };

/* A name, found. Texts are constant or the catalog's. */
struct symbol {
    enum symbol_kind kind;
    const char *name, *unit, *meaning;
    const char *formula;  /* NULL: none */
    double value;         /* what the estimate was made with; NAN: unknown, or only the formula tells */
    int field;            /* SYMBOL_FIGURE: enum estimate_field_id */
    enum symbol_rows rows;
    bool has_origin;
    enum origin origin;
    const char *preset, *source; /* SYMBOL_FACT: the row's id and source */
    const struct constant_source *row; /* SYMBOL_CONSTANT; NULL: no row */
};

/* False when there is no such name. */
bool symbol_find(const struct deployment *d, const struct estimate *e, const char *name, struct symbol *out);

/* Its value: the estimate's own, else its formula's. */
double symbol_value(const struct deployment *d, const struct estimate *e, const struct symbol *s);

/* The formula of an estimate field as it holds here; NULL: it has none. */
const char *symbol_figure_formula(const struct deployment *d, const struct estimate *e, enum estimate_field_id id);

/* One operator's share of a sum, in the sum's unit. */
double symbol_row_value(const struct deployment *d, const struct estimate *e, enum symbol_rows rows, enum op_kind kind);
const struct step *symbol_row_step(const struct estimate *e, enum symbol_rows rows);

/* The values of a class of constants that an operator rests on; `code` as in struct op. */
const struct class_values *symbol_class(const struct deployment *d, int code);

#endif
