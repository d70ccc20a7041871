/* What the device's kernels are made of, on the host: number formats bit for bit, lists of work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "cuda/kernels/unpack.h"
#include "cuda/kernels/work.h"
#include "cuda/number.h"
#include "cuda/router.h"

static double half_value(uint16_t bits) { /* fp16: 5 bits of exponent, bias 15 */
    int exponent = bits >> 10 & 31, mantissa = bits & 1023;
    double size = exponent ? ldexp(1024 + mantissa, exponent - 25) : ldexp(mantissa, -24);
    return bits & 0x8000 ? -size : size;
}

/* Every code but NaN, in all four places of a word, beside a neighbour that must not leak into it. */
static void test_fp8(void **state) {
    (void)state;
    for (uint32_t code = 0; code < 256; code++)
        for (int place = 0; place < 4 && (code & 0x7F) != 0x7F; place++) {
            uint32_t others = 0xA5A5A5A5U & ~(0xFFU << (8 * place)), two = unpack_fp8(others | code << (8 * place), place / 2);
            double have = (double)UNPACK_FP8_SCALE * half_value((uint16_t)(two >> (16 * (place % 2))));
            assert_true(have == (double)e4m3_value((uint8_t)code));
            assert_true((double)UNPACK_FP8_SCALE * half_value((uint16_t)(two >> (16 * (1 - place % 2)))) == (double)e4m3_value(0xA5));
        }
}

/* Weight i of eight is nibble i/2, or 4 + i/2 where i is odd: of 0x76543210, 0 4 1 5 2 6 3 7, less 8. */
static void test_int4(void **state) {
    static const int want[8] = {-8, -4, -7, -3, -6, -2, -5, -1};
    const uint32_t word = 0x76543210U, words[] = {0, 0xFFFFFFFFU, 0x76543210U, 0x8F1E2D3CU};
    (void)state;
    for (int i = 0; i < 8; i++)
        assert_int_equal(unpack_int4_value(word, i), want[i]);
    for (int w = 0; w < 4; w++)
        for (int i = 0; i < 8; i++) {
            double have = half_value((uint16_t)(unpack_int4(words[w], i / 2) >> (16 * (i % 2)))) - half_value((uint16_t)UNPACK_INT4_OFFSET);
            assert_true(have == unpack_int4_value(words[w], i));
        }
}

static void test_half(void **state) { /* the vectors: multiples of 1/1024 in [-1, 1] */
    (void)state;
    for (int i = -1024; i <= 1024; i++)
        assert_true(half_value(unpack_half_bits((float)i / 1024)) == i / 1024.0);
}

/* Every assignment in one chunk, each chunk of one expert, no more of them than there is room. */
static void work_judge(const int *counts, int experts) {
    struct work_chunk list[256];
    char seen[1024] = {0};
    int first = 0, chunks = 0;
    for (int e = 0; e < experts; e++) {
        work_fill(list, chunks, e, first, counts[e]);
        chunks += work_chunks_of(counts[e]);
        first += counts[e];
    }
    assert_true(chunks <= work_chunks_max(first, experts));
    for (int i = 0; i < chunks; i++) {
        int at = 0;
        for (int e = 0; e < list[i].expert; e++)
            at += counts[e];
        assert_in_range(list[i].count, 1, WORK_TOKENS);
        assert_true(list[i].first >= at && list[i].first + list[i].count <= at + counts[list[i].expert]);
        for (int j = 0; j < list[i].count; j++)
            assert_int_equal(seen[list[i].first + j]++, 0);
    }
    for (int i = 0; i < first; i++)
        assert_int_equal(seen[i], 1);
}

static void test_work(void **state) {
    static const int even[] = {4, 4, 4, 4}, one[] = {0, 300, 0}, edges[] = {0, 7, 8, 9, 0, 16, 17, 1}, single[] = {0, 0, 1};
    (void)state;
    work_judge(even, 4);
    work_judge(one, 3);
    work_judge(edges, 8);
    work_judge(single, 3);
}

static void test_items(void **state) { /* 5 chunks x 7 tiles: each pair once, an expert's tile together */
    char seen[5][7] = {{0}};
    int before = 0;
    (void)state;
    for (int i = 0; i < 35; i++) {
        int chunk, tile;
        work_item(i, 5, &chunk, &tile);
        assert_int_equal(seen[chunk][tile]++, 0);
        assert_true(tile >= before);
        before = tile;
    }
}

/* Parts tile the context, whole pieces each: 100 tokens in pieces of 16 are 7 pieces; over 3 parts 48, 48 and 4. */
static void test_split(void **state) {
    int from, to, at = 0;
    (void)state;
    work_split(100, 16, 2, 3, &from, &to);
    assert_int_equal(from, 96);
    assert_int_equal(to, 100);
    for (int parts = 1; parts < 20; parts++, at = 0) {
        for (int i = 0; i < parts; i++, at = to) {
            work_split(100, 16, i, parts, &from, &to);
            assert_int_equal(from, at);
            assert_true(to >= from);
        }
        assert_int_equal(at, 100);
    }
}

/* The order in which a warp picks is the router's own: 32 lanes, each its experts in turn, ties to the lowest id. */
static void test_before(void **state) {
    static const float logits[] = {1, 3, 3, 2, 3, 1, 0, 2};
    int32_t ids[4];
    float weights[4];
    int taken = 0;
    (void)state;
    router_select(logits, 8, 4, ids, weights);
    for (int j = 0; j < 4; j++) {
        int best = -1;
        for (int e = 7; e >= 0; e--)
            if (!(taken >> e & 1) && (best < 0 || work_before(logits[e], e, logits[best], best)))
                best = e;
        assert_int_equal(best, ids[j]);
        taken |= 1 << best;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fp8),  cmocka_unit_test(test_int4),  cmocka_unit_test(test_half),   cmocka_unit_test(test_work),
        cmocka_unit_test(test_items), cmocka_unit_test(test_split), cmocka_unit_test(test_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
