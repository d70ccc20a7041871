#include "core/memory.h"

#include <math.h>
#include <stdio.h>

#include "core/count.h"
#include "core/loads.h"

enum { LIMIT_TEXT = 160 };

static const double SIXTEEN_BIT = 2; /* bytes: embeddings, head, router, norms whatever the format of the rest */

int memory_stage_layers(int n_layers, int pp, int s) {
    int extra = n_layers % pp;
    return n_layers / pp + (s >= pp - 1 - extra && s < pp - 1);
}

/* --- layout rules ----------------------------------------------------------------------------------------------------- */

static bool divides(int a, int b) {
    return a > 0 && b % a == 0;
}

/* A width cut `parts` ways must leave whole numbers, and whole blocks of the format's scales. */
static enum limit check_cut(const char *what, int width, int parts, const struct format *f, enum limit uneven, char *text) {
    if (!divides(parts, width)) {
        snprintf(text, LIMIT_TEXT, "%s of %d cannot be cut %d ways", what, width, parts);
        return uneven;
    }
    if (width / parts % f->block != 0) {
        snprintf(text, LIMIT_TEXT, "%s: %d / %d = %d is no multiple of the %d-blocks of %.20s", what, width, parts,
                 width / parts, f->block, f->id);
        return LIMIT_FORMAT;
    }
    return LIMIT_NONE;
}

/* Replicas fill whole ranks, and no rank needs more than one of each expert. */
static bool check_redundant(const struct deployment *d, char *text) {
    int experts = d->model->n_experts, redundant = d->redundant_experts, slots = experts + redundant, over = slots % d->ep;
    if (redundant == 0)
        return true;
    if (experts == 0)
        snprintf(text, LIMIT_TEXT, "a dense model has no experts to replicate: %d redundant ones asked for", redundant);
    else if (d->ep == 1)
        snprintf(text, LIMIT_TEXT, "%d redundant experts need ranks to go to: ep above 1", redundant);
    else if (slots > EXPERTS_MAX)
        snprintf(text, LIMIT_TEXT, "%d experts + %d redundant are more than %d slots", experts, redundant, EXPERTS_MAX);
    else if (over != 0)
        snprintf(text, LIMIT_TEXT, "%d experts + %d redundant = %d slots do not spread evenly over ep %d: %d redundant would",
                 experts, redundant, slots, d->ep, redundant >= over ? redundant - over : redundant - over + d->ep);
    else if (slots / d->ep > experts)
        snprintf(text, LIMIT_TEXT, "%d experts + %d redundant over ep %d: %d slots a rank, more than there are experts",
                 experts, redundant, d->ep, slots / d->ep);
    else
        return true;
    return false;
}

static enum limit check_experts(const struct deployment *d, char *text) {
    const struct model *m = d->model;
    int width = d->tp * d->dp;
    if (!check_redundant(d, text))
        return LIMIT_EXPERTS;
    if (m->n_experts == 0) {
        if (d->ep == 1)
            return LIMIT_NONE;
        snprintf(text, LIMIT_TEXT, "a dense model has no experts to spread over ep %d", d->ep);
        return LIMIT_EXPERTS;
    }
    if (!divides(d->ep, width)) {
        snprintf(text, LIMIT_TEXT, "ep %d does not divide tp x dp = %d", d->ep, width);
        return LIMIT_EXPERTS;
    }
    if (!divides(d->ep, m->n_experts + d->redundant_experts)) {
        snprintf(text, LIMIT_TEXT, "ep %d does not divide %d experts", d->ep, m->n_experts);
        return LIMIT_EXPERTS;
    }
    enum limit limit = check_cut("expert width", m->expert_ffn, width / d->ep, d->weights_experts, LIMIT_EXPERTS, text);
    if (limit == LIMIT_NONE && m->n_shared_experts > 0)
        limit = check_cut("shared expert width", m->n_shared_experts * m->expert_ffn, d->tp, d->weights, LIMIT_EXPERTS,
                          text);
    return limit;
}

