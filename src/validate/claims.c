#include "validate/claims.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/loads.h"

const char *const claim_verdict_names[] = {"not tested", "holds", "does not hold"};

/* Batches up to here are decode: the weights' bytes take the time. */
enum { DECODE_BATCH = 64 };

/* A claim holds where the measured ratio is within this of it. */
static const double TOLERANCE = 0.10;

/* The bytes alone tell the time where it is within this of theirs. */
static const double BY_BYTES = 0.15;

static const struct {
    const char *id, *says;
} texts[CLAIM_COUNT] = {
    [CLAIM_SKEW_DECODE] = {"skew-decode", "a busiest expert with x times the mean load makes a decode step x times as long"},
    [CLAIM_SKEW_PREFILL] = {"skew-prefill", "the same of large batches"},
    [CLAIM_INT4] = {"int4-decode", "4-bit weights halve the time of decoding"},
    [CLAIM_ACTIVE_ONE] = {"active-one", "a mixture costs what a dense model of its active parameters costs: one sequence"},
    [CLAIM_ACTIVE_BATCH] = {"active-batch", "the same of a batch"},
};

/* Ratios gathered over pairs of samples: geometric means. */
struct ratios {
    double claimed, predicted, measured, bytes; /* sums of logarithms */
    int n;
};

static void add(struct ratios *r, double claimed, double predicted, double measured, double bytes) {
    if (!(claimed > 0 && measured > 0))
        return;
    r->claimed += log(claimed);
    r->predicted += log(predicted);
    r->measured += log(measured);
    r->bytes += log(bytes);
    r->n++;
}

static bool same_shape(const struct sample *a, const struct sample *b, const enum sample_shape *of) {
    for (; *of != SHAPE_COUNT; of++)
        if (!(a->shape[*of] == b->shape[*of]))
            return false;
    return true;
}

static const enum sample_shape layer_shape[] = {SHAPE_BATCH, SHAPE_EXPERTS, SHAPE_TOP_K, SHAPE_HIDDEN, SHAPE_INTER, SHAPE_COUNT};
static const enum sample_shape product_shape[] = {SHAPE_M, SHAPE_N, SHAPE_K, SHAPE_COUNT};

/* Busiest expert over the mean: as the helper counted it over the ids it routed, else by the law of the imbalance pane. NAN
 * for a histogram of the user's own that was not counted. */
static double imbalance(const struct validation *v, const struct sample *s, struct load_cache *cache) {
    static const enum skew_kind kinds[] = {[PROTOCOL_SKEW_UNIFORM] = SKEW_UNIFORM, [PROTOCOL_SKEW_ZIPF] = SKEW_ZIPF,
                                           [PROTOCOL_SKEW_PARETO] = SKEW_PARETO};
    char name[40];
    snprintf(name, sizeof name, "load_max_b%.0f", s->shape[SHAPE_BATCH]);
    double counted = measurement_result(&v->m, name);
    if (counted > 0)
        return counted;
    if (s->skew > PROTOCOL_SKEW_PARETO || !(s->shape[SHAPE_EXPERTS] <= EXPERTS_MAX))
        return NAN;
    struct load_query q = {.n_experts = (int)s->shape[SHAPE_EXPERTS], .top_k = (int)s->shape[SHAPE_TOP_K], .ranks = 1,
                           .tokens = s->shape[SHAPE_BATCH], .skew_kind = kinds[s->skew], .skew = s->shape[SHAPE_EXPONENT],
                           .per_expert = true};
    bool known = (q.skew > 0 || q.skew_kind == SKEW_UNIFORM) && q.n_experts > 1 && q.top_k >= 1 && q.top_k <= q.n_experts &&
                 q.tokens >= 1;
    return known ? load_law_get(cache, &q)->max_mean : NAN;
}

/* Article A: 1 - 1/imbalance of the throughput is lost. Here: the step reads distinct experts, not the busiest one's tokens. */
static void compare_skew(const struct validation *v, bool prefill, struct load_cache *cache, struct ratios *r) {
    for (int i = 0; i < v->m.n_samples; i++)
        for (int k = 0; k < v->m.n_samples; k++) {
            const struct sample *a = &v->m.sample[i], *b = &v->m.sample[k];
            if (a->op == PROTOCOL_OP_EXPERTS && b->op == PROTOCOL_OP_EXPERTS && a->skew == PROTOCOL_SKEW_BALANCED &&
                b->skew != PROTOCOL_SKEW_BALANCED && (a->shape[SHAPE_BATCH] > DECODE_BATCH) == prefill &&
                strcmp(a->format, b->format) == 0 && same_shape(a, b, layer_shape))
                add(r, imbalance(v, b, cache), b->predicted / a->predicted, b->seconds / a->seconds,
                    b->shape[SHAPE_DISTINCT] / a->shape[SHAPE_DISTINCT]);
        }
}

