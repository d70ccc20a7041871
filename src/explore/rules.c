#include "explore/rules.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "explore/contest.h"
#include "explore/words.h"

const char *const contest_names[2] = {"A", "B"};
const char *const rule_group_names[RULE_GROUPS] = {"MoE wins", "dense wins", "either works", "decision", "operations", "text"};
const char *const rule_verdict_names[] = {"n/a", "true", "false"};

void contest_tell(const struct contest *c, struct rule_result *r, const char *format, ...) {
    size_t used;
    va_list args;
    if (!c->telling)
        return;
    used = strlen(r->why);
    va_start(args, format);
    vsnprintf(r->why + used, RULE_WHY - used, format, args);
    va_end(args);
}

/* --- variants -------------------------------------------------------------------------------------------------------- */

static bool resolve_spread(const struct contest *c, int slot, double gpus, const char *weights, struct deployment *d) {
    static const enum field_id layout[] = {F_TP, F_PP, F_DP, F_EP, F_REDUNDANT_EXPERTS, F_PREFILL_GPUS, F_PREFILL_TP,
                                           F_PREFILL_PP, F_PREFILL_DP, F_PREFILL_EP, F_PREFILL_BATCH};
    struct scenario s = *c->side[slot]->scenario;
    char err[ERROR_LEN];
    for (size_t i = 0; i < sizeof layout / sizeof *layout; i++)
        scenario_set_default(&s, &scenario_fields[layout[i]]);
    s.gpus = gpus;
    if (weights) {
        scenario_set_default(&s, &scenario_fields[F_WEIGHTS_EXPERTS]);
        if (!scenario_parse(&s, &scenario_fields[F_WEIGHTS], weights, err))
            return false;
    }
    return c->x->resolve(c->x->user, &s, d);
}

bool contest_spread(const struct contest *c, int slot, double gpus, const char *weights, struct deployment *d) {
    int power = ilogb(gpus);
    if (weights || power >= SPREADS || gpus != 1 << power)
        return resolve_spread(c, slot, gpus, weights, d);
    struct spread *s = &c->spreads->of[slot][power];
    if (!s->made)
        s->resolves = resolve_spread(c, slot, gpus, NULL, &s->d);
    s->made = true;
    *d = s->d;
    return s->resolves;
}

bool contest_quantise(const struct contest *c, int slot, double gpus, struct deployment *d) {
    static const double NARROW = 0.6; /* bytes: all formats of 4 bits with their scales */
    const struct deployment *now = &c->side[slot]->d;
    const struct format *most = now->model->n_experts > 0 ? now->weights_experts : now->weights;
    return contest_spread(c, slot, gpus, most->bytes < NARROW ? NULL : "int4-awq-g128", d);
}

/* --- one verdict ----------------------------------------------------------------------------------------------------- */

static void judge(const struct contest *c, const struct rule *rule, struct rule_result *r) {
    r->verdict = RULE_SILENT;
    r->certain = true;
    r->value[0] = r->value[1] = NAN;
    rule->judge(c, rule, r);
}

/* The batch nearest to the scenario's that the rule speaks of. */
static int rule_batch(const struct rule *rule, int batch) {
    if (rule->batch[0] > 0 && batch < rule->batch[0])
        return rule->batch[0];
    return rule->batch[1] > 0 && batch > rule->batch[1] ? rule->batch[1] : batch;
}

static void judge_here(const struct contest *now, const struct rule *rule, struct rule_result *r) {
    struct side moved[2];
    struct contest c = *now;
    bool by_batch = rule->axes & 1u << RULE_BATCH || rule->batch[0] > 0 || rule->batch[1] > 0;
    c.telling = true;
    for (int i = 0; i < 2; i++) {
        int asked = now->side[i]->d.batch, batch = rule_batch(rule, asked);
        r->batch[i] = by_batch ? batch : 0;
        if (batch == asked)
            continue;
        moved[i].scenario = now->side[i]->scenario;
        moved[i].d = now->side[i]->d;
        moved[i].d.batch = batch;
        estimate(&moved[i].d, &now->x->cache, &moved[i].e);
        c.side[i] = &moved[i];
    }
    judge(&c, rule, r);
}

/* --- where verdicts turn: batch -------------------------------------------------------------------------------------- */

/* All rules at each batch looked at, so that one pair of estimates serves them all. */
struct scan {
    struct contest c;
    struct side side[2];
    int n, most;
    struct point {
        int batch;
        uint64_t known, holds; /* bit per rule */
    } point[RULE_BATCHES];
};

