#include "core/step.h"

#include <math.h>
#include <string.h>

#include "core/collective.h"
#include "core/count.h"
#include "core/laws.h"
#include "core/memory.h"

static const double SIXTEEN_BIT = 2; /* bytes of activations, logits, KV writes of the 16-bit cache */

/* --- one operator ------------------------------------------------------------------------------------------------------ */

/* In a captured step kernels start without the launch that a stand-alone timing contains: a share of it remains. */
static struct timing captured(const struct deployment *d, struct timing t) {
    double saved = (1 - d->engine.value[ENGINE_FLOOR]) * t.part[BOUND_LAUNCH];
    t.seconds -= saved;
    t.part[BOUND_LAUNCH] -= saved;
    return t;
}

/* Takes over a timing; work and traffic are counted by the caller, for people and for utilisation. */
static void op_set(struct op *o, struct timing t, double bytes, double flop) {
    o->bytes += bytes;
    o->flop += flop;
    o->seconds += t.seconds;
    o->bound = BOUND_MEMORY;
    for (int b = BOUND_MEMORY; b < BOUND_COUNT; b++) {
        o->part[b] += t.part[b];
        if (o->part[b] > o->part[o->bound])
            o->bound = (enum bound)b;
    }
}

/* Names a class of constants that the row rests on, once. */
static void op_rests_on(struct op *o, int class) {
    for (int i = 0; i < o->n_basis; i++)
        if (o->basis[i] == class)
            return;
    if (o->n_basis < BASIS_MAX)
        o->basis[o->n_basis++] = (unsigned char)class;
}

static void op_comm(struct op *o, double seconds, double bytes) {
    o->comm_bytes = bytes;
    op_set(o, (struct timing){.seconds = seconds, .part = {[BOUND_COMM] = seconds}}, 0, 0);
}

/* An operation over n GPUs: `near` within the node, `far` between nodes. */
static void op_rests_on_links(const struct deployment *d, int n, struct op *o, enum calibration_class near,
                              enum calibration_class far) {
    if (d->gpus_per_node > 1)
        op_rests_on(o, near);
    if (n > d->gpus_per_node)
        op_rests_on(o, far + BASIS_OUT);
}

/* --- rows ----------------------------------------------------------------------------------------------------------------- */

/* What the rows share. */
struct frame {
    const struct deployment *d;
    const struct work *w;
    const struct model *m;
    struct layer_params p;
    double tokens; /* per attention rank */
    struct step *out;
};

/* n tokens through a matrix from `in` to `out` features. */
static void row_gemm(const struct frame *f, enum op_kind kind, const struct format *format, double n, double in,
                     double out) {
    op_rests_on(&f->out->op[kind], CAL_GEMM + (int)format_class_of(format));
    op_set(&f->out->op[kind], captured(f->d, gemm_time(f->d->calibration, f->d->gpu, format, n, out, in)),
           in * out * format->bytes + n * (in + out) * SIXTEEN_BIT, 2 * n * in * out);
}

/* MLA: down to the latents of query and cache, up to the query's heads, and the latent's own matrices (absorbed into
 * query and output in decode, expanding the cache in prefill). Without q_lora the query comes straight from h. */
static void row_qkv(const struct frame *f) {
    const struct model *m = f->m;
    const struct format *w = f->d->weights;
    double heads = (double)m->n_heads / f->d->tp, query = m->qk_nope_head_dim + m->qk_rope_head_dim;
    if (m->attention != ATTENTION_MLA) {
        row_gemm(f, OP_QKV, w, f->tokens, m->hidden, f->p.attention_in / m->hidden);
        return;
    }
    row_gemm(f, OP_QKV, w, f->tokens, m->hidden, m->q_lora_rank + m->kv_lora_rank + m->qk_rope_head_dim);
    row_gemm(f, OP_QKV, w, f->tokens, m->q_lora_rank > 0 ? m->q_lora_rank : m->hidden, heads * query);
    row_gemm(f, OP_QKV, w, f->tokens, m->kv_lora_rank, heads * (m->qk_nope_head_dim + m->v_head_dim));
    if (f->w->expanded > 0) /* 2 * kv_lora * heads * (nope + v) FLOP for each cached token, layer and chunk */
        row_gemm(f, OP_QKV, w, f->w->expanded, m->kv_lora_rank, heads * (m->qk_nope_head_dim + m->v_head_dim));
}

