#include "core/ledger.h"

#include <math.h>

#include "core/memory.h"
#include "core/serving.h"
#include "core/step.h"

void ledger_make(const struct deployment *d, struct load_cache *cache, struct estimate *out) {
    struct deployment bare = *d;
    struct memory with, without;
    struct step step;
    if (d->redundant_experts == 0)
        return;
    bare.redundant_experts = 0;
    memory_make(d, &with);
    memory_make(&bare, &without);
    out->redundant_gb = (with.experts - without.experts) / 1e9;
    out->redundant_kv_tokens = without.kv_tokens - with.kv_tokens;
    out->redundant_batch = without.max_batch - with.max_batch;
    if (d->model->n_experts % d->ep != 0)
        return;
    double resident = fmin(d->batch, without.max_batch);
    struct work w = serving_decode_work(&bare, resident);
    const struct load_law *law = step_law(&bare, cache, w.engine_tokens, false);
    step_make(&bare, &w, law, &step);
    out->rank_max_before = law->rank_max_mean;
    out->step_before_ms = step.seconds * 1e3;
    out->redundant_gain = out->resident / out->decode.seconds / (resident / step.seconds);
}
