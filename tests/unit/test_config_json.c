/* Rule: a published config.json gives the dimensions that the presets have, or an error that names the
 * missing key or the part of the architecture that is not modelled. Nothing is guessed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "scratch.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

static struct catalog *c;

static int open_all(void **state) {
    (void)state;
    c = open_shipped();
    return 0;
}

static int close_all(void **state) {
    (void)state;
    catalog_close(c);
    return 0;
}

static bool resolve(const char *reference, struct deployment *d, char *err) {
    struct scenario s;
    scenario_init(&s);
    return scenario_parse(&s, &scenario_fields[F_MODEL], reference, err) &&
           catalog_resolve(c, &s, d, err, NULL);
}

#ifdef HAVE_JANSSON

static struct deployment imported(const char *name) {
    struct deployment d;
    char err[ERROR_LEN], path[64];
    snprintf(path, sizeof path, "tests/unit/data/%s.json", name);
    if (!resolve(source_path(path), &d, err))
        fail_msg("%s", err);
    return d;
}

static void refused(const char *name, const char *word) {
    struct deployment d;
    char err[ERROR_LEN] = "", path[64];
    snprintf(path, sizeof path, "tests/unit/data/%s.json", name);
    assert_false(resolve(source_path(path), &d, err));
    if (!strstr(err, path) || !strstr(err, word))
        fail_msg("'%s' should name %s and say '%s'", err, path, word);
}

static void plain(void **state) {
    const struct model *m = imported("dense").model;
    (void)state;
    assert_string_equal(m->id, "dense");
    assert_int_equal(m->n_layers, 10);
    assert_int_equal(m->hidden, 1024);
    assert_int_equal(m->n_heads, 16);
    assert_int_equal(m->n_kv_heads, 16); /* null: as many as heads */
    assert_int_equal(m->head_dim, 64);
    assert_int_equal(m->attention, ATTENTION_MHA);
    assert_int_equal(m->n_dense_layers, 10);
    assert_int_equal(m->dense_ffn, 4096);
    assert_int_equal(m->n_experts, 0);
    assert_int_equal(m->ffn_mats, 3);
    assert_true(m->tie_embeddings);
    assert_string_equal(m->native_dtype, "fp16");
    assert_true(isnan(m->published_total_b));
    assert_non_null(strstr(m->source, "dense.json"));
}

static void experts(void **state) {
    const struct model *m = imported("grouped-experts").model;
    (void)state;
    assert_int_equal(m->attention, ATTENTION_GQA);
    assert_int_equal(m->head_dim, 64); /* explicit, not hidden / heads */
    assert_int_equal(m->n_experts, 32);
    assert_int_equal(m->top_k, 4);
    assert_int_equal(m->expert_ffn, 512);
    assert_int_equal(m->n_shared_experts, 1);
    assert_int_equal(m->n_dense_layers, 2);
    assert_int_equal(m->dense_ffn, 8192);
    assert_int_equal(m->n_expert_groups, 4);
    assert_int_equal(m->top_k_groups, 2);
    m = imported("shared-expert").model;
    assert_int_equal(m->n_shared_experts, 4); /* one of 5632 = 4 of 1408 */
    assert_int_equal(m->n_dense_layers, 2);   /* mlp_only_layers */
    m = imported("interleaved").model;
    assert_int_equal(m->n_dense_layers, 6);
    assert_int_equal(m->moe_layer_freq, 2);
    assert_int_equal(m->expert_ffn, 1024);
    assert_int_equal(m->dense_ffn, 8192);
    assert_int_equal(m->sliding_window, 512);
    assert_int_equal(m->n_sliding_layers, 9); /* every fourth of 12 sees everything */
}

static void latent_attention(void **state) {
    const struct deployment d = imported("latent");
    (void)state;
    assert_int_equal(d.model->attention, ATTENTION_MLA);
    assert_int_equal(d.model->q_lora_rank, 0);
    assert_int_equal(d.model->kv_lora_rank, 128);
    assert_int_equal(d.model->head_dim, 96);
    assert_int_equal(d.model->n_shared_experts, 2);
    assert_string_equal(d.kv->id, "kv-mla-16");
}

static void windows(void **state) {
    (void)state;
    assert_int_equal(imported("sliding").model->n_sliding_layers, 4);
    assert_int_equal(imported("sliding").model->sliding_window, 256);
    assert_int_equal(imported("sliding-off").model->n_sliding_layers, 0);
    assert_int_equal(imported("wrapper").model->n_sliding_layers, 4);
}

static void wrapper(void **state) {
    const struct model *m = imported("wrapper").model;
    (void)state;
    assert_int_equal(m->hidden, 1024); /* the language model's, not the vision tower's */
    assert_int_equal(m->n_layers, 6);
    assert_true(m->tie_embeddings); /* said at the top */
}

static void quantised(void **state) {
    (void)state;
    assert_string_equal(imported("quantised").weights->id, "int4-awq-g128");
    assert_string_equal(imported("quantised-experts").weights->id, "bf16");
    assert_string_equal(imported("quantised-experts").weights_experts->id, "int4-sym-g32");
    refused("unknown-scheme", "trellis");
}

static void unusable(void **state) {
    struct deployment d;
    char err[ERROR_LEN];
    (void)state;
    refused("missing-key", "'vocab_size': missing");
    refused("bad-key", "'num_hidden_layers': found 6.5; allowed: a whole number from 1 to 1000");
    refused("not-json", ":2:");
    assert_false(resolve("/nonexistent/config.json", &d, err));
    assert_non_null(strstr(err, "No such file"));
}

