#include "catalog/scenario_row.h"

#include <stdio.h>
#include <string.h>

/* The cell of a field's column. Columns mostly come in the order of the table: *next is where to look first.
 */
static const char *find_cell(const struct csv_row *row, const char *id, size_t *next) {
    for (size_t i = 0; i < row->n_columns; i++) {
        const size_t at = (*next + i) % row->n_columns;
        if (strcmp(row->name[at], id) == 0) {
            *next = at + 1;
            return row->cell[at];
        }
    }
    return "";
}

static bool place_error(const struct csv_row *row, const char *what, char *err) {
    snprintf(err, ERROR_LEN, "%.150s:%ld: column %.330s", row->file, row->line, what);
    return false;
}

bool scenario_from_row(const struct csv_row *row, struct scenario *s, char *err) {
    scenario_init(s);
    return scenario_overlay_row(row, s, err);
}

bool scenario_overlay_row(const struct csv_row *row, struct scenario *s, char *err) {
    char what[ERROR_LEN];
    size_t next = 0;

    for (int i = 0; i < FIELD_COUNT; i++) {
        const struct field *f = &scenario_fields[i];
        const char *cell = find_cell(row, f->id, &next);
        if (*cell && !scenario_parse(s, f, cell, what))
            return place_error(row, what, err);
    }
    return true;
}

bool scenario_resolve_row(const struct csv_row *row, struct catalog *c, struct scenario *s,
                          struct deployment *d, char *err) {
    char what[ERROR_LEN];

    if (!scenario_from_row(row, s, err))
        return false;
    return catalog_resolve(c, s, d, what, NULL) || place_error(row, what, err);
}
