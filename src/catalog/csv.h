/* CSV (RFC 4180) in and out on libcsv: rows with a header, positions for error messages, bounded memory. */
#ifndef MOESCOPE_CATALOG_CSV_H
#define MOESCOPE_CATALOG_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { CSV_COLUMNS_MAX = 256 };

/* One data row. Cells are NUL-terminated and live until the callback returns; a short row has "" for what is
 * missing. */
struct csv_row {
    const char *file;
    long line; /* of the file, where the row begins; the header is line 1 */
    size_t n_columns;
    const char *const *name; /* header */
    const char *const *cell;
};

/* Called for each data row; returning false ends the reading (the callback has filled err). */
typedef bool csv_row_fn(const struct csv_row *row, void *user, char *err);

/* Reads a whole stream: strips a UTF-8 BOM, takes CR LF or LF, skips blank lines, keeps blanks inside cells.
 * Memory does not grow with the rows. Refuses, with "file:line: ..." in err[ERROR_LEN]: no header, an empty
 * or doubled column name, a row with more cells than the header, a stray or unclosed quote, a NUL byte, more
 * than CSV_COLUMNS_MAX columns, a cell over 64 KiB, a read error. `on_header` (may be NULL) sees the header
 * first, as a row without cells. */
bool csv_read(FILE *in, const char *file, csv_row_fn *on_header, csv_row_fn *on_row, void *user, char *err);

/* The cell of the named column, or NULL when there is no such column. */
const char *csv_cell(const struct csv_row *row, const char *name);

/* Writes one cell, quoted where RFC 4180 asks for it, with a comma before it unless it is the first. A text
 * that a spreadsheet would run as a formula (= + - @ first, and not a number) is quoted and gets a leading
 * apostrophe. */
void csv_write_cell(FILE *out, const char *text, bool first);
void csv_end_row(FILE *out); /* "\n" */

#endif
