#include "core/ledger.h"

#include <math.h>

#include "core/memory.h"
#include "core/serving.h"
#include "core/step.h"

/* The decode step of `resident` sequences without replicas. Where as many decode with them only the experts' row differs. */
static double step_seconds(const struct deployment *bare, const struct work *w, const struct load_law *law, double resident,
                           struct estimate *out) {
    const struct op *experts = &out->decode.op[OP_EXPERTS];
    struct op op;
    if (resident == out->resident && bare->pp == 1) {
        step_experts(bare, w, law, &op);
        out->before.expert_seconds = op.seconds;
        return out->decode.seconds + experts->calls * (op.seconds - experts->seconds);
    }
    step_make(bare, w, law, &out->bare);
    return out->bare.seconds;
}

void ledger_make(const struct deployment *d, struct load_cache *cache, struct estimate *out) {
    struct deployment bare = *d;
    struct before *before = &out->before;
    struct memory without;
    if (d->redundant_experts == 0)
        return;
    bare.redundant_experts = 0;
    memory_make(&bare, &without);
    before->experts = without.experts;
    before->kv_tokens = without.kv_tokens;
    before->max_batch = without.max_batch;
    out->redundant_gb = out->mem_experts_gb - without.experts / 1e9;
    out->redundant_kv_tokens = without.kv_tokens - out->kv_tokens;
    out->redundant_batch = without.max_batch - out->max_batch;
    if (d->model->n_experts % d->ep != 0)
        return;
    double resident = before->resident = fmin(d->batch, without.max_batch);
    struct work w = serving_decode_work(&bare, resident);
    before->tokens = w.engine_tokens;
    const struct load_law *law = step_law(&bare, cache, w.engine_tokens, false);
    double seconds = step_seconds(&bare, &w, law, resident, out);
    out->rank_max_before = law->rank_max_mean;
    out->step_before_ms = seconds * 1e3;
    out->redundant_gain = out->resident / out->decode.seconds / (resident / seconds);
}
