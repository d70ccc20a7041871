#include "explore/law_table.h"

#include <math.h>
#include <stdio.h>

#include "core/collective.h"
#include "core/compare.h"
#include "core/count.h"
#include "core/laws.h"
#include "core/memory.h"
#include "core/step.h"
#include "explore/words.h"

const char *const law_group_names[LAW_GROUPS] = {"critical batch", "communication", "depth", "parameters, attention and KV cache"};

static const double SIXTEEN_BIT = 2; /* bytes of an activation */

static bool is_moe(const struct law_side *s) {
    return s->d.model->n_experts > 0;
}

static double percent(double share) {
    return 100 * share;
}

/* --- critical batch --------------------------------------------------------------------------------------------------- */

static double critical(const struct law_side *s, const struct format *f) {
    return law_critical_batch(timing_rate(s->d.gpu, f->path, NULL), f->bytes, s->d.gpu->mem_bw);
}

static double critical_batch(const struct law_side *s) {
    return critical(s, s->d.weights);
}

static double article_critical_batch(const struct law_side *s) {
    return law_critical_batch(timing_rate(s->d.gpu, PATH_BF16, NULL), SIXTEEN_BIT, s->d.gpu->mem_bw);
}

static double critical_batch_experts(const struct law_side *s) {
    const struct model *m = s->d.model;
    const struct format *f = s->d.weights_experts;
    if (!is_moe(s))
        return NAN;
    return law_critical_batch_experts(timing_rate(s->d.gpu, f->path, NULL), f->bytes, s->d.gpu->mem_bw, m->n_experts, m->top_k);
}

static double article_critical_batch_experts(const struct law_side *s) {
    return is_moe(s) ? article_critical_batch(s) : NAN;
}

/* Of one attention rank. */
static double batch_share(const struct law_side *s) {
    return percent((double)s->d.batch / s->d.dp / critical_batch(s));
}

static double batch_share_experts(const struct law_side *s) {
    return percent(s->d.batch / critical_batch_experts(s));
}

/* --- communication ----------------------------------------------------------------------------------------------------- */

static double allreduces(const struct law_side *s) {
    return step_allreduces(&s->d);
}

static double article_allreduces(const struct law_side *s) {
    return s->d.model->n_layers;
}

static double allreduce_mb(const struct law_side *s) {
    return step_allreduces(&s->d) * s->d.model->hidden * SIXTEEN_BIT / 1e6;
}

static double article_allreduce_mb(const struct law_side *s) {
    return law_allreduce_bytes(s->d.model, SIXTEEN_BIT, 1) / 1e6;
}

static double wire_mb(const struct law_side *s) {
    return law_ring_bytes(allreduce_mb(s), s->d.tp);
}

static double exchange_mb(const struct law_side *s) {
    return is_moe(s) ? step_exchange_bytes(&s->d) / 1e6 : NAN;
}

static double group_seconds(const struct step *step, enum op_group group) {
    double seconds = 0;
    for (int i = 0; i < OP_COUNT; i++)
        if (op_group_of((enum op_kind)i) == group)
            seconds += step->op[i].calls * step->op[i].seconds;
    return seconds;
}

static double comm_ms(const struct law_side *s) {
    return s->e.feasible ? 1e3 * group_seconds(&s->e.decode, OPS_COMM) : NAN;
}

/* One all-reduce per layer at the rate of large ones on this link; the wire rate where none was measured. */
static double article_comm_ms(const struct law_side *s) {
    const struct link *l = s->d.link_up;
    double rate = l->allreduce_busbw > 0 ? l->allreduce_busbw : fabric_of(l, s->d.gpu).rate;
    double buffer = law_allreduce_bytes(s->d.model, SIXTEEN_BIT, 1) * s->d.batch;
    return 1e3 * law_allreduce_seconds(buffer, s->d.tp, rate);
}

static double comm_share(const struct law_side *s) {
    return percent(comm_ms(s) / s->e.decode_step_ms);
}

static double prefill_comm_share(const struct law_side *s) {
    return s->e.feasible ? percent(group_seconds(&s->e.prefill, OPS_COMM) / s->e.prefill.seconds) : NAN;
}

/* Hidden behind the computation. */
static double article_prefill_comm_share(const struct law_side *s) {
    (void)s;
    return 0;
}

