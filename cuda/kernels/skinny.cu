// Decode's dense layers: weights in bf16, FP8 or INT4 times a few vectors.
#include <cuda_runtime.h>

#include "cuda/kernels/skinny.cuh"

namespace {

constexpr int THREADS = 32 * SKINNY_WARPS;

template <class Scale> __device__ Scale scale_of(const void *scales, int row, int groups);
template <> __device__ scale_none scale_of<scale_none>(const void *, int, int) {
    return {};
}
template <> __device__ scale_block scale_of<scale_block>(const void *scales, int row, int groups) {
    return {static_cast<const float *>(scales) + size_t(row / 128) * groups};
}
template <> __device__ scale_group scale_of<scale_group>(const void *scales, int row, int groups) {
    const uint16_t *first = static_cast<const uint16_t *>(scales) + size_t(row) * groups;
    return {first, first + size_t(8) * groups};
}

// Block: rows 16 b .. 16 b + 15.
template <class Weights, class Scale>
__global__ void __launch_bounds__(THREADS, 3) skinny(const char *w, const void *scales, const uint16_t *x, float *y, int m, int n, int k) {
    int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4, row = 16 * blockIdx.x + g;
    const char *top = w + Weights::offset(size_t(row) * k), *low = w + Weights::offset(size_t(row + 8) * k);
    float c[4] = {0, 0, 0, 0};
    skinny_warp<Weights>(c, top, low, scale_of<Scale>(scales, row, k / SKINNY_GROUP), g < m ? x + size_t(g) * k : nullptr, k);
    skinny_join(c);
    if (threadIdx.x >= 32)
        return;
    for (int i = 0; i < 4; i++)
        if (2 * t + i % 2 < m)
            y[size_t(2 * t + i % 2) * n + row + i / 2 * 8] = c[i];
}

} // namespace

int kernel_skinny(kernel_stream s, enum kernel_format format, const void *w, const void *scales, const void *x, float *y, int m, int n, int k) {
    const char *rows = static_cast<const char *>(w);
    const uint16_t *vectors = static_cast<const uint16_t *>(x);
    switch (format) {
    case KERNEL_BF16:
        skinny<weights_bf16, scale_none><<<n / 16, THREADS, 0, s>>>(rows, scales, vectors, y, m, n, k);
        break;
    case KERNEL_FP8:
        skinny<weights_fp8, scale_block><<<n / 16, THREADS, 0, s>>>(rows, scales, vectors, y, m, n, k);
        break;
    case KERNEL_INT4:
        skinny<weights_int4, scale_group><<<n / 16, THREADS, 0, s>>>(rows, scales, vectors, y, m, n, k);
        break;
    }
    return cudaGetLastError();
}
