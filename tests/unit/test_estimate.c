/* What must hold for any scenario: conserved sums, monotone answers, no figure where there can be none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/estimate.h"
#include "core/scenario.h"
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

/* Times of a made-up machine: every fixed time 0, so that a batch of 1 on one GPU is bytes over bandwidth.
 * Mixtral, batch 1, one GPU that can hold it: per layer attention 41,943,040 and two experts of 176,160,768 parameters,
 * head 131,072,000; 2 B each: 23.2 GB + KV; at 2,039 GB/s 12.5 ms (the article's 26 GB and 77 tok/s count the embedding). */
static void batch_1_is_bytes_over_bandwidth(void **state) {
    struct gpu large = a100;
    large.mem_bytes = 200e9;
    large.rate[PATH_BF16] *= 1000; /* so that multiplying full tiles for one row does not show */
    struct deployment d = deployment_of(&mixtral, &large, 1);
    struct estimate e = estimate_of(&d);
    (void)state;
    assert_true(e.feasible);
    double bytes = 2 * (32 * (41943040.0 + 2 * 176160768) + 131072000);
    assert_near(e.decode_step_ms, bytes / 2039e9 * 1e3, 0.01);
    assert_near(e.tpot_ms, e.decode_step_ms, 1e-12); /* nobody else's prefill */
    assert_near(e.e2e_s, (e.ttft_ms + 255 * e.tpot_ms) / 1e3, 1e-12);
    assert_near(e.out_tok_s, 256 / e.e2e_s, 1e-12);
    assert_int_equal(e.bound, BOUND_MEMORY);
    assert_near(e.mbu, 1, 0.01);
}

/* 2 * 36.6 B + 17.0 per 1000 tokens of context (absorbed attention on 61 layers). */
static void flop_per_token(void **state) {
    struct deployment d = deployment_of(&deepseek, &h100, 8);
    d.isl = 872; /* context 1000 */
    (void)state;
    assert_near(estimate_of(&d).flops_per_token_g, 2 * 36.6255 + 2e-9 * 128 * (576 + 512) * 1000 * 61, 1e-4);
}

/* Interference: with r residents each of the others prefills once in osl steps. */
static void tpot_grows_by_others_prefills(void **state) {
    struct deployment d = deployment_of(&llama70b, &a100, 4);
    d.batch = 32;
    struct estimate e = estimate_of(&d);
    double added = (e.tpot_ms - e.decode_step_ms) * 256 / 31;
    (void)state;
    assert_true(added > 0.8 * e.prefill_ms * 0.9 && added < 1.05 * e.prefill_ms); /* weights are read once for both */
}

/* Waiting for KV room: osl * TPOT * (B / B_res - 1), and it is part of TTFT. */
static void wait_when_kv_is_short(void **state) {
    struct deployment d = deployment_of(&llama70b, &a100, 2);
    d.batch = 4096;
    struct estimate e = estimate_of(&d);
    (void)state;
    assert_true(e.feasible && (e.notes & NOTE_KV_LIMITED));
    assert_near(e.resident, e.max_batch, 1e-12);
    assert_near(e.wait_ms, 256 * e.tpot_ms * (4096 / e.resident - 1), 1e-12);
    assert_true(e.ttft_ms > e.wait_ms && e.mem_gb > e.mem_capacity_gb);
}

/* Time to the first token: 20 ms a request, 1.5 times its prefill, 3 steps until it is admitted and 2 more with experts. The
 * closed loop of a benchmark starts with all 32 at once: on the mean 31/2 of their prefills queue, in one of 10 waves. */
static void first_token(void **state) {
    const struct model *const models[] = {&llama70b, &mixtral};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct deployment d = deployment_of(models[i], &a100, 4);
        double *v = d.first_token.value;
        v[FIRST_REQUEST_MS] = 20, v[FIRST_PREFILL] = 1.5, v[FIRST_STEPS] = 3, v[FIRST_MOE_STEPS] = 2, v[FIRST_BURST] = 0.5;
        d.batch = 32;
        struct estimate e = estimate_of(&d);
        assert_near(e.ttft_ms, 20 + 1.5 * e.prefill_ms + (i ? 5 : 3) * e.tpot_ms, 1e-12);
        assert_near(e.ttft_benchmark_ms, e.ttft_ms + 0.5 * 1.5 * e.prefill_ms * 31 / 20, 1e-12);
        assert_near(e.e2e_s, (e.ttft_ms + 255 * e.tpot_ms) / 1e3, 1e-12);
        d.batch = 1; /* alone: nobody to wait for */
        e = estimate_of(&d);
        assert_near(e.ttft_ms, 20 + 1.5 * e.prefill_ms, 1e-12);
        assert_near(e.ttft_benchmark_ms, e.ttft_ms, 1e-12);
    }
}

