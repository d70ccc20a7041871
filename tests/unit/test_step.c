/* Times of a step against hand-computed numbers: which shapes the laws of test_timing.c get, how often, and what an engine
 * adds. The constants of fixture.h know no losses, so a memory-bound operator takes bytes / bandwidth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/collective.h"
#include "core/count.h"
#include "core/memory.h"
#include "core/step.h"
#include "fixture.h"

static struct load_cache cache;

static void assert_near(double is, double want, double share) {
    if (!(fabs(is - want) <= share * fabs(want)))
        fail_msg("is %.9g, want %.9g within %g %%", is, want, share * 100);
}

static struct step step_of(const struct deployment *d, double decode, double engine_tokens) {
    struct work w = {.decode = decode, .context = d->isl + d->osl / 2.0, .passes = d->pp, .engine_tokens = engine_tokens};
    struct step s;
    step_make(d, &w, step_law(d, &cache, engine_tokens, false), &s);
    return s;
}

/* At batch 1 two of eight experts are read: 2 * 176,160,768 * 2 B / 2,039 GB/s = 345.58 us a layer. The least tile has 16
 * rows, one for each: (224 * 4096 + 32 * 14336) * 2 tiles * 2 * 128 * 16 FLOP / 312 TFLOP/s = 36.135 us. The 1.5-norm of both
 * is 345.58 * (1 + (36.135 / 345.58)^1.5)^(2/3) = 353.33 us. */
static void batch_1_reads_k_experts(void **state) {
    struct deployment d = deployment_of(&mixtral, &a100, 1);
    struct step s = step_of(&d, 1, 1);
    (void)state;
    assert_near(s.op[OP_EXPERTS].seconds, 353.33e-6, 0.0001);
    assert_near(s.op[OP_EXPERTS].bytes, 2 * 176160768.0 * 2, 0.001);
    assert_int_equal(s.op[OP_EXPERTS].calls, 32);
    assert_int_equal(s.op[OP_EXPERTS].bound, BOUND_MEMORY);
}

/* At batch 16: 8 * (1 - 0.75^16) = 7.92 experts. */
static void batch_16_reads_nearly_all(void **state) {
    struct deployment d = deployment_of(&mixtral, &a100, 1);
    struct step s = step_of(&d, 16, 16);
    (void)state;
    assert_near(s.op[OP_EXPERTS].bytes, 7.9198 * 176160768.0 * 2, 0.002);
}

/* 65,536 tokens: compute-bound, 2 * T*k * params / 312 TFLOP/s. */
static void many_tokens_are_compute_bound(void **state) {
    struct deployment d = deployment_of(&mixtral, &a100, 1);
    struct step s = step_of(&d, 65536, 65536);
    (void)state;
    assert_int_equal(s.op[OP_EXPERTS].bound, BOUND_COMPUTE);
    assert_near(s.op[OP_EXPERTS].seconds, 2 * 65536.0 * 2 * 176160768 / 312e12, 0.01);
}

/* Llama-70B feed-forward on one of four GPUs: 3 * 8192 * 28672 / 4 * 2 B / 2,039 GB/s = 172.8 us. */
static void dense_ffn(void **state) {
    struct deployment d = deployment_of(&llama70b, &a100, 4);
    struct step s = step_of(&d, 1, 1);
    (void)state;
    assert_near(s.op[OP_FFN].seconds, 172.8e-6, 0.002);
    assert_int_equal(s.op[OP_EXPERTS].calls, 0);
    assert_int_equal(s.op[OP_ALLREDUCE].calls, 160); /* two a layer */
}

/* KV of 32 sequences at 640 tokens on 4 GPUs: 2 heads * 2 * 128 * 2 B * 640 * 32 = 20.97 MB, 10.29 us a layer. */
static void attention_reads_the_cache(void **state) {
    struct deployment d = deployment_of(&llama70b, &a100, 4);
    struct step s = step_of(&d, 32, 32);
    (void)state;
    assert_near(s.op[OP_ATTENTION].bytes, 20.97e6, 0.001);
    assert_near(s.op[OP_ATTENTION].seconds, 10.29e-6, 0.001);
}

