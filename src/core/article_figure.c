#include "core/article_figure.h"

#include <math.h>
#include <string.h>

#include "core/compare.h"
#include "core/count.h"
#include "core/laws.h"
#include "core/step.h"

/* One engine's GPUs that read different bytes: tp ranks, on each of the dp replicas of attention. */
static double step_gb(const struct deployment *d, const struct estimate *e) {
    return e->feasible ? step_bytes(&e->decode) * d->tp * d->dp / 1e9 : NAN;
}

static double step_gb_gpu(const struct deployment *d, const struct estimate *e) {
    (void)d;
    return e->feasible ? step_bytes(&e->decode) / 1e9 : NAN;
}

/* Nothing but reading, at the datasheet's bandwidth: resident sequences over the time that the step's bytes take. */
static double roof_tok_s(const struct deployment *d, const struct estimate *e) {
    return e->feasible ? e->resident * d->gpu->mem_bw / step_bytes(&e->decode) : NAN;
}

static double prefill_gflop(const struct deployment *d, const struct estimate *e) {
    return e->feasible ? step_flop(&e->prefill) * d->tp / d->isl / 1e9 : NAN;
}

static double peak_tflops(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return d->gpus * timing_rate(d->gpu, d->weights->path, NULL) / 1e12;
}

static double params_ratio(const struct deployment *d, const struct estimate *e) {
    (void)d;
    return e->params_b / e->active_b;
}

/* All tokens of the step; loads are of a layer over the whole engine. */
static double tokens_expert(const struct deployment *d, const struct estimate *e) {
    return d->model->n_experts > 0 ? e->resident * d->model->top_k / d->model->n_experts : NAN;
}

static double tokens_busiest(const struct deployment *d, const struct estimate *e) {
    return tokens_expert(d, e) * e->load_max_mean;
}

/* Article A's convention: the whole rent over the output tokens. */
static double rent_m_out(const struct deployment *d, const struct estimate *e) {
    (void)d;
    return law_cost_per_million(e->cost_h, e->out_tok_s);
}

static double comm_ms(const struct deployment *d, const struct estimate *e) {
    double sum = 0;
    (void)d;
    for (int i = 0; i < OP_COUNT; i++)
        if (op_group_of((enum op_kind)i) == OPS_COMM)
            sum += e->decode.op[i].calls * e->decode.op[i].seconds;
    return e->feasible ? 1e3 * sum : NAN;
}

static double comm_mb(const struct deployment *d, const struct estimate *e) {
    double sum = 0;
    (void)d;
    for (int i = 0; i < OP_COUNT; i++)
        sum += e->decode.op[i].calls * e->decode.op[i].comm_bytes;
    return e->feasible ? sum / 1e6 : NAN;
}

static double comm_share(const struct deployment *d, const struct estimate *e) {
    return comm_ms(d, e) / e->decode_step_ms;
}

static double prefill_comm_share(const struct deployment *d, const struct estimate *e) {
    double sum = 0;
    (void)d;
    for (int i = 0; i < OP_COUNT; i++)
        if (op_group_of((enum op_kind)i) == OPS_COMM)
            sum += e->prefill.op[i].calls * e->prefill.op[i].seconds;
    return e->feasible ? sum / e->prefill.seconds : NAN;
}

/* Of the experts where there are any, of the dense products otherwise. */
static double critical_batch(const struct deployment *d, const struct estimate *e) {
    const struct model *m = d->model;
    const struct format *f = m->n_experts > 0 ? d->weights_experts : d->weights;
    const double peak = timing_rate(d->gpu, f->path, NULL);
    (void)e;
    return m->n_experts > 0 ? law_critical_batch_experts(peak, f->bytes, d->gpu->mem_bw, m->n_experts, m->top_k)
                            : law_critical_batch(peak, f->bytes, d->gpu->mem_bw);
}

static double traffic_ratio(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return d->model->n_experts > 0 ? law_traffic_ratio(d->model) : NAN;
}

static double kv_kb_token(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return count_kv_elements(d->model, 1) * d->model->n_layers * d->kv->bytes / 1e3;
}

static double layers(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return d->model->n_layers;
}

const struct article_figure article_figures[] = {
    {"step_gb", "GB", "Memory traffic of a decode step over all GPUs of an engine.", step_gb},
    {"step_gb_gpu", "GB", "Memory traffic of a decode step on the busiest GPU.", step_gb_gpu},
    {"roof_tok_s", "tok/s", "Output rate if a step only read its bytes, at the datasheet's bandwidth.", roof_tok_s},
    {"prefill_gflop", "GFLOP", "Work of one prompt token.", prefill_gflop},
    {"peak_tflops", "TFLOPS", "Datasheet rate of all GPUs, in the weights' format.", peak_tflops},
    {"params_ratio", "", "Parameters over active parameters.", params_ratio},
    {"tokens_expert", "tok", "Mean tokens of an expert in a decode step.", tokens_expert},
    {"tokens_busiest", "tok", "Expected tokens of the busiest expert.", tokens_busiest},
    {"rent_m_out", "$/M", "All rent over the output tokens, per million.", rent_m_out, true, E_OUT_TOK_S, true},
    {"comm_ms", "ms", "Communication of a decode step.", comm_ms, true, E_DECODE_STEP_MS, false},
    {"comm_mb", "MB", "What a GPU sends in a decode step.", comm_mb},
    {"comm_share", "", "Communication over the decode step.", comm_share},
    {"prefill_comm_share", "", "Communication over the prefill.", prefill_comm_share},
    {"critical_batch", "tok", "Tokens from which products (of an MoE: the experts') are bound by compute.",
     critical_batch},
    {"traffic_ratio", "", "MoE over dense traffic with the model's own expert width.", traffic_ratio},
    {"kv_kb_token", "kB", "KV cache of a token.", kv_kb_token},
    {"layers", "", "Layers, one after the other.", layers},
    {0},
};

bool article_figure_interval(const struct article_figure *f, const struct estimate *e, double value, double *lo,
                             double *hi) {
    double low, high;
    if (!f->uncertain || isnan(value) || !compare_interval(e, f->follows, &low, &high))
        return false;
    const double middle = compare_value(e, f->follows);
    *lo = value * (f->inverse ? middle / high : low / middle);
    *hi = value * (f->inverse ? middle / low : high / middle);
    return true;
}

const struct article_figure *article_figure_find(const char *id) {
    const struct article_figure *f = article_figures;
    while (f->id && strcmp(f->id, id) != 0)
        f++;
    return f->id ? f : NULL;
}
