/* Compiled once per instruction set, as KERNELS, with vectors of LANES floats. */
#include "cuda/cpu_kernels.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "cuda/number.h"
#include "cuda/random.h"

#if defined __AVX512F__
#include <immintrin.h>
enum { LANES = 16, BLOCK_ROWS = 4, BLOCK_M = 6 }; /* 24 sums, 4 weights and one x in 32 registers */
#define KERNELS cpu_kernels_avx512
#define KERNELS_NAME "avx512"
#elif defined __AVX2__
#include <immintrin.h>
enum { LANES = 8, BLOCK_ROWS = 2, BLOCK_M = 6 };
#define KERNELS cpu_kernels_avx2
#define KERNELS_NAME "avx2"
#else
enum { LANES = 4, BLOCK_ROWS = 2, BLOCK_M = 6 };
#define KERNELS cpu_kernels_base
#define KERNELS_NAME "base"
#endif

#define INLINE static inline __attribute__((always_inline))

/* Vectors as they lie in memory, on any boundary. */
typedef float lanes_f __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef uint32_t lanes_u __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef int32_t lanes_i __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef uint16_t lanes_h __attribute__((vector_size(LANES * 2), aligned(2), may_alias));
typedef uint8_t lanes_b __attribute__((vector_size(LANES), aligned(1), may_alias));
typedef uint64_t words __attribute__((vector_size(LANES * 4), aligned(8), may_alias));

INLINE lanes_f load_f(const float *at) {
    return *(const lanes_f *)at;
}

/* By hand where compilers make it from two halves. */
INLINE lanes_f load_bf16(const uint16_t *at) {
#if defined __AVX512F__
    return (lanes_f)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)at)), 16);
#elif defined __AVX2__
    return (lanes_f)_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)at)), 16);
#else
    return (lanes_f)(__builtin_convertvector(*(const lanes_h *)at, lanes_u) << 16);
#endif
}

INLINE lanes_f spread(float value) {
    return value - (lanes_f){0};
}

INLINE float total(lanes_f v) {
    float sum = 0;
    for (int i = 0; i < LANES; i++)
        sum += v[i];
    return sum;
}

/* --- streams -------------------------------------------------------------------------------------------- */

/* Eight sums, so that additions need not wait for each other. */
static uint64_t stream_sum(const uint64_t *from, size_t n) {
    enum { WORDS = sizeof(words) / 8, STEP = 8 * WORDS };
    words sum[8] = {{0}};
    uint64_t all = 0;
    size_t i = 0;
    for (; i + STEP <= n; i += STEP)
        for (size_t j = 0; j < 8; j++)
            sum[j] += *(const words *)(from + i + j * WORDS);
    for (size_t j = 0; j < 8; j++)
        for (size_t w = 0; w < WORDS; w++)
            all += sum[j][w];
    for (; i < n; i++)
        all += from[i];
    return all;
}

static void stream_copy(void *to, const void *from, size_t n) {
#if defined __AVX512F__
    for (size_t i = 0; i < n; i += 64)
        _mm512_stream_si512((void *)((char *)to + i), _mm512_load_si512((const char *)from + i));
    _mm_sfence();
#elif defined __AVX2__
    for (size_t i = 0; i < n; i += 32)
        _mm256_stream_si256((void *)((char *)to + i),
                            _mm256_load_si256((const void *)((const char *)from + i)));
    _mm_sfence();
#else
    memcpy(to, from, n);
#endif
}

static void stream_triad(float *a, const float *b, const float *c, float s, size_t n) {
    for (size_t i = 0; i < n; i += LANES) {
        lanes_f v = load_f(b + i) + s * load_f(c + i);
#if defined __AVX512F__
        _mm512_stream_ps(a + i, (__m512)v);
#elif defined __AVX2__
        _mm256_stream_ps(a + i, (__m256)v);
#else
        *(lanes_f *)(a + i) = v;
#endif
    }
#if defined __AVX2__
    _mm_sfence();
#endif
}

/* Four values of 16 random bits: as fixed point in [-1, 1), rounded to bf16. */
static uint64_t stream_fill(uint64_t *to, size_t n, uint64_t seed, uint64_t first) {
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = random_bits(seed, first + i), word = 0;
        for (int j = 0; j < 4; j++)
            word |= (uint64_t)bf16_round((float)(int16_t)(bits >> (16 * j)) * 0x1p-15F) << (16 * j);
        sum += to[i] = word;
    }
    return sum;
}

/* --- rows of weights times a few vectors ---------------------------------------------------------------- */

