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

/* A last-level cache that nothing fits into, so that every byte comes from memory. What it does has tests of its own. */
enum { NO_CACHE = 1 };

static const struct gpu a100 = {
    .id = "a100-80-sxm", .name = "A100 SXM 80GB", .family = "ampere", .mem_bytes = 80.0 * (1 << 30),
    .mem_bw = 2039e9, .rate = {19.5e12, 312e12, 312e12, NAN, 624e12, NAN, 1248e12}, .scaleup_domain = 8,
    .sms = 108, .l2_bytes = NO_CACHE, .tdp_w = 400, .price_h = 1.39, .link_up_bw = 300e9,
};
static const struct gpu h100 = {
    .id = "h100-sxm", .name = "H100 SXM 80GB", .family = "hopper", .mem_bytes = 79.65 * (1 << 30), .mem_reported = true,
    .mem_bw = 3350e9, .rate = {67e12, 989e12, 989e12, 1979e12, 1979e12, NAN, NAN}, .scaleup_domain = 8,
    .sms = 132, .l2_bytes = NO_CACHE, .tdp_w = 700, .price_h = 3.99, .link_up_bw = 450e9,
};

static const struct format bf16 = {.id = "bf16", .bytes = 2, .path = PATH_BF16, .block = 1};
static const struct format fp8_block = {.id = "fp8-block128", .bytes = 8.00195 / 8, .path = PATH_FP8, .block = 128};
static const struct format kv16 = {.id = "kv-16", .kind = FORMAT_KV, .bytes = 2, .path = PATH_FP16, .block = 1};

static const struct link nvlink = {.id = "nvlink3", .bandwidth = 300e9, .latency_s = 10e-6,
                                   .allreduce_small_s = {10e-6, 14.5e-6, 22.6e-6}, .allreduce_busbw = 222e9};
static const struct link infiniband = {.id = "ib-hdr", .bandwidth = 25e9, .latency_s = NAN,
                                       .allreduce_small_s = {NAN, NAN, NAN}, .allreduce_busbw = NAN};

/* Constants of a machine without losses: no fixed times, efficiencies 1, no cost of tiles, waves or CTAs, each byte moved
 * once. What is left is bytes / bandwidth and FLOP / rate, and what laws cannot lose: a product has 16 rows at least, the
 * multiply of latent decode stays at 85 % of the rate. Classes that no test uses are left at 0: a time would be infinite. */
#define LOSSLESS(...) {.value = {__VA_ARGS__}, .lo = 1, .hi = 1, .origin = ORIGIN_ASSUMED}
#define FREELY 1e12 /* a rate so high that it never binds */

/* t0, mem_eff, compute_eff; tile_fixed, ramp, depth; token_pass, row_pass; expert, held; tile_by_rows */
#define LOSSLESS_EXPERTS LOSSLESS(0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0)
/* base, step, small; ramp, ramp_end; local, wire, host, int8 */
#define LOSSLESS_NCCL(wire) LOSSLESS(0, 0, 0, 0, 1, 0, wire, 0, 0)

