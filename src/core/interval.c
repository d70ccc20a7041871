#include "core/interval.h"

#include <math.h>

int interval_basis(const struct deployment *d, struct basis used[INTERVAL_BASIS_MAX]) {
    const struct model *m = d->model;
    bool moe = m->n_experts > 0;
    struct attention_shape s = {.heads = (double)m->n_heads / d->tp, .kv_heads = fmax(1, (double)m->n_kv_heads / d->tp),
                                .kv_bytes = d->kv->bytes};
    struct mla_shape latent = {.kv_bytes = d->kv->bytes};
    bool mla = m->attention == ATTENTION_MLA;
    int n = 0;
    used[n++].class = CAL_GEMM + (enum calibration_class)format_class_of(d->weights);
    used[n++].class = mla ? mla_decode_class(&latent) : attention_decode_class(&s);
    used[n++].class = mla ? mla_prefill_class(&latent) : attention_prefill_class(d->gpu, &s);
    if (moe)
        used[n++].class = CAL_EXPERTS + (enum calibration_class)format_class_of(d->weights_experts);
    if (d->tp > 1)
        used[n++].class = CAL_ENGINE_ALLREDUCE;
    if (d->dp > 1 && moe)
        used[n++].class = CAL_DEEPEP_LL_DISPATCH;
    for (int i = 0; i < n; i++) {
        bool link = calibration_classes[used[i].class].scope == SCOPE_LINK;
        used[i].values = &(link ? d->up_calibration : d->calibration)->of[used[i].class];
    }
    return n;
}

enum origin interval_worse(enum origin a, enum origin b) {
    return a > b ? a : b;
}

double interval_widening(const struct deployment *d, enum origin *origin) {
    struct basis used[INTERVAL_BASIS_MAX];
    bool engine = d->engine.origin == ORIGIN_FITTED && d->engine.foreign, operators = false;
    bool weight_only = d->model->n_experts > 0 && format_class_of(d->weights_experts) == FORMAT_W4A16;
    for (int i = interval_basis(d, used) - 1; i >= 0; i--) {
        const struct class_values *v = used[i].values;
        *origin = interval_worse(*origin, v->origin);
        operators = operators || (v->inherited && (v->foreign || v->origin > ORIGIN_FITTED));
    }
    return engine ? weight_only ? 3 : 1.5 : operators ? 3 : 1;
}

bool interval_untimed(const struct deployment *d) {
    return d->spec_depth > 0 || d->chunk_tokens > 0;
}

double interval_unmeasured(const struct deployment *d) {
    if (interval_untimed(d))
        return 2;
    return d->mode == MODE_DISAGGREGATED && d->pool_step.inherited ? 1.5 : 1;
}

const struct class_values *interval_step_values(const struct deployment *d) {
    return d->mode == MODE_DISAGGREGATED ? &d->pool_step : &d->engine;
}

const struct class_values *interval_first_values(const struct deployment *d) {
    return d->mode == MODE_DISAGGREGATED ? &d->pool_first : &d->first_token;
}

double interval_low(const struct class_values *v) {
    return v->lo > 0 ? v->lo : 1 / 1.5;
}

double interval_high(const struct class_values *v) {
    return v->hi > 0 ? v->hi : 1.5;
}

/* Widened on a log scale. */
static void bounds(const struct class_values *v, double wide, double *lo, double *hi) {
    *lo = pow(interval_low(v), wide);
    *hi = pow(interval_high(v), wide);
}

/* Weights and KV cache are counted exactly: engines' reports of the rest spread by about a half. */
const double interval_other_spread = 0.5;

void interval_memory(struct estimate *out) {
    double spread = interval_other_spread * out->mem_other_gb;
    out->mem = (struct interval){out->mem_gb - spread, out->mem_gb + spread, ORIGIN_ASSUMED};
}

/* TTFT and TPOT have intervals from measurements; throughput and cost follow from both. */
void interval_make(const struct deployment *d, struct estimate *out) {
    enum origin origin = interval_worse(d->engine.origin, interval_step_values(d)->origin);
    double unmeasured = interval_unmeasured(d), wide = fmax(interval_widening(d, &origin), unmeasured);
    double lo, hi, steps = d->osl - 1;
    double work = out->replicas * (double)d->batch * d->osl;
    out->wide = wide;
    if (interval_untimed(d))
        origin = ORIGIN_ASSUMED;
    bounds(interval_step_values(d), wide, &lo, &hi);
    out->tpot = (struct interval){out->tpot_ms * lo, out->tpot_ms * hi, origin};
    bounds(interval_first_values(d), unmeasured, &lo, &hi);
    out->ttft = (struct interval){out->ttft_ms * lo, out->ttft_ms * hi,
                                  interval_worse(origin, interval_first_values(d)->origin)};
    out->out_tok = (struct interval){work * 1e3 / (out->ttft.hi + steps * out->tpot.hi),
                                     work * 1e3 / (out->ttft.lo + steps * out->tpot.lo), out->ttft.origin};
    out->cost_out = (struct interval){out->cost_m_out * out->out_tok_s / out->out_tok.hi,
                                      out->cost_m_out * out->out_tok_s / out->out_tok.lo, out->ttft.origin};
    out->origin = out->ttft.origin;
}
