/* The rules of article A as a table, and the figures that they compare. */
#include <math.h>

#include "core/collective.h"
#include "core/compare.h"
#include "core/count.h"
#include "core/laws.h"
#include "core/memory.h"
#include "core/pools.h"
#include "explore/contest.h"

/* --- figures of a slot; NAN where it has none ---------------------------------------------------------------------------- */

static bool is_moe(const struct contest *c, int slot) {
    return c->side[slot]->d.model->n_experts > 0;
}

static double percent(double share) {
    return 100 * share;
}

/* $ per million prompt tokens of an engine that does nothing but prefill. */
static double prefill_cost(const struct contest *c, int slot) {
    const struct side *s = c->side[slot];
    double tokens_s = s->d.isl / (compare_value(&s->e, E_PREFILL_MS) * 1e-3);
    const struct prefill_pool *pool = &s->d.prefill;
    double gpus = s->d.mode == MODE_DISAGGREGATED ? (double)pool->tp * pool->dp * pool->pp : s->e.engine_gpus;
    return law_cost_per_million(s->d.price * gpus, tokens_s);
}

/* Fewest GPUs with the weights in four bits. */
static double quantised_gpus(const struct contest *c, int slot) {
    struct deployment d;
    return contest_quantise(c, slot, c->side[slot]->d.gpus, &d) ? pools_min_gpus(&d) : NAN;
}

static double variant_figure(const struct contest *c, const struct deployment *d, enum estimate_field_id id) {
    struct estimate e;
    estimate(d, &c->x->cache, &e);
    return compare_value(&e, id);
}

static double two_gpus_rate(const struct contest *c, int slot) {
    struct deployment d;
    return contest_spread(c, slot, 2, NULL, &d) ? variant_figure(c, &d, E_TOK_S_GPU) : NAN;
}

/* The dense model in four bits on two GPUs, the MoE as it is. */
static double quantised_dense_cost(const struct contest *c, int slot) {
    struct deployment d;
    if (slot != c->dense)
        return compare_value(&c->side[slot]->e, E_COST_M_OUT);
    return contest_quantise(c, slot, 2, &d) ? variant_figure(c, &d, E_COST_M_OUT) : NAN;
}

static double kinds_of(const struct estimate *e) {
    int kinds = 0;
    for (int i = 0; i < OP_COUNT; i++)
        kinds += e->decode.op[i].calls > 0;
    return e->feasible ? kinds : NAN;
}

static double operator_kinds(const struct contest *c, int slot) {
    return kinds_of(&c->side[slot]->e);
}

/* The dense model in four bits on four GPUs or more, the MoE as it is. */
static double quantised_dense_kinds(const struct contest *c, int slot) {
    struct deployment d;
    struct estimate e;
    if (slot != c->dense)
        return operator_kinds(c, slot);
    if (!contest_quantise(c, slot, fmax(4, c->side[slot]->d.gpus), &d))
        return NAN;
    estimate(&d, &c->x->cache, &e);
    return kinds_of(&e);
}

/* With the MoE's experts and attention replicas over all GPUs of its engine's stage: ep = dp = n, tp = 1. */
static double expert_parallel_rate(const struct contest *c, int slot) {
    struct deployment d = c->side[slot]->d;
    if (!is_moe(c, slot))
        return compare_value(&c->side[slot]->e, E_TOK_S_GPU);
    d.dp = d.ep = d.tp * d.dp;
    d.tp = 1;
    return variant_figure(c, &d, E_TOK_S_GPU);
}

/* Lowest cost over all GPU counts. */
static double best_cost(const struct contest *c, int slot) {
    double best = NAN;
    struct deployment d;
    for (int gpus = 1; gpus <= RULE_GPUS_MAX; gpus *= 2)
        if (contest_spread(c, slot, gpus, NULL, &d))
            best = fmin(best, variant_figure(c, &d, E_COST_M_OUT));
    return best;
}