static const struct calibration ideal = {
    .of = {
        /* t0, mem_eff, compute_eff, unhidden, depth, fill, feed, wave, split, l2, cta, throttle */
        [CAL_GEMM + FORMAT_16] = LOSSLESS(0, 1, 1, 0, 0, 0, 0, 0, 0, FREELY, FREELY, 0),
        /* ... feed, wave, l2, cta, throttle, quantise: what comes in 16 bits is read once more, about a byte an element */
        [CAL_GEMM + FORMAT_FP8_BLOCK] = LOSSLESS(0, 1, 1, 0, 0, 0, 0, 0, FREELY, FREELY, 0, 3),
        [CAL_EXPERTS + FORMAT_16] = LOSSLESS_EXPERTS, [CAL_EXPERTS + FORMAT_FP8_BLOCK] = LOSSLESS_EXPERTS,
        /* t0, width, bw, flop, cta, cta_fixed, free, split, skip, norm */
        [CAL_DECODE_HEAD_16] = LOSSLESS(0, 0, 1, FREELY, 0, 0, 0, 0, 0, 4),
        /* t0, narrow, width, bw, cta, cta_fixed, cta_heads, free, split, skip, serial, norm */
        [CAL_DECODE_GROUP_16] = LOSSLESS(0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 4),
        /* t0, query_bw, key_bw: the laws count four passes of two; rate, softmax, diagonal, cta, last, wide, narrow, edge */
        [CAL_PREFILL_16] = LOSSLESS(0, 2, 2, 1, 0, 0, 0, 0, 1, 1, 1),
        /* t0, heads, bw, rate, cta, free, io, split, split_tokens, pass, norm */
        [CAL_MLA_DECODE_16] = LOSSLESS(0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 4),
        /* t0, query_bw, latent_bw, rate, diagonal, cta, last */
        [CAL_MLA_PREFILL_16] = LOSSLESS(0, 2, 1, 1, 0, 0, 0),
        [CAL_NCCL_ALLREDUCE] = LOSSLESS_NCCL(2), [CAL_NCCL_ALLGATHER] = LOSSLESS_NCCL(1),
        [CAL_NCCL_REDUCESCATTER] = LOSSLESS_NCCL(1), [CAL_NCCL_ALLTOALL] = LOSSLESS_NCCL(1),
        /* base, step, small, read, cap, nccl: no vector is small enough for the engine's own */
        [CAL_ENGINE_ALLREDUCE] = LOSSLESS(0, 0, 0, 1, 0, 1),
        /* base, expert, hidden, wire: a byte there, two back; copy */
        [CAL_DEEPEP_LL_DISPATCH] = LOSSLESS(0, 0, 0, 1, 0), [CAL_DEEPEP_LL_COMBINE] = LOSSLESS(0, 0, 0, 2, 0),
        /* base, hidden, ramp, token, copy, element, wire */
        [CAL_DEEPEP_DISPATCH] = LOSSLESS(0, 0, 0, 0, 0, 0, 1), [CAL_DEEPEP_COMBINE] = LOSSLESS(0, 0, 0, 0, 0, 0, 2),
        [CAL_ELEMENTWISE] = LOSSLESS([ELEMENTWISE_MEM_EFF] = 1), [CAL_STAGE] = LOSSLESS([STAGE_EFF] = 1),
        [CAL_MEMORY] = LOSSLESS([MEMORY_CHUNK_TOKENS] = 8192),
        [CAL_POWER] = LOSSLESS([POWER_IDLE_SHARE] = 0.1, [POWER_MEMORY_SHARE] = 0.4, [POWER_COMPUTE_SHARE] = 0.5),
    },
};

static inline struct deployment deployment_of(const struct model *m, const struct gpu *g, int gpus) {
    return (struct deployment){
        .model = m, .gpu = g, .weights = &bf16, .weights_experts = &bf16, .kv = &kv16, .link_up = &nvlink,
        .link_out = &infiniband, .calibration = &ideal, .up_calibration = &ideal, .out_calibration = &ideal,
        .engine = LOSSLESS([ENGINE_PREFILL] = 1, [ENGINE_SKEW_SHARE] = 1, [ENGINE_EXPERTS] = 1, [ENGINE_EXPERTS_W4A16] = 1),
        .first_token = LOSSLESS([FIRST_PREFILL] = 1), .pool_step = LOSSLESS([POOL_STEP_FACTOR] = 1),
        .pool_first = LOSSLESS([POOL_FIRST_PREFILL] = 1, [POOL_FIRST_BURST] = 1), .gpus = gpus, .gpus_per_node = 8, .tp = gpus, .pp = 1, .dp = 1,
        .ep = 1, .batch = 1, .isl = 512, .osl = 256, .skew_kind = SKEW_UNIFORM, .price = 3, .power_price = 0.1,
        .utilisation = 1, .slo_ttft_s = NAN, .slo_tpot_s = NAN};
}

/* The same calibration with one constant changed. */
static inline struct calibration ideal_but(enum calibration_class class, int constant, double value) {
    struct calibration c = ideal;
    c.of[class].value[constant] = value;
    return c;
}

#endif
