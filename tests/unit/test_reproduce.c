/* Rule: articles.csv has every cell of both articles, once, and every verdict is borne out by numbers that are worked
 * out, not typed in. tests/unit/data/article_cells.csv is the list of what the articles have, read from them row by
 * row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "catalog/articles.h"
#include "catalog/csv.h"
#include "scratch.h"

static struct catalog *catalog;
static struct load_cache cache;

static int count_cells(const char *article, const char *table, const char *row, const char *column, size_t length) {
    int n = 0;
    for (size_t i = 0; i < catalog_article_count(catalog); i++) {
        const struct article_cell *cell = catalog_article_at(catalog, i);
        n += strcmp(article_names[cell->article], article) == 0 && strcmp(cell->table, table) == 0 &&
             strcmp(cell->row, row) == 0 && strlen(cell->column) == length &&
             strncmp(cell->column, column, length) == 0;
    }
    return n;
}

static bool count_row(const struct csv_row *row, void *user, char *err) {
    const char *article = csv_cell(row, "article"), *table = csv_cell(row, "table"), *label = csv_cell(row, "row");
    const char *columns = csv_cell(row, "columns");
    size_t *listed = user;
    (void)err;
    for (size_t length; *columns; columns += length + (columns[length] == ';')) {
        length = strcspn(columns, ";");
        const int n = count_cells(article, table, label, columns, length);
        if (n != 1)
            fail_msg("%s, %s, %s, %.*s: %d times", article, table, label, (int)length, columns, n);
        *listed += 1;
    }
    return true;
}

static void every_cell_is_there_once(void **state) {
    FILE *in = fopen(source_path("tests/unit/data/article_cells.csv"), "r");
    char err[ERROR_LEN];
    size_t listed = 0;
    (void)state;
    assert_non_null(in);
    assert_true(csv_read(in, "article_cells.csv", NULL, count_row, &listed, err));
    fclose(in);
    assert_int_equal(listed, catalog_article_count(catalog)); /* and none besides */
}

/* 7 tables of article A: 5 x 4, and once 6 x 4. */
static void tables_are_whole(void **state) {
    static const struct {
        const char *table;
        int cells;
    } tables[] = {{"Memory vs active parameters", 20},  {"Decode throughput at batch 1", 20},
                  {"Prefill latency, 2048 tokens", 20}, {"Expert load imbalance", 20},
                  {"Parallelism strategies", 20},       {"Serving cost", 24},
                  {"Latency, single request", 20},      {"Decision matrix", 13},
                  {"Operational overhead", 10}};
    (void)state;
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        int n = 0;
        for (size_t i = 0; i < catalog_article_count(catalog); i++)
            n += strcmp(catalog_article_at(catalog, i)->table, tables[t].table) == 0;
        if (n != tables[t].cells)
            fail_msg("%s has %d cells", tables[t].table, n);
    }
}

static void every_verdict_is_borne_out(void **state) {
    (void)state;
    for (size_t i = 0; i < catalog_article_count(catalog); i++) {
        const struct article_cell *cell = catalog_article_at(catalog, i);
        struct article_result r;
        article_evaluate(catalog, cell, &cache, &r);
        if (!r.borne_out)
            fail_msg("%s: %s by %s, printed %s, recomputed %.6g, counter %.6g, model %.6g %s", cell->id,
                     article_verdicts[cell->verdict], article_evidences[cell->evidence], cell->printed,
                     r.recomputed.value, r.counter.value, r.model, r.limit_text);
    }
}

/* The other verdict would not be: the check above can fail. */
static void no_opposite_is_borne_out(void **state) {
    int checked = 0;
    (void)state;
    for (size_t i = 0; i < catalog_article_count(catalog); i++) {
        struct article_cell cell = *catalog_article_at(catalog, i);
        struct article_result r;
        if (cell.evidence == EVIDENCE_GIVEN || cell.evidence == EVIDENCE_WORDS)
            continue;
        const bool agrees =
            cell.verdict == VERDICT_OK || (cell.verdict == VERDICT_NAIVE && cell.evidence == EVIDENCE_RECOMPUTED);
        cell.verdict = agrees ? VERDICT_SELF : VERDICT_OK;
        article_evaluate(catalog, &cell, &cache, &r);
        if (r.borne_out)
            fail_msg("%s would be %s as well", cell.id, article_verdicts[cell.verdict]);
        checked++;
    }
    assert_true(checked > 200);
}

