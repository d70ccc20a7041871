/* Time of one collective operation. Seconds.
 *
 * The laws first (shapes in, seconds out; what the fit compares with measurements), then what a deployment pays. */
#ifndef MOESCOPE_CORE_COLLECTIVE_H
#define MOESCOPE_CORE_COLLECTIVE_H

#include <stdbool.h>

#include "core/deployment.h"

/* A link as the laws see it. */
struct fabric {
    double latency; /* seconds: NCCL's small all-reduce between 2 GPUs; the unit of every fixed time */
    double rate;    /* bytes/s, one GPU, one direction; the unit of every time per byte */
    int sms;        /* of the GPU, for kernels that copy */
};

/* What the link offers this GPU (less than the wire rate where the GPU is cut down). gpu may be NULL: a network. */
struct fabric fabric_of(const struct link *l, const struct gpu *gpu);

/* NCCL over n GPUs of one node. `bytes` is the whole buffer: an all-reduce's vector, an all-gather's result, a
 * reduce-scatter's input, what one rank sends in an all-to-all. `class`: CAL_NCCL_*. */
double nccl_seconds(const struct calibration *c, enum calibration_class class, const struct fabric *f, double bytes, int n,
                    bool one_byte);

/* The engines' own one-shot all-reduce, and NCCL above the size where they give up. */
double engine_allreduce_seconds(const struct calibration *c, const struct fabric *f, double bytes, int n);

/* DeepEP's low-latency kernels: `tokens` of each rank, hidden width, k copies each, E experts. */
double deepep_ll_seconds(const struct calibration *c, enum calibration_class class, const struct fabric *f, double tokens,
                         double hidden, int k, int experts);

/* DeepEP's normal kernels on `ranks` ranks with `sms` SMs: one copy of a token for each other rank that it touches. */
double deepep_seconds(const struct calibration *c, enum calibration_class class, const struct fabric *f, double tokens,
                      double hidden, int k, int experts, int ranks, int sms);

/* The same, with the copies that a token makes on the mean. */
double deepep_copies_seconds(const struct calibration *c, enum calibration_class class, const struct fabric *f, double tokens,
                             double hidden, double copies, int sms);

/* Expected other ranks that a token's k experts lie on: (ranks-1) * (1 - C(E - E/ranks, k) / C(E, k)). */
double ranks_touched(int experts, int k, int ranks);

/* The same for a gate that first chooses g of G groups of experts, and the k among theirs: node-limited routing (DeepSeek-V3
 * technical report, 2024, section 2.1.2). Groups lie on ranks in order. A rank has j of its own groups among the chosen ones
 * with the hypergeometric chance, and then a token misses it with C(M - j*e, k) / C(M, k), M = E*g/G, e experts of a group on
 * the rank. Gates alike in all groups. Where groups and ranks do not divide, as if there were no groups. */
double ranks_touched_grouped(int experts, int k, int ranks, int groups, int chosen);

/* All-reduce over n GPUs of one engine; a group larger than a node also crosses link_out. n = 1: 0. */
double collective_allreduce(const struct deployment *d, int n, double bytes);

/* The experts' exchange over n GPUs with sharded tokens: `tokens` of each rank go to k experts each, and come back.
 * `prefill`: the kernels for throughput instead of those for latency. */
double collective_dispatch(const struct deployment *d, int n, double tokens, bool prefill);
double collective_combine(const struct deployment *d, int n, double tokens, bool prefill);

/* Copies that a token of a prefill makes to other GPUs on the mean; all of them where it is an all-gather, 0 where every GPU
 * has every token. */
double collective_ranks_touched(const struct deployment *d);

/* All-gather or reduce-scatter over n GPUs of a buffer of `bytes`. */
double collective_allgather(const struct deployment *d, int n, double bytes);
double collective_reducescatter(const struct deployment *d, int n, double bytes);

/* One message to the next pipeline stage, `stage_gpus` away. */
double collective_stage(const struct deployment *d, int stage_gpus, double bytes);

#endif