/* An engine whose prefill takes twice its kernels' time slows others' tokens by that, and the own first token not. */
static void prefill_of_the_engine(void **state) {
    struct deployment d = deployment_of(&llama70b, &a100, 4);
    (void)state;
    d.batch = 32;
    struct estimate once = estimate_of(&d);
    d.engine.value[ENGINE_PREFILL] = 2;
    struct estimate twice = estimate_of(&d);
    assert_near(twice.prefill_ms, 2 * once.prefill_ms, 1e-12);
    assert_near(twice.decode_step_ms, once.decode_step_ms, 0);
    assert_near(twice.tpot_ms - twice.decode_step_ms, 2 * (once.tpot_ms - once.decode_step_ms), 1e-9);
    assert_near(twice.ttft_ms, once.ttft_ms, 1e-12);
}

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
    d.ep = d.model->n_experts ? random_power(seed, 6) : 1;
    d.gpus = d.tp * d.dp * d.pp * random_power(seed, 2);
    d.batch = random_power(seed, 12) + (int)(random_unit(seed) * 7);
    d.isl = random_power(seed, 13), d.osl = random_power(seed, 11);
    d.prefix_hit = random_unit(seed) < 0.3 ? random_unit(seed) : 0;
    d.skew_kind = (enum skew_kind)(int)(random_unit(seed) * 3), d.skew = random_unit(seed) * 2;
    if (random_unit(seed) < 0.5)
        d.weights = d.weights_experts = &fp8_block;
    return d;
}

static void check_feasible(const struct deployment *d, const struct estimate *e) {
    double sum = 0;
    for (int i = 0; i < ESTIMATE_FIELD_COUNT; i++) {
        const struct estimate_field *f = &estimate_fields[i];
        double v = estimate_number(e, f);
        bool may_miss = f->class == VALUE_ROUTING || i == E_IMBALANCE_LOSS || i == E_IMBALANCE_LOSS_ARTICLE || i == E_SLO_OK ||
                        (i >= E_POOL_BOUND && i <= E_PREFILL_MEM_GB && d->mode == MODE_AGGREGATED) ||
                        i == E_MIN_GPUS; /* too large for one node's width and the layers' depth */
        if (i >= E_RANK_MAX_BEFORE && i <= E_REDUNDANT_GAIN) { /* there is nothing to set against */
            assert_true(isnan(v));
            continue;
        }
        if (isnan(v) ? !(may_miss && (f->class != VALUE_ROUTING || d->model->n_experts == 0))
                     : !isfinite(v) || (v < 0 && i != E_IMBALANCE_LOSS))
            fail_msg("%s is %g", f->id, v);
    }
    for (int i = 0; i < OP_COUNT; i++)
        sum += e->decode.op[i].calls * e->decode.op[i].seconds;
    assert_near(sum * 1e3, e->decode_step_ms, 1e-9);
    assert_near(e->cost_m_out * e->out_tok_s + e->cost_m_in * e->in_tok_s, e->cost_h / 3600 * 1e6 / d->utilisation, 1e-9);
    assert_near(e->cost_m_blend * (e->out_tok_s + e->in_tok_s), e->cost_h / 3600 * 1e6 / d->utilisation, 1e-9);
    assert_near(e->mem_weights_gb + e->mem_kv_gb + e->mem_other_gb, e->mem_gb, 1e-12);
    assert_true(e->mem_experts_gb <= e->mem_weights_gb);
    if (!(e->mfu <= 1 && e->mbu <= 1.000001))
        fail_msg("%s on %s: mfu %g, mbu %g", d->model->id, d->gpu->id, e->mfu, e->mbu);
    assert_true(e->tpot_ms >= e->decode_step_ms && e->resident <= d->batch && !(e->imbalance_loss >= 1));
}

