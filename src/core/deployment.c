#include "core/deployment.h"

#include <math.h>

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
