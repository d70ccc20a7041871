#include "core/step.h"

#include <math.h>
#include <string.h>

#include "core/collective.h"
#include "core/count.h"
#include "core/laws.h"
#include "core/memory.h"

static const double SIXTEEN_BIT = 2; /* bytes of activations, logits, KV writes of the 16-bit cache */

/* --- one operator ------------------------------------------------------------------------------------------------------ */

/* Two limits overlap well but not perfectly: the 4-norm is 1.19 of the larger where both are equal. */
static double join(double a, double b) {
    double a2 = a * a, b2 = b * b;
    return sqrt(sqrt(a2 * a2 + b2 * b2));
}

static void op_set_bound(struct op *o) {
    o->bound = BOUND_MEMORY;
    for (int b = BOUND_MEMORY; b < BOUND_COUNT; b++)
        if (o->part[b] > o->part[o->bound])
            o->bound = (enum bound)b;
}

/* t = kernels*t0 + join(bytes / (bw*em), flop / (rate*ec)), the roofline with a fixed cost. */
static void op_roofline(struct op *o, const struct deployment *d, enum op_class class, double kernels, double rate) {
    const struct op_constants *c = &d->calibration->op[class];
    double memory = o->bytes / (d->gpu->mem_bw * c->mem_eff), compute = o->flop / (rate * c->compute_eff);
    double body = join(memory, compute), fixed = kernels * c->t0_s;
    o->part[memory >= compute ? BOUND_MEMORY : BOUND_COMPUTE] = body;
    o->part[BOUND_LAUNCH] = fixed;
    o->seconds = fixed + body;
    op_set_bound(o);
}

static void op_comm(struct op *o, double seconds, double bytes) {
    o->comm_bytes = bytes;
    o->seconds = o->part[BOUND_COMM] = seconds;
    op_set_bound(o);
}

static double first_rate(const struct gpu *g, const enum compute_path *paths, int n) {
    for (int i = 0; i < n; i++)
        if (g->rate[paths[i]] > 0)
            return g->rate[paths[i]];
    return g->rate[PATH_FP32];
}

static double sixteen_bit_rate(const struct gpu *g) {
    static const enum compute_path paths[] = {PATH_BF16, PATH_FP16};
    return first_rate(g, paths, 2);
}

double step_rate(const struct gpu *g, const struct format *f, bool *fallback) {
    bool has = g->rate[f->path] > 0;
    if (fallback)
        *fallback = !has && f->path != PATH_BF16 && f->path != PATH_FP16;
    return has ? g->rate[f->path] : sixteen_bit_rate(g);
}

/* --- rows ----------------------------------------------------------------------------------------------------------------- */

/* What the rows share. */
struct frame {
    const struct deployment *d;
    const struct work *w;
    const struct model *m;
    struct layer_params p;
    double tokens; /* per attention rank */
    double rate;   /* of the dense weights */
    struct step *out;
};

/* A matrix of `params` weights applied to n tokens; `width` activations per token are read and written. */
static void row_gemm(const struct frame *f, enum op_kind kind, double params, double n, double width, double kernels) {
    struct op *o = &f->out->op[kind];
    o->flop = 2 * n * params;
    o->bytes = params * f->d->weights->bytes + n * width * SIXTEEN_BIT;
    op_roofline(o, f->d, CLASS_GEMM, kernels, f->rate);
}

/* Decode reads each sequence's cache; prefill is causal over its own tokens and what was cached before them. */
static void row_attention(const struct frame *f) {
    struct op *o = &f->out->op[OP_ATTENTION];
    const struct deployment *d = f->d;
    double context = count_mean_context(f->m, f->w->context), rate = sixteen_bit_rate(d->gpu);
    double kv = count_kv_elements(f->m, d->tp) * d->kv->bytes;
    struct op part = {.flop = f->w->decode * context * count_attention_flop(f->m, d->tp, true),
                      .bytes = f->w->decode * context * kv};
    if (f->w->decode > 0)
        op_roofline(&part, d, CLASS_ATTENTION_DECODE, 1, rate);
    *o = part;
    if (f->w->prefill > 0) {
        double seen = count_causal_context(f->m, f->w->prefill, f->w->before);
        part = (struct op){.flop = f->w->prefill * seen * count_attention_flop(f->m, d->tp, false),
                           .bytes = kv * (f->w->prefill + count_mean_context(f->m, f->w->before)) +
                                    4 * f->w->prefill * f->m->n_heads * f->m->head_dim / d->tp * SIXTEEN_BIT};
        op_roofline(&part, d, CLASS_ATTENTION_PREFILL, 1, rate);
        o->flop += part.flop;
        o->bytes += part.bytes;
        o->seconds += part.seconds;
        for (int b = 0; b < BOUND_COUNT; b++)
            o->part[b] += part.part[b];
        op_set_bound(o);
    }
}

