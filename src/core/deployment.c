#include "core/deployment.h"

#include <math.h>

#include "core/scenario.h"

int deployment_default_tp(const struct model *m, int gpus, int gpus_per_node) {
    int most = gpus < gpus_per_node ? gpus : gpus_per_node;
    for (int tp = most; tp > 1; tp--) {
        bool kv = m->attention == ATTENTION_MLA || m->n_kv_heads % tp == 0 || tp % m->n_kv_heads == 0;
        if (gpus % tp == 0 && m->n_heads % tp == 0 && kv)
            return tp;
    }
    return 1;
}

int deployment_default_prefill_gpus(const struct deployment *d) {
    const struct prefill_pool *p = &d->prefill;
    double prefill = (double)p->tp * p->pp * p->dp, decode = (double)d->tp * d->pp * d->dp;
    int half = d->gpus / 2;
    for (int away = 0; away < 2 * d->gpus; away++) {
        int gpus = half + (away % 2 ? -1 : 1) * ((away + 1) / 2); /* half, one less, one more, ... */
        if (gpus > 0 && gpus < d->gpus && fmod(gpus, prefill) == 0 && fmod(d->gpus - gpus, decode) == 0)
            return gpus;
    }
    return half;
}

double deployment_prefill_budget(const struct deployment *d) {
    return d->chunk_tokens > 0 ? d->chunk_tokens : d->calibration->of[CAL_MEMORY].value[MEMORY_CHUNK_TOKENS];
}

int deployment_default_prefill_batch(const struct deployment *d) {
    double fresh = fmax(1, d->isl - floor(d->isl * d->prefix_hit));
    return d->prefill.dp * (int)fmax(1, floor(deployment_prefill_budget(d) / fresh));
}

/* Of the prefill pool; unknown where nobody set it and nothing reads it. */
static double pool_number(int value) {
    return value > 0 ? value : NAN;
}

double deployment_number(const struct deployment *d, const struct field *f) {
    switch ((enum field_id)(f - scenario_fields)) {
    case F_GPUS:
        return d->gpus;
    case F_GPUS_PER_NODE:
        return d->gpus_per_node;
    case F_TP:
        return d->tp;
    case F_PP:
        return d->pp;
    case F_DP:
        return d->dp;
    case F_EP:
        return d->ep;
    case F_PREFILL_GPUS:
        return pool_number(d->prefill.gpus);
    case F_PREFILL_TP:
        return pool_number(d->prefill.tp);
    case F_PREFILL_PP:
        return pool_number(d->prefill.pp);
    case F_PREFILL_DP:
        return pool_number(d->prefill.dp);
    case F_PREFILL_EP:
        return pool_number(d->prefill.ep);
    case F_PREFILL_BATCH:
        return pool_number(d->prefill.batch);
    case F_BATCH:
        return d->batch;
    case F_ISL:
        return d->isl;
    case F_OSL:
        return d->osl;
    case F_PREFIX_HIT:
        return d->prefix_hit;
    case F_CHUNK_TOKENS:
        return d->chunk_tokens;
    case F_SPEC_DEPTH:
        return d->spec_depth;
    case F_SPEC_ACCEPTANCE:
        return d->spec_acceptance;
    case F_SPEC_DRAFT_COST:
        return d->spec_draft_cost;
    case F_SKEW:
        return d->skew;
    case F_REDUNDANT_EXPERTS:
        return d->redundant_experts;
    case F_PRICE:
        return d->price;
    case F_POWER_PRICE:
        return d->power_price;
    case F_UTILISATION:
        return d->utilisation;
    case F_SLO_TTFT_MS:
        return d->slo_ttft_s * 1000;
    case F_SLO_TPOT_MS:
        return d->slo_tpot_s * 1000;
    default:
        return NAN;
    }
}
