/* How engines serve now, by hand: speculation, chunked prefill, the ledger of redundant experts, bubbles, gates that choose
 * groups, attention replicas, the prefix cache. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/collective.h"
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
    static const enum op_kind each[] = {OP_QKV, OP_FFN, OP_SHARED, OP_ROUTER, OP_HEAD};
    for (int i = 0; i < 5; i++)
        assert_near(e.decode.op[each[i]].flop, 5 * plain.decode.op[each[i]].flop, 1e-12);
}

/* Grouped decode waits for memory: 4 KV heads of 8 on 2 GPUs, 8 queries each. Four drafts are 5 * 8 * 2 FLOP for the 2 B of an
 * element: 40 FLOP/B, below the 153 of an A100, so they are free. Latent decode of 128 heads does 242 FLOP/B at once and
 * binds. */
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

/* --- chunked prefill ---------------------------------------------------------------------------------------------------- */

/* A budget of 512 tokens of which 16 sequences decode one each: 4096 tokens in ceil(4096 / 496) = 9 chunks. The first token
 * comes after nine steps with a chunk in them; the last chunk, which has most in front of it, makes the longest gap. Each of
 * 15 others adds nine chunks once in 256 tokens. */
static void a_prompt_takes_a_step_for_each_chunk(void **state) {
    struct deployment d = deployment_of(&llama70b, &a100, 4);
    struct work w = {.decode = 16, .context = 4096 + 128, .passes = 1, .engine_tokens = 16};
    struct step step, mixed, last;
    (void)state;
    d.isl = 4096, d.batch = 16, d.chunk_tokens = 512;
    struct estimate e = estimate_of(&d);
    step_make(&d, &w, NULL, &step);
    w.prefill = 4096 / 9.0, w.before = 2048 - 2048 / 9.0, w.engine_tokens += w.prefill;
    step_make(&d, &w, NULL, &mixed);
    w.before = 4096 - 4096 / 9.0;
    step_make(&d, &w, NULL, &last);
    assert_near(e.decode_step_ms, step.seconds * 1e3, 1e-12);
    assert_near(e.ttft_ms, 9 * mixed.seconds * 1e3, 1e-9);
    assert_near(e.tpot_ms, (step.seconds + 15 * 9 * (mixed.seconds - step.seconds) / 256) * 1e3, 1e-9);
    assert_near(e.itl_max_ms, last.seconds * 1e3, 1e-9);
    assert_near(e.queue_ms, 0, 0);
    assert_int_equal(e.tpot.origin, ORIGIN_ASSUMED);
}

/* A smaller budget: tokens come more evenly, the first one later. */
static void budget_trades_first_token_for_gaps(void **state) {
    struct deployment d = deployment_of(&llama70b, &a100, 4);
    (void)state;
    d.isl = 8192, d.batch = 8, d.osl = 1024;
    struct estimate last = estimate_of(&d);
    for (int budget = 4096; budget >= 256; budget /= 2) {
        d.chunk_tokens = budget;
        struct estimate e = estimate_of(&d);
        assert_true(e.ttft_ms > last.ttft_ms && e.itl_max_ms < last.itl_max_ms);
        last = e;
    }
    d.batch = 1; /* alone: no prompt comes between two tokens */
    last = estimate_of(&d);
    assert_near(last.itl_max_ms, last.decode_step_ms, 0);
    assert_near(last.tpot_ms, last.decode_step_ms, 0);
}

/* Later chunks read the cache of the earlier ones, and latent attention expands it: 4096 tokens in four chunks read
 * 4096 + 1024 + 2048 + 3072 = 10,240 latents of 576 * 2 B in each of 61 layers, and 6144 of them go up again to 16 of 128 heads
 * on each of 8 GPUs: 2 * 512 * 16 * (128 + 128) FLOP. */
static void later_chunks_expand_the_cache_again(void **state) {
    struct gpu g = h100;
    g.mem_bytes = 400e9;
    struct deployment d = deployment_of(&deepseek, &g, 8);
    (void)state;
    d.isl = 4096;
    const struct op *o = estimate_of(&d).prefill.op;
    double once = o[OP_QKV].calls * o[OP_QKV].flop;
    assert_near(o[OP_ATTENTION].calls * o[OP_ATTENTION].bytes, 61 * 4096 * 1152.0, 1e-9);
    d.chunk_tokens = 1024;
    struct estimate e = estimate_of(&d);
    o = e.prefill.op;
    assert_int_equal(o[OP_QKV].calls, 4 * 61);
    assert_near(o[OP_ATTENTION].calls * o[OP_ATTENTION].bytes, 61 * 10240 * 1152.0, 1e-9);
    assert_near(o[OP_QKV].calls * o[OP_QKV].flop - once, 61 * 6144.0 * 2 * 512 * 16 * 256, 1e-6);
}

