#include "explore/sweep.h"

#include <math.h>
#include <string.h>

#include "core/compare.h"

/* --- which there are --- */

static bool heads_allow(const struct model *m, int tp) {
    return m->n_heads % tp == 0;
}

static bool experts_allow(const struct deployment *d, int ep) {
    const struct model *m = d->model;
    return ep == 1 || (m->n_experts > 0 && (m->n_experts + d->redundant_experts) % ep == 0);
}

static int layout_gpus(const struct deployment *d) {
    return d->mode == MODE_DISAGGREGATED ? d->gpus - d->prefill.gpus : d->gpus;
}

/* All ways to spread the experts over tp x dp GPUs. */
static void add_spreads(const struct deployment *d, struct widths w, struct widths *out, size_t most, size_t *n) {
    enum { EP_MAX = 4096 };
    int ranks = w.tp * w.dp;
    for (int ep = 1; ep <= ranks && ep <= EP_MAX; ep++)
        if (ranks % ep == 0 && experts_allow(d, ep) && (*n)++ < most) {
            w.ep = (short)ep;
            out[*n - 1] = w;
        }
}

size_t sweep_layouts(const struct deployment *d, struct widths *out, size_t most) {
    enum { TP_MAX = 1024, PP_MAX = 256, DP_MAX = 4096 };
    const int gpus = layout_gpus(d);
    size_t n = 0;
    for (int tp = 1; tp <= gpus && tp <= TP_MAX; tp++)
        for (int pp = 1;
             gpus % tp == 0 && heads_allow(d->model, tp) && pp <= gpus / tp && pp <= PP_MAX && pp <= d->model->n_layers;
             pp++)
            for (int dp = 1; gpus / tp % pp == 0 && dp <= gpus / tp / pp && dp <= DP_MAX; dp++)
                if (gpus / tp / pp % dp == 0)
                    add_spreads(d, (struct widths){(short)tp, (short)pp, (short)dp, 1}, out, most, &n);
    return n;
}

void sweep_lay_out(struct deployment *d, struct widths w) {
    d->tp = w.tp;
    d->pp = w.pp;
    d->dp = w.dp;
    d->ep = w.ep;
}

bool sweep_adopt(struct scenario *s, const struct deployment *d, struct widths w) {
    const struct {
        enum field_id field;
        int value;
    } set[] = {{F_TP, w.tp},
               {F_PP, w.pp},
               {F_DP, w.dp},
               {F_EP, w.ep},
               /* whose defaults follow these: they stay what they are */
               {F_PREFILL_GPUS, d->prefill.gpus},
               {F_PREFILL_TP, d->prefill.tp},
               {F_PREFILL_PP, d->prefill.pp},
               {F_PREFILL_DP, d->prefill.dp},
               {F_PREFILL_EP, d->prefill.ep},
               {F_PREFILL_BATCH, d->prefill.batch}};
    size_t n = d->mode == MODE_DISAGGREGATED ? sizeof set / sizeof *set : 4;
    char err[ERROR_LEN];
    for (size_t i = 0; i < n; i++)
        if (!scenario_set_number(s, &scenario_fields[set[i].field], set[i].value, err))
            return false;
    return true;
}

/* --- what they cost --- */

const enum estimate_field_id sweep_layout_figures[LAYOUT_FIGURES] = {
    [LAYOUT_MEM_GB] = E_MEM_GB,   [LAYOUT_TPOT] = E_TPOT_MS,        [LAYOUT_TOK_S_GPU] = E_TOK_S_GPU,
    [LAYOUT_COST] = E_COST_M_OUT, [LAYOUT_OUT_TOK_S] = E_OUT_TOK_S,
};

static struct widths own_widths(const struct deployment *d) {
    return (struct widths){(short)d->tp, (short)d->pp, (short)d->dp, (short)d->ep};
}

/* With more of them than there is room for, the one that is set is among those that are taken. */
static size_t take_layouts(const struct sides *s, int side, struct widths *out, size_t *all) {
    *all = s->known[side] ? sweep_layouts(&s->d[side], out, LAYOUTS_MAX) : 0;
    if (*all <= LAYOUTS_MAX)
        return *all;
    const struct widths own = own_widths(&s->d[side]);
    for (size_t i = 0; i < LAYOUTS_MAX; i++)
        if (memcmp(&out[i], &own, sizeof own) == 0)
            return LAYOUTS_MAX;
    out[LAYOUTS_MAX - 1] = own;
    return LAYOUTS_MAX;
}