static void not_modelled(void **state) {
    (void)state;
    refused("gated-delta", "TinyNextForCausalLM uses linear attention, which is not modelled");
    refused("state-space", "TinyHybridForCausalLM uses state-space (Mamba) layers, which is not modelled");
    refused("indexer", "TinySparseForCausalLM uses sparse attention with an indexer, which is not modelled");
    refused("irregular",
            "TinyPrunedForCausalLM uses layers that differ in intermediate_size, which is not modelled");
}

static void read_once(void **state) {
    (void)state;
    assert_ptr_equal(imported("dense").model, imported("dense").model);
}

/* The published files themselves, where the checkout has them: those that are presets too must agree with
 * them. */
static void published(void **state) {
    static const struct {
        const char *file, *id; /* id NULL: refused, with word in the error */
        const char *word;
    } files[] = {
        {"deepseek-ai--DeepSeek-V3", "deepseek-v3", NULL},
        {"meta-llama--Llama-4-Scout-17B-16E-Instruct", "llama-4-scout", NULL},
        {"meta-llama--Meta-Llama-3.1-405B", "llama-3.1-405b", NULL},
        {"meta-llama--Meta-Llama-3.1-70B", "llama-3.3-70b", NULL},
        {"meta-llama--Meta-Llama-3.1-8B", "llama-3.1-8b", NULL},
        {"mistralai--Mixtral-8x22B-v0.1", "mixtral-8x22b", NULL},
        {"mistralai--Mixtral-8x7B-v0.1", "mixtral-8x7b", NULL},
        {"moonshotai--Kimi-K2-Instruct", "kimi-k2", NULL},
        {"openai--gpt-oss-120b", "gpt-oss-120b", NULL},
        {"openai--gpt-oss-20b", "gpt-oss-20b", NULL},
        {"Qwen--Qwen3-30B-A3B", "qwen3-30b-a3b", NULL},
        {"Qwen--Qwen3-32B", "qwen3-32b", NULL},
        {"Qwen--Qwen3.5-35B-A3B", NULL, "linear attention"},
        {"deepseek-ai--DeepSeek-V3.2", NULL, "sparse attention"},
        {"zai-org--GLM-5", NULL, "sparse attention"},
        {"nvidia--Llama-3_3-Nemotron-Super-49B-v1", NULL, "irregular layers"},
        {"nvidia--Nemotron-H-56B-Base-8K", NULL, "state-space"},
        {"google--gemma-4-26B-A4B", NULL, "two shapes"},
    };
    char err[ERROR_LEN], path[128];
    struct deployment is, want;

    (void)state;
    if (access(source_path("../shared/data/configs"), R_OK) != 0) {
        print_message("published config files are not here: not compared\n");
        return;
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "../shared/data/configs/%s.json", files[i].file);
        const bool ok = resolve(source_path(path), &is, err);
        if (!files[i].id) {
            assert_false(ok);
            assert_non_null(strstr(err, files[i].word));
            continue;
        }
        if (!ok)
            fail_msg("%s", err);
        assert_true(resolve(files[i].id, &want, err));
        const struct model *a = is.model, *b = want.model;
        const int pairs[][2] = {{a->n_layers, b->n_layers},
                                {a->hidden, b->hidden},
                                {a->n_heads, b->n_heads},
                                {a->n_kv_heads, b->n_kv_heads},
                                {a->head_dim, b->head_dim},
                                {a->attention, b->attention},
                                {a->q_lora_rank, b->q_lora_rank},
                                {a->kv_lora_rank, b->kv_lora_rank},
                                {a->qk_nope_head_dim, b->qk_nope_head_dim},
                                {a->qk_rope_head_dim, b->qk_rope_head_dim},
                                {a->v_head_dim, b->v_head_dim},
                                {a->n_dense_layers, b->n_dense_layers},
                                {a->dense_ffn, b->n_dense_layers ? b->dense_ffn : 0},
                                {a->n_experts, b->n_experts},
                                {a->top_k, b->top_k},
                                {a->n_shared_experts, b->n_shared_experts},
                                {a->expert_ffn, b->expert_ffn},
                                {a->moe_layer_freq, b->moe_layer_freq},
                                {a->vocab, b->vocab},
                                {a->tie_embeddings, b->tie_embeddings},
                                {a->ffn_mats, b->ffn_mats},
                                {a->sliding_window, b->sliding_window},
                                {a->n_sliding_layers, b->n_sliding_layers},
                                {a->n_expert_groups, b->n_expert_groups},
                                {a->top_k_groups, b->top_k_groups},
                                {a->max_context, b->max_context}};
        for (size_t p = 0; p < sizeof pairs / sizeof *pairs; p++)
            if (pairs[p][0] != pairs[p][1])
                fail_msg("%s: dimension %zu of the comparison is %d, the preset has %d", files[i].file, p,
                         pairs[p][0], pairs[p][1]);
        assert_ptr_equal(is.weights, want.weights);
        assert_ptr_equal(is.weights_experts, want.weights_experts);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),     cmocka_unit_test(experts),      cmocka_unit_test(latent_attention),
        cmocka_unit_test(windows),   cmocka_unit_test(wrapper),      cmocka_unit_test(quantised),
        cmocka_unit_test(unusable),  cmocka_unit_test(not_modelled), cmocka_unit_test(read_once),
        cmocka_unit_test(published),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}

#else

static void says_what_is_missing(void **state) {
    struct deployment d;
    char err[ERROR_LEN];
    (void)state;
    assert_false(resolve(source_path("tests/unit/data/dense.json"), &d, err));
    assert_non_null(strstr(err, "jansson"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(says_what_is_missing)};
    return cmocka_run_group_tests(tests, open_all, close_all);
}

#endif