/* The longest gap is the step of the last chunk, with all the others in front of it: 8 sequences leave 1016 of 1024 tokens,
 * so the fifth chunk of 4096 tokens follows 4096 * 4/5. */
static void the_last_chunk_makes_the_longest_gap(void **state) {
    struct gpu g = h100;
    g.mem_bytes = 400e9;
    struct deployment d = deployment_of(&deepseek, &g, 8);
    struct work w = {.decode = 8, .context = 4096 + 128, .prefill = 4096 / 5.0, .before = 4096 * 0.8, .expanded = 4096 * 0.8,
                     .engine_tokens = 8 + 4096 / 5.0, .passes = 1};
    struct step last;
    (void)state;
    d.isl = 4096, d.batch = 8, d.chunk_tokens = 1024;
    step_make(&d, &w, step_law(&d, &cache, w.engine_tokens, false), &last);
    assert_near(estimate_of(&d).itl_max_ms, last.seconds * 1e3, 1e-9);
}

/* A step of 64 for 16 requests of 4096 tokens in and 8 out: 8 * 64 / (4096 + 8) = 0.12 of them decode, which leaves 63 tokens
 * and makes 66 chunks of a prompt. So a request takes all the 16 * 66 steps with a chunk, its own and the others'. */
static void short_budget_makes_prompts_queue(void **state) {
    struct deployment d = deployment_of(&llama70b, &a100, 4);
    struct work w = {.decode = 16, .context = 4096 + 4, .passes = 1, .engine_tokens = 16 + 4096 / 66.0,
                     .prefill = 4096 / 66.0, .before = 2048 - 2048 / 66.0};
    struct step mixed;
    (void)state;
    d.isl = 4096, d.osl = 8, d.batch = 16, d.chunk_tokens = 64;
    struct estimate e = estimate_of(&d);
    step_make(&d, &w, NULL, &mixed);
    assert_near(e.tpot_ms, mixed.seconds * 1e3, 1e-9); /* every step has a chunk in it */
    assert_near(e.e2e_s, 16 * 66 * mixed.seconds, 1e-9);
    assert_near(e.queue_ms, 1e3 * (15 * 66 - 7) * mixed.seconds, 1e-9);
}

/* A budget that holds several prompts takes them side by side: 8192 tokens less 256 of decoding are 62 prompts of 128, more than
 * the 256/64 = 4 that come in a step. Then the service is that of whole prompts, and no larger budget makes it slower. */
static void a_wide_budget_is_no_budget(void **state) {
    struct deployment d = deployment_of(&mixtral, &h100, 2);
    (void)state;
    d.batch = 256, d.isl = 128, d.osl = 64;
    struct estimate whole = estimate_of(&d);
    d.chunk_tokens = 8192;
    struct estimate wide = estimate_of(&d);
    assert_near(wide.tpot_ms, whole.tpot_ms, 1e-9);
    assert_near(wide.queue_ms + 1, 1, 1e-12);
    assert_near(wide.service.beside, 62, 0);
    double before = 0;
    for (d.chunk_tokens = 320; d.chunk_tokens <= 65536; d.chunk_tokens *= 2) {
        struct estimate e = estimate_of(&d);
        assert_true(e.out_tok_s >= 0.98 * before); /* a step with more prompts in it is that much later */
        before = e.out_tok_s;
    }
}

/* Each chunk of the own prompt passes every stage: no first token comes sooner than its prefill alone would give it. */
static void no_first_token_before_its_prefill(void **state) {
    struct deployment d = deployment_of(&llama70b, &h100, 8);
    (void)state;
    d.tp = 2, d.pp = 4, d.isl = 8000, d.batch = 2, d.chunk_tokens = 8192;
    struct estimate e = estimate_of(&d);
    assert_true(e.feasible && e.ttft_ms >= e.prefill_ms);
}

