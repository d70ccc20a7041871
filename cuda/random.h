/* Random numbers by counter: the value at an index depends on seed and index alone, so that any thread, or a
 * GPU, can make any part of the data. splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
#ifndef MOESCOPE_CUDA_RANDOM_H
#define MOESCOPE_CUDA_RANDOM_H

#include <stdint.h>

#include "cuda/both.h"

BOTH uint64_t random_bits(uint64_t seed, uint64_t index) {
    uint64_t z = seed + (index + 1) * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* In (0, 1). */
BOTH double random_unit(uint64_t seed, uint64_t index) {
    return ((double)(random_bits(seed, index) >> 11) + 0.5) * 0x1p-53;
}

/* In [-1, 1). */
BOTH float random_signed(uint64_t seed, uint64_t index) {
    return (float)((int64_t)(random_bits(seed, index) >> 40) - (1 << 23)) * 0x1p-23F;
}

/* In [0, n), n < 2^32; the bias is below n * 2^-32. */
BOTH uint32_t random_below(uint64_t seed, uint64_t index, uint32_t n) {
    return (uint32_t)(((random_bits(seed, index) >> 32) * n) >> 32);
}

#endif
