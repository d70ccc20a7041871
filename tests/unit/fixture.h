/* Models and constants written out by hand, so that tests of the physics need no preset file. */
#ifndef MOESCOPE_TESTS_FIXTURE_H
#define MOESCOPE_TESTS_FIXTURE_H

#include <math.h>

#include "core/estimate.h"

static const struct model mixtral = {
    .id = "mixtral-8x7b", .name = "Mixtral-8x7B", .n_layers = 32, .hidden = 4096, .n_heads = 32, .n_kv_heads = 8,
    .head_dim = 128, .attention = ATTENTION_GQA, .n_experts = 8, .top_k = 2, .expert_ffn = 14336, .moe_layer_freq = 1,
    .vocab = 32000, .ffn_mats = 3, .max_context = 32768,
};
static const struct model llama70b = {
    .id = "llama-3.3-70b", .name = "Llama-3.3-70B", .n_layers = 80, .hidden = 8192, .n_heads = 64, .n_kv_heads = 8,
    .head_dim = 128, .attention = ATTENTION_GQA, .dense_ffn = 28672, .n_dense_layers = 80, .moe_layer_freq = 1,
    .vocab = 128256, .ffn_mats = 3, .max_context = 131072,
};
static const struct model deepseek = {
    .id = "deepseek-v3", .name = "DeepSeek-V3", .n_layers = 61, .hidden = 7168, .n_heads = 128, .n_kv_heads = 128,
    .head_dim = 192, .attention = ATTENTION_MLA, .q_lora_rank = 1536, .kv_lora_rank = 512, .qk_nope_head_dim = 128,
    .qk_rope_head_dim = 64, .v_head_dim = 128, .dense_ffn = 18432, .n_dense_layers = 3, .n_experts = 256, .top_k = 8,
    .n_shared_experts = 1, .expert_ffn = 2048, .moe_layer_freq = 1, .vocab = 129280, .ffn_mats = 3,
    .max_context = 163840,
};

static const struct gpu a100 = {
    .id = "a100-80-sxm", .name = "A100 SXM 80GB", .family = "ampere", .mem_bytes = 80.0 * (1 << 30),
    .mem_bw = 2039e9, .rate = {19.5e12, 312e12, 312e12, NAN, 624e12, NAN, 1248e12}, .scaleup_domain = 8,
    .tdp_w = 400, .price_h = 1.39, .link_up_bw = 300e9,
};
static const struct gpu h100 = {
    .id = "h100-sxm", .name = "H100 SXM 80GB", .family = "hopper", .mem_bytes = 79.65 * (1 << 30), .mem_reported = true,
    .mem_bw = 3350e9, .rate = {67e12, 989e12, 989e12, 1979e12, 1979e12, NAN, NAN}, .scaleup_domain = 8,
    .tdp_w = 700, .price_h = 3.99, .link_up_bw = 450e9,
};

static const struct format bf16 = {.id = "bf16", .bytes = 2, .path = PATH_BF16, .block = 1};
static const struct format fp8_block = {.id = "fp8-block128", .bytes = 8.00195 / 8, .path = PATH_FP8, .block = 128};
static const struct format kv16 = {.id = "kv-16", .kind = FORMAT_KV, .bytes = 2, .path = PATH_FP16, .block = 1};

static const struct link nvlink = {.id = "nvlink3", .bandwidth = 300e9, .latency_s = 10e-6,
                                   .allreduce_small_s = {10e-6, 14.5e-6, 22.6e-6}, .allreduce_busbw = 222e9};
static const struct link infiniband = {.id = "ib-hdr", .bandwidth = 25e9, .latency_s = NAN,
                                       .allreduce_small_s = {NAN, NAN, NAN}, .allreduce_busbw = NAN};

/* Constants of a machine without losses: efficiencies 1, no fixed times, so that times are bytes / bandwidth. */
static const struct calibration ideal = {
    .op = {{0, 1, 1}, {0, 1, 1}, {0, 1, 1}, {0, 1, 1}, {0, 1, 1}},
    .skew_share = 1, .allreduce_engine_t0_s = 1, .allreduce_engine_eff = 1, .collective_eff = 1, .alltoall_eff = 1,
    .dispatch_bytes = 2, .chunk_tokens = 8192, .idle_share = 0.1, .mem_power_share = 0.4, .compute_power_share = 0.5,
    .origin = ORIGIN_ASSUMED,
};

static inline struct deployment deployment_of(const struct model *m, const struct gpu *g, int gpus) {
    return (struct deployment){
        .model = m, .gpu = g, .weights = &bf16, .weights_experts = &bf16, .kv = &kv16, .link_up = &nvlink,
        .link_out = &infiniband, .calibration = &ideal, .gpus = gpus, .gpus_per_node = 8, .tp = gpus, .pp = 1, .dp = 1,
        .ep = 1, .batch = 1, .isl = 512, .osl = 256, .skew_kind = SKEW_UNIFORM, .price = 3, .power_price = 0.1,
        .utilisation = 1, .slo_ttft_s = NAN, .slo_tpot_s = NAN};
}

#endif
