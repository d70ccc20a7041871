/* Sweeps against direct estimates: points, crossovers, layouts, frontiers, the map of winners; and the worker. */
#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "catalog/catalog.h"
#include "core/compare.h"
#include "explore/sweep.h"

static struct catalog *catalog;
static const atomic_bool never = false;

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

static const char *const mixtral[] = {"model", "mixtral-8x7b", "gpus", "2", "price", "3", NULL};
static const char *const llama[] = {"model", "llama-3.3-70b", "gpus", "4", "price", "3", "batch", "37", NULL};
static const char *const deepseek[] = {"model", "deepseek-v3", "gpu", "h200-sxm", "gpus", "8", "price", "3", NULL};
/* More layouts than there is room for. */
static const char *const many[] = {"model", "deepseek-v3", "gpu",     "h200-sxm", "gpus",  "512",
                                   "tp",    "128",         "weights", "bf16",     "price", "3",   NULL};
/* Half of 12 is no whole number of decode engines of 4: 8 decode. Other layouts would by default take other numbers. */
static const char *const pools[] = {"model",         "llama-3.3-70b", "gpus", "12",    "tp", "4", "mode",
                                    "disaggregated", "prefill_tp",    "2",    "price", "3",  NULL};

/* What the catalog and the physics say of a scenario, without any sweep. */
static struct estimate direct(const struct scenario *s) {
    static struct load_cache cache;
    struct estimate e;
    struct deployment d;
    assert_true(resolve(catalog, s, &d));
    estimate(&d, &cache, &e);
    return e;
}

static void assert_same(double got, double expected) {
    if (!(got == expected || (isnan(got) && isnan(expected))))
        fail_msg("%.17g is not %.17g", got, expected);
}

static void points_are_estimates(void **state) {
    struct explorer x = {.resolve = resolve, .user = catalog};
    struct scenario of[2] = {scenario_of(mixtral), scenario_of(llama)};
    struct batch_sweep *s = calloc(1, sizeof *s);
    bool own = false;
    (void)state;
    assert_non_null(s);
    batch_sweep_take(s, &x, &of[0], &of[1]);
    batch_sweep_work(s, &never);
    assert_int_equal(s->batch[0], 1);
    assert_int_equal(s->batch[s->n - 1], SWEEP_BATCH_MAX);
    for (int i = 0; i < s->n; i++) {
        assert_true(i == 0 || s->batch[i] > s->batch[i - 1]);
        own |= s->batch[i] == 37; /* no step of the grid: it is B's own */
        for (int k = 0; k < 2; k++) {
            of[k].batch = s->batch[i];
            struct estimate e = direct(&of[k]);
            for (int c = 0; c < CURVES; c++)
                assert_same(s->value[k][c][i], compare_value(&e, sweep_curves[c]));
        }
    }
    assert_true(own);
    free(s);
}

static void crossovers_are_those_of_explore(void **state) {
    struct explorer x = {.resolve = resolve, .user = catalog};
    struct scenario of[2] = {scenario_of(deepseek), scenario_of(llama)};
    struct batch_sweep *s = calloc(1, sizeof *s);
    size_t flips = 0;
    (void)state;
    assert_non_null(s);
    batch_sweep_take(s, &x, &of[0], &of[1]);
    batch_sweep_work(s, &never);
    for (int k = 0; k < CURVES_CROSSED; k++) {
        struct crossover expected;
        explore_crossover(&x, &of[0], &of[1], &estimate_fields[sweep_curves[k]], SWEEP_BATCH_MAX, &expected);
        assert_int_equal(s->crossover[k].first_winner, expected.first_winner);
        assert_int_equal(s->crossover[k].n_flips, expected.n_flips);
        for (size_t i = 0; i < expected.n_flips; i++) {
            assert_same(s->crossover[k].flip[i].batch, expected.flip[i].batch);
            assert_int_equal(s->crossover[k].flip[i].winner, expected.flip[i].winner);
        }
        flips += expected.n_flips;
    }
    assert_true(flips > 0);
    free(s);
}

/* Mixtral on 2: tp x pp x dp divides 2: (1,1,1) (2,1,1) (1,2,1) (1,1,2); ep divides tp x dp: 1 + 2 + 1 + 2 = 6. Llama
 * has no experts: 4. */