static struct timing attention_layer(const struct frame *f, double window, double batch, double tokens, double context,
                                     bool prefill) {
    const struct deployment *d = f->d;
    const struct model *m = f->m;
    struct op *o = &f->out->op[OP_ATTENTION];
    double kv_heads = fmax(1, (double)m->n_kv_heads / d->tp), heads = (double)m->n_heads / d->tp;
    if (m->attention == ATTENTION_MLA) {
        struct mla_shape s = {batch, tokens, context, heads, m->kv_lora_rank, m->qk_rope_head_dim, m->qk_nope_head_dim,
                              m->v_head_dim, d->kv->bytes};
        op_rests_on(o, prefill ? mla_prefill_class(&s) : mla_decode_class(&s));
        return prefill ? mla_prefill_time(d->calibration, d->gpu, &s) : mla_decode_time(d->calibration, d->gpu, &s);
    }
    struct attention_shape s = {batch, tokens, context, heads, kv_heads, m->head_dim, window, d->kv->bytes, false, false};
    op_rests_on(o, prefill ? attention_prefill_class(d->gpu, &s) : attention_decode_class(&s));
    return prefill ? attention_prefill_time(d->calibration, d->gpu, &s) : attention_decode_time(d->calibration, d->gpu, &s);
}

/* The mean layer: layers with a sliding window and layers without. */
static struct timing attention_mean(const struct frame *f, double batch, double tokens, double context, bool prefill) {
    double sliding = (double)f->m->n_sliding_layers / f->m->n_layers;
    struct timing t = {0};
    if (sliding < 1)
        t = timing_scale(attention_layer(f, 0, batch, tokens, context, prefill), 1 - sliding);
    if (sliding > 0)
        t = timing_add(t, timing_scale(attention_layer(f, f->m->sliding_window, batch, tokens, context, prefill), sliding));
    return t;
}

/* Drafted tokens of a sequence are more queries on the same cache: it is read once, the dot products are done for each.
 * Latent decode takes them for more heads (FlashMLA's layout); grouped decode has room for them on its tiles up to the
 * datasheet's rate. No measurement stands behind either. */
static struct timing attention_verify(const struct frame *f, double pairs) {
    const struct work *w = f->w;
    struct timing one = attention_mean(f, w->decode, 1, w->context, false);
    if (w->drafts == 0)
        return one;
    double flop = pairs * count_attention_flop(f->m, f->d->tp, true);
    double t = flop / timing_rate(f->d->gpu, PATH_BF16, NULL);
    if (f->m->attention == ATTENTION_MLA) {
        struct frame wide = *f;
        struct model m = *f->m;
        m.n_heads *= 1 + (int)w->drafts;
        wide.m = &m;
        t = attention_mean(&wide, w->decode, 1, w->context, false).seconds - one.part[BOUND_LAUNCH];
    }
    double more = fmax(0, t - (one.seconds - one.part[BOUND_LAUNCH]));
    one.seconds += more;
    one.part[BOUND_COMPUTE] += more;
    return one;
}

