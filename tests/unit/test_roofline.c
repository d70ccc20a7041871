/* The roof of a GPU and where operators lie under it, by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/roofline.h"
#include "fixture.h"

/* A100: 312 TFLOP/s over 2039 GB/s = 153.0 FLOP per byte. At 10 FLOP per byte 20.39 TFLOP/s. */
static void the_roof_of_an_a100(void **state) {
    struct deployment d = deployment_of(&mixtral, &a100, 2);
    struct roof r = roof_of(&d);
    (void)state;
    assert_true(fabs(r.ridge - 153.0) < 0.05);
    assert_true(fabs(roof_rate(&r, 10) - 20.39e12) < 1e6);
    assert_true(roof_rate(&r, 1000) == 312e12 && roof_rate(&r, r.ridge) == 312e12);
}

/* FP8 experts beside 16-bit weights: the faster path, 1979 TFLOP/s of an H100; a dense model's experts' format does not
 * count. */
static void the_faster_path_is_the_peak(void **state) {
    struct deployment d = deployment_of(&mixtral, &h100, 2), dense = deployment_of(&llama70b, &h100, 4);
    (void)state;
    d.weights_experts = dense.weights_experts = &fp8_block;
    assert_true(roof_of(&d).peak == 1979e12);
    assert_true(roof_of(&dense).peak == 989e12);
}

/* 3 calls of 100 FLOP, 50 bytes, 2 s: 2 FLOP per byte, 50 FLOP/s, 6 s of the step. */
static void a_point(void **state) {
    struct op op = {.calls = 3, .flop = 100, .bytes = 50, .seconds = 2};
    struct roof_point p;
    (void)state;
    assert_true(roof_point_make(&op, &p));
    assert_true(p.intensity == 2 && p.rate == 50 && p.seconds == 6);
    op.bytes = 0;
    assert_false(roof_point_make(&op, &p)); /* a collective reads no memory of its own */
    op = (struct op){.flop = 100, .bytes = 50, .seconds = 2};
    assert_false(roof_point_make(&op, &p)); /* no call: the model has no such operator */
}

/* Without losses no operator lies above the roof. */
static void no_operator_breaks_through(void **state) {
    static struct load_cache cache;
    static struct estimate e;
    struct deployment d = deployment_of(&mixtral, &a100, 2);
    const struct roof r = roof_of(&d);
    int points = 0;
    (void)state;
    for (d.batch = 1; d.batch <= 512; d.batch *= 8) {
        estimate(&d, &cache, &e);
        assert_true(e.feasible);
        for (int k = 0; k < OP_COUNT; k++) {
            struct roof_point p;
            if (!roof_point_make(&e.decode.op[k], &p))
                continue;
            points++;
            if (p.rate > roof_rate(&r, p.intensity) * 1.0001)
                fail_msg("%s at batch %d: %g FLOP/s of %g", op_names[k], d.batch, p.rate, roof_rate(&r, p.intensity));
        }
    }
    assert_true(points > 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_roof_of_an_a100),
                                       cmocka_unit_test(the_faster_path_is_the_peak), cmocka_unit_test(a_point),
                                       cmocka_unit_test(no_operator_breaks_through)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