/* Outputs of two tokens: 16 of 32 residents begin anew in each step, so that the mean gap is all their prefills. */
static void the_longest_gap_is_no_shorter_than_the_mean(void **state) {
    struct deployment d = deployment_of(&mixtral, &h100, 2);
    (void)state;
    d.batch = 32;
    for (d.osl = 2; d.osl <= 256; d.osl *= 2) {
        struct estimate e = estimate_of(&d);
        assert_true(e.itl_max_ms >= e.tpot_ms * (1 - 1e-12));
        if (d.osl == 2)
            assert_near(e.itl_max_ms, e.tpot_ms, 1e-12);
    }
}

/* A request of one token waits for the other residents' prefills once, however many steps an admission takes. */
static void short_outputs_wait_for_each_prefill_once(void **state) {
    struct deployment d = deployment_of(&mixtral, &h100, 2);
    (void)state;
    d.osl = 1, d.batch = 32;
    d.first_token.value[FIRST_STEPS] = 4;
    struct estimate e = estimate_of(&d);
    double others = 31 * e.service.added, own = e.service.own + d.first_token.value[FIRST_REQUEST_MS] * 1e-3;
    assert_near(e.ttft_ms, 1e3 * (own + 4 * e.service.round + others), 1e-9);
}

/* 128 sequences of one token and four drafts each are 640 tokens of a step, before any prompt. */
static void budget_below_the_decoding_is_refused(void **state) {
    struct deployment d = deployment_of(&llama70b, &a100, 4);
    struct estimate e;
    (void)state;
    d.batch = 128, d.spec_depth = 4, d.chunk_tokens = 641;
    assert_true(estimate_of(&d).feasible);
    d.chunk_tokens = 640;
    e = estimate_of(&d);
    assert_int_equal(e.limit, LIMIT_BUDGET);
    assert_non_null(strstr(e.limit_text, "beside 128 x 5 tokens"));
    assert_non_null(strstr(e.limit_text, "above 640, or spec_depth at most 3"));
    d.spec_depth = 3;
    assert_true(estimate_of(&d).feasible);
    d.spec_depth = 0, d.chunk_tokens = 100;
    e = estimate_of(&d);
    assert_non_null(strstr(e.limit_text, "above 128, or batch at most 99"));
    d.batch = 99;
    assert_true(estimate_of(&d).feasible);
    /* each attention rank, and each of a pipeline's micro-batches, has a budget of its own */
    d.batch = 128, d.tp = 1, d.dp = 2, d.pp = 2, d.chunk_tokens = 33;
    struct gpu g = reading_gpu();
    d.gpu = &g;
    assert_true(estimate_of(&d).feasible);
    d.chunk_tokens = 32;
    assert_int_equal(estimate_of(&d).limit, LIMIT_BUDGET);
}

/* Workspace for the activations of 512 tokens instead of the whole prompt's 4096, at 1 * 2 B * (8192 + 64 * 128 / 4) / 2. */
static void a_budget_bounds_the_activations(void **state) {
    struct deployment d = deployment_of(&llama70b, &a100, 4);
    struct calibration c = ideal_but(CAL_MEMORY, MEMORY_ACTIVATION_COEF, 1);
    struct memory whole, cut;
    (void)state;
    d.calibration = &c, d.isl = 4096;
    memory_make(&d, &whole);
    d.chunk_tokens = 512;
    memory_make(&d, &cut);
    assert_near(whole.other - cut.other, (4096 - 512) * (8192 + 2048.0), 1e-9);
}

/* --- redundant experts ---------------------------------------------------------------------------------------------------- */

/* DeepSeek-V3 on 8 ranks: 8 replicas are one expert more on each, 3 * 7168 * 2048 parameters of 8.00195 bits in each of 58
 * layers: 2.555 GB. A sequence of 768 tokens caches 768 * 61 * 576 * 2 B and has logits of 4 * 129,280 B, and each of the 8
 * attention ranks loses room. */
