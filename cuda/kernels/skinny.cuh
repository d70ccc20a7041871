// Sixteen rows of weights times up to eight vectors by one block: its warps share out the groups of 128 along k, each lane loads
// 16 bytes of its two rows at a time, and the sums of the warps meet in shared memory, in a fixed order.
#ifndef MOESCOPE_CUDA_SKINNY_CUH
#define MOESCOPE_CUDA_SKINNY_CUH

#include "cuda/kernels/kernels.h"
#include "cuda/kernels/tensor.cuh"
#include "cuda/kernels/unpack.h"

constexpr int SKINNY_WARPS = 8, SKINNY_GROUP = 128;

// Along k, the order inside a group is free as long as weights and vectors agree: a lane's 16 bytes are its neighbours 8t .. 8t + 7
// of 32, so that both come with whole loads.
struct weights_bf16 {
    using Kind = bf16_kind;
    static constexpr int UNROLL = 1; // groups under way
    static constexpr int LOADS = 4;  // 16-byte loads of a lane, row and group
    static __device__ size_t offset(size_t k) { return 2 * k; } // bytes
    static __device__ int at(int load, int t) { return 64 * load + 16 * t; } // bytes into the group
    // Load j holds elements 32 j + 8 t + 0 .. 7.
    static __device__ void products(float c[4], const uint4 *top, const uint4 *low, const uint4 *x) {
#pragma unroll
        for (int j = 0; j < 4; j++) {
            uint32_t first[4] = {top[j].x, low[j].x, top[j].y, low[j].y}, second[4] = {top[j].z, low[j].z, top[j].w, low[j].w};
            tensor_multiply<Kind>(c, first, x[j].x, x[j].y);
            tensor_multiply<Kind>(c, second, x[j].z, x[j].w);
        }
    }
    static __device__ int vector_at(int j, int t) { return 32 * j + 8 * t; } // element of x that load j of it begins at
};

struct weights_fp8 {
    using Kind = half_kind;
    static constexpr int UNROLL = 2, LOADS = 2;
    static __device__ size_t offset(size_t k) { return k; }
    static __device__ int at(int load, int t) { return 64 * load + 16 * t; }
    // Load i holds elements 64 i + 16 t + 0 .. 15; x has them in loads 2 i and 2 i + 1.
    static __device__ void products(float c[4], const uint4 *top, const uint4 *low, const uint4 *x) {
#pragma unroll
        for (int i = 0; i < 2; i++) {
            const uint32_t tops[4] = {top[i].x, top[i].y, top[i].z, top[i].w}, lows[4] = {low[i].x, low[i].y, low[i].z, low[i].w};
            const uint32_t xs[8] = {x[2 * i].x, x[2 * i].y, x[2 * i].z, x[2 * i].w, x[2 * i + 1].x, x[2 * i + 1].y, x[2 * i + 1].z, x[2 * i + 1].w};
#pragma unroll
            for (int w = 0; w < 4; w++) {
                uint32_t a[4] = {unpack_fp8(tops[w], 0), unpack_fp8(lows[w], 0), unpack_fp8(tops[w], 1), unpack_fp8(lows[w], 1)};
                tensor_multiply<Kind>(c, a, xs[2 * w], xs[2 * w + 1]);
            }
        }
    }
    static __device__ int vector_at(int j, int t) { return 64 * (j / 2) + 16 * t + 8 * (j % 2); }
};