/* A contradiction without a number: that the formula lacks a term. */
static void contradictions_have_numbers(void **state) {
    (void)state;
    for (size_t i = 0; i < catalog_article_count(catalog); i++) {
        const struct article_cell *cell = catalog_article_at(catalog, i);
        const bool contradicts =
            cell->verdict == VERDICT_SELF || cell->verdict == VERDICT_UNIT || cell->verdict == VERDICT_PHYSICS;
        if (contradicts && cell->evidence >= EVIDENCE_GIVEN && strcmp(cell->id, "a-text-quality-adjusted") != 0)
            fail_msg("%s is %s without a number", cell->id, article_verdicts[cell->verdict]);
    }
}

/* Beside words a bare figure would say nothing: the reason has it. */
static void figures_of_claims_are_in_the_reason(void **state) {
    (void)state;
    for (size_t i = 0; i < catalog_article_count(catalog); i++) {
        const struct article_cell *cell = catalog_article_at(catalog, i);
        if (cell->evidence != EVIDENCE_WORDS)
            continue;
        if (*cell->figure && !strstr(cell->reason, "{model}"))
            fail_msg("%s: what is %s?", cell->id, cell->figure);
        if (cell->recomputed.formula && !strstr(cell->reason, "{recomputed}"))
            fail_msg("%s: what is recomputed?", cell->id);
        if (cell->counter.formula && !strstr(cell->reason, "{counter}"))
            fail_msg("%s: what is the counter?", cell->id);
    }
}

/* A row's deployment gives its figure, or says why there is none; reasons have no hole left. */
static void every_scenario_answers(void **state) {
    char reason[ARTICLE_REASON_LEN];
    (void)state;
    for (size_t i = 0; i < catalog_article_count(catalog); i++) {
        const struct article_cell *cell = catalog_article_at(catalog, i);
        struct article_result r;
        article_evaluate(catalog, cell, &cache, &r);
        if (cell->has_scenario && r.impossible != (*r.limit_text != '\0'))
            fail_msg("%s: impossible without a reason, or a reason without being so", cell->id);
        if (*cell->figure && isnan(r.model) && !r.impossible)
            fail_msg("%s: no %s", cell->id, cell->figure);
        if (!isnan(r.model_lo) && !(r.model_lo <= r.model && r.model <= r.model_hi))
            fail_msg("%s: %g is not within %g to %g", cell->id, r.model, r.model_lo, r.model_hi);
        article_reason(cell, &r, reason);
        if (strchr(reason, '{') || strstr(reason, " - "))
            fail_msg("%s: '%s'", cell->id, reason);
        if (strlen(reason) >= ARTICLE_REASON_LEN - 1)
            fail_msg("%s: the reason is cut off", cell->id);
    }
}

static void every_formula_and_figure_is_used(void **state) {
    (void)state;
    for (const struct article_formula *f = article_formulas; f->id; f++) {
        size_t i = 0, n = catalog_article_count(catalog);
        while (i < n && catalog_article_at(catalog, i)->recomputed.formula != f &&
               catalog_article_at(catalog, i)->counter.formula != f)
            i++;
        if (i == n)
            fail_msg("no cell uses the formula %s", f->id);
    }
    for (const struct article_figure *f = article_figures; f->id; f++) {
        size_t i = 0, n = catalog_article_count(catalog);
        while (i < n && catalog_article_at(catalog, i)->derived != f)
            i++;
        if (i == n)
            fail_msg("no cell uses the figure %s", f->id);
    }
}

static const struct article_cell *cell_of(const char *id) {
    for (size_t i = 0; i < catalog_article_count(catalog); i++)
        if (strcmp(catalog_article_at(catalog, i)->id, id) == 0)
            return catalog_article_at(catalog, i);
    fail_msg("no cell %s", id);
    return NULL;
}

