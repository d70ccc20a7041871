#include "core/calibration.h"

#include <string.h>

#define N(list) .n = sizeof list / sizeof *list, .constant = list

static const struct constant_info gemm_constants_16[] = {
    {"t0", "us", 0, 200, 2.207, "launch, and the activation quantiser's"},
    {"mem_eff", "1", 0.01, 1.1, 0.8365, "share of the datasheet bandwidth"},
    {"compute_eff", "1", 0.01, 1.2, 0.825, "share of the datasheet rate inside a 128x256 tile"},
    {"unhidden", "1", 0, 2, 0.1935, "share of the shorter of memory and compute that is not hidden"},
    {"depth", "ns", 0, 100, 1.098, "least time of one step in depth"},
    {"fill", "1", 0, 5000, 74.03, "prologue and epilogue of a tile, in steps of depth"},
    {"feed", "1", 0, 500, 5.946, "operand feed: a tile runs at 1/(1 + feed (1/rows + 1/columns))"},
    {"wave", "1", 0, 1, 0.1977, "hardness of wave quantisation"},
    {"split", "us", 0, 200, 1.891, "cost of splitting the depth"},
    {"l2", "B/kFLOP", 0.0001, 1000, 5.781, "L2 bandwidth, by the 16-bit rate"},
    {"cta", "B/kFLOP", 0.0001, 1000, 29.07, "most that one CTA draws, by the 16-bit rate of an SM"},
    {"throttle", "1", 0, 1, 0.06281, "compute grows with (1 + ms)^throttle"},
};

static const struct constant_info gemm_constants_fp8[] = {
    {"t0", "us", 0, 200, 12.76, "launch, and the activation quantiser's"},
    {"mem_eff", "1", 0.01, 1.1, 0.8667, "share of the datasheet bandwidth"},
    {"compute_eff", "1", 0.01, 1.2, 0.7677, "share of the datasheet rate inside a 128x256 tile"},
    {"unhidden", "1", 0, 2, 0.3291, "share of the shorter of memory and compute that is not hidden"},
    {"depth", "ns", 0, 100, 0.8096, "least time of one step in depth"},
    {"fill", "1", 0, 5000, 137, "prologue and epilogue of a tile, in steps of depth"},
    {"feed", "1", 0, 500, 2.839, "operand feed: a tile runs at 1/(1 + feed (1/rows + 1/columns))"},
    {"split", "us", 0, 200, 3, "cost of splitting the depth"},
    {"l2", "B/kFLOP", 0.0001, 1000, 2.122, "L2 bandwidth, by the 16-bit rate"},
    {"cta", "B/kFLOP", 0.0001, 1000, 80.05, "most that one CTA draws, by the 16-bit rate of an SM"},
    {"throttle", "1", 0, 1, 0.1101, "compute grows with (1 + ms)^throttle"},
    {"quantise", "1/kFLOP", 1e-05, 100, 0.677, "elements quantised, by the 16-bit rate"},
};

static const struct constant_info gemm_constants_fp8_block[] = {
    {"t0", "us", 0, 200, 4.122, "launch, and the activation quantiser's"},
    {"mem_eff", "1", 0.01, 1.1, 0.9091, "share of the datasheet bandwidth"},
    {"compute_eff", "1", 0.01, 1.2, 0.6701, "share of the datasheet rate inside a 128x256 tile"},
    {"unhidden", "1", 0, 2, 0.3896, "share of the shorter of memory and compute that is not hidden"},
    {"depth", "ns", 0, 100, 0.5494, "least time of one step in depth"},
    {"fill", "1", 0, 5000, 248, "prologue and epilogue of a tile, in steps of depth"},
    {"feed", "1", 0, 500, 30.55, "operand feed: a tile runs at 1/(1 + feed (1/rows + 1/columns))"},
    {"wave", "1", 0, 1, 0.3011, "hardness of wave quantisation"},
    {"l2", "B/kFLOP", 0.0001, 1000, 4.082, "L2 bandwidth, by the 16-bit rate"},
    {"cta", "B/kFLOP", 0.0001, 1000, 93.33, "most that one CTA draws, by the 16-bit rate of an SM"},
    {"throttle", "1", 0, 1, 0.1374, "compute grows with (1 + ms)^throttle"},
    {"quantise", "1/kFLOP", 1e-05, 100, 1.01, "elements quantised, by the 16-bit rate"},
};

