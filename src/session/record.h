/* One evaluated scenario as CSV cells: the one writer behind `eval`, exports and journals. */
#ifndef MOESCOPE_SESSION_RECORD_H
#define MOESCOPE_SESSION_RECORD_H

#include <stdbool.h>
#include <stdio.h>

#include "catalog/catalog.h"
#include "core/estimate.h"
#include "core/scenario.h"

/* The names of all scenario fields, then of all estimate fields. `first`: nothing stands before them in the
 * line. */
void record_write_names(FILE *out, bool first);

/* Their values: the scenario's after defaults, the estimate's "" where unknown. */
void record_write_cells(FILE *out, const struct scenario *s, const struct deployment *d,
                        const struct estimate *e, bool first);

/* Whether a column of this name is a scenario or an estimate field. */
bool record_has_column(const char *name);

#endif