/* Each rank of an expert-parallel group must read at least one expert if any of its experts is picked: at batch 1 the
 * slowest of 8 ranks reads one expert, not 2/8 of one. */
static void slowest_rank_reads_a_whole_expert(void **state) {
    struct deployment d = deployment_of(&mixtral, &a100, 8);
    d.tp = 8, d.ep = 8;
    struct step s = step_of(&d, 1, 1);
    (void)state;
    assert_near(s.op[OP_EXPERTS].bytes, 176160768.0 * 2, 0.001);
}

/* Audit A16: batch 256 on 8 GPUs. Tensor parallel: a ring moves 2 * 7/8 * 256 * 4096 * 2 B = 3.67 MB, twice a layer.
 * Expert parallel with sharded tokens: 32 tokens * 2 copies * 4096 * 2 B * 7/8 = 0.46 MB each way, and no more than one
 * all-reduce of attention, which tp 1 does not need. */
static void article_a16_volumes(void **state) {
    struct deployment d = deployment_of(&mixtral, &a100, 8);
    (void)state;
    struct step tp = step_of(&d, 256, 256);
    assert_near(tp.op[OP_ALLREDUCE].comm_bytes, 3.67e6, 0.001);
    assert_int_equal(tp.op[OP_ALLREDUCE].calls, 64);
    assert_int_equal(tp.op[OP_DISPATCH].calls, 0);
    d.tp = 1, d.dp = 8, d.ep = 8;
    struct step ep = step_of(&d, 32, 256);
    assert_near(ep.op[OP_DISPATCH].comm_bytes, 0.4588e6, 0.001);
    assert_near(ep.op[OP_COMBINE].comm_bytes, 0.4588e6, 0.001);
    assert_int_equal(ep.op[OP_ALLREDUCE].calls, 0);
    d.tp = 8, d.dp = 1; /* tensor-parallel attention: every rank holds every token, so there is no dispatch */
    struct step both = step_of(&d, 256, 256);
    assert_int_equal(both.op[OP_DISPATCH].calls, 0);
}

/* A ring moves 2(n-1)/n of the buffer at the rate of the link; an engine adds a fixed time and more for each doubling. */
static void allreduce_in_and_between_nodes(void **state) {
    struct deployment d = deployment_of(&llama70b, &a100, 8);
    (void)state;
    assert_near(collective_allreduce(&d, 8, 1e6), 2 * 7.0 / 8 * 1e6 / 300e9, 1e-9);
    assert_near(collective_allreduce(&d, 4, 1e6), 1.5e6 / 300e9, 1e-9);
    assert_near(collective_allreduce(&d, 1, 1e6), 0, 0);
    d.engine.value[ENGINE_ALLREDUCE_US] = 2, d.engine.value[ENGINE_ALLREDUCE_LOG_US] = 0.5;
    assert_near(collective_allreduce(&d, 8, 1e6), 3.5e-6 + 1.75e6 / 300e9, 1e-9);
    assert_near(collective_allreduce(&d, 1, 1e6), 0, 0);
    /* two nodes of four: inside as above, then a ring of two nodes for each GPU's quarter, over 25 GB/s */
    d.gpus_per_node = 4;
    assert_near(collective_allreduce(&d, 8, 1e6), 3.5e-6 + 1.5e6 / 300e9 + 1e6 / 4 / 25e9, 1e-9);
    /* constants of each link, and its latency: 10 us inside, and the 9 us of a link that was never measured outside */
    struct calibration inner = ideal_but(CAL_NCCL_ALLREDUCE, 0, 0.5), outer = ideal_but(CAL_NCCL_ALLREDUCE, 0, 2);
    d.up_calibration = &inner, d.out_calibration = &outer;
    assert_near(collective_allreduce(&d, 8, 1e6), 3.5e-6 + 5e-6 + 18e-6 + 1.5e6 / 300e9 + 1e6 / 4 / 25e9, 1e-9);
}