static bool is_four_bit(const struct sample *s) {
    return strncmp(s->format, "int4", 4) == 0;
}

static bool is_sixteen_bit(const struct sample *s) {
    return !*s->format || strcmp(s->format, "bf16") == 0 || strcmp(s->format, "fp16") == 0;
}

static void compare_int4(const struct validation *v, struct ratios *r) {
    for (int i = 0; i < v->m.n_samples; i++)
        for (int k = 0; k < v->m.n_samples; k++) {
            const struct sample *a = &v->m.sample[i], *b = &v->m.sample[k];
            if (b->op == PROTOCOL_OP_DEQUANT && is_four_bit(b) && is_sixteen_bit(a) && a->shape[SHAPE_M] <= DECODE_BATCH &&
                same_shape(a, b, product_shape))
                add(r, 0.5, b->predicted / a->predicted, b->seconds / a->seconds, b->shape[SHAPE_BYTES] / a->shape[SHAPE_BYTES]);
        }
}

/* The helper measures a dense feed-forward as a layer of one expert: as wide as those that a token takes together. */
static bool is_dense_of(const struct sample *dense, const struct sample *moe) {
    return dense->op == PROTOCOL_OP_EXPERTS && dense->shape[SHAPE_EXPERTS] == 1 && moe->shape[SHAPE_EXPERTS] > 1 &&
           dense->shape[SHAPE_BATCH] == moe->shape[SHAPE_BATCH] && dense->shape[SHAPE_HIDDEN] == moe->shape[SHAPE_HIDDEN] &&
           dense->shape[SHAPE_INTER] == moe->shape[SHAPE_INTER] * moe->shape[SHAPE_TOP_K] &&
           strcmp(dense->format, moe->format) == 0;
}

static void compare_active(const struct validation *v, bool one, struct ratios *r) {
    for (int i = 0; i < v->m.n_samples; i++)
        for (int k = 0; k < v->m.n_samples; k++) {
            const struct sample *a = &v->m.sample[i], *b = &v->m.sample[k];
            if (b->op == PROTOCOL_OP_EXPERTS && b->skew != PROTOCOL_SKEW_BALANCED && is_dense_of(a, b) &&
                b->shape[SHAPE_BATCH] <= DECODE_BATCH && (b->shape[SHAPE_BATCH] == 1) == one)
                add(r, 1, b->predicted / a->predicted, b->seconds / a->seconds, b->shape[SHAPE_BYTES] / a->shape[SHAPE_BYTES]);
        }
}

static void explain(struct claim *c, double bytes) {
    bool nearer = fabs(log(c->measured / bytes)) < fabs(log(c->measured / c->claimed));
    bool by_bytes = nearer && fabs(c->measured / bytes - 1) <= BY_BYTES;
    snprintf(c->text, sizeof c->text,
             "Claimed %.2f times the time, measured %.2f over %d pair%s, predicted %.2f; the bytes to read change by %.2f: %s.",
             c->claimed, c->measured, c->pairs, c->pairs == 1 ? "" : "s", c->predicted, bytes,
             c->verdict == CLAIM_HOLDS ? "the claim holds here"
             : by_bytes                ? "the bytes tell the time, the claim does not"
             : nearer                  ? "that is nearer to the bytes than to the claim"
                                       : "neither the claim nor the bytes alone tell the time");
}

static void judge(struct claim *c, const struct ratios *r) {
    c->pairs = r->n;
    c->claimed = c->predicted = c->measured = NAN;
    if (r->n == 0) {
        snprintf(c->text, sizeof c->text, "The run has no pair of samples that would tell.");
        return;
    }
    c->claimed = exp(r->claimed / r->n);
    c->predicted = exp(r->predicted / r->n);
    c->measured = exp(r->measured / r->n);
    c->verdict = fabs(c->measured / c->claimed - 1) <= TOLERANCE ? CLAIM_HOLDS : CLAIM_FAILS;
    explain(c, exp(r->bytes / r->n));
}

void claims_make(const struct validation *v, struct claim out[CLAIM_COUNT]) {
    struct load_cache *cache = calloc(1, sizeof *cache);
    struct ratios r[CLAIM_COUNT] = {{0}};
    if (cache) {
        compare_skew(v, false, cache, &r[CLAIM_SKEW_DECODE]);
        compare_skew(v, true, cache, &r[CLAIM_SKEW_PREFILL]);
    }
    compare_int4(v, &r[CLAIM_INT4]);
    compare_active(v, true, &r[CLAIM_ACTIVE_ONE]);
    compare_active(v, false, &r[CLAIM_ACTIVE_BATCH]);
    for (int i = 0; i < CLAIM_COUNT; i++) {
        out[i] = (struct claim){.id = texts[i].id, .says = texts[i].says};
        judge(&out[i], &r[i]);
    }
    free(cache);
}
