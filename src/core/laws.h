/* Rules of thumb as the two source articles state them, and the closed forms beside them. A = "MoE vs Dense: serving cost",
 * B = "MoE vs Dense Models in Inference" (after E. Erdil, epoch.ai 2024). */
#ifndef MOESCOPE_CORE_LAWS_H
#define MOESCOPE_CORE_LAWS_H

#include "core/deployment.h"

/* A: bytes of the weights, billions of parameters times bytes each; GB. */
double law_article_memory_gb(double params_b, double bytes);

/* A: FLOP per token as article A counts them: layers * (8 h^2 + active * 3 * h * ffn * 2). It takes attention for
 * multi-head, leaves out router, LM head and context. */
double law_article_flop(double hidden, double layers, double ffn, double active_experts);

/* A: seconds of a prefill at full peak: tokens * FLOP per token / aggregate FLOP/s. */
double law_article_prefill_s(double tokens, double flop_per_token, double peak);

/* A: share of throughput lost when the busiest expert has `imbalance` times the mean load: 1 - 1/imbalance. */
double law_article_imbalance_loss(double imbalance);

/* A: seconds of a request as article A adds them: TTFT + osl * TPOT (the first token is counted twice). */
double law_article_total_s(double ttft_s, double tpot_s, double osl);

/* $ per million tokens at a rent of `cost_h` $/h and `tok_s` tokens per second. */
double law_cost_per_million(double cost_h, double tok_s);

/* B: batch at which a matmul leaves the memory roof: FLOP/s * bytes per weight / (2 * bandwidth). */
double law_critical_batch(double peak, double bytes, double bandwidth);

/* The same for the experts of an MoE layer, in tokens of the whole layer: times E/k, which article B leaves out. */
double law_critical_batch_experts(double peak, double bytes, double bandwidth, int n_experts, int top_k);

/* B: bytes that one token brings to the all-reduces of a whole pass: hidden * layers * bytes * all-reduces per layer.
 * Article B counts one per layer, a tensor-parallel layer has two. */
double law_allreduce_bytes(const struct model *m, double bytes, int per_layer);

/* On the wire of a ring: 2(n-1)/n of the buffer, per GPU. */
double law_ring_bytes(double buffer, int gpus);

/* B: MoE over dense traffic, as the article has it k/sqrt(E): it takes experts as wide as a dense feed-forward, 3.5 h. */
double law_article_traffic_ratio(const struct model *m);

/* How much finer than that the experts are cut: G = 3.5 * hidden / expert_ffn. A dense model of the same total size is
 * sqrt(E/G) times as wide. NAN without experts. Source: the articles' B4, corrected for fine-grained experts. */
double law_granularity(const struct model *m);

/* MoE over dense traffic with the model's granularity: k*sqrt(G/E) where each expert gets a copy of the token, sqrt(G/E)
 * for one all-reduce per layer. NAN without experts. */
double law_traffic_ratio(const struct model *m);
double law_traffic_ratio_allreduce(const struct model *m);

/* Seconds of an all-reduce of `buffer` bytes on `gpus` GPUs whose ring moves `busbw` bytes/s: wire bytes / busbw. B: divides
 * the buffer itself by 112 GB/s. */
double law_allreduce_seconds(double buffer, int gpus, double busbw);

/* B: layers follow one another: no step is shorter than layers * (launch + exchange), the fixed times of one layer. Seconds. */
double law_depth_floor(double layers, double launch_s, double exchange_s);

/* B: parameters of the attention blocks: all layers, whole model. */
double law_attention_params(const struct model *m);

/* KV cache of one sequence of `context` tokens on one GPU of tp, in bytes: elements * bytes * layers * mean cached tokens.
 * Windows end it, heads that cannot be cut are copied, the latent of MLA is whole on every GPU. */
double law_kv_bytes(const struct model *m, int tp, double bytes, double context);

/* B: the same per token as multi-head attention would have it, 2 * hidden * layers * bytes: what shrinks with d. */
double law_article_kv_token(const struct model *m, double bytes);

/* Sets of k experts out of E that a token may take in one layer: C(E, k); 1 for a dense model. */
double law_routes(const struct model *m);

/* Tokens that a step of speculative decoding yields on the mean: of `drafts`, each accepted with this chance whatever the
 * others, those before the first one rejected, and one of the model's own: 1 + a + ... + a^d = (1 - a^(d+1)) / (1 - a).
 * Leviathan, Kalman, Matias, "Fast Inference from Transformers via Speculative Decoding", 2023, equation 1. */
double law_expected_tokens(int drafts, double acceptance);

#endif
