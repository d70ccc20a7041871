/* Disaggregated serving: each law against arithmetic by hand, and what must hold for any pair of pools. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/estimate.h"
#include "core/pools.h"
#include "core/serving.h"
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

/* `prefill` GPUs in engines of `width`, `decode` GPUs in engines of `decode_width`. */
static struct deployment pools_of(const struct model *m, const struct gpu *g, int prefill, int width, int decode,
                                  int decode_width) {
    struct deployment d = deployment_of(m, g, prefill + decode);
    d.mode = MODE_DISAGGREGATED;
    d.tp = decode_width;
    d.batch = 32;
    d.prefill = (struct prefill_pool){.gpus = prefill, .tp = width, .pp = 1, .dp = 1, .ep = 1, .batch = 1};
    return d;
}

/* --- defaults and layout ---------------------------------------------------------------------------------------------- */

static void fleet_divides_into_whole_engines(void **state) {
    static const struct {
        int gpus, prefill, decode, want;
    } cases[] = {
        {8, 2, 4, 4},  /* half */
        {12, 2, 8, 4}, /* 6, 5 and 7 leave no whole decode engine; 4 leaves 8 */
        {24, 8, 8, 8}, /* 12 is no engine; 8 and 16 lie equally near, the smaller one comes first */
        {3, 1, 2, 1},
        {5, 2, 2, 2}, /* nothing adds up: half */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct deployment d = pools_of(&llama70b, &h100, 1, cases[i].prefill, cases[i].gpus - 1, cases[i].decode);
        assert_int_equal(deployment_default_prefill_gpus(&d), cases[i].want);
    }
}

/* A pass of 8192 tokens: 16 prompts of 512 on a rank; 32 where half is cached; one that is longer than the pass. */
static void batch_of_one_pass(void **state) {
    struct deployment d = pools_of(&mixtral, &h100, 4, 1, 4, 4);
    (void)state;
    d.prefill.dp = 4;
    assert_int_equal(deployment_default_prefill_batch(&d), 4 * 16);
    d.prefix_hit = 0.5;
    assert_int_equal(deployment_default_prefill_batch(&d), 4 * 32);
    d.prefix_hit = 0, d.isl = 10000;
    assert_int_equal(deployment_default_prefill_batch(&d), 4);
}