static enum limit check_heads(const struct deployment *d, char *text) {
    const struct model *m = d->model;
    if (!divides(d->tp, m->n_heads)) {
        snprintf(text, LIMIT_TEXT, "tp %d does not divide %d attention heads", d->tp, m->n_heads);
        return LIMIT_HEADS;
    }
    if (m->attention != ATTENTION_MLA && !divides(d->tp, m->n_kv_heads) && !divides(m->n_kv_heads, d->tp)) {
        snprintf(text, LIMIT_TEXT, "tp %d and %d KV heads: neither divides the other", d->tp, m->n_kv_heads);
        return LIMIT_HEADS;
    }
    return LIMIT_NONE;
}

/* A step's tokens of decoding come first in the budget (vLLM refuses a budget below its number of sequences, too). */
static bool check_budget(const struct deployment *d, char *text) {
    int each = 1 + d->spec_depth, micro = (int)fmin(d->pp, fmax(1, d->batch / d->dp));
    int sequences = (int)ceil(ceil((double)d->batch / d->dp) / micro), most = (d->chunk_tokens - 1) / each;
    char remedy[48] = "";
    if (d->chunk_tokens == 0 || sequences * each < d->chunk_tokens)
        return true;
    if (d->spec_depth > 0 && sequences < d->chunk_tokens)
        snprintf(remedy, sizeof remedy, ", or spec_depth at most %d", (d->chunk_tokens - 1) / sequences - 1);
    else if (most > 0)
        snprintf(remedy, sizeof remedy, ", or batch at most %d", most * d->dp * micro);
    snprintf(text, LIMIT_TEXT, "chunk_tokens %d has no room for a prompt beside %d x %d tokens of decoding: above %d%s",
             d->chunk_tokens, sequences, each, sequences * each, remedy);
    return false;
}

enum limit layout_check(const struct deployment *d, char *text) {
    const struct model *m = d->model;
    double engine = (double)d->tp * d->dp * d->pp;
    if (engine > d->gpus || fmod(d->gpus, engine) != 0) {
        snprintf(text, LIMIT_TEXT, "tp x dp x pp = %d x %d x %d = %.0f does not divide %d GPUs", d->tp, d->dp, d->pp,
                 engine, d->gpus);
        return LIMIT_GPUS;
    }
    if (d->kv->mla_only && m->attention != ATTENTION_MLA) {
        snprintf(text, LIMIT_TEXT, "KV format %.30s is a layout of latent attention, which %.30s does not have", d->kv->id,
                 m->id);
        return LIMIT_FORMAT;
    }
    enum limit limit = check_heads(d, text);
    if (limit == LIMIT_NONE)
        limit = check_experts(d, text);
    if (limit == LIMIT_NONE && count_dense_layers(m, m->n_layers) > 0)
        limit = check_cut("feed-forward width", m->dense_ffn, d->tp, d->weights, LIMIT_HEADS, text);
    if (limit == LIMIT_NONE && d->pp > m->n_layers) {
        snprintf(text, LIMIT_TEXT, "pp %d is more than the %d layers", d->pp, m->n_layers);
        return LIMIT_LAYERS;
    }
    if (limit == LIMIT_NONE && m->max_context > 0 && (double)d->isl + d->osl > m->max_context) {
        snprintf(text, LIMIT_TEXT, "isl + osl = %.0f tokens, the model takes %d", (double)d->isl + d->osl,
                 m->max_context);
        return LIMIT_CONTEXT;
    }
    return limit == LIMIT_NONE && !check_budget(d, text) ? LIMIT_BUDGET : limit;
}

/* --- one pipeline stage ------------------------------------------------------------------------------------------------- */

/* Logits of one sequence in FP32, on the GPU's share of the vocabulary. */
static double logits_bytes(const struct deployment *d) {
    return 4.0 * d->model->vocab / d->tp;
}

