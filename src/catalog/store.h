/* What the catalog holds. Private to src/catalog. */
#ifndef MOESCOPE_CATALOG_STORE_H
#define MOESCOPE_CATALOG_STORE_H

#include "catalog/catalog.h"
#include "core/calibration.h"
#include "core/loads.h"
#include "catalog/csv.h"

/* A growing array of rows whose first member is `char id[ID_LEN]`. */
struct store_list {
    void *rows;
    size_t count, room, row_size;
    unsigned *layer; /* of each row: the directory that it came from */
};

/* A model read from a config.json. */
struct imported {
    char path[MODEL_REF_LEN];
    struct model model;
    struct imported *next;
};

/* A histogram of expert loads read from a file. */
struct routing {
    char path[MODEL_REF_LEN];
    int n_experts;
    int fewest;                /* experts above 0 in the layer with the fewest of them */
    double share[EXPERTS_MAX]; /* most popular first, sums to 1 */
    struct routing *next;
};

/* A constant of a calibration row. */
struct constant_row {
    struct constant_source source;
    char family[ID_LEN]; /* of the GPU that the scope names, "" otherwise */
    enum calibration_class class;
    int constant; /* index into the class's constants; behind them p10 and p90 */
    double value;
    enum origin origin;
    unsigned layer;
};

struct catalog {
    struct store_list models, gpus, formats, links, scenarios, articles;
    struct constant_row *constants;
    size_t n_constants, constants_room;
    struct constant_row *measured;  /* a profile laid over all of them */
    size_t n_measured;
    bool use_measured;
    struct calibration general;     /* for a GPU that is not in the list */
    struct calibration *calibrated; /* parallel to gpus */
    struct calibration *link_calibrated; /* parallel to links */
    struct imported *imported;
    struct routing *routings;
    char **texts; /* strings that rows point to */
    size_t n_texts, texts_room;
};

/* realloc that aborts when memory is out or the size overflows. count and size must not be 0. */
void *store_resize(void *old, size_t count, size_t size);

/* A copy of the text that lives as long as the catalog. */
const char *store_keep(struct catalog *c, const char *text);

const void *store_at(const struct store_list *list, size_t i);
/* The index of the row with this id, or list->count. */
size_t store_find(const struct store_list *list, const char *id);
/* Room for so many rows: adding up to that moves none. */
void store_reserve(struct store_list *list, size_t rows);
/* Adds a copy of the row, or replaces the row with its id. Returns false when the same layer already gave it.
 */
bool store_put(struct store_list *list, const void *row, unsigned layer);

#endif
