/* Constants measured on the machine at hand, as a last layer that can be laid, lifted and compared. */
#include <stdlib.h>
#include <string.h>

#include "catalog/calibration.h"
#include "catalog/schema.h"

enum { LAYER_MEASURED = 3 };

void catalog_put_host(struct catalog *c, const struct gpu *host) {
    size_t i = store_find(&c->gpus, host->id);
    if (i < c->gpus.count)
        memcpy((char *)c->gpus.rows + i * c->gpus.row_size, host, sizeof *host);
    else
        store_put(&c->gpus, host, LAYER_MEASURED);
    calibration_settle_gpus(c);
}

/* Rows on their way in. */
struct laying {
    struct catalog *c;
    struct constant_row *rows;
    size_t n, room;
};

static bool is_twice(const struct laying *l, const struct constant_row *row) {
    for (size_t i = 0; i < l->n; i++)
        if (l->rows[i].class == row->class && l->rows[i].constant == row->constant &&
            strcmp(l->rows[i].source.scope, row->source.scope) == 0)
            return true;
    return false;
}

static bool take_row(const struct csv_row *csv, void *user, char *err) {
    struct laying *l = user;
    struct constant_row row = {.layer = LAYER_MEASURED};
    if (!calibration_parse_row(l->c, csv, &row, err))
        return false;
    if (store_find(&l->c->gpus, row.source.scope) == l->c->gpus.count)
        return schema_refuse(csv, "scope", "the id of a GPU: a measurement is of one", err);
    if (is_twice(l, &row))
        return schema_refuse(csv, "constant", "each constant once per scope and class in a file", err);
    if (l->n == l->room) {
        l->room = l->room ? 2 * l->room : 64;
        l->rows = store_resize(l->rows, l->room, sizeof *l->rows);
    }
    l->rows[l->n++] = row;
    return true;
}

bool catalog_lay_measured(struct catalog *c, FILE *in, const char *name, char *err) {
    struct laying l = {.c = c};
    if (!csv_read(in, name, NULL, take_row, &l, err)) {
        free(l.rows);
        return false;
    }
    free(c->measured);
    c->measured = l.rows;
    c->n_measured = l.n;
    catalog_use_measured(c, true);
    return true;
}

void catalog_use_measured(struct catalog *c, bool use) {
    c->use_measured = use;
    calibration_settle_gpus(c);
}

bool catalog_has_measured(const struct catalog *c) {
    return c->n_measured > 0;
}

int catalog_measured_classes(const struct catalog *c, const struct gpu *gpu) {
    bool seen[CAL_COUNT] = {false};
    int n = 0;
    for (size_t i = 0; c->use_measured && i < c->n_measured; i++)
        if (strcmp(c->measured[i].source.scope, gpu->id) == 0 && !seen[c->measured[i].class]) {
            seen[c->measured[i].class] = true;
            n++;
        }
    return n;
}
