/* Narrow weights made two fp16 numbers at a time, in the order in which the tensor cores take them. Plain integer work, the
 * same on host and device. */
#ifndef MOESCOPE_CUDA_UNPACK_H
#define MOESCOPE_CUDA_UNPACK_H

#include <stdint.h>
#include <string.h>

#include "cuda/both.h"

/* Two e4m3 of a word (bytes 2*pair, 2*pair + 1) as two fp16 of value * 2^-8: the exponent field is moved as it is, whose bias
 * is 8 less. Exact, subnormals too; not for NaN. Whoever uses it multiplies the sum by UNPACK_FP8_SCALE. */
#define UNPACK_FP8_SCALE 256.0F
BOTH uint32_t unpack_fp8(uint32_t word, int pair) {
    uint32_t two = word >> (16 * pair), wide = (two & 0xFF) << 8 | (two & 0xFF00) << 16;
    return (wide & 0x80008000U) | (wide & 0x7F007F00U) >> 1;
}

/* INT4 for the device: a word holds eight neighbouring weights of a row with offset 8; nibble i is weight 2i (i < 4), nibble
 * 4 + i is weight 2i + 1, so that a shift and a mask give neighbours in both halves. As fp16: 1024 + the nibble; whoever uses
 * it subtracts UNPACK_INT4_OFFSET from both halves, which is exact. */
#define UNPACK_INT4_OFFSET 0x64086408U /* 1032, 1032 */
BOTH uint32_t unpack_int4(uint32_t word, int pair) {
    return (word >> (4 * pair) & 0x000F000FU) | 0x64006400U;
}

BOTH int unpack_int4_value(uint32_t word, int i) { /* weight i of eight, one at a time */
    return (int)(word >> (4 * (i / 2 + i % 2 * 4)) & 15) - 8;
}

BOTH uint16_t unpack_half_bits(float value) { /* of a value that fp16 has exactly: 0, or a normal number */
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (uint16_t)(bits >> 16 & 0x8000) | (uint16_t)(value == 0 ? 0 : ((bits >> 13) & 0x3FFFF) - (112 << 10));
}

#endif
