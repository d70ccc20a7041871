/* Every set of inner loops that runs here, against double precision, at shapes that do not divide. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cuda/check.h"
#include "cuda/cpu_kernels.h"
#include "cuda/cpu_pool.h"
#include "cuda/number.h"
#include "cuda/random.h"

static void fill_bf16(uint16_t *to, size_t n) {
    for (size_t i = 0; i < n; i++)
        to[i] = bf16_round(random_signed(1, i));
}

static void fill_float(float *to, size_t n, float size) {
    for (size_t i = 0; i < n; i++)
        to[i] = size * random_signed(2, i);
}

typedef double weight_function(const void *w, const void *scales, size_t k, size_t r, size_t i);

static double weight_bf16(const void *w, const void *scales, size_t k, size_t r, size_t i) {
    (void)scales;
    return (double)bf16_value(((const uint16_t *)w)[r * k + i]);
}

static double weight_int4(const void *w, const void *scales, size_t k, size_t r, size_t i) {
    size_t group = r * (k / INT4_GROUP) + i / INT4_GROUP;
    return int4_value((const uint32_t *)w + group * INT4_GROUP_WORDS, (int)(i % INT4_GROUP)) *
           (double)bf16_value(((const uint16_t *)scales)[group]);
}

static double weight_fp8(const void *w, const void *scales, size_t k, size_t r, size_t i) {
    return (double)e4m3_value(((const uint8_t *)w)[r * k + i]) * (double)((const float *)scales)[i / 128];
}

static void assert_product(const char *what, const struct check_output *y, size_t ldy, size_t rows, size_t k,
                           const float *x, size_t m, weight_function *weight, const void *w,
                           const void *scales) {
    struct check_norm norm = {0};
    for (size_t t = 0; t < m; t++)
        for (size_t r = 0; r < rows; r++) {
            double want = 0;
            for (size_t i = 0; i < k; i++)
                want += weight(w, scales, k, r, i) * (double)x[t * k + i];
            check_norm_add(&norm, (double)y->values[t * ldy + r], want);
        }
    if (!(check_norm_value(&norm) <= CHECK_LIMIT_FP32))
        fail_msg("%s, %zu rows of %zu, m = %zu: relF %g", what, rows, k, m, check_norm_value(&norm));
    assert_int_equal(check_output_bad(y, 0), 0); /* nothing beside the rows was written */
}

enum { ROWS_MAX = 9, K_MAX = 513, M_MAX = 17 };

static void rows_bf16_are_right(void **state) {
    static const size_t ks[] = {1, 15, 16, 31, 64, 128, 200, 513},
                        ms[] = {1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 16, 17}, rows[] = {1, 3, 4, 9};
    static uint16_t w[ROWS_MAX * K_MAX];
    static float x[M_MAX * K_MAX];
    (void)state;
    fill_bf16(w, ROWS_MAX * K_MAX);
    fill_float(x, M_MAX * K_MAX, 1);
    for (const struct cpu_kernels *const *k = cpu_kernels_list(); *k; k++)
        for (size_t a = 0; a < 8 * 12 * 4; a++) {
            size_t width = ks[a % 8], m = ms[a / 8 % 12], n = rows[a / 96];
            struct check_output y;
            assert_true(check_output_open(&y, m * n));
            (*k)->rows_bf16(w, n, width, x, m, y.values, n);
            assert_product((*k)->name, &y, n, n, width, x, m, weight_bf16, w, NULL);
            check_output_close(&y);
        }
}

static void quantised_rows_are_right(void **state) {
    static const size_t ms[] = {1, 2, 4, 5, 16};
    static uint32_t int4[ROWS_MAX * 384 / 8];
    static uint8_t fp8[ROWS_MAX * 384];
    static uint16_t int4_scales[ROWS_MAX * 3];
    static float fp8_scales[3] = {0.5F, 2, 1.25F}, x[M_MAX * 384];
    (void)state;
    for (size_t i = 0; i < ROWS_MAX * 384 / 8; i++)
        int4[i] = (uint32_t)random_bits(3, i);
    for (size_t i = 0; i < ROWS_MAX * 384; i++) { /* every value, subnormals included, but no NaN */
        fp8[i] = (uint8_t)i;
        if ((fp8[i] & 0x7F) == 0x7F)
            fp8[i] ^= 1;
    }
    fill_bf16(int4_scales, ROWS_MAX * 3);
    fill_float(x, M_MAX * 384, 1);
    for (const struct cpu_kernels *const *k = cpu_kernels_list(); *k; k++)
        for (size_t a = 0; a < 10; a++) {
            size_t m = ms[a / 2], width = a % 2 ? 384 : 128;
            struct check_output y;
            assert_true(check_output_open(&y, m * ROWS_MAX));
            (*k)->rows_int4(int4, int4_scales, ROWS_MAX, width, x, m, y.values, ROWS_MAX);
            assert_product((*k)->name, &y, ROWS_MAX, ROWS_MAX, width, x, m, weight_int4, int4, int4_scales);
            check_output_poison(&y);
            (*k)->rows_fp8(fp8, fp8_scales, ROWS_MAX, width, x, m, y.values, ROWS_MAX);
            assert_product((*k)->name, &y, ROWS_MAX, ROWS_MAX, width, x, m, weight_fp8, fp8, fp8_scales);
            check_output_close(&y);
        }
}

