/* From steps to service: residence, TTFT, TPOT, throughput, money, energy. */
#ifndef MOESCOPE_CORE_SERVING_H
#define MOESCOPE_CORE_SERVING_H

#include "core/estimate.h"
#include "core/memory.h"
#include "core/step.h"

/* Requests of a benchmark run over its concurrency, as the measured runs had it. */
enum { BENCHMARK_WAVES = 10 };

/* FLOP/s that a row of the decode step could reach: the experts' and the other weights' paths may differ. */
double serving_rate(const struct deployment *d, enum op_kind kind);

/* Seconds of a step by what bounds them; returns the largest. */
enum bound serving_bound(const struct step *s, double part[BOUND_COUNT]);

/* Fills the performance, routing and cost fields of *out for a feasible deployment whose memory is known. */
void serving_make(const struct deployment *d, struct load_cache *cache, struct estimate *out);

/* What a decode step of `sequences` over the engine works on. */
struct work serving_decode_work(const struct deployment *d, double sequences);

/* One round of decoding: spec_depth times a draft, one step of the model that verifies them. Yields `tokens` of each
 * sequence on the mean. Without speculation a round is a step and yields one. */
struct round {
    double seconds, draft, tokens; /* draft: seconds of the drafts among them */
    double gain;                   /* rate of decoding over that of plain steps */
};

/* The round of a step that works on *decode and takes `step` seconds; with speculation *plain is that step without drafts. */
struct round serving_round_make(const struct deployment *d, struct load_cache *cache, const struct work *decode, double step,
                                struct step *plain);

/* For engines that do only one of the two (see pools.h). Seconds of their kernels. */

/* `prompts` prompts spread over the engine's attention ranks, from the first pass to the last; *pace: what they keep the
 * first pipeline stage for, after which the next prompts may start. */
double serving_prefill_step(const struct deployment *d, struct load_cache *cache, double prompts, struct step *out,
                            double *pace);

/* Shares of the peak FLOP rate and bandwidth in a step, 0-1. */
void serving_shares(const struct deployment *d, const struct step *s, double *mfu, double *mbu);

/* What out->decode says of `resident` sequences: routing, replicas, bound, shares, stages, drafts; what out->prefill says of
 * the stages; and whether the service levels are met. */
void serving_fill_decode(const struct deployment *d, struct load_cache *cache, double resident, const struct round *round,
                         struct estimate *out);
void serving_fill_prefill(const struct deployment *d, struct estimate *out);
void serving_fill_level(const struct deployment *d, struct estimate *out);

#endif
