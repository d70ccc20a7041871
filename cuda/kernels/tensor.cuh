// A warp's products of 16 x 16 by 16 x 8 (mma.sync m16n8k16), and loads that pass the caches by.
#ifndef MOESCOPE_CUDA_TENSOR_CUH
#define MOESCOPE_CUDA_TENSOR_CUH

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <stdint.h>

struct half_kind {
    static __device__ float2 wide(uint32_t two) { return __half22float2(*reinterpret_cast<__half2 *>(&two)); }
};
struct bf16_kind {
    static __device__ float2 wide(uint32_t two) { return make_float2(__uint_as_float(two << 16), __uint_as_float(two & 0xFFFF0000U)); }
};

// Lane l = 4 g + t holds of A: a[0], a[2]: row g, columns 2t and 2t + 8 (two each); a[1], a[3]: row g + 8 likewise; of B: b[0],
// b[1]: column g, rows 2t and 2t + 8; of the sums: c[0], c[1]: row g, columns 2t, 2t + 1; c[2], c[3]: row g + 8.
template <class Kind> __device__ __forceinline__ void tensor_multiply(float c[4], const uint32_t a[4], uint32_t b0, uint32_t b1) {
#if __CUDA_ARCH__ >= 800
    if constexpr (sizeof(Kind) && __is_same(Kind, bf16_kind))
        asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
            : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
    else
        asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
            : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#else // by exchange between lanes: right, not fast
    int lane = threadIdx.x % 32, row = lane / 4 * 4, column = lane % 4 * 8;
    for (int s = 0; s < 4; s++)
        for (int h = 0; h < 2; h++) {
            float2 top = Kind::wide(__shfl_sync(0xFFFFFFFF, a[2 * h], row + s)), low = Kind::wide(__shfl_sync(0xFFFFFFFF, a[2 * h + 1], row + s));
            uint32_t mine = h ? b1 : b0;
            float2 left = Kind::wide(__shfl_sync(0xFFFFFFFF, mine, column + s)), right = Kind::wide(__shfl_sync(0xFFFFFFFF, mine, column + 4 + s));
            c[0] += top.x * left.x + top.y * left.y;
            c[1] += top.x * right.x + top.y * right.y;
            c[2] += low.x * left.x + low.y * left.y;
            c[3] += low.x * right.x + low.y * right.y;
        }
#endif
}

// Weights are read once: 16 bytes, first to leave the caches.
__device__ __forceinline__ uint4 load_once(const void *at) {
    return __ldcs(static_cast<const uint4 *>(at));
}

__device__ __forceinline__ uint4 load_often(const void *at) {
    return __ldg(static_cast<const uint4 *>(at));
}

#endif