static void the_ledger_of_replicas(void **state) {
    struct gpu g = h100;
    g.mem_bytes = 141e9;
    struct deployment d = deployment_of(&deepseek, &g, 8);
    (void)state;
    d.tp = 1, d.dp = d.ep = 8, d.batch = 2048;
    d.weights = d.weights_experts = &fp8_block;
    d.skew_kind = SKEW_ZIPF, d.skew = 0.8;
    struct estimate before = estimate_of(&d);
    d.redundant_experts = 8;
    struct estimate e = estimate_of(&d);
    double gb = 58 * 3 * 7168.0 * 2048 * 8.00195 / 8 / 1e9, sequence = 768 * 61 * 576 * 2.0 + 4 * 129280;
    assert_near(e.redundant_gb, gb, 1e-9);
    assert_near(e.redundant_kv_tokens, gb * 1e9 / sequence * 768 * 8, 1e-6);
    assert_near(e.redundant_batch, before.max_batch - e.max_batch, 0);
    assert_true(e.kv_tokens / 768 - e.max_batch >= 0 && e.kv_tokens / 768 - e.max_batch < 8); /* whole ones on each rank */
    assert_near(e.redundant_batch, gb * 1e9 / sequence * 8, 0.03); /* whole sequences */
    assert_near(e.rank_max_before, before.rank_max_mean, 0);
    assert_near(e.step_before_ms, before.decode_step_ms, 1e-12);
    assert_true(e.rank_max_mean < e.rank_max_before && isnan(before.redundant_gb) && isnan(before.redundant_gain));
    assert_near(e.redundant_gain, before.decode_step_ms / e.decode_step_ms, 1e-12); /* both batches fit */
    assert_true(e.redundant_gain > 1);
    /* where the cache binds, a batch that no longer fits counts against them */
    d.batch = 65536;
    e = estimate_of(&d);
    assert_true(e.resident < 65536);
    assert_near(e.redundant_gain, e.resident / e.decode_step_ms / ((e.resident + e.redundant_batch) / e.step_before_ms), 1e-12);
}

/* 256 + 32 experts spread over 36 ranks, 256 do not: what they hold is known, what they replace is not. */
static void no_layout_without_replicas(void **state) {
    struct gpu g = h100;
    g.mem_bytes = 141e9;
    struct deployment d = deployment_of(&deepseek, &g, 36);
    (void)state;
    d.tp = 1, d.dp = d.ep = 36, d.redundant_experts = 32, d.batch = 72;
    struct estimate e = estimate_of(&d);
    assert_true(e.feasible && e.redundant_gb > 0);
    assert_true(isnan(e.rank_max_before) && isnan(e.step_before_ms) && isnan(e.redundant_gain));
}

/* --- pipeline ----------------------------------------------------------------------------------------------------------- */

/* 61 layers on 4 stages: 15, 15, 16, 15 and the head. A layer reads 855,638,016 parameters, a head of 128,256 words
 * 1,050,673,152, as much as 1.228 layers: the last stage is the slowest at 16.228, the mean one 15.557. A head of 32,000 words
 * is 0.306 layers: then the third one is, at 16 against 15.327. Fewer sequences than stages leave the others idle. */
static void uneven_stages_leave_bubbles(void **state) {
    struct gpu g = reading_gpu();
    struct model m = llama70b;
    m.n_layers = m.n_dense_layers = 61;
    struct deployment d = deployment_of(&m, &g, 4);
    (void)state;
    d.tp = 1, d.pp = 4, d.batch = 4, d.osl = d.isl = 16;
    struct estimate e = estimate_of(&d);
    assert_near(e.bubble, 1 - 15.557 / 16.228, 0.01);
    assert_true(e.stage_slowest == 4 && e.stage_layers_max == 16);
    d.batch = 1;
    assert_near(estimate_of(&d).bubble, 1 - 15.557 / 16.228 / 4, 0.001);
    m.vocab = 32000, d.batch = 4;
    e = estimate_of(&d);
    assert_near(e.bubble, 1 - 15.327 / 16, 0.01);
    assert_true(e.stage_slowest == 3 && e.stage_layers_max == 16);
}

/* One prompt in c chunks over 4 even stages without a head: 3 / (c + 3) of the time is filling and draining. */
static void prefill_fills_and_drains(void **state) {
    struct model m = llama70b;
    m.vocab = 1;
    struct deployment d = deployment_of(&m, &a100, 4);
    (void)state;
    d.tp = 1, d.pp = 4, d.isl = 4096;
    assert_near(estimate_of(&d).prefill_bubble, 3 / 4.0, 1e-3);
    d.chunk_tokens = 512;
    assert_near(estimate_of(&d).prefill_bubble, 3 / 11.0, 1e-3);
    d.tp = 4, d.pp = 1;
    struct estimate e = estimate_of(&d);
    assert_true(e.bubble == 0 && e.prefill_bubble == 0 && e.stage_slowest == 1 && e.stage_layers_max == 80);
}

