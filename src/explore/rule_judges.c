#include <ctype.h>
#include <math.h>

#include "core/compare.h"
#include "explore/contest.h"
#include "explore/words.h"

/* Figures this near are level. */
static const double LEVEL = 0.005;

struct reading {
    double value, lo, hi;
};

/* The figure of a slot with its interval: as wide, relatively, as that of the estimate field that it follows. */
static struct reading read_slot(const struct contest *c, const struct rule *rule, int slot) {
    const struct estimate *e = &c->side[slot]->e;
    double value = rule->value ? rule->value(c, slot) : compare_value(e, rule->field), lo, hi;
    double base = compare_value(e, rule->field);
    if (rule->exact || base == 0)
        return (struct reading){value, value, value};
    if (!compare_interval(e, rule->field, &lo, &hi)) /* of a variant of what does not run itself */
        return (struct reading){value, 0, INFINITY};
    return (struct reading){value, value * lo / base, value * hi / base};
}

static void read_both(const struct contest *c, const struct rule *rule, struct rule_result *r, struct reading read[2]) {
    for (int i = 0; i < 2; i++) {
        read[i] = read_slot(c, rule, i);
        r->value[i] = read[i].value;
    }
}

static bool apart(const struct reading read[2]) {
    return read[0].hi < read[1].lo || read[1].hi < read[0].lo;
}

/* --- words ------------------------------------------------------------------------------------------------------- */

static void tell_figure(const struct contest *c, const struct rule *rule, struct rule_result *r, int slot,
                        const struct reading *f) {
    char value[WORDS_NUMBER], lo[WORDS_NUMBER], hi[WORDS_NUMBER];
    contest_tell(c, r, "%s %s%s%s", contest_names[slot], words_number(f->value, value), *rule->unit ? " " : "", rule->unit);
    if (f->hi > f->lo && isfinite(f->hi))
        contest_tell(c, r, " (%s-%s)", words_number(f->lo, lo), words_number(f->hi, hi));
}

/* "TPOT, batch 15: A 24.1 ms (20-29), B 33 ms (28-41). " */
static void tell_figures(const struct contest *c, const struct rule *rule, struct rule_result *r,
                         const struct reading read[2]) {
    if (!c->telling)
        return;
    contest_tell(c, r, "%c%s", toupper((unsigned char)rule->compares[0]), rule->compares + 1);
    if (r->batch[0] > 0 && r->batch[0] == r->batch[1])
        contest_tell(c, r, ", batch %d", r->batch[0]);
    else if (r->batch[0] > 0)
        contest_tell(c, r, ", batches %d and %d", r->batch[0], r->batch[1]);
    contest_tell(c, r, ": ");
    for (int i = 0; i < 2; i++)
        if (!isnan(read[i].value)) {
            contest_tell(c, r, "%s", i == 1 && !isnan(read[0].value) ? ", " : "");
            tell_figure(c, rule, r, i, &read[i]);
        }
    contest_tell(c, r, ". ");
}

static void tell_uncertain(const struct contest *c, struct rule_result *r) {
    contest_tell(c, r, "%s. ", r->certain ? "" : ", within the uncertainty");
}

/* Which is better and by how much. */
static void tell_better(const struct contest *c, const struct rule *rule, struct rule_result *r, int better) {
    if (!c->telling)
        return;
    char factor[WORDS_NUMBER];
    if (better < 0) {
        contest_tell(c, r, "They are level");
    } else {
        double x = r->value[better], y = r->value[1 - better];
        contest_tell(c, r, "%s's is the %s", contest_names[better], rule->higher ? "higher" : "lower");
        if (fmin(x, y) > 0)
            contest_tell(c, r, " by a factor of %s", words_number(fmax(x, y) / fmin(x, y), factor));
    }
    tell_uncertain(c, r);
}

