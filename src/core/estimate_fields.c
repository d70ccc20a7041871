#include "core/estimate.h"

#include <math.h>
#include <stdio.h>

#include "core/scenario.h"

#define AT(member) offsetof(struct estimate, member)
#define NUMBER(e_id, name, label_, unit_, better_, class_, help_)                                                      \
    [e_id] = {.id = #name, .label = label_, .unit = unit_, .type = VALUE_NUMBER, .better = better_, .class = class_,   \
              .offset = AT(name), .help = help_}
#define WORD(e_id, name, label_, type_, class_, help_)                                                                 \
    [e_id] = {.id = #name, .label = label_, .type = type_, .class = class_, .offset = AT(name), .help = help_}

/* The interval of one headline figure: three fields. */
#define INTERVAL(e_id, name, member, label_, unit_, class_)                                                            \
    [e_id##_LO] = {.id = #name "_lo", .label = label_ " p10", .unit = unit_, .type = VALUE_NUMBER, .class = class_,    \
                   .offset = AT(member.lo), .help = "What one measurement in ten would stay below."},                  \
    [e_id##_HI] = {.id = #name "_hi", .label = label_ " p90", .unit = unit_, .type = VALUE_NUMBER, .class = class_,    \
                   .offset = AT(member.hi), .help = "What one measurement in ten would exceed."},                      \
    [e_id##_ORIGIN] = {.id = #name "_origin", .label = label_ " from", .type = VALUE_ORIGIN, .class = class_,          \
                       .offset = AT(member.origin),                                                                    \
                       .help = "Worst origin of what it rests on: measured, fitted, datasheet or assumed."}

const struct estimate_field estimate_fields[ESTIMATE_FIELD_COUNT] = {
    WORD(E_FEASIBLE, feasible, "feasible", VALUE_BOOL, VALUE_ALWAYS,
         "Whether the deployment is possible at all. If not, there is no performance or cost figure."),
    WORD(E_LIMIT, limit, "limit", VALUE_LIMIT, VALUE_ALWAYS,
         "What makes it impossible: memory, heads, experts, layers, gpus, format, context or budget."),
    NUMBER(E_PARAMS_B, params_b, "parameters", "B", BETTER_NONE, VALUE_ALWAYS, "Billions of parameters."),
    NUMBER(E_ACTIVE_B, active_b, "active parameters", "B", BETTER_NONE, VALUE_ALWAYS,
           "Billions of parameters that one token uses: LM head in, embedding look-up out."),
    NUMBER(E_MEM_GB, mem_gb, "memory", "GB", BETTER_LOWER, VALUE_MEMORY,
           "Decimal GB on the fullest GPU with `batch` sequences of isl+osl tokens."),
    NUMBER(E_MEM_WEIGHTS_GB, mem_weights_gb, "weights", "GB", BETTER_LOWER, VALUE_MEMORY,
           "Weights on the fullest GPU, experts and a draft's included."),
    NUMBER(E_MEM_EXPERTS_GB, mem_experts_gb, "experts", "GB", BETTER_LOWER, VALUE_MEMORY,
           "Routed experts on the fullest GPU."),
    NUMBER(E_MEM_KV_GB, mem_kv_gb, "KV cache", "GB", BETTER_LOWER, VALUE_MEMORY,
           "KV cache of `batch` sequences of isl+osl tokens."),
    NUMBER(E_MEM_OTHER_GB, mem_other_gb, "workspace", "GB", BETTER_LOWER, VALUE_MEMORY,
           "Activations, runtime, collectives' buffers and the share that engines leave unused."),
    NUMBER(E_MEM_CAPACITY_GB, mem_capacity_gb, "capacity", "GB", BETTER_HIGHER, VALUE_MEMORY,
           "What the driver reports in total; the marketed figure where no report is known."),
    NUMBER(E_MAX_BATCH, max_batch, "largest batch", "seq", BETTER_HIGHER, VALUE_MEMORY,
           "Sequences of isl+osl tokens that fit one engine."),
    NUMBER(E_MAX_CONTEXT, max_context, "longest context", "tok", BETTER_HIGHER, VALUE_MEMORY,
           "Tokens per sequence that fit at this batch, at most the model's limit."),
    NUMBER(E_MIN_GPUS, min_gpus, "fewest GPUs", "GPU", BETTER_LOWER, VALUE_MEMORY,
           "Fewest GPUs of this kind whose memory holds the model in these formats and `batch` sequences; of both pools together "
           "where they are apart."),
    NUMBER(E_RESIDENT, resident, "resident", "seq", BETTER_NONE, VALUE_MEMORY,
           "Sequences that decode at once: the batch, or what the KV room holds."),
    NUMBER(E_KV_TOKENS, kv_tokens, "room for tokens", "tok", BETTER_HIGHER, VALUE_MEMORY,
           "Cached tokens that fit an engine, in sequences of isl+osl."),
    NUMBER(E_RANK_BATCH, rank_batch, "batch of a rank", "seq", BETTER_NONE, VALUE_MEMORY,
           "Sequences that the fullest of an engine's dp attention ranks decodes and caches."),
    NUMBER(E_KV_COPIES, kv_copies, "KV copies", "x", BETTER_LOWER, VALUE_MEMORY,
           "GPUs of an engine that hold the same part of the cache. Above 1: tp is wider than the KV heads, or the cache is "
           "latent and whole on every tp rank; attention DP avoids it."),
    NUMBER(E_FLOPS_PER_TOKEN_G, flops_per_token_g, "FLOP per token", "GFLOP", BETTER_LOWER, VALUE_ALWAYS,
           "Work of one decoded token at a context of isl+osl/2."),
    NUMBER(E_DECODE_STEP_MS, decode_step_ms, "decode step", "ms", BETTER_LOWER, VALUE_PERFORMANCE,
           "One decode step of the resident sequences at a context of isl+osl/2, no prefill inside; with drafts, of all the "
           "tokens that it verifies."),
    NUMBER(E_PREFILL_MS, prefill_ms, "prefill", "ms", BETTER_LOWER, VALUE_PERFORMANCE,
           "Prefill of one request, alone."),
    NUMBER(E_TTFT_MS, ttft_ms, "TTFT", "ms", BETTER_LOWER, VALUE_PERFORMANCE, "Mean time to first token under load."),
    NUMBER(E_TTFT_BENCHMARK_MS, ttft_benchmark_ms, "TTFT, benchmark", "ms", BETTER_LOWER, VALUE_PERFORMANCE,
           "The same as a closed-loop benchmark of ten waves measures it: with the burst of its start."),
    NUMBER(E_TPOT_MS, tpot_ms, "TPOT", "ms", BETTER_LOWER, VALUE_PERFORMANCE,
           "Mean time per output token after the first, other requests' prefills included."),
    NUMBER(E_ITL_MAX_MS, itl_max_ms, "longest gap", "ms", BETTER_LOWER, VALUE_PERFORMANCE,
           "Longest time between two steps of a sequence: one with another request's prompt in it, or its last chunk."),
    NUMBER(E_E2E_S, e2e_s, "whole request", "s", BETTER_LOWER, VALUE_PERFORMANCE, "TTFT + (osl-1) x TPOT."),
    NUMBER(E_WAIT_MS, wait_ms, "wait for room", "ms", BETTER_LOWER, VALUE_PERFORMANCE,
           "Part of TTFT spent waiting for room in the KV cache."),
    NUMBER(E_QUEUE_MS, queue_ms, "queue for chunks", "ms", BETTER_LOWER, VALUE_PERFORMANCE,
           "Part of TTFT spent behind others' chunks: with a token budget that holds fewer chunks than requests bring."),
    NUMBER(E_OUT_TOK_S, out_tok_s, "output rate", "tok/s", BETTER_HIGHER, VALUE_PERFORMANCE,
           "Output tokens per second of the fleet."),
    NUMBER(E_IN_TOK_S, in_tok_s, "input rate", "tok/s", BETTER_HIGHER, VALUE_PERFORMANCE,
           "Input tokens per second of the fleet."),
    NUMBER(E_TOK_S_GPU, tok_s_gpu, "per GPU", "tok/s", BETTER_HIGHER, VALUE_PERFORMANCE,
           "Output tokens per second and GPU."),
    NUMBER(E_TOK_S_USER, tok_s_user, "per user", "tok/s", BETTER_HIGHER, VALUE_PERFORMANCE,
           "Output tokens per second that one user sees: 1000/TPOT."),
    WORD(E_BOUND, bound, "bound by", VALUE_BOUND, VALUE_PERFORMANCE,
         "Largest share of the decode step: memory, compute, comm or launch."),
    NUMBER(E_MFU, mfu, "MFU", "", BETTER_HIGHER, VALUE_PERFORMANCE, "Share of the peak FLOP rate in a decode step, 0-1."),
    NUMBER(E_MBU, mbu, "MBU", "", BETTER_HIGHER, VALUE_PERFORMANCE, "Share of the peak bandwidth in a decode step, 0-1."),
    NUMBER(E_BUBBLE, bubble, "bubble", "", BETTER_LOWER, VALUE_PERFORMANCE,
           "Share of a decode step that the mean pipeline stage is idle: too few sequences for pp, or stages uneven, 0-1."),
    NUMBER(E_PREFILL_BUBBLE, prefill_bubble, "bubble, prefill", "", BETTER_LOWER, VALUE_PERFORMANCE,
           "The same of a prefill alone: a prompt's chunks fill the stages one after the other, and drain."),
    NUMBER(E_STAGE_SLOWEST, stage_slowest, "slowest stage", "", BETTER_NONE, VALUE_PERFORMANCE,
           "Pipeline stage that sets the pace of decoding, from 1; the last one has the LM head."),
    NUMBER(E_STAGE_LAYERS_MAX, stage_layers_max, "layers of a stage", "", BETTER_LOWER, VALUE_PERFORMANCE,
           "Layers of the stage that has most."),
    NUMBER(E_SPEC_TOKENS, spec_tokens, "tokens a step", "tok", BETTER_HIGHER, VALUE_PERFORMANCE,
           "Tokens that a decode step yields for each sequence: with drafts those accepted and one more, 1 without."),
    NUMBER(E_SPEC_DRAFT_MS, spec_draft_ms, "drafting", "ms", BETTER_LOWER, VALUE_PERFORMANCE,
           "Time of the drafts before each decode step."),
    NUMBER(E_SPEC_GAIN, spec_gain, "gain by drafts", "x", BETTER_HIGHER, VALUE_PERFORMANCE,
           "Decode rate over that without drafts, other requests' prefills aside. Below 1: speculation does not pay."),
    WORD(E_POOL_BOUND, pool_bound, "pool that binds", VALUE_POOL, VALUE_PERFORMANCE,
         "Disaggregated: the pool that would serve fewer requests by itself, prefill or decode. Else empty, as are the five below."),
    NUMBER(E_PREFILL_UTIL, prefill_util, "prefill pool busy", "", BETTER_NONE, VALUE_PERFORMANCE,
           "Share of its time that the prefill pool works, 0-1."),
    NUMBER(E_PREFILL_TOK_S, prefill_tok_s, "prefill pool at most", "tok/s", BETTER_HIGHER, VALUE_PERFORMANCE,
           "Input tokens per second that the prefill pool can take."),
    NUMBER(E_PREFILL_WAIT_MS, prefill_wait_ms, "wait for prefill", "ms", BETTER_LOWER, VALUE_PERFORMANCE,
           "Part of TTFT spent waiting for an engine of the prefill pool."),
    NUMBER(E_KV_TRANSFER_MS, kv_transfer_ms, "KV transfer", "ms", BETTER_LOWER, VALUE_PERFORMANCE,
           "Part of TTFT in which a prompt's KV cache goes from pool to pool."),
    NUMBER(E_PREFILL_MEM_GB, prefill_mem_gb, "prefill pool memory", "GB", BETTER_LOWER, VALUE_MEMORY,
           "Memory on the fullest GPU of the prefill pool with `prefill_batch` prompts; the other memory fields are the "
           "decode pool's."),
    NUMBER(E_COVERAGE, coverage, "experts read", "", BETTER_LOWER, VALUE_ROUTING,
           "Expected share of a layer's experts that one decode step reads, 0-1."),
    NUMBER(E_LOAD_MAX_MEAN, load_max_mean, "busiest expert", "x mean", BETTER_LOWER, VALUE_ROUTING,
           "Expected load of a layer's busiest expert over the mean."),
    NUMBER(E_LOAD_MAX_P95, load_max_p95, "busiest expert p95", "x mean", BETTER_LOWER, VALUE_ROUTING,
           "95th percentile of the same."),
    NUMBER(E_RANK_MAX_MEAN, rank_max_mean, "busiest GPU", "x mean", BETTER_LOWER, VALUE_ROUTING,
           "Expected load of the busiest expert-parallel rank over the mean."),
    NUMBER(E_RANK_MAX_P95, rank_max_p95, "busiest GPU p95", "x mean", BETTER_LOWER, VALUE_ROUTING,
           "95th percentile of the same."),
    NUMBER(E_RANKS_TOUCHED, ranks_touched, "copies of a token", "GPU", BETTER_LOWER, VALUE_ROUTING,
           "Other GPUs that a token of a prefill goes to on the mean, for its experts; beyond a node, gates that choose groups "
           "touch fewer. 0 without attention DP: every GPU has every token."),
    NUMBER(E_IMBALANCE_LOSS, imbalance_loss, "imbalance loss", "", BETTER_LOWER, VALUE_PERFORMANCE,
           "What uneven routing costs here: 1 - balanced/actual time of the decode step. Negative: it saves."),
    NUMBER(E_IMBALANCE_LOSS_ARTICLE, imbalance_loss_article, "loss by article A", "", BETTER_LOWER, VALUE_PERFORMANCE,
           "The first article's rule: 1 - mean/busiest expert."),
    NUMBER(E_RANK_MAX_BEFORE, rank_max_before, "busiest GPU before", "x mean", BETTER_LOWER, VALUE_ROUTING,
           "Expected load of the busiest rank over the mean, had the experts no replicas."),
    NUMBER(E_STEP_BEFORE_MS, step_before_ms, "step before", "ms", BETTER_LOWER, VALUE_PERFORMANCE,
           "Decode step without replicas, of the batch that fits then."),
    NUMBER(E_REDUNDANT_GB, redundant_gb, "replicas", "GB", BETTER_LOWER, VALUE_ROUTING,
           "Memory of the redundant experts on the fullest GPU."),
    NUMBER(E_REDUNDANT_KV_TOKENS, redundant_kv_tokens, "KV tokens lost", "tok", BETTER_LOWER, VALUE_ROUTING,
           "Cached tokens of an engine that would fit in place of the redundant experts."),
    NUMBER(E_REDUNDANT_BATCH, redundant_batch, "batch lost", "seq", BETTER_LOWER, VALUE_ROUTING,
           "Sequences of an engine that would fit in place of the redundant experts."),
    NUMBER(E_REDUNDANT_GAIN, redundant_gain, "gain by replicas", "x", BETTER_HIGHER, VALUE_PERFORMANCE,
           "Decoded tokens per second over those without replicas, each with the batch that fits. Below 1: they do not pay."),
    NUMBER(E_COST_H, cost_h, "rent", "$/h", BETTER_LOWER, VALUE_COST, "Rent of the fleet for an hour."),
    NUMBER(E_COST_M_OUT, cost_m_out, "output", "$/M", BETTER_LOWER, VALUE_COST,
           "$ per million output tokens: the decoding share of the rent."),
    NUMBER(E_COST_M_IN, cost_m_in, "input", "$/M", BETTER_LOWER, VALUE_COST,
           "$ per million input tokens: the prefill share of the rent."),
    NUMBER(E_COST_M_BLEND, cost_m_blend, "all tokens", "$/M", BETTER_LOWER, VALUE_COST,
           "$ per million tokens, input and output together, at isl:osl."),
    NUMBER(E_POWER_COST_H, power_cost_h, "electricity", "$/h", BETTER_LOWER, VALUE_COST,
           "Electricity of the fleet for an hour, apart from the rent."),
    NUMBER(E_JOULES_TOK, joules_tok, "energy", "J/tok", BETTER_LOWER, VALUE_COST, "Joules per output token."),
    NUMBER(E_SLO_OK, slo_ok, "service level", "", BETTER_HIGHER, VALUE_PERFORMANCE,
           "1 when TTFT and TPOT keep the limits set, 0 when not, empty when none is set."),
    WORD(E_ORIGIN, origin, "origin", VALUE_ORIGIN, VALUE_ALWAYS,
         "Worst origin of what the times rest on: measured, fitted, datasheet or assumed."),
    INTERVAL(E_TTFT, ttft, ttft, "TTFT", "ms", VALUE_PERFORMANCE),
    INTERVAL(E_TPOT, tpot, tpot, "TPOT", "ms", VALUE_PERFORMANCE),
    INTERVAL(E_OUT_TOK_S, out_tok_s, out_tok, "output rate", "tok/s", VALUE_PERFORMANCE),
    INTERVAL(E_MEM, mem, mem, "memory", "GB", VALUE_MEMORY),
    INTERVAL(E_COST_M_OUT, cost_m_out, cost_out, "output cost", "$/M", VALUE_COST),
};

const char *const limit_names[] = {"", "memory", "heads", "experts", "layers", "gpus", "format", "context", "budget"};
const char *const bound_names[] = {"", "memory", "compute", "comm", "launch"};
const char *const pool_names[] = {"", "prefill", "decode"};
const char *const origin_names[] = {"measured", "fitted", "datasheet", "assumed"};
const char *const op_names[OP_COUNT] = {
    "qkv",    "attention", "attention out", "feed-forward", "router",   "dispatch",       "experts", "shared experts",
    "combine", "norms",    "all-reduce",    "LM head",      "sampling", "stage transfer", "host",
};
const char *const op_group_names[OPS_COUNT] = {"attention", "feed-forward", "experts", "comm", "head", "other"};

enum op_group op_group_of(enum op_kind kind) {
    static const enum op_group group[OP_COUNT] = {
        [OP_QKV] = OPS_ATTENTION,  [OP_ATTENTION] = OPS_ATTENTION, [OP_ATTENTION_OUT] = OPS_ATTENTION,
        [OP_FFN] = OPS_FFN,        [OP_ROUTER] = OPS_EXPERTS,      [OP_DISPATCH] = OPS_COMM,
        [OP_EXPERTS] = OPS_EXPERTS, [OP_SHARED] = OPS_EXPERTS,     [OP_COMBINE] = OPS_COMM,
        [OP_NORM] = OPS_OTHER,     [OP_ALLREDUCE] = OPS_COMM,      [OP_HEAD] = OPS_HEAD,
        [OP_SAMPLING] = OPS_OTHER, [OP_STAGE] = OPS_COMM,          [OP_HOST] = OPS_OTHER,
    };
    return group[kind];
}

static const void *value_at(const struct estimate *e, const struct estimate_field *f) {
    return (const char *)e + f->offset;
}

double estimate_number(const struct estimate *e, const struct estimate_field *f) {
    switch (f->type) {
    case VALUE_BOOL:
        return *(const bool *)value_at(e, f);
    case VALUE_LIMIT:
        return *(const enum limit *)value_at(e, f);
    case VALUE_BOUND:
        return *(const enum bound *)value_at(e, f);
    case VALUE_POOL:
        return e->pool_bound == POOL_NONE ? (double)NAN : e->pool_bound;
    case VALUE_ORIGIN:
        return *(const enum origin *)value_at(e, f);
    case VALUE_NUMBER:
        break;
    }
    return *(const double *)value_at(e, f);
}

/* A word has no NAN: where it came from is known when the figure is. */
static bool estimate_is_known(const struct estimate *e, const struct estimate_field *f) {
    switch (f->class) {
    case VALUE_ALWAYS:
        return true;
    case VALUE_MEMORY:
        return !isnan(e->mem_gb);
    case VALUE_COST:
        return !isnan(e->cost_m_out);
    case VALUE_PERFORMANCE:
    case VALUE_ROUTING:
        break;
    }
    return e->feasible;
}

const char *estimate_print(const struct estimate *e, const struct estimate_field *f, char *buf) {
    const char *word = NULL;
    switch (f->type) {
    case VALUE_LIMIT:
        word = limit_names[e->limit];
        break;
    case VALUE_BOUND:
        word = bound_names[e->bound];
        break;
    case VALUE_POOL:
        word = pool_names[e->pool_bound];
        break;
    case VALUE_ORIGIN:
        word = estimate_is_known(e, f) ? origin_names[(int)estimate_number(e, f)] : "";
        break;
    case VALUE_BOOL:
    case VALUE_NUMBER:
        return number_print(estimate_number(e, f), buf);
    }
    snprintf(buf, VALUE_LEN, "%s", word);
    return buf;
}