/* --- gates that choose groups ------------------------------------------------------------------------------------------- */

/* DeepSeek-V3: 4 of 8 groups, so 128 of 256 experts, then 8 of them. One group on each of 8 ranks: chosen with 1/2, and then
 * missed with (96*95*...*89) / (128*127*...*121) = 0.09275: 7 * 0.45363 = 3.1754 others, against 4.633 without groups.
 * Two groups on each of 4: one chosen with 40/70, both with 15/70, then missed with (64*...*57) / (128*...*121) = 0.00310:
 * 3 * 0.73205. Half a group on each of 16: 15 * (1 - (112*...*105) / (128*...*121)) / 2 = 15 * 0.33371. */
static void groups_limit_the_ranks_of_a_token(void **state) {
    (void)state;
    assert_near(ranks_touched_grouped(256, 8, 8, 8, 4), 3.1754, 1e-4);
    assert_near(ranks_touched_grouped(256, 8, 4, 8, 4), 3 * 0.73205, 1e-4);
    assert_near(ranks_touched_grouped(256, 8, 16, 8, 4), 15 * 0.33371, 1e-4);
    assert_near(ranks_touched_grouped(4, 2, 2, 2, 1), 0.5, 1e-12); /* both experts of one rank or of the other */
    /* no groups, one, all chosen, or groups that do not lie on ranks: as without */
    static const int none[][2] = {{0, 0}, {1, 1}, {8, 8}, {6, 3}};
    for (int i = 0; i < 4; i++)
        assert_near(ranks_touched_grouped(256, 8, 16, none[i][0], none[i][1]), ranks_touched(256, 8, 16), 0);
}

/* A token of a prefill on 16 sharded ranks of two nodes goes to 5.0056 others, and its hidden state of 7168 bytes with it; half
 * of them are on the other node, behind 9 us at 25 GB/s. Decode's kernels send k copies whatever the groups, and so do
 * prefill's inside a node as far as the fitted constants know. */
static void groups_spare_prefill_traffic(void **state) {
    struct gpu g = h100;
    g.mem_bytes = 141e9;
    struct model m = deepseek;
    struct deployment d = deployment_of(&m, &g, 16);
    (void)state;
    d.tp = 1, d.dp = d.ep = 16, d.batch = 64;
    d.weights = d.weights_experts = &fp8_block;
    struct estimate all = estimate_of(&d);
    m.n_expert_groups = 8, m.top_k_groups = 4;
    struct estimate e = estimate_of(&d);
    double bytes = 512 * 7168 * 15 * 0.33371;
    assert_near(all.ranks_touched, ranks_touched(256, 8, 16), 0);
    assert_near(e.ranks_touched, 15 * 0.33371, 1e-4);
    assert_near(e.prefill.op[OP_DISPATCH].comm_bytes, bytes, 1e-4);
    assert_near(e.prefill.op[OP_DISPATCH].seconds, bytes / 300e9 + 9e-6 + bytes / 2 / 25e9, 1e-4);
    assert_true(e.ttft_ms < all.ttft_ms);
    assert_near(e.decode_step_ms, all.decode_step_ms, 0);
    d.ep = 1; /* cut experts: every rank needs every token */
    assert_near(estimate_of(&d).ranks_touched, 15, 0);
    d.ep = 16, d.gpus_per_node = 16;
    double inside = estimate_of(&d).ttft_ms;
    m.n_expert_groups = 0;
    assert_near(estimate_of(&d).ttft_ms, inside, 0);
    d.tp = 16, d.dp = 1;
    assert_near(estimate_of(&d).ranks_touched, 0, 0);
}

/* --- attention data parallelism ------------------------------------------------------------------------------------------ */

/* DeepSeek-V3, 64 sequences of 768 tokens: 61 layers * 576 * 2 B = 70,272 B a token. With tp 8 all of it lies on every GPU:
 * 64 * 768 * 70,272 = 3.454 GB, eight times over. With dp 8 each has eight sequences: 0.4318 GB, once. For that the attention's
 * weights are whole, and experts and tokens meet by an exchange in each of 58 layers instead of two all-reduces in 61. */