static void check_infeasible(const struct estimate *e) {
    for (int i = 0; i < ESTIMATE_FIELD_COUNT; i++) {
        const struct estimate_field *f = &estimate_fields[i];
        char text[VALUE_LEN];
        if (f->class == VALUE_PERFORMANCE || f->class == VALUE_ROUTING || f->class == VALUE_COST)
            assert_string_equal(estimate_print(e, f, text), "");
    }
    assert_true(e->limit != LIMIT_NONE && e->limit_text[0]);
}

static void any_scenario(void **state) {
    uint64_t seed = 20261122;
    int feasible = 0, runs = 20000;
    (void)state;
    for (int i = 0; i < runs; i++) {
        struct deployment d = random_deployment(&seed);
        struct estimate e = estimate_of(&d);
        if (e.feasible)
            check_feasible(&d, &e);
        else
            check_infeasible(&e);
        feasible += e.feasible;
    }
    assert_true(feasible > runs / 20 && feasible < runs * 19 / 20);
}

/* More of it can only take longer, or more room. */
static void monotone(void **state) {
    uint64_t seed = 7;
    (void)state;
    for (int i = 0; i < 3000; i++) {
        struct deployment d = random_deployment(&seed), more = d;
        struct estimate e = estimate_of(&d), m;
        if (!e.feasible)
            continue;
        more.isl = d.isl * 2;
        m = estimate_of(&more);
        assert_true(m.mem_kv_gb >= e.mem_kv_gb);
        if (m.feasible && !(m.notes & NOTE_KV_LIMITED))
            assert_true(m.decode_step_ms >= e.decode_step_ms * (1 - 1e-9) && m.prefill_ms >= e.prefill_ms * (1 - 1e-9));
        more = d, more.price = d.price * 2;
        assert_near(estimate_of(&more).cost_m_out, 2 * e.cost_m_out, 1e-9);
        more = d, more.utilisation = 0.5;
        assert_near(estimate_of(&more).cost_m_in, 2 * e.cost_m_in, 1e-9);
        more = d, more.gpus = d.gpus * 2; /* replicas scale out, they do not speed up */
        m = estimate_of(&more);
        assert_near(m.out_tok_s, 2 * e.out_tok_s, 1e-9);
        assert_near(m.tpot_ms, e.tpot_ms, 1e-12);
    }
}

static void batch_slows_each_and_speeds_all(void **state) {
    double last_tpot = 0, last_rate = 0;
    (void)state;
    for (int batch = 1; batch <= 256; batch *= 2) {
        struct deployment d = deployment_of(&mixtral, &a100, 4);
        d.batch = batch;
        struct estimate e = estimate_of(&d);
        assert_true(e.tpot_ms >= last_tpot && e.out_tok_s >= last_rate);
        last_tpot = e.tpot_ms;
        last_rate = e.out_tok_s;
    }
}

/* Without a price there is no cost; without a TDP no energy; the rest stays. */
static void unknown_is_not_zero(void **state) {
    struct gpu g = a100;
    g.tdp_w = NAN;
    struct deployment d = deployment_of(&mixtral, &g, 2);
    d.price = NAN;
    struct estimate e = estimate_of(&d);
    (void)state;
    assert_true(e.feasible && isnan(e.cost_h) && isnan(e.cost_m_out) && isnan(e.joules_tok) && isnan(e.power_cost_h));
    assert_true(e.tpot_ms > 0 && (e.notes & NOTE_PRICE_UNKNOWN) && isnan(e.slo_ok));
}

/* Audit A10: 84 to 85 GB of weights leave no room on an 80 GB GPU: no speed, no price. */
static void deepseek_on_8_a100_is_refused(void **state) {
    struct deployment d = deployment_of(&deepseek, &a100, 8);
    struct calibration c = ideal_but(CAL_MEMORY, MEMORY_RUNTIME_GIB, 2);
    d.calibration = &c;
    d.weights = d.weights_experts = &fp8_block;
    struct estimate e = estimate_of(&d);
    (void)state;
    assert_false(e.feasible);
    assert_int_equal(e.limit, LIMIT_MEMORY);
    assert_non_null(strstr(e.limit_text, "does not fit"));
    check_infeasible(&e);
}