static const struct constant_info gemm_constants_fp4[] = {
    {"t0", "us", 0, 200, 5.255, "launch, and the activation quantiser's"},
    {"mem_eff", "1", 0.01, 1.1, 0.6498, "share of the datasheet bandwidth"},
    {"compute_eff", "1", 0.01, 1.2, 0.5961, "share of the datasheet rate inside a 128x256 tile"},
    {"unhidden", "1", 0, 2, 0.2094, "share of the shorter of memory and compute that is not hidden"},
    {"depth", "ns", 0, 100, 1.699, "least time of one step in depth"},
    {"fill", "1", 0, 5000, 795.2, "prologue and epilogue of a tile, in steps of depth"},
    {"feed", "1", 0, 500, 2.858, "operand feed: a tile runs at 1/(1 + feed (1/rows + 1/columns))"},
    {"wave", "1", 0, 1, 0.9053, "hardness of wave quantisation"},
    {"split", "us", 0, 200, 30, "cost of splitting the depth"},
    {"quantise", "1/kFLOP", 1e-05, 100, 0.6284, "elements quantised, by the 16-bit rate"},
    {"small_t0", "us", 0, 200, 6.462, "launch of the kernel for few rows"},
    {"small_depth", "ns", 0, 1000, 1.843, "its time per step of depth"},
};

static const struct constant_info gemm_constants_int8[] = {
    {"t0", "us", 0, 200, 10.29, "launch, and the activation quantiser's"},
    {"mem_eff", "1", 0.01, 1.1, 0.8797, "share of the datasheet bandwidth"},
    {"compute_eff", "1", 0.01, 1.2, 0.9566, "share of the datasheet rate inside a 128x256 tile"},
    {"unhidden", "1", 0, 2, 0.285, "share of the shorter of memory and compute that is not hidden"},
    {"depth", "ns", 0, 100, 1.978, "least time of one step in depth"},
    {"fill", "1", 0, 5000, 349.2, "prologue and epilogue of a tile, in steps of depth"},
    {"wave", "1", 0, 1, 1, "hardness of wave quantisation"},
    {"split", "us", 0, 200, 30, "cost of splitting the depth"},
    {"throttle", "1", 0, 1, 0.006093, "compute grows with (1 + ms)^throttle"},
    {"small_t0", "us", 0, 200, 8.328, "launch of the kernel for few rows"},
    {"small_depth", "ns", 0, 1000, 0.2382, "its time per step of depth"},
    {"small_product", "ns", 0, 100, 0.2496, "its time per element of the result"},
};

static const struct constant_info gemm_constants_w8a16[] = {
    {"t0", "us", 0, 200, 9.707, "launch, and the activation quantiser's"},
    {"mem_eff", "1", 0.01, 1.1, 0.7936, "share of the datasheet bandwidth"},
    {"compute_eff", "1", 0.01, 1.2, 0.8585, "share of the datasheet rate inside a 128x256 tile"},
    {"unhidden", "1", 0, 2, 0.001306, "share of the shorter of memory and compute that is not hidden"},
    {"depth", "ns", 0, 100, 3.995, "least time of one step in depth"},
    {"fill", "1", 0, 5000, 135.1, "prologue and epilogue of a tile, in steps of depth"},
    {"feed", "1", 0, 500, 46.76, "operand feed: a tile runs at 1/(1 + feed (1/rows + 1/columns))"},
    {"wave", "1", 0, 1, 0.1832, "hardness of wave quantisation"},
    {"split", "us", 0, 200, 13.8, "cost of splitting the depth"},
    {"small_t0", "us", 0, 200, 10.12, "launch of the kernel for few rows"},
    {"small_depth", "ns", 0, 1000, 2.021, "its time per step of depth"},
};