/* The findings that people come for. */
static void what_the_articles_got_wrong(void **state) {
    static const struct {
        const char *id;
        enum article_verdict verdict;
        double recomputed, counter; /* 0: not looked at */
    } rows[] = {
        {"a-decode-llama-70b-theory", VERDICT_PHYSICS, 57.142857, 28.571429},
        {"a-decode-llama-70b-int4-bytes", VERDICT_PHYSICS, 35, 0},
        {"a-decode-mixtral-theory", VERDICT_PHYSICS, 76.923077, 0},
        {"a-prefill-llama-405b-flops", VERDICT_SELF, 930.12886, 0},
        {"a-flops-llama-70b-total", VERDICT_UNIT, 0.15568, 0},
        {"a-strategy-ep8-throughput", VERDICT_SELF, 0, 27200},
        {"a-text-load-5.5ms", VERDICT_SELF, 0, 11.044776},
        {"a-text-hot-ratio", VERDICT_SELF, 3.6923077, 0},
        {"b-formula-allreduce-batch", VERDICT_UNIT, 375, 0},
        {"a-cost-mixtral-cost", VERDICT_OK, 0.24509804, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct article_cell *cell = cell_of(rows[i].id);
        struct article_result r;
        article_evaluate(catalog, cell, &cache, &r);
        assert_int_equal(cell->verdict, rows[i].verdict);
        if (rows[i].recomputed > 0 && !(fabs(r.recomputed.value / rows[i].recomputed - 1) < 1e-7))
            fail_msg("%s: recomputed %.9g", cell->id, r.recomputed.value);
        if (rows[i].counter > 0 && !(fabs(r.counter.value / rows[i].counter - 1) < 1e-7))
            fail_msg("%s: counter %.9g", cell->id, r.counter.value);
    }
}

/* Rents and rates per million are inverse: the interval turns round. 6 $/h over 2836 tok/s is 0.588 $ per million. */
static void times_have_intervals(void **state) {
    static const char *const timed[] = {"a-cost-mixtral-throughput", "a-cost-mixtral-cost", "a-latency-mixtral-tpot",
                                        "a-decode-llama-70b-measured", "b-formula-allreduce-time"};
    struct article_result rate, cost;
    (void)state;
    for (size_t i = 0; i < sizeof timed / sizeof *timed; i++) {
        article_evaluate(catalog, cell_of(timed[i]), &cache, &rate);
        if (isnan(rate.model_lo) || !(rate.model_lo < rate.model && rate.model < rate.model_hi))
            fail_msg("%s has no interval", timed[i]);
    }
    article_evaluate(catalog, cell_of("a-cost-mixtral-throughput"), &cache, &rate);
    article_evaluate(catalog, cell_of("a-cost-mixtral-cost"), &cache, &cost);
    assert_true(fabs(cost.model_lo * rate.model_hi * 3600 / 1e6 / 6 - 1) < 1e-9);
    assert_true(fabs(cost.model_hi * rate.model_lo * 3600 / 1e6 / 6 - 1) < 1e-9);
    article_evaluate(catalog, cell_of("a-memory-mixtral-total"), &cache, &rate); /* counted */
    assert_true(isnan(rate.model_lo) && isnan(rate.model_hi));
}

/* Overrides lie over the row of scenarios.csv: 2 TB/s are one A100, and Mixtral does not fit. */
static void scenarios_lie_over_their_base(void **state) {
    const struct article_cell *cell = cell_of("a-decode-mixtral-theory");
    struct article_result r;
    (void)state;
    assert_string_equal(cell->base, "mixtral-2xa100");
    assert_string_equal(cell->scenario.gpu, "a100-80-sxm"); /* the base's */
    assert_true(cell->scenario.gpus == 1 && cell->scenario.batch == 1);
    article_evaluate(catalog, cell, &cache, &r);
    assert_true(r.impossible && isnan(r.model));
    assert_int_equal(r.limit, LIMIT_MEMORY);
    assert_non_null(strstr(r.limit_text, "85.9 GB"));
}

static int open_catalog(void **state) {
    (void)state;
    catalog = open_shipped();
    return 0;
}

static int close_catalog(void **state) {
    (void)state;
    catalog_close(catalog);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_is_there_once),      cmocka_unit_test(tables_are_whole),
        cmocka_unit_test(every_verdict_is_borne_out),    cmocka_unit_test(no_opposite_is_borne_out),
        cmocka_unit_test(contradictions_have_numbers),   cmocka_unit_test(figures_of_claims_are_in_the_reason),
        cmocka_unit_test(every_scenario_answers),        cmocka_unit_test(every_formula_and_figure_is_used),
        cmocka_unit_test(what_the_articles_got_wrong),   cmocka_unit_test(times_have_intervals),
        cmocka_unit_test(scenarios_lie_over_their_base),
    };
    return cmocka_run_group_tests(tests, open_catalog, close_catalog);
}