static void service_levels(void **state) {
    struct deployment d = deployment_of(&mixtral, &a100, 2);
    struct estimate e = estimate_of(&d);
    (void)state;
    d.slo_tpot_s = e.tpot_ms / 1e3 * 1.01;
    assert_true(estimate_of(&d).slo_ok == 1);
    d.slo_ttft_s = e.ttft_ms / 1e3 * 0.99;
    assert_true(estimate_of(&d).slo_ok == 0);
}

/* An interval is what was seen of the engine, wider where the GPU is new to the engine or to its operators; a factor of 1.5
 * where nothing was compared. */
static void intervals_by_what_is_known(void **state) {
    static const struct {
        bool engine_foreign, weight_only, inherited, foreign;
        enum origin operator;
        double exponent;
    } cases[] = {{false, false, false, false, ORIGIN_FITTED, 1},  /* everything measured here */
                 {false, true, false, false, ORIGIN_FITTED, 1},
                 {false, false, true, false, ORIGIN_FITTED, 1},   /* operators of a relative */
                 {false, false, true, false, ORIGIN_MEASURED, 1},
                 {false, false, true, true, ORIGIN_FITTED, 3},    /* operators of another family */
                 {false, false, true, false, ORIGIN_ASSUMED, 3},  /* operators that nothing was compared with */
                 {true, false, false, false, ORIGIN_FITTED, 1.5}, /* an engine seen on other families */
                 {true, true, false, false, ORIGIN_FITTED, 3},
                 {true, false, true, true, ORIGIN_FITTED, 1.5}};
    static const struct format w4a16 = {.id = "w4a16", .bytes = 0.53, .path = PATH_BF16, .block = 1};
    struct calibration c = ideal_but(CAL_MEMORY, MEMORY_RUNTIME_GIB, 0);
    (void)state;
    c.of[CAL_EXPERTS + FORMAT_W4A16] = c.of[CAL_EXPERTS + FORMAT_16];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct deployment d = deployment_of(&mixtral, &a100, 2);
        d.calibration = &c;
        d.engine.origin = ORIGIN_FITTED;
        d.weights_experts = cases[i].weight_only ? &w4a16 : d.weights_experts;
        d.engine.lo = 0.8, d.engine.hi = 1.3;
        d.engine.foreign = cases[i].engine_foreign;
        c.of[CAL_GEMM + FORMAT_16].inherited = cases[i].inherited;
        c.of[CAL_GEMM + FORMAT_16].foreign = cases[i].foreign;
        c.of[CAL_GEMM + FORMAT_16].origin = cases[i].operator;
        struct estimate e = estimate_of(&d);
        assert_near(e.tpot.lo, e.tpot_ms * pow(0.8, cases[i].exponent), 1e-12);
        assert_near(e.tpot.hi, e.tpot_ms * pow(1.3, cases[i].exponent), 1e-12);
        d.engine.lo = d.engine.hi = NAN;
        e = estimate_of(&d);
        assert_near(e.tpot.lo, e.tpot_ms / pow(1.5, cases[i].exponent), 1e-12);
        assert_near(e.tpot.hi, e.tpot_ms * pow(1.5, cases[i].exponent), 1e-12);
    }
}

static void same_input_same_output(void **state) {
    uint64_t seed = 3;
    (void)state;
    for (int i = 0; i < 200; i++) {
        struct deployment d = random_deployment(&seed);
        static struct load_cache fresh;
        static struct estimate a, b;
        memset(&fresh, 0, sizeof fresh);
        estimate(&d, &fresh, &a);
        estimate(&d, &cache, &b);
        assert_memory_equal(&a, &b, sizeof a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_1_is_bytes_over_bandwidth), cmocka_unit_test(flop_per_token),
        cmocka_unit_test(tpot_grows_by_others_prefills), cmocka_unit_test(wait_when_kv_is_short),
        cmocka_unit_test(first_token), cmocka_unit_test(prefill_of_the_engine),
        cmocka_unit_test(any_scenario), cmocka_unit_test(monotone), cmocka_unit_test(batch_slows_each_and_speeds_all),
        cmocka_unit_test(unknown_is_not_zero), cmocka_unit_test(deepseek_on_8_a100_is_refused),
        cmocka_unit_test(service_levels), cmocka_unit_test(intervals_by_what_is_known),
        cmocka_unit_test(same_input_same_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