static const struct constant_info experts[] = {
    {"t0", "us", 0, 1000, 20, "launches, routing, sort"},
    {"mem_eff", "1", 0.01, 1, 0.9, "share of the datasheet bandwidth"},
    {"compute_eff", "1", 0.01, 1, 0.8, "share of the datasheet rate at full tiles"},
    {"tile_fixed", "row", 0, 1000, 40, "fixed cost of a tile, in rows"},
    {"ramp", "wave", 0, 20, 0.6, "ramp and tail of a grouped product, in waves of SMs"},
    {"depth", "us", 0, 100, 0.6, "per 1000 of hidden and expert width"},
    {"token_pass", "1", 0, 100, 2, "passes over the layer's tokens"},
    {"row_pass", "1", 0, 100, 4, "passes over the rank's rows"},
    {"expert", "us", 0, 10, 0.15, "per expert that is read"},
    {"held", "us", 0, 10, 0.03, "per expert that the rank holds"},
    {"tile_by_rows", "1", 0, 1, 0, "1: the tile follows the layer's rows over the experts held, 0: the best tile"},
};

static const struct constant_info decode_by_head[] = {
    {"t0", "us", 0, 1000, 9.085, "launch and first wave"},
    {"width", "us", 0, 100, 0.5678, "growth per 128 of head width"},
    {"bw", "1", 0.01, 1.5, 0.9517, "share of the datasheet bandwidth"},
    {"flop", "FLOP/us", 1, 1e+06, 4.149e+04, "dot products of one SM"},
    {"cta", "us", 0, 100, 1.612, "SM time of one CTA"},
    {"cta_fixed", "1", 0, 100000, 1171, "its part that does not grow with the head width, as width"},
    {"free", "1", 0, 100, 0.9449, "CTAs per SM within t0"},
    {"split", "us", 0, 100, 1.102, "per doubling of a split sequence"},
    {"skip", "us", 0, 100, 2.235, "skipping what lies before a window"},
    {"norm", "1", 1, 10, 3.212, "exponent of the smooth maximum"},
};

static const struct constant_info decode_by_group[] = {
    {"t0", "us", 0, 1000, 8.52, "launch and first wave"},
    {"narrow", "us", 0, 100, 0.3363, "more for head widths below 128"},
    {"width", "us", 0, 100, 0.349, "growth per 128 of head width"},
    {"bw", "1", 0.01, 1.5, 0.8603, "share of the datasheet bandwidth"},
    {"cta", "us", 0, 100, 2.866, "SM time of one CTA"},
    {"cta_fixed", "1", 0, 10000, 217.7, "its part that does not grow with the head width, as width"},
    {"cta_heads", "us", 0, 10, 0.2127, "SM time of a CTA per query head of its group"},
    {"free", "1", 0, 100, 0.5802, "CTAs per SM within t0"},
    {"split", "us", 0, 100, 0.4029, "per doubling of a split sequence"},
    {"skip", "us", 0, 1000, 1.008, "skipping what lies before a window"},
    {"serial", "us", 0, 0.01, 1.1e-06, "walking a sequence that is not split, per element"},
    {"norm", "1", 1, 10, 2.601, "exponent of the smooth maximum"},
};

static const struct constant_info prefill[] = {
    {"t0", "us", 0, 1000, 12.68, "launch"},
    {"query_bw", "1", 0.01, 30, 2.024, "passes over queries and outputs, share of bandwidth"},
    {"key_bw", "1", 0.01, 30, 1.013, "passes over keys and values, share of bandwidth"},
    {"rate", "1", 0.01, 1.5, 0.6684, "share of the datasheet rate"},
    {"softmax", "us", 0, 0.01, 2.123e-05, "SM time of one score beside the matmuls"},
    {"diagonal", "token", 0, 10000, 124.7, "width of the diagonal tiles"},
    {"cta", "us", 0, 100, 2.129, "SM time of one CTA"},
    {"last", "1", 0, 100, 0.9574, "the longest CTA alone on its SM"},
    {"wide", "1", 0, 100, 1.299, "head widths above 128"},
    {"narrow", "us", 0, 100, 1.098, "head widths below 128"},
    {"edge", "1", 0, 100, 2.64, "diagonal tiles with a window"},
};

