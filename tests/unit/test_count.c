/* Counting from dimensions: every number here was worked out by hand from the formulas of physics sections 1 and 2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/count.h"
#include "core/memory.h"
#include "fixture.h"

static void assert_near(double is, double want, double tolerance) {
    if (!(fabs(is - want) <= tolerance))
        fail_msg("is %.9g, want %.9g +- %.3g", is, want, tolerance);
}

static void totals(void **state) {
    (void)state;
    /* Mixtral: 32 * (41,943,040 attention + 8 * 176,160,768 + 32,768 router + 8,192 norms) + 2 * 131,072,000 + 4,096 */
    assert_near(count_total(&mixtral), 46702792704.0, 0.5);
    assert_near(count_active(&mixtral), 46702792704.0 - 32 * 6 * 176160768.0 - 131072000.0, 0.5);
    assert_near(count_total(&llama70b), 70553706496.0, 0.5);
    assert_near(count_total(&deepseek) / 1e9, 671.026, 0.001);
    assert_near(count_active(&deepseek) / 1e9, 36.626, 0.001);
}

static void expert_is_three_matrices(void **state) {
    (void)state;
    assert_near(count_expert(&mixtral), 3.0 * 4096 * 14336, 0);
    assert_near(count_expert(&deepseek), 3.0 * 7168 * 2048, 0);
}

static void kv_elements(void **state) {
    (void)state;
    assert_near(count_kv_elements(&llama70b, 1), 2 * 8 * 128, 0);
    assert_near(count_kv_elements(&llama70b, 8), 2 * 128, 0);
    assert_near(count_kv_elements(&llama70b, 16), 2 * 128, 0); /* a head is not cut: it is kept on two GPUs */
    assert_near(count_kv_elements(&deepseek, 1), 576, 0);
    assert_near(count_kv_elements(&deepseek, 8), 576, 0); /* the latent is whole on every rank */
}

static void mla_down_projections_stay_whole(void **state) {
    (void)state;
    struct layer_params one, eight;
    count_layer(&deepseek, 1, 1, 1, &one);
    count_layer(&deepseek, 8, 8, 1, &eight);
    double down = 7168.0 * (1536 + 512 + 64);
    assert_near(eight.attention_in, down + (one.attention_in - down) / 8, 0.5);
    assert_near(down * 61 / 1e9, 0.923, 0.001); /* 0.92 GB in FP8 */
    assert_near(eight.experts * 8, one.experts, 0.5);
    assert_near(eight.router, one.router, 0);
}

static void attention_flop(void **state) {
    (void)state;
    /* per new token, cached token and layer */
    assert_near(count_attention_flop(&llama70b, 1, true), 4.0 * 64 * 128, 0);
    assert_near(count_attention_flop(&deepseek, 1, true), 2.0 * 128 * (576 + 512), 0);
    assert_near(count_attention_flop(&deepseek, 1, false), 2.0 * 128 * (192 + 128), 0);
    assert_near(count_attention_flop(&deepseek, 1, false) * 61 * 1000 / 1e9, 5.0, 0.01); /* audit A3: 5.0 per 1000 tokens */
}

static void windows(void **state) {
    (void)state;
    struct model m = llama70b;
    m.sliding_window = 128;
    m.n_sliding_layers = 40;
    assert_near(count_mean_context(&m, 1000), 0.5 * 1000 + 0.5 * 128, 1e-9);
    assert_near(count_mean_context(&m, 100), 100, 1e-9);
    /* w - w^2/(2n) = 128 - 8.192 = 119.808 on the windowed half */
    assert_near(count_causal_context(&m, 1000, 0), 0.5 * 500 + 0.5 * 119.808, 1e-9);
    assert_near(count_causal_context(&m, 100, 0), 50, 1e-9);
    assert_near(count_causal_context(&m, 10, 5000), 0.5 * 5005 + 0.5 * 128, 1e-9);
}

static void dense_layers_first_or_interleaved(void **state) {
    (void)state;
    struct model maverick = {.n_layers = 48, .n_dense_layers = 24, .moe_layer_freq = 2, .n_experts = 128};
    assert_int_equal(count_dense_layers(&deepseek, 2), 2);
    assert_int_equal(count_dense_layers(&deepseek, 30), 3);
    assert_int_equal(count_dense_layers(&maverick, 24), 12);
    assert_int_equal(count_dense_layers(&llama70b, 33), 33);
}

static void stages_hold_every_layer(void **state) {
    (void)state;
    for (int pp = 1; pp <= 61; pp++) {
        int sum = 0, most = 0, least = 1000;
        for (int s = 0; s < pp; s++) {
            int n = memory_stage_layers(61, pp, s);
            sum += n;
            most = n > most ? n : most;
            least = n < least ? n : least;
        }
        assert_int_equal(sum, 61);
        assert_true(most - least <= 1);
    }
    assert_int_equal(memory_stage_layers(61, 4, 3), 15); /* the stage with the head gets no extra layer */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(totals), cmocka_unit_test(expert_is_three_matrices), cmocka_unit_test(kv_elements),
        cmocka_unit_test(mla_down_projections_stay_whole), cmocka_unit_test(attention_flop), cmocka_unit_test(windows),
        cmocka_unit_test(dense_layers_first_or_interleaved), cmocka_unit_test(stages_hold_every_layer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