static void pools_must_add_up(void **state) {
    static const struct {
        int gpus, prefill, width, decode_width;
        const char *says;
    } cases[] = {
        {8, 8, 4, 4, "each pool needs some"},
        {8, 9, 4, 4, "each pool needs some"},
        {1, 0, 1, 1, "each pool needs some"},
        {8, 3, 2, 4, "prefill pool: engines of 2 do not fill its 3 of 8 GPUs; prefill_gpus 4 would"},
        {8, 2, 2, 4, "decode pool: engines of 4 do not fill its 6 of 8 GPUs; prefill_gpus 4 would"},
        {5, 2, 2, 2, "decode pool: engines of 2 do not fill its 3 of 5 GPUs"},
        {9, 6, 3, 1, "prefill pool: tp 3 does not divide 64 attention heads"},
        {9, 3, 1, 3, "decode pool: tp 3 does not divide 64 attention heads"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct deployment d = pools_of(&llama70b, &h100, cases[i].prefill, cases[i].width,
                                       cases[i].gpus - cases[i].prefill, cases[i].decode_width);
        struct estimate e = estimate_of(&d);
        assert_false(e.feasible);
        assert_int_equal(e.limit, i < 6 ? LIMIT_GPUS : LIMIT_HEADS);
        if (!strstr(e.limit_text, cases[i].says))
            fail_msg("'%s' is not in '%s'", cases[i].says, e.limit_text);
        assert_true(isnan(e.tpot_ms) && isnan(e.cost_h));
    }
}

/* Both steps of the ledger are those of pools: with as many sequences the one without replicas reads no more, and the replicas
 * take room whatever budget the prompts have. */
static void the_ledger_is_that_of_pools(void **state) {
    struct deployment d = pools_of(&mixtral, &h100, 4, 2, 4, 1);
    (void)state;
    d.dp = d.ep = 4;
    d.redundant_experts = 4;
    d.batch = 64, d.isl = 4000, d.osl = 100;
    d.pool_step.value[POOL_STEP_FACTOR] = 1.3;
    struct estimate e = estimate_of(&d);
    assert_true(e.feasible && e.redundant_kv_tokens > 0);
    assert_near(e.redundant_gain, e.resident / e.decode_step_ms / (e.before.resident / e.step_before_ms), 1e-9);
    d.chunk_tokens = 2048;
    struct estimate cut = estimate_of(&d);
    assert_near(cut.redundant_kv_tokens, e.redundant_kv_tokens, 1e-12);
    assert_near(cut.mem_gb, e.mem_gb, 1e-12);
}

/* 0.99 of 30,000 tokens cached: a pass computes 27 such prompts, but each of them lies in the memory whole. */
static void a_batch_has_room(void **state) {
    struct deployment d = pools_of(&llama70b, &h100, 2, 2, 2, 2);
    (void)state;
    d.isl = 30000, d.osl = 100, d.prefix_hit = 0.99, d.batch = 2;
    d.prefill.batch = pools_default_batch(&d);
    struct estimate e = estimate_of(&d);
    assert_true(d.prefill.batch < deployment_default_prefill_batch(&d));
    assert_true(e.feasible);
    assert_true(e.prefill_mem_gb <= e.mem_capacity_gb);
    assert_true(e.min_gpus <= d.gpus);
}

/* Llama-70B in 16 bits is 141 GB: two GPUs of 85.5 GB hold it and caches, one does not. */
static void each_pool_must_hold_the_model(void **state) {
    struct deployment d = pools_of(&llama70b, &h100, 2, 2, 2, 2);
    struct estimate e = estimate_of(&d);
    (void)state;
    assert_true(e.feasible && e.prefill_mem_gb > 70);
    d.prefill.tp = 1;
    e = estimate_of(&d);
    assert_int_equal(e.limit, LIMIT_MEMORY);
    assert_int_equal(e.limit_pool, POOL_PREFILL);
    assert_non_null(strstr(e.limit_text, "prefill pool does not fit: weights 141"));
    assert_true(e.prefill_mem_gb > 141 && e.mem_gb < 85);
    d.prefill.tp = 2, d.tp = 1;
    e = estimate_of(&d);
    assert_int_equal(e.limit_pool, POOL_DECODE);
    assert_non_null(strstr(e.limit_text, "decode pool does not fit: weights 141"));
    assert_true(isnan(e.resident));
}

/* --- the transfer ------------------------------------------------------------------------------------------------------ */

/* DeepSeek's latent: 576 elements of 2 B, 61 layers, 1000 tokens: 70,272,000 B that each GPU of the decoding rank takes.
 * Over 25 GB/s 2.811 ms; twice that where 4 GPUs have to send to 8; half where two stages share the layers.
 * Llama: 2 x 128 x 2 B x 80 layers x 1000 tokens = 40.96 MB for one of 8 KV heads each: 1.638 ms, which 4 GPUs send twice
 * and 16 take twice as many copies of. Inside a node 300 GB/s. */
static void transfer_by_hand(void **state) {
    struct deployment d = pools_of(&deepseek, &h100, 8, 8, 8, 8);
    (void)state;
    d.isl = 1000;
    assert_near(pools_transfer_seconds(&d), 70.272e6 / 25e9, 1e-12);
    d.prefill.tp = 4;
    assert_near(pools_transfer_seconds(&d), 2 * 70.272e6 / 25e9, 1e-12);
    d.prefill.tp = 8, d.pp = d.prefill.pp = 2;
    assert_near(pools_transfer_seconds(&d), 70.272e6 / 25e9 / 2, 1e-12);
    d = pools_of(&llama70b, &h100, 8, 8, 8, 8);
    d.isl = 1000;
    assert_near(pools_transfer_seconds(&d), 40.96e6 / 25e9, 1e-12);
    d.prefill.tp = 4;
    assert_near(pools_transfer_seconds(&d), 2 * 40.96e6 / 25e9, 1e-12);
    d.prefill.tp = 16; /* more senders than receivers: the receivers' ports bind */
    assert_near(pools_transfer_seconds(&d), 40.96e6 / 25e9, 1e-12);
    d = pools_of(&llama70b, &h100, 4, 4, 4, 4);
    d.isl = 1000;
    assert_near(pools_transfer_seconds(&d), 2 * 40.96e6 / 300e9, 1e-12);
}

/* --- the loop ----------------------------------------------------------------------------------------------------------- */

/* One prompt at a time, 1 s each: at u = 0.5 it is met by half a second's residue half of the time and by a queue of
 * 0.5 / (2 (1 - 0.5)) s. With 9 s of decoding N = 0.5 (0.25 + 0.5 + 1 + 9) = 5.375. */
static void loop_of_single_prompts(void **state) {
    struct pool_loop l = {.requests = 5.375, .alone = 1, .full = 1, .batch = 1, .capacity = 1, .decode = 9, .slots = 100};
    (void)state;
    assert_near(pools_wait_seconds(&l, 0.5), 0.75, 1e-12);
    assert_near(pools_rate(&l), 0.5, 1e-7);
    l.slots = 3.6; /* sequences at once, 9 s each */
    assert_near(pools_rate(&l), 0.4, 1e-12);
    l.slots = 1e9, l.requests = 1e6; /* as many as one likes: all of the capacity */
    assert_near(pools_rate(&l), 1, 1e-5);
    l.requests = 1e-6; /* alone: a cycle of 10 s */
    assert_near(pools_rate(&l), 1e-7, 1e-5);
}

/* Five prompts take 2 s, one takes 1 s: 0.25 s for each more. At half of capacity 1.25 prompts come in a second, and a batch
 * takes T = 1 + 0.25 (1.25 T - 1) = 0.75 / 0.6875 s; below one prompt a batch it is 1 s, at capacity 2. */
static void loop_of_batches(void **state) {
    struct pool_loop l = {.alone = 1, .full = 2, .batch = 5, .capacity = 2.5, .fixed = 0.5, .decode = 9, .slots = 100};
    double t = 0.75 / 0.6875, wait = t / 2 + 0.5 / (2 * 2.5 * 0.5);
    (void)state;
    assert_near(pools_prefill_seconds(&l, 0.5), t, 1e-12);
    assert_near(pools_prefill_seconds(&l, 0.1), 1, 1e-12);
    assert_near(pools_prefill_seconds(&l, 1), 2, 1e-12);
    assert_near(pools_wait_seconds(&l, 0.5), wait, 1e-12);
    l.requests = 1.25 * (wait + t + 0.5 + 9);
    assert_near(pools_rate(&l), 1.25, 1e-7);
}

/* A pass takes what the token budget holds: 16 prompts of 512 side by side. 40 prompts on two ranks are 20 each, two passes
 * of 10. Where the prompt is longer than the budget, its chunks. */
static void passes_of_a_prefill_batch(void **state) {
    struct deployment d = pools_of(&llama70b, &h100, 2, 2, 2, 2), p = pools_prefill(&d);
    struct step one, many;
    double pace;
    (void)state;
    p.dp = 2;
    double ten = serving_prefill_step(&p, &cache, 20, &one, &pace);
    assert_near(pace, ten, 1e-12);
    assert_near(serving_prefill_step(&p, &cache, 40, &many, &pace), 2 * ten, 1e-9);
    assert_near(many.op[OP_QKV].calls, 2 * 80, 1e-12);
    assert_near(many.op[OP_QKV].flop, one.op[OP_QKV].flop, 1e-12);
    assert_near(one.op[OP_HEAD].flop, 10 * 2.0 * 8192 * 128256 / 2, 1e-9);
    p.isl = 16384;
    serving_prefill_step(&p, &cache, 1, &one, &pace);
    assert_near(one.op[OP_QKV].calls, 2 * 80, 1e-12);
    p.pp = 4; /* two chunks through four stages: the first is free for others after two of five */
    double through = serving_prefill_step(&p, &cache, 1, &one, &pace);
    assert_near(pace, through * 2 / 5, 1e-12);
}

/* --- both pools --------------------------------------------------------------------------------------------------------- */

static void check_sums(const struct deployment *d, const struct estimate *e) {
    double requests = (double)e->replicas * d->batch, rate = e->out_tok_s / d->osl;
    assert_near(requests, rate * e->e2e_s, 1e-9); /* Little */
    assert_near(e->e2e_s * 1e3, e->ttft_ms + (d->osl - 1) * e->tpot_ms, 1e-9);
    assert_near(e->cost_m_out * e->out_tok_s + e->cost_m_in * e->in_tok_s, e->cost_h / 3600 * 1e6, 1e-9);
    assert_near(e->cost_m_in * e->in_tok_s * d->gpus, e->cost_h / 3600 * 1e6 * d->prefill.gpus, 1e-9);
    assert_near(e->in_tok_s, e->prefill_util * e->prefill_tok_s, 1e-9);
    assert_true(e->prefill_util > 0 && e->prefill_util <= 1 && e->resident <= d->batch);
    double parts = e->prefill_ms + e->prefill_wait_ms + e->kv_transfer_ms + e->wait_ms;
    if (!(e->ttft_ms + 1e-6 * e->e2e_s * 1e3 >= parts))
        fail_msg("TTFT %g ms, its parts %g", e->ttft_ms, parts);
    assert_true(e->ttft_benchmark_ms >= e->ttft_ms && e->mbu <= 1.000001 && e->mfu <= 1);
    /* what decodes, by Little's law, is what the step was timed with, or about */
    double decoding = rate * (d->osl - 1) * e->tpot_ms / 1e3 / e->replicas;
    if (!(fabs(decoding - e->resident) <= 2 + 0.15 * e->resident))
        fail_msg("%g decode, %g resident of %d", decoding, e->resident, d->batch);
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

static struct deployment random_pools(uint64_t *seed) {
    static const struct model *const models[] = {&mixtral, &llama70b, &deepseek};
    const struct model *m = models[(int)(random_unit(seed) * 3)];
    int tp = random_power(seed, 3), dp = random_power(seed, 3), pp = random_power(seed, 1), width = random_power(seed, 4);
    struct deployment d = pools_of(m, &h100, width * random_power(seed, 3), width, tp * dp * pp * random_power(seed, 2), tp);
    d.dp = dp, d.pp = pp;
    d.ep = m->n_experts ? random_power(seed, 6) : 1;
    d.prefill.dp = random_unit(seed) < 0.5 ? d.prefill.tp : 1;
    d.prefill.tp /= d.prefill.dp;
    d.prefill.ep = m->n_experts ? random_power(seed, 4) : 1;
    d.prefill.batch = random_power(seed, 6);
    d.batch = random_power(seed, 10) + (int)(random_unit(seed) * 7);
    d.isl = random_power(seed, 13), d.osl = random_power(seed, 11);
    d.pool_step.value[POOL_STEP_FACTOR] = 0.7 + random_unit(seed) * 0.6;
    d.pool_step.value[POOL_STEP_RANKS] = random_unit(seed) * 0.2;
    d.pool_first.value[POOL_FIRST_STEPS] = random_unit(seed) * 20;
    if (random_unit(seed) < 0.7)
        d.weights = d.weights_experts = &fp8_block;
    return d;
}

static void any_pools(void **state) {
    uint64_t seed = 20261123;
    int feasible = 0, bound[3] = {0}, runs = 20000;
    (void)state;
    for (int i = 0; i < runs; i++) {
        struct deployment d = random_pools(&seed);
        struct estimate e = estimate_of(&d);
        feasible += e.feasible;
        if (e.feasible) {
            check_sums(&d, &e);
            bound[e.pool_bound]++;
        }
    }
    assert_true(feasible > runs / 20 && bound[POOL_NONE] == 0 && bound[POOL_PREFILL] > 100 && bound[POOL_DECODE] > 100);
}

/* The fleet gives what the smaller pool gives: with ever more of one pool its rate is the other's. */
static void smaller_pool_binds(void **state) {
    struct deployment d = pools_of(&llama70b, &h100, 8, 8, 8, 8);
    (void)state;
    d.isl = 8192, d.osl = 64, d.batch = 64;
    struct estimate e = estimate_of(&d);
    assert_int_equal(e.pool_bound, POOL_PREFILL);
    assert_true(e.prefill_util > 0.95 && e.resident < 64);
    assert_near(e.out_tok_s, e.prefill_tok_s * 64 / 8192, 0.05);
    d.gpus += 64 * 8, d.prefill.gpus += 64 * 8;
    e = estimate_of(&d);
    assert_int_equal(e.pool_bound, POOL_DECODE);
    assert_true(e.prefill_util < 0.5);
    double alone = (e.prefill_ms + e.kv_transfer_ms) / 1e3;
    assert_near(e.out_tok_s, 64 * 64 / (alone + 63 * e.tpot_ms / 1e3), 0.06); /* but for half a prompt in flight */
}

/* No prompt runs inside decode steps: one of 64 times the length costs tokens nothing but their longer context. */
static void no_interference(void **state) {
    struct deployment d = pools_of(&llama70b, &h100, 32, 8, 8, 8);
    struct estimate e = estimate_of(&d);
    (void)state;
    assert_near(e.tpot_ms, e.decode_step_ms, 1e-12);
    struct deployment one = pools_decode(&d);
    one.batch = (int)e.resident;
    assert_near(estimate_of(&one).decode_step_ms, e.tpot_ms, 1e-12);
    assert_true(estimate_of(&one).tpot_ms > e.tpot_ms);
}

/* Eight attention ranks: sqrt(2 ln 8) = 2.039334; a step of 1.1 + 0.2 of that. Rows add up to the step. */
static void ranks_step_together(void **state) {
    struct deployment d = pools_of(&mixtral, &h100, 8, 8, 8, 1);
    (void)state;
    d.dp = d.ep = 8, d.batch = 8, d.osl = 1000, d.isl = 16;
    struct estimate plain = estimate_of(&d);
    d.pool_step.value[POOL_STEP_FACTOR] = 1.1, d.pool_step.value[POOL_STEP_RANKS] = 0.2;
    struct estimate e = estimate_of(&d);
    double sum = 0;
    for (int i = 0; i < OP_COUNT; i++)
        sum += e.decode.op[i].calls * e.decode.op[i].seconds;
    assert_near(plain.resident, 8, 1e-12);
    assert_near(e.tpot_ms, plain.tpot_ms * (1.1 + 0.2 * 2.039334), 1e-6);
    assert_near(sum * 1e3, e.tpot_ms, 1e-9);
    assert_near(e.mbu, plain.mbu / (1.1 + 0.2 * 2.039334), 1e-6);
    d.pool_step.value[POOL_STEP_FACTOR] = 0.01, d.pool_step.value[POOL_STEP_RANKS] = 0; /* no step beats the bandwidth */
    assert_near(estimate_of(&d).mbu, 1, 1e-6);
}

/* 10 waves of N = 32 requests, C prompts a second: 16/C s each in those waves that come as a burst, of which `burst` of 10. */
static void benchmark_starts_with_a_burst(void **state) {
    struct deployment d = pools_of(&llama70b, &h100, 32, 8, 8, 8);
    (void)state;
    d.pool_first.value[POOL_FIRST_BURST] = 2;
    struct estimate e = estimate_of(&d);
    double capacity = e.prefill_tok_s / 512;
    assert_near(e.ttft_benchmark_ms - e.ttft_ms, 0.2 * (16 / capacity * 1e3 - e.prefill_wait_ms), 1e-9);
}

/* Drafts are the decode pool's: of three, each accepted with 0.5, 1.875 tokens come of a round (0.5 + 0.25 + 0.125 + 1). The
 * prefill pool holds no drafts and takes as long as without. */
static void drafts_decode(void **state) {
    struct deployment d = pools_of(&llama70b, &h100, 32, 8, 8, 8);
    (void)state;
    d.batch = 8, d.osl = 1000;
    struct estimate plain = estimate_of(&d);
    d.spec_depth = 3, d.spec_acceptance = 0.5, d.spec_draft_cost = 0.1;
    struct estimate e = estimate_of(&d);
    assert_near(e.spec_tokens, 1.875, 1e-12);
    assert_near(e.tpot_ms, (e.decode_step_ms + e.spec_draft_ms) / 1.875, 1e-9);
    assert_near(e.itl_max_ms, e.decode_step_ms + e.spec_draft_ms, 1e-9);
    assert_near(e.prefill_ms, plain.prefill_ms, 1e-12);
    assert_near(e.prefill_tok_s, plain.prefill_tok_s, 1e-12);
    assert_near(e.prefill_mem_gb, plain.prefill_mem_gb, 1e-12);
    assert_true(e.mem_weights_gb > plain.mem_weights_gb && e.tpot_ms < plain.tpot_ms);
}

/* A token budget cuts prompts in the prefill pool only: 8192 tokens in 4 passes of 2048 there, decode steps as before, and no
 * room beside decoding is asked for. */
static void budget_cuts_prompts(void **state) {
    struct deployment d = pools_of(&llama70b, &h100, 32, 8, 8, 8);
    (void)state;
    d.isl = 8192, d.batch = 4096;
    struct estimate whole = estimate_of(&d);
    d.chunk_tokens = 2048;
    struct estimate e = estimate_of(&d);
    assert_true(e.feasible && e.queue_ms == 0);
    assert_near(e.prefill.op[OP_QKV].calls, 4 * whole.prefill.op[OP_QKV].calls, 1e-12);
    assert_near(deployment_default_prefill_batch(&d), 1, 1e-12);
    d.isl = 512;
    assert_near(deployment_default_prefill_batch(&d), 4, 1e-12);
}

/* Without KV room the others wait before they decode, and the pool's slots are full. */
static void decode_pool_out_of_room(void **state) {
    struct deployment d = pools_of(&llama70b, &h100, 64, 8, 2, 2);
    (void)state;
    d.batch = 4096;
    struct estimate e = estimate_of(&d);
    assert_true(e.feasible && (e.notes & NOTE_KV_LIMITED) && e.wait_ms > 0);
    assert_near(e.resident, e.max_batch, 1e-12);
    assert_near(e.out_tok_s, e.resident * 256 / (255 * e.tpot_ms / 1e3), 1e-9);
    assert_true(e.ttft_ms > e.wait_ms);
}

/* Intervals are those of the pools' constants. */
static void intervals(void **state) {
    struct deployment d = pools_of(&llama70b, &h100, 8, 8, 8, 8);
    (void)state;
    d.pool_step.lo = 0.9, d.pool_step.hi = 1.2;
    d.pool_first.lo = 0.5, d.pool_first.hi = 2;
    struct estimate e = estimate_of(&d);
    assert_near(e.tpot.lo, 0.9 * e.tpot_ms, 1e-12);
    assert_near(e.tpot.hi, 1.2 * e.tpot_ms, 1e-12);
    assert_near(e.ttft.lo, 0.5 * e.ttft_ms, 1e-12);
    assert_near(e.ttft.hi, 2 * e.ttft_ms, 1e-12);
    d.engine.origin = ORIGIN_FITTED, d.pool_step.inherited = true; /* an engine that no pools were measured with */
    assert_near(estimate_of(&d).tpot.hi, pow(1.2, 1.5) * e.tpot_ms, 1e-12);
}

/* Aggregated serving reads nothing of the prefill pool. */
static void aggregated_reads_no_pool(void **state) {
    static struct estimate a, b;
    struct deployment d = deployment_of(&mixtral, &a100, 4);
    (void)state;
    d.batch = 64;
    a = estimate_of(&d);
    d.prefill = (struct prefill_pool){3, 5, 7, 9, 11, 13};
    d.pool_step.value[POOL_STEP_FACTOR] = 3;
    b = estimate_of(&d);
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(a.pool_bound, POOL_NONE);
    assert_true(isnan(a.prefill_util) && isnan(a.kv_transfer_ms) && isnan(a.prefill_mem_gb));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fleet_divides_into_whole_engines), cmocka_unit_test(batch_of_one_pass),
        cmocka_unit_test(pools_must_add_up), cmocka_unit_test(each_pool_must_hold_the_model),
        cmocka_unit_test(the_ledger_is_that_of_pools), cmocka_unit_test(a_batch_has_room),
        cmocka_unit_test(transfer_by_hand), cmocka_unit_test(loop_of_single_prompts), cmocka_unit_test(loop_of_batches),
        cmocka_unit_test(passes_of_a_prefill_batch), cmocka_unit_test(any_pools), cmocka_unit_test(smaller_pool_binds),
        cmocka_unit_test(no_interference), cmocka_unit_test(ranks_step_together),
        cmocka_unit_test(benchmark_starts_with_a_burst), cmocka_unit_test(drafts_decode),
        cmocka_unit_test(budget_cuts_prompts), cmocka_unit_test(decode_pool_out_of_room),
        cmocka_unit_test(intervals), cmocka_unit_test(aggregated_reads_no_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
