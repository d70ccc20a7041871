#include "explore/sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/compare.h"
#include "explore/crossover.h"

void sides_take(struct sides *s, const struct explorer *x, const struct scenario *a, const struct scenario *b) {
    const struct scenario *of[2] = {a, b};
    for (int i = 0; i < 2; i++) {
        s->known[i] = of[i] && x->resolve(x->user, of[i], &s->d[i]);
        if (!s->known[i])
            continue;
        s->model[i] = *s->d[i].model;
        s->d[i].model = &s->model[i];
    }
}

/* --- figures against batch --- */

const enum estimate_field_id sweep_curves[CURVES] = {
    [CURVE_TOK_S_GPU] = E_TOK_S_GPU,   [CURVE_TPOT] = E_TPOT_MS,        [CURVE_LOAD_MEAN] = E_LOAD_MAX_MEAN,
    [CURVE_LOAD_P95] = E_LOAD_MAX_P95, [CURVE_LOSS] = E_IMBALANCE_LOSS, [CURVE_LOSS_ARTICLE] = E_IMBALANCE_LOSS_ARTICLE,
};

/* Puts a batch in its place, once. */
static void add_batch(struct batch_sweep *s, int batch) {
    int at = 0;
    while (at < s->n && s->batch[at] < batch)
        at++;
    if ((at < s->n && s->batch[at] == batch) || s->n == SWEEP_POINTS_MAX)
        return;
    memmove(&s->batch[at + 1], &s->batch[at], (size_t)(s->n - at) * sizeof *s->batch);
    s->batch[at] = batch;
    s->n++;
}

void batch_sweep_take(struct batch_sweep *s, const struct explorer *x, const struct scenario *a,
                      const struct scenario *b) {
    enum { PER_OCTAVE = 4 };
    sides_take(&s->sides, x, a, b);
    s->n = 0;
    for (int i = 0; i < 2; i++)
        if (s->sides.known[i])
            add_batch(s, s->sides.d[i].batch);
    for (int i = 0; i <= PER_OCTAVE * ilogb(SWEEP_BATCH_MAX); i++)
        add_batch(s, (int)round(exp2((double)i / PER_OCTAVE)));
}

static void sweep_side(struct batch_sweep *s, int side, int i) {
    struct deployment d = s->sides.d[side];
    struct estimate e;
    d.batch = s->batch[i];
    estimate(&d, &s->cache, &e);
    for (int k = 0; k < CURVES; k++)
        s->value[side][k][i] = compare_value(&e, sweep_curves[k]);
}

void batch_sweep_work(void *job, const atomic_bool *stop) {
    struct batch_sweep *s = job;
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < s->n && !atomic_load(stop); i++)
            if (s->sides.known[side])
                sweep_side(s, side, i);
            else
                for (int k = 0; k < CURVES; k++)
                    s->value[side][k][i] = NAN;
    for (int k = 0; k < CURVES_CROSSED && !atomic_load(stop); k++) {
        s->crossover[k] = (struct crossover){.first_winner = -1};
        if (s->sides.known[0] && s->sides.known[1])
            crossover_find(s->sides.d, &s->cache, &estimate_fields[sweep_curves[k]], SWEEP_BATCH_MAX, &s->crossover[k]);
    }
}

/* --- who wins, over batch and GPUs --- */

const enum estimate_field_id sweep_map_figures[MAP_FIGURES] = {[MAP_COST] = E_COST_M_OUT, [MAP_TPOT] = E_TPOT_MS};

/* On that many GPUs, in the layout that the defaults give them unless it is the scenario's own number. */
static struct scenario on_gpus(const struct scenario *s, double gpus) {
    static const enum field_id layout[] = {F_TP,         F_PP,         F_DP,         F_EP,        F_PREFILL_GPUS,
                                           F_PREFILL_TP, F_PREFILL_PP, F_PREFILL_DP, F_PREFILL_EP};
    struct scenario out = *s;
    if ((scenario_is_default(s, &scenario_fields[F_GPUS]) ? strtod(scenario_fields[F_GPUS].default_text, NULL)
                                                          : s->gpus) == gpus)
        return out;
    out.gpus = gpus;
    for (size_t i = 0; i < sizeof layout / sizeof *layout; i++)
        scenario_set_default(&out, &scenario_fields[layout[i]]);
    return out;
}

static int map_top(const struct explorer *x, const struct scenario *a, const struct scenario *b) {
    struct sides now;
    int top = 64;
    sides_take(&now, x, a, b);
    for (int i = 0; i < 2; i++)
        while (now.known[i] && top < now.d[i].gpus && top < 1 << (MAP_GPUS_MAX - 1))
            top *= 2;
    return top;
}

void winner_map_take(struct winner_map *m, const struct explorer *x, const struct scenario *a,
                     const struct scenario *b) {
    int top = map_top(x, a, b);
    m->n_gpus = 0;
    for (int gpus = 1; gpus <= top; gpus *= 2) {
        struct scenario sa = on_gpus(a, gpus), sb = on_gpus(b, gpus);
        sides_take(&m->at[m->n_gpus], x, &sa, &sb);
        m->gpus[m->n_gpus++] = gpus;
    }
    m->batch[0] = 1;
    for (int i = 1; i < MAP_BATCHES; i++) /* 2, 3, 4, 6, 8, 12 ... */
        m->batch[i] = i % 2 ? 2 << i / 2 : 3 << (i / 2 - 1);
}

static void map_cell_make(struct winner_map *m, int row, int column) {
    struct map_cell *c = &m->cell[row][column];
    const struct sides *s = &m->at[row];
    struct estimate e[2];
    for (int i = 0; i < 2; i++) {
        struct deployment d = s->d[i];
        d.batch = m->batch[column];
        if (s->known[i])
            estimate(&d, &m->cache, &e[i]);
        for (int k = 0; k < MAP_FIGURES; k++)
            c->value[k][i] = s->known[i] ? compare_value(&e[i], sweep_map_figures[k]) : NAN;
    }
    for (int k = 0; k < MAP_FIGURES; k++)
        c->certain[k] =
            isnan(c->value[k][0]) || isnan(c->value[k][1]) || compare_certain(&e[0], &e[1], sweep_map_figures[k]);
}

/* A batch on all GPU counts before the next: they share its routing law where the layouts do. */
void winner_map_work(void *job, const atomic_bool *stop) {
    struct winner_map *m = job;
    for (int column = 0; column < MAP_BATCHES; column++)
        for (int row = 0; row < m->n_gpus && !atomic_load(stop); row++)
            map_cell_make(m, row, column);
}

int winner_map_winner(const struct map_cell *c, int figure) {
    double a = c->value[figure][0], b = c->value[figure][1];
    if (isnan(a) || isnan(b))
        return isnan(a) ? (isnan(b) ? -1 : 1) : 0;
    if (a == b)
        return -1;
    return (a < b) == (estimate_fields[sweep_map_figures[figure]].better == BETTER_LOWER) ? 0 : 1;
}
