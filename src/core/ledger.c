#include "core/ledger.h"

#include <math.h>

#include "core/memory.h"
#include "core/serving.h"
#include "core/step.h"

/* The decode step of `resident` sequences without replicas. Where as many decode with them only the experts' row differs. */
static double step_seconds(const struct deployment *bare, const struct work *w, const struct load_law *law,
                           const struct estimate *with, double resident) {
    const struct op *experts = &with->decode.op[OP_EXPERTS];
    struct op op;
    struct step step;
    if (resident == with->resident && bare->pp == 1) {
        step_experts(bare, w, law, &op);
        return with->decode.seconds + experts->calls * (op.seconds - experts->seconds);
    }
    step_make(bare, w, law, &step);
    return step.seconds;
}

void ledger_make(const struct deployment *d, struct load_cache *cache, struct estimate *out) {
    struct deployment bare = *d;
    struct memory without;
    if (d->redundant_experts == 0)
        return;
    bare.redundant_experts = 0;
    memory_make(&bare, &without);
    out->redundant_gb = out->mem_experts_gb - without.experts / 1e9;
    out->redundant_kv_tokens = without.kv_tokens - out->kv_tokens;
    out->redundant_batch = without.max_batch - out->max_batch;
    if (d->model->n_experts % d->ep != 0)
        return;
    double resident = fmin(d->batch, without.max_batch);
    struct work w = serving_decode_work(&bare, resident);
    const struct load_law *law = step_law(&bare, cache, w.engine_tokens, false);
    double seconds = step_seconds(&bare, &w, law, out, resident);
    out->rank_max_before = law->rank_max_mean;
    out->step_before_ms = seconds * 1e3;
    out->redundant_gain = out->resident / out->decode.seconds / (resident / seconds);
}