/* Decode reads each sequence's cache; prefill is causal over its own tokens and what was cached before them. */
static void row_attention(const struct frame *f) {
    struct op *o = &f->out->op[OP_ATTENTION];
    const struct deployment *d = f->d;
    const struct work *w = f->w;
    double kv = count_kv_elements(f->m, d->tp) * d->kv->bytes;
    if (w->decode > 0) {
        double pairs = w->decode * count_mean_context(f->m, w->context);
        double queries = pairs * (1 + w->drafts);
        op_set(o, captured(d, attention_verify(f, queries)), pairs * kv, queries * count_attention_flop(f->m, d->tp, true));
    }
    if (w->prefill > 0) {
        double prompts = fmax(1, w->prompts), each = w->prefill / prompts;
        double pairs = w->prefill * count_causal_context(f->m, each, w->before);
        op_set(o, captured(d, attention_mean(f, prompts, each, w->before, true)),
               kv * prompts * (each + count_mean_context(f->m, w->before)),
               pairs * count_attention_flop(f->m, d->tp, false));
    }
}

static void row_elementwise(const struct frame *f, enum op_kind kind, double bytes, double kernels) {
    op_rests_on(&f->out->op[kind], CAL_ELEMENTWISE);
    op_set(&f->out->op[kind], captured(f->d, elementwise_time(f->d->calibration, f->d->gpu, bytes, kernels)), bytes, 0);
}

/* Experts, with replicas, that a rank holds. */
static double held_experts(const struct deployment *d) {
    return (double)(d->model->n_experts + d->redundant_experts) / d->ep;
}

/* The routed experts of one layer on one rank, which has `assignments` of the layer's token-expert pairs. */
static void row_rank(const struct deployment *d, double tokens, double assignments, double distinct, bool even,
                     struct op *o) {
    const struct model *m = d->model;
    double expert = count_expert(m) / ((double)d->tp * d->dp / d->ep);
    struct experts_shape s = {.tokens = tokens, .assignments = assignments, .distinct = distinct, .even = even,
                              .held = held_experts(d), .experts = m->n_experts, .top_k = m->top_k,
                              .ranks = d->ep, .hidden = m->hidden,
                              .inter = m->expert_ffn / ((double)d->tp * d->dp / d->ep), .mats = m->ffn_mats};
    double bytes = distinct * expert * d->weights_experts->bytes, roof = bytes / d->gpu->mem_bw;
    struct timing t = captured(d, experts_time(d->calibration, d->gpu, d->weights_experts, &s));
    double slow = d->engine.value[ENGINE_EXPERTS];
    if (format_class_of(d->weights_experts) == FORMAT_W4A16)
        slow *= d->engine.value[ENGINE_EXPERTS_W4A16];
    op_rests_on(o, CAL_EXPERTS + (int)format_class_of(d->weights_experts));
    op_set(o, timing_scale(t, fmax(slow, roof / t.seconds)), /* no kernel beats the datasheet */
           bytes + 2 * assignments * m->hidden * SIXTEEN_BIT, 2 * assignments * expert);
}

/* The rank that takes longest: it reads the most experts, and part of its surplus of tokens shows up in time. */
void step_experts(const struct deployment *d, const struct work *w, const struct load_law *law, struct op *out) {
    double mean = w->engine_tokens * d->model->top_k / d->ep;
    double late = 1 + d->engine.value[ENGINE_SKEW_SHARE] * (law->rank_max_mean - 1);
    double distinct = fmax(1, law->rank_distinct); /* the slowest rank has at least one */
    *out = (struct op){0};
    row_rank(d, w->engine_tokens, fmax(distinct, mean * late), distinct, false, out);
}

void step_balanced_experts(const struct deployment *d, const struct work *w, struct op *out) {
    const struct model *m = d->model;
    double assignments = w->engine_tokens * m->top_k / d->ep, held = held_experts(d);
    *out = (struct op){0};
    double distinct = fmin(held, ceil(assignments));
    row_rank(d, w->engine_tokens, fmax(distinct, assignments), distinct, true, out);
}

/* Bytes of an element on its way to an expert: experts that compute in 8 or 4 bits get it in 8. */
static double dispatch_bytes(const struct deployment *d) {
    enum format_class class = format_class_of(d->weights_experts);
    return class == FORMAT_16 || class == FORMAT_W8A16 || class == FORMAT_W4A16 ? SIXTEEN_BIT : 1;
}