static const struct point *scan_at(struct scan *s, int batch) {
    for (int i = 0; i < s->n; i++)
        if (s->point[i].batch == batch)
            return &s->point[i];
    if (s->n >= s->most)
        return NULL;
    struct point *p = &s->point[s->n++];
    *p = (struct point){.batch = batch};
    for (int i = 0; i < 2; i++) {
        s->side[i].d.batch = batch;
        estimate(&s->side[i].d, &s->c.x->cache, &s->side[i].e);
    }
    for (int k = 0; k < RULE_COUNT; k++) {
        struct rule_result r;
        if (!(rules[k].axes & 1u << RULE_BATCH))
            continue;
        judge(&s->c, &rules[k], &r);
        p->known |= (uint64_t)(r.verdict != RULE_SILENT) << k;
        p->holds |= (uint64_t)(r.verdict == RULE_TRUE) << k;
    }
    return p;
}

/* Narrows a turn between two batches down to neighbours, or to a share of them, as far as the scan may go. */
static void narrow(struct scan *s, int rule, double share, struct rule_flip *f) {
    while (f->from - f->before > fmax(1, share * f->before)) {
        int middle = (int)f->before + ((int)f->from - (int)f->before) / 2;
        const struct point *p = scan_at(s, middle);
        if (!p || !(p->known >> rule & 1))
            break;
        if ((p->holds >> rule & 1) == f->holds_from)
            f->from = middle;
        else
            f->before = middle;
    }
}

static double distance(double a, double b) {
    return fabs(log(a / b));
}

/* Of both; in the middle where they differ. */
static double batch_judged(const struct rule_result *r) {
    return sqrt((double)r->batch[0] * r->batch[1]);
}

/* Powers of two, and the batch judged at between them. */
static int next_batch(int batch, double here) {
    int power = 1;
    while (power <= batch)
        power *= 2;
    return batch < here && here < power && here == floor(here) ? (int)here : power;
}

/* The turn nearest to `here` between two batches of the doubling scan. Returns the verdict at the largest. */
static enum rule_verdict find_flip(struct scan *s, int rule, double here, struct rule_flip *out) {
    bool before = false;
    int last = 0;
    for (int batch = 1; batch <= RULE_BATCH_MAX; batch = next_batch(batch, here)) {
        const struct point *p = scan_at(s, batch);
        if (!p || !(p->known >> rule & 1))
            continue;
        bool holds = p->holds >> rule & 1;
        if (last > 0 && holds != before && (isnan(out->from) || distance(here, batch) < distance(here, out->from)))
            *out = (struct rule_flip){last, batch, holds, false};
        last = batch;
        before = holds;
    }
    return last == 0 ? RULE_SILENT : before ? RULE_TRUE : RULE_FALSE;
}

/* A routing law takes longer the more experts there are, and again where ranks compete. */
static int batches_for(const struct contest *c, enum rule_effort effort) {
    enum { QUICK = 56, MANY_EXPERTS = 64, GRID = 18 }; /* powers of two, and five batches judged at */
    int weight = 1;
    for (int i = 0; i < 2; i++) {
        const struct deployment *d = &c->side[i]->d;
        if (d->model->n_experts >= MANY_EXPERTS)
            weight = d->ep > 1 ? 4 : weight > 2 ? weight : 2;
    }
    int batches = QUICK / weight;
    return effort == RULES_EXACT ? RULE_BATCHES : batches < GRID ? GRID : batches;
}

/* First every turn roughly, then to neighbours as long as batches last. */
static int flip_batches(const struct contest *now, enum rule_effort effort, struct rule_results *out) {
    static const double shares[] = {0.1, 0};
    struct scan s = {.c = *now, .side = {*now->side[0], *now->side[1]}, .most = batches_for(now, effort)};
    s.c.side[0] = &s.side[0];
    s.c.side[1] = &s.side[1];
    for (int k = 0; k < RULE_COUNT; k++) {
        struct rule_result *r = &out->rule[k];
        if (!(rules[k].axes & 1u << RULE_BATCH) || r->verdict == RULE_SILENT)
            continue;
        r->searched[RULE_BATCH] = true;
        r->at_one_batch = find_flip(&s, k, batch_judged(r), &r->flip[RULE_BATCH]);
    }
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
        for (int k = 0; k < RULE_COUNT; k++)
            if (!isnan(out->rule[k].flip[RULE_BATCH].from))
                narrow(&s, k, shares[i], &out->rule[k].flip[RULE_BATCH]);
    for (int k = 0; k < RULE_COUNT; k++)
        out->rule[k].flip[RULE_BATCH].above = batch_judged(&out->rule[k]) < out->rule[k].flip[RULE_BATCH].from;
    return 2 * s.n;
}

