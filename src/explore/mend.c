#include "explore/explore.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The moves that people make when a model does not fit, and how far each takes them from what they asked for. Fewer
 * sequences and coarser formats change the answer; more GPUs change the bill. */
struct text_move {
    enum field_id field;
    const char *value;
    double cost;
};

static const struct text_move text_moves[] = {
    {F_WEIGHTS, "fp8", 1.0},          {F_WEIGHTS, "int8-w8a16", 1.1}, {F_WEIGHTS, "int4-awq-g128", 2.0},
    {F_KV, "kv-fp8", 0.8},            {F_GPU, "h200-sxm", 1.6},       {F_GPU, "b200-sxm", 1.9},
    {F_GPU, "mi300x", 2.1},
};

struct search {
    struct explorer *x;
    const struct scenario *from;
    struct mend *out;
    size_t n, most;
};

static bool works(struct search *q, const struct scenario *s) {
    struct deployment d;
    struct estimate e;
    if (!q->x->resolve(q->x->user, s, &d))
        return false;
    estimate(&d, &q->x->cache, &e);
    return e.feasible;
}

/* Which fields two scenarios differ in, a bit each. */
static uint64_t changed_fields(const struct scenario *a, const struct scenario *b) {
    uint64_t changed = 0;
    for (int i = 0; i < FIELD_COUNT; i++) {
        char was[VALUE_LEN], is[VALUE_LEN];
        const struct field *f = &scenario_fields[i];
        if (strcmp(scenario_print(a, f, was), scenario_print(b, f, is)) != 0)
            changed |= UINT64_C(1) << i;
    }
    return changed;
}

static void describe(uint64_t changed, struct mend *m) {
    size_t used = 0;
    for (int i = 0; i < FIELD_COUNT && used < sizeof m->text; i++) {
        char value[VALUE_LEN];
        if (changed >> i & 1) {
            scenario_print(&m->scenario, &scenario_fields[i], value);
            used += (size_t)snprintf(m->text + used, sizeof m->text - used, "%s%s %.40s", used ? ", " : "",
                                     scenario_fields[i].id, *value ? value : "default");
        }
    }
}

static void drop(struct search *q, size_t i) {
    memmove(&q->out[i], &q->out[i + 1], (--q->n - i) * sizeof *q->out);
}

/* Keeps a move that works, in order of cost. Of moves of the same fields the nearest is enough. */
static void consider(struct search *q, const struct scenario *s, double cost) {
    uint64_t changed = changed_fields(q->from, s);
    if (!changed || (q->n == q->most && q->out[q->n - 1].cost <= cost) || !works(q, s))
        return;
    for (size_t i = 0; i < q->n; i++)
        if (changed_fields(q->from, &q->out[i].scenario) == changed) {
            if (q->out[i].cost <= cost)
                return;
            drop(q, i);
            break;
        }
    if (q->n == q->most)
        q->n--;
    size_t at = q->n;
    while (at > 0 && q->out[at - 1].cost > cost)
        at--;
    memmove(&q->out[at + 1], &q->out[at], (q->n++ - at) * sizeof *q->out);
    q->out[at] = (struct mend){.scenario = *s, .cost = cost};
    describe(changed, &q->out[at]);
}

static bool set(struct scenario *s, enum field_id id, double value) {
    char err[ERROR_LEN];
    return scenario_set_number(s, &scenario_fields[id], value, err);
}

static void try_texts(struct search *q, const struct scenario *base, double cost) {
    char err[ERROR_LEN];
    for (size_t i = 0; i < sizeof text_moves / sizeof *text_moves; i++) {
        struct scenario s = *base;
        if (scenario_parse(&s, &scenario_fields[text_moves[i].field], text_moves[i].value, err))
            consider(q, &s, cost + text_moves[i].cost);
    }
}

/* More GPUs: tp grows with them inside a node, pp beyond it. */
static void try_gpus(struct search *q, const struct deployment *d) {
    for (int times = 2; times <= 16; times *= 2) {
        struct scenario s = *q->from, wide, deep;
        double cost = log2(times), width = (double)d->tp * d->dp;
        if (!set(&s, F_GPUS, (double)d->gpus * times))
            return;
        if (d->mode == MODE_DISAGGREGATED && !scenario_is_default(&s, &scenario_fields[F_PREFILL_GPUS]))
            set(&s, F_PREFILL_GPUS, (double)d->prefill.gpus * times);
        wide = deep = s;
        consider(q, &s, cost);
        if (!scenario_is_default(&s, &scenario_fields[F_TP]) && set(&wide, F_TP, (double)d->tp * times))
            consider(q, &wide, cost + (width * times > d->gpus_per_node ? 0.8 : 0.1));
        if (set(&deep, F_PP, (double)d->pp * times))
            consider(q, &deep, cost + 0.3);
        try_texts(q, &s, cost);
    }
}

