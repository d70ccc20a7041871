/* Rows of scenarios: the one reader of presets, `eval --scenarios` and session files. */
#ifndef MOESCOPE_CATALOG_SCENARIO_ROW_H
#define MOESCOPE_CATALOG_SCENARIO_ROW_H

#include "catalog/catalog.h"
#include "catalog/csv.h"

/* Fills *s from the scenario columns of a CSV row ("" = default, other columns ignored). On failure err names
 * file, line, column, what was found and what is allowed. */
bool scenario_from_row(const struct csv_row *row, struct scenario *s, char *err);

/* The same on top of what *s holds: an empty cell, and a missing column, leave it as it is. */
bool scenario_overlay_row(const struct csv_row *row, struct scenario *s, char *err);

/* scenario_from_row, then catalog_resolve, both with the place in err. */
bool scenario_resolve_row(const struct csv_row *row, struct catalog *c, struct scenario *s,
                          struct deployment *d, char *err);

#endif
