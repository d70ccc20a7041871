// Streams: what the memory gives at best, with integer sums that prove every word was there.
#include <cuda_runtime.h>

#include "cuda/kernels/kernels.h"
#include "cuda/number.h"
#include "cuda/random.h"

namespace {

constexpr int THREADS = 512, FLIGHT = 8; // 16-byte loads that a thread has under way

__device__ void add_sum(unsigned long long value, unsigned long long *sum) {
    for (int d = 16; d; d /= 2)
        value += __shfl_xor_sync(0xFFFFFFFF, value, d);
    if (threadIdx.x % 32 == 0)
        atomicAdd(sum, value);
}

__global__ void __launch_bounds__(THREADS) fill(unsigned long long *to, size_t n, uint64_t seed, unsigned long long *sum) {
    unsigned long long mine = 0;
    for (size_t i = blockIdx.x * size_t(blockDim.x) + threadIdx.x; i < n; i += size_t(gridDim.x) * blockDim.x) {
        unsigned long long bits = random_bits(seed, i), word = 0;
        for (int j = 0; j < 4; j++)
            word |= (unsigned long long)bf16_round(float(int16_t(bits >> (16 * j))) * 0x1p-15F) << (16 * j);
        to[i] = word;
        mine += word;
    }
    add_sum(mine, sum);
}

__device__ unsigned long long words(const ulonglong2 &v) {
    return v.x + v.y;
}

__global__ void __launch_bounds__(THREADS) read(const ulonglong2 *from, size_t n, unsigned long long *sum) {
    unsigned long long mine = 0;
    size_t step = size_t(gridDim.x) * THREADS * FLIGHT, i = blockIdx.x * size_t(THREADS) * FLIGHT + threadIdx.x;
    for (; i + (FLIGHT - 1) * THREADS < n; i += step) {
        ulonglong2 v[FLIGHT];
#pragma unroll
        for (int j = 0; j < FLIGHT; j++)
            v[j] = __ldcs(from + i + j * THREADS);
#pragma unroll
        for (int j = 0; j < FLIGHT; j++)
            mine += words(v[j]);
    }
    for (int j = 0; j < FLIGHT && i + j * THREADS < n; j++)
        mine += words(from[i + j * THREADS]);
    add_sum(mine, sum);
}

// One of the three that write, by the functor's word.
template <class Make> __global__ void __launch_bounds__(THREADS) make(ulonglong2 *to, size_t n, Make piece) {
    size_t step = size_t(gridDim.x) * THREADS * 4, i = blockIdx.x * size_t(THREADS) * 4 + threadIdx.x;
    for (; i + 3 * THREADS < n; i += step) {
        ulonglong2 v[4];
#pragma unroll
        for (int j = 0; j < 4; j++)
            v[j] = piece(i + j * THREADS);
#pragma unroll
        for (int j = 0; j < 4; j++)
            __stcs(to + i + j * THREADS, v[j]);
    }
    for (int j = 0; j < 4 && i + j * THREADS < n; j++)
        to[i + j * THREADS] = piece(i + j * THREADS);
}

struct Count {
    unsigned long long value;
    __device__ ulonglong2 operator()(size_t i) const { return {value + 2 * i, value + 2 * i + 1}; }
};
struct Copy {
    const ulonglong2 *a;
    __device__ ulonglong2 operator()(size_t i) const { return __ldcs(a + i); }
};
struct Triad {
    const ulonglong2 *a, *b;
    __device__ ulonglong2 operator()(size_t i) const {
        ulonglong2 p = __ldcs(a + i), q = __ldcs(b + i);
        return {p.x + 3 * q.x, p.y + 3 * q.y};
    }
};

__global__ void poison(uint32_t *to, size_t n, uint32_t value) {
    for (size_t i = blockIdx.x * size_t(blockDim.x) + threadIdx.x; i < n; i += size_t(gridDim.x) * blockDim.x)
        to[i] = value;
}

template <class Word> __global__ void count_bad(const Word *at, size_t n, Word exponent, unsigned long long *bad) {
    unsigned long long mine = 0;
    for (size_t i = blockIdx.x * size_t(blockDim.x) + threadIdx.x; i < n; i += size_t(gridDim.x) * blockDim.x)
        mine += (at[i] & exponent) == exponent;
    add_sum(mine, bad);
}

} // namespace

int kernel_fill(kernel_stream s, int blocks, void *to, size_t words, uint64_t seed, unsigned long long *sum) {
    fill<<<blocks, THREADS, 0, s>>>(static_cast<unsigned long long *>(to), words, seed, sum);
    return cudaGetLastError();
}

int kernel_read(kernel_stream s, int blocks, const void *from, size_t pieces, unsigned long long *sum) {
    read<<<blocks, THREADS, 0, s>>>(static_cast<const ulonglong2 *>(from), pieces, sum);
    return cudaGetLastError();
}

int kernel_write(kernel_stream s, int blocks, void *to, size_t pieces, uint64_t value) {
    make<<<blocks, THREADS, 0, s>>>(static_cast<ulonglong2 *>(to), pieces, Count{value});
    return cudaGetLastError();
}

int kernel_copy(kernel_stream s, int blocks, void *to, const void *from, size_t pieces) {
    make<<<blocks, THREADS, 0, s>>>(static_cast<ulonglong2 *>(to), pieces, Copy{static_cast<const ulonglong2 *>(from)});
    return cudaGetLastError();
}

int kernel_triad(kernel_stream s, int blocks, void *to, const void *a, const void *b, size_t pieces) {
    Triad triad{static_cast<const ulonglong2 *>(a), static_cast<const ulonglong2 *>(b)};
    make<<<blocks, THREADS, 0, s>>>(static_cast<ulonglong2 *>(to), pieces, triad);
    return cudaGetLastError();
}

int kernel_poison(kernel_stream s, void *to, size_t words, uint32_t value) {
    poison<<<256, 256, 0, s>>>(static_cast<uint32_t *>(to), words, value);
    return cudaGetLastError();
}

int kernel_count_bad(kernel_stream s, const void *at, size_t n, int wide, unsigned long long *bad) {
    if (wide)
        count_bad<uint32_t><<<256, 256, 0, s>>>(static_cast<const uint32_t *>(at), n, 0x7F800000U, bad);
    else
        count_bad<uint16_t><<<256, 256, 0, s>>>(static_cast<const uint16_t *>(at), n, uint16_t(0x7F80), bad);
    return cudaGetLastError();
}