static void layouts_are_counted(void **state) {
    struct widths w[LAYOUTS_MAX];
    struct deployment d;
    struct scenario s = scenario_of(mixtral);
    (void)state;
    assert_true(resolve(catalog, &s, &d));
    assert_int_equal(sweep_layouts(&d, w, LAYOUTS_MAX), 6);
    assert_int_equal(sweep_layouts(&d, w, 3), 6); /* how many there are, not how many have room */
    s = scenario_of(llama);
    s.gpus = 2;
    assert_true(resolve(catalog, &s, &d));
    assert_int_equal(sweep_layouts(&d, w, LAYOUTS_MAX), 4);
}

/* A row of the table is the scenario that Enter makes of it, pools or not; the scenario as set is a row; nothing that
 * the rules forbid is. */
static void rows_are_what_enter_takes(void **state) {
    struct explorer x = {.resolve = resolve, .user = catalog};
    const char *const *const of[] = {mixtral, llama, deepseek, many, pools};
    (void)state;
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        struct scenario s = scenario_of(of[i]);
        struct layout_sweep *l = calloc(1, sizeof *l);
        size_t as_set = 0;
        assert_non_null(l);
        layout_sweep_take(l, &x, &s);
        layout_sweep_work(l, &never);
        assert_true(l->n > 0);
        for (size_t k = 0; k < l->n; k++) {
            struct scenario taken = s;
            assert_true(sweep_adopt(&taken, &l->sides.d[0], l->row[k].w));
            struct estimate e = direct(&taken);
            assert_int_equal(e.feasible, l->row[k].feasible);
            assert_true(e.feasible || e.limit == LIMIT_MEMORY);
            assert_same(l->row[k].value[LAYOUT_TPOT], compare_value(&e, E_TPOT_MS));
            assert_same(l->row[k].value[LAYOUT_COST], compare_value(&e, E_COST_M_OUT));
            assert_same(l->row[k].value[LAYOUT_MEM_GB], e.mem_gb);
            const struct deployment *d = &l->sides.d[0];
            const struct widths *w = &l->row[k].w;
            as_set += w->tp == d->tp && w->pp == d->pp && w->dp == d->dp && w->ep == d->ep;
        }
        assert_int_equal(as_set, 1);
        free(l);
    }
}

/* No layout at any batch of the grid is better on both than a point of the front; every point is such an estimate. */
static void fronts_are_not_dominated(void **state) {
    struct explorer x = {.resolve = resolve, .user = catalog};
    struct scenario of[2] = {scenario_of(deepseek), scenario_of(llama)};
    struct frontier *f = calloc(1, sizeof *f);
    (void)state;
    assert_non_null(f);
    frontier_take(f, &x, &of[0], &of[1]);
    frontier_work(f, &never);
    for (int side = 0; side < 2; side++) {
        struct deployment d;
        assert_true(resolve(catalog, &of[side], &d));
        assert_true(f->of[side].n_best[FRONT_TOK_S_GPU] > 3 && f->of[side].n_best[FRONT_COST] > 3);
        for (size_t l = 0; l < f->n_layouts[side]; l++)
            for (int batch = 1; batch <= SWEEP_BATCH_MAX; batch *= 8) {
                struct deployment at = d;
                struct estimate e;
                sweep_lay_out(&at, f->layout[side][l]);
                at.batch = batch;
                estimate(&at, &x.cache, &e);
                if (!e.feasible)
                    continue;
                for (size_t i = 0; i < f->of[side].n_best[FRONT_TOK_S_GPU]; i++) {
                    const struct front_point *p = &f->of[side].best[FRONT_TOK_S_GPU][i];
                    assert_false(e.tok_s_user > p->speed && e.tok_s_gpu > p->value[FRONT_TOK_S_GPU]);
                    assert_true(i == 0 ||
                                (p[-1].speed > p->speed && p[-1].value[FRONT_TOK_S_GPU] < p->value[FRONT_TOK_S_GPU]));
                }
                for (size_t i = 0; i < f->of[side].n_best[FRONT_COST]; i++) {
                    const struct front_point *p = &f->of[side].best[FRONT_COST][i];
                    assert_false(e.tok_s_user > p->speed && e.cost_m_out < p->value[FRONT_COST]);
                }
            }
        for (size_t i = 0; i < f->of[side].n_best[FRONT_COST]; i++) {
            const struct front_point *p = &f->of[side].best[FRONT_COST][i];
            struct scenario s = of[side];
            assert_true(sweep_adopt(&s, &d, p->w));
            s.batch = p->batch;
            struct estimate e = direct(&s);
            assert_same(p->value[FRONT_COST], e.cost_m_out);
            assert_same(p->speed, e.tok_s_user);
        }
    }
    free(f);
}