static void mixing_is_right(void **state) {
    enum { TOKENS = 37, WIDTH = 80, LDP = 40 };
    static uint16_t v[TOKENS * WIDTH];
    static float p[9 * LDP], out[9 * WIDTH], keep[9];
    (void)state;
    fill_bf16(v, TOKENS * WIDTH);
    fill_float(p, 9 * LDP, 1);
    fill_float(keep, 9, 1);
    for (const struct cpu_kernels *const *k = cpu_kernels_list(); *k; k++)
        for (size_t groups = 1; groups <= 9; groups++) {
            struct check_norm norm = {0};
            for (size_t i = 0; i < groups * WIDTH; i++)
                out[i] = 1;
            (*k)->mix_bf16(v, WIDTH, TOKENS, WIDTH, p, LDP, groups, keep, out);
            for (size_t i = 0; i < groups * WIDTH; i++) {
                double want = (double)keep[i / WIDTH];
                for (size_t t = 0; t < TOKENS; t++)
                    want += (double)p[i / WIDTH * LDP + t] * (double)bf16_value(v[t * WIDTH + i % WIDTH]);
                check_norm_add(&norm, (double)out[i], want);
            }
            assert_true(check_norm_value(&norm) <= CHECK_LIMIT_FP32);
        }
}

/* Each value by itself, as a sum would hide small ones; the ends of the range too. */
static void exponentials_are_right(void **state) {
    enum { COUNT = 333 };
    float values[COUNT], gate[COUNT], up[COUNT];
    (void)state;
    for (const struct cpu_kernels *const *k = cpu_kernels_list(); *k; k++) {
        for (int i = 0; i < COUNT; i++) {
            values[i] = (float)i * -0.25F;
            gate[i] = (float)(i - COUNT / 2) * 0.7F;
            up[i] = 1 + (float)i / COUNT;
        }
        double sum = 0, have = (double)(*k)->exp_sum(values, COUNT, 0.5F, 1);
        for (int i = 0; i < COUNT; i++) {
            double want = exp((double)((float)i * -0.25F * 0.5F - 1));
            sum += want;
            assert_true(fabs((double)values[i] / want - 1) <
                        4e-6); /* the argument's own rounding at -42 is 2e-6 */
        }
        assert_true(fabs(have / sum - 1) < 1e-6);
        (*k)->swiglu(gate, up, COUNT);
        for (int i = 0; i < COUNT; i++) {
            double g = (double)((float)(i - COUNT / 2) * 0.7F), want = g / (1 + exp(-g)) * (double)up[i];
            assert_true(fabs((double)gate[i] - want) <= 1e-5 * fabs(want) + 1e-30);
        }
    }
}

static void streams_are_right(void **state) {
    enum { WORDS = 808 };
    uint64_t *from = aligned_alloc(64, WORDS * 8), *to = aligned_alloc(64, WORDS * 8);
    float *a = aligned_alloc(64, 1024 * 4), *b = aligned_alloc(64, 1024 * 4),
          *c = aligned_alloc(64, 1024 * 4);
    (void)state;
    fill_float(b, 1024, 1);
    fill_float(c, 1024, 3);
    for (const struct cpu_kernels *const *k = cpu_kernels_list(); *k; k++) {
        uint64_t sum = (*k)->fill(from, WORDS, 9, 4), want = 0;
        for (size_t i = 0; i < WORDS; i++)
            want += from[i];
        assert_true(sum == want);
        for (size_t i = 0; i < WORDS * 4; i++) { /* finite, within [-1, 1], not all alike */
            float v = bf16_value(((uint16_t *)from)[i]);
            assert_true(v >= -1 && v <= 1);
        }
        assert_true(from[0] != from[1]);
        for (size_t n = 0; n < WORDS; n += 101) {
            want = 0;
            for (size_t i = 0; i < n; i++)
                want += from[i];
            assert_true((*k)->sum(from, n) == want);
        }
        memset(to, 0, WORDS * 8);
        (*k)->copy(to, from, WORDS * 8);
        assert_memory_equal(to, from, WORDS * 8);
        (*k)->triad(a, b, c, 3, 1024);
        for (int i = 0; i < 1024; i++)
            assert_true(fabsf(a[i] - (b[i] + 3 * c[i])) < 1e-5F);
    }
    free(from), free(to), free(a), free(b), free(c);
}

/* --- the threads ---------------------------------------------------------------------------------------- */

static void count_task(void *context, size_t i) {
    __atomic_fetch_add(&((int *)context)[i], 1, __ATOMIC_RELAXED);
}

static void every_task_runs_once(void **state) {
    static const int threads[] = {1, 2, 3, 8};
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct cpu_pool *pool = cpu_pool_open(threads[i]);
        assert_non_null(pool);
        for (size_t n = 0; n < 60; n++) {
            int ran[60] = {0};
            assert_true(cpu_pool_run(pool, n, count_task, ran));
            for (size_t t = 0; t < 60; t++)
                assert_int_equal(ran[t], t < n);
        }
        cpu_pool_close(pool);
    }
    cpu_pool_close(NULL);
    assert_null(cpu_pool_open(0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_bf16_are_right), cmocka_unit_test(quantised_rows_are_right),
        cmocka_unit_test(mixing_is_right),     cmocka_unit_test(exponentials_are_right),
        cmocka_unit_test(streams_are_right),   cmocka_unit_test(every_task_runs_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
