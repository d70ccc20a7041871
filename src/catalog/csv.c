#include "catalog/csv.h"

#include <csv.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/number.h"
#include "catalog/store.h"
#include "core/scenario.h"

enum { CELL_MAX = 64 * 1024, CHUNK = 64 * 1024 };

/* One reading. The cells of the row at hand lie one behind the other in `text`. */
struct reader {
    struct csv_parser parser;
    const char *file;
    csv_row_fn *on_header, *on_row;
    void *user;
    char *err;
    bool failed;
    long line;       /* of the byte being parsed */
    long start_line; /* of the row's first byte */
    char *text;
    size_t used, room;
    size_t n_cells;
    size_t start[CSV_COLUMNS_MAX]; /* of each cell in text */
    char *header_text;
    size_t n_columns;
    const char *name[CSV_COLUMNS_MAX], *cell[CSV_COLUMNS_MAX];
};

static bool fail(struct reader *r, long line, const char *what) {
    if (!r->failed)
        snprintf(r->err, ERROR_LEN, "%.300s:%ld: %s", r->file, line, what);
    r->failed = true;
    return false;
}

/* libcsv: the end of a cell. */
static void take_cell(void *bytes, size_t length, void *user) {
    struct reader *r = user;

    if (r->failed)
        return;
    if (length > CELL_MAX) {
        fail(r, r->start_line, "a cell of more than 65536 bytes; is a closing quote missing?");
        return;
    }
    if (r->n_cells == CSV_COLUMNS_MAX || (r->n_columns > 0 && r->n_cells == r->n_columns)) {
        fail(r, r->start_line,
             r->n_columns
                 ? "more cells than the header has columns (a comma too many, or a cell without quotes?)"
                 : "more than 256 columns");
        return;
    }
    if (r->used + length + 1 > r->room) {
        r->room = 2 * (r->used + length + 1);
        r->text = store_resize(r->text, r->room, 1);
    }
    r->start[r->n_cells++] = r->used;
    if (length > 0)
        memcpy(r->text + r->used, bytes, length);
    r->text[r->used + length] = '\0';
    r->used += length + 1;
}

static void take_header(struct reader *r) {
    r->header_text = r->text;
    r->text = NULL;
    r->room = 0;
    for (size_t i = 0; i < r->n_cells; i++) {
        char what[128];
        r->name[i] = r->header_text + r->start[i];
        if (*r->name[i] == '\0') {
            snprintf(what, sizeof what, "column %zu has no name", i + 1);
            fail(r, r->start_line, what);
            return;
        }
        for (size_t j = 0; j < i; j++)
            if (strcmp(r->name[i], r->name[j]) == 0) {
                snprintf(what, sizeof what, "two columns are called '%.60s'", r->name[i]);
                fail(r, r->start_line, what);
                return;
            }
    }
    r->n_columns = r->n_cells;
    if (r->on_header) {
        const struct csv_row row = {r->file, r->start_line, r->n_columns, r->name, NULL};
        r->failed = !r->on_header(&row, r->user, r->err);
    }
}

static void take_row(struct reader *r) {
    for (size_t i = 0; i < r->n_columns; i++)
        r->cell[i] = i < r->n_cells ? r->text + r->start[i] : "";
    const struct csv_row row = {r->file, r->start_line, r->n_columns, r->name, r->cell};
    r->failed = !r->on_row(&row, r->user, r->err);
}

/* libcsv: the end of a row, at LF, at CR, or at the end of the file (-1). CR LF is a row and a blank one. */
static void end_row(int terminator, void *user) {
    struct reader *r = user;

    if (r->failed)
        return;
    if (r->n_cells > 0) {
        if (r->n_columns == 0)
            take_header(r);
        else
            take_row(r);
    }
    r->used = r->n_cells = 0;
    r->start_line = r->line + (terminator == '\n');
}

