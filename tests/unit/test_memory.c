/* Memory of the fullest GPU, what fits, and the layout rules, by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/memory.h"
#include "fixture.h"

static void assert_near(double is, double want, double share) {
    if (!(fabs(is - want) <= share * fabs(want)))
        fail_msg("is %.9g, want %.9g within %g %%", is, want, share * 100);
}

static struct memory memory_of(const struct deployment *d) {
    struct memory m;
    memory_make(d, &m);
    return m;
}

/* 46,702,792,704 parameters * 2 B on two GPUs; norms and router are whole on both: 32 * (8,192 + 32,768) + 4,096. */
static void mixtral_weights(void **state) {
    struct deployment d = deployment_of(&mixtral, &a100, 2);
    struct memory m = memory_of(&d);
    double whole = 32 * (8192.0 + 32768) + 4096;
    (void)state;
    assert_near(m.weights, 2 * ((46702792704.0 - whole) / 2 + whole), 1e-5);
    assert_near(m.experts, 2 * 32 * 8 * 176160768.0 / 2, 1e-9);
}

/* KV of Llama-70B: 80 layers * 2 * 8 * 128 * 2 B = 327,680 B a token; a quarter of it on each of 4 GPUs. */
static void kv_bytes_are_exact(void **state) {
    struct deployment d = deployment_of(&llama70b, &a100, 4);
    d.batch = 32;
    (void)state;
    assert_near(memory_of(&d).kv, 32 * 768 * 327680.0 / 4, 1e-12);
    d.dp = 2, d.tp = 2; /* half of the sequences, half of the heads */
    assert_near(memory_of(&d).kv, 16 * 768 * 327680.0 / 2, 1e-12);
}

static void latent_is_whole_on_every_rank(void **state) {
    struct deployment d = deployment_of(&deepseek, &h100, 8);
    d.batch = 8;
    (void)state;
    assert_near(memory_of(&d).kv, 8 * 768 * 61 * 576 * 2.0, 1e-12);
    d.dp = 8, d.tp = 1, d.ep = 8; /* attention replicas share the sequences instead */
    assert_near(memory_of(&d).kv, 768 * 61 * 576 * 2.0, 1e-12);
}

static void window_caps_the_cache(void **state) {
    struct model m = llama70b;
    m.sliding_window = 128, m.n_sliding_layers = 40;
    struct deployment d = deployment_of(&m, &a100, 1);
    (void)state;
    assert_near(memory_of(&d).kv, 4096 * (40 * 768.0 + 40 * 128), 1e-12);
}

/* Audit A10: DeepSeek-V3 in FP8 on 8 GPUs: 84.1 to 85.1 GB of weights each. */
static void deepseek_fills_80_gb(void **state) {
    struct deployment d = deployment_of(&deepseek, &h100, 8);
    d.weights = d.weights_experts = &fp8_block;
    (void)state;
    double gb = memory_of(&d).weights / 1e9;
    assert_true(gb > 84.0 && gb < 85.3);
}

/* The largest batch fits and one more does not; the same for the longest context. */
static void limits_are_tight(void **state) {
    static const int gpus[] = {2, 4, 8};
    struct calibration keeping = ideal_but(CAL_MEMORY, MEMORY_RESERVE_SHARE, 0.1);
    (void)state;
    for (int i = 0; i < 6; i++)
        for (int window = 0; window <= 512; window += 512) {
            struct model m = llama70b;
            m.sliding_window = window, m.n_sliding_layers = window ? 60 : 0;
            struct deployment d = deployment_of(&m, &a100, gpus[i % 3]);
            d.calibration = i < 3 ? &ideal : &keeping;
            d.isl = 3000, d.osl = 1000, d.batch = 1;
            struct memory all = memory_of(&d), at;
            d.batch = (int)all.max_batch;
            at = memory_of(&d);
            assert_true(at.weights + at.kv + at.other <= at.capacity * (1 + 1e-12));
            d.batch++;
            at = memory_of(&d);
            assert_true(at.weights + at.kv + at.other > at.capacity);
            d.batch = 8;
            double longest = memory_of(&d).max_context;
            if (longest < m.max_context) {
                d.isl = (int)longest - 1000;
                at = memory_of(&d);
                assert_true(at.weights + at.kv + at.other <= at.capacity * (1 + 1e-12));
                d.isl++;
                at = memory_of(&d);
                assert_true(at.weights + at.kv + at.other > at.capacity);
            }
        }
}