/* Weights of stage s on one GPU. Quantised: the linear layers; 16-bit: embedding, head, router, norms. */
static void stage_make(const struct deployment *d, const struct layer_params *p, int s, int first, struct memory_stage *out) {
    const struct model *m = d->model;
    int layers = memory_stage_layers(m->n_layers, d->pp, s), last = first + layers;
    int dense = count_dense_layers(m, last) - count_dense_layers(m, first), moe = layers - dense;
    bool has_embedding = s == 0, has_head = s == d->pp - 1;
    double tables = has_embedding + has_head;
    if (has_embedding && has_head && m->tie_embeddings)
        tables = 1;
    double copies = m->n_experts > 0 ? 1 + (double)d->redundant_experts / m->n_experts : 1;
    *out = (struct memory_stage){.layers = layers, .dense = dense, .moe = moe, .tables = tables};
    out->experts = moe * p->experts * copies * d->weights_experts->bytes;
    out->weights = out->experts +
                   d->weights->bytes * (layers * (p->attention_in + p->attention_out) + dense * p->ffn + moe * p->shared) +
                   SIXTEEN_BIT * (layers * p->norms + moe * p->router + tables * count_embedding(m) / d->tp);
    out->sliding = count_sliding_layers(m, last) - count_sliding_layers(m, first);
    out->full = layers - out->sliding;
    out->logits = has_head ? logits_bytes(d) : 0;
}

static double kv_token_bytes(const struct deployment *d) {
    return count_kv_elements(d->model, d->tp) * d->kv->bytes;
}

static double stage_kv_bytes(const struct deployment *d, const struct memory_stage *s, double tokens) {
    return kv_token_bytes(d) * (s->full * tokens + s->sliding * fmin(tokens, d->model->sliding_window));
}

/* Activations of the largest prefill step. */
static double activation_bytes(const struct deployment *d) {
    const double *v = d->calibration->of[CAL_MEMORY].value;
    double chunk = fmin(d->chunk_tokens > 0 ? d->chunk_tokens : v[MEMORY_CHUNK_TOKENS], fmax(d->isl, 1));
    double width = d->model->hidden + (double)d->model->n_heads * d->model->head_dim / d->tp;
    return chunk * v[MEMORY_ACTIVATION_COEF] * SIXTEEN_BIT * width / 2;
}

/* Runtime and collectives' buffers. */
static double runtime_bytes(const struct deployment *d) {
    static const double GIB = 1073741824;
    const double *v = d->calibration->of[CAL_MEMORY].value;
    double buffers = d->tp * d->dp * d->pp > 1 ? v[MEMORY_COLLECTIVE_GIB] : 0;
    return (v[MEMORY_RUNTIME_GIB] + buffers) * GIB;
}

/* Sequences that share one attention rank. */
static double rank_sequences(const struct deployment *d, double batch) {
    return ceil(batch / d->dp);
}

/* Longest context for which n sequences' KV fits into `room`: the law is straight up to the window and above it. */
static double stage_max_context(const struct deployment *d, const struct memory_stage *s, double n, double room) {
    double per_token = n * kv_token_bytes(d), window = d->model->sliding_window;
    if (room <= 0)
        return 0;
    double tokens = room / (per_token * (s->full + s->sliding));
    if (s->sliding == 0 || tokens <= window)
        return tokens;
    if (s->full == 0)
        return INFINITY;
    return (room / per_token - s->sliding * window) / s->full;
}

/* The stages one after the other: what each holds, and what it leaves. */
struct stages {
    const struct deployment *d;
    struct layer_params p;
    double activations, fixed, keep, tokens; /* tokens of a sequence */
    int s, first;                            /* of the next stage: its number, its first layer */
    double weights;                          /* of all stages so far */
    /* of the present one */
    struct memory_stage stage;
    double kv, kept, room;
};

static struct stages stages_begin(const struct deployment *d) {
    struct stages it = {.d = d, .activations = activation_bytes(d), .tokens = (double)d->isl + d->osl,
                        .keep = d->calibration->of[CAL_MEMORY].value[MEMORY_RESERVE_SHARE]};
    it.fixed = runtime_bytes(d) + it.activations;
    count_layer(d->model, d->tp, d->ep, d->tp * d->dp / d->ep, &it.p);
    return it;
}

static bool stages_next(struct stages *it) {
    const struct deployment *d = it->d;
    bool last = it->s == d->pp - 1;
    if (it->s == d->pp)
        return false;
    stage_make(d, &it->p, it->s, it->first, &it->stage);
    it->first += memory_stage_layers(d->model->n_layers, d->pp, it->s++);
    it->weights += it->stage.weights;
    if (last && d->spec_depth > 0) /* a step's time is reading weights: a draft's share of it is of both */
        it->stage.weights += it->stage.draft = d->spec_draft_cost * it->weights;
    it->kv = stage_kv_bytes(d, &it->stage, it->tokens);
    double free = fmax(0, d->gpu->mem_bytes - it->fixed - it->stage.weights);
    it->kept = free * it->keep;
    it->room = free - it->kept;
    return true;
}

