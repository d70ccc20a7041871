#include "core/laws.h"

#include <math.h>

#include "core/count.h"

double law_article_memory_gb(double params_b, double bytes) {
    return params_b * bytes;
}

double law_article_flop(double hidden, double layers, double ffn, double active_experts) {
    return layers * (8 * hidden * hidden + active_experts * 3 * hidden * ffn * 2);
}

double law_article_prefill_s(double tokens, double flop_per_token, double peak) {
    return tokens * flop_per_token / peak;
}

double law_article_imbalance_loss(double imbalance) {
    return 1 - 1 / imbalance;
}

double law_article_total_s(double ttft_s, double tpot_s, double osl) {
    return ttft_s + osl * tpot_s;
}

double law_cost_per_million(double cost_h, double tok_s) {
    return cost_h / (tok_s * 3600) * 1e6;
}

double law_critical_batch(double peak, double bytes, double bandwidth) {
    return peak * bytes / (2 * bandwidth);
}

double law_critical_batch_experts(double peak, double bytes, double bandwidth, int n_experts, int top_k) {
    return law_critical_batch(peak, bytes, bandwidth) * n_experts / top_k;
}

double law_allreduce_bytes(const struct model *m, double bytes, int per_layer) {
    return (double)m->hidden * m->n_layers * bytes * per_layer;
}

double law_ring_bytes(double buffer, int gpus) {
    return 2.0 * (gpus - 1) / gpus * buffer;
}

double law_expected_tokens(int drafts, double acceptance) {
    double sum = 1;
    for (int i = 0; i < drafts; i++)
        sum = 1 + acceptance * sum;
    return sum;
}

double law_article_traffic_ratio(const struct model *m) {
    return m->top_k / sqrt(m->n_experts);
}

double law_granularity(const struct model *m) {
    static const double DENSE_FFN = 3.5; /* hidden widths of a gated feed-forward: Llama-3, Mixtral's experts */
    return m->n_experts > 0 ? DENSE_FFN * m->hidden / m->expert_ffn : NAN;
}

double law_traffic_ratio_allreduce(const struct model *m) {
    return sqrt(law_granularity(m) / m->n_experts);
}

double law_traffic_ratio(const struct model *m) {
    return m->top_k * law_traffic_ratio_allreduce(m);
}

double law_allreduce_seconds(double buffer, int gpus, double busbw) {
    return law_ring_bytes(buffer, gpus) / busbw;
}

double law_depth_floor(double layers, double launch_s, double exchange_s) {
    return layers * (launch_s + exchange_s);
}

double law_attention_params(const struct model *m) {
    struct layer_params p;
    count_layer(m, 1, 1, 1, &p);
    return m->n_layers * (p.attention_in + p.attention_out);
}

double law_kv_bytes(const struct model *m, int tp, double bytes, double context) {
    return count_kv_elements(m, tp) * bytes * m->n_layers * count_mean_context(m, context);
}

double law_article_kv_token(const struct model *m, double bytes) {
    return 2.0 * m->hidden * m->n_layers * bytes;
}

double law_routes(const struct model *m) {
    double sets = 1;
    for (int i = 0; i < m->top_k && m->n_experts > 0; i++)
        sets *= (double)(m->n_experts - i) / (i + 1);
    return sets;
}