static const struct constant_info mla_decode[] = {
    {"t0", "us", 0, 1000, 11.03, "launch and first wave"},
    {"heads", "us", 0, 100, 0.7919, "per 64 heads"},
    {"bw", "1", 0.01, 1.5, 0.8631, "share of the datasheet bandwidth"},
    {"rate", "1", 0.01, 1.5, 0.655, "share of the datasheet rate"},
    {"cta", "us", 0, 100, 5.014, "SM time of one CTA"},
    {"free", "1", 0, 10, 0.2443, "CTAs per SM within t0"},
    {"io", "us", 0, 10, 0.1238, "SM time of one query and output"},
    {"split", "us", 0, 100, 1.478, "per doubling of a split sequence"},
    {"split_tokens", "token", 1, 100000, 987.1, "context at which splitting starts"},
    {"pass", "1", 0, 10, 0.1352, "each further pass over the cache"},
    {"norm", "1", 1, 10, 4.953, "exponent of the smooth maximum"},
};

static const struct constant_info mla_prefill[] = {
    {"t0", "us", 0, 1000, 15.97, "launch and first wave"},
    {"query_bw", "1", 0.01, 30, 5.714, "passes over queries and outputs, share of bandwidth"},
    {"latent_bw", "1", 0.01, 30, 0.5459, "passes over latents, share of bandwidth"},
    {"rate", "1", 0.01, 1.5, 0.6829, "share of the datasheet rate"},
    {"diagonal", "token", 0, 10000, 366, "width of the diagonal tiles"},
    {"cta", "us", 0, 100, 3.023, "SM time of one CTA"},
    {"last", "1", 0, 100, 1.197, "the longest CTA alone on its SM"},
};

static const struct constant_info nccl[] = {
    {"base", "latency", 0, 10, 1, "small message between 2 GPUs, in latencies of the link"},
    {"step", "latency", 0, 2, 0.15, "more for each further GPU of the ring"},
    {"small", "latency", 0, 2, 0.15, "growth up to 16 KiB"},
    {"ramp", "latency", 0, 10, 0.8, "growth with (MiB)^0.7 up to ramp_end"},
    {"ramp_end", "MiB", 0.01, 64, 8, "where the ramp of protocols and channels ends"},
    {"local", "1", 0, 4, 0.5, "pass over the buffer, in link times of its bytes"},
    {"wire", "1", 0, 8, 1, "bytes through one port, in link times"},
    {"host", "1", 0, 8, 0, "the same where PCIe goes through the host: grows with (n/2)^2"},
    {"int8", "1", 0, 2, 0.1, "more for sums of 8-bit data, in link times"},
};

static const struct constant_info engine_allreduce[] = {
    {"base", "latency", 0, 10, 0.45, "small message between 2 GPUs, in latencies of the link"},
    {"step", "latency", 0, 2, 0.03, "more for each doubling of the GPUs"},
    {"small", "latency", 0, 2, 0.05, "growth with the root of the bytes read, up to 64 KiB"},
    {"read", "1", 0.1, 8, 1.5, "the other GPUs' vectors, in link times of their bytes"},
    {"cap", "MiB", 0.01, 64, 4, "largest vector between 2 GPUs; falls with the root of their number"},
    {"nccl", "1", 0.5, 2, 1, "NCCL's time above the cap, as the engine sees it"},
};

static const struct constant_info deepep_ll[] = {
    {"base", "latency", 0, 10, 1.2, "fixed part, in latencies of the link"},
    {"expert", "latency", 0, 0.1, 0.002, "more for each expert that is polled"},
    {"hidden", "us", 0, 10, 0.2, "more for each 1000 of hidden width"},
    {"wire", "1", 0.1, 16, 1.2, "elements of the k copies, in link times of a byte each"},
    {"copy", "us", 0, 20, 2, "each token, shared by the SMs in use"},
};

static const struct constant_info deepep_normal[] = {
    {"base", "us", 0, 200, 25, "fixed part"},
    {"hidden", "us", 0, 20, 0.5, "more for each 1000 of hidden width"},
    {"ramp", "us", 0, 50, 4, "growth with the root of the first 256 tokens' megabytes"},
    {"token", "us", 0, 10, 0.5, "each token, shared by the SMs in use"},
    {"copy", "us", 0, 5, 0.06, "each copy of a token, shared by the SMs in use"},
    {"element", "us", 0, 500, 50, "each million elements copied, shared by the SMs in use"},
    {"wire", "1", 0, 16, 1.5, "elements copied, in link times of a byte each"},
};

