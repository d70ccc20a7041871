/* What a deployment costs: memory, latency, imbalance, money. One call fills one struct; every pane, CSV column and JSON
 * key is a loop over the table below. Pure: no I/O, no heap, no globals; the caller owns the memory of the routing law. */
#ifndef MOESCOPE_CORE_ESTIMATE_H
#define MOESCOPE_CORE_ESTIMATE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/count.h"
#include "core/deployment.h"
#include "core/loads.h"
#include "core/timing.h"

/* Why a deployment is impossible. */
enum limit {
    LIMIT_NONE, LIMIT_MEMORY, LIMIT_HEADS, LIMIT_EXPERTS, LIMIT_LAYERS, LIMIT_GPUS, LIMIT_FORMAT, LIMIT_CONTEXT,
    LIMIT_BUDGET
};

/* One row per kind of operator in a step; a row that a model does not have has calls = 0. */
enum op_kind {
    OP_QKV, OP_ATTENTION, OP_ATTENTION_OUT, OP_FFN, OP_ROUTER, OP_DISPATCH, OP_EXPERTS, OP_SHARED, OP_COMBINE,
    OP_NORM, OP_ALLREDUCE, OP_HEAD, OP_SAMPLING, OP_STAGE, OP_HOST, OP_COUNT
};

/* Groups of rows as the stacked bar shows them. */
enum op_group { OPS_ATTENTION, OPS_FFN, OPS_EXPERTS, OPS_COMM, OPS_HEAD, OPS_OTHER, OPS_COUNT };

/* Classes of constants that the time of an operator rests on. BASIS_OUT: those of the link between nodes. */
enum { BASIS_MAX = 3, BASIS_OUT = CAL_COUNT };

struct op {
    double calls;      /* per step, on the slowest pipeline stage, times its micro-batches */
    double flop;       /* per call, on the busiest GPU */
    double bytes;      /* HBM traffic per call, on the busiest GPU */
    double comm_bytes; /* sent per call and GPU */
    double seconds;    /* per call */
    double part[BOUND_COUNT]; /* seconds of a call by what bounds them; sums to `seconds` */
    enum bound bound;  /* the largest part */
    int n_basis;
    unsigned char basis[BASIS_MAX]; /* enum calibration_class, + BASIS_OUT */
};

struct step {
    struct op op[OP_COUNT];
    double seconds; /* sum of calls * seconds */
    double stage_mean, stage_max; /* seconds of a micro-batch on the pipeline's mean and slowest stage, transfers aside */
    int slowest, layers_max;      /* which one that is, from 1; layers of the stage with most */
};

/* Things that the user should know about how a figure came about; a set of bits. */
enum estimate_note {
    NOTE_CAPACITY_ASSUMED = 1,   /* the GPU's memory is the marketed figure */
    NOTE_RATE_FALLBACK = 2,      /* the GPU has no rate for the weights' compute path: 16-bit rate used */
    NOTE_EXPERT_RATE_FALLBACK = 4,
    NOTE_KV_LIMITED = 8,         /* fewer sequences resident than asked for; the others wait */
    NOTE_RUMOUR = 16,            /* the model's dimensions are a rumour */
    NOTE_PRICE_UNKNOWN = 32,
    NOTE_CROSSES_NODES = 64      /* the engine spans more than one scale-up domain */
};

enum { LOADS_MAX = 512 };

/* What lies in the memory of the fullest GPU, and what would fit there. Bytes. */
struct memory {
    double weights, experts; /* on the fullest GPU; weights include experts */
    double kv;               /* `batch` sequences of isl+osl tokens */
    double other;            /* activations, runtime, collectives, reserve */
    double capacity;
    double max_batch;   /* sequences of isl+osl tokens, whole engine; 0: not even one */
    double kv_tokens;   /* cached tokens that fit, whole engine, in sequences of isl+osl */
    double max_context; /* tokens per sequence at `batch`, at most the model's limit; 0: none */

