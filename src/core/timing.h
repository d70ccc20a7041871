/* Seconds of one call of an operator, split by what bounds them. */
#ifndef MOESCOPE_CORE_TIMING_H
#define MOESCOPE_CORE_TIMING_H

#include "core/calibration.h"

enum bound { BOUND_NONE, BOUND_MEMORY, BOUND_COMPUTE, BOUND_COMM, BOUND_LAUNCH, BOUND_COUNT };

struct timing {
    double seconds;
    double part[BOUND_COUNT]; /* sums to `seconds` */
};

/* fixed + 4-norm of memory and compute: two limits overlap well but not perfectly (1.19 of the larger where both are
 * equal). The norm counts for the larger of the two. */
struct timing timing_roofline(double fixed, double memory, double compute);

struct timing timing_add(struct timing a, struct timing b);
struct timing timing_scale(struct timing t, double factor);

/* Dense FLOP/s of a path; the 16-bit rate where the GPU has none; *fallback (may be NULL) says so. */
double timing_rate(const struct gpu *g, enum compute_path path, bool *fallback);

/* C[m,n] = A[m,k] B[k,n] with B in this format. */
struct timing gemm_time(const struct calibration *c, const struct gpu *g, const struct format *f, double m, double n,
                        double k);

/* The same as a benchmark times it: again and again, with up to five copies of the weights, which a large L2 may hold. */
struct timing gemm_benchmark_time(const struct calibration *c, const struct gpu *g, const struct format *f, double m, double n,
                                  double k);

/* Attention of one layer on one GPU, without projections. */
struct attention_shape {
    double batch;
    double tokens;   /* prefill: new tokens of each sequence */
    double context;  /* decode: cached tokens of each sequence; prefill: cached tokens in front */
    double heads, kv_heads, head_dim; /* of this GPU */
    double window;   /* 0: none */
    double kv_bytes; /* per element of the cache */
    bool fp8;        /* queries, keys and products in FP8 too */
    bool repeated;   /* decode: timed again and again, as in a benchmark, so that a small cache stays in the L2 */
};
/* The class that a decode or prefill of this shape takes its constants from. */
enum calibration_class attention_decode_class(const struct attention_shape *s);
enum calibration_class attention_prefill_class(const struct gpu *g, const struct attention_shape *s);

struct timing attention_decode_time(const struct calibration *c, const struct gpu *g, const struct attention_shape *s);
struct timing attention_prefill_time(const struct calibration *c, const struct gpu *g, const struct attention_shape *s);

/* Multi-head latent attention: heads of this GPU; decode on the latent itself (absorbed), prefill on expanded heads. */
struct mla_shape {
    double batch, tokens, context; /* as above */
    double heads, latent, rope, nope, value; /* kv_lora_rank and head widths */
    double kv_bytes;
};
enum calibration_class mla_decode_class(const struct mla_shape *s);
enum calibration_class mla_prefill_class(const struct mla_shape *s);

struct timing mla_decode_time(const struct calibration *c, const struct gpu *g, const struct mla_shape *s);
struct timing mla_prefill_time(const struct calibration *c, const struct gpu *g, const struct mla_shape *s);

/* The routed experts of one layer on one rank: gate and up, activation, down; without dispatch and combine. */
struct experts_shape {
    double tokens;      /* in the layer, over all ranks */
    double assignments; /* token-expert pairs on this rank */
    double distinct;    /* experts of this rank that get any */
    bool even;          /* round-robin: every expert gets the same */
    double reused;      /* experts whose weights are touched between two uses of this layer's; 0: other layers come between */
    double held;        /* experts that this rank holds */
    double experts, top_k, ranks; /* of the layer */
    double hidden, inter; /* widths; inter is this GPU's share */
    int mats;             /* 3 gated, 2 plain */
};
struct timing experts_time(const struct calibration *c, const struct gpu *g, const struct format *f,
                           const struct experts_shape *s);

/* Router, norms, sampling: kernels that stream `bytes`. */
struct timing elementwise_time(const struct calibration *c, const struct gpu *g, double bytes, double kernels);

#endif
