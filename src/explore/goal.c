#include "explore/goal.h"

#include <math.h>

const struct equal_row equal_rows[] = {
    {"memory", "memory of the fullest GPU, by the batch or the GPUs", F_BATCH, F_GPUS, E_MEM_GB},
    {"price", "rent per hour, by the GPUs of the fleet", F_GPUS, F_GPUS, E_COST_H},
    {"tpot", "time per output token, by the batch or the GPUs", F_BATCH, F_GPUS, E_TPOT_MS},
    {"gpus", "GPUs of the fleet", F_GPUS, F_GPUS, E_FEASIBLE},
    {NULL, NULL, 0, 0, 0},
};

static const double GRID = 1.1; /* from one batch that is looked at to the next */

static bool estimate_of(struct explorer *x, const struct scenario *s, struct deployment *d, struct estimate *e) {
    if (!x->resolve(x->user, s, d))
        return false;
    estimate(d, &x->cache, e);
    return e->feasible;
}

bool goal_met(struct explorer *x, const struct scenario *s, const struct goal *g, double *value) {
    struct deployment d;
    struct estimate e;
    *value = NAN;
    if (!estimate_of(x, s, &d, &e) || e.resident < d.batch)
        return false;
    *value = estimate_number(&e, g->figure);
    return g->figure->better == BETTER_LOWER ? *value <= g->limit : *value >= g->limit;
}

static bool set_number(struct scenario *s, enum field_id id, double value) {
    char err[ERROR_LEN];
    return scenario_set_number(s, &scenario_fields[id], value, err);
}

/* --- the largest batch --- */

static bool batch_meets(struct explorer *x, const struct scenario *s, const struct goal *g, int batch, double *value) {
    struct scenario at = *s;
    return set_number(&at, F_BATCH, batch) && goal_met(x, &at, g, value);
}

static bool better_of(const struct goal *g, double a, double b) {
    return isnan(b) || (g->figure->better == BETTER_LOWER ? a < b : a > b);
}

/* The largest step of a geometric grid that meets the goal; 0: none. *next: the step behind it. *best: of the figure. */
static int grid_search(struct explorer *x, const struct scenario *s, const struct goal *g, int *next, double *best) {
    const int most = (int)scenario_fields[F_BATCH].max;
    int found = 0;
    *best = NAN;
    *next = 0;
    for (int batch = 1; batch <= most; batch = (int)fmax(batch + 1, floor(batch * GRID))) {
        double value;
        bool meets = batch_meets(x, s, g, batch, &value);
        if (!isnan(value) && better_of(g, value, *best))
            *best = value;
        if (meets) {
            found = batch;
            *next = 0;
        } else if (*next == 0) {
            *next = batch;
        }
    }
    if (*next == 0)
        *next = most + 1;
    return found;
}

bool goal_find_batch(struct explorer *x, const struct scenario *s, const struct goal *g, struct found *out) {
    int high = 0, low = 0;
    double best;
    *out = (struct found){.scenario = *s, .value = NAN, .beyond = NAN, .cost = NAN};
    low = grid_search(x, s, g, &high, &best);
    out->value = best;
    if (low == 0)
        return false;
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        double value;
        if (batch_meets(x, s, g, middle, &value))
            low = middle;
        else
            high = middle;
    }
    batch_meets(x, s, g, low, &out->value);
    batch_meets(x, s, g, low + 1, &out->beyond);
    out->ends_at_room = isnan(out->beyond);
    return set_number(&out->scenario, F_BATCH, low);
}

/* --- the cheapest layout --- */

enum { TP_MAX = 64, PP_MAX = 16, DP_MAX = 64, ENGINE_MAX = 128, FLEET_MAX = 2048 };

/* Lower is better: what a million tokens cost, or the inverse of the rate per GPU. */
static double layout_price(const struct estimate *e) {
    return isnan(e->cost_m_out) ? 1 / e->tok_s_gpu : e->cost_m_out;
}

struct layouts {
    struct explorer *x;
    const struct goal *goal;
    int fleet;
    double price; /* of the best so far */
    struct found *out;
    bool found;
};

static void try_layout(struct layouts *q, const struct scenario *s, int tp, int pp, int dp, int ep) {
    const int engine = tp * pp * dp;
    struct scenario at = *s;
    struct deployment d;
    struct estimate e;
    double value;
    if (!set_number(&at, F_GPUS, q->fleet % engine ? engine : q->fleet) || !set_number(&at, F_TP, tp) ||
        !set_number(&at, F_PP, pp) || !set_number(&at, F_DP, dp) || !set_number(&at, F_EP, ep))
        return;
    if (!estimate_of(q->x, &at, &d, &e) || e.resident < d.batch)
        return;
    value = estimate_number(&e, q->goal->figure);
    if (isnan(value))
        return;
    bool meets = q->goal->figure->better == BETTER_LOWER ? value <= q->goal->limit : value >= q->goal->limit;
    if (!q->found && better_of(q->goal, value, q->out->value))
        q->out->value = value;
    if (!meets || !(layout_price(&e) < q->price))
        return;
    q->found = true;
    q->price = layout_price(&e);
    q->out->scenario = at;
    q->out->value = value;
    q->out->cost = e.cost_m_out;
}

