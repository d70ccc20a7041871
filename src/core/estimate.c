#include "core/estimate.h"

#include <math.h>
#include <stdio.h>

#include "core/count.h"
#include "core/memory.h"
#include "core/pools.h"
#include "core/serving.h"
#include "core/step.h"

/* Unknown is not zero: every number starts as unknown. */
static void estimate_clear(struct estimate *out) {
    *out = (struct estimate){0};
    for (int i = 0; i < ESTIMATE_FIELD_COUNT; i++)
        if (estimate_fields[i].type == VALUE_NUMBER)
            *(double *)((char *)out + estimate_fields[i].offset) = NAN;
}

static unsigned collect_notes(const struct deployment *d) {
    unsigned notes = 0;
    bool fallback;
    if (!d->gpu->mem_reported)
        notes |= NOTE_CAPACITY_ASSUMED;
    timing_rate(d->gpu, d->weights->path, &fallback);
    if (fallback)
        notes |= NOTE_RATE_FALLBACK;
    timing_rate(d->gpu, d->weights_experts->path, &fallback);
    if (fallback && d->model->n_experts > 0)
        notes |= NOTE_EXPERT_RATE_FALLBACK;
    if (d->model->rumour)
        notes |= NOTE_RUMOUR;
    if (isnan(d->price))
        notes |= NOTE_PRICE_UNKNOWN;
    if ((double)d->tp * d->dp * d->pp > d->gpus_per_node)
        notes |= NOTE_CROSSES_NODES;
    return notes;
}

static void fill_memory(const struct deployment *d, struct estimate *out) {
    struct memory m;
    memory_make(d, &m);
    out->mem_weights_gb = m.weights / 1e9;
    out->mem_experts_gb = m.experts / 1e9;
    out->mem_kv_gb = m.kv / 1e9;
    out->mem_other_gb = m.other / 1e9;
    out->mem_gb = (m.weights + m.kv + m.other) / 1e9;
    out->max_batch = m.max_batch;
    out->kv_tokens = m.kv_tokens;
    out->max_context = m.max_context;
    out->resident = fmin(d->batch, m.max_batch);
    out->rank_batch = ceil(out->resident / d->dp);
    out->kv_copies = count_kv_copies(d->model, d->tp);
    if (m.max_batch < d->dp) { /* each attention rank needs room for a sequence */
        out->limit = LIMIT_MEMORY;
        out->limit_pool = d->mode == MODE_DISAGGREGATED ? POOL_DECODE : POOL_NONE;
        out->resident = out->rank_batch = NAN;
        snprintf(out->limit_text, sizeof out->limit_text,
                 "%sdoes not fit: weights %.1f + workspace %.1f + one sequence %.2g of %.1f GB",
                 out->limit_pool == POOL_DECODE ? "decode pool " : "", out->mem_weights_gb,
                 out->mem_other_gb, m.kv / 1e9 / ceil((double)d->batch / d->dp), out->mem_capacity_gb);
    } else if (out->resident < d->batch) {
        out->notes |= NOTE_KV_LIMITED;
    }
}

enum { USED_MAX = 8 };

/* The classes of operators that the times of this deployment rest on. */
static int used_classes(const struct deployment *d, const struct class_values *used[USED_MAX]) {
    const struct model *m = d->model;
    bool moe = m->n_experts > 0;
    const struct class_values *of = d->calibration->of;
    struct attention_shape s = {.heads = (double)m->n_heads / d->tp, .kv_heads = fmax(1, (double)m->n_kv_heads / d->tp),
                                .kv_bytes = d->kv->bytes};
    struct mla_shape latent = {.kv_bytes = d->kv->bytes};
    bool mla = m->attention == ATTENTION_MLA;
    int n = 0;
    used[n++] = &of[CAL_GEMM + format_class_of(d->weights)];
    used[n++] = &of[mla ? mla_decode_class(&latent) : attention_decode_class(&s)];
    used[n++] = &of[mla ? mla_prefill_class(&latent) : attention_prefill_class(d->gpu, &s)];
    if (moe)
        used[n++] = &of[CAL_EXPERTS + format_class_of(d->weights_experts)];
    if (d->tp > 1)
        used[n++] = &d->up_calibration->of[CAL_ENGINE_ALLREDUCE];
    if (d->dp > 1 && moe)
        used[n++] = &d->up_calibration->of[CAL_DEEPEP_LL_DISPATCH];
    return n;
}

/* The constants whose residuals tell how far TPOT and TTFT are to be trusted. */
static const struct class_values *step_values(const struct deployment *d) {
    return d->mode == MODE_DISAGGREGATED ? &d->pool_step : &d->engine;
}

static const struct class_values *first_values(const struct deployment *d) {
    return d->mode == MODE_DISAGGREGATED ? &d->pool_first : &d->first_token;
}

