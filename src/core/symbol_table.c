#include "core/symbol_table.h"

#include <math.h>

#include "core/collective.h"
#include "core/interval.h"
#include "core/memory.h"
#include "core/pools.h"
#include "core/serving.h"
#include "core/step.h"

/* --- cases ---------------------------------------------------------------------------------------------------------- */

static bool is_moe(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return d->model->n_experts > 0;
}

static bool is_dense(const struct deployment *d, const struct estimate *e) {
    return !is_moe(d, e);
}

static bool has_no_dense_layer(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return count_dense_layers(d->model, d->model->n_layers) == 0;
}

static bool has_no_shared(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return d->model->n_shared_experts == 0;
}

static bool has_routed_only(const struct deployment *d, const struct estimate *e) {
    return has_no_dense_layer(d, e) && has_no_shared(d, e);
}

static bool has_no_replicas(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return d->redundant_experts == 0;
}

static bool is_mla(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return d->model->attention == ATTENTION_MLA;
}

static bool is_mla_without_q_lora(const struct deployment *d, const struct estimate *e) {
    return is_mla(d, e) && d->model->q_lora_rank == 0;
}

static bool takes_turns(const struct deployment *d, const struct estimate *e) {
    return is_moe(d, e) && d->model->moe_layer_freq > 1;
}

static bool is_sliding(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return d->model->n_sliding_layers > 0;
}

static bool is_one_plain_stage(const struct deployment *d, const struct estimate *e) {
    return d->pp == 1 && !is_sliding(d, e);
}

static bool is_plain(const struct deployment *d, const struct estimate *e) {
    return !is_sliding(d, e);
}

static bool is_tied(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return d->model->tie_embeddings;
}

static bool is_single_gpu(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return d->tp * d->dp * d->pp == 1;
}

static bool is_single_stage(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return d->pp == 1;
}

static bool has_head(const struct deployment *d, const struct estimate *e) {
    (void)d;
    return e->memory.fullest.logits > 0;
}

static bool has_context_limit(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return d->model->max_context > 0;
}

static bool is_unbounded(const struct deployment *d, const struct estimate *e) {
    (void)d;
    return isinf(e->memory.context.tokens);
}

static bool is_beyond_window(const struct deployment *d, const struct estimate *e) {
    return e->memory.context.sliding > 0 && e->memory.context.tokens > d->model->sliding_window;
}

static bool is_alone(const struct deployment *d, const struct estimate *e) {
    (void)d;
    return !(e->resident > 1);
}

static bool has_drafts(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return d->spec_depth > 0;
}

static bool has_certain_drafts(const struct deployment *d, const struct estimate *e) {
    return has_drafts(d, e) && d->spec_acceptance == 1;
}

static bool has_budget(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return d->chunk_tokens > 0;
}

/* Chunks of others meet its decoding, and its own wait for them. */
static bool has_mixed_chunks(const struct deployment *d, const struct estimate *e) {
    return has_budget(d, e) && !is_alone(d, e);
}

static bool has_one_chunk(const struct deployment *d, const struct estimate *e) {
    (void)d;
    return e->service.mixed_chunks == 1;
}

/* Without replicas only the experts' row of the step differs. */
static bool has_own_experts_only(const struct deployment *d, const struct estimate *e) {
    (void)d;
    return e->before.expert_seconds > 0;
}

static bool is_pooled(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return d->mode == MODE_DISAGGREGATED;
}

static bool is_pooled_with_drafts(const struct deployment *d, const struct estimate *e) {
    return is_pooled(d, e) && has_drafts(d, e);
}

static bool is_pooled_own_experts_only(const struct deployment *d, const struct estimate *e) {
    return is_pooled(d, e) && has_own_experts_only(d, e);
}

/* The decode pool has no room for all that the loop would let decode. */
static bool is_pool_full(const struct deployment *d, const struct estimate *e) {
    return is_pooled(d, e) && e->wait_ms > 0;
}

/* Nothing widens the bounds of the first token. */
static bool has_timed_scheduling(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return interval_unmeasured(d) == 1;
}

static bool is_pooled_timed(const struct deployment *d, const struct estimate *e) {
    return is_pooled(d, e) && has_timed_scheduling(d, e);
}

/* Scheduling as the engines' constants were fitted on. */
static bool is_plain_service(const struct deployment *d, const struct estimate *e) {
    return !has_drafts(d, e) && !has_budget(d, e);
}

static bool has_draft_weights(const struct deployment *d, const struct estimate *e) {
    (void)d;
    return e->memory.fullest.draft > 0;
}

static bool has_one_rank(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return d->dp == 1;
}

static bool has_cut_experts(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return d->ep < d->tp * d->dp;
}

static bool is_even(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return d->skew_kind == SKEW_UNIFORM || (d->skew_kind != SKEW_FILE && d->skew == 0);
}

static bool has_both_limits(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return !isnan(d->slo_ttft_s) && !isnan(d->slo_tpot_s);
}

static bool has_ttft_limit(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return !isnan(d->slo_ttft_s);
}

/* --- tables --------------------------------------------------------------------------------------------------------- */

#define E(member) .base = BASE_ESTIMATE, .offset = offsetof(struct estimate, member)
#define DIM(name_, member, meaning_)                                                                                    \
    {name_, "", meaning_, .base = BASE_MODEL, .integer = true, .offset = offsetof(struct model, member), .scale = 1}

/* Tokens of the busiest expert or rank, from their ratios to the mean. */
static double mean_load(const struct deployment *d, const struct estimate *e) {
    return e->service.tokens * d->model->top_k / d->model->n_experts;
}

static double busiest_load(const struct deployment *d, const struct estimate *e) {
    return e->load_max_mean * mean_load(d, e);
}

static double busiest_load_p95(const struct deployment *d, const struct estimate *e) {
    return e->load_max_p95 * mean_load(d, e);
}

static double rank_load(const struct deployment *d, const struct estimate *e) {
    return e->rank_max_mean * e->service.tokens * d->model->top_k / d->ep;
}

static double rank_load_p95(const struct deployment *d, const struct estimate *e) {
    return e->rank_max_p95 * e->service.tokens * d->model->top_k / d->ep;
}

