/* Rule: a scenario's gaps are filled as the field table says, an id that is not known is an error that names
 * the field and the nearest id, and what a deployment prints reads back as the same deployment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "catalog/scenario_row.h"
#include "scratch.h"

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

static void set(struct scenario *s, const char *id, const char *text) {
    char err[ERROR_LEN];
    const struct field *f = scenario_find_field(id);
    assert_non_null(f);
    if (!scenario_parse(s, f, text, err))
        fail_msg("%s", err);
}

/* "model=x gpus=4" as a deployment. */
static struct deployment resolved(const char *settings) {
    struct scenario s;
    struct deployment d;
    char err[ERROR_LEN], copy[256];
    char *rest;

    scenario_init(&s);
    snprintf(copy, sizeof copy, "%s", settings);
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *equals = strchr(word, '=');
        *equals = '\0';
        set(&s, word, equals + 1);
    }
    if (!catalog_resolve(c, &s, &d, err, NULL))
        fail_msg("%s", err);
    return d;
}

static void all_defaults(void **state) {
    const struct deployment d = resolved("");
    (void)state;
    assert_string_equal(d.model->id, "mixtral-8x7b");
    assert_string_equal(d.gpu->id, "a100-80-sxm");
    assert_string_equal(d.weights->id, "bf16");
    assert_string_equal(d.weights_experts->id, "bf16");
    assert_string_equal(d.kv->id, "kv-16");
    assert_string_equal(d.link_up->id, "nvlink3");
    assert_string_equal(d.link_out->id, "ib-hdr");
    assert_int_equal(d.gpus, 2);
    assert_int_equal(d.gpus_per_node, 8);
    assert_int_equal(d.tp, 2);
    assert_int_equal(d.pp * d.dp * d.ep, 1);
    assert_int_equal(d.batch, 32);
    assert_int_equal(d.isl, 512);
    assert_int_equal(d.osl, 256);
    assert_true(d.prefix_hit == 0 && d.skew_kind == SKEW_UNIFORM && d.skew == 0);
    assert_true(d.price == 1.39 && d.power_price == 0.1 && d.utilisation == 1);
    assert_true(isnan(d.slo_ttft_s) && isnan(d.slo_tpot_s));
    assert_ptr_equal(d.calibration, catalog_calibration(c, d.gpu));
    assert_ptr_equal(d.up_calibration, catalog_link_calibration(c, d.link_up));
    assert_ptr_equal(d.out_calibration, catalog_link_calibration(c, d.link_out));
    assert_true(d.up_calibration != d.out_calibration);
    const struct deployment vllm = resolved("engine=vllm");
    assert_memory_equal(d.engine.value, vllm.engine.value, sizeof d.engine.value);
}

/* Every engine has constants of its own, and an ideal one adds nothing to its kernels. */
static void engines(void **state) {
    const struct deployment v = resolved("engine=vllm"), s = resolved("engine=sglang"), t = resolved("engine=trtllm"),
                            ideal = resolved("engine=ideal");
    static const int costs[] = {ENGINE_FLOOR,        ENGINE_LAYER_US,         ENGINE_MOE_LAYER_US, ENGINE_STEP_US,
                                ENGINE_ALLREDUCE_US, ENGINE_ALLREDUCE_LOG_US, ENGINE_SEQUENCE_US};
    static const int factors[] = {ENGINE_PREFILL, ENGINE_SKEW_SHARE, ENGINE_EXPERTS, ENGINE_EXPERTS_W4A16};
    (void)state;
    assert_memory_not_equal(v.engine.value, s.engine.value, sizeof v.engine.value);
    assert_memory_not_equal(s.engine.value, t.engine.value, sizeof v.engine.value);
    assert_memory_not_equal(v.first_token.value, s.first_token.value, sizeof v.first_token.value);
    for (size_t i = 0; i < sizeof costs / sizeof *costs; i++)
        assert_true(ideal.engine.value[costs[i]] == 0);
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++)
        assert_true(ideal.engine.value[factors[i]] == 1);
    assert_true(ideal.first_token.value[FIRST_REQUEST_MS] == 0 && ideal.first_token.value[FIRST_PREFILL] == 1);
}

