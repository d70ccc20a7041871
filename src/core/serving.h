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

#endif
