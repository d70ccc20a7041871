/* Number formats of weights, one at a time; the kernels have their own, many at a time, and are checked
 * against these. */
#ifndef MOESCOPE_CUDA_NUMBER_H
#define MOESCOPE_CUDA_NUMBER_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "cuda/both.h"

BOTH float bf16_value(uint16_t bits) {
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

/* To nearest, ties to even. Finite values only. */
BOTH uint16_t bf16_round(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (uint16_t)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

/* OCP 8-bit float e4m3: bias 7, no infinities, 0x7F and 0xFF are NaN, subnormals in steps of 2^-9. */
BOTH float e4m3_value(uint8_t bits) {
    int exponent = (bits >> 3) & 15, mantissa = bits & 7;
    if ((bits & 0x7F) == 0x7F)
        return NAN;
    float size = exponent ? ldexpf((float)(8 + mantissa), exponent - 10) : ldexpf((float)mantissa, -9);
    return bits & 0x80 ? -size : size;
}

/* INT4 in groups of 128: 16 words of 32 bits, and nibble s of word j is weight 16*s + j, so that one 64-byte
 * load and eight shifts give eight vectors of 16 neighbours. Stored with offset 8: -8..7. */
enum { INT4_GROUP = 128, INT4_GROUP_WORDS = 16 };

BOTH int int4_value(const uint32_t *group, int at) {
    return (int)((group[at % 16] >> (at / 16 * 4)) & 15) - 8;
}

#endif