/* sum_e 1 - (1 - p_e)^T over the popularities. */
static double touched(const struct deployment *d, const struct estimate *e) {
    double p[EXPERTS_MAX], sum = 0;
    struct load_query q = step_query(d, e->service.tokens, true);
    load_popularity(&q, p);
    for (int i = 0; i < q.n_experts; i++)
        sum += p[i] >= 1 ? 1 : -expm1(q.tokens * log1p(-p[i]));
    return sum;
}

static double weights_rate(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return serving_rate(d, OP_QKV);
}

static double experts_rate(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return serving_rate(d, OP_EXPERTS);
}

static double link_latency(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return fabric_of(d->link_up, d->gpu).latency;
}

static double link_rate(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return fabric_of(d->link_up, d->gpu).rate;
}

static double touched_ranks(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return collective_ranks_touched(d);
}

static double rank_load_before(const struct deployment *d, const struct estimate *e) {
    return e->rank_max_before * e->before.tokens * d->model->top_k / d->ep;
}

static double transfer_t0(const struct deployment *d, const struct estimate *e) {
    (void)e;
    bool inside = d->gpus <= d->gpus_per_node;
    return (inside ? d->up_calibration : d->out_calibration)->of[CAL_STAGE].value[STAGE_T0_US] * 1e-6;
}

static double transfer_rate(const struct deployment *d, const struct estimate *e) {
    (void)e;
    bool inside = d->gpus <= d->gpus_per_node;
    struct fabric f = fabric_of(inside ? d->link_up : d->link_out, inside ? d->gpu : NULL);
    return f.rate * (inside ? d->up_calibration : d->out_calibration)->of[CAL_STAGE].value[STAGE_EFF];
}

static double min_decode_gpus(const struct deployment *d, const struct estimate *e) {
    (void)e;
    struct deployment pool = pools_decode(d);
    return memory_min_gpus(&pool);
}

static double min_prefill_gpus(const struct deployment *d, const struct estimate *e) {
    (void)e;
    struct deployment pool = pools_prefill(d);
    return memory_min_gpus(&pool);
}

static double settled(const struct deployment *d, const struct estimate *e) {
    (void)d;
    return e->resident;
}

static double draft_time(const struct deployment *d, const struct estimate *e) {
    (void)d;
    return e->spec_draft_ms;
}

static double draft_gain(const struct deployment *d, const struct estimate *e) {
    (void)d;
    return e->spec_gain;
}

static double unmeasured(const struct deployment *d, const struct estimate *e) {
    (void)e;
    return interval_unmeasured(d);
}

static double waves(const struct deployment *d, const struct estimate *e) {
    (void)d, (void)e;
    return BENCHMARK_WAVES;
}

static double other_spread(const struct deployment *d, const struct estimate *e) {
    (void)d, (void)e;
    return interval_other_spread;
}

#define STAGE_KV " * kv_elements * kv.bytes"