/* Expert parallelism with sharded tokens. Whole experts (etp 1): all-to-all of each token's k copies, in prefill of one for
 * each rank that it touches. Cut experts, or ep 1: every rank needs all tokens, an all-gather and a reduce-scatter. With dp = 1
 * every rank holds every token already, and the layer's all-reduce sums: no dispatch. */
static void row_exchange(const struct frame *f) {
    const struct deployment *d = f->d;
    struct op *dispatch = &f->out->op[OP_DISPATCH], *combine = &f->out->op[OP_COMBINE];
    int n = d->tp * d->dp;
    double h = f->m->hidden, sent = dispatch_bytes(d);
    if (d->dp == 1)
        return;
    if (d->ep == n) {
        bool prefill = f->w->prefill > 0;
        double tokens = f->tokens / d->tp, copies = tokens * f->m->top_k * h * (n - 1) / n;
        if (prefill)
            copies = tokens * h * collective_ranks_touched(d);
        op_comm(dispatch, collective_dispatch(d, n, tokens, prefill), copies * sent);
        op_comm(combine, collective_combine(d, n, tokens, prefill), copies * SIXTEEN_BIT);
        op_rests_on(dispatch, prefill ? CAL_DEEPEP_DISPATCH : CAL_DEEPEP_LL_DISPATCH);
        op_rests_on(combine, prefill ? CAL_DEEPEP_COMBINE : CAL_DEEPEP_LL_COMBINE);
    } else {
        double all = f->w->engine_tokens * h;
        op_rests_on_links(d, n, dispatch, CAL_NCCL_ALLGATHER, CAL_NCCL_ALLGATHER);
        op_rests_on_links(d, n, combine, CAL_NCCL_REDUCESCATTER, CAL_NCCL_REDUCESCATTER);
        op_comm(dispatch, collective_allgather(d, n, all * sent), all * sent * (n - 1) / n);
        op_comm(combine, collective_reducescatter(d, n, all * SIXTEEN_BIT), all * SIXTEEN_BIT * (n - 1) / n);
    }
}

/* A copy for each expert on another GPU; or one for every other GPU, where all need all tokens. */
double step_exchange_bytes(const struct deployment *d) {
    int n = d->tp * d->dp, layers = d->model->n_layers - count_dense_layers(d->model, d->model->n_layers);
    double copies = d->ep == n ? (double)d->model->top_k * (n - 1) / n : n - 1;
    return d->dp > 1 ? copies * layers * d->model->hidden * (dispatch_bytes(d) + SIXTEEN_BIT) : 0;
}

static void row_allreduce(const struct frame *f) {
    int n = f->d->tp;
    double bytes = f->tokens * f->m->hidden * SIXTEEN_BIT;
    if (n <= 1)
        return;
    op_comm(&f->out->op[OP_ALLREDUCE], collective_allreduce(f->d, n, bytes), law_ring_bytes(bytes, n));
    op_rests_on_links(f->d, n, &f->out->op[OP_ALLREDUCE], CAL_ENGINE_ALLREDUCE, CAL_NCCL_ALLREDUCE);
    if (f->d->gpus_per_node > 1)
        op_rests_on(&f->out->op[OP_ALLREDUCE], CAL_NCCL_ALLREDUCE); /* for what is too long for the engine's own */
}

/* Feed-forward of this width on one GPU: gate and up in one matrix, then down. */
static void row_ffn(const struct frame *f, enum op_kind kind, double width) {
    row_gemm(f, kind, f->d->weights, f->tokens, f->m->hidden, (f->m->ffn_mats - 1) * width);
    row_gemm(f, kind, f->d->weights, f->tokens, width, f->m->hidden);
}

/* Embedding, head, router: 16-bit whatever the format of the rest. */
static const struct format sixteen_bit = {.id = "bf16", .bytes = 2, .path = PATH_BF16, .block = 1};