    /* What these were made of. */
    struct layer_params layer; /* one GPU's share of a layer */
    struct memory_stage {             /* of the pipeline, on the fullest GPU */
        double layers, dense, moe, full, sliding; /* all; by feed-forward; by attention */
        double tables;                            /* embedding and head */
        double weights, experts;                  /* a draft's weights included */
        double draft, logits;                     /* weights of the draft; logits of one sequence */
    } fullest;
    double activations, fixed, kept, sequence_tokens;
    struct {
        double weights, sequence; /* of the stage that binds the batch; a sequence's KV cache and logits there */
        double fit;               /* sequences that have room beside one another */
    } batch;
    struct {
        double weights, logits, full, sliding; /* of the stage that binds the context */
        double tokens;                         /* that fit there, whatever the model's limit */
    } context;
};

/* What the service is made of, beside the steps: what the working of a figure names. Seconds. */
struct service {
    double micro, rank_sequences, tokens; /* micro-batches; sequences of one on a rank; tokens that its experts see */
    double fresh;                         /* tokens of the prompt that are computed */
    double chunks;                        /* prefill steps of a prompt that is alone */
    double mixed_decoding, mixed_chunks;  /* tokens that decode beside a chunk; chunks of a prompt among them */
    double beside;                        /* prompts that a step's budget holds */
    double delay, last_delay, reach;      /* of a decode step by the mean and the last chunk; that step with the last one */
    double round, round_tokens;           /* drafts and the step that verifies them; tokens that it yields */
    double added, others, own;            /* by one prefill to decoding; to each token by others'; the own prefill */
    double queue;                         /* behind others' chunks */
    double admission;                     /* decode steps until admitted */
    double queued;                        /* behind the burst that a benchmark starts with */
    double decode;                        /* a request's share of the decode steps */
    double input;                         /* share of the rent that prefill takes */
    double busy, peak;                    /* micro-batches over stages; a step's FLOP at full rate */
    double load, watts;                   /* power over TDP; of the fleet */
    double rank_distinct;                 /* experts that the busiest rank reads */
};

/* A closed loop of `requests` clients over both pools. Seconds, and prompts per second of the whole prefill pool. */
struct pool_loop {
    double requests;
    double alone, full;   /* prefill of one prompt by itself, of a full batch, in one engine */
    double batch;         /* prompts of a full batch */
    double capacity;      /* prompts per second, all batches full */
    double fixed, decode; /* what else comes before the first token; all tokens after it */
    double slots;         /* sequences that the decode pool has room for */
};

/* Disaggregated serving: what the closed loop came to, and what else the figures of both pools are made of. Seconds. */
struct pools_service {
    struct pool_loop loop;
    double rate;                         /* requests per second of the fleet */
    double factor;                       /* of a decode step over its kernels and engine */
    double round;                        /* drafts and the step that verifies them */
    double pace;                         /* what a full batch keeps the first prefill stage for, by its kernels */
    double in_batch;                     /* what a prompt's batch takes in prefill */
    double queue;                        /* before its prefill, as a queue at this rate has it */
    double weights, kv, other;           /* bytes on the fullest GPU of the prefill pool */
    double mfu, mbu;                     /* of its prefill */
};

/* The same deployment without redundant experts, where it has any. */
struct before {
    double experts, kv_tokens, max_batch; /* bytes on the fullest GPU; what would fit */
    double resident, tokens;              /* sequences; tokens that a layer's experts see */
    double expert_seconds;                /* a call of the experts, where only they differ; else 0, and `step` is set */
};

/* Pools of disaggregated serving. */
enum pool { POOL_NONE, POOL_PREFILL, POOL_DECODE };

struct estimate {
    bool feasible;
    enum limit limit;
    enum pool limit_pool; /* whose memory is short, where pools are apart */
    char limit_text[160]; /* the limit in words with its numbers, for people; "" when feasible */

    double params_b, active_b; /* billions */