const struct symbol_row symbol_table[] = {
    /* a model's dimensions */
    DIM("n_layers", n_layers, "layers"), DIM("hidden", hidden, "width of the residual stream"),
    DIM("n_heads", n_heads, "query heads"), DIM("n_kv_heads", n_kv_heads, "key and value heads"),
    DIM("head_dim", head_dim, "width of a head"), DIM("q_lora_rank", q_lora_rank, "width of the latent query"),
    DIM("kv_lora_rank", kv_lora_rank, "width of the latent cache"),
    DIM("qk_nope_head_dim", qk_nope_head_dim, "width of a head's key without position"),
    DIM("qk_rope_head_dim", qk_rope_head_dim, "width of its part with position"),
    DIM("v_head_dim", v_head_dim, "width of a head's value"), DIM("dense_ffn", dense_ffn, "width of a dense layer"),
    DIM("n_dense_layers", n_dense_layers, "layers without experts"), DIM("n_experts", n_experts, "experts of a layer"),
    DIM("top_k", top_k, "experts that a token takes"), DIM("n_shared_experts", n_shared_experts, "experts that all take"),
    DIM("expert_ffn", expert_ffn, "width of an expert"), DIM("vocab", vocab, "tokens that there are"),
    DIM("ffn_mats", ffn_mats, "matrices of a feed-forward: 3 gated, 2 plain"),
    DIM("sliding_window", sliding_window, "tokens that a windowed layer sees"),
    DIM("n_sliding_layers", n_sliding_layers, "layers with a window"),
    DIM("model.max_context", max_context, "longest context that the model allows"),
    /* what the GPU and the formats are */
    {"gpu.mem", "GB", "memory", BASE_GPU, false, offsetof(struct gpu, mem_bytes), 1e-9},
    {"gpu.mem_bw", "GB/s", "memory bandwidth", BASE_GPU, false, offsetof(struct gpu, mem_bw), 1e-9},
    {"gpu.rate", "TFLOP/s", "rate of the weights' format", BASE_GPU, .get = weights_rate, .scale = 1e-12},
    {"gpu.rate_experts", "TFLOP/s", "rate of the experts' format", BASE_GPU, .get = experts_rate, .scale = 1e-12},
    {"gpu.tdp", "W", "thermal design power", BASE_GPU, false, offsetof(struct gpu, tdp_w), 1},
    {"weights.bytes", "B", "bytes of a weight, its scales included", BASE_WEIGHTS, false, offsetof(struct format, bytes), 1},
    {"experts.bytes", "B", "bytes of an expert's weight", BASE_EXPERTS, false, offsetof(struct format, bytes), 1},
    {"kv.bytes", "B", "bytes of an element of the KV cache", BASE_KV, false, offsetof(struct format, bytes), 1},
    {"link.rate", "GB/s", "rate of the link inside a node", BASE_LINK, .get = link_rate, .scale = 1e-9},
    {"link.latency", "us", "its latency", BASE_LINK, .get = link_latency, .scale = 1e6},

    /* counting */
    {"attention_params", "", "attention of a layer",
     .variant = {{is_mla_without_q_lora,
                  "hidden * (kv_lora_rank + qk_rope_head_dim) + hidden * n_heads * (qk_nope_head_dim + qk_rope_head_dim) + "
                  "kv_lora_rank * n_heads * (qk_nope_head_dim + v_head_dim) + n_heads * v_head_dim * hidden"},
                 {is_mla,
                  "hidden * (q_lora_rank + kv_lora_rank + qk_rope_head_dim) + q_lora_rank * n_heads * (qk_nope_head_dim + "
                  "qk_rope_head_dim) + kv_lora_rank * n_heads * (qk_nope_head_dim + v_head_dim) + n_heads * v_head_dim * "
                  "hidden"},
                 {NULL, "hidden * head_dim * (2 * n_heads + 2 * n_kv_heads)"}}},
    {"expert_params", "", "one expert", .variant = {{NULL, "ffn_mats * hidden * expert_ffn"}}},
    {"ffn_params", "", "feed-forward of a dense layer", .variant = {{NULL, "ffn_mats * hidden * dense_ffn"}}},
    {"dense_layers", "", "layers without experts",
     .variant = {{is_dense, "n_layers"}, {takes_turns, "n_dense_layers"}, {NULL, "min(n_layers, n_dense_layers)"}}},
    {"moe_layers", "", "layers with experts", .variant = {{NULL, "n_layers - dense_layers"}}},
    {"tables", "", "embedding and LM head: 1 where they are one",
     .variant = {{is_tied, "1"}, {NULL, "2"}}},
    {"context", "tok", "mean context of a decode step", .variant = {{NULL, "isl + osl / 2"}}},
    {"mean_context", "tok", "what a layer sees of it on the mean",
     .variant = {{is_sliding, "(1 - n_sliding_layers / n_layers) * context + n_sliding_layers / n_layers * min(context, "
                              "sliding_window)"},
                 {NULL, "context"}}},
    {"attention_flop", "", "FLOP of a layer's attention per token pair",
     .variant = {{is_mla, "2 * n_heads * (2 * kv_lora_rank + qk_rope_head_dim)"}, {NULL, "4 * n_heads * head_dim"}}},

    /* memory */
    {"min_tp", "", "tensor-parallel width of the smallest layout that holds it", E(min_tp), .integer = true, .scale = 1},
    {"min_pp", "", "its stages", E(min_pp), .integer = true, .scale = 1},
    {"etp", "", "ways that an expert is cut", .variant = {{NULL, "tp * dp / ep"}}},
    {"attention_in", "", "a GPU's part of a layer's projections before attention", E(memory.layer.attention_in), .scale = 1,
     .variant = {{is_mla_without_q_lora,
                  "hidden * (kv_lora_rank + qk_rope_head_dim) + hidden * n_heads / tp * (qk_nope_head_dim + "
                  "qk_rope_head_dim) + kv_lora_rank * n_heads / tp * (qk_nope_head_dim + v_head_dim)"},
                 {is_mla,
                  "hidden * (q_lora_rank + kv_lora_rank + qk_rope_head_dim) + q_lora_rank * n_heads / tp * "
                  "(qk_nope_head_dim + qk_rope_head_dim) + kv_lora_rank * n_heads / tp * (qk_nope_head_dim + v_head_dim)"},
                 {NULL, "hidden * head_dim * (n_heads / tp + 2 * max(1, n_kv_heads / tp))"}}},
    {"attention_out", "", "of its output projection", E(memory.layer.attention_out), .scale = 1,
     .variant = {{is_mla, "n_heads / tp * v_head_dim * hidden"}, {NULL, "n_heads / tp * head_dim * hidden"}}},
    {"layer_ffn", "", "of a dense feed-forward", E(memory.layer.ffn), .scale = 1, .variant = {{NULL, "ffn_params / tp"}}},
    {"layer_experts", "", "of a layer's experts", E(memory.layer.experts), .scale = 1,
     .variant = {{NULL, "expert_params * n_experts / (ep * etp)"}}},
    {"layer_shared", "", "of its shared experts", E(memory.layer.shared), .scale = 1,
     .variant = {{NULL, "expert_params * n_shared_experts / tp"}}},
    {"stage_layers", "", "layers of the fullest stage", E(memory.fullest.layers), .scale = 1,
     .variant = {{is_single_stage, "n_layers"}}},
    {"stage_dense", "", "of them without experts", E(memory.fullest.dense), .scale = 1,
     .variant = {{is_single_stage, "dense_layers"}}},
    {"stage_moe", "", "of them with experts", E(memory.fullest.moe), .scale = 1,
     .variant = {{has_no_dense_layer, "stage_layers"}, {NULL, "stage_layers - stage_dense"}}},
    {"stage_sliding", "", "of them with a window", E(memory.fullest.sliding), .scale = 1,
     .variant = {{is_single_stage, "n_sliding_layers"}}},
    {"stage_full", "", "of them without a window", E(memory.fullest.full), .scale = 1,
     .variant = {{NULL, "stage_layers - stage_sliding"}}},
    {"stage_tables", "", "embedding and LM head in it", E(memory.fullest.tables), .scale = 1,
     .variant = {{is_single_stage, "tables"}}},
    {"copies", "", "replicas of an expert on the mean", .variant = {{NULL, "1 + redundant_experts / n_experts"}}},
    {"stage_linear", "", "weights in the weights' format",
     .variant = {{is_dense, "stage_layers * (attention_in + attention_out + layer_ffn)"},
                 {has_routed_only, "stage_layers * (attention_in + attention_out)"},
                 {has_no_dense_layer, "stage_layers * (attention_in + attention_out) + stage_moe * layer_shared"},
                 {has_no_shared, "stage_layers * (attention_in + attention_out) + stage_dense * layer_ffn"},
                 {NULL, "stage_layers * (attention_in + attention_out) + stage_dense * layer_ffn + stage_moe * "
                        "layer_shared"}}},
    {"stage_sixteen", "", "weights in 16 bits: norms, router, embedding, head",
     .variant = {{is_dense, "stage_layers * 2 * hidden + stage_tables * vocab * hidden / tp"},
                 {NULL, "stage_layers * 2 * hidden + stage_moe * hidden * n_experts + stage_tables * vocab * hidden / tp"}}},
    {"kv_elements", "", "elements of the KV cache per token and layer on a GPU",
     .variant = {{is_mla, "kv_lora_rank + qk_rope_head_dim"}, {NULL, "2 * max(1, n_kv_heads / tp) * head_dim"}}},
    {"cache_tokens", "tok", "tokens that a sequence keeps, summed over the stage's layers",
     .variant = {{is_sliding, "stage_full * (isl + osl) + stage_sliding * min(isl + osl, sliding_window)"},
                 {NULL, "stage_layers * (isl + osl)"}}},
    {"activation_gb", "GB", "activations of the largest prefill step", E(memory.activations), .scale = 1e-9,
     .variant = {{is_pooled, "min(memory.chunk, isl) * memory.activation * (hidden + n_heads * head_dim / tp) / 1e9"},
                 {has_budget, "min(chunk_tokens, isl) * memory.activation * (hidden + n_heads * head_dim / tp) / 1e9"},
                 {NULL, "min(memory.chunk, isl) * memory.activation * (hidden + n_heads * head_dim / tp) / 1e9"}}},
    {"fixed_gb", "GB", "what does not depend on the batch", E(memory.fixed), .scale = 1e-9,
     .variant = {{is_single_gpu, "memory.runtime * 1.073741824 + activation_gb"},
                 {NULL, "(memory.runtime + memory.collective) * 1.073741824 + activation_gb"}}},
    {"kept_gb", "GB", "what the engine leaves unused", E(memory.kept), .scale = 1e-9,
     .variant = {{NULL, "memory.reserve * max(0, mem_capacity_gb - fixed_gb - mem_weights_gb)"}}},
    {"draft_gb", "GB", "weights of the draft", E(memory.fullest.draft), .scale = 1e-9,
     .variant = {{is_single_stage, "spec_draft_cost * (mem_experts_gb + (stage_linear * weights.bytes + stage_sixteen * 2) / "
                                   "1e9)"}}},
    {"logits_gb", "GB", "a sequence's logits", E(memory.fullest.logits), .scale = 1e-9,
     .variant = {{has_head, "4 * vocab / tp / 1e9"}, {NULL, "0"}}},
    {"batch_weights_gb", "GB", "weights of the stage with the least room", E(memory.batch.weights), .scale = 1e-9},
    {"sequence_gb", "GB", "a sequence's KV cache and logits there", E(memory.batch.sequence), .scale = 1e-9,
     .variant = {{is_single_stage, "cache_tokens" STAGE_KV " / 1e9 + logits_gb"}}},
    {"room_gb", "GB", "room for sequences",
     .variant = {{is_single_stage, "(1 - memory.reserve) * max(0, mem_capacity_gb - fixed_gb - mem_weights_gb)"},
                 {NULL, "(1 - memory.reserve) * max(0, mem_capacity_gb - fixed_gb - batch_weights_gb)"}}},
    {"room_sequences", "seq", "sequences that fit beside one another on a rank", E(memory.batch.fit), .scale = 1,
     .variant = {{NULL, "room_gb / sequence_gb"}}},
    {"context_weights_gb", "GB", "weights of the stage that holds the shortest context", E(memory.context.weights),
     .scale = 1e-9},
    {"context_logits_gb", "GB", "a sequence's logits there", E(memory.context.logits), .scale = 1e-9},
    {"context_full", "", "its layers without a window", E(memory.context.full), .scale = 1,
     .variant = {{is_one_plain_stage, "n_layers"}, {is_single_stage, "stage_full"}}},
    {"context_sliding", "", "its layers with a window", E(memory.context.sliding), .scale = 1,
     .variant = {{is_single_stage, "stage_sliding"}}},
    {"context_room_gb", "GB", "room for the KV cache there",
     .variant = {{is_single_stage, "(1 - memory.reserve) * max(0, mem_capacity_gb - fixed_gb - mem_weights_gb) - ceil(batch / "
                                   "dp) * logits_gb"},
                 {NULL, "(1 - memory.reserve) * max(0, mem_capacity_gb - fixed_gb - context_weights_gb) - ceil(batch / dp) "
                        "* context_logits_gb"}}},
    {"context_tokens", "tok", "tokens per sequence that fit; a window's layers stop growing", E(memory.context.tokens),
     .scale = 1,
     .variant = {{is_unbounded, NULL},
                 {is_beyond_window, "(context_room_gb * 1e9 / (ceil(batch / dp)" STAGE_KV ") - context_sliding * "
                                    "sliding_window) / context_full"},
                 {is_plain, "max(0, context_room_gb) * 1e9 / (ceil(batch / dp)" STAGE_KV " * context_full)"},
                 {NULL, "max(0, context_room_gb) * 1e9 / (ceil(batch / dp)" STAGE_KV " * (context_full + context_sliding))"}}},

    /* service */
    {"engine_gpus", "GPU", "GPUs of an engine", E(engine_gpus), .integer = true, .scale = 1,
     .variant = {{NULL, "tp * dp * pp"}}},
    {"replicas", "", "engines", E(replicas), .integer = true, .scale = 1,
     .variant = {{is_pooled, "(gpus - prefill_gpus) / engine_gpus"}, {NULL, "gpus / engine_gpus"}}},
    {"micro", "", "micro-batches in the pipeline", E(service.micro), .scale = 1,
     .variant = {{NULL, "min(pp, max(1, floor(resident / dp)))"}}},
    {"rank_sequences", "seq", "of a micro-batch on an attention rank", E(service.rank_sequences), .scale = 1,
     .variant = {{NULL, "ceil(resident / dp) / micro"}}},
    {"tokens", "tok", "tokens that a layer's experts see in a step", E(service.tokens), .scale = 1,
     .variant = {{has_drafts, "resident * (1 + spec_depth) / micro"}, {NULL, "resident / micro"}}},
    {"fresh", "tok", "of the prompt, not in the prefix cache", E(service.fresh), .scale = 1,
     .variant = {{NULL, "max(1, isl - floor(isl * prefix_hit))"}}},
    {"chunks", "", "prefill steps of a prompt that is alone", E(service.chunks), .scale = 1,
     .variant = {{has_budget, "ceil(fresh / chunk_tokens)"}, {NULL, "ceil(fresh / memory.chunk)"}}},
    {"mixed_decoding", "tok", "tokens that decode beside a chunk", E(service.mixed_decoding), .scale = 1,
     .variant = {{has_budget, "min(rank_sequences, osl / spec_tokens * chunk_tokens / (fresh + (1 + spec_depth) * osl / "
                              "spec_tokens)) * (1 + spec_depth)"},
                 {NULL, "rank_sequences * (1 + spec_depth)"}}},
    {"mixed_chunks", "", "prefill steps of a prompt among decoding", E(service.mixed_chunks), .scale = 1,
     .variant = {{has_budget, "ceil(fresh / max(1, chunk_tokens - ceil(mixed_decoding)))"},
                 {NULL, "ceil(fresh / memory.chunk)"}}},
    {"beside", "", "prompts that a step's budget holds, where one fits whole", E(service.beside), .scale = 1,
     .variant = {{has_budget, "max(1, floor(max(1, chunk_tokens - ceil(mixed_decoding)) / fresh))"}, {NULL, "1"}}},
    {"delay_ms", "ms", "by which a chunk makes a decode step longer", E(service.delay), .scale = 1e3,
     .variant = {{NULL, "max(0, mixed_rows_ms - decode_rows_ms)"}}},
    {"last_chunk_ms", "ms", "a decode step with the prompt's last chunk, which sees all the others", E(service.reach),
     .scale = 1e3},
    {"last_delay_ms", "ms", "by which the last chunk makes it longer", E(service.last_delay), .scale = 1e3,
     .variant = {{has_one_chunk, "delay_ms"}, {NULL, "max(0, last_chunk_ms - decode_rows_ms)"}}},
    {"round_ms", "ms", "drafts, and the step that verifies them", E(service.round), .scale = 1e3,
     .variant = {{has_drafts, "decode_step_ms + spec_draft_ms"}, {NULL, "decode_step_ms"}}},
    {"pool_round_ms", "ms", "drafts, and the step that verifies them", E(pools.round), .scale = 1e3,
     .variant = {{has_drafts, "decode_step_ms + pool_factor * spec_draft_ms"}, {NULL, "decode_step_ms"}}},
    {"pool_factor", "", "of a step over its kernels and engine: pool_step's, but no faster than the datasheet",
     E(pools.factor), .scale = 1},
    {"settled", "seq", "sequences that decode in an engine when the closed loop has settled", .get = settled, .scale = 1},
    {"draft_ms", "ms", "of the drafts: they take the same share of each step", .get = draft_time, .scale = 1},
    {"draft_gain", "x", "by them, at the first step that the loop tried", .get = draft_gain, .scale = 1},
    {"requests", "", "that clients hold over the fleet", E(pools.loop.requests), .scale = 1,
     .variant = {{NULL, "replicas * batch"}}},
    {"rate", "1/s", "requests of the closed loop: all are waiting, in prefill, handed over or decoding (Little's law)",
     E(pools.rate), .scale = 1},
    {"decode_s", "s", "of all tokens after the first", E(pools.loop.decode), .scale = 1,
     .variant = {{NULL, "(osl - 1) * tpot_ms / 1000"}}},
    {"slots", "seq", "sequences that the decode pool has room for", E(pools.loop.slots), .scale = 1},
    {"handover_ms", "ms", "from the end of prefill to the first token", E(pools.loop.fixed), .scale = 1e3,
     .variant = {{NULL, "kv_transfer_ms + pool_first.steps * pool_round_ms"}}},
    {"batch_ms", "ms", "a prompt's batch in prefill, as full as prompts come", E(pools.in_batch), .scale = 1e3},
    {"queue_law_ms", "ms", "before prefill: half a batch in flight and an M/D/1 queue", E(pools.queue), .scale = 1e3},
    {"prefill_capacity", "1/s", "prompts that the prefill pool can take, all batches full", E(pools.loop.capacity), .scale = 1,
     .variant = {{NULL, "prefill_gpus / (prefill_tp * prefill_dp * prefill_pp) * prompts / (pool_first.prefill * pace_ms / "
                        "1000)"}}},
    {"prompts", "", "of a full batch in a prefill engine", E(pools.loop.batch), .scale = 1},
    {"pace_ms", "ms", "that a full batch keeps the first prefill stage for, by its kernels", E(pools.pace), .scale = 1e3},
    {"transfer_t0_ms", "ms", "fixed time of the transfer", .get = transfer_t0, .scale = 1e3},
    {"transfer_rate", "GB/s", "of the link between the pools", .get = transfer_rate, .scale = 1e-9},
    {"prompt_context", "tok", "of the prompt in a layer's cache on the mean",
     .variant = {{is_sliding, "(1 - n_sliding_layers / n_layers) * isl + n_sliding_layers / n_layers * min(isl, "
                              "sliding_window)"},
                 {NULL, "isl"}}},
    {"transfer_gb", "GB", "a receiving GPU's part of a prompt's cache",
     .variant = {{NULL, "kv_elements * kv.bytes * prompt_context * n_layers / pp / 1e9"}}},
    {"prefill_weights_gb", "GB", "weights on the fullest GPU of the prefill pool", E(pools.weights), .scale = 1e-9},
    {"prefill_kv_gb", "GB", "KV cache of its prompts", E(pools.kv), .scale = 1e-9},
    {"prefill_other_gb", "GB", "its workspace", E(pools.other), .scale = 1e-9},
    {"prefill_mfu", "", "share of the FLOP rate in its prefill", E(pools.mfu), .scale = 1},
    {"prefill_mbu", "", "share of the bandwidth in its prefill", E(pools.mbu), .scale = 1},
    {"min_decode_gpus", "GPU", "fewest GPUs of the decode pool", .get = min_decode_gpus, .scale = 1},
    {"min_prefill_gpus", "GPU", "fewest GPUs of the prefill pool", .get = min_prefill_gpus, .scale = 1},
    {"added_ms", "ms", "what another's prefill adds to decoding, over all its steps", E(service.added), .scale = 1e3,
     .variant = {{is_alone, "prefill_ms"}, {NULL, "engine.prefill * mixed_chunks * delay_ms / pp"}}},
    {"others_ms", "ms", "of a token, for others' prefills: each comes once in osl steps", E(service.others), .scale = 1e3,
     .variant = {{is_alone, "0"},
                 {has_budget, "min((resident / dp - 1 / dp) / osl * added_ms, engine.prefill * beside * delay_ms / "
                              "spec_tokens)"},
                 {NULL, "(resident / dp - 1 / dp) / osl * added_ms"}}},
    {"own_ms", "ms", "the own prefill", E(service.own), .scale = 1e3,
     .variant = {{has_mixed_chunks, "mixed_chunks * round_ms + first_token.prefill * delay_ms / pp * (mixed_chunks + pp - "
                                   "1)"},
                 {NULL, "first_token.prefill * prefill_rows_ms"}}},
    {"all_chunks_ms", "ms", "of all residents' chunks one after the other",
     .variant = {{NULL, "resident / dp * mixed_chunks * (round_ms / beside + engine.prefill * delay_ms) / pp"}}},
    {"gather_steps", "step", "steps that the engine was told to gather requests", .base = BASE_DEPLOYMENT,
     .offset = offsetof(struct deployment, admission_steps), .scale = 1},
    {"admission", "step", "decode steps until a request is admitted", E(service.admission), .scale = 1,
     .variant = {{is_moe, "first_token.steps + first_token.moe_steps + gather_steps"},
                 {NULL, "first_token.steps + gather_steps"}}},
    {"waves", "", "requests of the benchmark over its concurrency", .get = waves, .scale = 1},
    {"queued_ms", "ms", "behind the burst that a benchmark starts with", E(service.queued), .scale = 1e3,
     .variant = {{NULL, "max(0, first_token.burst * own_ms * (resident / dp - 1 / dp) / (2 * waves))"}}},
    {"decode_share_ms", "ms", "a request's share of the decode steps", E(service.decode), .scale = 1e3,
     .variant = {{has_drafts, "osl * round_ms / spec_tokens * dp / resident"}, {NULL, "osl * decode_step_ms * dp / resident"}}},
    {"input_share", "", "share of the rent that prefill takes", E(service.input), .scale = 1,
     .variant = {{is_pooled, "prefill_gpus / gpus"}, {NULL, "added_ms / (added_ms + decode_share_ms)"}}},
    {"busy", "", "micro-batches over stages: below 1 a stage stands idle", E(service.busy), .scale = 1,
     .variant = {{has_drafts, "resident * (1 + spec_depth) / (tokens * pp)"}, {NULL, "resident / (tokens * pp)"}}},
    {"stage_mean_ms", "ms", "of a micro-batch on the mean stage", E(decode.stage_mean), .scale = 1e3},
    {"stage_max_ms", "ms", "of a micro-batch on the slowest stage", E(decode.stage_max), .scale = 1e3},
    {"prefill_mean_ms", "ms", "of a chunk on the mean stage", E(prefill.stage_mean), .scale = 1e3},
    {"prefill_max_ms", "ms", "of a chunk on the slowest stage", E(prefill.stage_max), .scale = 1e3},
    {"slowest", "", "stage whose operators take longest", E(decode.slowest), .integer = true, .scale = 1},
    {"power_load", "", "power over TDP, before the cap", E(service.load), .scale = 1,
     .variant = {{NULL, "power.idle + power.memory * mbu + power.compute * mfu"}}},
    {"watts", "W", "of the fleet", E(service.watts), .scale = 1,
     .variant = {{is_pooled, "gpu.tdp * ((gpus - prefill_gpus) * min(1, power.idle + power.memory * mbu + power.compute * "
                             "mfu) + prefill_gpus * min(1, power.idle + prefill_util * min(1, power.memory * prefill_mbu + "
                             "power.compute * prefill_mfu)))"},
                 {NULL, "gpus * gpu.tdp * min(1, power_load)"}}},

    /* routing */
    {"touched", "", "experts that a step reads: the sum over all of 1 - (1 - p)^tokens", .get = touched, .scale = 1,
     .variant = {{is_even, "n_experts * (1 - (1 - top_k / n_experts)^tokens)"}}},
    {"mean_load", "tok", "tokens of an expert on the mean", .variant = {{NULL, "tokens * top_k / n_experts"}}},
    {"mean_rank_load", "tok", "tokens of a rank on the mean", .variant = {{NULL, "tokens * top_k / ep"}}},
    {"busiest_load", "tok",
     "of the busiest expert: expectation of the largest of n_experts binomial loads with a given sum (Levin 1981)",
     .get = busiest_load, .scale = 1},
    {"busiest_load_p95", "tok", "of the busiest expert in 19 of 20 steps (Levin 1981)", .get = busiest_load_p95, .scale = 1},
    {"busiest_rank", "tok", "of the busiest rank: expectation of the largest of ep sums of such loads", .get = rank_load,
     .scale = 1},
    {"busiest_rank_p95", "tok", "of the busiest rank in 19 of 20 steps", .get = rank_load_p95, .scale = 1},
    {"touched_ranks", "GPU", "other ranks that hold any of a token's experts, on the mean over all its choices",
     .get = touched_ranks, .scale = 1},
    {"rank_load_before", "tok", "of the busiest rank without replicas", .get = rank_load_before, .scale = 1},
    {"tokens_before", "tok", "tokens that a layer's experts see without replicas", E(before.tokens), .scale = 1},
    {"mean_load_before", "tok", "of a rank on the mean then", .variant = {{NULL, "tokens_before * top_k / ep"}}},
    {"experts_before_gb", "GB", "experts on the fullest GPU without replicas", E(before.experts), .scale = 1e-9,
     .variant = {{is_single_stage, "stage_moe * layer_experts * experts.bytes / 1e9"}}},
    {"kv_tokens_before", "tok", "room for tokens without replicas", E(before.kv_tokens), .scale = 1},
    {"max_batch_before", "seq", "largest batch without replicas", E(before.max_batch), .scale = 1},
    {"resident_before", "seq", "resident without replicas", E(before.resident), .scale = 1,
     .variant = {{is_pooled, "min(settled, max_batch_before)"}, {NULL, "min(batch, max_batch_before)"}}},
    {"experts_before_us", "us", "a call of the experts without replicas", E(before.expert_seconds), .scale = 1e6},
    {"expert_calls", "", "calls of the experts in a step", E(decode.op[OP_EXPERTS].calls), .scale = 1},
    {"experts_us", "us", "a call as the law has it", E(decode.op[OP_EXPERTS].seconds), .scale = 1e6},
    {"balanced_us", "us", "a call if every expert had the same load", E(balanced.seconds), .scale = 1e6},

    /* intervals */
    {"other_spread", "", "how far reports of memory beside weights and KV cache spread", .get = other_spread, .scale = 1},
    {"unmeasured", "", "2 with speculation or a token budget, 1.5 for pools of an engine that was timed without",
     .get = unmeasured, .scale = 1},
    {"wide", "",
     "1; 1.5 or 3 where the engine's constants have not seen the GPU's family, 3 where only operators' have not; 2 at least "
     "with speculation or a token budget",
     E(wide), .scale = 1},
};