/* Head and sampling: the tokens of each decoding sequence, and the last of each prefilled prompt. */
static void row_head(const struct frame *f) {
    double n = f->w->decode * (1 + f->w->drafts) + (f->w->prefill > 0 ? fmax(1, f->w->prompts) : 0);
    row_gemm(f, OP_HEAD, &sixteen_bit, n, f->m->hidden, (double)f->m->vocab / f->d->tp);
    row_elementwise(f, OP_SAMPLING, n * f->m->vocab * 4, 2);
}

/* What the engine adds beside its kernels: per layer, and once a step. */
static void row_host(const struct frame *f) {
    const double *v = f->d->engine.value;
    double moe = f->m->n_layers - count_dense_layers(f->m, f->m->n_layers);
    double t = 1e-6 * (v[ENGINE_STEP_US] + v[ENGINE_LAYER_US] * f->m->n_layers + v[ENGINE_MOE_LAYER_US] * moe +
                       v[ENGINE_SEQUENCE_US] * f->w->decode);
    op_rests_on(&f->out->op[OP_HOST], CAL_ENGINE);
    op_set(&f->out->op[OP_HOST], (struct timing){.seconds = t, .part = {[BOUND_LAUNCH] = t}}, 0, 0);
}

/* One message to the next stage. */
static void row_stage(const struct frame *f) {
    const struct deployment *d = f->d;
    struct op *o = &f->out->op[OP_STAGE];
    double bytes = f->tokens * f->m->hidden * SIXTEEN_BIT / d->tp;
    op_comm(o, collective_stage(d, d->tp * d->dp, bytes), bytes);
    op_rests_on(o, CAL_STAGE + (d->tp * d->dp >= d->gpus_per_node ? BASIS_OUT : 0));
}

static void rows_make(struct frame *f, const struct load_law *law) {
    const struct model *m = f->m;
    double h = m->hidden, tp = f->d->tp;
    row_qkv(f);
    row_attention(f);
    row_gemm(f, OP_ATTENTION_OUT, f->d->weights, f->tokens, f->p.attention_out / h, h);
    row_elementwise(f, OP_NORM, 2 * 4 * f->tokens * h * SIXTEEN_BIT, 2);
    row_allreduce(f);
    if (count_dense_layers(m, m->n_layers) > 0)
        row_ffn(f, OP_FFN, m->dense_ffn / tp);
    if (law) {
        row_gemm(f, OP_ROUTER, &sixteen_bit, f->tokens, h, m->n_experts);
        step_experts(f->d, f->w, law, &f->out->op[OP_EXPERTS]);
        row_exchange(f);
        if (m->n_shared_experts > 0)
            row_ffn(f, OP_SHARED, (double)m->n_shared_experts * m->expert_ffn / tp);
    }
    row_head(f);
    if (f->d->pp > 1)
        row_stage(f);
    row_host(f);
}

/* --- calls ------------------------------------------------------------------------------------------------------------------ */

/* Two all-reduces a layer; with attention replicas the experts' exchange takes the place of the second one. */
static double allreduces(const struct deployment *d, int dense, int moe) {
    return d->tp > 1 ? 2.0 * (dense + moe) - (d->dp > 1 ? moe : 0) : 0;
}

double step_allreduces(const struct deployment *d) {
    int layers = d->model->n_layers, dense = count_dense_layers(d->model, layers);
    return allreduces(d, dense, layers - dense);
}

/* Calls of each row on stage s, of `dense` and `moe` layers. */
static void stage_calls(const struct deployment *d, int dense, int moe, bool has_head, double calls[OP_COUNT]) {
    double layers = dense + moe;
    memset(calls, 0, OP_COUNT * sizeof *calls);
    calls[OP_QKV] = calls[OP_ATTENTION] = calls[OP_ATTENTION_OUT] = calls[OP_NORM] = layers;
    calls[OP_FFN] = dense;
    calls[OP_ROUTER] = calls[OP_EXPERTS] = moe;
    calls[OP_SHARED] = d->model->n_shared_experts > 0 ? moe : 0;
    calls[OP_DISPATCH] = calls[OP_COMBINE] = d->dp > 1 ? moe : 0;
    calls[OP_ALLREDUCE] = allreduces(d, dense, moe);
    calls[OP_HEAD] = calls[OP_SAMPLING] = has_head;
}