struct weights_int4 {
    using Kind = half_kind;
    static constexpr int UNROLL = 4, LOADS = 1;
    static __device__ size_t offset(size_t k) { return k / 2; }
    static __device__ int at(int, int t) { return 16 * t; }
    static __device__ uint32_t two(uint32_t word, int pair) {
        uint32_t raw = unpack_int4(word, pair), offset = UNPACK_INT4_OFFSET;
        __half2 value = __hsub2(*reinterpret_cast<__half2 *>(&raw), *reinterpret_cast<__half2 *>(&offset));
        return *reinterpret_cast<uint32_t *>(&value);
    }
    // The load holds elements 32 t + 0 .. 31, eight a word; x has them in loads 0 .. 3.
    static __device__ void products(float c[4], const uint4 *top, const uint4 *low, const uint4 *x) {
        const uint32_t tops[4] = {top->x, top->y, top->z, top->w}, lows[4] = {low->x, low->y, low->z, low->w};
#pragma unroll
        for (int w = 0; w < 4; w++) {
            uint32_t first[4] = {two(tops[w], 0), two(lows[w], 0), two(tops[w], 1), two(lows[w], 1)};
            uint32_t second[4] = {two(tops[w], 2), two(lows[w], 2), two(tops[w], 3), two(lows[w], 3)};
            tensor_multiply<Kind>(c, first, x[w].x, x[w].y);
            tensor_multiply<Kind>(c, second, x[w].z, x[w].w);
        }
    }
    static __device__ int vector_at(int j, int t) { return 32 * t + 8 * j; }
};

// The scales of a lane's two rows for a group of 128.
struct scale_none {
    __device__ float top(int) const { return 1; }
    __device__ float low(int) const { return 1; }
};
struct scale_block { // fp32, one for 128 x 128: both rows lie in the same block
    const float *row;
    __device__ float top(int group) const { return UNPACK_FP8_SCALE * __ldg(row + group); }
    __device__ float low(int group) const { return top(group); }
};
struct scale_group { // bf16, one a row and group
    const uint16_t *first, *second;
    __device__ float top(int group) const { return __uint_as_float(uint32_t(__ldg(first + group)) << 16); }
    __device__ float low(int group) const { return __uint_as_float(uint32_t(__ldg(second + group)) << 16); }
};

// c += this warp's share of rows `top` and `low` (a lane's own) times its vector x (NULL: zeros), k elements.
template <class Weights, class Scale>
__device__ __forceinline__ void skinny_warp(float c[4], const char *top, const char *low, const Scale &scale, const uint16_t *x, int k) {
    constexpr int U = Weights::UNROLL, L = Weights::LOADS;
    int t = threadIdx.x % 4, warp = threadIdx.x / 32, groups = k / SKINNY_GROUP;
    for (int g = warp * U; g < groups; g += SKINNY_WARPS * U) {
        uint4 a[U][L], b[U][L];
#pragma unroll
        for (int u = 0; u < U; u++)
#pragma unroll
            for (int j = 0; j < L; j++) {
                size_t at = Weights::offset(size_t(g + u) * SKINNY_GROUP) + Weights::at(j, t);
                bool there = g + u < groups;
                a[u][j] = there ? load_once(top + at) : make_uint4(0, 0, 0, 0);
                b[u][j] = there ? load_once(low + at) : make_uint4(0, 0, 0, 0);
            }
#pragma unroll
        for (int u = 0; u < U; u++) {
            if (g + u >= groups) // the same for the whole warp
                break;
            uint4 v[4];
            float sum[4] = {0, 0, 0, 0};
#pragma unroll
            for (int j = 0; j < 4; j++)
                v[j] = x ? load_often(x + size_t(g + u) * SKINNY_GROUP + Weights::vector_at(j, t)) : make_uint4(0, 0, 0, 0);
            Weights::products(sum, a[u], b[u], v);
            float s0 = scale.top(g + u), s1 = scale.low(g + u);
            c[0] += s0 * sum[0], c[1] += s0 * sum[1], c[2] += s1 * sum[2], c[3] += s1 * sum[3];
        }
    }
}

// The warps' sums together, in the first warp's lanes.
__device__ __forceinline__ void skinny_join(float c[4]) {
    __shared__ float4 part[SKINNY_WARPS][32];
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    __syncthreads(); // the last tile's may still be read
    part[warp][lane] = make_float4(c[0], c[1], c[2], c[3]);
    __syncthreads();
    if (warp != 0)
        return;
    c[0] = c[1] = c[2] = c[3] = 0;
    for (int w = 0; w < SKINNY_WARPS; w++) {
        float4 p = part[w][lane];
        c[0] += p.x, c[1] += p.y, c[2] += p.z, c[3] += p.w;
    }
}

#endif
