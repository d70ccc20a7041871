/* Disaggregated serving: a prefill pool, whose engines run prompts only, and a decode pool, whose engines take over each
 * prompt's KV cache and only decode (DistServe, Zhong et al., OSDI 2024; Splitwise, Patel et al., ISCA 2024). */
#ifndef MOESCOPE_CORE_POOLS_H
#define MOESCOPE_CORE_POOLS_H

#include "core/estimate.h"

/* The engines of one pool as a deployment of their own: its GPUs, its layout, its batch. Prompts leave the prefill pool with
 * their first token, so its osl is 1; replicas of experts are the decode engines'. */
struct deployment pools_decode(const struct deployment *d);
struct deployment pools_prefill(const struct deployment *d);

/* Prompts of a prefill engine's batch where nobody says: as many as a pass's tokens hold and the memory has room for. */
int pools_default_batch(const struct deployment *d);

/* Layout rules of both pools, and that they add up to the fleet. What is broken, with the pool's name, in text[160]. */
enum limit pools_check(const struct deployment *d, char *text);

/* Fewest GPUs of either pool, added up; NAN when one of them can't be. */
double pools_min_gpus(const struct deployment *d);

/* Prefill pool: memory of its fullest GPU. One without room for a prompt per attention rank makes *out infeasible. */
void pools_fill_memory(const struct deployment *d, struct estimate *out);

/* Seconds from the last layer of a prompt's prefill until its KV cache lies in the decode engine. */
double pools_transfer_seconds(const struct deployment *d);

/* Seconds that a prompt's batch takes with the prefill pool at the share u of its capacity, and that it waits before. */
double pools_prefill_seconds(const struct pool_loop *l, double u);
double pools_wait_seconds(const struct pool_loop *l, double u);

/* Requests per second of the loop. */
double pools_rate(const struct pool_loop *l);

/* Fills the performance, routing and cost fields of *out for a feasible deployment whose memory is known. */
void pools_make(const struct deployment *d, struct load_cache *cache, struct estimate *out);

#endif