static void row_elementwise(const struct frame *f, enum op_kind kind, double bytes, double flop, double kernels) {
    struct op *o = &f->out->op[kind];
    o->bytes = bytes;
    o->flop = flop;
    op_roofline(o, f->d, CLASS_ELEMENTWISE, kernels, sixteen_bit_rate(f->d->gpu));
}

/* The routed experts of one layer on the rank that takes longest: it reads `distinct` of its experts and works on
 * `tokens` assignments, each expert's rounded up to a tile (half a tile more on the mean). */
static void experts_time(const struct deployment *d, double distinct, double tokens, struct op *o) {
    enum { TILE = 16 };
    const struct model *m = d->model;
    double expert = count_expert(m) / ((double)d->tp * d->dp / d->ep);
    double padded = tokens + distinct * TILE / 2.0;
    o->bytes = distinct * expert * d->weights_experts->bytes + 2 * tokens * m->hidden * SIXTEEN_BIT;
    o->flop = 2 * tokens * expert;
    double useful = o->flop;
    o->flop = 2 * padded * expert; /* time is spent on the padding too, */
    op_roofline(o, d, CLASS_EXPERTS, 1, step_rate(d->gpu, d->weights_experts, NULL));
    o->flop = useful; /* but it is no work */
}

static void row_experts(const struct frame *f, const struct load_law *law) {
    const struct deployment *d = f->d;
    double mean = f->w->engine_tokens * f->m->top_k / d->ep;
    double late = 1 + d->calibration->skew_share * (law->rank_max_mean - 1);
    experts_time(d, law->rank_distinct, mean * late, &f->out->op[OP_EXPERTS]);
}

void step_balanced_experts(const struct deployment *d, const struct work *w, struct op *out) {
    const struct model *m = d->model;
    double tokens = w->engine_tokens * m->top_k / d->ep;
    *out = (struct op){0};
    experts_time(d, fmin((double)m->n_experts / d->ep, ceil(tokens)), tokens, out);
}

/* Bytes of an element on its way to an expert: experts that compute in 8 or 4 bits get it in 8. */
static double dispatch_bytes(const struct deployment *d) {
    enum compute_path path = d->weights_experts->path;
    return path == PATH_BF16 || path == PATH_FP16 || path == PATH_FP32 ? SIXTEEN_BIT : d->calibration->dispatch_bytes;
}

/* Expert parallelism with sharded tokens. Whole experts (etp 1): all-to-all of each token's k copies. Cut experts, or
 * ep 1: every rank needs all tokens, an all-gather and a reduce-scatter. With dp = 1 every rank holds every token already,
 * and the layer's all-reduce sums: no dispatch. */
static void row_exchange(const struct frame *f) {
    const struct deployment *d = f->d;
    struct op *dispatch = &f->out->op[OP_DISPATCH], *combine = &f->out->op[OP_COMBINE];
    int n = d->tp * d->dp;
    double h = f->m->hidden, sent = dispatch_bytes(d);
    if (d->dp == 1)
        return;
    if (d->ep == n) {
        double copies = f->tokens / d->tp * f->m->top_k * h * (n - 1) / n;
        op_comm(dispatch, collective_alltoall(d, n, copies * sent), copies * sent);
        op_comm(combine, collective_alltoall(d, n, copies * SIXTEEN_BIT), copies * SIXTEEN_BIT);
    } else {
        double all = f->w->engine_tokens * h;
        op_comm(dispatch, collective_allgather(d, n, all * sent), all * sent * (n - 1) / n);
        op_comm(combine, collective_allgather(d, n, all * SIXTEEN_BIT), all * SIXTEEN_BIT * (n - 1) / n);
    }
}

static void row_allreduce(const struct frame *f) {
    int n = f->d->tp;
    double bytes = f->tokens * f->m->hidden * SIXTEEN_BIT;
    if (n > 1)
        op_comm(&f->out->op[OP_ALLREDUCE], collective_allreduce(f->d, n, bytes), law_ring_bytes(bytes, n));
}

/* Head and sampling: one token of each decoding sequence, and the last of a prefilled prompt. */
static void row_head(const struct frame *f) {
    const struct deployment *d = f->d;
    double n = f->w->decode + (f->w->prefill > 0), params = count_embedding(f->m) / d->tp;
    struct op *o = &f->out->op[OP_HEAD];
    o->flop = 2 * n * params;
    o->bytes = params * SIXTEEN_BIT + n * (f->m->hidden + (double)f->m->vocab / d->tp) * SIXTEEN_BIT;
    op_roofline(o, d, CLASS_GEMM, 1, sixteen_bit_rate(d->gpu));
    row_elementwise(f, OP_SAMPLING, n * f->m->vocab * 4, 0, 2);
}