/* Sequences that the present stage has room for, beside one another on a rank. */
static double stages_fit(const struct stages *it) {
    return it->room / (it->kv + it->stage.logits);
}

/* Takes the stage into what the engine holds: the fullest sets the use, the narrowest the batch and the context. */
static void stages_take(const struct stages *it, double *fullest, struct memory *out) {
    const struct memory_stage *s = &it->stage;
    double sequences = rank_sequences(it->d, it->d->batch), each = it->kv + s->logits, used = s->weights + sequences * each;
    double fit = stages_fit(it), context = stage_max_context(it->d, s, sequences, it->room - sequences * s->logits);
    if (fit < out->batch.fit) {
        out->batch.weights = s->weights;
        out->batch.sequence = each;
        out->batch.fit = fit;
    }
    if (context < out->context.tokens) {
        out->context.tokens = context;
        out->context.weights = s->weights;
        out->context.logits = s->logits;
        out->context.full = s->full;
        out->context.sliding = s->sliding;
    }
    if (used > *fullest) {
        *fullest = used;
        out->fullest = *s;
        out->weights = s->weights;
        out->experts = s->experts;
        out->kv = sequences * it->kv;
        out->kept = it->kept;
        out->other = it->fixed + it->kept + sequences * s->logits;
    }
}

void memory_make(const struct deployment *d, struct memory *out) {
    double limit = d->model->max_context > 0 ? d->model->max_context : INFINITY, fullest = -1;
    struct stages it = stages_begin(d);

    *out = (struct memory){.capacity = d->gpu->mem_bytes, .batch.fit = INFINITY, .context.tokens = INFINITY,
                           .activations = it.activations, .fixed = it.fixed, .sequence_tokens = it.tokens, .layer = it.p};
    while (stages_next(&it))
        stages_take(&it, &fullest, out);
    out->max_batch = floor(out->batch.fit) * d->dp;
    out->kv_tokens = out->batch.fit * d->dp * out->sequence_tokens;
    out->max_context = fmin(limit, floor(out->context.tokens));
}

/* --- fewest GPUs ---------------------------------------------------------------------------------------------------------- */

static bool fits(const struct deployment *d) {
    struct stages it = stages_begin(d);
    while (stages_next(&it))
        if (floor(stages_fit(&it)) * d->dp < d->batch)
            return false;
    return true;
}

double memory_min_layout(const struct deployment *d, int *tp, int *pp) {
    struct deployment t = *d;
    double best = INFINITY;
    char text[LIMIT_TEXT];
    t.dp = 1;
    t.redundant_experts = 0; /* they are there for speed */
    t.chunk_tokens = 0;      /* it counts for each rank, and these have more sequences */
    for (t.tp = 1; t.tp <= d->model->n_heads && t.tp <= d->gpus_per_node && t.tp < best; t.tp *= 2) {
        t.pp = 1;
        t.ep = 1;
        t.gpus = t.tp;
        if (layout_check(&t, text) != LIMIT_NONE && divides(t.tp, d->model->n_experts))
            t.ep = t.tp; /* whole experts where their width cannot be cut */
        if (layout_check(&t, text) != LIMIT_NONE)
            continue;
        struct memory whole;
        memory_make(&t, &whole);
        /* no stage can be smaller than the mean one: start there instead of at 1 */
        double stages = floor((whole.weights + whole.kv) / whole.capacity);
        for (t.pp = (int)fmin(d->model->n_layers, fmax(1, stages)); t.pp <= d->model->n_layers; t.pp++) {
            if ((double)t.tp * t.pp >= best)
                break;
            if (fits(&t)) {
                best = (double)t.tp * t.pp;
                *tp = t.tp;
                *pp = t.pp;
                break;
            }
        }
    }
    return isinf(best) ? NAN : best;
}

double memory_min_gpus(const struct deployment *d) {
    int tp, pp;
    return memory_min_layout(d, &tp, &pp);
}