/* Whatever few runs of pools say, their interval holds the engine's. */
static void pools_are_no_surer_than_their_engine(void **state) {
    const struct field *engine = &scenario_fields[F_ENGINE];
    (void)state;
    for (int i = 0; engine->fixed[i]; i++) {
        char settings[64];
        snprintf(settings, sizeof settings, "gpu=h200-sxm engine=%s", engine->fixed[i]);
        const struct deployment d = resolved(settings);
        assert_true(strcmp(engine->fixed[i], "ideal") == 0 || d.pool_step.value[POOL_STEP_RANKS] > 0);
        assert_false(d.pool_step.lo > d.engine.lo || d.pool_step.hi < d.engine.hi);
        assert_false(d.pool_first.lo > d.first_token.lo || d.pool_first.hi < d.first_token.hi);
    }
}

static void native_formats(void **state) {
    (void)state;
    assert_string_equal(resolved("model=llama-2-7b").weights->id, "fp16");
    assert_string_equal(resolved("model=deepseek-v3").weights->id, "fp8-block128");
    assert_string_equal(resolved("model=deepseek-v3").weights_experts->id, "fp8-block128");
    assert_string_equal(resolved("model=grok-1").weights->id, "int8-w8a16");
    assert_string_equal(resolved("model=gpt-oss-120b").weights->id, "bf16");
    assert_string_equal(resolved("model=gpt-oss-120b").weights_experts->id, "mxfp4-w4a16");
}

static void experts_follow_weights(void **state) {
    (void)state;
    assert_string_equal(resolved("weights=fp8").weights_experts->id, "fp8");
    assert_string_equal(resolved("model=gpt-oss-120b weights=fp8").weights_experts->id, "fp8");
    assert_string_equal(resolved("weights_experts=nvfp4").weights->id, "bf16");
    assert_string_equal(resolved("weights=fp8 weights_experts=nvfp4").weights_experts->id, "nvfp4");
}

static void kv_suits_the_attention(void **state) {
    (void)state;
    assert_string_equal(resolved("model=deepseek-v3").kv->id, "kv-mla-16");
    assert_string_equal(resolved("model=deepseek-v3 kv=kv-fp8").kv->id, "kv-mla-fp8");
    assert_string_equal(resolved("model=deepseek-v3 kv=kv-mla-fp8-ds").kv->id, "kv-mla-fp8-ds");
    assert_string_equal(resolved("kv=kv-mla-fp8").kv->id, "kv-fp8");
    assert_string_equal(resolved("kv=kv-mla-fp8-ds").kv->id,
                        "kv-mla-fp8-ds"); /* no counterpart: for physics to refuse */
}

static void nodes(void **state) {
    (void)state;
    assert_int_equal(resolved("gpu=gb200").gpus_per_node, 72);
    assert_int_equal(resolved("gpu=l40s").gpus_per_node, 8);
    assert_string_equal(resolved("gpu=l40s").link_up->id, "pcie4-x16");
    assert_int_equal(resolved("gpu=gh200-96").gpus_per_node, 1);
    assert_int_equal(resolved("gpus=16").tp, 8); /* within a node */
    assert_int_equal(resolved("gpus=16 gpus_per_node=4").tp, 4);
    assert_int_equal(resolved("gpus=16 tp=2").tp, 2);
    assert_string_equal(resolved("link_up=nvlink4 link_out=eth-25").link_up->id, "nvlink4");
}

static void is_pool(const char *settings, struct prefill_pool want, int decode_tp) {
    const struct deployment d = resolved(settings);
    const struct prefill_pool *p = &d.prefill;
    if (p->gpus != want.gpus || p->tp != want.tp || p->pp != want.pp || p->dp != want.dp || p->ep != want.ep ||
        p->batch != want.batch || d.tp != decode_tp)
        fail_msg("%s: %d GPUs, tp %d pp %d dp %d ep %d, batch %d; decode tp %d", settings, p->gpus, p->tp, p->pp, p->dp,
                 p->ep, p->batch, d.tp);
}