/* --- where verdicts turn: GPUs of the MoE, price of the MoE --------------------------------------------------------------- */

static enum rule_verdict verdict_on(const struct contest *now, const struct rule *rule, const struct rule_result *here,
                                    int gpus) {
    struct side moe = {.scenario = now->side[now->moe]->scenario}, dense = *now->side[now->dense];
    struct contest c = *now;
    struct rule_result r = *here;
    if (!contest_spread(now, now->moe, gpus, NULL, &moe.d))
        return RULE_SILENT;
    if (here->batch[0] > 0) {
        moe.d.batch = here->batch[now->moe];
        dense.d.batch = here->batch[now->dense];
        estimate(&dense.d, &now->x->cache, &dense.e);
    }
    estimate(&moe.d, &now->x->cache, &moe.e);
    c.side[now->moe] = &moe;
    c.side[now->dense] = &dense;
    judge(&c, rule, &r);
    return r.verdict;
}

/* From the GPUs that the MoE has, up and down by powers of two, to the nearest count with the other verdict; counts where
 * the rule is silent are passed over. */
static int flip_gpus(const struct contest *now, const struct rule *rule, struct rule_result *r) {
    int here = now->side[now->moe]->d.gpus, estimates = 0, down = 0, above_down = here, up = 0, below_up = here;
    bool holds = r->verdict == RULE_TRUE;
    for (int gpus = 1; gpus <= RULE_GPUS_MAX && up == 0; gpus *= 2) {
        enum rule_verdict v = gpus == here ? r->verdict : verdict_on(now, rule, r, gpus);
        estimates += 2 * (gpus != here);
        if (v == RULE_SILENT)
            continue;
        if (gpus < here && v != r->verdict) {
            down = gpus;
            above_down = here;
        } else if (gpus < here && above_down == here) {
            above_down = gpus;
        } else if (v == r->verdict) {
            below_up = gpus;
        } else {
            up = gpus;
        }
    }
    r->searched[RULE_GPUS] = true;
    if (up > 0 && (down == 0 || distance(up, here) <= distance(down, here)))
        r->flip[RULE_GPUS] = (struct rule_flip){below_up, up, !holds, true};
    else if (down > 0)
        r->flip[RULE_GPUS] = (struct rule_flip){down, above_down, holds, false};
    return estimates;
}

/* Cost is in proportion to the price: equal where the MoE's price is as many times its own as the dense one's cost is the
 * MoE's. Above, the dense one is the cheaper. */
static void flip_price(const struct contest *now, const struct rule *rule, struct rule_result *r) {
    double here = now->side[now->moe]->d.price, price = here * r->value[now->dense] / r->value[now->moe];
    r->searched[RULE_PRICE] = true;
    if (price > 0 && isfinite(price))
        r->flip[RULE_PRICE] = (struct rule_flip){price, price, rule->dense, price > here};
}

/* --- words about turns ------------------------------------------------------------------------------------------------- */

/* `brief`: for a cell of a table, else for a sentence. */
static void print_flip(const struct rule_result *r, enum rule_axis axis, bool brief, char *buf, size_t size) {
    char number[WORDS_NUMBER];
    const struct rule_flip *f = &r->flip[axis];
    bool above = f->above, rough = axis == RULE_BATCH && f->from - f->before > 1;
    double at = rough ? round(sqrt(f->from * f->before)) : above ? f->from : f->before; /* where the other verdict begins */
    if (axis == RULE_PRICE)
        words_add(buf, size, "%s %s $/h", above ? "above" : "below", words_number(at, number));
    else if (axis == RULE_GPUS && above)
        words_add(buf, size, "%.0f+ GPUs", at);
    else if (axis == RULE_GPUS)
        words_add(buf, size, "%s%.0f%s", brief && at > 1 ? "<=" : "", at, at <= 1 ? " GPU" : brief ? " GPUs" : " or fewer GPUs");
    else
        words_add(buf, size, "batch %s%s%.0f%s", !above && brief ? "<=" : "", rough ? "~" : "", at,
                  above ? "+" : brief ? "" : " or less");
}

const char *rule_flips_print(const struct rule_result *r, char *buf, size_t size) {
    *buf = '\0';
    for (int axis = 0; axis < RULE_AXES; axis++)
        if (!isnan(r->flip[axis].from)) {
            words_add(buf, size, "%s", *buf ? ", " : "");
            print_flip(r, (enum rule_axis)axis, true, buf, size);
        }
    if (!*buf)
        words_add(buf, size, "-");
    return buf;
}

