/* What redundant experts cost and what they bring. */
#ifndef MOESCOPE_CORE_LEDGER_H
#define MOESCOPE_CORE_LEDGER_H

#include "core/estimate.h"

/* Fills the redundant_* figures of *out, and those before replication, from the same deployment without replicas. Needs
 * out's memory, decode step and resident sequences; leaves all unknown where there are no replicas, and the times where the experts
 * alone do not spread evenly over the ranks. */
void ledger_make(const struct deployment *d, struct load_cache *cache, struct estimate *out);

#endif
