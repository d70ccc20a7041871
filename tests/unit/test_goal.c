/* What searches find, held to estimates on both sides of it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "catalog/catalog.h"
#include "explore/goal.h"

static struct catalog *catalog;

static bool resolve(void *user, const struct scenario *s, struct deployment *d) {
    char err[ERROR_LEN];
    return catalog_resolve(user, s, d, err, NULL);
}

static struct explorer explorer = {.resolve = resolve};

static struct scenario scenario_of(const char *const *settings) {
    struct scenario s;
    char err[ERROR_LEN];
    explorer.user = catalog;
    scenario_init(&s);
    for (; *settings; settings += 2)
        if (!scenario_parse(&s, scenario_find_field(settings[0]), settings[1], err))
            fail_msg("%s", err);
    return s;
}

static struct estimate estimate_of(const struct scenario *s) {
    static struct estimate e;
    struct deployment d;
    assert_true(resolve(catalog, s, &d));
    estimate(&d, &explorer.cache, &e);
    return e;
}

static double figure_at(struct scenario s, int batch, enum estimate_field_id id) {
    s.batch = batch;
    struct estimate e = estimate_of(&s);
    return e.feasible && e.resident >= batch ? estimate_number(&e, &estimate_fields[id]) : NAN;
}

static const char *const mixtral[] = {"model", "mixtral-8x7b", "gpus", "2", "price", "3", NULL};
static const char *const llama[] = {"model", "llama-3.3-70b", "gpus", "4", "price", "3", NULL};

/* The batch found keeps the limit, the next does not, and neither does any larger one on a fine grid. */
static void batch_is_the_largest(void **state) {
    const double limits[] = {25, 28, 31, 40, 60};
    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct scenario s = scenario_of(mixtral);
        struct goal goal = {&estimate_fields[E_TPOT_MS], limits[i]};
        struct found found;
        if (!goal_find_batch(&explorer, &s, &goal, &found)) {
            assert_true(figure_at(s, 1, E_TPOT_MS) > limits[i]);
            continue;
        }
        int batch = (int)found.scenario.batch;
        assert_true(figure_at(s, batch, E_TPOT_MS) == found.value && found.value <= limits[i]);
        assert_false(found.ends_at_room);
        assert_true(figure_at(s, batch + 1, E_TPOT_MS) == found.beyond && found.beyond > limits[i]);
        for (int larger = batch + 1; larger < 700; larger += 7)
            assert_false(figure_at(s, larger, E_TPOT_MS) <= limits[i]);
    }
}

/* A goal that every batch keeps ends where the KV cache has no more room. */
static void batch_ends_at_the_room(void **state) {
    struct scenario s = scenario_of(mixtral);
    struct goal goal = {&estimate_fields[E_TPOT_MS], 1e6};
    struct found found;
    (void)state;
    assert_true(goal_find_batch(&explorer, &s, &goal, &found));
    assert_true(found.ends_at_room && isnan(found.beyond));
    struct estimate e = estimate_of(&found.scenario);
    assert_true(e.feasible && e.resident == found.scenario.batch);
    assert_true(isnan(figure_at(s, (int)found.scenario.batch + 1, E_TPOT_MS)));
}

/* No batch is faster than one sequence: the answer is no, with the best there is. */
static void impossible_goal_is_told(void **state) {
    struct scenario s = scenario_of(mixtral);
    struct goal goal = {&estimate_fields[E_TPOT_MS], 0.5};
    struct found found;
    (void)state;
    assert_false(goal_find_batch(&explorer, &s, &goal, &found));
    assert_true(found.value > 0.5 && found.value <= figure_at(s, 1, E_TPOT_MS));
    assert_true(scenario_equal(&found.scenario, &s));
    assert_false(goal_find_layout(&explorer, &s, &goal, &found));
    assert_true(found.value > 0.5);
}

/* At least, where higher is better. */
static void rates_are_lower_bounds(void **state) {
    struct scenario s = scenario_of(mixtral);
    struct goal goal = {&estimate_fields[E_TOK_S_USER], 32};
    struct found found;
    (void)state;
    assert_true(goal_find_batch(&explorer, &s, &goal, &found));
    assert_true(found.value >= 32 && found.beyond < 32);
}