static const struct constant_info elementwise[] = {
    {"t0", "us", 0, 100, 2.5, "fixed time of a kernel"},
    {"mem_eff", "1", 0.01, 1.2, 0.6, "share of the datasheet bandwidth"},
};

static const struct constant_info stage[] = {
    {"t0", "us", 0, 1e4, 10, "fixed time of a message"},
    {"eff", "1", 0.01, 1.2, 0.75, "share of the wire rate"},
};

static const struct constant_info memory[] = {
    {"runtime", "GiB", 0, 100, 1.6, "context, graphs, framework: per GPU"},
    {"collective", "GiB", 0, 100, 1.5, "buffers of the collectives: per GPU when there is more than one"},
    {"activation", "1", 0, 1000, 10, "live 16-bit elements per token and hidden unit in the largest prefill step"},
    {"chunk", "token", 1, 1e7, 8192, "most tokens in one prefill step"},
    {"reserve", "1", 0, 0.9, 0.1, "share of the memory left by weights and runtime that engines keep from the KV cache"},
};

static const struct constant_info power[] = {
    {"idle", "1", 0, 1, 0.15, "share of TDP at rest"},
    {"memory", "1", 0, 1, 0.35, "share of TDP at full bandwidth"},
    {"compute", "1", 0, 1, 0.65, "share of TDP at full rate"},
};

static const struct constant_info engine[] = {
    {"floor", "1", 0, 2, 0.4, "share of the kernels' fixed times that remains in a captured step"},
    {"layer", "us", 0, 1000, 4, "per layer and step beside the kernels"},
    {"moe_layer", "us", 0, 1000, 30, "per MoE layer and step beside the kernels"},
    {"allreduce", "us", 0, 200, 2, "per all-reduce beside its kernel"},
    {"allreduce_log", "us", 0, 200, 1.2, "per all-reduce and doubling of tp"},
    {"step", "us", 0, 1e5, 50, "scheduler and sampling, once a step"},
    {"sequence", "us", 0, 1000, 6, "scheduler and sampling, per sequence and step"},
    {"prefill", "1", 0.1, 4, 1, "prefill inside decode steps over its kernels' time"},
    {"skew_share", "1", 0, 2, 0.55, "share of (busiest rank / mean - 1) that shows up in expert time"},
    {"experts", "1", 0.2, 5, 0.85, "the engine's expert kernels over those that were timed alone"},
    {"experts_w4a16", "1", 0.2, 5, 0.7, "the same for 4-bit weights with 16-bit activations, beside `experts`"},
};

static const struct constant_info first_token[] = {
    {"request", "ms", 0, 1e4, 20, "tokenise, schedule, detokenise: once a request"},
    {"prefill", "1", 0.1, 10, 1.2, "the own prefill over its kernels' time"},
    {"steps", "step", 0, 100, 3, "decode steps until a request is admitted"},
    {"moe_steps", "step", 0, 100, 3, "more of them for a model with experts"},
    {"burst", "1", 0, 10, 1, "of the start-up burst of a benchmark: how much of it queues"},
};

static const struct constant_info pool_step[] = {
    {"step", "1", 0.2, 5, 1, "the decode pool's step over one of an engine that prefills too"},
    {"ranks", "1", -1, 1, 0, "more for dp attention ranks that step together, times sqrt(2 ln dp)"},
};

static const struct constant_info pool_first[] = {
    {"prefill", "1", 0.1, 10, 1.2, "the prefill pool's prefill over its kernels' time"},
    {"steps", "step", 0, 100, 1, "decode steps from the hand-over until a sequence's first token is out"},
    {"burst", "1", 0, 10, 1, "waves of a benchmark whose prompts come in one burst, like those of the first"},
};

#define GEMM_LAW "t0 + best tile and split of max(memory, waves of CTAs) + unhidden share + quantiser"
#define EXPERTS_LAW "t0 + depth + experts + 1.5-norm(memory, tiles) + passes over tokens and rows"

