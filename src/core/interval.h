/* How far a figure can be trusted: p10 and p90 of what would be measured, and where it comes from. */
#ifndef MOESCOPE_CORE_INTERVAL_H
#define MOESCOPE_CORE_INTERVAL_H

#include "core/estimate.h"

/* One class of operators that the times of a deployment rest on. */
struct basis {
    enum calibration_class class;
    const struct class_values *values;
};

enum { INTERVAL_BASIS_MAX = 8 };

/* The classes in order; returns how many. The engine's own come beside them. */
int interval_basis(const struct deployment *d, struct basis used[INTERVAL_BASIS_MAX]);

enum origin interval_worse(enum origin a, enum origin b);

/* p10 and p90 of measured / predicted of a class, before they are widened; where nothing was ever compared a factor of 1.5. */
double interval_low(const struct class_values *v);
double interval_high(const struct class_values *v);

/* The power that the bounds of TPOT are raised to where the GPU is new to some of its constants, so that they hold 80 % of
 * timings on a GPU that is left out (tests/fidelity/fidelity --cv=gpu): out of the engine's constants 1.5 (91 % and 78 % on
 * two GPUs), but 3 with weight-only experts, whose kernels differ most (56 % and 94 %); out of the operators' alone 3 (80 %),
 * because an engine's constants make up for its own operators. Operators that nothing was compared with count as left out.
 * A relative's do not: an engine's interval is that of all GPUs of its family. TTFT's bounds hold 81-90 % as they are.
 * *origin is made worse by the operators'. */
double interval_widening(const struct deployment *d, enum origin *origin);

/* Scheduling that no engine timing stands behind: speculation, token budgets. */
bool interval_untimed(const struct deployment *d);

/* The same power for that, TPOT's and TTFT's alike, and for pools of an engine that was only timed without. */
double interval_unmeasured(const struct deployment *d);

/* The constants whose residuals tell how far TPOT and TTFT are to be trusted. */
const struct class_values *interval_step_values(const struct deployment *d);
const struct class_values *interval_first_values(const struct deployment *d);

/* Share by which reports of memory beside weights and KV cache spread. */
extern const double interval_other_spread;

/* Fill the intervals of *out: memory wherever it is known; times, throughput and cost when feasible. */
void interval_memory(struct estimate *out);
void interval_make(const struct deployment *d, struct estimate *out);

#endif