bool goal_find_layout(struct explorer *x, const struct scenario *s, const struct goal *g, struct found *out) {
    struct layouts q = {.x = x, .goal = g, .price = INFINITY, .out = out};
    struct deployment d;
    *out = (struct found){.scenario = *s, .value = NAN, .beyond = NAN, .cost = NAN};
    if (!x->resolve(x->user, s, &d) || d.mode != MODE_AGGREGATED)
        return false;
    q.fleet = d.gpus;
    const int ep_max = d.model->n_experts > 0 ? TP_MAX * DP_MAX : 1;
    for (int tp = 1; tp <= TP_MAX; tp *= 2)
        for (int pp = 1; pp <= PP_MAX; pp *= 2)
            for (int dp = 1; dp <= DP_MAX && tp * pp * dp <= ENGINE_MAX; dp *= 2)
                for (int ep = 1; ep <= tp * dp && ep <= ep_max; ep *= 2)
                    try_layout(&q, s, tp, pp, dp, ep);
    return q.found;
}

/* --- the nearest --- */

struct nearest {
    struct explorer *x;
    const struct scenario *from;
    enum field_id field;
    const struct estimate_field *figure;
    double target, distance;
    struct found *out;
    bool found;
};

/* How far apart two figures are, the same for twice and half. */
static double distance_of(double a, double b) {
    return a > 0 && b > 0 ? fabs(log(a / b)) : fabs(a - b);
}

/* Keeps the value if it comes nearer. Returns the figure there, NAN where there is none. */
static double try_value(struct nearest *q, int to) {
    struct scenario at = *q->from;
    struct deployment d;
    struct estimate e;
    if (!set_number(&at, q->field, to) || !estimate_of(q->x, &at, &d, &e) || e.resident < d.batch)
        return NAN;
    double value = q->figure ? estimate_number(&e, q->figure) : to;
    if (!isnan(value) && distance_of(value, q->target) < q->distance) {
        q->distance = distance_of(value, q->target);
        q->found = true;
        q->out->scenario = at;
        q->out->value = value;
    }
    return value;
}

/* Between two values of the field whose figures lie on either side of the target. */
static void close_in(struct nearest *q, int low, int high, double at_low) {
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        double value = try_value(q, middle);
        if (!isnan(value) && (value < q->target) == (at_low < q->target))
            low = middle;
        else
            high = middle;
    }
}

bool goal_find_nearest(struct explorer *x, const struct scenario *s, enum field_id field,
                       const struct estimate_field *figure, double target, struct found *out) {
    struct nearest q = {x, s, field, figure, target, INFINITY, out, false};
    const bool grid = field == F_BATCH; /* GPUs come in whole engines, so that every count is tried */
    const int most = grid ? (int)scenario_fields[field].max : FLEET_MAX;
    double before = NAN;
    *out = (struct found){.scenario = *s, .value = NAN, .beyond = NAN, .cost = NAN};
    if (isnan(target))
        return false;
    double now = scenario_is_default(s, &scenario_fields[field]) ? NAN : scenario_number(s, &scenario_fields[field]);
    if (!isnan(now))
        try_value(&q, (int)now); /* first: what is as near as another value stays */
    for (int last = 0, at = 1; at <= most; last = at, at = grid ? (int)fmax(at + 1, floor(at * GRID)) : at + 1) {
        double value = try_value(&q, at);
        if (!isnan(value) && !isnan(before) && (value < target) != (before < target))
            close_in(&q, last, at, before);
        before = value;
    }
    return q.found;
}

bool goal_make_equal(struct explorer *x, const struct scenario *s, const struct equal_row *row, double target,
                     struct found *out) {
    const struct estimate_field *figure = row->figure == E_FEASIBLE ? NULL : &estimate_fields[row->figure];
    struct found second;
    bool found = goal_find_nearest(x, s, row->field, figure, target, out);
    double distance = found ? distance_of(out->value, target) : INFINITY;
    if (row->second == row->field || distance <= EQUAL_ENOUGH)
        return found;
    if (!goal_find_nearest(x, s, row->second, figure, target, &second) || !(distance_of(second.value, target) < distance))
        return found;
    *out = second;
    return true;
}
