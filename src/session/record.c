#include "session/record.h"

#include <string.h>

#include "catalog/csv.h"

void record_write_names(FILE *out, bool first) {
    for (size_t i = 0; i < FIELD_COUNT; i++)
        csv_write_cell(out, scenario_fields[i].id, first && i == 0);
    for (size_t i = 0; i < ESTIMATE_FIELD_COUNT; i++)
        csv_write_cell(out, estimate_fields[i].id, false);
}

void record_write_cells(FILE *out, const struct scenario *s, const struct deployment *d,
                        const struct estimate *e, bool first) {
    char text[VALUE_LEN];
    for (size_t i = 0; i < FIELD_COUNT; i++)
        csv_write_cell(out, deployment_print(d, s, &scenario_fields[i], text), first && i == 0);
    for (size_t i = 0; i < ESTIMATE_FIELD_COUNT; i++)
        csv_write_cell(out, estimate_print(e, &estimate_fields[i], text), false);
}

bool record_has_column(const char *name) {
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (strcmp(scenario_fields[i].id, name) == 0)
            return true;
    for (size_t i = 0; i < ESTIMATE_FIELD_COUNT; i++)
        if (strcmp(estimate_fields[i].id, name) == 0)
            return true;
    return false;
}