static double granularity(const struct law_side *s) {
    return law_granularity(s->d.model);
}

/* Experts as wide as a dense feed-forward. */
static double article_granularity(const struct law_side *s) {
    return is_moe(s) ? 1 : NAN;
}

static double traffic(const struct law_side *s) {
    return is_moe(s) ? law_traffic_ratio(s->d.model) : NAN;
}

static double article_traffic(const struct law_side *s) {
    return is_moe(s) ? law_article_traffic_ratio(s->d.model) : NAN;
}

static double traffic_allreduce(const struct law_side *s) {
    return is_moe(s) ? law_traffic_ratio_allreduce(s->d.model) : NAN;
}

/* --- depth ---------------------------------------------------------------------------------------------------------------- */

static double layers(const struct law_side *s) {
    return s->d.model->n_layers;
}

static double moe_layers(const struct deployment *d) {
    return d->model->n_layers - count_dense_layers(d->model, d->model->n_layers);
}

/* What a layer's kernels need to start, and what the engine adds; seconds, mean layer. */
static double launch_seconds(const struct law_side *s) {
    const struct deployment *d = &s->d;
    const double *engine = d->engine.value;
    double kernels = 0;
    for (int i = 0; i < OP_HEAD; i++) /* the rows of a layer come first */
        kernels += s->e.decode.op[i].calls * s->e.decode.op[i].part[BOUND_LAUNCH];
    double host = engine[ENGINE_LAYER_US] * d->model->n_layers + engine[ENGINE_MOE_LAYER_US] * moe_layers(d);
    return kernels / s->e.decode.op[OP_QKV].calls + host * 1e-6 / d->model->n_layers;
}

/* Collectives of a layer without any bytes; seconds, mean layer. */
static double exchange_seconds(const struct law_side *s) {
    const struct deployment *d = &s->d;
    int n = d->tp * d->dp;
    double t = step_allreduces(d) * collective_allreduce(d, d->tp, 0);
    if (d->dp > 1 && is_moe(s) && d->ep == n)
        t += moe_layers(d) * (collective_dispatch(d, n, 0, false) + collective_combine(d, n, 0, false));
    else if (d->dp > 1 && is_moe(s))
        t += moe_layers(d) * (collective_allgather(d, n, 0) + collective_reducescatter(d, n, 0));
    return t / d->model->n_layers;
}

static double depth_floor_ms(const struct law_side *s) {
    if (!s->e.feasible)
        return NAN;
    return 1e3 * law_depth_floor(s->d.model->n_layers, launch_seconds(s), exchange_seconds(s));
}

static double depth_share(const struct law_side *s) {
    return percent(depth_floor_ms(s) / s->e.decode_step_ms);
}

/* --- parameters, attention, KV cache -------------------------------------------------------------------------------------- */

static double total_b(const struct law_side *s) {
    return s->e.params_b;
}

/* It compares what a token uses. */
static double active_b(const struct law_side *s) {
    return s->e.active_b;
}

static double hidden(const struct law_side *s) {
    return s->d.model->hidden;
}

/* A dense model of the same size, cut into E experts: sqrt(E) narrower. */
static double article_hidden(const struct law_side *s) {
    return is_moe(s) ? s->d.model->hidden * sqrt(s->d.model->n_experts) : NAN;
}

static double attention_b(const struct law_side *s) {
    return law_attention_params(s->d.model) / 1e9;
}

static double attention_share(const struct law_side *s) {
    return percent(attention_b(s) / s->e.active_b);
}

static double kv_token_kb(const struct law_side *s) {
    double context = (double)s->d.isl + s->d.osl;
    return law_kv_bytes(s->d.model, 1, s->d.kv->bytes, context) / context / 1e3;
}

static double article_kv_token_kb(const struct law_side *s) {
    return law_article_kv_token(s->d.model, s->d.kv->bytes) / 1e3;
}

/* On the GPU with the most layers. */
static double kv_token_gpu_kb(const struct law_side *s) {
    const struct deployment *d = &s->d;
    double context = (double)d->isl + d->osl, most = 0;
    for (int i = 0; i < d->pp; i++)
        most = fmax(most, memory_stage_layers(d->model->n_layers, d->pp, i));
    return law_kv_bytes(d->model, d->tp, d->kv->bytes, context) / context / 1e3 * most / d->model->n_layers;
}

