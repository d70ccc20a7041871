/* From steps to service: residence, TTFT, TPOT, throughput, money, energy. */
#ifndef MOESCOPE_CORE_SERVING_H
#define MOESCOPE_CORE_SERVING_H

#include "core/estimate.h"
#include "core/memory.h"
#include "core/step.h"

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

/* The round of a step that works on *decode and takes `step` seconds. */
struct round serving_round_make(const struct deployment *d, struct load_cache *cache, const struct work *decode, double step);

#endif
