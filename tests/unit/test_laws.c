/* The second article's laws and the counts behind them, each against a number worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/compare.h"
#include "core/laws.h"
#include "core/step.h"
#include "fixture.h"

static void assert_near(double is, double want, double tolerance) {
    if (!(fabs(is - want) <= tolerance))
        fail_msg("is %.12g, want %.12g +- %.3g", is, want, tolerance);
}

static void granularity_and_traffic(void **state) {
    (void)state;
    assert_near(law_granularity(&mixtral), 1, 1e-12);                       /* 3.5 * 4096 / 14336 */
    assert_near(law_traffic_ratio(&mixtral), 2 * sqrt(1 / 8.0), 1e-12);     /* 0.707 */
    assert_near(law_traffic_ratio_allreduce(&mixtral), 0.353553, 1e-6);     /* sqrt(1/8) */
    assert_near(law_granularity(&deepseek), 12.25, 1e-12);                  /* 3.5 * 7168 / 2048 */
    assert_near(law_traffic_ratio_allreduce(&deepseek), 0.21875, 1e-12);    /* sqrt(12.25/256) = 3.5/16 */
    assert_near(law_traffic_ratio(&deepseek), 1.75, 1e-12);                 /* 8 * 3.5/16: more than a dense model */
    assert_true(isnan(law_granularity(&llama70b)) && isnan(law_traffic_ratio(&llama70b)));
}

static void kv_cache(void **state) {
    struct model windowed = llama70b;
    (void)state;
    windowed.sliding_window = 100;
    windowed.n_sliding_layers = 40;
    assert_near(law_kv_bytes(&llama70b, 1, 2, 1), 327680, 0);           /* 2 * 8 heads * 128 * 2 bytes * 80 layers */
    assert_near(law_kv_bytes(&llama70b, 4, 2, 1), 81920, 0);            /* 2 of 8 heads */
    assert_near(law_kv_bytes(&llama70b, 16, 2, 1), 40960, 0);           /* a head cannot be cut: one, not half */
    assert_near(law_kv_bytes(&llama70b, 1, 1, 1000), 163840000, 0);     /* one byte each, 1000 tokens */
    assert_near(law_kv_bytes(&deepseek, 8, 2, 1), 70272, 0);            /* (512 + 64) * 2 * 61, whole on all 8 */
    assert_near(law_kv_bytes(&windowed, 1, 2, 1000), 327680.0 * 550, 0); /* half the layers see 100 of 1000: mean 550 */
    assert_near(law_article_kv_token(&llama70b, 2), 2621440, 0);        /* 2 * 8192 * 80 * 2: eight times as much */
}

static void attention_and_depth(void **state) {
    (void)state;
    assert_near(law_attention_params(&mixtral), 1342177280, 0); /* 32 * 4096 * 128 * (2*32 + 2*8) */
    assert_near(law_depth_floor(80, 3e-6, 2e-6), 400e-6, 1e-12);
    /* a buffer of 1 GB over 8 GPUs: 2 * 7/8 GB on the wire at 175 GB/s: 10 ms; alone: nothing to send */
    assert_near(law_allreduce_seconds(1e9, 8, 175e9), 0.010, 1e-12);
    assert_near(law_allreduce_seconds(1e9, 1, 175e9), 0, 0);
}

static void routes(void **state) {
    (void)state;
    assert_near(law_routes(&mixtral), 28, 1e-9);                 /* 8*7/2 */
    assert_near(law_routes(&deepseek) / 409663695276000.0, 1, 1e-12); /* C(256,8) */
    assert_near(law_routes(&llama70b), 1, 0);
}

/* Two all-reduces a layer; with attention replicas an MoE layer's second one becomes the exchange. */
static void allreduces_per_token(void **state) {
    struct deployment d = deployment_of(&llama70b, &a100, 4);
    (void)state;
    assert_near(step_allreduces(&d), 160, 0);
    d.tp = 1;
    assert_near(step_allreduces(&d), 0, 0);
    d = deployment_of(&deepseek, &h100, 8);
    d.tp = 2;
    d.dp = 4;
    d.ep = 8;
    assert_near(step_allreduces(&d), 64, 0); /* 2*61 - 58 */
}

static void exchange_per_token(void **state) {
    static struct load_cache cache;
    static struct estimate e;
    struct deployment d = deployment_of(&mixtral, &h100, 8);
    (void)state;
    assert_near(step_exchange_bytes(&d), 0, 0); /* tp 8: every GPU holds every token */
    d.tp = 1;
    d.dp = d.ep = 8;
    d.batch = 64;
    assert_near(step_exchange_bytes(&d), 917504, 0); /* 2 copies * 7/8 * 32 layers * 4096 * (2 there + 2 back) */
    /* and so the rows of the step: eight GPUs, 64 tokens */
    estimate(&d, &cache, &e);
    assert_true(e.feasible);
    const struct op *there = &e.decode.op[OP_DISPATCH], *back = &e.decode.op[OP_COMBINE];
    assert_near(8 * (there->calls * there->comm_bytes + back->calls * back->comm_bytes), 64 * 917504.0, 1e-6);
    d.dp = 2;
    d.ep = 1;
    d.gpus = 2;
    assert_near(step_exchange_bytes(&d), 524288, 0); /* experts cut in two: to the other GPU, 32 * 4096 * 4 */
    d = deployment_of(&deepseek, &h100, 32);
    d.tp = 1;
    d.dp = d.ep = 32;
    d.weights_experts = &fp8_block;
    assert_near(step_exchange_bytes(&d), 9666048, 0); /* 8 * 31/32 * 58 layers * 7168 * (1 + 2) */
}

/* TPOT 10 ms, 8 to 15: tokens per second and user are 100, and 66.7 to 125. */
static void intervals_follow(void **state) {
    static struct estimate a, b;
    double lo, hi;
    (void)state;
    a.feasible = b.feasible = true;
    a.tpot_ms = 10;
    a.tok_s_user = 100;
    a.tpot = (struct interval){8, 15, ORIGIN_FITTED};
    assert_true(compare_interval(&a, E_TOK_S_USER, &lo, &hi));
    assert_near(lo, 100 * 10 / 15.0, 1e-9);
    assert_near(hi, 125, 1e-9);
    b = a;
    b.tpot_ms = 16;
    b.tpot = (struct interval){14.9, 20, ORIGIN_ASSUMED};
    assert_int_equal(compare_better(&a, &b, E_TPOT_MS), 0);
    assert_false(compare_certain(&a, &b, E_TPOT_MS)); /* 15 > 14.9 */
    b.tpot.lo = 15.1;
    assert_true(compare_certain(&a, &b, E_TPOT_MS));
    assert_int_equal(compare_origin(&b, E_TPOT_MS), ORIGIN_ASSUMED);
    b.feasible = false;
    assert_true(isnan(compare_value(&b, E_TPOT_MS)));
    assert_int_equal(compare_better(&a, &b, E_TPOT_MS), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(granularity_and_traffic), cmocka_unit_test(kv_cache), cmocka_unit_test(attention_and_depth),
        cmocka_unit_test(routes), cmocka_unit_test(allreduces_per_token), cmocka_unit_test(exchange_per_token),
        cmocka_unit_test(intervals_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