/* 7/8 of the buffer over the link; of two nodes of four 3/4 inside, then half of a quarter outside. A card that is cut down
 * to 100 GB/s sends no faster than that. */
static void gather_and_scatter(void **state) {
    struct deployment d = deployment_of(&llama70b, &a100, 8);
    struct gpu cut = a100;
    (void)state;
    assert_near(collective_allgather(&d, 8, 1e6), 0.875e6 / 300e9, 1e-9);
    assert_near(collective_reducescatter(&d, 8, 1e6), 0.875e6 / 300e9, 1e-9);
    assert_near(collective_allgather(&d, 1, 1e6), 0, 0);
    d.gpus_per_node = 4;
    assert_near(collective_allgather(&d, 8, 1e6), 0.75e6 / 300e9 + 0.125e6 / 25e9, 1e-9);
    cut.link_up_bw = 100e9, d.gpu = &cut;
    assert_near(collective_reducescatter(&d, 8, 1e6), 0.75e6 / 100e9 + 0.125e6 / 25e9, 1e-9);
}

/* 16 tokens of 8 copies of 7168 elements: a byte each on the way there, two back. Beyond the node of 8, half of the 16 ranks
 * are away: their share goes over link_out as well, behind its latency. */
static void experts_exchange(void **state) {
    struct deployment d = deployment_of(&deepseek, &a100, 16);
    double elements = 16 * 8 * 7168.0, touched = ranks_touched(256, 8, 16);
    (void)state;
    assert_near(collective_dispatch(&d, 8, 16, false), elements / 300e9, 1e-9);
    assert_near(collective_combine(&d, 8, 16, false), 2 * elements / 300e9, 1e-9);
    assert_near(collective_dispatch(&d, 16, 16, false), elements / 300e9 + 9e-6 + elements / 2 / 25e9, 1e-9);
    /* in prefill one copy for each rank that a token touches */
    assert_near(collective_combine(&d, 16, 16, true),
                2 * 16 * 7168 * touched / 300e9 + 9e-6 + 2 * 16 * 7168 * touched / 2 / 25e9, 1e-9);
}

/* To the next stage: over the scale-up link within a node, over link_out where a stage fills one. */
static void stage_message(void **state) {
    struct deployment d = deployment_of(&llama70b, &a100, 8);
    struct calibration slow = ideal_but(CAL_STAGE, STAGE_T0_US, 5);
    slow.of[CAL_STAGE].value[STAGE_EFF] = 0.5;
    d.out_calibration = &slow;
    (void)state;
    assert_near(collective_stage(&d, 4, 3e6), 10e-6, 1e-9);
    assert_near(collective_stage(&d, 8, 3e6), 5e-6 + 240e-6, 1e-9);
}

/* Stages: the slowest sets the pace; each of pp micro-batches reads the stage's weights once. */
static void pipeline_reads_weights_once_per_micro_batch(void **state) {
    struct deployment whole = deployment_of(&llama70b, &a100, 1), cut = whole;
    cut.pp = 4;
    struct step one = step_of(&whole, 32, 32), four = step_of(&cut, 8, 8);
    (void)state;
    assert_int_equal(four.op[OP_FFN].calls, 80); /* 20 layers, 4 passes */
    assert_near(four.op[OP_FFN].seconds, one.op[OP_FFN].seconds, 0.03);
    assert_int_equal(four.op[OP_STAGE].calls, 4);
}