const struct class_info calibration_classes[CAL_COUNT] = {
    [CAL_GEMM + FORMAT_16] = {"gemm_16", SCOPE_GPU, GEMM_LAW, N(gemm_constants_16)},
    [CAL_GEMM + FORMAT_FP8] = {"gemm_fp8", SCOPE_GPU, GEMM_LAW, N(gemm_constants_fp8)},
    [CAL_GEMM + FORMAT_FP8_BLOCK] = {"gemm_fp8_block", SCOPE_GPU, GEMM_LAW, N(gemm_constants_fp8_block)},
    [CAL_GEMM + FORMAT_FP4] = {"gemm_fp4", SCOPE_GPU, GEMM_LAW, N(gemm_constants_fp4)},
    [CAL_GEMM + FORMAT_INT8] = {"gemm_int8", SCOPE_GPU, GEMM_LAW, N(gemm_constants_int8)},
    [CAL_GEMM + FORMAT_W8A16] = {"gemm_w8a16", SCOPE_GPU, GEMM_LAW, N(gemm_constants_w8a16)},
    [CAL_GEMM + FORMAT_W4A16] = {"gemm_w4a16", SCOPE_GPU, GEMM_LAW, N(gemm_constants_w8a16)},
    [CAL_GEMM + FORMAT_W4A8] = {"gemm_w4a8", SCOPE_GPU, GEMM_LAW, N(gemm_constants_fp8)},
    [CAL_EXPERTS + FORMAT_16] = {"experts_16", SCOPE_GPU, EXPERTS_LAW, N(experts)},
    [CAL_EXPERTS + FORMAT_FP8] = {"experts_fp8", SCOPE_GPU, EXPERTS_LAW, N(experts)},
    [CAL_EXPERTS + FORMAT_FP8_BLOCK] = {"experts_fp8_block", SCOPE_GPU, EXPERTS_LAW, N(experts)},
    [CAL_EXPERTS + FORMAT_FP4] = {"experts_fp4", SCOPE_GPU, EXPERTS_LAW, N(experts)},
    [CAL_EXPERTS + FORMAT_INT8] = {"experts_int8", SCOPE_GPU, EXPERTS_LAW, N(experts)},
    [CAL_EXPERTS + FORMAT_W8A16] = {"experts_w8a16", SCOPE_GPU, EXPERTS_LAW, N(experts)},
    [CAL_EXPERTS + FORMAT_W4A16] = {"experts_w4a16", SCOPE_GPU, EXPERTS_LAW, N(experts)},
    [CAL_EXPERTS + FORMAT_W4A8] = {"experts_w4a8", SCOPE_GPU, EXPERTS_LAW, N(experts)},
    [CAL_DECODE_HEAD_16] = {"decode_head_16", SCOPE_GPU, "t0 + width + split + skip + norm(memory, CTAs, dot products)", N(decode_by_head)},
    [CAL_DECODE_HEAD_8] = {"decode_head_8", SCOPE_GPU, "t0 + width + split + skip + norm(memory, CTAs, dot products)", N(decode_by_head)},
    [CAL_DECODE_GROUP_16] = {"decode_group_16", SCOPE_GPU, "t0 + width + split + skip + norm(memory, CTAs, tensor passes, walk)", N(decode_by_group)},
    [CAL_DECODE_GROUP_8] = {"decode_group_8", SCOPE_GPU, "t0 + width + split + skip + norm(memory, CTAs, tensor passes, walk)", N(decode_by_group)},
    [CAL_PREFILL_16] = {"prefill_16", SCOPE_GPU, "t0 + io + CTAs + 4-norm(scores, longest CTA)", N(prefill)},
    [CAL_PREFILL_8] = {"prefill_8", SCOPE_GPU, "t0 + io + CTAs + 4-norm(scores, longest CTA)", N(prefill)},
    [CAL_MLA_DECODE_16] = {"mla_decode_16", SCOPE_GPU, "t0 + heads + split + io + norm(memory, multiply, CTAs)", N(mla_decode)},
    [CAL_MLA_DECODE_8] = {"mla_decode_8", SCOPE_GPU, "t0 + heads + split + io + norm(memory, multiply, CTAs)", N(mla_decode)},
    [CAL_MLA_PREFILL_16] = {"mla_prefill_16", SCOPE_GPU, "t0 + io + CTAs + 4-norm(scores, longest CTA)", N(mla_prefill)},
    [CAL_MLA_PREFILL_8] = {"mla_prefill_8", SCOPE_GPU, "t0 + io + CTAs + 4-norm(scores, longest CTA)", N(mla_prefill)},
    [CAL_NCCL_ALLREDUCE] = {"nccl_allreduce", SCOPE_LINK,
                            "base + step(n-2) + small min(b,16K)/16K + ramp min(b,end)^0.7 + local b + wire w", N(nccl)},
    [CAL_NCCL_ALLGATHER] = {"nccl_allgather", SCOPE_LINK, "as nccl_allreduce", N(nccl)},
    [CAL_NCCL_REDUCESCATTER] = {"nccl_reducescatter", SCOPE_LINK, "as nccl_allreduce", N(nccl)},
    [CAL_NCCL_ALLTOALL] = {"nccl_alltoall", SCOPE_LINK, "as nccl_allreduce", N(nccl)},
    [CAL_ENGINE_ALLREDUCE] = {"engine_allreduce", SCOPE_LINK,
                              "min(base + step log2(n/2) + small sqrt((n-1)b) + read (n-1)b, nccl)", N(engine_allreduce)},
    [CAL_DEEPEP_LL_DISPATCH] = {"deepep_ll_dispatch", SCOPE_LINK, "base + expert E + hidden h + wire T k h + copy T/SMs",
                                N(deepep_ll)},
    [CAL_DEEPEP_LL_COMBINE] = {"deepep_ll_combine", SCOPE_LINK, "as deepep_ll_dispatch", N(deepep_ll)},
    [CAL_DEEPEP_DISPATCH] = {"deepep_dispatch", SCOPE_LINK,
                             "base + hidden h + ramp sqrt(T h c) + 4-norm of SM copies and link", N(deepep_normal)},
    [CAL_DEEPEP_COMBINE] = {"deepep_combine", SCOPE_LINK, "as deepep_dispatch", N(deepep_normal)},
    [CAL_ELEMENTWISE] = {"elementwise", SCOPE_GPU, "kernels t0 + bytes / (bw mem_eff)", N(elementwise)},
    [CAL_STAGE] = {"stage", SCOPE_LINK, "t0 + bytes / (rate eff)", N(stage)},
    [CAL_MEMORY] = {"memory", SCOPE_GPU, "bytes that are neither weights nor KV cache", N(memory)},
    [CAL_POWER] = {"power", SCOPE_GPU, "TDP (idle + memory MBU + compute MFU), at most TDP", N(power)},
    [CAL_ENGINE] = {"engine", SCOPE_ENGINE, "what an engine adds to its kernels in a step", N(engine)},
    [CAL_FIRST_TOKEN] = {"first_token", SCOPE_ENGINE, "request + prefill P (1 + burst (B-1)/2W) + steps TPOT", N(first_token)},
    [CAL_POOL_STEP] = {"pool_step", SCOPE_ENGINE, "decode pool: t (step + ranks sqrt(2 ln dp))", N(pool_step)},
    [CAL_POOL_FIRST] = {"pool_first", SCOPE_ENGINE,
                        "wait + prefill P + transfer + steps TPOT, and burst N/2C over the waves", N(pool_first)},
};

const double calibration_clock = 1.98e9; /* H100 SXM */

double calibration_at_clock(enum calibration_class class, int constant, double value, double from, double to) {
    const struct class_info *info = &calibration_classes[class];
    if (info->scope != SCOPE_GPU || constant >= info->n || !(from > 0) || !(to > 0))
        return value;
    const char *unit = info->constant[constant].unit;
    if (strcmp(unit, "us") == 0 || strcmp(unit, "ns") == 0)
        return value * (from / to);
    return strcmp(unit, "FLOP/us") == 0 ? value * (to / from) : value;
}

enum format_class format_class_of(const struct format *f) {
    bool small = f->bytes < 0.75;
    switch (f->path) {
    case PATH_FP8:
        return small ? FORMAT_W4A8 : f->block > 1 ? FORMAT_FP8_BLOCK : FORMAT_FP8;
    case PATH_INT8:
        return FORMAT_INT8;
    case PATH_FP4:
    case PATH_INT4:
        return FORMAT_FP4;
    default:
        return f->bytes > 1.9 ? FORMAT_16 : small ? FORMAT_W4A16 : FORMAT_W8A16;
    }
}