const size_t symbol_table_rows = sizeof symbol_table / sizeof *symbol_table;

/* Formulas of the estimate fields. None: a law's result, or words. */
const struct variant symbol_figures[ESTIMATE_FIELD_COUNT][VARIANTS] = {
    [E_PARAMS_B] = {{is_dense, "(n_layers * (attention_params + 2 * hidden + ffn_params) + hidden + tables * vocab * hidden) "
                               "/ 1e9"},
                    {NULL, "(n_layers * (attention_params + 2 * hidden) + dense_layers * ffn_params + moe_layers * ((n_experts "
                           "+ n_shared_experts) * expert_params + hidden * n_experts) + hidden + tables * vocab * hidden) / "
                           "1e9"}},
    [E_ACTIVE_B] = {{is_dense, "(n_layers * (attention_params + 2 * hidden + ffn_params) + hidden + vocab * hidden) / 1e9"},
                    {NULL, "(n_layers * (attention_params + 2 * hidden) + dense_layers * ffn_params + moe_layers * ((top_k + "
                           "n_shared_experts) * expert_params + hidden * n_experts) + hidden + vocab * hidden) / 1e9"}},
    [E_MEM_GB] = {{NULL, "mem_weights_gb + mem_kv_gb + mem_other_gb"}},
    [E_MEM_WEIGHTS_GB] = {{has_draft_weights,
                           "mem_experts_gb + (stage_linear * weights.bytes + stage_sixteen * 2) / 1e9 + draft_gb"},
                          {NULL, "mem_experts_gb + (stage_linear * weights.bytes + stage_sixteen * 2) / 1e9"}},
    [E_MEM_EXPERTS_GB] = {{is_dense, "0"},
                          {has_no_replicas, "stage_moe * layer_experts * experts.bytes / 1e9"},
                          {NULL, "stage_moe * layer_experts * copies * experts.bytes / 1e9"}},
    [E_MEM_KV_GB] = {{NULL, "ceil(batch / dp) * cache_tokens" STAGE_KV " / 1e9"}},
    [E_MEM_OTHER_GB] = {{NULL, "fixed_gb + kept_gb + ceil(batch / dp) * logits_gb"}},
    [E_MEM_CAPACITY_GB] = {{NULL, "gpu.mem"}},
    [E_MAX_BATCH] = {{NULL, "floor(room_sequences) * dp"}},
    [E_MAX_CONTEXT] = {{has_context_limit, "min(model.max_context, floor(context_tokens))"}, {NULL, "floor(context_tokens)"}},
    [E_MIN_GPUS] = {{is_pooled, "min_decode_gpus + min_prefill_gpus"}, {NULL, "min_tp * min_pp"}},
    [E_RESIDENT] = {{is_pooled, "settled"}, {NULL, "min(batch, max_batch)"}},
    [E_KV_TOKENS] = {{NULL, "room_sequences * dp * (isl + osl)"}},
    [E_RANK_BATCH] = {{NULL, "ceil(resident / dp)"}},
    [E_KV_COPIES] = {{is_mla, "tp"}, {NULL, "max(1, tp / n_kv_heads)"}},
    [E_FLOPS_PER_TOKEN_G] = {{NULL, "2 * active_b + n_layers * mean_context * attention_flop / 1e9"}},
    [E_DECODE_STEP_MS] = {{NULL, "decode_rows_ms"}},
    [E_PREFILL_MS] = {{is_pooled, "pool_first.prefill * prefill_rows_ms"}, {NULL, "engine.prefill * prefill_rows_ms"}},
    [E_TTFT_MS] = {{is_pooled, "e2e_s * 1000 - decode_s * 1000"},
                   {is_alone, "first_token.request + own_ms + wait_ms"},
                   {is_plain_service, "first_token.request + own_ms + admission * round_ms + min(admission, osl) * others_ms "
                                      "+ wait_ms"},
                   {NULL, "first_token.request + own_ms + admission * round_ms + min(admission * spec_tokens, osl) * others_ms "
                          "+ wait_ms + queue_ms"}},
    [E_TTFT_BENCHMARK_MS] = {{is_pooled, "ttft_ms + pool_first.burst * max(0, requests / (2 * prefill_capacity) * 1000 - "
                                         "prefill_wait_ms - wait_ms) / waves"},
                             {NULL, "ttft_ms + queued_ms"}},
    [E_TPOT_MS] = {{is_pooled, "pool_round_ms / spec_tokens"},
                   {has_drafts, "round_ms / spec_tokens + others_ms"}, {NULL, "decode_step_ms + others_ms"}},
    [E_ITL_MAX_MS] = {{is_pooled, "pool_round_ms"},
                      {is_alone, "round_ms"},
                      {NULL, "round_ms + max(engine.prefill * last_delay_ms / pp, others_ms * spec_tokens)"}},
    [E_E2E_S] = {{is_pooled, "requests / rate"}, {NULL, "(ttft_ms + (osl - 1) * tpot_ms) / 1000"}},
    [E_WAIT_MS] = {{is_pooled, "max(0, ttft_ms - handover_ms - batch_ms) - prefill_wait_ms"},
                   {has_budget, "(osl * tpot_ms + queue_ms) * (batch / resident - 1)"},
                   {NULL, "osl * tpot_ms * (batch / resident - 1)"}},
    [E_QUEUE_MS] = {{is_pooled, "0"}, {has_mixed_chunks, "max(0, all_chunks_ms - own_ms - (osl - 1) * tpot_ms)"}, {NULL, "0"}},
    [E_OUT_TOK_S] = {{is_pooled, "rate * osl"}, {NULL, "replicas * batch * osl / e2e_s"}},
    [E_IN_TOK_S] = {{NULL, "out_tok_s * isl / osl"}},
    [E_TOK_S_GPU] = {{NULL, "out_tok_s / gpus"}},
    [E_TOK_S_USER] = {{NULL, "1000 / tpot_ms"}},
    [E_MFU] = {{is_pooled, "min(1, busy * peak_rows_ms / decode_step_ms)"}, {NULL, "busy * peak_rows_ms / decode_step_ms"}},
    [E_MBU] = {{is_pooled, "min(1, busy * bytes_rows_gb / gpu.mem_bw * 1000 / decode_step_ms)"},
               {NULL, "busy * bytes_rows_gb / gpu.mem_bw * 1000 / decode_step_ms"}},
    [E_BUBBLE] = {{NULL, "1 - busy * stage_mean_ms / stage_max_ms"}},
    [E_PREFILL_BUBBLE] = {{is_pooled, "1 - chunks / (chunks + prefill_pp - 1) * prefill_mean_ms / prefill_max_ms"},
                          {NULL, "1 - chunks / (chunks + pp - 1) * prefill_mean_ms / prefill_max_ms"}},
    [E_STAGE_SLOWEST] = {{NULL, "slowest"}},
    [E_STAGE_LAYERS_MAX] = {{NULL, "ceil(n_layers / pp)"}},
    [E_SPEC_TOKENS] = {{has_certain_drafts, "1 + spec_depth"},
                       {has_drafts, "(1 - spec_acceptance^(spec_depth + 1)) / (1 - spec_acceptance)"},
                       {NULL, "1"}},
    [E_SPEC_DRAFT_MS] = {{is_pooled_with_drafts, "draft_ms"},
                         {has_drafts, "spec_depth * spec_draft_cost * plain_rows_ms"}, {NULL, "0"}},
    [E_SPEC_GAIN] = {{is_pooled_with_drafts, "draft_gain"},
                     {has_drafts, "plain_rows_ms * spec_tokens / round_ms"},
                     {NULL, "1"}},
    [E_PREFILL_UTIL] = {{NULL, "rate / prefill_capacity"}},
    [E_PREFILL_TOK_S] = {{NULL, "prefill_capacity * isl"}},
    [E_PREFILL_WAIT_MS] = {{is_pool_full, "min(max(0, ttft_ms - handover_ms - batch_ms), queue_law_ms)"},
                           {NULL, "max(0, ttft_ms - handover_ms - batch_ms)"}},
    [E_KV_TRANSFER_MS] = {{NULL, "transfer_t0_ms + max(transfer_gb, transfer_gb * tp * pp / (prefill_tp * prefill_pp)) / "
                                 "transfer_rate * 1000"}},
    [E_PREFILL_MEM_GB] = {{NULL, "prefill_weights_gb + prefill_kv_gb + prefill_other_gb"}},
    [E_COVERAGE] = {{NULL, "touched / n_experts"}},
    [E_LOAD_MAX_MEAN] = {{NULL, "busiest_load / mean_load"}},
    [E_LOAD_MAX_P95] = {{NULL, "busiest_load_p95 / mean_load"}},
    [E_RANK_MAX_MEAN] = {{NULL, "busiest_rank / mean_rank_load"}},
    [E_RANK_MAX_P95] = {{NULL, "busiest_rank_p95 / mean_rank_load"}},
    [E_RANKS_TOUCHED] = {{has_one_rank, "0"}, {has_cut_experts, "tp * dp - 1"}, {NULL, "touched_ranks"}},
    [E_RANK_MAX_BEFORE] = {{NULL, "rank_load_before / mean_load_before"}},
    [E_STEP_BEFORE_MS] = {{is_pooled_own_experts_only,
                           "decode_rows_ms + expert_calls * (pool_factor * experts_before_us - experts_us) / 1000"},
                          {has_own_experts_only,
                           "decode_rows_ms + expert_calls * (experts_before_us - experts_us) / 1000"},
                          {is_pooled, "pool_factor * bare_rows_ms"},
                          {NULL, "bare_rows_ms"}},
    [E_REDUNDANT_GB] = {{NULL, "mem_experts_gb - experts_before_gb"}},
    [E_REDUNDANT_KV_TOKENS] = {{NULL, "kv_tokens_before - kv_tokens"}},
    [E_REDUNDANT_BATCH] = {{NULL, "max_batch_before - max_batch"}},
    [E_REDUNDANT_GAIN] = {{NULL, "resident / decode_step_ms / (resident_before / step_before_ms)"}},
    [E_IMBALANCE_LOSS] = {{NULL, "expert_calls * (experts_us - balanced_us) / 1000 / decode_step_ms"}},
    [E_IMBALANCE_LOSS_ARTICLE] = {{NULL, "1 - 1 / load_max_mean"}},
    [E_COST_H] = {{NULL, "gpus * price"}},
    [E_COST_M_OUT] = {{NULL, "cost_h * (1 - input_share) / (out_tok_s * utilisation * 3600) * 1e6"}},
    [E_COST_M_IN] = {{NULL, "cost_h * input_share / (in_tok_s * utilisation * 3600) * 1e6"}},
    [E_COST_M_BLEND] = {{NULL, "cost_h / ((out_tok_s + in_tok_s) * utilisation * 3600) * 1e6"}},
    [E_POWER_COST_H] = {{NULL, "watts / 1000 * power_price"}},
    [E_JOULES_TOK] = {{NULL, "watts / out_tok_s"}},
    [E_SLO_OK] = {{has_both_limits, "(ttft_ms <= slo_ttft_ms) * (tpot_ms <= slo_tpot_ms)"},
                  {has_ttft_limit, "ttft_ms <= slo_ttft_ms"},
                  {NULL, "tpot_ms <= slo_tpot_ms"}},
    [E_TTFT_LO] = {{is_pooled_timed, "ttft_ms * pool_first.p10"},
                   {is_pooled, "ttft_ms * pool_first.p10^unmeasured"},
                   {has_timed_scheduling, "ttft_ms * first_token.p10"}, {NULL, "ttft_ms * first_token.p10^unmeasured"}},
    [E_TTFT_HI] = {{is_pooled_timed, "ttft_ms * pool_first.p90"},
                   {is_pooled, "ttft_ms * pool_first.p90^unmeasured"},
                   {has_timed_scheduling, "ttft_ms * first_token.p90"}, {NULL, "ttft_ms * first_token.p90^unmeasured"}},
    [E_TPOT_LO] = {{is_pooled, "tpot_ms * pool_step.p10^wide"}, {NULL, "tpot_ms * engine.p10^wide"}},
    [E_TPOT_HI] = {{is_pooled, "tpot_ms * pool_step.p90^wide"}, {NULL, "tpot_ms * engine.p90^wide"}},
    [E_OUT_TOK_S_LO] = {{NULL, "replicas * batch * osl * 1000 / (ttft_hi + (osl - 1) * tpot_hi)"}},
    [E_OUT_TOK_S_HI] = {{NULL, "replicas * batch * osl * 1000 / (ttft_lo + (osl - 1) * tpot_lo)"}},
    [E_MEM_LO] = {{NULL, "mem_gb - other_spread * mem_other_gb"}},
    [E_MEM_HI] = {{NULL, "mem_gb + other_spread * mem_other_gb"}},
    [E_COST_M_OUT_LO] = {{NULL, "cost_m_out * out_tok_s / out_tok_s_hi"}},
    [E_COST_M_OUT_HI] = {{NULL, "cost_m_out * out_tok_s / out_tok_s_lo"}},
};
