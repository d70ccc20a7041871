/* Preset files as tables: which column goes where, as what, within which bounds. Private to src/catalog. */
#ifndef MOESCOPE_CATALOG_SCHEMA_H
#define MOESCOPE_CATALOG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "catalog/csv.h"
#include "catalog/store.h"

enum cell_kind {
    CELL_ID,      /* char[ID_LEN]: letters, digits, . _ - */
    CELL_TEXT,    /* char[max]: cut to size */
    CELL_LONG,    /* const char *, kept by the catalog */
    CELL_INTEGER, /* int; 0 when empty */
    CELL_REAL,    /* double, times scale; NAN when empty */
    CELL_FLAG,    /* bool: 0 or 1; false when empty */
    CELL_WORD     /* int: the index in words; the first when empty */
};

struct column {
    const char *name;
    enum cell_kind kind;
    size_t offset; /* in the row struct */
    bool required; /* the file must have the column, and no cell of it may be empty */
    double min, max;
    double scale; /* from the file's unit to SI; 0 counts as 1 */
    const char *const *words;
};

/* One preset file. */
struct schema {
    const char *file;
    const struct column *columns; /* up to one without a name */
    size_t row_size;
    /* Derives the rest of the row and checks what concerns several cells. May be NULL. */
    bool (*finish)(struct catalog *c, const struct csv_row *csv, void *row, char *err);
};

/* Fills a row struct (any content before) from the cells. False with file, line, field, what was found and
 * what is allowed in err[ERROR_LEN]. */
bool schema_read_row(const struct schema *schema, struct catalog *c, const struct csv_row *csv, void *row,
                     char *err);

/* err = "file:line: field 'x': found 'y'; allowed: ...". Returns false. */
bool schema_refuse(const struct csv_row *csv, const char *field, const char *allowed, char *err);

/* Whether the text can be an id: 1 to ID_LEN - 1 letters, digits, dots, dashes and underscores. */
bool schema_is_id(const char *text);

extern const struct schema schema_models, schema_gpus, schema_formats, schema_links, schema_articles;

/* A model's weight formats by its native number type: indices into c->formats. False when the type is not
 * known. */
bool schema_native_formats(const struct catalog *c, const char *native, size_t *linear, size_t *experts);

/* What a model's dimensions must satisfy together. Returns NULL, or the field at fault and *allowed. */
const char *schema_check_model(const struct model *m, const char **allowed);

#endif
