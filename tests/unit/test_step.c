/* Times of a step against hand-computed numbers. The constants of fixture.h know no losses, so a memory-bound operator
 * takes bytes / bandwidth; the smooth maximum adds a little where compute comes near. */
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

/* At batch 1 two of eight experts are read: 2 * 176,160,768 * 2 B / 2,039 GB/s = 345.6 us a layer. */
static void batch_1_reads_k_experts(void **state) {
    struct deployment d = deployment_of(&mixtral, &a100, 1);
    struct step s = step_of(&d, 1, 1);
    (void)state;
    assert_near(s.op[OP_EXPERTS].seconds, 345.6e-6, 0.001);
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

/* NCCL's alpha for 8 GPUs plus wire bytes over measured bus bandwidth, from the link's row. */
static void allreduce_is_alpha_beta(void **state) {
    struct deployment d = deployment_of(&llama70b, &a100, 8);
    (void)state;
    assert_near(collective_allreduce(&d, 8, 1e6), 22.6e-6 + 2 * 7.0 / 8 * 1e6 / 222e9, 1e-9);
    assert_near(collective_allreduce(&d, 4, 1e6), 14.5e-6 + 1.5e6 / 222e9, 1e-9);
    assert_near(collective_allreduce(&d, 1, 1e6), 0, 0);
    /* two nodes of four: inside as above, then half a buffer's ring of two over 25 GB/s of the four GPUs' shares */
    d.gpus_per_node = 4;
    assert_near(collective_allreduce(&d, 8, 1e6), 14.5e-6 + 1.5e6 / 222e9 + 1e6 / 4 / 25e9, 1e-9);
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
    assert_near(step_rate(&a100, &int4, &fallback), 312e12, 0);
    assert_false(fallback);
    assert_near(step_rate(&a100, &fp8, &fallback), 312e12, 0); /* the A100 has no FP8 matrix units */
    assert_true(fallback);
    assert_near(step_rate(&h100, &fp8, &fallback), 1979e12, 0);
    assert_false(fallback);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_1_reads_k_experts), cmocka_unit_test(batch_16_reads_nearly_all),
        cmocka_unit_test(many_tokens_are_compute_bound), cmocka_unit_test(dense_ffn),
        cmocka_unit_test(attention_reads_the_cache), cmocka_unit_test(slowest_rank_reads_a_whole_expert),
        cmocka_unit_test(article_a16_volumes), cmocka_unit_test(allreduce_is_alpha_beta),
        cmocka_unit_test(pipeline_reads_weights_once_per_micro_batch), cmocka_unit_test(rows_add_up),
        cmocka_unit_test(balance_reads_most), cmocka_unit_test(weight_only_formats_compute_in_16_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
