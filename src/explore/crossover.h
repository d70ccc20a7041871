/* The search behind explore_crossover, on deployments: for callers that must not touch the catalog. */
#ifndef MOESCOPE_EXPLORE_CROSSOVER_H
#define MOESCOPE_EXPLORE_CROSSOVER_H

#include "explore/explore.h"

void crossover_find(const struct deployment side[2], struct load_cache *cache, const struct estimate_field *field,
                    int max_batch, struct crossover *out);

#endif