/* A weight row is read in order and well ahead: several rows side by side, or the prefetcher alone, get three
 * quarters of what memory gives to a plain sum. Past the end it asks for memory that may not be there, which
 * does no harm. */
enum { AHEAD = 4096 };

INLINE void prefetch(const void *at) {
    __builtin_prefetch((const char *)at + AHEAD);
}

/* R rows and M vectors at once, U vectors along k: each weight is converted once and each sum stays in a
 * register. */
INLINE void block_bf16(const uint16_t *w, size_t k, const float *x, float *y, size_t ldy, const int R,
                       const int M, const int U) {
    lanes_f sum[24] = {{0}};
    size_t i = 0, step = (size_t)(LANES * U);
    for (; i + step <= k; i += step)
        for (int u = 0; u < U; u++) {
            size_t at = i + (size_t)(LANES * u);
            lanes_f row[4];
            if (U > 1 && (LANES == 16 || u % 2 == 0))
                prefetch(w + at);
            for (int r = 0; r < R; r++)
                row[r] = load_bf16(w + (size_t)r * k + at);
            for (int t = 0; t < M; t++) {
                lanes_f v = load_f(x + (size_t)t * k + at);
                for (int r = 0; r < R; r++)
                    sum[(r * M + t) * U + u] += row[r] * v;
            }
        }
    for (int r = 0; r < R; r++)
        for (int t = 0; t < M; t++) {
            lanes_f part = sum[(r * M + t) * U];
            for (int u = 1; u < U; u++)
                part += sum[(r * M + t) * U + u];
            float all = total(part);
            for (size_t j = i; j < k; j++)
                all += bf16_value(w[(size_t)r * k + j]) * x[(size_t)t * k + j];
            y[(size_t)t * ldy + (size_t)r] = all;
        }
}

/* All rows, R at a time, for M vectors. A macro, so that R, M and U are constants inside and the loops
 * unroll. */
#define ROWS_BF16(R, M, U)                                                                                   \
    static void rows_bf16_##M(const uint16_t *w, size_t rows, size_t k, const float *x, float *y,            \
                              size_t ldy) {                                                                  \
        size_t r = 0;                                                                                        \
        for (; r + R <= rows; r += R)                                                                        \
            block_bf16(w + r * k, k, x, y + r, ldy, R, M, U);                                                \
        for (; r < rows; r++)                                                                                \
            block_bf16(w + r * k, k, x, y + r, ldy, 1, M, U);                                                \
    }
ROWS_BF16(1, 1, 4)
ROWS_BF16(1, 2, 4)
ROWS_BF16(1, 3, 4)
ROWS_BF16(1, 4, 4)
ROWS_BF16(BLOCK_ROWS, 6, 1)

typedef void rows_bf16_fixed(const uint16_t *, size_t, size_t, const float *, float *, size_t);

static void rows_bf16(const uint16_t *w, size_t rows, size_t k, const float *x, size_t m, float *y,
                      size_t ldy) {
    static rows_bf16_fixed *const narrow[] = {NULL, rows_bf16_1, rows_bf16_2, rows_bf16_3, rows_bf16_4};
    while (m) {
        size_t left = m < BLOCK_M ? m : BLOCK_M;
        if (left == 5)
            left = 3;
        if (left > 4)
            rows_bf16_6(w, rows, k, x, y, ldy);
        else
            narrow[left](w, rows, k, x, y, ldy);
        x += left * k;
        y += left * ldy;
        m -= left;
    }
}

/* Sixteen neighbours, the nibbles `shift` of 16 words, as 16/LANES vectors. */
INLINE lanes_f int4_lanes(const uint32_t *at, int shift) {
    lanes_u bits = *(const lanes_u *)at >> (uint32_t)shift;
#if defined __AVX512F__ /* the permutation looks at the low four bits only */
    const __m512 table = _mm512_setr_ps(-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7);
    return (lanes_f)_mm512_permutexvar_ps((__m512i)bits, table);
#else
    return __builtin_convertvector((lanes_i)(bits & 15) - 8, lanes_f);
#endif
}

/* Nibbles 4*S of a group: 16 neighbours, S a constant. */
#define INT4_STEP(S)                                                                                         \
    for (int h = 0; h < 16; h += LANES) {                                                                    \
        lanes_f value = int4_lanes(word + h, 4 * S);                                                         \
        for (int t = 0; t < M; t++)                                                                          \
            part[t][S % 2] += value * load_f(x + (size_t)t * k + g * INT4_GROUP + (size_t)(16 * S + h));     \
    }

