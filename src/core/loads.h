/* Who is read, who is late: the law of expert loads in one MoE layer (Binomial loads conditioned on their sum). */
#ifndef MOESCOPE_CORE_LOADS_H
#define MOESCOPE_CORE_LOADS_H

#include <stdbool.h>

#include "core/deployment.h"

enum { EXPERTS_MAX = 512 };

struct load_query {
    int n_experts, top_k;
    int ranks;     /* expert-parallel ranks; divides n_experts + redundant */
    int redundant; /* replicas beyond one of each expert; n_experts + redundant <= EXPERTS_MAX */
    double tokens; /* tokens routed by the layer in one step, over the whole engine */
    enum skew_kind skew_kind;
    double skew;
    const double *routing; /* SKEW_FILE: popularity, most popular first */
    bool per_expert; /* also the busiest expert and the sorted loads, which cost no time, only interest people */
};

struct load_law {
    double coverage;      /* expected share of the layer's experts that the step reads */
    double mean;          /* tokens per expert */
    double max_mean, max_p95;           /* busiest expert over the mean: expectation, 95th percentile (per_expert) */
    double rank_max_mean, rank_max_p95; /* busiest rank over the mean rank */
    double rank_distinct; /* expected distinct experts, or replicas, on the rank that reads most */
    float sorted[EXPERTS_MAX]; /* expected sorted loads over the mean, busiest first (per_expert) */
};

/* Memory of laws already worked out: the caller's, zero-initialised. Not shared between threads. */
enum { LOAD_CACHE_SIZE = 16 };
struct load_cache {
    struct load_query query[LOAD_CACHE_SIZE];
    struct load_law law[LOAD_CACHE_SIZE];
    unsigned used, next;
};

/* Popularity of the experts: p[e], the chance that a token picks expert e, most popular first, sums to top_k, each <= 1. */
void load_popularity(const struct load_query *q, double *p);

/* The law for *q, from the cache or worked out now. Never NULL; valid until LOAD_CACHE_SIZE other queries came. */
const struct load_law *load_law_get(struct load_cache *cache, const struct load_query *q);

#endif