static void cells_are_estimates(void **state) {
    struct explorer x = {.resolve = resolve, .user = catalog};
    struct scenario of[2] = {scenario_of(mixtral), scenario_of(llama)};
    struct winner_map *m = calloc(1, sizeof *m);
    int wins[3] = {0};
    (void)state;
    assert_non_null(m);
    of[1].tp = 2; /* so that as set is not the default layout */
    of[1].pp = 2;
    winner_map_take(m, &x, &of[0], &of[1]);
    winner_map_work(m, &never);
    assert_int_equal(m->n_gpus, 7); /* 1 2 4 ... 64 */
    for (int row = 0; row < m->n_gpus; row++)
        for (int column = 0; column < MAP_BATCHES; column++) {
            const struct map_cell *c = &m->cell[row][column];
            double cost[2];
            for (int i = 0; i < 2; i++) {
                struct scenario s = of[i];
                if (s.gpus != m->gpus[row])
                    s.tp = s.pp = NAN;
                s.gpus = m->gpus[row];
                s.batch = m->batch[column];
                struct estimate e = direct(&s);
                cost[i] = compare_value(&e, E_COST_M_OUT);
                assert_same(c->value[MAP_COST][i], cost[i]);
                assert_same(c->value[MAP_TPOT][i], compare_value(&e, E_TPOT_MS));
            }
            int winner = winner_map_winner(c, MAP_COST);
            wins[winner + 1]++;
            assert_int_equal(winner, isnan(cost[0]) && isnan(cost[1])      ? -1
                                     : isnan(cost[1]) || cost[0] < cost[1] ? 0
                                                                           : 1);
        }
    assert_int_equal(m->batch[1], 2);
    assert_int_equal(m->batch[2], 3);
    assert_int_equal(m->batch[MAP_BATCHES - 1], SWEEP_BATCH_MAX);
    assert_int_equal(wins[0], MAP_BATCHES); /* neither fits one GPU: 98 and 146 GB of 86 */
    free(m);
}

/* --- the worker --- */

static void count_up(void *job, const atomic_bool *stop) {
    (void)stop;
    ++*(int *)job;
}

static void run_until_stopped(void *job, const atomic_bool *stop) {
    const struct timespec pause = {.tv_nsec = 100000};
    while (!atomic_load(stop))
        nanosleep(&pause, NULL);
    *(int *)job = -1;
}

static bool readable(const struct worker *w) {
    struct pollfd p = {.fd = worker_fd(w), .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

static void a_worker_tells_when_it_is_done(void **state) {
    struct worker *w = worker_new();
    int n = 0;
    (void)state;
    assert_non_null(w);
    assert_false(readable(w));
    for (int i = 1; i <= 100; i++) {
        worker_start(w, count_up, &n);
        assert_true(worker_wait(w, -1));
        assert_int_equal(n, i);
        assert_true(readable(w));
        worker_clear(w);
        assert_false(readable(w));
    }
    worker_free(w);
    worker_start(NULL, count_up, &n); /* without one the job is done here */
    assert_int_equal(n, 101);
}

static void a_worker_can_be_stopped(void **state) {
    struct worker *w = worker_new();
    int endless = 0, n = 0;
    (void)state;
    worker_start(w, run_until_stopped, &endless);
    assert_false(worker_wait(w, 5));
    worker_start(w, count_up, &n); /* stops the first */
    assert_int_equal(endless, -1);
    assert_true(worker_wait(w, -1));
    assert_int_equal(n, 1);
    endless = 0;
    worker_start(w, run_until_stopped, &endless);
    worker_stop(w);
    assert_int_equal(endless, -1);
    assert_false(readable(w)); /* what was given up tells nobody */
    endless = 0;
    worker_start(w, run_until_stopped, &endless);
    worker_free(w);
    assert_int_equal(endless, -1);
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
        cmocka_unit_test(points_are_estimates),
        cmocka_unit_test(crossovers_are_those_of_explore),
        cmocka_unit_test(layouts_are_counted),
        cmocka_unit_test(rows_are_what_enter_takes),
        cmocka_unit_test(fronts_are_not_dominated),
        cmocka_unit_test(cells_are_estimates),
        cmocka_unit_test(a_worker_tells_when_it_is_done),
        cmocka_unit_test(a_worker_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, open_catalog, close_catalog);
}