    /* decimal GB on the fullest GPU */
    double mem_gb, mem_weights_gb, mem_experts_gb, mem_kv_gb, mem_other_gb, mem_capacity_gb;
    double max_batch, max_context, min_gpus, resident;
    double kv_tokens;             /* cached tokens that fit an engine, in sequences of isl+osl */
    double rank_batch, kv_copies; /* sequences of an attention rank; GPUs of an engine that hold the same cached element */

    double flops_per_token_g;
    double decode_step_ms, prefill_ms;
    double ttft_ms, ttft_benchmark_ms; /* steady state; as a closed loop that starts with a burst measures it */
    double tpot_ms, itl_max_ms;        /* mean; a step with a chunk of another's prompt in it */
    double e2e_s, wait_ms, queue_ms;   /* parts of ttft_ms: waiting for KV room, for others' chunks */
    double out_tok_s, in_tok_s, tok_s_gpu, tok_s_user;
    enum bound bound;
    double mfu, mbu;
    double bubble, prefill_bubble, stage_slowest, stage_layers_max; /* of a pipeline; the slowest stage counts from 1 */
    double spec_tokens, spec_draft_ms, spec_gain; /* tokens a step, drafting before each, decode rate over none; 1, 0, 1 */

    /* Disaggregated serving; NAN and POOL_NONE otherwise. mem_* above are the decode pool's. */
    enum pool pool_bound;                 /* which pool would give less by itself */
    double prefill_util, prefill_tok_s;   /* of the prefill pool: share of its time, input tokens per second at most */
    double prefill_wait_ms, kv_transfer_ms; /* parts of ttft_ms */
    double prefill_mem_gb;

    double coverage, load_max_mean, load_max_p95, rank_max_mean, rank_max_p95;
    double ranks_touched; /* other GPUs that a token of a prefill goes to */
    double imbalance_loss, imbalance_loss_article;

    /* the ledger of redundant experts; NAN without any */
    double rank_max_before, step_before_ms;
    double redundant_gb, redundant_kv_tokens, redundant_batch; /* of the fullest GPU; of an engine */
    double redundant_gain; /* decode rate over that without replicas, each with the batch that fits */

    double cost_h, cost_m_out, cost_m_in, cost_m_blend, power_cost_h;
    double joules_tok;

    /* p10 and p90 of what would be measured, and where each figure comes from */
    struct interval {
        double lo, hi;
        enum origin origin;
    } ttft, tpot, out_tok, mem, cost_out;

    double slo_ok; /* 1 both service levels met, 0 missed, NAN none set */
    enum origin origin;
    unsigned notes;

    /* Behind the figures. */
    int engine_gpus, replicas;
    int min_tp, min_pp; /* the layout of min_gpus */
    struct memory memory;
    struct service service;
    struct before before;
    struct pools_service pools;
    double wide; /* the power that bounds of intervals are raised to */
    struct step decode, prefill; /* of the engine: resident sequences; one request alone */
    struct op balanced;          /* the experts of a decode step, if all had the same load */
    int n_loads;                 /* experts, or 0 */
    double loads[LOADS_MAX];     /* expected loads of a layer's experts in a decode step over their mean, sorted */

    /* Steps that only some deployments need; made where they are read, else left as they are. */
    struct step mixed;           /* a decode step with a chunk of prefill inside, where more than one sequence is resident */
    struct step plain;           /* a decode step without drafts, where there are any */
    struct step bare;            /* a decode step without redundant experts, where more than the experts' row differs */
};

/* Fills *out for *d. `cache` is the caller's memory of routing laws (see loads.h): reusing it makes calls warm. */
void estimate(const struct deployment *d, struct load_cache *cache, struct estimate *out);

/* --- the table of estimate fields ------------------------------------------------------------------------------- */

enum value_type { VALUE_NUMBER, VALUE_BOOL, VALUE_LIMIT, VALUE_BOUND, VALUE_ORIGIN, VALUE_POOL };
enum better { BETTER_NONE, BETTER_LOWER, BETTER_HIGHER };
enum value_class { VALUE_ALWAYS, VALUE_MEMORY, VALUE_PERFORMANCE, VALUE_ROUTING, VALUE_COST };