static void the_largest_stage_counts(void **state) {
    struct deployment d = deployment_of(&llama70b, &a100, 1);
    d.pp = 3; /* 26, 27, 27 -> the extra layers stand in front of the last stage, which has the head */
    struct memory m = memory_of(&d);
    double layer = 855654400.0, table = 128256.0 * 8192;
    (void)state;
    assert_near(m.weights, 2 * (27 * layer + table), 1e-9);
}

/* Beside weights and cache: 2 GiB for the runtime, 1 GiB of buffers where there is more than one GPU, 10 live 16-bit elements
 * for each of 512 tokens and (8192 + 64 * 128 / tp) / 2 units, logits 128256 / tp * 4 B; and of the 80 GiB that these (but for
 * the logits) and the weights leave a tenth is kept free, which is nothing where the weights alone are 141 GB. */
static void workspace(void **state) {
    static const double gib = 1073741824;
    struct deployment one = deployment_of(&llama70b, &a100, 1), four = deployment_of(&llama70b, &a100, 4);
    struct calibration c = ideal;
    double *v = c.of[CAL_MEMORY].value, left;
    (void)state;
    v[MEMORY_RUNTIME_GIB] = 2, v[MEMORY_COLLECTIVE_GIB] = 1, v[MEMORY_ACTIVATION_COEF] = 10, v[MEMORY_RESERVE_SHARE] = 0.1;
    one.calibration = four.calibration = &c;
    assert_near(memory_of(&one).other, 2 * gib + 512 * 10 * 2 * 8192.0 + 128256 * 4.0, 1e-12);
    left = 77 * gib - 512 * 10 * 2 * 5120.0 - memory_of(&four).weights;
    assert_near(memory_of(&four).weights, 35.3e9, 0.01);
    assert_near(memory_of(&four).other, 3 * gib + 512 * 10 * 2 * 5120.0 + 128256 + left / 10, 1e-12);
    v[MEMORY_CHUNK_TOKENS] = 256, v[MEMORY_RESERVE_SHARE] = 0; /* no step sees more */
    assert_near(memory_of(&four).other, 3 * gib + 256 * 10 * 2 * 5120.0 + 128256, 1e-12);
}

static void check_limit(struct deployment d, enum limit want, const char *says) {
    char text[160] = "";
    enum limit is = layout_check(&d, text);
    if (is != want || !strstr(text, says))
        fail_msg("limit %s, want %s; text '%s'", limit_names[is], limit_names[want], text);
}

static void layout_rules(void **state) {
    struct deployment d = deployment_of(&mixtral, &a100, 8), e;
    (void)state;
    check_limit(d, LIMIT_NONE, "");
    e = d, e.tp = 3, e.gpus = 3, check_limit(e, LIMIT_HEADS, "tp 3 does not divide 32");
    e = d, e.gpus = 12, check_limit(e, LIMIT_GPUS, "does not divide 12 GPUs");
    e = d, e.tp = 16, check_limit(e, LIMIT_GPUS, "does not divide 8 GPUs");
    e = d, e.ep = 3, check_limit(e, LIMIT_EXPERTS, "ep 3 does not divide tp x dp = 8");
    e = d, e.ep = 16, e.dp = 2, e.gpus = 16, check_limit(e, LIMIT_EXPERTS, "ep 16 does not divide 8 experts");
    e = d, e.tp = 1, e.pp = 33, e.gpus = 33, check_limit(e, LIMIT_LAYERS, "pp 33 is more than the 32 layers");
    e = d, e.isl = 32768, check_limit(e, LIMIT_CONTEXT, "the model takes 32768");
    e = deployment_of(&llama70b, &a100, 8), e.ep = 8, check_limit(e, LIMIT_EXPERTS, "a dense model has no experts");
    /* heads: 8 KV heads and tp 12: neither divides the other */
    struct model m = mixtral;
    m.n_heads = 48;
    e = deployment_of(&m, &a100, 12), check_limit(e, LIMIT_HEADS, "tp 12 and 8 KV heads");
    /* Qwen3-235B: 1536 / 8 = 192, no multiple of FP8's 128-blocks; whole experts over ep 8 are fine */
    m.expert_ffn = 1536, m.n_heads = 64;
    e = deployment_of(&m, &h100, 8), e.weights = e.weights_experts = &fp8_block;
    check_limit(e, LIMIT_FORMAT, "1536 / 8 = 192 is no multiple of the 128-blocks");
    e.ep = 8, check_limit(e, LIMIT_NONE, "");
    struct format latent = {.id = "kv-mla-fp8-ds", .kind = FORMAT_KV, .bytes = 1.14, .block = 1, .mla_only = true};
    e = d, e.kv = &latent, check_limit(e, LIMIT_FORMAT, "layout of latent attention");
    /* article A's "EP=4, TP=2" */
    e = d, e.ep = 4, check_limit(e, LIMIT_NONE, "");
}

