#include "catalog/routing_file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalog/csv.h"
#include "catalog/number.h"
#include "catalog/schema.h"
#include "catalog/store.h"

enum { LAYERS_MAX = 1000, LAYER_ALONE = -1 };

/* A layer's histogram as it comes in. */
struct layer {
    int id; /* LAYER_ALONE: the file has no such column */
    long line;
    double count[EXPERTS_MAX]; /* NAN: not seen yet */
};

struct reading {
    int n_experts;
    struct layer *layers;
    size_t n_layers, room;
    size_t current; /* the layer of the row before: files are mostly sorted */
};

static bool has_column(const struct csv_row *header, const char *name) {
    for (size_t i = 0; i < header->n_columns; i++)
        if (strcmp(header->name[i], name) == 0)
            return true;
    return false;
}

static bool check_header(const struct csv_row *header, void *user, char *err) {
    static const char allowed[] = "a header with the columns expert and count, or layer, expert and count";
    (void)user;
    if (!has_column(header, "expert"))
        return schema_refuse(header, "expert", allowed, err);
    return has_column(header, "count") || schema_refuse(header, "count", allowed, err);
}

/* A whole number from 0 to `most`. */
static bool read_index(const struct csv_row *row, const char *field, int most, int *index, char *err) {
    char allowed[64];
    double value;

    if (number_read(csv_cell(row, field), &value) && value == floor(value) && value >= 0 && value <= most) {
        *index = (int)value;
        return true;
    }
    snprintf(allowed, sizeof allowed, "%s0 to %d, whole number",
             strcmp(field, "expert") == 0 ? "the model's experts, " : "", most);
    return schema_refuse(row, field, allowed, err);
}

static struct layer *add_layer(struct reading *r, int id, long line) {
    if (r->n_layers == r->room) {
        r->room = r->room ? 2 * r->room : 1;
        r->layers = store_resize(r->layers, r->room, sizeof *r->layers);
    }
    struct layer *new = &r->layers[r->current = r->n_layers++];
    new->id = id;
    new->line = line;
    for (int e = 0; e < r->n_experts; e++)
        new->count[e] = NAN;
    return new;
}

static struct layer *find_layer(struct reading *r, int id, long line) {
    if (r->n_layers > 0 && r->layers[r->current].id == id)
        return &r->layers[r->current];
    for (size_t i = 0; i < r->n_layers; i++)
        if (r->layers[i].id == id)
            return &r->layers[r->current = i];
    return add_layer(r, id, line);
}

static bool take_row(const struct csv_row *row, void *user, char *err) {
    struct reading *r = user;
    int id = LAYER_ALONE, expert;
    double count;

    if (csv_cell(row, "layer") && !read_index(row, "layer", LAYERS_MAX - 1, &id, err))
        return false;
    if (!read_index(row, "expert", r->n_experts - 1, &expert, err))
        return false;
    if (!number_read(csv_cell(row, "count"), &count) || count < 0)
        return schema_refuse(row, "count", "a number, 0 or more", err);
    struct layer *layer = find_layer(r, id, row->line);
    if (!isnan(layer->count[expert]))
        return schema_refuse(row, "expert", id == LAYER_ALONE ? "each expert once" : "each expert once in a layer",
                             err);
    layer->count[expert] = count;
    return true;
}

/* err = "file:line: field 'x': layer 3: ...", of what is wrong with a layer as a whole. Returns false. */
static bool refuse_layer(const char *path, const struct layer *l, const char *field, const char *what, char *err) {
    char name[32] = "";
    if (l->id != LAYER_ALONE)
        snprintf(name, sizeof name, "layer %d: ", l->id);
    snprintf(err, ERROR_LEN, "%.200s:%ld: field '%s': %s%s", path, l->line, field, name, what);
    return false;
}

static bool check_complete(const char *path, const struct layer *l, int n, char *err) {
    char what[128];
    int have = 0, missing = -1;

    for (int e = n - 1; e >= 0; e--) {
        have += !isnan(l->count[e]);
        missing = isnan(l->count[e]) ? e : missing;
    }
    if (missing < 0)
        return true;
    snprintf(what, sizeof what, "%d of the model's %d experts, %d is missing; allowed: all of 0 to %d", have, n,
             missing, n - 1);
    return refuse_layer(path, l, "expert", what, err);
}

/* A token goes to top_k experts, so not fewer can have been picked. Returns in *fewest how many were, if that is the
 * least of the layers so far. */
static bool check_picked(const char *path, const struct layer *l, const struct model *m, int *fewest, char *err) {
    char what[128];
    int picked = 0;

    for (int e = 0; e < m->n_experts; e++)
        picked += l->count[e] > 0;
    *fewest = picked < *fewest ? picked : *fewest;
    if (picked >= m->top_k)
        return true;
    snprintf(what, sizeof what, "%d experts are above 0; allowed: at least the %d that each token goes to", picked,
             m->top_k);
    return refuse_layer(path, l, "count", what, err);
}

static int compare_falling(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* Adds the layer's shares, sorted, over the number of layers. */
static void add_shares(struct layer *l, int n, size_t layers, double *share) {
    double sum = 0;
    qsort(l->count, (size_t)n, sizeof *l->count, compare_falling);
    for (int e = 0; e < n; e++)
        sum += l->count[e] / l->count[0]; /* by the largest: no sum overflows */
    for (int e = 0; e < n; e++)
        share[e] += l->count[e] / l->count[0] / sum / (double)layers;
}

static bool average(const char *path, struct reading *r, const struct model *m, struct routing *out, char *err) {
    out->fewest = m->n_experts;
    for (size_t i = 0; i < r->n_layers; i++) {
        struct layer *l = &r->layers[i];
        if (!check_complete(path, l, m->n_experts, err) || !check_picked(path, l, m, &out->fewest, err))
            return false;
        add_shares(l, m->n_experts, r->n_layers, out->share);
    }
    return true;
}

static bool refuse_path(const char *path, char *err) {
    snprintf(err, ERROR_LEN, "'%.250s': %s; allowed: the path of a CSV file that can be read", path, strerror(errno));
    return false;
}

bool routing_exists(const char *path, char *err) {
    return access(path, R_OK) == 0 || refuse_path(path, err);
}

static bool read_layers(const char *path, struct reading *r, char *err) {
    FILE *in = fopen(path, "r");

    if (!in)
        return refuse_path(path, err);
    bool ok = csv_read(in, path, check_header, take_row, r, err);
    fclose(in);
    if (ok && r->n_layers == 0) {
        snprintf(err, ERROR_LEN, "%.200s:2: field 'expert': no row; allowed: all of 0 to %d", path, r->n_experts - 1);
        return false;
    }
    return ok;
}

static const struct routing *read_new(struct catalog *c, const char *path, const struct model *m, char *err) {
    struct reading r = {.n_experts = m->n_experts};
    struct routing *new = store_resize(NULL, 1, sizeof *new);

    memset(new, 0, sizeof *new);
    snprintf(new->path, sizeof new->path, "%s", path);
    new->n_experts = m->n_experts;
    bool ok = read_layers(path, &r, err) && average(path, &r, m, new, err);
    free(r.layers);
    if (!ok) {
        free(new);
        return NULL;
    }
    new->next = c->routings;
    return c->routings = new;
}

const double *routing_read(struct catalog *c, const char *path, const struct model *m, char *err) {
    const struct routing *r = c->routings;

    while (r && (r->n_experts != m->n_experts || r->fewest < m->top_k || strcmp(r->path, path) != 0))
        r = r->next;
    if (!r)
        r = read_new(c, path, m, err);
    return r ? r->share : NULL;
}
