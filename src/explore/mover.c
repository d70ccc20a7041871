#include "explore/explore.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/formula.h"

/* A search for the inputs that move a figure most. */
struct moves {
    struct explorer *x;
    const struct scenario *from;
    const struct estimate_field *figure;
    double before;
    bool feasible; /* before: a step must not lose it */
    struct mover *out;
    size_t n, most;
};

/* The figure of a scenario; NAN where it has none. */
static double figure_of(struct moves *q, const struct scenario *s, bool *feasible) {
    struct deployment d;
    struct estimate e;
    *feasible = false;
    if (!q->x->resolve(q->x->user, s, &d))
        return NAN;
    estimate(&d, &q->x->cache, &e);
    *feasible = e.feasible;
    return estimate_number(&e, q->figure);
}

/* Relative change, the same for twice and half; what comes from nothing weighs most. */
static double weight_of(double before, double after) {
    if (before == after)
        return 0;
    return before > 0 && after > 0 ? fabs(log(after / before)) : fabs(before) > 0 ? fabs(after / before - 1) : INFINITY;
}

/* Keeps the move in order of weight; of one input the larger move. */
static void keep(struct moves *q, const struct mover *m) {
    size_t at = 0;
    while (at < q->n && q->out[at].field != m->field)
        at++;
    if (at < q->n && q->out[at].weight >= m->weight)
        return;
    if (at < q->n)
        memmove(&q->out[at], &q->out[at + 1], (--q->n - at) * sizeof *q->out);
    if (q->n == q->most && q->out[q->n - 1].weight >= m->weight)
        return;
    if (q->n == q->most)
        q->n--;
    for (at = q->n++; at > 0 && q->out[at - 1].weight < m->weight; at--)
        q->out[at] = q->out[at - 1];
    q->out[at] = *m;
}

static void try_value(struct moves *q, const struct field *f, double from, double to) {
    struct scenario s = *q->from;
    char err[ERROR_LEN];
    bool feasible;
    if (to == from || !scenario_set_number(&s, f, to, err))
        return;
    double after = figure_of(q, &s, &feasible);
    struct mover m = {.field = f, .from = from, .to = to, .before = q->before, .after = after,
                      .weight = weight_of(q->before, after)};
    if (!isnan(after) && m.weight > 1e-9 && (feasible || !q->feasible))
        keep(q, &m);
}

size_t explore_movers(struct explorer *x, const struct scenario *s, const struct estimate_field *figure, struct mover *out,
                      size_t most) {
    struct moves q = {.x = x, .from = s, .figure = figure, .out = out, .most = most};
    struct deployment d;
    if (figure->type != VALUE_NUMBER || most == 0 || !x->resolve(x->user, s, &d))
        return 0;
    q.before = figure_of(&q, s, &q.feasible);
    for (const struct field *f = scenario_fields; f < scenario_fields + FIELD_COUNT && !isnan(q.before); f++) {
        double now = f->type == FIELD_TEXT ? NAN : deployment_number(&d, f);
        bool doubles = f->scale == SCALE_LOG2;
        if (isnan(now))
            continue;
        try_value(&q, f, now, doubles && now > 0 ? 2 * now : now + f->step);
        try_value(&q, f, now, doubles ? f->type == FIELD_INTEGER ? floor(now / 2) : now / 2 : now - f->step);
    }
    return q.n;
}

const char *mover_print(const struct mover *m, const struct estimate_field *figure, char *buf) {
    double change = 100 * (m->after / m->before - 1);
    bool percent = fabs(change) < 1000 && m->before > 0;
    char by[32] = "", from[32], to[32], after[32];
    if (percent)
        snprintf(by, sizeof by, "%+.*f %%, ", fabs(change) < 10 ? 1 : 0, change);
    snprintf(buf, MOVER_TEXT, "%s %s -> %s: %sto %s%s%s", m->field->id, formula_number(m->from, from),
             formula_number(m->to, to), by, formula_number(m->after, after), figure->unit && *figure->unit ? " " : "",
             figure->unit ? figure->unit : "");
    return buf;
}