/* The layout keeps the goal, and no other of a small fleet that keeps it costs less. */
static void layout_is_the_cheapest(void **state) {
    struct scenario s = scenario_of(llama);
    struct goal goal = {&estimate_fields[E_TPOT_MS], 30};
    struct found found;
    size_t kept = 0;
    (void)state;
    assert_true(estimate_of(&s).tpot_ms > 30);
    assert_true(goal_find_layout(&explorer, &s, &goal, &found));
    struct estimate best = estimate_of(&found.scenario);
    assert_true(best.feasible && best.tpot_ms <= 30 && best.tpot_ms == found.value);
    for (int tp = 1; tp <= 16; tp *= 2)
        for (int pp = 1; pp <= 4; pp *= 2)
            for (int dp = 1; dp <= 4; dp *= 2) {
                struct scenario at = s;
                at.tp = tp, at.pp = pp, at.dp = dp, at.ep = 1;
                at.gpus = tp * pp * dp;
                struct estimate e = estimate_of(&at);
                if (!e.feasible || e.resident < 32 || e.tpot_ms > 30)
                    continue;
                kept++;
                assert_true(e.cost_m_out >= best.cost_m_out * (1 - 1e-9));
            }
    assert_true(kept > 0);
}

/* As near as a batch can come: its neighbours are farther. A price on a count of GPUs: 4 x $3 is 6 x $2. */
static void nearest_is_nearest(void **state) {
    struct scenario a = scenario_of(mixtral);
    struct found found;
    (void)state;
    for (double target = 12; target < 160; target += 3.7) {
        assert_true(goal_find_nearest(&explorer, &a, F_BATCH, &estimate_fields[E_TPOT_MS], target, &found));
        int batch = (int)found.scenario.batch;
        double distance = fabs(log(found.value / target));
        assert_true(found.value == figure_at(a, batch, E_TPOT_MS));
        for (int near = batch > 20 ? batch - 20 : 1; near < batch + 20; near++)
            assert_false(fabs(log(figure_at(a, near, E_TPOT_MS) / target)) < distance);
    }

    a.price = 2;
    assert_true(goal_find_nearest(&explorer, &a, F_GPUS, &estimate_fields[E_COST_H], 12, &found));
    assert_true(found.scenario.gpus == 6 && found.value == 12);
    assert_true(goal_find_nearest(&explorer, &a, F_GPUS, NULL, 4, &found));
    assert_true(found.scenario.gpus == 4);
    a.tp = 8; /* whole engines of 8 only: 16 is nearer to 13 than 8 is, in proportion */
    assert_true(goal_find_nearest(&explorer, &a, F_GPUS, NULL, 13, &found));
    assert_true(found.scenario.gpus == 16);
    assert_false(goal_find_nearest(&explorer, &a, F_GPUS, NULL, NAN, &found));
}

/* Upwards the batch reaches, and alone changes; below one sequence only more GPUs, which share the weights, go on. */
static void equal_takes_the_field_that_reaches(void **state) {
    const struct equal_row *row = equal_rows; /* memory */
    const char *const four[] = {"model", "llama-3.3-70b", "gpus", "4", "gpu", "h200-sxm", NULL};
    struct scenario s = scenario_of(four);
    struct found found;
    (void)state;
    double now = estimate_of(&s).mem_gb;
    assert_true(goal_make_equal(&explorer, &s, row, now * 1.5, &found));
    assert_true(found.scenario.batch > 32 && found.scenario.gpus == 4);
    assert_true(fabs(found.value / (now * 1.5) - 1) < EQUAL_ENOUGH);
    s.batch = 1;
    now = estimate_of(&s).mem_gb;
    assert_true(goal_make_equal(&explorer, &s, row, now * 0.6, &found)); /* one sequence is the least */
    assert_true(found.scenario.batch == 1 && found.scenario.gpus > 4 && found.value < now * 0.8);
    s.gpus = 2;
    s.tp = 2; /* whole engines of the same two: more of them change nothing */
    now = estimate_of(&s).mem_gb;
    assert_true(goal_make_equal(&explorer, &s, row, now * 0.6, &found));
    assert_true(found.value == now);
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_is_the_largest),    cmocka_unit_test(batch_ends_at_the_room),
        cmocka_unit_test(impossible_goal_is_told), cmocka_unit_test(rates_are_lower_bounds),
        cmocka_unit_test(layout_is_the_cheapest),  cmocka_unit_test(nearest_is_nearest),
        cmocka_unit_test(equal_takes_the_field_that_reaches),
    };
    return cmocka_run_group_tests(tests, open_catalog, close_catalog);
}
