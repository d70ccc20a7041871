#include "catalog/schema.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "catalog/number.h"

bool schema_refuse(const struct csv_row *csv, const char *field, const char *allowed, char *err) {
    const char *found = csv_cell(csv, field);

    if (found)
        snprintf(err, ERROR_LEN, "%.200s:%ld: field '%.40s': found '%.60s'; allowed: %.150s", csv->file,
                 csv->line, field, found, allowed);
    else
        snprintf(err, ERROR_LEN, "%.200s:%ld: field '%.40s': there is no such column; allowed: %.150s",
                 csv->file, csv->line, field, allowed);
    return false;
}

bool schema_is_id(const char *text) {
    const size_t length = strlen(text);
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return length > 0 && length < ID_LEN && strspn(text, allowed) == length;
}

static void describe(const struct column *col, char *buf, size_t size) {
    char low[32], high[32];
    size_t used = 0;

    switch (col->kind) {
    case CELL_ID:
        snprintf(buf, size, "an id of at most %d letters, digits, dots, dashes and underscores", ID_LEN - 1);
        break;
    case CELL_INTEGER:
    case CELL_REAL:
        snprintf(buf, size, "%s from %s to %s", col->kind == CELL_INTEGER ? "a whole number" : "a number",
                 number_print(col->min, low), number_print(col->max, high));
        break;
    case CELL_FLAG:
        snprintf(buf, size, "0 or 1");
        break;
    case CELL_WORD:
        for (size_t i = 0; col->words[i] && used < size; i++)
            used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? ", " : "", col->words[i]);
        break;
    case CELL_TEXT:
    case CELL_LONG:
        snprintf(buf, size, "any text, but not empty");
        break;
    }
}

static bool read_number(const struct column *col, const char *cell, void *to) {
    double value;

    if (!number_read(cell, &value) || value < col->min || value > col->max)
        return false;
    if (col->kind == CELL_INTEGER) {
        if (value != floor(value))
            return false;
        *(int *)to = (int)value;
    } else {
        *(double *)to = value * (col->scale != 0 ? col->scale : 1);
    }
    return true;
}

static bool read_flag(const char *cell, bool *to) {
    *to = strcmp(cell, "1") == 0;
    return *to || strcmp(cell, "0") == 0;
}

static bool read_word(const struct column *col, const char *cell, int *to) {
    for (int i = 0; col->words[i]; i++)
        if (strcmp(col->words[i], cell) == 0) {
            *to = i;
            return true;
        }
    return false;
}

static bool read_cell(const struct column *col, struct catalog *c, const char *cell, void *to) {
    switch (col->kind) {
    case CELL_ID:
        if (!schema_is_id(cell))
            return false;
        memcpy(to, cell, strlen(cell) + 1);
        return true;
    case CELL_TEXT:
        snprintf(to, (size_t)col->max, "%s", cell);
        return true;
    case CELL_LONG:
        *(const char **)to = store_keep(c, cell);
        return true;
    case CELL_INTEGER:
    case CELL_REAL:
        return read_number(col, cell, to);
    case CELL_FLAG:
        return read_flag(cell, to);
    case CELL_WORD:
        return read_word(col, cell, to);
    }
    return false;
}

/* What an empty cell means: everything else is the zero that the row starts with. */
static void set_empty(const struct column *col, void *to) {
    if (col->kind == CELL_REAL)
        *(double *)to = NAN;
    else if (col->kind == CELL_LONG)
        *(const char **)to = "";
}

bool schema_read_row(const struct schema *schema, struct catalog *c, const struct csv_row *csv, void *row,
                     char *err) {
    memset(row, 0, schema->row_size);
    for (const struct column *col = schema->columns; col->name; col++) {
        const char *cell = csv_cell(csv, col->name);
        void *to = (char *)row + col->offset;
        char allowed[VALUE_LEN];

        if ((!cell || *cell == '\0') && !col->required) {
            set_empty(col, to);
        } else if (!cell || *cell == '\0' || !read_cell(col, c, cell, to)) {
            describe(col, allowed, sizeof allowed);
            return schema_refuse(csv, col->name, allowed, err);
        }
    }
    return !schema->finish || schema->finish(c, csv, row, err);
}
