#include "core/laws.h"

#include <math.h>

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

double law_article_traffic_ratio(const struct model *m) {
    return m->top_k / sqrt(m->n_experts);
}

double law_traffic_ratio(const struct model *m) {
    double granularity = 3.5 * m->hidden / m->expert_ffn;
    return m->top_k * sqrt(granularity / m->n_experts);
}
