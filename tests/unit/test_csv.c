/* Rule: a CSV file is read as RFC 4180 has it, every refusal names file and line, and what is written reads
 * back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "catalog/csv.h"
#include "core/scenario.h"

/* Everything that was read, as "line:name=cell|name=cell;" */
struct record {
    char text[4096];
    int headers;
};

static bool note_header(const struct csv_row *row, void *user, char *err) {
    (void)err;
    ((struct record *)user)->headers += row->line == 1 && row->cell == NULL;
    return true;
}

static bool note_row(const struct csv_row *row, void *user, char *err) {
    struct record *r = user;
    size_t used = strlen(r->text);

    (void)err;
    used += (size_t)snprintf(r->text + used, sizeof r->text - used, "%ld:", row->line);
    for (size_t i = 0; i < row->n_columns; i++)
        used += (size_t)snprintf(r->text + used, sizeof r->text - used, "%s%s=%s", i ? "|" : "", row->name[i],
                                 row->cell[i]);
    snprintf(r->text + used, sizeof r->text - used, ";");
    return true;
}

static bool read_bytes(const char *bytes, size_t length, csv_row_fn *on_row, struct record *r, char *err) {
    FILE *in = fmemopen((void *)(uintptr_t)bytes, length, "r");
    memset(r, 0, sizeof *r);
    err[0] = '\0';
    const bool ok = csv_read(in, "f.csv", note_header, on_row, r, err);
    fclose(in);
    return ok;
}

static void reads(const char *text, const char *want) {
    struct record r;
    char err[ERROR_LEN];
    if (!read_bytes(text, strlen(text), note_row, &r, err))
        fail_msg("%s", err);
    assert_string_equal(r.text, want);
    assert_int_equal(r.headers, 1);
}

static void refuses(const char *text, const char *place, const char *word) {
    struct record r;
    char err[ERROR_LEN];
    assert_false(read_bytes(text, strlen(text), note_row, &r, err));
    if (strncmp(err, place, strlen(place)) != 0 || !strstr(err, word))
        fail_msg("'%s' should begin '%s' and say '%s'", err, place, word);
}

static void plain(void **state) {
    (void)state;
    reads("a,b\n1,2\n3,4\n", "2:a=1|b=2;3:a=3|b=4;");
    reads("a,b\r\n1,2\r\n3,4\r\n", "2:a=1|b=2;3:a=3|b=4;");
    reads("a,b\n1,2", "2:a=1|b=2;");                   /* no newline at the end */
    reads("a\n", "");                                  /* a header alone */
    reads("\xEF\xBB\xBF\"a\",b\n1,2\n", "2:a=1|b=2;"); /* as spreadsheets save UTF-8 */
    reads("a\n\xC3\xA9\n", "2:a=\xC3\xA9;");
}

static void blank_lines_are_counted_not_read(void **state) {
    (void)state;
    reads("a,b\n\n\n1,2\n   \n3,4\n\n", "4:a=1|b=2;6:a=3|b=4;");
    reads("a,b\r\n\r\n1,2\r\n", "3:a=1|b=2;");
}

static void quotes(void **state) {
    (void)state;
    reads("a,b\n\"x,y\",\"he said \"\"no\"\"\"\n", "2:a=x,y|b=he said \"no\";");
    reads("a,b\n\"one\ntwo\",2\n3,4\n", "2:a=one\ntwo|b=2;4:a=3|b=4;"); /* the row begins at its first line */
    reads("a\n\"  kept  \"\n", "2:a=  kept  ;");
    reads("a,b\n\"\",2\n", "2:a=|b=2;");
}

static void short_rows_are_filled(void **state) {
    (void)state;
    reads("a,b,c\n1\n1,,3\n", "2:a=1|b=|c=;3:a=1|b=|c=3;");
}