struct estimate_field {
    const char *id, *label, *unit;
    enum value_type type;
    enum better better;
    enum value_class class;
    const char *help;
    size_t offset;
};

enum estimate_field_id {
    E_FEASIBLE, E_LIMIT, E_PARAMS_B, E_ACTIVE_B,
    E_MEM_GB, E_MEM_WEIGHTS_GB, E_MEM_EXPERTS_GB, E_MEM_KV_GB, E_MEM_OTHER_GB, E_MEM_CAPACITY_GB,
    E_MAX_BATCH, E_MAX_CONTEXT, E_MIN_GPUS, E_RESIDENT, E_KV_TOKENS, E_RANK_BATCH, E_KV_COPIES,
    E_FLOPS_PER_TOKEN_G, E_DECODE_STEP_MS, E_PREFILL_MS, E_TTFT_MS, E_TTFT_BENCHMARK_MS, E_TPOT_MS, E_ITL_MAX_MS,
    E_E2E_S, E_WAIT_MS, E_QUEUE_MS,
    E_OUT_TOK_S, E_IN_TOK_S, E_TOK_S_GPU, E_TOK_S_USER,
    E_BOUND, E_MFU, E_MBU,
    E_BUBBLE, E_PREFILL_BUBBLE, E_STAGE_SLOWEST, E_STAGE_LAYERS_MAX, E_SPEC_TOKENS, E_SPEC_DRAFT_MS, E_SPEC_GAIN,
    E_POOL_BOUND, E_PREFILL_UTIL, E_PREFILL_TOK_S, E_PREFILL_WAIT_MS, E_KV_TRANSFER_MS, E_PREFILL_MEM_GB,
    E_COVERAGE, E_LOAD_MAX_MEAN, E_LOAD_MAX_P95, E_RANK_MAX_MEAN, E_RANK_MAX_P95, E_RANKS_TOUCHED,
    E_IMBALANCE_LOSS, E_IMBALANCE_LOSS_ARTICLE,
    E_RANK_MAX_BEFORE, E_STEP_BEFORE_MS, E_REDUNDANT_GB, E_REDUNDANT_KV_TOKENS, E_REDUNDANT_BATCH, E_REDUNDANT_GAIN,
    E_COST_H, E_COST_M_OUT, E_COST_M_IN, E_COST_M_BLEND, E_POWER_COST_H, E_JOULES_TOK,
    E_SLO_OK, E_ORIGIN,
    E_TTFT_LO, E_TTFT_HI, E_TTFT_ORIGIN, E_TPOT_LO, E_TPOT_HI, E_TPOT_ORIGIN,
    E_OUT_TOK_S_LO, E_OUT_TOK_S_HI, E_OUT_TOK_S_ORIGIN, E_MEM_LO, E_MEM_HI, E_MEM_ORIGIN,
    E_COST_M_OUT_LO, E_COST_M_OUT_HI, E_COST_M_OUT_ORIGIN,
    ESTIMATE_FIELD_COUNT
};

extern const struct estimate_field estimate_fields[ESTIMATE_FIELD_COUNT];

/* The value as a number (bool 0/1, enums their index); NAN when unknown. */
double estimate_number(const struct estimate *e, const struct estimate_field *f);

/* As a file shows it: shortest exact decimal, 1/0, or a word; "" when unknown. buf[VALUE_LEN]. Returns buf. */
const char *estimate_print(const struct estimate *e, const struct estimate_field *f, char *buf);

extern const char *const limit_names[];   /* "" for LIMIT_NONE */
extern const char *const bound_names[];   /* "" for BOUND_NONE */
extern const char *const pool_names[];    /* "" for POOL_NONE */
extern const char *const origin_names[];  /* "measured", "fitted", "datasheet", "assumed" */
extern const char *const op_names[];      /* by enum op_kind: short words for people */
extern const char *const op_group_names[];
enum op_group op_group_of(enum op_kind kind);

#endif