/* --- the table ------------------------------------------------------------------------------------------------------------- */

/* clang-format off */
const struct law laws[LAW_COUNT] = {
    {"critical-batch", LAWS_BATCH, "critical batch", "tok", critical_batch, article_critical_batch,
     "FLOP/s x bytes per weight / (2 x bandwidth): above it a matrix product is bound by compute. Here in the format of the "
     "weights; the article in 16 bits (H100: 295, printed as around 300)."},
    {"critical-batch-share", LAWS_BATCH, "batch over it", "%", batch_share, NULL,
     "Sequences of one attention rank over the critical batch."},
    {"critical-batch-experts", LAWS_BATCH, "critical batch, experts", "tok", critical_batch_experts,
     article_critical_batch_experts,
     "The same times E/k, since an expert sees k/E of the tokens. The article leaves the factor out."},
    {"critical-batch-experts-share", LAWS_BATCH, "batch over it", "%", batch_share_experts, NULL,
     "Sequences of the engine over the critical batch of its experts."},

    {"allreduces", LAWS_NETWORK, "all-reduces per token", "", allreduces, article_allreduces,
     "Two per layer as tensor parallelism needs them; with attention replicas the experts' exchange takes the place of the "
     "second. The article counts one per layer, cut or not."},
    {"allreduce-volume", LAWS_NETWORK, "volume per token", "MB", allreduce_mb, article_allreduce_mb,
     "hidden x 2 bytes x all-reduces. Llama-70B: 1.31 MB at one per layer (the article's 1.25 MB are MiB)."},
    {"allreduce-wire", LAWS_NETWORK, "sent per GPU and token", "MB", wire_mb, NULL,
     "2(n-1)/n of the volume: what a ring over the tp GPUs puts on the wire."},
    {"exchange-volume", LAWS_NETWORK, "exchange per token", "MB", exchange_mb, NULL,
     "Dispatch and combine between GPUs: (n-1)/n x k copies there and back; n-1 where every GPU needs all tokens. 0 without "
     "attention replicas, where every GPU holds every token already."},
    {"comm-time", LAWS_NETWORK, "network in a decode step", "ms", comm_ms, article_comm_ms,
     "Here the step's collectives as priced, with their latencies. The article: one all-reduce per layer, wire bytes over the "
     "rate of large all-reduces on this link."},
    {"comm-share", LAWS_NETWORK, "network share of decode", "%", comm_share, NULL, "Of the decode step here."},
    {"prefill-comm-share", LAWS_NETWORK, "network share of prefill", "%", prefill_comm_share, article_prefill_comm_share,
     "If it is not overlapped. The article: hidden behind the computation."},
    {"granularity", LAWS_NETWORK, "granularity G", "", granularity, article_granularity,
     "3.5 x hidden / expert width: how much finer than a dense feed-forward the experts are cut. The article takes 1."},
    {"traffic", LAWS_NETWORK, "traffic ratio, copies", "x", traffic, article_traffic,
     "MoE over dense: k x sqrt(G/E) with a copy of the token for each expert, against a dense model of the same size and depth. The article: "
     "k / sqrt(E)."},
    {"traffic-allreduce", LAWS_NETWORK, "traffic ratio, all-reduce", "x", traffic_allreduce, NULL,
     "MoE over dense: sqrt(G/E) with one all-reduce per layer: what is left is the narrower model."},

    {"layers", LAWS_DEPTH, "layers", "", layers, NULL, "They follow one another."},
    {"depth-floor", LAWS_DEPTH, "depth floor", "ms", depth_floor_ms, NULL,
     "layers x (launch + all-reduce latency): the fixed times of a step, which no GPU more takes away."},
    {"depth-share", LAWS_DEPTH, "floor's share of decode", "%", depth_share, NULL, "Of the decode step here."},

    {"parameters", LAWS_ATTENTION, "parameters", "B", total_b, active_b,
     "All of them lie in memory. Where the article says that an MoE has fewer, it means those that a token uses."},
    {"hidden", LAWS_ATTENTION, "hidden width", "", hidden, article_hidden,
     "The article: a dense model of the same size is sqrt(E) times as wide as the MoE."},
    {"attention-share", LAWS_ATTENTION, "attention share of active", "%", attention_share, NULL,
     "Parameters of all attention blocks over those that a token uses."},
    {"kv-token", LAWS_ATTENTION, "KV cache per token", "kB", kv_token_kb, article_kv_token_kb,
     "2 x KV heads x head width x bytes x layers; the latent of MLA; ended by windows, mean over isl + osl tokens. The article's "
     "trend with d: multi-head attention, 2 x hidden x layers x bytes."},
    {"kv-token-gpu", LAWS_ATTENTION, "KV cache per token and GPU", "kB", kv_token_gpu_kb, NULL,
     "The same on the fullest GPU: heads are cut by tp as far as there are any, the latent of MLA is whole on every GPU."},
};
/* clang-format on */

