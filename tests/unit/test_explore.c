/* Crossovers and mending moves, checked against the estimates they come from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "catalog/catalog.h"
#include "explore/explore.h"

static struct catalog *catalog;

static bool resolve(void *user, const struct scenario *s, struct deployment *d) {
    char err[ERROR_LEN];
    return catalog_resolve(user, s, d, err, NULL);
}

static struct scenario scenario_of(const char *const *settings) {
    struct scenario s;
    char err[ERROR_LEN];
    scenario_init(&s);
    for (; *settings; settings += 2)
        if (!scenario_parse(&s, scenario_find_field(settings[0]), settings[1], err))
            fail_msg("%s", err);
    return s;
}

static struct estimate estimate_at(struct explorer *x, struct scenario s, int batch) {
    static struct estimate e;
    struct deployment d;
    s.batch = batch;
    assert_true(resolve(catalog, &s, &d));
    estimate(&d, &x->cache, &e);
    return e;
}

static int winner_at(struct explorer *x, const struct scenario *a, const struct scenario *b, const struct estimate_field *f,
                     int batch) {
    struct estimate ea = estimate_at(x, *a, batch), eb = estimate_at(x, *b, batch);
    double va = estimate_number(&ea, f), vb = estimate_number(&eb, f);
    if (!ea.feasible || !eb.feasible)
        return ea.feasible ? 0 : eb.feasible ? 1 : -1;
    return va == vb ? -1 : (va < vb) == (f->better == BETTER_LOWER) ? 0 : 1;
}

/* At each flip the winner changes between that batch and the one before. */
static void flips_are_exact(void **state) {
    struct explorer x = {.resolve = resolve, .user = catalog};
    const char *a[] = {"model", "mixtral-8x7b", "gpus", "2", "price", "3", NULL};
    const char *b[] = {"model", "llama-3.1-8b", "gpus", "1", "price", "3", NULL};
    const char *c[] = {"model", "llama-3.3-70b", "gpus", "8", "price", "1", NULL};
    struct scenario s[] = {scenario_of(a), scenario_of(b), scenario_of(c)};
    static const enum estimate_field_id fields[] = {E_COST_M_OUT, E_TPOT_MS, E_TOK_S_GPU, E_TTFT_MS};
    size_t flips = 0;
    (void)state;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            for (size_t k = 0; k < 4; k++) {
                const struct estimate_field *f = &estimate_fields[fields[k]];
                struct crossover out;
                explore_crossover(&x, &s[i], &s[j], f, 2048, &out);
                assert_int_equal(out.first_winner, winner_at(&x, &s[i], &s[j], f, 1));
                int before = out.first_winner;
                for (size_t n = 0; n < out.n_flips; n++) {
                    int batch = (int)out.flip[n].batch;
                    assert_int_equal(winner_at(&x, &s[i], &s[j], f, batch), out.flip[n].winner);
                    assert_int_equal(winner_at(&x, &s[i], &s[j], f, batch - 1), before);
                    before = out.flip[n].winner;
                }
                flips += out.n_flips;
                assert_true(i != j || out.n_flips == 0);
            }
    assert_true(flips > 0);
}

