#include "core/estimate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/count.h"
#include "core/interval.h"
#include "core/memory.h"
#include "core/pools.h"
#include "core/serving.h"
#include "core/step.h"

/* Unknown is not zero: every number starts as unknown. */
static void estimate_clear(struct estimate *out) {
    memset(out, 0, offsetof(struct estimate, mixed)); /* steps behind are made before they are read */
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

static void fill_memory(const struct deployment *d, bool pools, struct estimate *out) {
    struct memory *m = &out->memory;
    memory_make(d, m);
    out->mem_weights_gb = m->weights / 1e9;
    out->mem_experts_gb = m->experts / 1e9;
    out->mem_kv_gb = m->kv / 1e9;
    out->mem_other_gb = m->other / 1e9;
    out->mem_gb = (m->weights + m->kv + m->other) / 1e9;
    out->max_batch = m->max_batch;
    out->kv_tokens = m->kv_tokens;
    out->max_context = m->max_context;
    out->resident = fmin(d->batch, m->max_batch);
    out->rank_batch = ceil(out->resident / d->dp);
    out->kv_copies = count_kv_copies(d->model, d->tp);
    if (m->max_batch < d->dp) { /* each attention rank needs room for a sequence */
        out->limit = LIMIT_MEMORY;
        out->limit_pool = pools ? POOL_DECODE : POOL_NONE;
        out->resident = out->rank_batch = NAN;
        snprintf(out->limit_text, sizeof out->limit_text,
                 "%sdoes not fit: weights %.1f + workspace %.1f + one sequence %.2g of %.1f GB",
                 out->limit_pool == POOL_DECODE ? "decode pool " : "", out->mem_weights_gb,
                 out->mem_other_gb, m->kv / 1e9 / ceil((double)d->batch / d->dp), out->mem_capacity_gb);
    } else if (out->resident < d->batch) {
        out->notes |= NOTE_KV_LIMITED;
    }
}

void estimate(const struct deployment *d, struct load_cache *cache, struct estimate *out) {
    bool pools = d->mode == MODE_DISAGGREGATED;
    estimate_clear(out);
    out->params_b = count_total(d->model) / 1e9;
    out->active_b = count_active(d->model) / 1e9;
    out->origin = interval_worse(d->engine.origin, d->first_token.origin);
    out->notes = collect_notes(d);
    out->mem_capacity_gb = d->gpu->mem_bytes / 1e9;
    double context = d->isl + d->osl / 2.0;
    out->flops_per_token_g = (2 * count_active(d->model) + d->model->n_layers * count_mean_context(d->model, context) *
                                                              count_attention_flop(d->model, 1, true)) / 1e9;
    out->limit = pools_check(d, out->limit_text);
    out->min_gpus = pools ? pools_min_gpus(d) : memory_min_layout(d, &out->min_tp, &out->min_pp);
    if (out->limit == LIMIT_NONE) {
        out->engine_gpus = d->tp * d->dp * d->pp;
        out->replicas = (pools ? d->gpus - d->prefill.gpus : d->gpus) / out->engine_gpus;
        if (pools) {
            struct deployment decode = pools_decode(d);
            fill_memory(&decode, pools, out);
            pools_fill_memory(d, out);
        } else {
            fill_memory(d, pools, out);
        }
    }
    out->feasible = out->limit == LIMIT_NONE;
    if (out->feasible)
        pools ? pools_make(d, cache, out) : serving_make(d, cache, out);
    if (!isnan(out->mem_gb))
        interval_memory(out);
    if (out->feasible)
        interval_make(d, out);
}