static double calls_seconds(const struct step *s, const double calls[OP_COUNT]) {
    double t = 0;
    for (int i = 0; i < OP_COUNT; i++)
        t += calls[i] * s->op[i].seconds;
    return t;
}

/* The pace is the slowest stage's (uneven layers; the LM head on the last): its calls, times the passes of micro-batches. */
static void calls_make(const struct deployment *d, const struct work *w, struct step *out) {
    const struct model *m = d->model;
    double calls[OP_COUNT];
    out->stage_max = -1;
    for (int s = 0, first = 0; s < d->pp; s++) {
        int last = first + memory_stage_layers(m->n_layers, d->pp, s);
        int dense = count_dense_layers(m, last) - count_dense_layers(m, first);
        stage_calls(d, dense, last - first - dense, s == d->pp - 1, calls);
        double t = calls_seconds(out, calls);
        out->stage_mean += t / d->pp;
        if (last - first > out->layers_max)
            out->layers_max = last - first;
        if (t > out->stage_max) {
            out->stage_max = t;
            out->slowest = s + 1;
            for (int i = 0; i < OP_COUNT; i++)
                out->op[i].calls = calls[i] * w->passes;
        }
        first = last;
    }
    out->op[OP_STAGE].calls = d->pp > 1 ? d->pp : 0;
    out->op[OP_HOST].calls = 1;
}

void step_make(const struct deployment *d, const struct work *w, const struct load_law *law, struct step *out) {
    struct frame f = {.d = d, .w = w, .m = d->model, .tokens = w->decode * (1 + w->drafts) + w->prefill, .out = out};
    *out = (struct step){0};
    count_layer(d->model, d->tp, d->ep, d->tp * d->dp / d->ep, &f.p);
    rows_make(&f, law);
    calls_make(d, w, out);
    for (int i = 0; i < OP_COUNT; i++)
        out->seconds += out->op[i].calls * out->op[i].seconds;
}

double step_reach_seconds(const struct deployment *d, const struct work *w, const struct step *like) {
    struct step s = {0};
    struct frame f = {.d = d, .w = w, .m = d->model, .tokens = w->decode * (1 + w->drafts) + w->prefill, .out = &s};
    count_layer(d->model, d->tp, d->ep, d->tp * d->dp / d->ep, &f.p);
    row_qkv(&f);
    row_attention(&f);
    return like->seconds + like->op[OP_QKV].calls * (s.op[OP_QKV].seconds - like->op[OP_QKV].seconds) +
           like->op[OP_ATTENTION].calls * (s.op[OP_ATTENTION].seconds - like->op[OP_ATTENTION].seconds);
}

struct load_query step_query(const struct deployment *d, double engine_tokens, bool per_expert) {
    const struct model *m = d->model;
    return (struct load_query){.n_experts = m->n_experts, .top_k = m->top_k, .ranks = d->ep,
                               .redundant = d->redundant_experts, .tokens = engine_tokens, .skew_kind = d->skew_kind,
                               .skew = d->skew, .routing = d->routing, .per_expert = per_expert};
}

const struct load_law *step_law(const struct deployment *d, struct load_cache *cache, double engine_tokens,
                                bool per_expert) {
    struct load_query q = step_query(d, engine_tokens, per_expert);
    return d->model->n_experts == 0 ? NULL : load_law_get(cache, &q);
}

double step_flop(const struct step *s) {
    double sum = 0;
    for (int i = 0; i < OP_COUNT; i++)
        sum += s->op[i].calls * s->op[i].flop;
    return sum;
}

double step_bytes(const struct step *s) {
    double sum = 0;
    for (int i = 0; i < OP_COUNT; i++)
        sum += s->op[i].calls * s->op[i].bytes;
    return sum;
}