static void attention_replicas_keep_the_latent_once(void **state) {
    struct gpu g = h100;
    g.mem_bytes = 141e9;
    struct deployment d = deployment_of(&deepseek, &g, 8);
    (void)state;
    d.weights = d.weights_experts = &fp8_block;
    d.batch = 64, d.ep = 8;
    struct estimate wide = estimate_of(&d);
    d.tp = 1, d.dp = 8;
    struct estimate e = estimate_of(&d);
    assert_near(wide.mem_kv_gb, 3.454, 1e-3);
    assert_near(e.mem_kv_gb, 0.4318, 1e-3);
    assert_true(wide.kv_copies == 8 && e.kv_copies == 1 && wide.rank_batch == 64 && e.rank_batch == 8);
    assert_true(e.max_batch > 5 * wide.max_batch && e.mem_weights_gb > wide.mem_weights_gb + 5);
    assert_true(wide.decode.op[OP_ALLREDUCE].calls == 122 && wide.decode.op[OP_DISPATCH].calls == 0);
    assert_true(e.decode.op[OP_ALLREDUCE].calls == 0 && e.decode.op[OP_DISPATCH].calls == 58);
    assert_true(e.decode.op[OP_COMBINE].calls == 58 && e.ranks_touched > 0 && wide.ranks_touched == 0);
}

/* Four KV heads on 8 GPUs: each lies on two. On 2 GPUs each has two of its own. */
static void narrow_caches_are_copied(void **state) {
    struct model m = mixtral;
    m.n_kv_heads = 4;
    struct deployment d = deployment_of(&m, &a100, 8);
    (void)state;
    assert_near(estimate_of(&d).kv_copies, 2, 0);
    d.tp = 2, d.dp = 4;
    assert_near(estimate_of(&d).kv_copies, 1, 0);
    d.batch = 33;
    assert_near(estimate_of(&d).rank_batch, 9, 0);
}

/* --- prefix cache --------------------------------------------------------------------------------------------------------- */

/* Of 512 tokens 256 are cached: half of the products, and of the attention 256 * (256 + 128) = 98,304 scores instead of
 * 512 * 256 = 131,072. The cache that they take is the same. With everything cached the last token is computed still, with
 * 511 in front of it. */
static void cached_prefix_is_attended_not_computed(void **state) {
    struct deployment d = deployment_of(&llama70b, &a100, 4);
    (void)state;
    d.batch = 8;
    struct estimate cold = estimate_of(&d);
    d.prefix_hit = 0.5;
    struct estimate half = estimate_of(&d);
    assert_near(half.prefill.op[OP_FFN].flop, cold.prefill.op[OP_FFN].flop / 2, 1e-12);
    assert_near(half.prefill.op[OP_ATTENTION].flop, cold.prefill.op[OP_ATTENTION].flop * 98304 / 131072, 1e-12);
    assert_near(half.prefill.op[OP_ATTENTION].bytes, cold.prefill.op[OP_ATTENTION].bytes, 1e-12);
    assert_true(half.ttft_ms < cold.ttft_ms && half.tpot_ms < cold.tpot_ms && half.cost_m_in < cold.cost_m_in);
    assert_true(half.itl_max_ms < cold.itl_max_ms);
    assert_near(half.mem_kv_gb, cold.mem_kv_gb, 0);
    assert_near(half.max_batch, cold.max_batch, 0);
    assert_near(half.decode_step_ms, cold.decode_step_ms, 0);
    d.prefix_hit = 1;
    struct estimate all = estimate_of(&d);
    assert_near(all.prefill.op[OP_FFN].flop, cold.prefill.op[OP_FFN].flop / 512, 1e-12);
    assert_near(all.prefill.op[OP_ATTENTION].flop, cold.prefill.op[OP_ATTENTION].flop * 511.5 / 131072, 1e-12);
}

/* Latent attention expands 256 cached tokens to heads: as much of this product as 512 fresh ones have. With a budget of 64 the
 * 256 fresh tokens come in four chunks, in front of which 256, 320, 384 and 448 are cached. */