static void rows_add_up(void **state) {
    struct deployment d = deployment_of(&deepseek, &h100, 8);
    d.dp = 2, d.tp = 4, d.ep = 8;
    struct step s = step_of(&d, 16, 32);
    double sum = 0;
    (void)state;
    for (int i = 0; i < OP_COUNT; i++) {
        double parts = 0;
        for (int b = 0; b < BOUND_COUNT; b++)
            parts += s.op[i].part[b];
        assert_near(parts, s.op[i].seconds, 1e-12);
        sum += s.op[i].calls * s.op[i].seconds;
    }
    assert_near(sum, s.seconds, 1e-12);
}

/* Round-robin reads min(E, T*k) experts, more than any router: balance can cost time when memory binds. */
static void balance_reads_most(void **state) {
    struct deployment d = deployment_of(&deepseek, &h100, 8);
    struct work w = {.decode = 16, .context = 640, .passes = 1, .engine_tokens = 16};
    struct op even;
    struct step s;
    (void)state;
    step_make(&d, &w, step_law(&d, &cache, 16, false), &s);
    step_balanced_experts(&d, &w, &even);
    assert_near(even.bytes / (2 * 7168.0 * 2048 * 3 / 8), 128, 0.01); /* 16 * 8 of 256 */
    assert_true(even.bytes > s.op[OP_EXPERTS].bytes);
}

static void weight_only_formats_compute_in_16_bits(void **state) {
    struct format int4 = {.id = "int4", .bytes = 0.5, .path = PATH_FP16, .block = 1}, fp8 = fp8_block;
    bool fallback;
    (void)state;
    assert_near(timing_rate(&a100, int4.path, &fallback), 312e12, 0);
    assert_false(fallback);
    assert_near(timing_rate(&a100, fp8.path, &fallback), 312e12, 0); /* the A100 has no FP8 matrix units */
    assert_true(fallback);
    assert_near(timing_rate(&h100, fp8.path, &fallback), 1979e12, 0);
    assert_false(fallback);
}

/* --- what an engine adds ---------------------------------------------------------------------------------------------- */

/* Of the kernels' fixed times a share of 0.4 remains: projections of 10 us a product, elementwise kernels of 5 us, two a
 * layer. What a law's time has beside them stays as it is. */
static void captured_steps_lose_launches(void **state) {
    struct deployment d = deployment_of(&llama70b, &a100, 4);
    struct calibration c = ideal_but(CAL_GEMM + FORMAT_16, 0, 10);
    struct step bare = step_of(&d, 1, 1);
    (void)state;
    c.of[CAL_ELEMENTWISE].value[ELEMENTWISE_T0_US] = 5;
    d.calibration = &c;
    d.engine.value[ENGINE_FLOOR] = 0.4;
    struct step s = step_of(&d, 1, 1);
    assert_near(s.op[OP_QKV].part[BOUND_LAUNCH], 4e-6, 1e-9);
    assert_near(s.op[OP_QKV].seconds, bare.op[OP_QKV].seconds + 4e-6, 1e-9);
    assert_near(s.op[OP_FFN].part[BOUND_LAUNCH], 8e-6, 1e-9); /* gate and up, down */
    assert_near(s.op[OP_NORM].part[BOUND_LAUNCH], 4e-6, 1e-9);
    d.engine.value[ENGINE_FLOOR] = 0;
    s = step_of(&d, 1, 1);
    assert_near(s.op[OP_QKV].seconds, bare.op[OP_QKV].seconds, 1e-9);
}

/* DeepSeek: 61 layers of which 58 have experts, 16 sequences: 50 + 61 * 2 + 58 * 3 + 16 * 4 = 410 us, once a step. */
static void host_time(void **state) {
    struct deployment d = deployment_of(&deepseek, &h100, 8);
    (void)state;
    assert_near(step_of(&d, 16, 16).op[OP_HOST].seconds, 0, 0);
    double *v = d.engine.value;
    v[ENGINE_STEP_US] = 50, v[ENGINE_LAYER_US] = 2, v[ENGINE_MOE_LAYER_US] = 3, v[ENGINE_SEQUENCE_US] = 4;
    struct step s = step_of(&d, 16, 16);
    assert_near(s.op[OP_HOST].seconds, 410e-6, 1e-9);
    assert_int_equal(s.op[OP_HOST].calls, 1);
    assert_int_equal(s.op[OP_HOST].bound, BOUND_LAUNCH);
    /* a dense model has no layers with experts: 50 + 80 * 2 + 16 * 4 */
    struct deployment l = deployment_of(&llama70b, &a100, 4);
    l.engine = d.engine;
    assert_near(step_of(&l, 16, 16).op[OP_HOST].seconds, 274e-6, 1e-9);
}

