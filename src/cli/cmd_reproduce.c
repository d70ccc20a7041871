/* `reproduce`: the two source articles cell by cell: printed, recomputed by the article's own formula, this
 * program's figure, the verdict and its reason. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/articles.h"
#include "catalog/csv.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "session/xalloc.h"

struct line {
    const struct article_cell *cell;
    struct article_result result;
    char reason[ARTICLE_REASON_LEN];
};

/* --- columns for programs ------------------------------------------------------------------------------ */

/* A text, or a number where `number` is not NULL. */
struct column {
    const char *name;
    const char *(*text)(const struct line *l);
    double (*number)(const struct line *l);
    bool flag; /* the number is 0 or 1: no or yes */
};

#define TEXT(name, member)                                                                                   \
    static const char *text_##name(const struct line *l) {                                                   \
        return l->member;                                                                                    \
    }
#define NUMBER(name, member)                                                                                 \
    static double number_##name(const struct line *l) {                                                      \
        return l->member;                                                                                    \
    }

TEXT(id, cell->id)
TEXT(table, cell->table)
TEXT(row, cell->row)
TEXT(column, cell->column)
TEXT(printed, cell->printed)
TEXT(unit, cell->unit)
TEXT(inputs, cell->recomputed.inputs)
TEXT(counter_inputs, cell->counter.inputs)
TEXT(figure, cell->figure)
TEXT(scenario, cell->base)
TEXT(limit, result.limit_text)
TEXT(live, cell->live)
TEXT(reason, reason)
NUMBER(value, cell->number.value)
NUMBER(recomputed, result.recomputed.value)
NUMBER(counter, result.counter.value)
NUMBER(model, result.model)
NUMBER(model_lo, result.model_lo)
NUMBER(model_hi, result.model_hi)
NUMBER(borne_out, result.borne_out)

static const char *text_article(const struct line *l) {
    return article_names[l->cell->article];
}

static const char *text_verdict(const struct line *l) {
    return article_verdicts[l->cell->verdict];
}

static const char *text_evidence(const struct line *l) {
    return article_evidences[l->cell->evidence];
}

/* Of the interval: exact figures have neither. */
static const char *text_origin(const struct line *l) {
    return isnan(l->result.model_lo) ? "" : origin_names[l->result.origin];
}

static const char *text_formula(const struct line *l) {
    return l->cell->recomputed.formula ? l->cell->recomputed.formula->notation : "";
}

static const char *text_counter_formula(const struct line *l) {
    return l->cell->counter.formula ? l->cell->counter.formula->notation : "";
}

static const struct column columns[] = {
    {"id", text_id, NULL, false},
    {"article", text_article, NULL, false},
    {"table", text_table, NULL, false},
    {"row", text_row, NULL, false},
    {"column", text_column, NULL, false},
    {"printed", text_printed, NULL, false},
    {"value", NULL, number_value, false},
    {"unit", text_unit, NULL, false},
    {"formula", text_formula, NULL, false},
    {"inputs", text_inputs, NULL, false},
    {"recomputed", NULL, number_recomputed, false},
    {"counter_formula", text_counter_formula, NULL, false},
    {"counter_inputs", text_counter_inputs, NULL, false},
    {"counter", NULL, number_counter, false},
    {"scenario", text_scenario, NULL, false},
    {"figure", text_figure, NULL, false},
    {"model", NULL, number_model, false},
    {"model_lo", NULL, number_model_lo, false},
    {"model_hi", NULL, number_model_hi, false},
    {"model_origin", text_origin, NULL, false},
    {"limit", text_limit, NULL, false},
    {"verdict", text_verdict, NULL, false},
    {"evidence", text_evidence, NULL, false},
    {"borne_out", NULL, number_borne_out, true},
    {"live", text_live, NULL, false},
    {"reason", text_reason, NULL, false},
};

enum { N_COLUMNS = sizeof columns / sizeof *columns };

static void csv_line(const struct line *l) {
    char number[VALUE_LEN];
    for (int k = 0; k < N_COLUMNS; k++)
        csv_write_cell(stdout,
                       columns[k].text ? columns[k].text(l) : number_print(columns[k].number(l), number),
                       k == 0);
    csv_end_row(stdout);
}

static void json_line(const struct line *l) {
    struct json j;
    json_begin(&j, stdout);
    for (int k = 0; k < N_COLUMNS; k++) {
        const char *text = columns[k].text ? columns[k].text(l) : NULL;
        if (columns[k].flag)
            json_bool(&j, columns[k].name, columns[k].number(l) != 0);
        else if (columns[k].number)
            json_number(&j, columns[k].name, columns[k].number(l));
        else
            json_text(&j, columns[k].name, *text ? text : NULL);
    }
    json_end(&j);
    putchar('\n');
}

/* --- the table for people ------------------------------------------------------------------------------ */

enum { ROW_W = 26, COLUMN_W = 20, PRINTED_W = 19, FIGURE_W = 10, REASON_INDENT = 4, LINE_W = 98 };

/* printf counts bytes; a label may hold wider characters. */
static void put_padded(const char *text, int width) {
    int used = 0;
    for (const char *p = text; *p; p++)
        used += (*p & 0xc0) != 0x80;
    printf("%s%*s ", text, width > used ? width - used : 0, "");
}