static enum origin worse(enum origin a, enum origin b) {
    return a > b ? a : b;
}

double estimate_widening(const struct deployment *d, enum origin *origin) {
    const struct class_values *used[USED_MAX];
    bool engine = d->engine.origin == ORIGIN_FITTED && d->engine.foreign, operators = false;
    bool weight_only = d->model->n_experts > 0 && format_class_of(d->weights_experts) == FORMAT_W4A16;
    for (int i = used_classes(d, used) - 1; i >= 0; i--) {
        *origin = worse(*origin, used[i]->origin);
        operators = operators || (used[i]->inherited && (used[i]->foreign || used[i]->origin > ORIGIN_FITTED));
    }
    return engine ? weight_only ? 3 : 1.5 : operators ? 3 : 1;
}

/* The same power for scheduling that no engine timing stands behind, TPOT's and TTFT's alike: speculation, token
 * budgets, and pools of an engine that was only timed without. */
static double unmeasured(const struct deployment *d) {
    if (d->spec_depth > 0 || d->chunk_tokens > 0)
        return 2;
    return d->mode == MODE_DISAGGREGATED && d->pool_step.inherited ? 1.5 : 1;
}

/* Bounds of measured / predicted of a class, widened on a log scale; a factor of 1.5 where nothing was ever compared. */
static void bounds(const struct class_values *v, double wide, double *lo, double *hi) {
    *lo = pow(v->lo > 0 ? v->lo : 1 / 1.5, wide);
    *hi = pow(v->hi > 0 ? v->hi : 1.5, wide);
}

/* Memory beside weights and KV cache, which are counted exactly: engines' reports of it spread by about a half. */
static const double OTHER_SPREAD = 0.5;

static void fill_memory_interval(struct estimate *out) {
    double spread = OTHER_SPREAD * out->mem_other_gb;
    out->mem = (struct interval){out->mem_gb - spread, out->mem_gb + spread, ORIGIN_ASSUMED};
}

/* TTFT and TPOT have intervals from measurements; throughput and cost follow from both. */
static void fill_intervals(const struct deployment *d, struct estimate *out) {
    enum origin origin = worse(d->engine.origin, step_values(d)->origin);
    double wide = fmax(estimate_widening(d, &origin), unmeasured(d)), lo, hi, steps = d->osl - 1;
    double work = out->replicas * (double)d->batch * d->osl;
    if (d->spec_depth > 0 || d->chunk_tokens > 0)
        origin = ORIGIN_ASSUMED;
    bounds(step_values(d), wide, &lo, &hi);
    out->tpot = (struct interval){out->tpot_ms * lo, out->tpot_ms * hi, origin};
    bounds(first_values(d), unmeasured(d), &lo, &hi);
    out->ttft = (struct interval){out->ttft_ms * lo, out->ttft_ms * hi, worse(origin, first_values(d)->origin)};
    out->out_tok = (struct interval){work * 1e3 / (out->ttft.hi + steps * out->tpot.hi),
                                     work * 1e3 / (out->ttft.lo + steps * out->tpot.lo), out->ttft.origin};
    out->cost_out = (struct interval){out->cost_m_out * out->out_tok_s / out->out_tok.hi,
                                      out->cost_m_out * out->out_tok_s / out->out_tok.lo, out->ttft.origin};
    out->origin = out->ttft.origin;
}

void estimate(const struct deployment *d, struct load_cache *cache, struct estimate *out) {
    bool pools = d->mode == MODE_DISAGGREGATED;
    estimate_clear(out);
    out->params_b = count_total(d->model) / 1e9;
    out->active_b = count_active(d->model) / 1e9;
    out->origin = worse(d->engine.origin, d->first_token.origin);
    out->notes = collect_notes(d);
    out->mem_capacity_gb = d->gpu->mem_bytes / 1e9;
    double context = d->isl + d->osl / 2.0;
    out->flops_per_token_g = (2 * count_active(d->model) + d->model->n_layers * count_mean_context(d->model, context) *
                                                              count_attention_flop(d->model, 1, true)) / 1e9;
    out->limit = pools_check(d, out->limit_text);
    out->min_gpus = pools_min_gpus(d);
    if (out->limit == LIMIT_NONE) {
        out->engine_gpus = d->tp * d->dp * d->pp;
        out->replicas = (pools ? d->gpus - d->prefill.gpus : d->gpus) / out->engine_gpus;
        fill_memory(d, out);
        if (pools)
            pools_fill_memory(d, out);
    }
    out->feasible = out->limit == LIMIT_NONE;
    if (out->feasible)
        pools ? pools_make(d, cache, out) : serving_make(d, cache, out);
    if (!isnan(out->mem_gb))
        fill_memory_interval(out);
    if (out->feasible)
        fill_intervals(d, out);
}