/* The engine's expert kernels over those that were timed alone, 4-bit weights with 16-bit activations once more; but none
 * reads its weights faster than the datasheet: 345.58 us at batch 1 (above), 353.33 us in the law. */
static void engines_have_experts_of_their_own(void **state) {
    struct deployment d = deployment_of(&mixtral, &a100, 1);
    struct format int4 = {.id = "int4", .bytes = 0.5, .path = PATH_FP16, .block = 1};
    struct calibration c = ideal;
    (void)state;
    c.of[CAL_EXPERTS + FORMAT_W4A16] = ideal.of[CAL_EXPERTS + FORMAT_16];
    d.calibration = &c;
    d.weights_experts = &int4;
    double four = step_of(&d, 1, 1).op[OP_EXPERTS].seconds;
    d.engine.value[ENGINE_EXPERTS] = 1.5, d.engine.value[ENGINE_EXPERTS_W4A16] = 0.9;
    assert_near(step_of(&d, 1, 1).op[OP_EXPERTS].seconds, 1.35 * four, 1e-9);
    d.weights_experts = &bf16;
    assert_near(step_of(&d, 1, 1).op[OP_EXPERTS].seconds, 1.5 * 353.33e-6, 0.0001);
    d.engine.value[ENGINE_EXPERTS] = 0.9; /* 318 us */
    assert_near(step_of(&d, 1, 1).op[OP_EXPERTS].seconds, 345.58e-6, 0.0001);
}

/* The busiest rank's surplus of tokens: with a share of 0 it has as many as the mean rank, 4096 * 8 / 8; with a share of 0.5
 * half of what it has more. */
static void skew_shows_up_in_part(void **state) {
    struct deployment d = deployment_of(&deepseek, &h100, 8);
    (void)state;
    d.ep = 8, d.skew_kind = SKEW_ZIPF, d.skew = 1;
    double late = step_law(&d, &cache, 4096, false)->rank_max_mean, expert = 3 * 7168.0 * 2048;
    static const double shares[] = {0, 0.5, 1};
    assert_true(late > 1.2);
    for (int i = 0; i < 3; i++) {
        d.engine.value[ENGINE_SKEW_SHARE] = shares[i];
        assert_near(step_of(&d, 4096, 4096).op[OP_EXPERTS].flop, 2 * 4096 * (1 + shares[i] * (late - 1)) * expert, 1e-9);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_1_reads_k_experts), cmocka_unit_test(batch_16_reads_nearly_all),
        cmocka_unit_test(many_tokens_are_compute_bound), cmocka_unit_test(dense_ffn),
        cmocka_unit_test(attention_reads_the_cache), cmocka_unit_test(slowest_rank_reads_a_whole_expert),
        cmocka_unit_test(article_a16_volumes), cmocka_unit_test(allreduce_in_and_between_nodes),
        cmocka_unit_test(gather_and_scatter), cmocka_unit_test(experts_exchange), cmocka_unit_test(stage_message),
        cmocka_unit_test(pipeline_reads_weights_once_per_micro_batch), cmocka_unit_test(rows_add_up),
        cmocka_unit_test(balance_reads_most), cmocka_unit_test(weight_only_formats_compute_in_16_bits),
        cmocka_unit_test(captured_steps_lose_launches), cmocka_unit_test(host_time),
        cmocka_unit_test(engines_have_experts_of_their_own), cmocka_unit_test(skew_shows_up_in_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