/* Load of the busiest GPU in the long run of a step: of experts, and of layers where a pipeline cannot be cut evenly. */
static double busiest_gpu(const struct contest *c, int slot) {
    const struct side *s = c->side[slot];
    double most = 0, layers = s->d.model->n_layers;
    for (int i = 0; i < s->d.pp; i++)
        most = fmax(most, memory_stage_layers(s->d.model->n_layers, s->d.pp, i));
    if (!s->e.feasible)
        return NAN;
    return most / (layers / s->d.pp) * (is_moe(c, slot) ? s->e.rank_max_mean : 1);
}

/* How much later than usual the busiest GPU is in one step of twenty. */
static double step_spread(const struct contest *c, int slot) {
    const struct estimate *e = &c->side[slot]->e;
    if (!e->feasible)
        return NAN;
    return is_moe(c, slot) ? e->rank_max_p95 / e->rank_max_mean : 1;
}

static double routes(const struct contest *c, int slot) {
    return law_routes(c->side[slot]->d.model);
}

/* Share of calibration tokens that a feed-forward matrix sees, %. */
static double calibration_share(const struct contest *c, int slot) {
    const struct model *m = c->side[slot]->d.model;
    return percent(m->n_experts > 0 ? (double)m->top_k / m->n_experts : 1);
}

/* Layouts that run on these GPUs, widths in powers of two. */
static double layouts(const struct contest *c, int slot) {
    struct deployment d = c->side[slot]->d;
    int n = 0, ep_most = is_moe(c, slot) ? d.gpus : 1;
    char text[160];
    d.redundant_experts = 0;
    for (d.tp = 1; d.tp <= d.gpus; d.tp *= 2)
        for (d.pp = 1; d.tp * d.pp <= d.gpus; d.pp *= 2)
            for (d.dp = 1; d.tp * d.pp * d.dp <= d.gpus; d.dp *= 2)
                for (d.ep = 1; d.ep <= ep_most && d.ep <= d.tp * d.dp; d.ep *= 2) {
                    struct memory m;
                    if (layout_check(&d, text) != LIMIT_NONE)
                        continue;
                    memory_make(&d, &m);
                    n += m.max_batch >= d.dp;
                }
    return n;
}

static double loss(const struct contest *c, int slot) {
    return percent(compare_value(&c->side[slot]->e, E_IMBALANCE_LOSS));
}

static double loss_size(const struct contest *c, int slot) {
    return fabs(loss(c, slot));
}

/* Share of the step that even loads would save, where experts are on different GPUs: the others wait so long. */
static double wait_share(const struct contest *c, int slot) {
    double lost = loss(c, slot);
    if (isnan(lost) || c->side[slot]->d.ep > 1)
        return lost < 0 ? 0 : lost;
    return 0;
}

static double compute_share(const struct contest *c, int slot) {
    const struct step *s = &c->side[slot]->e.decode;
    double seconds = 0;
    for (int i = 0; i < OP_COUNT; i++)
        seconds += s->op[i].calls * s->op[i].part[BOUND_COMPUTE];
    return c->side[slot]->e.feasible ? percent(seconds / s->seconds) : NAN;
}

/* GB of all weights for each billion parameters that a token uses. */
static double memory_per_work(const struct contest *c, int slot) {
    const struct deployment *d = &c->side[slot]->d;
    const struct model *m = d->model;
    double experts = (m->n_layers - count_dense_layers(m, m->n_layers)) * count_expert(m) * m->n_experts;
    double tables = count_embedding(m) * (m->tie_embeddings ? 1 : 2), linear = count_total(m) - experts - tables;
    return (experts * d->weights_experts->bytes + linear * d->weights->bytes + 2 * tables) / count_active(m);
}

static double coverage(const struct contest *c, int slot) {
    return percent(compare_value(&c->side[slot]->e, E_COVERAGE));
}

/* All-to-all there and back over the all-reduce that it replaces, over all GPUs of a stage; the same tokens. */
static double exchange_ratio(const struct contest *c, int slot) {
    const struct deployment *d = &c->side[slot]->d;
    int n = d->tp * d->dp;
    if (!is_moe(c, slot) || n == 1)
        return NAN;
    double tokens = (double)d->batch / n;
    double there = collective_dispatch(d, n, tokens, false), back = collective_combine(d, n, tokens, false);
    return (there + back) / collective_allreduce(d, n, d->batch * 2.0 * d->model->hidden);
}