static const char *figure_or(double value, const char *otherwise, char *buf) {
    article_print(value, buf);
    return *buf ? buf : otherwise;
}

static void put_line(const struct line *l, bool same_row) {
    char recomputed[VALUE_LEN], model[VALUE_LEN];
    const char *none = l->result.impossible ? "impossible" : "-";
    put_padded(same_row ? "" : l->cell->row, ROW_W);
    put_padded(l->cell->column, COLUMN_W);
    put_padded(l->cell->printed, PRINTED_W);
    printf("%*s %*s %s\n", FIGURE_W, figure_or(l->result.recomputed.value, "-", recomputed), FIGURE_W,
           figure_or(l->result.model, none, model), text_verdict(l));
}

/* Broken between words and indented. */
static void put_reason(const char *reason) {
    int column = 0;
    for (size_t length; *(reason += strspn(reason, " ")); reason += length) {
        length = strcspn(reason, " ");
        if (column > 0 && column + 1 + (int)length > LINE_W) {
            putchar('\n');
            column = 0;
        }
        column += printf("%*s%.*s", column ? 1 : REASON_INDENT, "", (int)length, reason);
    }
    putchar('\n');
}

static bool same_table(const struct line *a, const struct line *b) {
    return a->cell->article == b->cell->article && strcmp(a->cell->table, b->cell->table) == 0;
}

/* A reason that several lines share stands under the last of them. */
static bool shares_reason(const struct line *l, const struct line *next) {
    return next && same_table(l, next) && strcmp(l->reason, next->reason) == 0;
}

static void put_heading(const struct line *l, bool first) {
    printf("%s%s: %s\n", first ? "" : "\n", text_article(l), l->cell->table);
    put_padded("", ROW_W);
    put_padded("", COLUMN_W);
    put_padded("printed", PRINTED_W);
    printf("%*s %*s %s\n", FIGURE_W, "recomputed", FIGURE_W, "this model", "verdict");
}

static void table_line(const struct line *l, const struct line *before, const struct line *next) {
    const bool follows = before && same_table(l, before);
    if (!follows)
        put_heading(l, !before);
    put_line(l, follows && strcmp(l->cell->row, before->cell->row) == 0 && shares_reason(before, l));
    if (!shares_reason(l, next))
        put_reason(l->reason);
}

static void put_totals(const struct line *lines, size_t n) {
    printf("\n%zu:", n);
    for (int v = 0; v < VERDICT_COUNT; v++) {
        int count = 0;
        for (size_t i = 0; i < n; i++)
            count += lines[i].cell->verdict == v;
        printf("%s %d %s", v ? "," : "", count, article_verdicts[v]);
    }
    putchar('\n');
}

/* --- the command --------------------------------------------------------------------------------------- */

static struct line *make_lines(struct catalog *c, int article, size_t *n) {
    const size_t all = catalog_article_count(c);
    struct line *lines = xcalloc(all + 1, sizeof *lines);
    struct load_cache *cache = xcalloc(1, sizeof *cache);

    *n = 0;
    for (size_t i = 0; i < all; i++) {
        struct line *l = &lines[*n];
        l->cell = catalog_article_at(c, i);
        if (article >= 0 && l->cell->article != article)
            continue;
        article_evaluate(c, l->cell, cache, &l->result);
        article_reason(l->cell, &l->result, l->reason);
        *n += 1;
    }
    free(cache);
    return lines;
}

static void write_lines(const struct line *lines, size_t n, enum output_format format) {
    if (format == FORMAT_CSV) {
        for (int k = 0; k < N_COLUMNS; k++)
            csv_write_cell(stdout, columns[k].name, k == 0);
        csv_end_row(stdout);
    }
    for (size_t i = 0; i < n; i++)
        if (format == FORMAT_CSV)
            csv_line(&lines[i]);
        else if (format == FORMAT_JSON)
            json_line(&lines[i]);
        else
            table_line(&lines[i], i ? &lines[i - 1] : NULL, i + 1 < n ? &lines[i + 1] : NULL);
    if (format == FORMAT_TABLE)
        put_totals(lines, n);
}

/* -1: both; -2 with err: no such article. */
static int find_article(const char *name, char *err) {
    int used = name ? snprintf(err, ERROR_LEN, "'%.60s' is no article; allowed:", name) : 0;
    for (int i = 0; name && article_names[i]; i++) {
        if (strcmp(name, article_names[i]) == 0)
            return i;
        used += snprintf(err + used, (size_t)(ERROR_LEN - used), "%s %s", i ? "," : "", article_names[i]);
    }
    return name ? -2 : -1;
}

enum status cmd_reproduce(const struct options *o) {
    char err[ERROR_LEN];
    struct catalog *c;
    size_t n;

    const int article = find_article(o->topic, err);
    if (article < -1)
        return cli_fail(STATUS_BAD_INPUT, err);
    const int format = options_choice(o, OPT_FORMAT, output_formats, FORMAT_TABLE, err);
    if (format < 0)
        return cli_fail(STATUS_BAD_INPUT, err);
    enum status status = cli_open_catalog(o, &c);
    if (status == STATUS_OK) {
        struct line *lines = make_lines(c, article, &n);
        write_lines(lines, n, (enum output_format)format);
        free(lines);
    }
    catalog_close(c);
    return status;
}