static void tell_bounds(const struct contest *c, struct rule_result *r, const double bound[2], const char *unit) {
    if (!c->telling)
        return;
    char lo[WORDS_NUMBER], hi[WORDS_NUMBER];
    const char *gap = *unit ? " " : "";
    words_number(bound[0], lo);
    words_number(bound[1], hi);
    if (isinf(bound[1]))
        contest_tell(c, r, "The rule takes %s%s%s or more", lo, gap, unit);
    else if (bound[0] <= 0)
        contest_tell(c, r, "The rule takes %s%s%s or less", hi, gap, unit);
    else
        contest_tell(c, r, "The rule takes %s to %s%s%s", lo, hi, gap, unit);
    contest_tell(c, r, "; this is %s", r->verdict == RULE_TRUE ? "inside" : "outside");
    tell_uncertain(c, r);
}

/* --- what keeps a rule from applying ------------------------------------------------------------------------------- */

static bool silence(struct rule_result *r) {
    r->verdict = RULE_SILENT;
    r->certain = true;
    return false;
}

static bool silence_unknown(const struct contest *c, const struct rule *rule, struct rule_result *r, int slot) {
    const struct side *s = c->side[slot];
    if (!s->e.feasible)
        contest_tell(c, r, "%s is not possible: %s. ", contest_names[slot], s->e.limit_text);
    else if (isnan(s->d.price) && (rule->axes & 1u << RULE_PRICE || rule->field == E_COST_M_OUT))
        contest_tell(c, r, "No price is known for %s. ", contest_names[slot]);
    else
        contest_tell(c, r, "%s has no such figure. ", contest_names[slot]);
    return silence(r);
}

/* One of each, for rules that set an MoE against a dense model. */
static bool is_pair(const struct contest *c, const struct rule *rule, struct rule_result *r) {
    if (rule->any_pair || c->moe >= 0)
        return true;
    contest_tell(c, r, "It sets a mixture of experts against a dense model; here both are %s. ",
                 c->side[0]->d.model->n_experts > 0 ? "mixtures of experts" : "dense");
    return silence(r);
}

static bool applies(const struct contest *c, const struct rule *rule, struct rule_result *r) {
    if (!is_pair(c, rule, r))
        return false;
    for (int i = 0; i < 2; i++)
        if (isnan(r->value[i]))
            return silence_unknown(c, rule, r, i);
    return true;
}

static bool applies_to_moe(const struct contest *c, const struct rule *rule, struct rule_result *r) {
    return is_pair(c, rule, r) && (!isnan(r->value[c->moe]) || silence_unknown(c, rule, r, c->moe));
}

/* --- judges ---------------------------------------------------------------------------------------------------------- */

static enum rule_verdict verdict_of(bool holds) {
    return holds ? RULE_TRUE : RULE_FALSE;
}

static int better_of(const struct rule_result *r, bool higher) {
    double x = r->value[0], y = r->value[1];
    if (fabs(x - y) <= LEVEL * fmax(fabs(x), fabs(y)))
        return -1;
    return (x > y) == higher ? 0 : 1;
}

static int favoured(const struct contest *c, const struct rule *rule) {
    return rule->dense ? c->dense : c->moe;
}

static void settle_better(const struct contest *c, const struct rule *rule, struct rule_result *r,
                          const struct reading read[2]) {
    int better = better_of(r, rule->higher), for_whom = favoured(c, rule);
    double most = rule->bound[1];
    bool within = !(most > 0) || r->value[for_whom] <= most;
    char limit[WORDS_NUMBER];
    r->certain = rule->exact || apart(read) || !within;
    r->verdict = verdict_of(better == for_whom && within);
    tell_better(c, rule, r, better);
    if (!within)
        contest_tell(c, r, "%s's is above %s. ", contest_names[for_whom], words_number(most, limit));
}

void judge_better(const struct contest *c, const struct rule *rule, struct rule_result *r) {
    struct reading read[2];
    read_both(c, rule, r, read);
    tell_figures(c, rule, r, read);
    if (applies(c, rule, r))
        settle_better(c, rule, r, read);
}

