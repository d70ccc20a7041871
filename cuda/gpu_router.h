/* A router's buffers on the device, and logits for it that follow the scenario's skew. */
#ifndef MOESCOPE_CUDA_GPU_ROUTER_H
#define MOESCOPE_CUDA_GPU_ROUTER_H

#include "cuda/gpu.h"
#include "cuda/router.h"

enum { ROUTER_SETS = 8 }; /* of logits, in turn, so that batches differ */

struct gpu_router {
    struct kernel_routing kernel;
    float *logits;   /* ROUTER_SETS x tokens x experts, on the host */
    void *block;     /* all of the device's */
    const float *sets;
    size_t chunks_max;
};

/* Logits such that the chosen are those that `router` draws (NULL: random, in steps, so that ties happen). False: no memory. */
bool gpu_router_open(struct gpu_router *r, struct run *run, const struct router *router, int tokens, int experts, int top_k);
void gpu_router_close(struct gpu_router *r);
void gpu_router_turn(struct gpu_router *r, uint64_t call); /* the set of this call */

/* The device's results against the host's router: wrong ids, counts, places, tokens, chunks, and weights off by more than 1e-5.
 * ids, weights of the host (tokens x top_k) stay in *ids and *weights where wanted; free() both. Negative: a copy failed. */
double gpu_router_wrong(struct gpu *gpu, const struct gpu_router *r, int32_t **ids, float **weights);

#endif