static double attention_share(const struct contest *c, int slot) {
    const struct model *m = c->side[slot]->d.model;
    return percent(law_attention_params(m) / count_active(m));
}

/* --- the table -------------------------------------------------------------------------------------------------------- */

#define ON_BATCH (1u << RULE_BATCH)
#define ON_GPUS (1u << RULE_GPUS)
#define ON_PRICE (1u << RULE_PRICE)

/* clang-format off */
const struct rule rules[RULE_COUNT] = {
    {.id = "moe-throughput", .group = RULES_MOE, .says = "MoE for throughput at batches above 128",
     .compares = "output tokens per second and GPU", .unit = "tok/s", .field = E_TOK_S_GPU, .higher = true,
     .judge = judge_better, .batch = {129, 0}, .axes = ON_BATCH | ON_GPUS},
    {.id = "moe-cost", .group = RULES_MOE, .says = "MoE where $ per token decides",
     .compares = "cost per million output tokens", .unit = "$", .field = E_COST_M_OUT,
     .judge = judge_better, .axes = ON_BATCH | ON_GPUS | ON_PRICE},
    {.id = "moe-quality", .group = RULES_MOE, .says = "MoE for quality beyond a smaller dense model",
     .compares = "parameters", .unit = "B", .field = E_PARAMS_B, .judge = judge_quality, .exact = true, .any_pair = true},
    {.id = "moe-memory", .group = RULES_MOE, .says = "MoE if memory holds the whole model",
     .compares = "memory on the fullest GPU", .unit = "GB", .field = E_MEM_GB, .judge = judge_fits, .axes = ON_GPUS},
    {.id = "moe-ep", .group = RULES_MOE, .says = "MoE if experts can spread over many GPUs",
     .compares = "output tokens per second and GPU, the MoE with ep = dp over its whole engine", .unit = "tok/s",
     .value = expert_parallel_rate, .field = E_TOK_S_GPU, .higher = true, .judge = judge_spread, .axes = ON_BATCH},

    {.id = "dense-latency", .group = RULES_DENSE, .says = "dense for low latency, batch below 16",
     .compares = "time per output token", .unit = "ms", .field = E_TPOT_MS, .dense = true,
     .judge = judge_better, .batch = {0, 15}, .axes = ON_BATCH | ON_GPUS},
    {.id = "dense-memory", .group = RULES_DENSE, .says = "dense where memory is short: fewer GPUs",
     .compares = "fewest GPUs that hold it", .unit = "GPU", .field = E_MIN_GPUS, .dense = true, .exact = true,
     .judge = judge_better, .axes = ON_BATCH},
    {.id = "dense-simple", .group = RULES_DENSE, .says = "dense for simple infrastructure",
     .compares = "kinds of operator in a decode step", .unit = "", .value = operator_kinds, .field = E_TPOT_MS,
     .dense = true, .exact = true, .judge = judge_better},
    {.id = "dense-int4", .group = RULES_DENSE, .says = "dense in INT4 on 1-2 GPUs",
     .compares = "fewest GPUs in four bits", .unit = "GPU", .value = quantised_gpus, .field = E_MIN_GPUS, .dense = true,
     .exact = true, .judge = judge_better, .bound = {0, 2}},
    {.id = "dense-steady", .group = RULES_DENSE, .says = "dense for consistent latency",
     .compares = "busiest GPU's load in one step of twenty over its mean", .unit = "x", .value = step_spread,
     .field = E_TPOT_MS, .dense = true, .exact = true, .judge = judge_better, .axes = ON_BATCH},

    {.id = "either-batch", .group = RULES_EITHER, .says = "either at batches of 16 to 128",
     .compares = "cost per million output tokens", .unit = "$", .field = E_COST_M_OUT, .judge = judge_level,
     .batch = {16, 128}, .axes = ON_BATCH},
    {.id = "either-budget", .group = RULES_EITHER, .says = "either if the GPU count is free",
     .compares = "cost per million output tokens on the cheapest of 1 to 64 GPUs", .unit = "$", .value = best_cost,
     .field = E_COST_M_OUT, .judge = judge_level},
    {.id = "either-quality", .group = RULES_EITHER, .says = "either if quality is comparable",
     .compares = "parameters that a token uses", .unit = "B", .field = E_ACTIVE_B, .judge = judge_quality, .exact = true,
     .any_pair = true},

    {.id = "two-gpus", .group = RULES_DECIDE, .says = "with 2 GPUs take the MoE",
     .compares = "output tokens per second and GPU on two GPUs", .unit = "tok/s", .value = two_gpus_rate,
     .field = E_TOK_S_GPU, .higher = true, .judge = judge_only_fit},
    {.id = "four-gpus", .group = RULES_DECIDE, .says = "with 4+ GPUs quantised dense is simpler",
     .compares = "kinds of operator in a decode step, the dense one in four bits on 4 GPUs or more", .unit = "",
     .value = quantised_dense_kinds, .field = E_TPOT_MS, .dense = true, .exact = true, .judge = judge_better},
    {.id = "large", .group = RULES_DECIDE, .says = "large: MoE 2-3x cheaper, but needs 8+ GPUs",
     .compares = "cost per million output tokens", .unit = "$", .field = E_COST_M_OUT, .judge = judge_large,
     .bound = {2, 3}, .axes = ON_BATCH},

    {.id = "balance", .group = RULES_OPERATE, .says = "dense: same work on all GPUs; MoE: uneven",
     .compares = "busiest GPU over the mean", .unit = "x", .value = busiest_gpu, .field = E_TPOT_MS, .dense = true,
     .exact = true, .judge = judge_better, .bound = {0, 1.005}, .axes = ON_BATCH},
    {.id = "debugging", .group = RULES_OPERATE, .says = "dense: one path; MoE: varies per token",
     .compares = "sets of experts that a token may take in a layer", .unit = "", .value = routes, .field = E_TPOT_MS,
     .dense = true, .exact = true, .judge = judge_better},
    {.id = "quantisation", .group = RULES_OPERATE, .says = "dense: well supported; MoE: calibrate each expert",
     .compares = "share of calibration tokens that a feed-forward matrix sees", .unit = "%", .value = calibration_share,
     .field = E_TPOT_MS, .dense = true, .higher = true, .exact = true, .judge = judge_quantised},
    {.id = "monitoring", .group = RULES_OPERATE, .says = "dense: GPU metrics; MoE: each expert's too",
     .compares = "change of a step by uneven routing", .unit = "%", .value = loss_size, .field = E_TPOT_MS,
     .exact = true, .judge = judge_bound, .bound = {1, INFINITY}, .axes = ON_BATCH},
    {.id = "scaling", .group = RULES_OPERATE, .says = "dense: add TP or PP; MoE: EP x TP x PP to tune",
     .compares = "layouts that run on these GPUs", .unit = "", .value = layouts, .field = E_TPOT_MS, .higher = true,
     .exact = true, .judge = judge_better},

    {.id = "loss-law", .group = RULES_TEXT, .says = "throughput falls by 1 - 1/imbalance",
     .compares = "loss by uneven routing", .unit = "%", .value = loss, .field = E_TPOT_MS, .exact = true,
     .judge = judge_loss, .axes = ON_BATCH},
    {.id = "loss-half", .group = RULES_TEXT, .says = "batch 16 loses half to imbalance",
     .compares = "loss by uneven routing", .unit = "%", .value = loss, .field = E_TPOT_MS, .exact = true,
     .judge = judge_bound, .bound = {45, INFINITY}, .batch = {16, 16}, .axes = ON_BATCH},
    {.id = "loss-vanishes", .group = RULES_TEXT, .says = "imbalance nears 1 from batch 1024 on",
     .compares = "busiest expert over the mean", .unit = "x", .field = E_LOAD_MAX_MEAN, .exact = true,
     .judge = judge_bound, .bound = {0, 1.13}, .batch = {1024, 0}, .axes = ON_BATCH},
    {.id = "others-wait", .group = RULES_TEXT, .says = "all GPUs wait for the slowest expert",
     .compares = "share of a step in which GPUs wait for the busiest", .unit = "%", .value = wait_share, .field = E_TPOT_MS,
     .exact = true, .judge = judge_bound, .bound = {1, INFINITY}, .axes = ON_BATCH},
    {.id = "penalty-32", .group = RULES_TEXT, .says = "below batch 32 dense avoids the penalty",
     .compares = "loss by uneven routing", .unit = "%", .value = loss, .field = E_TPOT_MS, .exact = true,
     .judge = judge_bound, .bound = {0.5, INFINITY}, .batch = {0, 31}, .axes = ON_BATCH},
    {.id = "single-tpot", .group = RULES_TEXT, .says = "single request: MoE has the lower TPOT",
     .compares = "time per output token", .unit = "ms", .field = E_TPOT_MS, .judge = judge_better, .batch = {1, 1},
     .axes = ON_BATCH | ON_GPUS},
    {.id = "cheaper-2-3x", .group = RULES_TEXT, .says = "MoE 2-3x cheaper from batch 128 on",
     .compares = "cost per million output tokens", .unit = "$", .field = E_COST_M_OUT, .judge = judge_ratio,
     .bound = {2, 3}, .batch = {128, 0}, .axes = ON_BATCH},
    {.id = "prefill", .group = RULES_TEXT, .says = "MoE has more prefill per GPU-dollar",
     .compares = "rent per million prompt tokens, prefill alone", .unit = "$", .value = prefill_cost,
     .field = E_PREFILL_MS, .judge = judge_better, .axes = ON_GPUS | ON_PRICE},
    {.id = "compute-bound", .group = RULES_TEXT, .says = "larger batches are bound by compute",
     .compares = "share of compute in a decode step", .unit = "%", .value = compute_share, .field = E_TPOT_MS,
     .exact = true, .any_pair = true, .judge = judge_compute, .batch = {128, 0}, .axes = ON_BATCH},
    {.id = "memory-18x", .group = RULES_TEXT, .says = "MoE needs more memory for the same work",
     .compares = "GB of weights per billion active parameters", .unit = "GB", .value = memory_per_work,
     .field = E_TPOT_MS, .higher = true, .exact = true, .judge = judge_better},
    {.id = "active-only", .group = RULES_TEXT, .says = "a step reads only the active experts",
     .compares = "share of a layer's experts that a step reads", .unit = "%", .value = coverage, .field = E_TPOT_MS,
     .exact = true, .judge = judge_active, .axes = ON_BATCH},
    {.id = "all-to-all", .group = RULES_TEXT, .says = "all-to-all beats all-reduce when small",
     .compares = "all-to-all there and back over the all-reduce", .unit = "x", .value = exchange_ratio,
     .field = E_TPOT_MS, .exact = true, .judge = judge_bound, .bound = {0, 1}, .axes = ON_BATCH},
    {.id = "attention-30", .group = RULES_TEXT, .says = "attention is ~30 % of active parameters",
     .compares = "attention's share of active parameters", .unit = "%", .value = attention_share, .field = E_TPOT_MS,
     .exact = true, .judge = judge_bound, .bound = {25, 35}},
    {.id = "int4-moe", .group = RULES_TEXT, .says = "MoE in INT4 fits 2 GPUs instead of 4",
     .compares = "fewest GPUs in four bits", .unit = "GPU", .value = quantised_gpus, .field = E_MIN_GPUS,
     .exact = true, .judge = judge_better, .bound = {0, 2}},
    {.id = "int4-dense", .group = RULES_TEXT, .says = "dense in INT4 on 2 GPUs competes on cost",
     .compares = "cost per million output tokens, the dense one in four bits on 2 GPUs", .unit = "$",
     .value = quantised_dense_cost, .field = E_COST_M_OUT, .dense = true, .judge = judge_competes},
};
/* clang-format on */