/* Parses bytes of one line. */
static bool parse_piece(struct reader *r, const char *bytes, size_t length) {
    if (memchr(bytes, '\0', length))
        return fail(r, r->line, "a NUL byte; this is no text file");
    if (csv_parse(&r->parser, bytes, length, take_cell, end_row, r) != length && !r->failed)
        return fail(r, r->line,
                    csv_error(&r->parser) == CSV_EPARSE
                        ? "a stray quote; a cell with quotes in it is written \"like \"\"this\"\"\""
                        : csv_strerror(csv_error(&r->parser)));
    if (!r->failed && r->parser.entry_pos > CELL_MAX)
        return fail(r, r->start_line, "a cell of more than 65536 bytes; is a closing quote missing?");
    return !r->failed;
}

/* Feeds whole lines, so that the line counter is right in every callback. */
static bool parse_chunk(struct reader *r, const char *bytes, size_t length) {
    while (length > 0) {
        const char *newline = memchr(bytes, '\n', length);
        const size_t piece = newline ? (size_t)(newline - bytes) + 1 : length;
        if (!parse_piece(r, bytes, piece))
            return false;
        r->line += newline != NULL;
        bytes += piece;
        length -= piece;
    }
    return true;
}

static bool parse_stream(struct reader *r, FILE *in) {
    static const char bom[] = "\xEF\xBB\xBF";
    char chunk[CHUNK];
    size_t got;

    for (bool first = true; (got = fread(chunk, 1, sizeof chunk, in)) > 0; first = false) {
        const size_t skip = first && got >= 3 && memcmp(chunk, bom, 3) == 0 ? 3 : 0;
        if (!parse_chunk(r, chunk + skip, got - skip))
            return false;
    }
    if (ferror(in))
        return fail(r, r->line, strerror(errno));
    if (csv_fini(&r->parser, take_cell, end_row, r) != 0 && !r->failed)
        return fail(r, r->start_line, "a quote is opened in this row and never closed");
    if (!r->failed && r->n_columns == 0)
        return fail(r, 1, "no header row");
    return !r->failed;
}

bool csv_read(FILE *in, const char *file, csv_row_fn *on_header, csv_row_fn *on_row, void *user, char *err) {
    struct reader *r = store_resize(NULL, 1, sizeof *r);
    bool ok;

    memset(r, 0, sizeof *r);
    r->file = file;
    r->on_header = on_header;
    r->on_row = on_row;
    r->user = user;
    r->err = err;
    r->line = r->start_line = 1;
    /* Without STRICT a stray quote swallows the file to its end; without REPALL_NL blank rows vanish from the
     * count. */
    if (csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL | CSV_REPALL_NL) != 0)
        abort();
    ok = parse_stream(r, in);
    csv_free(&r->parser);
    free(r->text);
    free(r->header_text);
    free(r);
    return ok;
}

const char *csv_cell(const struct csv_row *row, const char *name) {
    for (size_t i = 0; i < row->n_columns; i++)
        if (strcmp(row->name[i], name) == 0)
            return row->cell[i];
    return NULL;
}

static bool is_formula(const char *text) {
    double ignored;
    return *text && strchr("=+-@\t\r", *text) && !number_read(text, &ignored);
}

static bool needs_quotes(const char *text) {
    const size_t length = strlen(text);
    return strpbrk(text, ",\"\r\n") ||
           (length > 0 && (strchr(" \t", text[0]) || strchr(" \t", text[length - 1])));
}

void csv_write_cell(FILE *out, const char *text, bool first) {
    const bool formula = is_formula(text);

    if (!first)
        putc(',', out);
    if (!formula && !needs_quotes(text)) {
        fputs(text, out);
        return;
    }
    putc('"', out);
    if (formula)
        putc('\'', out);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', out);
        putc(*text, out);
    }
    putc('"', out);
}

void csv_end_row(FILE *out) {
    putc('\n', out);
}
