// A layer of experts for the tokens of a decode step: blocks that stay walk a list, made on the device, of (expert, up to eight
// of its tokens, sixteen rows of weights). Gate and up share a tile, eight rows each, so that a lane has both halves of SwiGLU.
#include <cuda_runtime.h>

#include "cuda/kernels/skinny.cuh"

namespace {

constexpr int THREADS = 32 * SKINNY_WARPS;
#if __CUDA_ARCH__ >= 1000 // addresses take more registers there: two blocks rather than spills
constexpr int BLOCKS = 2;
#else
constexpr int BLOCKS = 3;
#endif

__device__ uint16_t round_bf16(float value) {
    return __bfloat16_as_ushort(__float2bfloat16_rn(value));
}

__device__ float swiglu(float gate, float up) {
    return gate / (1 + __expf(-gate)) * up;
}

__global__ void __launch_bounds__(THREADS, BLOCKS) gate_up(kernel_experts e, const work_chunk *list, const int *chunks, const int *token) {
    int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4, tiles = e.inter / 8, n = *chunks;
    const uint16_t *x = static_cast<const uint16_t *>(e.x);
    uint16_t *middle = static_cast<uint16_t *>(e.middle);
    for (int item = blockIdx.x; item < n * tiles; item += gridDim.x) {
        int at, tile;
        work_item(item, n, &at, &tile);
        work_chunk chunk = list[at];
        size_t row = (size_t(chunk.expert) * e.inter + 8 * tile + g) * e.hidden;
        const char *top = static_cast<const char *>(e.gate) + 2 * row, *low = static_cast<const char *>(e.up) + 2 * row;
        const uint16_t *mine = g < chunk.count ? x + size_t(token[chunk.first + g]) * e.hidden : nullptr;
        float c[4] = {0, 0, 0, 0};
        skinny_warp<weights_bf16>(c, top, low, scale_none(), mine, e.hidden);
        skinny_join(c);
        for (int i = 0; i < 2 && threadIdx.x < 32; i++)
            if (2 * t + i < chunk.count)
                middle[size_t(chunk.first + 2 * t + i) * e.inter + 8 * tile + g] = round_bf16(swiglu(c[i], c[i + 2]));
    }
}

__global__ void __launch_bounds__(THREADS, BLOCKS) down(kernel_experts e, const work_chunk *list, const int *chunks) {
    int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4, tiles = e.hidden / 16, n = *chunks;
    const uint16_t *middle = static_cast<const uint16_t *>(e.middle);
    for (int item = blockIdx.x; item < n * tiles; item += gridDim.x) {
        int at, tile;
        work_item(item, n, &at, &tile);
        work_chunk chunk = list[at];
        size_t row = (size_t(chunk.expert) * e.hidden + 16 * tile + g) * e.inter;
        const char *top = static_cast<const char *>(e.down) + 2 * row, *low = top + size_t(16) * e.inter;
        const uint16_t *mine = g < chunk.count ? middle + size_t(chunk.first + g) * e.inter : nullptr;
        float c[4] = {0, 0, 0, 0};
        skinny_warp<weights_bf16>(c, top, low, scale_none(), mine, e.inter);
        skinny_join(c);
        for (int i = 0; i < 4 && threadIdx.x < 32; i++)
            if (2 * t + i % 2 < chunk.count)
                e.part[size_t(chunk.first + 2 * t + i % 2) * e.hidden + 16 * tile + g + i / 2 * 8] = c[i];
    }
}

// Each token's sum over its experts, in the order of its choices.
__global__ void __launch_bounds__(THREADS) combine(kernel_experts e, const int *place, const float *weights, int top_k) {
    int token = blockIdx.y, i = blockIdx.x * THREADS + threadIdx.x;
    float sum = 0;
    if (i >= e.hidden)
        return;
    for (int j = 0; j < top_k; j++)
        sum += weights[size_t(token) * top_k + j] * e.part[size_t(place[size_t(token) * top_k + j]) * e.hidden + i];
    e.y[size_t(token) * e.hidden + i] = sum;
}

} // namespace

int kernel_run_experts(kernel_stream s, const struct kernel_experts *e) {
    const struct kernel_routing *r = e->routing;
    int error = kernel_route(s, r);
    if (error)
        return error;
    gate_up<<<e->blocks, THREADS, 0, s>>>(*e, r->chunk, r->chunks, r->token);
    down<<<e->blocks, THREADS, 0, s>>>(*e, r->chunk, r->chunks);
    combine<<<dim3((e->hidden + THREADS - 1) / THREADS, r->tokens), THREADS, 0, s>>>(*e, r->place, r->weights, r->top_k);
    return cudaGetLastError();
}