static void fewest_gpus(void **state) {
    struct deployment d = deployment_of(&mixtral, &a100, 8);
    (void)state;
    assert_int_equal(memory_min_gpus(&d), 2); /* 94 GB over 85.9 GB */
    struct deployment l = deployment_of(&llama70b, &a100, 4);
    assert_int_equal(memory_min_gpus(&l), 2); /* 141 GB */
    struct deployment v = deployment_of(&deepseek, &h100, 8);
    v.weights = v.weights_experts = &fp8_block; /* 671 GB and more on 85.5 GB: eight hold the weights but no cache */
    v.batch = 64;
    double fewest = memory_min_gpus(&v);
    assert_true(fewest > 8 && fewest <= 16);
}

/* Replicas spread over the ranks: 8 + 8 experts over ep 8 are two on each. */
static void replicas_take_room(void **state) {
    struct deployment d = deployment_of(&mixtral, &a100, 8);
    (void)state;
    d.ep = 8;
    struct memory without = memory_of(&d), with;
    d.redundant_experts = 8;
    with = memory_of(&d);
    assert_near(without.experts, 2 * 32 * 176160768.0, 1e-9);
    assert_near(with.experts, 2 * without.experts, 1e-12);
    assert_near(with.weights - without.weights, without.experts, 1e-9);
    assert_true(with.max_batch < without.max_batch && with.max_batch > 0);
    assert_true(memory_min_gpus(&d) == 2); /* without them: they are there for speed */
    /* DeepSeek-V3 over 36 ranks: 256 + 32 are eight on each */
    d = deployment_of(&deepseek, &h100, 36);
    d.tp = 1, d.dp = d.ep = 36, d.redundant_experts = 32;
    assert_near(memory_of(&d).experts, 2 * 58 * 8 * 3.0 * 7168 * 2048, 1e-9);
}

static void rules_for_replicas(void **state) {
    struct deployment d = deployment_of(&mixtral, &a100, 4), e;
    (void)state;
    d.ep = 4;
    e = d, e.redundant_experts = 4, check_limit(e, LIMIT_NONE, "");
    e = d, e.redundant_experts = 24, check_limit(e, LIMIT_NONE, "");
    e = d, e.redundant_experts = 6, check_limit(e, LIMIT_EXPERTS, "8 experts + 6 redundant = 14 slots do not spread evenly over ep 4: 4 redundant");
    e = d, e.redundant_experts = 1, check_limit(e, LIMIT_EXPERTS, "0 redundant would");
    e = d, e.redundant_experts = 28, check_limit(e, LIMIT_EXPERTS, "8 experts + 28 redundant over ep 4: 9 slots a rank");
    e = d, e.redundant_experts = 4, e.ep = 1, check_limit(e, LIMIT_EXPERTS, "ep above 1");
    e = deployment_of(&llama70b, &a100, 4), e.redundant_experts = 4, check_limit(e, LIMIT_EXPERTS, "no experts to replicate");
    e = deployment_of(&deepseek, &h100, 32), e.tp = 1, e.dp = e.ep = 32;
    e.redundant_experts = 256, check_limit(e, LIMIT_NONE, "");
    e.redundant_experts = 288, check_limit(e, LIMIT_EXPERTS, "256 experts + 288 redundant are more than 512 slots");
    /* 36 ranks do not divide 256 experts, but 288 slots */
    e.gpus = e.dp = e.ep = 36, e.redundant_experts = 0, check_limit(e, LIMIT_EXPERTS, "ep 36 does not divide 256 experts");
    e.redundant_experts = 16, check_limit(e, LIMIT_EXPERTS, "32 redundant would");
    e.redundant_experts = 32, check_limit(e, LIMIT_NONE, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixtral_weights), cmocka_unit_test(kv_bytes_are_exact),
        cmocka_unit_test(latent_is_whole_on_every_rank), cmocka_unit_test(window_caps_the_cache),
        cmocka_unit_test(deepseek_fills_80_gb), cmocka_unit_test(limits_are_tight),
        cmocka_unit_test(the_largest_stage_counts), cmocka_unit_test(workspace),
        cmocka_unit_test(layout_rules), cmocka_unit_test(replicas_take_room),
        cmocka_unit_test(rules_for_replicas), cmocka_unit_test(fewest_gpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
