/* How engines serve now, by hand: speculation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/estimate.h"
#include "core/laws.h"
#include "core/memory.h"
#include "core/scenario.h"
#include "core/step.h"
#include "fixture.h"

static struct load_cache cache;

static void assert_near(double is, double want, double share) {
    if (!(fabs(is - want) <= share * fabs(want)))
        fail_msg("is %.9g, want %.9g within %g %%", is, want, share * 100);
}

static struct estimate estimate_of(const struct deployment *d) {
    static struct estimate e;
    estimate(d, &cache, &e);
    return e;
}

/* A GPU that multiplies for nothing, so that a step is the bytes that it reads. */
static struct gpu reading_gpu(void) {
    struct gpu g = a100;
    g.mem_bytes = 400e9;
    g.rate[PATH_BF16] *= 1000;
    return g;
}

/* --- speculation ------------------------------------------------------------------------------------------------------ */

/* 1 + 0.8 + 0.64 + 0.512 + 0.4096 = 3.3616 = (1 - 0.8^5) / 0.2. */
static void expected_tokens(void **state) {
    (void)state;
    assert_near(law_expected_tokens(4, 0.8), 3.3616, 1e-12);
    assert_near(law_expected_tokens(0, 0.8), 1, 0);
    assert_near(law_expected_tokens(7, 0), 1, 0);
    assert_near(law_expected_tokens(3, 1), 4, 0);
}

/* Llama-70B at batch 1 reads 80 * (150,994,944 + 704,643,072) + 1,050,673,152 parameters and 640 * 327,680 B of cache, 139.2 GB
 * in 68.28 ms. Four drafts at 0.05 of it each make a round of 1.2 steps, which yields 3.3616 tokens: 24.37 ms a token, 2.801
 * times as fast. */
static void drafts_share_the_weights(void **state) {
    struct gpu g = reading_gpu();
    struct deployment d = deployment_of(&llama70b, &g, 1);
    (void)state;
    d.spec_depth = 4, d.spec_acceptance = 0.8, d.spec_draft_cost = 0.05;
    struct estimate e = estimate_of(&d);
    assert_near(e.spec_tokens, 3.3616, 1e-12);
    assert_near(e.decode_step_ms, 68.28, 0.002);
    assert_near(e.spec_draft_ms, 0.2 * 68.28, 0.002);
    assert_near(e.tpot_ms, 24.37, 0.002);
    assert_near(e.spec_gain, 2.801, 0.002);
    assert_near(e.e2e_s, (e.ttft_ms + 255 * e.tpot_ms) / 1e3, 1e-12);
    assert_near(e.cost_m_out * e.out_tok_s + e.cost_m_in * e.in_tok_s, e.cost_h / 3600 * 1e6, 1e-9);
}

static void drafts_that_never_hit_cost_their_time(void **state) {
    struct deployment d = deployment_of(&mixtral, &a100, 2);
    (void)state;
    d.batch = 16;
    double plain = estimate_of(&d).decode_step_ms;
    d.spec_depth = 2, d.spec_draft_cost = 0.1;
    struct estimate e = estimate_of(&d);
    assert_near(e.spec_tokens, 1, 0);
    assert_near(e.spec_draft_ms, 0.2 * plain, 1e-9);
    assert_true(e.spec_gain < 1 && e.decode_step_ms > plain);
}

/* The experts see 4 * 5 tokens: 1 - (1 - 8/256)^20 = 0.4700 of them are read, not the 0.1193 of 4 tokens. The cache of the 4
 * sequences is read once: 4 * 640 tokens * 576 * 2 B. */
static void verified_tokens_touch_more_experts_and_no_more_cache(void **state) {
    struct deployment d = deployment_of(&deepseek, &h100, 8);
    (void)state;
    d.weights = d.weights_experts = &fp8_block;
    struct gpu g = h100;
    g.mem_bytes = 141e9;
    d.gpu = &g;
    d.batch = 4;
    struct estimate plain = estimate_of(&d);
    d.spec_depth = 4, d.spec_acceptance = 0.8;
    struct estimate e = estimate_of(&d);
    assert_near(plain.coverage, 0.1193, 0.001);
    assert_near(e.coverage, 0.4700, 0.001);
    assert_near(plain.decode.op[OP_ATTENTION].bytes, 4 * 640 * 576 * 2.0, 1e-9);
    assert_near(e.decode.op[OP_ATTENTION].bytes, plain.decode.op[OP_ATTENTION].bytes, 0);
    assert_near(e.decode.op[OP_ATTENTION].flop, 5 * plain.decode.op[OP_ATTENTION].flop, 1e-12);
    assert_true(e.decode.op[OP_HEAD].flop == 5 * plain.decode.op[OP_HEAD].flop);
}

/* Grouped decode waits for memory: 4 KV heads of 8 on 2 GPUs, 8 queries each. Four drafts are 5 * 8 * 2 FLOP for the 2 B of an
 * element: 40 FLOP/B, below the 153 of an A100, so they are free. Latent decode of 128 heads does 242 FLOP/B at once and binds. */
static void dot_products_bind_where_the_latent_is_shared(void **state) {
    struct deployment d = deployment_of(&llama70b, &a100, 2), l = deployment_of(&deepseek, &h100, 1);
    struct work w = {.decode = 64, .context = 4096, .passes = 1, .engine_tokens = 64};
    struct step one, five;
    (void)state;
    step_make(&d, &w, NULL, &one);
    w.drafts = 4, w.engine_tokens = 320;
    step_make(&d, &w, NULL, &five);
    assert_near(five.op[OP_ATTENTION].seconds, one.op[OP_ATTENTION].seconds, 1e-12);
    step_make(&l, &w, step_law(&l, &cache, 320, false), &five);
    w.drafts = 0;
    step_make(&l, &w, step_law(&l, &cache, 320, false), &one);
    /* 64 sequences * 4096 tokens * 640 queries * 2 * (576 + 512) FLOP at 0.85 of 989 TFLOP/s: 434.3 us a layer; the 4-norm with
     * 90.1 us of reading leaves it */
    assert_near(five.op[OP_ATTENTION].seconds, 434.3e-6, 0.002);
    assert_int_equal(five.op[OP_ATTENTION].bound, BOUND_COMPUTE);
    assert_true(one.op[OP_ATTENTION].seconds < 0.3 * five.op[OP_ATTENTION].seconds);
}