static void rows_make(struct frame *f, const struct load_law *law) {
    const struct model *m = f->m;
    double h = m->hidden, qkv = f->p.attention_in / h, tp = f->d->tp;
    bool mla = m->attention == ATTENTION_MLA;
    row_gemm(f, OP_QKV, f->p.attention_in, f->tokens, h + qkv, mla ? 3 : 1);
    row_attention(f);
    row_gemm(f, OP_ATTENTION_OUT, f->p.attention_out, f->tokens, h + f->p.attention_out / h, 1);
    row_elementwise(f, OP_NORM, 2 * 4 * f->tokens * h * SIXTEEN_BIT, 0, 2);
    row_allreduce(f);
    if (count_dense_layers(m, m->n_layers) > 0)
        row_gemm(f, OP_FFN, f->p.ffn, f->tokens, 2 * h + m->ffn_mats * m->dense_ffn / tp, 2);
    if (law) {
        row_elementwise(f, OP_ROUTER, f->p.router * SIXTEEN_BIT + f->tokens * (h + m->n_experts) * SIXTEEN_BIT,
                        2 * f->tokens * f->p.router, 2);
        row_experts(f, law);
        row_exchange(f);
        if (m->n_shared_experts > 0)
            row_gemm(f, OP_SHARED, f->p.shared, f->tokens,
                     2 * h + (double)m->ffn_mats * m->n_shared_experts * m->expert_ffn / tp, 2);
    }
    row_head(f);
    if (f->d->pp > 1)
        op_comm(&f->out->op[OP_STAGE], collective_stage(f->d, (int)tp * f->d->dp, f->tokens * h * SIXTEEN_BIT / tp),
                f->tokens * h * SIXTEEN_BIT / tp);
    struct op *host = &f->out->op[OP_HOST];
    host->seconds = host->part[BOUND_LAUNCH] = f->d->calibration->host_step_s;
    host->bound = BOUND_LAUNCH;
}

/* --- calls ------------------------------------------------------------------------------------------------------------------ */

/* Calls of each row on stage s, of `dense` and `moe` layers. Two all-reduces a layer; with attention replicas the experts'
 * exchange takes the place of the second one. */
static void stage_calls(const struct deployment *d, int dense, int moe, bool has_head, double calls[OP_COUNT]) {
    double layers = dense + moe;
    memset(calls, 0, OP_COUNT * sizeof *calls);
    calls[OP_QKV] = calls[OP_ATTENTION] = calls[OP_ATTENTION_OUT] = calls[OP_NORM] = layers;
    calls[OP_FFN] = dense;
    calls[OP_ROUTER] = calls[OP_EXPERTS] = moe;
    calls[OP_SHARED] = d->model->n_shared_experts > 0 ? moe : 0;
    calls[OP_DISPATCH] = calls[OP_COMBINE] = d->dp > 1 ? moe : 0;
    calls[OP_ALLREDUCE] = d->tp > 1 ? 2 * layers - (d->dp > 1 ? moe : 0) : 0;
    calls[OP_HEAD] = calls[OP_SAMPLING] = has_head;
}

static double calls_seconds(const struct step *s, const double calls[OP_COUNT]) {
    double t = 0;
    for (int i = 0; i < OP_COUNT; i++)
        t += calls[i] * s->op[i].seconds;
    return t;
}

/* The pace is the slowest stage's: its calls, times the passes of micro-batches. */
static void calls_make(const struct deployment *d, const struct work *w, struct step *out) {
    const struct model *m = d->model;
    double slowest = -1, calls[OP_COUNT];
    for (int s = 0, first = 0; s < d->pp; s++) {
        int last = first + memory_stage_layers(m->n_layers, d->pp, s);
        int dense = count_dense_layers(m, last) - count_dense_layers(m, first);
        stage_calls(d, dense, last - first - dense, s == d->pp - 1, calls);
        double t = calls_seconds(out, calls);
        if (t > slowest) {
            slowest = t;
            for (int i = 0; i < OP_COUNT; i++)
                out->op[i].calls = calls[i] * w->passes;
        }
        first = last;
    }
    out->op[OP_STAGE].calls = d->pp > 1 ? d->pp : 0;
    out->op[OP_HOST].calls = 1;
}

void step_make(const struct deployment *d, const struct work *w, const struct load_law *law, struct step *out) {
    struct frame f = {.d = d, .w = w, .m = d->model, .tokens = w->decode + w->prefill, .out = out};
    *out = (struct step){0};
    f.rate = step_rate(d->gpu, d->weights, NULL);
    count_layer(d->model, d->tp, d->ep, d->tp * d->dp / d->ep, &f.p);
    rows_make(&f, law);
    calls_make(d, w, out);
    for (int i = 0; i < OP_COUNT; i++)
        out->seconds += out->op[i].calls * out->op[i].seconds;
}

const struct load_law *step_law(const struct deployment *d, struct load_cache *cache, double engine_tokens,
                                bool per_expert) {
    const struct model *m = d->model;
    if (m->n_experts == 0)
        return NULL;
    struct load_query q = {.n_experts = m->n_experts, .top_k = m->top_k, .ranks = d->ep, .tokens = engine_tokens,
                           .skew_kind = d->skew_kind, .skew = d->skew, .per_expert = per_expert};
    return load_law_get(cache, &q);
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