/* Half the fleet, engines like those of the decode pool, batches of one pass of 8192 tokens, 16 prompts of 512. */
static void prefill_pools(void **state) {
    (void)state;
    is_pool("gpus=8", (struct prefill_pool){0}, 8);
    is_pool("gpus=8 prefill_gpus=3 prefill_dp=2", (struct prefill_pool){.gpus = 3, .dp = 2}, 8);
    is_pool("mode=disaggregated gpus=8", (struct prefill_pool){4, 4, 1, 1, 1, 16}, 4);
    is_pool("mode=disaggregated gpus=12 prefill_gpus=4", (struct prefill_pool){4, 4, 1, 1, 1, 16}, 8);
    is_pool("mode=disaggregated gpus=12 tp=2 prefill_tp=4", (struct prefill_pool){4, 4, 1, 1, 1, 16}, 2);
    is_pool("mode=disaggregated gpus=32 tp=1 dp=8 ep=8 isl=4096", (struct prefill_pool){16, 1, 1, 8, 8, 16}, 1);
    is_pool("mode=disaggregated gpus=8 tp=2 prefill_batch=3 prefill_gpus=6", (struct prefill_pool){6, 2, 1, 1, 1, 3}, 2);
    is_pool("mode=disaggregated gpus=1", (struct prefill_pool){0, 1, 1, 1, 1, 16}, 1);
}

static void pool_fields_are_read_with_pools(void **state) {
    const struct deployment one = resolved("prefill_gpus=3"), two = resolved("mode=disaggregated gpus=4");
    (void)state;
    for (int i = 0; i < FIELD_COUNT; i++) {
        const struct field *f = &scenario_fields[i];
        const bool pool = strncmp(f->id, "prefill_", 8) == 0;
        assert_true(deployment_reads(&one, f) == !pool && deployment_reads(&two, f));
        if (pool)
            assert_true(isnan(deployment_number(&one, f)) == (i != F_PREFILL_GPUS) && deployment_number(&two, f) > 0);
    }
}

static void price_may_be_unknown(void **state) {
    (void)state;
    assert_true(isnan(resolved("gpu=h100-pcie").price));
    assert_true(resolved("gpu=h100-pcie price=2").price == 2);
    assert_true(resolved("slo_ttft_ms=250").slo_ttft_s == 0.25);
}

static void fails(const char *field, const char *text, const char *word) {
    struct scenario s;
    struct deployment d;
    char err[ERROR_LEN] = "";
    int bad = -1;

    scenario_init(&s);
    set(&s, field, text);
    assert_false(catalog_resolve(c, &s, &d, err, &bad));
    assert_int_equal(bad, scenario_find_field(field) - scenario_fields);
    if (strncmp(err, field, strlen(field)) != 0 || !strstr(err, word))
        fail_msg("'%s' should begin with %s and say '%s'", err, field, word);
}

static void unknown_ids(void **state) {
    (void)state;
    fails("model", "mixtral-8x77b", "did you mean 'mixtral-8x7b'");
    fails("gpu", "a100", "did you mean 'a100-");
    fails("gpu", "zzzzzz", "moescope gpus");
    fails("weights", "int4", "did you mean 'int4-");
    fails("weights", "kv-16", "weight format");
    fails("weights_experts", "mxfp", "did you mean");
    fails("kv", "bf16", "KV format");
    fails("link_up", "nvlink33", "did you mean 'nvlink3'");
    fails("link_out", "ib", "did you mean 'ib-");
    fails("model", "/nonexistent/config.json", "/nonexistent/config.json");
}

static void no_suggestion_far_away(void **state) {
    struct scenario s;
    struct deployment d;
    char err[ERROR_LEN];
    (void)state;
    scenario_init(&s);
    set(&s, "gpu", "zzzzzz");
    assert_false(catalog_resolve(c, &s, &d, err, NULL));
    assert_null(strstr(err, "did you mean"));
}