static void cached_latents_are_expanded(void **state) {
    struct gpu g = h100;
    g.mem_bytes = 400e9;
    struct deployment d = deployment_of(&deepseek, &g, 8);
    double up = 2 * 512 * 16 * 256.0;
    (void)state;
    d.isl = 256;
    double fresh = estimate_of(&d).prefill.op[OP_QKV].flop;
    d.isl = 512, d.prefix_hit = 0.5;
    assert_near(estimate_of(&d).prefill.op[OP_QKV].flop - fresh, 256 * up, 1e-9);
    d.chunk_tokens = 64;
    const struct op o = estimate_of(&d).prefill.op[OP_QKV];
    assert_near(o.calls * o.flop - 61 * fresh, 61 * (256 + 320 + 384 + 448) * up, 1e-9);
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
    d.redundant_experts = d.ep > 1 && random_unit(seed) < 0.5 ? d.ep : 0;
    d.skew_kind = random_unit(seed) < 0.5 ? SKEW_UNIFORM : SKEW_ZIPF, d.skew = 1;
    d.spec_depth = (int)(random_unit(seed) * 6), d.spec_acceptance = random_unit(seed);
    d.spec_draft_cost = random_unit(seed) / 10;
    d.chunk_tokens = random_unit(seed) < 0.5 ? 0 : 8 * random_power(seed, 10);
    return d;
}

static void check_figures(const struct deployment *d, const struct estimate *e) {
    for (int i = 0; i < ESTIMATE_FIELD_COUNT; i++) {
        const struct estimate_field *f = &estimate_fields[i];
        double v = estimate_number(e, f);
        if (f->class == VALUE_PERFORMANCE && (isinf(v) || (v < -1e-12 && i != E_IMBALANCE_LOSS)))
            fail_msg("%s is %g", f->id, v);
    }
    assert_near(e->out_tok_s, e->replicas * (double)d->batch * d->osl / e->e2e_s, 1e-12);
    assert_near(e->cost_m_out * e->out_tok_s + e->cost_m_in * e->in_tok_s, e->cost_h / 3600 * 1e6, 1e-9);
    assert_true(e->bubble > -1e-12 && e->bubble < 1 && e->prefill_bubble > -1e-12 && e->prefill_bubble < 1);
    assert_true(d->redundant_experts == 0 ? isnan(e->redundant_gain) : e->redundant_gain > 0 && e->redundant_gb > 0);
    if (d->redundant_experts > 0 && d->batch >= 64) /* where all experts are alike some replicas and not others make a little difference */
        assert_true(e->rank_max_mean < e->rank_max_before * 1.05);
    assert_true(e->mfu <= 1 && e->mbu <= 1.000001);
    assert_true(e->tpot_ms * e->spec_tokens >= (e->decode_step_ms + e->spec_draft_ms) * (1 - 1e-12));
    if (e->n_loads > 0 && d->redundant_experts == 0) /* an expert takes each token once */
        assert_true(e->load_max_mean <= (double)d->model->n_experts / d->model->top_k);
    assert_true(e->itl_max_ms >= e->tpot_ms * (1 - 1e-12));
    assert_true(e->itl_max_ms >= e->decode_step_ms && e->ttft_ms >= e->wait_ms + e->queue_ms);
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
        cmocka_unit_test(speculation_is_assumed), cmocka_unit_test(a_prompt_takes_a_step_for_each_chunk),
        cmocka_unit_test(budget_trades_first_token_for_gaps), cmocka_unit_test(later_chunks_expand_the_cache_again),
        cmocka_unit_test(the_last_chunk_makes_the_longest_gap),
        cmocka_unit_test(short_budget_makes_prompts_queue), cmocka_unit_test(a_wide_budget_is_no_budget),
        cmocka_unit_test(no_first_token_before_its_prefill),
        cmocka_unit_test(the_longest_gap_is_no_shorter_than_the_mean),
        cmocka_unit_test(short_outputs_wait_for_each_prefill_once),
        cmocka_unit_test(budget_below_the_decoding_is_refused),
        cmocka_unit_test(a_budget_bounds_the_activations), cmocka_unit_test(the_ledger_of_replicas),
        cmocka_unit_test(no_layout_without_replicas), cmocka_unit_test(uneven_stages_leave_bubbles),
        cmocka_unit_test(prefill_fills_and_drains), cmocka_unit_test(groups_limit_the_ranks_of_a_token),
        cmocka_unit_test(groups_spare_prefill_traffic), cmocka_unit_test(attention_replicas_keep_the_latent_once),
        cmocka_unit_test(narrow_caches_are_copied), cmocka_unit_test(cached_prefix_is_attended_not_computed),
        cmocka_unit_test(cached_latents_are_expanded), cmocka_unit_test(any_scenario),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