/* --- over GPU counts --------------------------------------------------------------------------------------------------------- */

/* One engine over n GPUs that does both prefill and decode, tensor parallel; whole experts on each where their width cannot be
 * cut so. */
static bool engine_over(struct explorer *x, const struct scenario *s, int gpus, struct deployment *d) {
    char text[160];
    if (!x->resolve(x->user, s, d))
        return false;
    d->mode = MODE_AGGREGATED;
    d->gpus = d->tp = gpus;
    d->pp = d->dp = d->ep = 1;
    d->redundant_experts = 0;
    if (layout_check(d, text) == LIMIT_EXPERTS || layout_check(d, text) == LIMIT_FORMAT)
        d->ep = d->model->n_experts > 0 ? gpus : 1;
    return true;
}

static void make_point(struct explorer *x, const struct scenario *const scenario[2], struct law_point *p) {
    struct estimate e[2] = {0};
    for (int i = 0; i < 2; i++) {
        struct deployment d;
        p->rate[i] = p->tpot_ms[i] = NAN;
        if (!engine_over(x, scenario[i], p->gpus, &d))
            continue;
        estimate(&d, &x->cache, &e[i]);
        p->rate[i] = compare_value(&e[i], E_TOK_S_GPU);
        p->tpot_ms[i] = compare_value(&e[i], E_TPOT_MS);
    }
    p->certain = compare_certain(&e[0], &e[1], E_TOK_S_GPU);
}

bool laws_make(struct explorer *x, const struct scenario *a, const struct scenario *b, struct law_results *out) {
    const struct scenario *scenario[2] = {a, b};
    for (int i = 0; i < 2; i++) {
        struct law_side s;
        if (!x->resolve(x->user, scenario[i], &s.d))
            return false;
        estimate(&s.d, &x->cache, &s.e);
        for (int k = 0; k < LAW_COUNT; k++) {
            out->here[k][i] = laws[k].here(&s);
            out->article[k][i] = laws[k].article ? laws[k].article(&s) : NAN;
        }
    }
    for (int i = 0; i < LAW_SERIES; i++) {
        out->series[i].gpus = 1 << i;
        make_point(x, scenario, &out->series[i]);
    }
    return true;
}

static const struct law_point *both_run(const struct law_results *r, int from, int step) {
    for (int i = from; i >= 0 && i < LAW_SERIES; i += step)
        if (!isnan(r->series[i].rate[0] + r->series[i].rate[1]))
            return &r->series[i];
    return NULL;
}

static const char *unsure(const struct law_point *p) {
    return p->certain ? "" : " (within the uncertainty)";
}

const char *laws_tell_series(const struct law_results *r, char *buf, size_t size) {
    const struct law_point *first = both_run(r, 0, 1), *last = both_run(r, LAW_SERIES - 1, -1);
    char from[WORDS_NUMBER], to[WORDS_NUMBER];
    *buf = '\0';
    if (!first || first == last) {
        words_add(buf, size, "There are no two GPU counts on which both run.");
        return buf;
    }
    double early = first->rate[0] / first->rate[1], late = last->rate[0] / last->rate[1];
    words_add(buf, size, "Tokens per GPU, A over B: %s on %d GPU%s%s, %s on %d%s: the ratio %s with GPUs.",
              words_number(early, from), first->gpus, first->gpus > 1 ? "s" : "", unsure(first), words_number(late, to),
              last->gpus, unsure(last),
              fabs(late / early - 1) < 0.05 ? "hardly changes" : late > early ? "grows" : "shrinks");
    return buf;
}