static void refusals(void **state) {
    (void)state;
    refuses("", "f.csv:1:", "header");
    refuses("\n\n", "f.csv:1:", "header");
    refuses("a,,c\n", "f.csv:1:", "column 2");
    refuses("a,b,a\n", "f.csv:1:", "'a'");
    refuses("a,b\n1,2\n1,2,3\n", "f.csv:3:", "more cells");
    refuses("a,b\n1,2\n3,x\"y\n5,6\n", "f.csv:3:", "stray quote");
    refuses("a,b\n1,2\n\"3,4\n5,6\n", "f.csv:3:", "never closed");
}

static void refuses_what_is_no_text(void **state) {
    struct record r;
    char err[ERROR_LEN];

    (void)state;
    assert_false(read_bytes("a,b\n1,\0002\n", 9, note_row, &r, err));
    assert_non_null(strstr(err, "f.csv:2: a NUL byte"));
}

static void limits_columns_and_cells(void **state) {
    struct record r;
    char err[ERROR_LEN];
    const size_t size = 70 * 1024;
    char *big = malloc(size + 8);

    (void)state;
    memcpy(big, "a\n", 2);
    memset(big + 2, 'x', size);
    assert_false(read_bytes(big, size, note_row, &r, err));
    assert_non_null(strstr(err, "f.csv:2:"));
    big[2] = '"'; /* never closed: must stop early, not at the end of the file */
    assert_false(read_bytes(big, size, note_row, &r, err));
    assert_non_null(strstr(err, "f.csv:2:"));
    for (size_t i = 0; i < 600; i += 2)
        memcpy(big + i, "x,", 2);
    assert_false(read_bytes(big, 600, note_row, &r, err));
    assert_non_null(strstr(err, "256 columns"));
    free(big);
}

static bool stop_at_once(const struct csv_row *row, void *user, char *err) {
    note_row(row, user, err);
    snprintf(err, ERROR_LEN, "enough");
    return false;
}

static void a_callback_can_stop(void **state) {
    struct record r;
    char err[ERROR_LEN];

    (void)state;
    assert_false(read_bytes("a\n1\r\n2\n3", 8, stop_at_once, &r, err));
    assert_string_equal(r.text, "2:a=1;");
    assert_string_equal(err, "enough");
}

static bool find_cells(const struct csv_row *row, void *user, char *err) {
    (void)user;
    (void)err;
    assert_string_equal(csv_cell(row, "b"), "2");
    assert_null(csv_cell(row, "c"));
    return true;
}

static void cells_by_name(void **state) {
    struct record r;
    char err[ERROR_LEN];
    (void)state;
    assert_true(read_bytes("a,b\n1,2\n", 8, find_cells, &r, err));
}

static void writes(const char *text, const char *want) {
    char *got = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&got, &size);
    csv_write_cell(out, text, true);
    csv_write_cell(out, text, false);
    csv_end_row(out);
    fclose(out);
    char both[256];
    snprintf(both, sizeof both, "%s,%s\n", want, want);
    assert_string_equal(got, both);
    free(got);
}

static void written_cells(void **state) {
    (void)state;
    writes("plain", "plain");
    writes("", "");
    writes("a,b", "\"a,b\"");
    writes("a \"b\"", "\"a \"\"b\"\"\"");
    writes("two\nlines", "\"two\nlines\"");
    writes(" edge ", "\" edge \"");
    writes("-1.5e3", "-1.5e3"); /* a number, no formula */
    writes("=1+1", "\"'=1+1\"");
    writes("@x", "\"'@x\"");
    writes("-x", "\"'-x\"");
    writes("+1", "+1");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),
        cmocka_unit_test(blank_lines_are_counted_not_read),
        cmocka_unit_test(quotes),
        cmocka_unit_test(short_rows_are_filled),
        cmocka_unit_test(refusals),
        cmocka_unit_test(refuses_what_is_no_text),
        cmocka_unit_test(limits_columns_and_cells),
        cmocka_unit_test(a_callback_can_stop),
        cmocka_unit_test(cells_by_name),
        cmocka_unit_test(written_cells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