static void tell_flips(const struct contest *c, struct rule_result *r) {
    char turn[96];
    for (int axis = 0; axis < RULE_AXES; axis++) {
        if (!r->searched[axis])
            continue;
        turn[0] = '\0';
        if (!isnan(r->flip[axis].from))
            print_flip(r, (enum rule_axis)axis, false, turn, sizeof turn);
        if (*turn && axis == RULE_BATCH)
            contest_tell(c, r, "%s turns at %s. ", r->batch[0] == r->batch[1] ? "It" : "With both at one batch it", turn);
        else if (*turn && axis == RULE_GPUS)
            contest_tell(c, r, "It turns with %s on %s. ", contest_names[c->moe], turn);
        else if (*turn)
            contest_tell(c, r, "It turns with %s's GPUs %s. ", contest_names[c->moe], turn);
        else if (axis == RULE_BATCH && r->batch[0] == r->batch[1])
            contest_tell(c, r, "No batch of 1, 2, 4 ... %d turns it. ", RULE_BATCH_MAX);
        else if (axis == RULE_BATCH && r->at_one_batch != RULE_SILENT)
            contest_tell(c, r, "With both at one batch it is %s at 1, 2, 4 ... %d. ", rule_verdict_names[r->at_one_batch],
                         RULE_BATCH_MAX);
        else if (axis == RULE_GPUS)
            contest_tell(c, r, "%s on 1, 2, 4 ... %d GPUs does not turn it. ", contest_names[c->moe], RULE_GPUS_MAX);
    }
}

/* A rule that was judged at another batch than the one set: what that says. */
static void tell_as_set(const struct contest *c, const struct rule *rule, struct rule_result *r) {
    char number[WORDS_NUMBER];
    struct rule_result set;
    int a = c->side[0]->d.batch, b = c->side[1]->d.batch;
    struct contest silent = *c;
    if (r->batch[0] == 0 || (r->batch[0] == a && r->batch[1] == b))
        return;
    silent.telling = false;
    judge(&silent, rule, &set);
    if (set.verdict == RULE_SILENT)
        return;
    if (a == b)
        contest_tell(c, r, "At the batch as set, %d:", a);
    else
        contest_tell(c, r, "At the batches as set, %d and %d:", a, b);
    for (int i = 0; i < 2; i++)
        if (!isnan(set.value[i]))
            contest_tell(c, r, " %s %s,", contest_names[i], words_number(set.value[i], number));
    contest_tell(c, r, " %s. ", rule_verdict_names[set.verdict]);
}

/* --- all rules ----------------------------------------------------------------------------------------------------------- */

static void find_kinds(struct contest *c) {
    bool moe[2];
    for (int i = 0; i < 2; i++)
        moe[i] = c->side[i]->d.model->n_experts > 0;
    c->moe = c->dense = -1;
    if (moe[0] != moe[1]) {
        c->moe = moe[0] ? 0 : 1;
        c->dense = 1 - c->moe;
    }
}

static void find_flips(const struct contest *now, enum rule_effort effort, struct rule_results *out) {
    out->estimates = flip_batches(now, effort, out);
    for (int k = 0; k < RULE_COUNT && now->moe >= 0; k++) {
        struct rule_result *r = &out->rule[k];
        if (r->verdict == RULE_SILENT)
            continue;
        if (rules[k].axes & 1u << RULE_GPUS)
            out->estimates += flip_gpus(now, &rules[k], r);
        if (rules[k].axes & 1u << RULE_PRICE)
            flip_price(now, &rules[k], r);
    }
}

bool rules_make(struct explorer *x, const struct scenario *a, const struct scenario *b, enum rule_effort effort,
                struct rule_results *out) {
    struct side side[2] = {{.scenario = a}, {.scenario = b}};
    struct spreads spreads = {0};
    struct contest now = {.x = x, .spreads = &spreads, .side = {&side[0], &side[1]}};
    *out = (struct rule_results){.moe = -1, .dense = -1};
    for (int i = 0; i < 2; i++) {
        if (!x->resolve(x->user, side[i].scenario, &side[i].d))
            return false;
        estimate(&side[i].d, &x->cache, &side[i].e);
    }
    find_kinds(&now);
    out->moe = now.moe;
    out->dense = now.dense;
    for (int k = 0; k < RULE_COUNT; k++) {
        for (int axis = 0; axis < RULE_AXES; axis++)
            out->rule[k].flip[axis] = (struct rule_flip){NAN, NAN, false, false};
        judge_here(&now, &rules[k], &out->rule[k]);
    }
    find_flips(&now, effort, out);
    now.telling = true;
    for (int k = 0; k < RULE_COUNT; k++) {
        tell_as_set(&now, &rules[k], &out->rule[k]);
        tell_flips(&now, &out->rule[k]);
    }
    return true;
}