/* One row, M vectors. */
INLINE void row_int4(const uint32_t *w, const uint16_t *scales, size_t k, const float *x, float *y,
                     size_t ldy, const int M) {
    lanes_f sum[4] = {{0}};
    for (size_t g = 0; g < k / INT4_GROUP; g++) {
        const uint32_t *word = w + g * INT4_GROUP_WORDS;
        lanes_f part[4][2] = {{{0}}};
        prefetch(word);
        INT4_STEP(0) INT4_STEP(1) INT4_STEP(2) INT4_STEP(3)
        INT4_STEP(4) INT4_STEP(5) INT4_STEP(6) INT4_STEP(7)
        float scale = bf16_value(scales[g]);
        for (int t = 0; t < M; t++)
            sum[t] += (part[t][0] + part[t][1]) * scale;
    }
    for (int t = 0; t < M; t++)
        y[(size_t)t * ldy] = total(sum[t]);
}

static void rows_int4(const uint32_t *w, const uint16_t *scales, size_t rows, size_t k, const float *x,
                      size_t m, float *y, size_t ldy) {
    size_t t = 0, groups = k / INT4_GROUP, words_a_row = groups * INT4_GROUP_WORDS;
    for (; t + 4 <= m; t += 4)
        for (size_t r = 0; r < rows; r++)
            row_int4(w + r * words_a_row, scales + r * groups, k, x + t * k, y + t * ldy + r, ldy, 4);
    for (; t < m; t++)
        for (size_t r = 0; r < rows; r++)
            row_int4(w + r * words_a_row, scales + r * groups, k, x + t * k, y + t * ldy + r, ldy, 1);
}

/* e4m3 times 2^-E4M3_UP. By way of fp16 where the CPU converts it: the bits are fp16's with another bias,
 * subnormals included. */
#if defined __F16C__
enum { E4M3_UP = 8 };
#else
enum { E4M3_UP = 0 };
#endif

INLINE lanes_f e4m3_lanes(const uint8_t *at) {
#if defined __AVX512F__
    __m256i wide = _mm256_slli_epi16(_mm256_cvtepi8_epi16(_mm_loadu_si128((const void *)at)), 7);
    return (lanes_f)_mm512_cvtph_ps(_mm256_and_si256(wide, _mm256_set1_epi16((short)0xBF80)));
#elif defined __F16C__
    __m128i wide = _mm_slli_epi16(_mm_cvtepi8_epi16(_mm_loadl_epi64((const void *)at)), 7);
    return (lanes_f)_mm256_cvtph_ps(_mm_and_si128(wide, _mm_set1_epi16((short)0xBF80)));
#else
    lanes_u bits = __builtin_convertvector(*(const lanes_b *)at, lanes_u);
    return (lanes_f)(((bits & 0x80) << 24) | ((bits & 0x7F) << 20)) * 0x1p120F;
#endif
}

/* Sixteen weights, at a constant offset within the group. */
#define FP8_STEP(S)                                                                                          \
    for (int h = 0; h < 16; h += LANES) {                                                                    \
        size_t at = g * 128 + (size_t)(16 * S + h);                                                          \
        lanes_f value = e4m3_lanes(w + at);                                                                  \
        for (int t = 0; t < M; t++)                                                                          \
            part[t][S % 2] += value * load_f(x + (size_t)t * k + at);                                        \
    }

INLINE void row_fp8(const uint8_t *w, const float *scales, size_t k, const float *x, float *y, size_t ldy,
                    const int M) {
    lanes_f sum[4] = {{0}};
    for (size_t g = 0; g < k / 128; g++) {
        lanes_f part[4][2] = {{{0}}};
        prefetch(w + g * 128);
        prefetch(w + g * 128 + 64);
        FP8_STEP(0) FP8_STEP(1) FP8_STEP(2) FP8_STEP(3)
        FP8_STEP(4) FP8_STEP(5) FP8_STEP(6) FP8_STEP(7)
        float scale =
            scales[g] * (float)(1 << E4M3_UP);
        for (int t = 0; t < M; t++)
            sum[t] += (part[t][0] + part[t][1]) * scale;
    }
    for (int t = 0; t < M; t++)
        y[(size_t)t * ldy] = total(sum[t]);
}

