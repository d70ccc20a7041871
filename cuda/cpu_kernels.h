/* The CPU's inner loops. One source is compiled per instruction set; the best that this CPU has is chosen at
 * run time. */
#ifndef MOESCOPE_CUDA_CPU_KERNELS_H
#define MOESCOPE_CUDA_CPU_KERNELS_H

#include <stddef.h>
#include <stdint.h>

struct cpu_kernels {
    const char *name;
    /* Wrap-around sum of n words. */
    uint64_t (*sum)(const uint64_t *from, size_t n);
    /* n bytes, n a multiple of 64, both on 64-byte boundaries; past the caches where the instruction set can.
     */
    void (*copy)(void *to, const void *from, size_t n);
    /* a = b + s*c, n a multiple of 16, all on 64-byte boundaries; past the caches where the instruction set
     * can. */
    void (*triad)(float *a, const float *b, const float *c, float s, size_t n);
    /* n (a multiple of 4) random bf16 in [-1, 1): word i holds values 4*i..4*i+3. Returns their wrap-around
     * sum as words. */
    uint64_t (*fill)(uint64_t *to, size_t words, uint64_t seed, uint64_t first);
    /* y[t][r] = sum_i w[r][i] * x[t][i], bf16 weights, fp32 sums: r < rows, t < m; rows of y `ldy` apart. */
    void (*rows_bf16)(const uint16_t *w, size_t rows, size_t k, const float *x, size_t m, float *y,
                      size_t ldy);
    /* The same of INT4 in groups of 128 (number.h), scales[r][k/128] in bf16; k a multiple of 128. */
    void (*rows_int4)(const uint32_t *w, const uint16_t *scales, size_t rows, size_t k, const float *x,
                      size_t m, float *y, size_t ldy);
    /* The same of e4m3 with one fp32 scale per group of 128 of a row's block: scales[k/128] for all these
     * rows. */
    void (*rows_fp8)(const uint8_t *w, const float *scales, size_t rows, size_t k, const float *x, size_t m,
                     float *y, size_t ldy);
    /* out[g][d] = keep[g]*out[g][d] + sum_t p[g][t] * v[t][d], bf16 v; rows of v `ldv`, of p `ldp` apart;
     * width a multiple of 16. */
    void (*mix_bf16)(const uint16_t *v, size_t ldv, size_t n, size_t width, const float *p, size_t ldp,
                     size_t groups, const float *keep, float *out);
    /* values = exp(values*scale - max), in place; returns their sum. exp to 3e-7. */
    float (*exp_sum)(float *values, size_t n, float scale, float max);
    /* gate = gate*sigmoid(gate)*up, in place. */
    void (*swiglu)(float *gate, const float *up, size_t n);
};

extern const struct cpu_kernels cpu_kernels_base, cpu_kernels_avx2, cpu_kernels_avx512;

/* The kernels that run here, best first, NULL at the end. */
const struct cpu_kernels *const *cpu_kernels_list(void);

#endif