/* Sure where the whole interval lies on one side of the bounds. */
static void settle_bounds(const struct contest *c, struct rule_result *r, const struct reading *f, const double bound[2],
                          const char *unit) {
    bool holds = f->value >= bound[0] && f->value <= bound[1];
    r->verdict = verdict_of(holds);
    r->certain = holds ? f->lo >= bound[0] && f->hi <= bound[1] : f->hi < bound[0] || f->lo > bound[1];
    tell_bounds(c, r, bound, unit);
}

static void judge_bounds(const struct contest *c, const struct rule *rule, struct rule_result *r, const double bound[2]) {
    struct reading read[2];
    read_both(c, rule, r, read);
    tell_figures(c, rule, r, read);
    if (applies_to_moe(c, rule, r))
        settle_bounds(c, r, &read[c->moe], bound, rule->unit);
}

void judge_bound(const struct contest *c, const struct rule *rule, struct rule_result *r) {
    judge_bounds(c, rule, r, rule->bound);
}

static void settle_ratio(const struct contest *c, const struct rule *rule, struct rule_result *r,
                         const struct reading read[2]) {
    const struct reading *m = &read[c->moe], *d = &read[c->dense];
    struct reading ratio = {d->value / m->value, d->lo / m->hi, d->hi / m->lo};
    char value[WORDS_NUMBER];
    contest_tell(c, r, "%s's over %s's is %s. ", contest_names[c->dense], contest_names[c->moe],
                 words_number(ratio.value, value));
    settle_bounds(c, r, &ratio, rule->bound, "");
}

void judge_ratio(const struct contest *c, const struct rule *rule, struct rule_result *r) {
    struct reading read[2];
    read_both(c, rule, r, read);
    tell_figures(c, rule, r, read);
    if (applies(c, rule, r))
        settle_ratio(c, rule, r, read);
}

void judge_level(const struct contest *c, const struct rule *rule, struct rule_result *r) {
    struct reading read[2];
    read_both(c, rule, r, read);
    tell_figures(c, rule, r, read);
    if (!applies(c, rule, r))
        return;
    r->verdict = verdict_of(!apart(read));
    if (r->verdict == RULE_TRUE)
        contest_tell(c, r, "The intervals overlap: neither is better beyond doubt. ");
    else
        contest_tell(c, r, "The intervals are apart: %s is better beyond doubt. ",
                     contest_names[better_of(r, rule->higher) == 1]);
}

void judge_competes(const struct contest *c, const struct rule *rule, struct rule_result *r) {
    struct reading read[2];
    read_both(c, rule, r, read);
    tell_figures(c, rule, r, read);
    if (!applies(c, rule, r))
        return;
    int better = better_of(r, rule->higher);
    r->certain = apart(read);
    r->verdict = verdict_of(better == favoured(c, rule) || !r->certain);
    tell_better(c, rule, r, better);
}

void judge_quality(const struct contest *c, const struct rule *rule, struct rule_result *r) {
    struct reading read[2];
    read_both(c, rule, r, read);
    tell_figures(c, rule, r, read);
    contest_tell(c, r, "No figure here measures quality, and the article's cost formula has no term for it. ");
    silence(r);
}

void judge_fits(const struct contest *c, const struct rule *rule, struct rule_result *r) {
    struct reading read[2];
    char used[WORDS_NUMBER], room[WORDS_NUMBER];
    read_both(c, rule, r, read);
    if (!applies_to_moe(c, rule, r))
        return;
    const struct estimate *e = &c->side[c->moe]->e;
    r->verdict = verdict_of(e->limit != LIMIT_MEMORY);
    if (e->limit == LIMIT_MEMORY)
        contest_tell(c, r, "%s %s. ", contest_names[c->moe], e->limit_text);
    else
        contest_tell(c, r, "%s takes %s of %s GB on its fullest GPU: it fits. ", contest_names[c->moe],
                     words_number(e->mem_gb, used), words_number(e->mem_capacity_gb, room));
}