/* The draft's weights: 0.1 of 70.55 B parameters in 16 bits on one GPU, on the last of two stages as much. */
static void a_draft_has_weights(void **state) {
    struct gpu g = reading_gpu();
    struct deployment d = deployment_of(&llama70b, &g, 1);
    struct memory plain, with;
    (void)state;
    memory_make(&d, &plain);
    d.spec_draft_cost = 0.1; /* no draft, no weights */
    memory_make(&d, &with);
    assert_near(with.weights, plain.weights, 0);
    d.spec_depth = 1;
    memory_make(&d, &with);
    assert_near(with.weights, 1.1 * plain.weights, 1e-12);
    d.pp = d.gpus = 2;
    memory_make(&d, &with);
    assert_near(with.weights, (0.5 + 0.1) * plain.weights, 1e-4); /* 40 layers and one table on each stage */
    assert_true(estimate_of(&d).feasible);
}

/* No engine timing stands behind speculation: bounds of measured over predicted count twice on a log scale. */
static void speculation_is_assumed(void **state) {
    struct deployment d = deployment_of(&mixtral, &a100, 2);
    (void)state;
    d.engine.origin = d.first_token.origin = ORIGIN_FITTED;
    d.engine.lo = 0.8, d.engine.hi = 1.3;
    d.spec_depth = 1, d.spec_acceptance = 0.8;
    struct estimate e = estimate_of(&d);
    assert_near(e.tpot.lo, e.tpot_ms * 0.64, 1e-12);
    assert_near(e.tpot.hi, e.tpot_ms * 1.69, 1e-12);
    assert_int_equal(e.tpot.origin, ORIGIN_ASSUMED);
    assert_int_equal(e.origin, ORIGIN_ASSUMED);
}

/* --- any of them -------------------------------------------------------------------------------------------------------- */

static double random_unit(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return ((double)(*seed >> 11) + 0.5) / 9007199254740992.0;
}

static int random_power(uint64_t *seed, int most) {
    return 1 << (int)(random_unit(seed) * (most + 1));
}

static struct deployment random_deployment(uint64_t *seed) {
    static const struct model *const models[] = {&mixtral, &llama70b, &deepseek};
    struct deployment d = deployment_of(models[(int)(random_unit(seed) * 3)], random_unit(seed) < 0.5 ? &a100 : &h100, 1);
    d.tp = random_power(seed, 3), d.dp = random_power(seed, 3), d.pp = random_power(seed, 2);
    d.ep = d.model->n_experts && random_unit(seed) < 0.5 ? d.tp * d.dp : 1;
    d.gpus = d.tp * d.dp * d.pp * random_power(seed, 2);
    d.batch = random_power(seed, 10), d.isl = random_power(seed, 13), d.osl = random_power(seed, 11);
    d.prefix_hit = random_unit(seed) < 0.3 ? random_unit(seed) : 0;
    d.spec_depth = (int)(random_unit(seed) * 6), d.spec_acceptance = random_unit(seed);
    d.spec_draft_cost = random_unit(seed) / 10;
    return d;
}

static void check_figures(const struct deployment *d, const struct estimate *e) {
    for (int i = 0; i < ESTIMATE_FIELD_COUNT; i++) {
        const struct estimate_field *f = &estimate_fields[i];
        double v = estimate_number(e, f);
        if (f->class == VALUE_PERFORMANCE && (isinf(v) || (v < 0 && i != E_IMBALANCE_LOSS)))
            fail_msg("%s is %g", f->id, v);
    }
    assert_near(e->out_tok_s, e->replicas * (double)d->batch * d->osl / e->e2e_s, 1e-12);
    assert_near(e->cost_m_out * e->out_tok_s + e->cost_m_in * e->in_tok_s, e->cost_h / 3600 * 1e6, 1e-9);
    assert_true(e->mfu <= 1 && e->mbu <= 1.000001);
    assert_true(e->tpot_ms * e->spec_tokens >= (e->decode_step_ms + e->spec_draft_ms) * (1 - 1e-12));
    assert_true(e->spec_tokens >= 1 && e->spec_tokens <= 1 + d->spec_depth && e->spec_gain <= e->spec_tokens);
}

static void any_scenario(void **state) {
    uint64_t seed = 20261123;
    int feasible = 0, runs = 10000;
    (void)state;
    for (int i = 0; i < runs; i++) {
        struct deployment d = random_deployment(&seed);
        struct estimate e = estimate_of(&d);
        if (e.feasible)
            check_figures(&d, &e);
        feasible += e.feasible;
    }
    assert_true(feasible > runs / 20 && feasible < runs * 19 / 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expected_tokens), cmocka_unit_test(drafts_share_the_weights),
        cmocka_unit_test(drafts_that_never_hit_cost_their_time),
        cmocka_unit_test(verified_tokens_touch_more_experts_and_no_more_cache),
        cmocka_unit_test(dot_products_bind_where_the_latent_is_shared), cmocka_unit_test(a_draft_has_weights),
        cmocka_unit_test(speculation_is_assumed), cmocka_unit_test(any_scenario),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