/* A layout that the rules allow: one width at another power of two, no replicas, no token budget, no drafts, or all at
 * their defaults. */
static void try_layouts(struct search *q, const struct deployment *d) {
    const struct {
        enum field_id field;
        int now;
    } widths[] = {{F_TP, d->tp}, {F_PP, d->pp}, {F_DP, d->dp}, {F_EP, d->ep}};
    struct scenario plain = *q->from, single = plain, whole = plain, sober = plain;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        for (int value = 1; value <= 256; value *= 2) {
            struct scenario s = *q->from;
            if (value != widths[i].now && set(&s, widths[i].field, value))
                consider(q, &s, 0.4 + fabs(log2((double)value / widths[i].now)) / 10);
        }
        scenario_set_default(&plain, &scenario_fields[widths[i].field]);
    }
    scenario_set_default(&plain, &scenario_fields[F_REDUNDANT_EXPERTS]);
    scenario_set_default(&single, &scenario_fields[F_REDUNDANT_EXPERTS]);
    scenario_set_default(&whole, &scenario_fields[F_CHUNK_TOKENS]);
    scenario_set_default(&sober, &scenario_fields[F_SPEC_DEPTH]);
    consider(q, &plain, 1.2);
    consider(q, &single, 0.5);
    consider(q, &whole, 0.5);
    consider(q, &sober, 0.5);
}

/* The fleet divided otherwise, prefill engines of another layout, or pools that are one again. */
static void try_pools(struct search *q, const struct deployment *d) {
    const struct {
        enum field_id field;
        int now;
    } widths[] = {{F_PREFILL_TP, d->prefill.tp}, {F_PREFILL_PP, d->prefill.pp}, {F_PREFILL_DP, d->prefill.dp},
                  {F_PREFILL_EP, d->prefill.ep}, {F_PREFILL_GPUS, d->prefill.gpus}};
    struct scenario plain = *q->from, one = plain;
    char err[ERROR_LEN];
    if (d->mode == MODE_AGGREGATED)
        return;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        for (int value = 1; value <= 256; value *= 2) {
            struct scenario s = *q->from;
            if (value != widths[i].now && set(&s, widths[i].field, value))
                consider(q, &s, 0.4 + fabs(log2((double)value / widths[i].now)) / 10);
        }
        scenario_set_default(&plain, &scenario_fields[widths[i].field]);
    }
    struct scenario other = *q->from;
    if (set(&other, F_PREFILL_GPUS, deployment_default_prefill_gpus(d)))
        consider(q, &other, 0.3);
    consider(q, &plain, 1.1);
    if (scenario_parse(&one, &scenario_fields[F_MODE], scenario_fields[F_MODE].fixed[MODE_AGGREGATED], err))
        consider(q, &one, 1.5);
}

/* Fewer or shorter sequences. */
static void try_workload(struct search *q, const struct deployment *d) {
    static const enum field_id loads[] = {F_BATCH, F_ISL, F_OSL};
    const double now[] = {d->batch, d->isl, d->osl};
    for (size_t i = 0; i < 3; i++)
        for (int power = 1; power <= 10; power++) {
            struct scenario s = *q->from;
            double value = floor(now[i] / pow(2, power));
            if (value < 1 || !set(&s, loads[i], value))
                break;
            consider(q, &s, 0.6 + power * (i == 0 ? 0.3 : 0.6));
        }
}

size_t explore_mends(struct explorer *x, const struct scenario *s, struct mend *out, size_t most) {
    struct search q = {.x = x, .from = s, .out = out, .most = most};
    struct deployment d;
    if (most == 0 || !x->resolve(x->user, s, &d))
        return 0;
    try_layouts(&q, &d);
    try_pools(&q, &d);
    try_texts(&q, s, 0);
    try_workload(&q, &d);
    try_gpus(&q, &d);
    return q.n;
}
