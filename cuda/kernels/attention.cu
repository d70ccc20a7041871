// Attention of one decode step over a KV cache in bf16, split along the context: each warp takes a part of a sequence's tokens,
// 16 at a time, for all query heads that share the KV head (rows of the tensor cores' tiles), with an online softmax; a second
// kernel joins the parts.
#include <cuda_runtime.h>
#include <math.h>

#include "cuda/kernels/kernels.h"
#include "cuda/kernels/tensor.cuh"

namespace {

constexpr int D = KERNEL_HEAD, WARPS = 4, STEP = 16;

__device__ uint32_t two_bf16(float low, float high) {
    __nv_bfloat162 v = __floats2bfloat162_rn(low, high);
    return *reinterpret_cast<uint32_t *>(&v);
}

__device__ uint4 query_load(const uint16_t *q, int head, int group, int at) {
    return head < group ? load_often(q + head * D + at) : make_uint4(0, 0, 0, 0);
}

struct part { // of two rows g, g + 8: top score, sum, and values 8 t' + j by tensor column
    float top[2], sum[2], value[2][8][4];
};

// Scores of 16 tokens: c[0]: tokens 0-7, c[1]: 8-15. Along the head, a lane's 16 bytes are elements 32 j + 8 t + 0 .. 7.
__device__ __forceinline__ void scores(float c[2][4], const uint4 q[2][4], const uint16_t *keys, int g, int t) {
    uint4 k[2][4];
#pragma unroll
    for (int i = 0; i < 2; i++)
#pragma unroll
        for (int j = 0; j < 4; j++)
            k[i][j] = load_once(keys + (8 * i + g) * D + 32 * j + 8 * t);
#pragma unroll
    for (int i = 0; i < 2; i++)
#pragma unroll
        for (int j = 0; j < 4; j++) {
            uint32_t first[4] = {q[0][j].x, q[1][j].x, q[0][j].y, q[1][j].y}, second[4] = {q[0][j].z, q[1][j].z, q[0][j].w, q[1][j].w};
            tensor_multiply<bf16_kind>(c[i], first, k[i][j].x, k[i][j].y);
            tensor_multiply<bf16_kind>(c[i], second, k[i][j].z, k[i][j].w);
        }
}

// One row's largest and sum, shared by the four lanes that hold it. Returns what the sums so far are to be multiplied by.
__device__ __forceinline__ float soften(float &top, float &sum, float s[4]) {
    float high = fmaxf(fmaxf(s[0], s[1]), fmaxf(s[2], s[3]));
    high = fmaxf(high, __shfl_xor_sync(0xFFFFFFFF, high, 1));
    high = fmaxf(high, __shfl_xor_sync(0xFFFFFFFF, high, 2));
    float next = fmaxf(top, high), shrink = exp2f(top - next), add = 0;
    for (int i = 0; i < 4; i++) {
        s[i] = exp2f(s[i] - next);
        add += s[i];
    }
    add += __shfl_xor_sync(0xFFFFFFFF, add, 1);
    add += __shfl_xor_sync(0xFFFFFFFF, add, 2);
    top = next;
    sum = sum * shrink + add;
    return shrink;
}

__device__ __forceinline__ uint32_t word_of(const uint4 &v, int i) {
    return i == 0 ? v.x : i == 1 ? v.y : i == 2 ? v.z : v.w;
}

// value += weights (16 heads x 16 tokens) times the values; half h of the head, column g of product j is element 64 h + 8 g + j.
__device__ __forceinline__ void values_add(float value[2][8][4], const uint32_t weights[4], const uint16_t *values, int left, int g, int t) {
    const int token[4] = {2 * t, 2 * t + 1, 2 * t + 8, 2 * t + 9};
#pragma unroll
    for (int h = 0; h < 2; h++) {
        uint4 v[4];
#pragma unroll
        for (int i = 0; i < 4; i++)
            v[i] = load_once(values + (token[i] < left ? token[i] : 0) * D + 64 * h + 8 * g);
#pragma unroll
        for (int j = 0; j < 8; j++) {
            unsigned pick = j % 2 ? 0x7632 : 0x5410;
            uint32_t b0 = __byte_perm(word_of(v[0], j / 2), word_of(v[1], j / 2), pick), b1 = __byte_perm(word_of(v[2], j / 2), word_of(v[3], j / 2), pick);
            tensor_multiply<bf16_kind>(value[h][j], weights, b0, b1);
        }
    }
}

__device__ void part_write(float *out, const part &p, int g, int t) {
    for (int r = 0; r < 2; r++) {
        float *row = out + size_t(g + 8 * r) * KERNEL_PART;
#pragma unroll
        for (int h = 0; h < 2; h++)
#pragma unroll
            for (int j = 0; j < 8; j++) {
                row[64 * h + 8 * (2 * t) + j] = p.value[h][j][2 * r];
                row[64 * h + 8 * (2 * t + 1) + j] = p.value[h][j][2 * r + 1];
            }
        if (t == 0) {
            row[D] = p.top[r];
            row[D + 1] = p.sum[r];
        }
    }
}

__global__ void __launch_bounds__(32 * WARPS) attend(kernel_attention a) {
    int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4, split = blockIdx.x * WARPS + threadIdx.x / 32, head = blockIdx.y, from, to;
    if (split >= a.splits)
        return;
    const uint16_t *q = static_cast<const uint16_t *>(a.q) + size_t(head) * a.group * D;
    const uint16_t *keys = static_cast<const uint16_t *>(a.keys) + size_t(head) * a.context * D;
    const uint16_t *values = static_cast<const uint16_t *>(a.values) + size_t(head) * a.context * D;
    float scale = rsqrtf(float(D)) * 1.44269504F; // powers of two
    uint4 mine[2][4];
    part p = {{-1e30F, -1e30F}, {0, 0}, {}};
    for (int r = 0; r < 2; r++)
        for (int j = 0; j < 4; j++)
            mine[r][j] = query_load(q, g + 8 * r, a.group, 32 * j + 8 * t);
    work_split(a.context, STEP, split, a.splits, &from, &to);
    for (int at = from; at < to; at += STEP) { // the context is a multiple of STEP
        float c[2][4] = {};
        scores(c, mine, keys + size_t(at) * D, g, t);
        float row0[4] = {c[0][0] * scale, c[0][1] * scale, c[1][0] * scale, c[1][1] * scale};
        float row1[4] = {c[0][2] * scale, c[0][3] * scale, c[1][2] * scale, c[1][3] * scale};
        float shrink0 = soften(p.top[0], p.sum[0], row0), shrink1 = soften(p.top[1], p.sum[1], row1);
        uint32_t weights[4] = {two_bf16(row0[0], row0[1]), two_bf16(row1[0], row1[1]), two_bf16(row0[2], row0[3]), two_bf16(row1[2], row1[3])};
#pragma unroll
        for (int h = 0; h < 2; h++)
#pragma unroll
            for (int j = 0; j < 8; j++) {
                p.value[h][j][0] *= shrink0, p.value[h][j][1] *= shrink0;
                p.value[h][j][2] *= shrink1, p.value[h][j][3] *= shrink1;
            }
        values_add(p.value, weights, values + size_t(at) * D, to - at, g, t);
    }
    part_write(a.part + (size_t(head) * a.splits + split) * KERNEL_GROUP_MAX * KERNEL_PART, p, g, t);
}

// Block: one query head; thread: one element.
__global__ void __launch_bounds__(D) join(kernel_attention a) {
    int head = blockIdx.x / a.group, row = blockIdx.x % a.group;
    const float *part = a.part + size_t(head) * a.splits * KERNEL_GROUP_MAX * KERNEL_PART + size_t(row) * KERNEL_PART;
    size_t step = size_t(KERNEL_GROUP_MAX) * KERNEL_PART;
    float top = -1e30F, sum = 0, value = 0;
    for (int s = 0; s < a.splits; s++)
        top = fmaxf(top, part[s * step + D]);
    for (int s = 0; s < a.splits; s++) {
        float weight = exp2f(part[s * step + D] - top);
        sum += weight * part[s * step + D + 1];
        value += weight * part[s * step + threadIdx.x];
    }
    a.out[size_t(blockIdx.x) * D + threadIdx.x] = value / sum;
}

} // namespace

int kernel_run_attention(kernel_stream s, const struct kernel_attention *a) {
    attend<<<dim3((a->splits + WARPS - 1) / WARPS, a->batch * a->kv_heads), 32 * WARPS, 0, s>>>(*a);
    join<<<a->batch * a->kv_heads * a->group, D, 0, s>>>(*a);
    return cudaGetLastError();
}