void judge_spread(const struct contest *c, const struct rule *rule, struct rule_result *r) {
    judge_better(c, rule, r);
    if (c->moe < 0 || c->side[c->moe]->d.tp * c->side[c->moe]->d.dp > 1)
        return;
    contest_tell(c, r, "But %s's engine is one GPU: there is nothing to spread over. ", contest_names[c->moe]);
    silence(r);
}

void judge_only_fit(const struct contest *c, const struct rule *rule, struct rule_result *r) {
    struct reading read[2];
    read_both(c, rule, r, read);
    tell_figures(c, rule, r, read);
    bool unknown[2] = {isnan(r->value[0]), isnan(r->value[1])};
    if (c->moe < 0 || unknown[0] == unknown[1]) {
        if (applies(c, rule, r))
            settle_better(c, rule, r, read);
        return;
    }
    int runs = unknown[0] ? 1 : 0;
    r->verdict = verdict_of(runs == favoured(c, rule));
    contest_tell(c, r, "%s alone runs so. ", contest_names[runs]);
}

/* The article speaks of DeepSeek-V3 and Llama-405B. */
void judge_large(const struct contest *c, const struct rule *rule, struct rule_result *r) {
    enum { LARGE = 200, MANY = 8 };
    struct reading read[2];
    read_both(c, rule, r, read);
    tell_figures(c, rule, r, read);
    if (!applies(c, rule, r))
        return;
    const struct estimate *m = &c->side[c->moe]->e, *d = &c->side[c->dense]->e;
    if (fmin(m->params_b, d->params_b) < LARGE) {
        contest_tell(c, r, "It speaks of the size of DeepSeek-V3 and Llama-405B; these have %.0f and %.0f billion parameters. ",
                     m->params_b, d->params_b);
        silence(r);
        return;
    }
    char fewest[WORDS_NUMBER];
    settle_ratio(c, rule, r, read);
    bool many = m->min_gpus >= MANY;
    contest_tell(c, r, "%s needs %s GPUs at least%s. ", contest_names[c->moe], words_number(m->min_gpus, fewest),
                 many ? "" : ", and that settles it");
    if (!many) {
        r->verdict = RULE_FALSE;
        r->certain = true;
    }
}

void judge_quantised(const struct contest *c, const struct rule *rule, struct rule_result *r) {
    judge_better(c, rule, r);
    if (r->verdict == RULE_SILENT || c->side[c->moe]->d.weights_experts->bytes < 2)
        return;
    contest_tell(c, r, "But %s's experts are in 16 bits: there is nothing to calibrate. ", contest_names[c->moe]);
    silence(r);
}

void judge_loss(const struct contest *c, const struct rule *rule, struct rule_result *r) {
    static const double NEAR = 0.25;
    double law = c->moe < 0 ? NAN : 100 * c->side[c->moe]->e.imbalance_loss_article;
    double bound[2] = {law * (1 - NEAR), law * (1 + NEAR)};
    char loss[WORDS_NUMBER];
    judge_bounds(c, rule, r, bound);
    if (r->verdict != RULE_SILENT)
        contest_tell(c, r, "Those are a quarter to each side of 1 - mean/busiest = %s %%. ", words_number(law, loss));
}

/* A tenth above k/E still passes for "only the active ones". */
void judge_active(const struct contest *c, const struct rule *rule, struct rule_result *r) {
    const struct model *m = c->moe < 0 ? NULL : c->side[c->moe]->d.model;
    double bound[2] = {-INFINITY, m ? 110.0 * m->top_k / m->n_experts : NAN};
    judge_bounds(c, rule, r, bound);
}

void judge_compute(const struct contest *c, const struct rule *rule, struct rule_result *r) {
    struct reading read[2];
    read_both(c, rule, r, read);
    tell_figures(c, rule, r, read);
    if (!applies(c, rule, r))
        return;
    enum bound a = c->side[0]->e.bound, b = c->side[1]->e.bound;
    r->verdict = verdict_of(a == BOUND_COMPUTE && b == BOUND_COMPUTE);
    contest_tell(c, r, "The largest part of the step is %s for A, %s for B. ", bound_names[a], bound_names[b]);
}