static void printed_values_read_back(void **state) {
    struct scenario s, back;
    struct deployment d, again;
    char err[ERROR_LEN], text[VALUE_LEN];

    (void)state;
    for (size_t i = 0; i < catalog_scenario_count(c); i++) {
        s = catalog_scenario_at(c, i)->scenario;
        s.slo_ttft_ms = 333.3;
        snprintf(s.engine, sizeof s.engine, "%s", scenario_fields[F_ENGINE].fixed[i % 4]);
        assert_true(catalog_resolve(c, &s, &d, err, NULL));
        scenario_init(&back);
        for (int f = 0; f < FIELD_COUNT; f++) {
            deployment_print(&d, &s, &scenario_fields[f], text);
            if (!scenario_parse(&back, &scenario_fields[f], text, err))
                fail_msg("%s", err);
        }
        assert_true(catalog_resolve(c, &back, &again, err, NULL));
        assert_true(again.model == d.model && again.weights == d.weights && again.kv == d.kv &&
                    again.tp == d.tp);
        assert_true(again.weights_experts == d.weights_experts && again.slo_ttft_s == d.slo_ttft_s);
        assert_string_equal(back.engine, s.engine);
        assert_memory_equal(again.engine.value, d.engine.value, sizeof d.engine.value);
        for (int f = 0; f < FIELD_COUNT; f++) {
            const double a = deployment_number(&d, &scenario_fields[f]),
                         b = deployment_number(&again, &scenario_fields[f]);
            assert_true(a == b || (isnan(a) && isnan(b)));
        }
    }
}

static size_t count_choices(enum field_id id, const char *model) {
    char setting[64];
    snprintf(setting, sizeof setting, "model=%s", model);
    const struct deployment d = resolved(setting);
    size_t n = 0;
    while (catalog_choice(c, &scenario_fields[id], d.model, n))
        n++;
    return n;
}

static void choices(void **state) {
    (void)state;
    assert_int_equal(count_choices(F_MODEL, "mixtral-8x7b"), 35);
    assert_int_equal(count_choices(F_GPU, "mixtral-8x7b"), 40);
    assert_int_equal(count_choices(F_LINK_UP, "mixtral-8x7b"), 27);
    assert_int_equal(count_choices(F_WEIGHTS, "mixtral-8x7b"), 36);
    assert_int_equal(count_choices(F_KV, "mixtral-8x7b"), 7);
    assert_int_equal(count_choices(F_KV, "deepseek-v3"), 3);
    assert_int_equal(count_choices(F_SKEW_KIND, "mixtral-8x7b"), 4);
    assert_string_equal(catalog_choice(c, &scenario_fields[F_SKEW_KIND], NULL, 1), "zipf");
    assert_int_equal(count_choices(F_ENGINE, "mixtral-8x7b"), 4);
    assert_string_equal(catalog_choice(c, &scenario_fields[F_ENGINE], NULL, 0), "vllm");
    assert_null(catalog_choice(c, &scenario_fields[F_BATCH], NULL, 0));
}

static void rows_name_their_place(void **state) {
    const char *const name[] = {"gpus", "note", "gpu"}, *const good[] = {"4", "x", ""},
                      *const bad[] = {"4", "x", "h101-sxm"};
    struct csv_row row = {"jobs.csv", 7, 3, name, good};
    struct scenario s;
    struct deployment d;
    char err[ERROR_LEN];

    (void)state;
    assert_true(scenario_resolve_row(&row, c, &s, &d, err));
    assert_true(s.gpus == 4 && isnan(s.batch));
    row.cell = bad;
    assert_false(scenario_resolve_row(&row, c, &s, &d, err));
    assert_non_null(strstr(err, "jobs.csv:7: column gpu: 'h101-sxm'"));
    assert_non_null(strstr(err, "did you mean 'h100-sxm'"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_defaults),
        cmocka_unit_test(engines),
        cmocka_unit_test(pools_are_no_surer_than_their_engine),
        cmocka_unit_test(native_formats),
        cmocka_unit_test(experts_follow_weights),
        cmocka_unit_test(kv_suits_the_attention),
        cmocka_unit_test(nodes),
        cmocka_unit_test(prefill_pools),
        cmocka_unit_test(pool_fields_are_read_with_pools),
        cmocka_unit_test(price_may_be_unknown),
        cmocka_unit_test(unknown_ids),
        cmocka_unit_test(no_suggestion_far_away),
        cmocka_unit_test(printed_values_read_back),
        cmocka_unit_test(choices),
        cmocka_unit_test(rows_name_their_place),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
