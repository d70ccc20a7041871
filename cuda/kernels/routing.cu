// The router's integer work: the largest logits of each token, their weights, a histogram, its running sum, a stable permutation and
// the work list of the expert layer. No atomics but on integers, no order left to chance.
#include <cuda_runtime.h>
#include <math.h>

#include "cuda/kernels/kernels.h"

namespace {

constexpr int EXPERTS_MAX = 512, A_LANE = EXPERTS_MAX / 32, THREADS = 256;

// A warp takes a token; each lane keeps the logits of experts lane, lane + 32, ... in registers.
__global__ void __launch_bounds__(THREADS) choose(kernel_routing r) {
    int lane = threadIdx.x % 32, token = (blockIdx.x * THREADS + threadIdx.x) / 32;
    if (token >= r.tokens)
        return;
    const float *logits = r.logits + size_t(token) * r.experts;
    float mine[A_LANE], sum = 0, largest = 0;
#pragma unroll
    for (int i = 0; i < A_LANE; i++)
        mine[i] = lane + 32 * i < r.experts ? logits[lane + 32 * i] : -INFINITY;
    for (int j = 0; j < r.top_k; j++) {
        float best = -INFINITY;
        int id = EXPERTS_MAX;
#pragma unroll
        for (int i = 0; i < A_LANE; i++)
            if (work_before(mine[i], lane + 32 * i, best, id)) {
                best = mine[i];
                id = lane + 32 * i;
            }
        for (int d = 16; d; d /= 2) {
            float other = __shfl_xor_sync(0xFFFFFFFF, best, d);
            int its = __shfl_xor_sync(0xFFFFFFFF, id, d);
            if (work_before(other, its, best, id)) {
                best = other;
                id = its;
            }
        }
#pragma unroll
        for (int i = 0; i < A_LANE; i++)
            if (lane + 32 * i == id)
                mine[i] = -INFINITY;
        if (j == 0)
            largest = best;
        float weight = r.sigmoid ? 1 / (1 + expf(-best)) : expf(best - largest);
        sum += weight;
        if (lane == 0) {
            r.ids[size_t(token) * r.top_k + j] = id;
            r.weights[size_t(token) * r.top_k + j] = weight;
        }
    }
    __syncwarp();
    for (int j = lane; j < r.top_k; j += 32)
        r.weights[size_t(token) * r.top_k + j] /= sum;
}

__device__ int block_sum(int value) {
    __shared__ int part[THREADS / 32], all;
    for (int d = 16; d; d /= 2)
        value += __shfl_xor_sync(0xFFFFFFFF, value, d);
    __syncthreads();
    if (threadIdx.x % 32 == 0)
        part[threadIdx.x / 32] = value;
    __syncthreads();
    if (threadIdx.x == 0) {
        all = 0;
        for (int w = 0; w < THREADS / 32; w++)
            all += part[w];
    }
    __syncthreads();
    return all;
}

// A block counts its expert.
__global__ void __launch_bounds__(THREADS) count(kernel_routing r) {
    int n = r.tokens * r.top_k, mine = 0;
    for (int i = threadIdx.x; i < n; i += THREADS)
        mine += r.ids[i] == int(blockIdx.x);
    mine = block_sum(mine);
    if (threadIdx.x == 0)
        r.counts[blockIdx.x] = mine;
}

// A block places its expert's assignments in their order, behind those of all experts before it.
__global__ void __launch_bounds__(THREADS) permute(kernel_routing r) {
    __shared__ int before[THREADS / 32];
    int expert = blockIdx.x, n = r.tokens * r.top_k, lane = threadIdx.x % 32, warp = threadIdx.x / 32, first = 0, chunks = 0;
    for (int e = threadIdx.x; e < expert; e += THREADS) {
        first += r.counts[e];
        chunks += work_chunks_of(r.counts[e]);
    }
    first = block_sum(first);
    chunks = block_sum(chunks);
    if (threadIdx.x == 0) {
        r.first[expert] = first;
        if (r.chunk)
            work_fill(r.chunk, chunks, expert, first, r.counts[expert]);
        if (expert == r.experts - 1) {
            r.first[r.experts] = first + r.counts[expert];
            if (r.chunk)
                *r.chunks = chunks + work_chunks_of(r.counts[expert]);
        }
    }
    if (r.counts[expert] == 0) // the same for the whole block
        return;
    for (int from = 0; from < n; from += THREADS) {
        int i = from + threadIdx.x;
        bool own = i < n && r.ids[i] == expert;
        unsigned all = __ballot_sync(0xFFFFFFFF, own);
        if (lane == 0)
            before[warp] = __popc(all);
        __syncthreads();
        int at = first, total = 0;
        for (int w = 0; w < THREADS / 32; w++) {
            at += w < warp ? before[w] : 0;
            total += before[w];
        }
        if (own) {
            at += __popc(all & ((1U << lane) - 1));
            r.place[i] = at;
            r.token[at] = i / r.top_k;
        }
        first += total;
        __syncthreads();
    }
}

} // namespace

int kernel_route(kernel_stream s, const struct kernel_routing *r) {
    choose<<<(r->tokens * 32 + THREADS - 1) / THREADS, THREADS, 0, s>>>(*r);
    count<<<r->experts, THREADS, 0, s>>>(*r);
    permute<<<r->experts, THREADS, 0, s>>>(*r);
    return cudaGetLastError();
}