/* Every move makes the scenario possible, the nearest come first, and each is named by what it changes. */
static void moves_mend(void **state) {
    struct explorer x = {.resolve = resolve, .user = catalog};
    const char *const cases[][12] = {
        {"model", "deepseek-v3", "gpu", "h100-sxm", "gpus", "8", NULL},
        {"model", "llama-3.3-70b", "gpus", "1", NULL},
        {"model", "mixtral-8x7b", "gpus", "8", "tp", "3", NULL},
        {"model", "mixtral-8x7b", "gpus", "8", "ep", "16", NULL},
        {"model", "mixtral-8x7b", "batch", "32", "chunk_tokens", "32", NULL},
        {"model", "qwen3-235b-a22b", "weights", "fp8-block128", "gpu", "h200-sxm", "gpus", "8", NULL},
        {"model", "llama-3.3-70b", "mode", "disaggregated", "gpus", "8", "tp", "2", "prefill_gpus", "3", NULL},
        {"model", "llama-3.3-70b", "mode", "disaggregated", "gpus", "8", "tp", "4", "prefill_tp", "1", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scenario s = scenario_of(cases[i]);
        struct mend mend[3];
        assert_false(estimate_at(&x, s, 32).feasible);
        size_t n = explore_mends(&x, &s, mend, 3);
        assert_true(n > 0);
        for (size_t j = 0; j < n; j++) {
            struct deployment d;
            struct estimate e;
            assert_true(resolve(catalog, &mend[j].scenario, &d));
            estimate(&d, &x.cache, &e);
            if (!e.feasible)
                fail_msg("'%s' does not mend", mend[j].text);
            assert_true(strlen(mend[j].text) > 3 && (j == 0 || mend[j].cost >= mend[j - 1].cost));
            print_message("  %s: %s\n", cases[i][1], mend[j].text);
        }
    }
}

/* Rent is gpus x price: twice the GPUs is twice the rent, a step of $0.1 at $3 a thirtieth; one GPU does not hold it. */
static void movers_of_rent(void **state) {
    struct explorer x = {.resolve = resolve, .user = catalog};
    const char *a[] = {"model", "mixtral-8x7b", "gpus", "2", "price", "3", NULL};
    struct scenario s = scenario_of(a);
    struct mover m[4];
    char text[MOVER_TEXT];
    (void)state;
    assert_int_equal(explore_movers(&x, &s, &estimate_fields[E_COST_H], m, 4), 2);
    assert_string_equal(mover_print(&m[0], &estimate_fields[E_COST_H], text), "gpus 2 -> 4: +100 %, to 12 $/h");
    assert_string_equal(mover_print(&m[1], &estimate_fields[E_COST_H], text), "price 3 -> 2.9: -3.3 %, to 5.8 $/h");
    assert_int_equal(explore_movers(&x, &s, &estimate_fields[E_BOUND], m, 4), 0); /* a word */
    assert_int_equal(explore_movers(&x, &s, &estimate_fields[E_SLO_OK], m, 4), 0); /* unknown */
}

/* Each is what it says, the largest first, and no input moves the figure more by the same step. */
static void movers_are_the_largest(void **state) {
    struct explorer x = {.resolve = resolve, .user = catalog};
    const char *a[] = {"model", "mixtral-8x7b", "gpus", "2", "skew_kind", "zipf", "skew", "0.5", NULL};
    static const enum estimate_field_id figures[] = {E_TPOT_MS, E_TTFT_MS, E_COST_M_OUT, E_MEM_GB, E_COVERAGE};
    struct scenario s = scenario_of(a);
    struct mover two[2], all[FIELD_COUNT];
    (void)state;
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        const struct estimate_field *f = &estimate_fields[figures[i]];
        size_t n = explore_movers(&x, &s, f, all, FIELD_COUNT);
        assert_int_equal(explore_movers(&x, &s, f, two, 2), 2);
        assert_true(n >= 2 && two[0].field == all[0].field && two[1].field == all[1].field);
        for (size_t k = 0; k < n; k++) {
            struct scenario at = s;
            struct deployment d;
            struct estimate e;
            char err[ERROR_LEN];
            assert_true(scenario_set_number(&at, all[k].field, all[k].to, err) && resolve(catalog, &at, &d));
            estimate(&d, &x.cache, &e);
            assert_true(e.feasible && estimate_number(&e, f) == all[k].after && all[k].after != all[k].before);
            assert_true(k == 0 || all[k].weight <= all[k - 1].weight);
        }
    }
}

static int open_catalog(void **state) {
    char err[ERROR_LEN];
    (void)state;
    catalog = catalog_open(catalog_default_dir(), NULL, NULL, err);
    if (!catalog)
        print_error("%s\n", err);
    return catalog ? 0 : -1;
}

static int close_catalog(void **state) {
    (void)state;
    catalog_close(catalog);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(flips_are_exact), cmocka_unit_test(moves_mend),
                                       cmocka_unit_test(movers_of_rent), cmocka_unit_test(movers_are_the_largest)};
    return cmocka_run_group_tests(tests, open_catalog, close_catalog);
}
