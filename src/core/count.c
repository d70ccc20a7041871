#include "core/count.h"

#include <math.h>

static double max1(double x) {
    return x < 1 ? 1 : x;
}

/* h*q_lora + q_lora*nh*(nope+rope) + h*(kv_lora+rope) + kv_lora*nh*(nope+v): the down-projections are whole on every GPU;
 * without q_lora the query comes straight from h. */
static double mla_attention_in(const struct model *m, int tp) {
    double heads = (double)m->n_heads / tp, query = heads * (m->qk_nope_head_dim + m->qk_rope_head_dim);
    double down = (double)m->hidden * (m->q_lora_rank + m->kv_lora_rank + m->qk_rope_head_dim);
    double query_in = m->q_lora_rank > 0 ? m->q_lora_rank : m->hidden;
    return down + query_in * query + m->kv_lora_rank * heads * (m->qk_nope_head_dim + m->v_head_dim);
}

double count_expert(const struct model *m) {
    return (double)m->ffn_mats * m->hidden * m->expert_ffn;
}

void count_layer(const struct model *m, int tp, int ep, int etp, struct layer_params *out) {
    double h = m->hidden, heads = (double)m->n_heads / tp;
    if (m->attention == ATTENTION_MLA) {
        out->attention_in = mla_attention_in(m, tp);
        out->attention_out = heads * m->v_head_dim * h;
    } else {
        out->attention_in = h * m->head_dim * (heads + 2 * max1((double)m->n_kv_heads / tp));
        out->attention_out = heads * m->head_dim * h;
    }
    out->ffn = m->ffn_mats * h * m->dense_ffn / tp;
    out->experts = count_expert(m) * m->n_experts / ((double)ep * etp);
    out->shared = count_expert(m) * m->n_shared_experts / tp;
    out->router = h * m->n_experts;
    out->norms = 2 * h;
}

int count_dense_layers(const struct model *m, int n) {
    if (m->n_experts == 0)
        return n;
    if (m->moe_layer_freq > 1) /* dense and MoE layers take turns */
        return (int)((long long)n * m->n_dense_layers / m->n_layers);
    return n < m->n_dense_layers ? n : m->n_dense_layers;
}

int count_sliding_layers(const struct model *m, int n) {
    return (int)((long long)n * m->n_sliding_layers / m->n_layers); /* local and global layers take turns */
}

double count_embedding(const struct model *m) {
    return (double)m->vocab * m->hidden;
}

static double count_layers(const struct model *m, double expert_share) {
    struct layer_params p;
    count_layer(m, 1, 1, 1, &p);
    double dense = count_dense_layers(m, m->n_layers), moe = m->n_layers - dense;
    return m->n_layers * (p.attention_in + p.attention_out + p.norms) + dense * p.ffn +
           moe * (p.experts * expert_share + p.shared + p.router) + m->hidden; /* the last norm */
}

double count_total(const struct model *m) {
    return count_layers(m, 1) + count_embedding(m) * (m->tie_embeddings ? 1 : 2);
}

double count_active(const struct model *m) {
    double share = m->n_experts > 0 ? (double)m->top_k / m->n_experts : 0;
    return count_layers(m, share) + count_embedding(m);
}

double count_kv_elements(const struct model *m, int tp) {
    if (m->attention == ATTENTION_MLA)
        return m->kv_lora_rank + m->qk_rope_head_dim;
    return 2 * max1((double)m->n_kv_heads / tp) * m->head_dim;
}

double count_kv_copies(const struct model *m, int tp) {
    return m->attention == ATTENTION_MLA ? tp : max1((double)tp / m->n_kv_heads);
}

double count_attention_flop(const struct model *m, int tp, bool absorbed) {
    double heads = (double)m->n_heads / tp;
    if (m->attention != ATTENTION_MLA)
        return 4 * heads * m->head_dim;
    if (absorbed)
        return 2 * heads * (2 * m->kv_lora_rank + m->qk_rope_head_dim);
    return 2 * heads * (m->qk_nope_head_dim + m->qk_rope_head_dim + m->v_head_dim);
}

double count_mean_context(const struct model *m, double context) {
    double sliding = (double)m->n_sliding_layers / m->n_layers;
    return (1 - sliding) * context + sliding * fmin(context, m->sliding_window);
}

/* A window on top of a cached prefix: tokens see min(before + i, w), summed in closed form. */
static double windowed_context(double n, double before, double w) {
    if (before >= w)
        return w;
    double free = fmin(n, w - before); /* tokens whose whole past still lies in the window */
    return (free * (before + free / 2) + (n - free) * w) / n;
}

double count_causal_context(const struct model *m, double n, double before) {
    double sliding = (double)m->n_sliding_layers / m->n_layers;
    double full = before + n / 2;
    return (1 - sliding) * full + (sliding > 0 ? sliding * windowed_context(n, before, m->sliding_window) : 0);
}
