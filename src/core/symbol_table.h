/* The names of formulas, and the formulas: which hold in which cases. Looked up in symbols.c. */
#ifndef MOESCOPE_CORE_SYMBOL_TABLE_H
#define MOESCOPE_CORE_SYMBOL_TABLE_H

#include "core/estimate.h"

typedef bool case_fn(const struct deployment *d, const struct estimate *e);

/* A formula that holds in some cases; the first whose case it is. */
struct variant {
    case_fn *when; /* NULL: in all others */
    const char *formula;
};

enum { VARIANTS = 5 };

/* What a value's offset is in. */
enum base { BASE_NONE, BASE_ESTIMATE, BASE_MODEL, BASE_GPU, BASE_WEIGHTS, BASE_EXPERTS, BASE_KV, BASE_LINK, BASE_DEPLOYMENT };

struct symbol_row {
    const char *name, *unit, *meaning;
    enum base base;
    bool integer;
    size_t offset;
    double scale; /* to the unit */
    double (*get)(const struct deployment *d, const struct estimate *e); /* in place of an offset */
    struct variant variant[VARIANTS];
};

extern const struct symbol_row symbol_table[];
extern const size_t symbol_table_rows;

/* Formulas of the estimate fields. None: words. */
extern const struct variant symbol_figures[ESTIMATE_FIELD_COUNT][VARIANTS];

#endif