void layout_sweep_take(struct layout_sweep *s, const struct explorer *x, const struct scenario *of) {
    sides_take(&s->sides, x, of, NULL);
    s->n_tried = take_layouts(&s->sides, 0, s->tried, &s->n_all);
    s->n = 0;
}

void layout_sweep_work(void *job, const atomic_bool *stop) {
    struct layout_sweep *s = job;
    struct estimate e;
    for (size_t i = 0; i < s->n_tried && !atomic_load(stop); i++) {
        struct deployment d = s->sides.d[0];
        sweep_lay_out(&d, s->tried[i]);
        estimate(&d, &s->cache, &e);
        if (!e.feasible && e.limit != LIMIT_MEMORY) /* not legal: the format's blocks, the KV heads, ... */
            continue;
        struct layout_row *row = &s->row[s->n++];
        *row = (struct layout_row){.w = s->tried[i], .feasible = e.feasible};
        for (int k = 0; k < LAYOUT_FIGURES; k++)
            row->value[k] = k == LAYOUT_MEM_GB ? e.mem_gb : compare_value(&e, sweep_layout_figures[k]);
    }
}

/* --- speed against cost --- */

static const enum estimate_field_id front_figures[FRONTS] = {
    [FRONT_TOK_S_GPU] = E_TOK_S_GPU, [FRONT_COST] = E_COST_M_OUT};

void frontier_take(struct frontier *f, const struct explorer *x, const struct scenario *a, const struct scenario *b) {
    sides_take(&f->sides, x, a, b);
    for (int i = 0; i < 2; i++) {
        size_t all;
        f->n_layouts[i] = take_layouts(&f->sides, i, f->layout[i], &all);
    }
}

static struct front_point front_point_make(struct frontier *f, int side, struct widths w, int batch) {
    struct deployment d = f->sides.d[side];
    struct estimate e;
    struct front_point p = {.batch = batch, .w = w};
    sweep_lay_out(&d, w);
    d.batch = batch;
    estimate(&d, &f->cache, &e);
    p.speed = compare_value(&e, E_TOK_S_USER);
    for (int k = 0; k < FRONTS; k++)
        p.value[k] = compare_value(&e, front_figures[k]);
    return p;
}

/* At least as good on both, whichever way the figure is better. */
static bool dominates(const struct front_point *a, const struct front_point *b, int front) {
    bool lower = estimate_fields[front_figures[front]].better == BETTER_LOWER;
    return a->speed >= b->speed && (lower ? a->value[front] <= b->value[front] : a->value[front] >= b->value[front]);
}

/* Takes the point in unless another does as well, and puts out those that it makes pointless. */
static void front_add(struct front_point *best, size_t *n, const struct front_point *p, int front) {
    size_t kept = 0, at;
    if (isnan(p->speed) || isnan(p->value[front]))
        return;
    for (size_t i = 0; i < *n; i++)
        if (dominates(&best[i], p, front))
            return;
    for (size_t i = 0; i < *n; i++)
        if (!dominates(p, &best[i], front))
            best[kept++] = best[i];
    *n = kept;
    if (*n == FRONT_MAX)
        return;
    for (at = (*n)++; at > 0 && best[at - 1].speed < p->speed; at--)
        best[at] = best[at - 1];
    best[at] = *p;
}

static int front_batch(int i) {
    return (int)round(exp2(i * (double)ilogb(SWEEP_BATCH_MAX) / (FRONT_BATCHES - 1)));
}

/* One batch in every layout before the next: they share its routing laws. */
static void frontier_side(struct frontier *f, int side, const atomic_bool *stop) {
    struct widths own = own_widths(&f->sides.d[side]);
    f->of[side].now = front_point_make(f, side, own, f->sides.d[side].batch);
    for (int i = 0; i < FRONT_BATCHES; i++) {
        f->of[side].own[f->of[side].n_own++] = front_point_make(f, side, own, front_batch(i));
        for (size_t k = 0; k < f->n_layouts[side] && !atomic_load(stop); k++) {
            struct front_point p = front_point_make(f, side, f->layout[side][k], front_batch(i));
            for (int front = 0; front < FRONTS; front++)
                front_add(f->of[side].best[front], &f->of[side].n_best[front], &p, front);
        }
    }
}

void frontier_work(void *job, const atomic_bool *stop) {
    struct frontier *f = job;
    for (int side = 0; side < 2; side++) {
        f->of[side].n_own = 0;
        f->of[side].now.speed = NAN;
        for (int front = 0; front < FRONTS; front++)
            f->of[side].n_best[front] = 0;
        if (f->sides.known[side])
            frontier_side(f, side, stop);
    }
}