static void rows_fp8(const uint8_t *w, const float *scales, size_t rows, size_t k, const float *x, size_t m,
                     float *y, size_t ldy) {
    size_t t = 0;
    for (; t + 4 <= m; t += 4)
        for (size_t r = 0; r < rows; r++)
            row_fp8(w + r * k, scales, k, x + t * k, y + t * ldy + r, ldy, 4);
    for (; t < m; t++)
        for (size_t r = 0; r < rows; r++)
            row_fp8(w + r * k, scales, k, x + t * k, y + t * ldy + r, ldy, 1);
}

/* --- attention and activations -------------------------------------------------------------------------- */

/* G query heads share each value as it is converted; D vectors of the width at once, so that sums do not wait
 * for each other. */
INLINE void mix_block(const uint16_t *v, size_t ldv, size_t n, const float *p, size_t ldp, const float *keep,
                      float *out, size_t width, const int G, const int D) {
    lanes_f sum[16];
    for (int g = 0; g < G; g++)
        for (int d = 0; d < D; d++)
            sum[g * D + d] = load_f(out + (size_t)g * width + (size_t)(LANES * d)) * keep[g];
    for (size_t t = 0; t < n; t++)
        for (int d = 0; d < D; d++) {
            lanes_f value = load_bf16(v + t * ldv + (size_t)(LANES * d));
            for (int g = 0; g < G; g++)
                sum[g * D + d] += p[(size_t)g * ldp + t] * value;
        }
    for (int g = 0; g < G; g++)
        for (int d = 0; d < D; d++)
            *(lanes_f *)(out + (size_t)g * width + (size_t)(LANES * d)) = sum[g * D + d];
}

#define MIX(G, D) mix_block(v + d, ldv, n, p + g * ldp, ldp, keep + g, out + g * width + d, width, G, D)

static void mix_bf16(const uint16_t *v, size_t ldv, size_t n, size_t width, const float *p, size_t ldp,
                     size_t groups, const float *keep, float *out) {
    for (size_t g = 0, d; g < groups; g += groups - g >= 4 ? 4 : 1) {
        bool four = groups - g >= 4;
        for (d = 0; d + 4 * LANES <= width; d += 4 * LANES)
            four ? MIX(4, 4) : MIX(1, 4);
        for (; d < width; d += LANES)
            four ? MIX(4, 1) : MIX(1, 1);
    }
}

/* exp(x) for x <= 0 and a little above: 2^n * 2^f, 2^f on [-0.5, 0.5] by its Taylor series to the 7th power
 * (error 1e-8). */
INLINE lanes_f exp_lanes(lanes_f x) {
    lanes_f scaled = x * 1.44269504F;
    lanes_i low = scaled < -126.0F;
    scaled = (lanes_f)(((lanes_i)scaled & ~low) | ((lanes_i)spread(-126.0F) & low));
    lanes_f rounded = (scaled + 12582912.0F) - 12582912.0F; /* to nearest, by pushing the fraction out */
    lanes_f f = (scaled - rounded) * 0.693147181F;
    lanes_f e =
        1 + f * (1 + f * (0.5F + f * (1.6666667e-1F +
                                      f * (4.1666667e-2F +
                                           f * (8.3333333e-3F + f * (1.3888889e-3F + f * 1.984127e-4F))))));
    lanes_i power = (__builtin_convertvector(rounded, lanes_i) + 127) << 23;
    return e * (lanes_f)power;
}

static float exp_sum(float *values, size_t n, float scale, float max) {
    lanes_f sum = {0};
    float rest = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        sum += *(lanes_f *)(values + i) = exp_lanes(load_f(values + i) * scale - max);
    for (; i < n; i++)
        rest += values[i] = expf(values[i] * scale - max);
    return total(sum) + rest;
}

static void swiglu(float *gate, const float *up, size_t n) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        lanes_f g = load_f(gate + i), minus = -g;
        lanes_i high = minus > 80.0F; /* e^80 is still a float; the sigmoid is 0 to all its digits */
        minus = (lanes_f)(((lanes_i)minus & ~high) | ((lanes_i)spread(80.0F) & high));
        *(lanes_f *)(gate + i) = g / (1 + exp_lanes(minus)) * load_f(up + i);
    }
    for (; i < n; i++)
        gate[i] = gate[i] / (1 + expf(-gate[i])) * up[i];
}

const struct cpu_kernels KERNELS = {
    .name = KERNELS_NAME,
    .sum = stream_sum,
    .copy = stream_copy,
    .triad = stream_triad,
    .fill = stream_fill,
    .rows_bf16 = rows_bf16,
    .rows_int4 = rows_int4,
    .rows_fp8 = rows_fp8,
    .mix_bf16 = mix_bf16,
    .exp_sum = exp_sum,
    .swiglu = swiglu,
};
