/* Routing of tokens to experts: who is popular, who is drawn, and the integer work of a router. Plain C, one
 * thread: the CPU's kernels in their own right, the reference for any other. */
#ifndef MOESCOPE_CUDA_ROUTER_H
#define MOESCOPE_CUDA_ROUTER_H

#include <stdint.h>

#include "cuda/protocol.h"

enum { ROUTER_EXPERTS_MAX = 512, ROUTER_TOP_K_MAX = 64 };

struct router {
    int experts,
        top_k; /* 1 <= top_k <= experts <= ROUTER_EXPERTS_MAX; top_k <= ROUTER_TOP_K_MAX unless dense */
    enum protocol_skew skew;
    double exponent;                  /* zipf, pareto */
    double share[ROUTER_EXPERTS_MAX]; /* file: any scale, most popular first */
};

/* p[e], the chance that a token picks expert e: sums to top_k, each <= 1. The same law as the explorer's:
 * zipf weighs rank r by r^-s; pareto takes the quantiles of a density x^-a on [1, 0.8 T], or on [0.01, 2]
 * with fewer assignments than experts. */
void router_popularity(const struct router *r, double tokens, double *p);

/* ids[tokens][top_k]: each token's experts, all different, drawn with exactly the chances p by systematic
 * sampling in random order; balanced: taken in turn. */
void router_draw(const struct router *r, const double *p, int tokens, uint64_t seed, int32_t *ids);

/* E[distinct experts] of that many tokens: sum of 1 - (1 - p_e)^tokens. Exact, as tokens draw independently.
 */
double router_coverage(const double *p, int experts, double tokens);

/* One token: the top_k largest logits, largest first, the lowest id on a tie; weights[top_k] their softmax.
 */
void router_select(const float *logits, int experts, int top_k, int32_t *ids, float *weights);

/* counts[experts] of n ids; returns how many are not empty. */
int router_count(const int32_t *ids, int n, int experts, int32_t *counts);

/* Stable permutation by expert: first[experts + 1] is the running sum of the counts; place[n], where each
 * assignment goes. */
void router_permute(const int32_t *ids, int n, int experts, const int32_t *counts, int32_t *first,
                    int32_t *place);

#endif
