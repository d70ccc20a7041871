/* Rule: the shipped presets are whole and consistent, the user's rows lie over them, and a bad cell is
 * refused with file, line, field, what was found and what is allowed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "catalog/articles.h"
#include "scratch.h"

static const struct model *model_of(const struct catalog *c, const char *id) {
    for (size_t i = 0; i < catalog_model_count(c); i++)
        if (strcmp(catalog_model_at(c, i)->id, id) == 0)
            return catalog_model_at(c, i);
    fail_msg("no model %s", id);
    return NULL;
}

static const struct gpu *gpu_of(const struct catalog *c, const char *id) {
    for (size_t i = 0; i < catalog_gpu_count(c); i++)
        if (strcmp(catalog_gpu_at(c, i)->id, id) == 0)
            return catalog_gpu_at(c, i);
    fail_msg("no GPU %s", id);
    return NULL;
}

static const struct format *format_of(const struct catalog *c, const char *id) {
    for (size_t i = 0; i < catalog_format_count(c); i++)
        if (strcmp(catalog_format_at(c, i)->id, id) == 0)
            return catalog_format_at(c, i);
    fail_msg("no format %s", id);
    return NULL;
}

static void near(double is, double want) {
    if (!(fabs(is - want) <= 1e-9 * fabs(want)))
        fail_msg("is %.12g, want %.12g", is, want);
}

static void every_row_is_read(void **state) {
    struct catalog *c = open_shipped();
    (void)state;
    assert_int_equal(catalog_model_count(c), 35);
    assert_int_equal(catalog_gpu_count(c), 40);
    assert_int_equal(catalog_format_count(c), 46);
    assert_int_equal(catalog_link_count(c), 27);
    assert_int_equal(catalog_model_count(c), count_lines(source_path("presets/models.csv")) - 1);
    assert_int_equal(catalog_gpu_count(c), count_lines(source_path("presets/gpus.csv")) - 1);
    assert_int_equal(catalog_format_count(c), count_lines(source_path("presets/formats.csv")) - 1);
    assert_int_equal(catalog_link_count(c), count_lines(source_path("presets/links.csv")) - 1);
    assert_int_equal(catalog_scenario_count(c), count_lines(source_path("presets/scenarios.csv")) - 1);
    assert_int_equal(catalog_article_count(c), count_lines(source_path("presets/articles.csv")) - 1);
    catalog_close(c);
}

static void every_row_has_a_source(void **state) {
    struct catalog *c = open_shipped();
    (void)state;
    for (size_t i = 0; i < catalog_model_count(c); i++)
        assert_true(catalog_model_at(c, i)->source[0]);
    for (size_t i = 0; i < catalog_gpu_count(c); i++)
        assert_true(catalog_gpu_at(c, i)->source[0]);
    for (size_t i = 0; i < catalog_format_count(c); i++)
        assert_true(catalog_format_at(c, i)->source[0]);
    for (size_t i = 0; i < catalog_link_count(c); i++)
        assert_true(catalog_link_at(c, i)->source[0]);
    catalog_close(c);
}

static void models_in_si(void **state) {
    struct catalog *c = open_shipped();
    const struct model *m = model_of(c, "deepseek-v3");
    (void)state;
    assert_int_equal(m->attention, ATTENTION_MLA);
    assert_int_equal(m->kv_lora_rank, 512);
    assert_int_equal(m->n_dense_layers, 3);
    assert_int_equal(m->n_shared_experts, 1);
    assert_string_equal(m->native_dtype, "fp8");
    assert_false(m->rumour);
    near(m->published_total_b, 671);
    assert_true(model_of(c, "gpt-4-rumour")->rumour);
    assert_int_equal(model_of(c, "llama-4-maverick")->moe_layer_freq, 2);
    assert_int_equal(model_of(c, "llama-2-7b")->moe_layer_freq, 1);
    assert_int_equal(model_of(c, "gemma-3-27b")->n_sliding_layers, 52);
    assert_true(model_of(c, "gemma-3-27b")->tie_embeddings);
    catalog_close(c);
}

static void gpus_in_si(void **state) {
    struct catalog *c = open_shipped();
    const struct gpu *h100 = gpu_of(c, "h100-sxm"), *a100 = gpu_of(c, "a100-80-sxm"), *t4 = gpu_of(c, "t4");
    (void)state;
    near(h100->mem_bytes, 79.65 * 1073741824.0); /* what the driver reports */
    assert_true(h100->mem_reported);
    near(a100->mem_bytes, 80 * 1073741824.0);
    assert_false(a100->mem_reported); /* listed in unverified_fields */
    near(t4->mem_bytes, 16e9);        /* marketed */
    assert_false(t4->mem_reported);
    near(h100->mem_bw, 3350e9);
    near(h100->rate[PATH_FP8], 1979e12);
    assert_true(isnan(t4->rate[PATH_BF16]));
    assert_string_equal(h100->family, "hopper");
    assert_string_equal(h100->link_up, "nvlink4");
    assert_string_equal(h100->link_out, "ib-ndr");
    near(gpu_of(c, "h800-sxm")->link_up_bw, 200e9); /* the same link, cut by the card */
    assert_true(isnan(t4->link_up_bw));
    assert_true(isnan(gpu_of(c, "tpu-v5e")->tdp_w));
    assert_int_equal(h100->sms, 132);
    near(h100->l2_bytes, 50e6);
    assert_int_equal(gpu_of(c, "l40s")->sms, 142);
    catalog_close(c);
}

static void formats_in_bytes(void **state) {
    struct catalog *c = open_shipped();
    (void)state;
    near(format_of(c, "bf16")->bytes, 2);
    near(format_of(c, "int4-awq-g128")->bytes, 4.15625 / 8);
    assert_int_equal(format_of(c, "int4-awq-g128")->path, PATH_FP16);
    assert_int_equal(format_of(c, "int4-awq-g128")->block, 1);
    assert_int_equal(format_of(c, "fp8-block128")->block, 128);
    assert_int_equal(format_of(c, "fp8")->block, 1);
    assert_int_equal(format_of(c, "kv-fp8")->kind, FORMAT_KV);
    assert_false(format_of(c, "kv-fp8")->mla_only);
    assert_true(format_of(c, "kv-mla-fp8-ds")->mla_only);
    catalog_close(c);
}

static void main_job_comes_first(void **state) {
    struct catalog *c = open_shipped();
    (void)state;
    assert_string_equal(catalog_scenario_at(c, 0)->id, "mixtral-2xa100");
    assert_string_equal(catalog_scenario_at(c, 1)->id, "llama-4xa100");
    const struct scenario *b = &catalog_find_scenario(c, "llama-4xa100")->scenario;
    assert_string_equal(b->model, "llama-3.3-70b");
    near(b->gpus, 4);
    near(b->price, 3);
    assert_true(isnan(b->batch)); /* an empty cell is the default */
    assert_null(catalog_find_scenario(c, "nothing"));
    for (size_t i = 0; i < catalog_scenario_count(c); i++)
        assert_true(catalog_scenario_at(c, i)->note[0]);
    catalog_close(c);
}

/* --- the user's files -------------------------------------------------------------------------- */

#define LINK_HEADER "id,name,bandwidth_gbs_per_dir_per_gpu,latency_us,source\n"
#define CONSTANT_HEADER "scope,class,constant,value,unit,residual,rows,origin,source\n"

static void user_rows_replace_and_follow(void **state) {
    char err[ERROR_LEN];
    (void)state;
    scratch_write("links.csv", LINK_HEADER "nvlink3,Mine,200,5,me\nwire,A wire,1,100,me\n");
    struct catalog *c = open_over(err);
    assert_non_null(c);
    assert_int_equal(catalog_link_count(c), 28);
    assert_string_equal(catalog_link_at(c, 1)->id, "nvlink3"); /* keeps its place */
    near(catalog_link_at(c, 1)->bandwidth, 200e9);
    near(catalog_link_at(c, 1)->latency_s, 5e-6);
    assert_true(isnan(catalog_link_at(c, 1)->allreduce_busbw)); /* the whole row is replaced */
    assert_string_equal(catalog_link_at(c, 27)->id, "wire");
    catalog_close(c);
    scratch_clear();
}

static void extra_lies_over_user(void **state) {
    char err[ERROR_LEN], presets[PATH_MAX], user[64];
    (void)state;
    scratch_write("links.csv", LINK_HEADER "wire,User,1,1,me\nonly,User,1,1,me\n");
    snprintf(user, sizeof user, "%s", scratch_dir);
    snprintf(presets, sizeof presets, "%s", source_path("presets"));
    scratch_dir[0] = '\0';
    scratch_write("links.csv", LINK_HEADER "wire,Extra,1,1,me\n");
    struct catalog *c = catalog_open(presets, user, scratch_dir, err);
    assert_non_null(c);
    assert_string_equal(catalog_link_at(c, 27)->name, "Extra");
    assert_string_equal(catalog_link_at(c, 28)->name, "User");
    catalog_close(c);
    scratch_clear();
    snprintf(scratch_dir, sizeof scratch_dir, "%s", user);
    scratch_write("links.csv", "");
    scratch_clear();
}

static const struct class_values *elementwise_of(const struct catalog *c, const char *gpu) {
    return &catalog_calibration(c, gpu ? gpu_of(c, gpu) : NULL)->of[CAL_ELEMENTWISE];
}

static void calibration_by_gpu_family_and_all(void **state) {
    char err[ERROR_LEN];
    (void)state;
    scratch_write("calibration.csv", CONSTANT_HEADER "*,elementwise,t0,1,us,,,fitted,me\n"
                                                     "hopper,elementwise,t0,2,us,3.5,100,fitted,me\n"
                                                     "h100-sxm,elementwise,t0,3,us,,,measured,me\n");
    struct catalog *c = open_over(err);
    assert_non_null(c);
    near(elementwise_of(c, "a100-80-sxm")->value[ELEMENTWISE_T0_US], 1980.0 / 1410); /* as many cycles of a slower clock */
    near(elementwise_of(c, "h200-sxm")->value[ELEMENTWISE_T0_US], 2);
    near(elementwise_of(c, "h100-sxm")->value[ELEMENTWISE_T0_US], 3);
    near(elementwise_of(c, NULL)->value[ELEMENTWISE_T0_US], 1);
    near(elementwise_of(c, "h100-sxm")->value[ELEMENTWISE_MEM_EFF],
         elementwise_of(c, NULL)->value[ELEMENTWISE_MEM_EFF]);
    catalog_close(c);
    scratch_clear();
}

/* Without rows of the family, a GPU has those of the measured GPU in it, and knows that they are not its own. */
static void families_inherit(void **state) {
    char err[ERROR_LEN];
    (void)state;
    scratch_write("calibration.csv", CONSTANT_HEADER "h100-sxm,elementwise,t0,3,us,,,measured,me\n"
                                                     "h100-sxm,elementwise,mem_eff,0.5,1,,,measured,me\n"
                                                     "h100-sxm,elementwise,p10,0.75,1,,,measured,me\n"
                                                     "h100-sxm,elementwise,p90,1.25,1,,,measured,me\n");
    struct catalog *c = open_over(err);
    assert_non_null(c);
    const struct class_values *h100 = elementwise_of(c, "h100-sxm"), *h200 = elementwise_of(c, "h200-sxm"),
                              *a100 = elementwise_of(c, "a100-80-sxm");
    near(h200->value[ELEMENTWISE_T0_US], 3);
    near(h200->value[ELEMENTWISE_MEM_EFF], 0.5);
    near(h200->lo, 0.75);
    near(h200->hi, 1.25);
    assert_true(h200->inherited && !h100->inherited && a100->inherited);
    assert_int_equal(h200->origin, ORIGIN_MEASURED);
    assert_int_equal(a100->origin, ORIGIN_ASSUMED); /* the shipped rows for all */
    assert_true(isnan(a100->lo) && isnan(a100->hi)); /* never compared */
    near(a100->value[ELEMENTWISE_T0_US], elementwise_of(c, NULL)->value[ELEMENTWISE_T0_US] * 1980 / 1410);
    assert_true(a100->foreign && !h200->foreign && !h100->foreign);
    catalog_close(c);
    scratch_clear();
    c = open_shipped(); /* the same with the shipped rows */
    const struct calibration *measured = catalog_calibration(c, gpu_of(c, "h100-sxm")),
                             *relative = catalog_calibration(c, gpu_of(c, "h200-sxm"));
    assert_memory_equal(relative->of[CAL_PREFILL_16].value, measured->of[CAL_PREFILL_16].value,
                        sizeof measured->of[CAL_PREFILL_16].value);
    assert_true(relative->of[CAL_PREFILL_16].inherited && !measured->of[CAL_PREFILL_16].inherited);
    catalog_close(c);
}

/* Kernels of Blackwell's workstation parts are built like Ada's: they have what was measured there, in their own clock; a share
 * of a rate stays. The data centre's Blackwell has rows of its own, and of its kin only what it lacks. */
static void kin_stand_in(void **state) {
    char err[ERROR_LEN];
    (void)state;
    scratch_write("calibration.csv", CONSTANT_HEADER "l40s,elementwise,t0,3,us,,,measured,me\n"
                                                     "l40s,elementwise,mem_eff,0.5,1,,,measured,me\n"
                                                     "h100-sxm,elementwise,t0,4,us,,,measured,me\n"
                                                     "h100-sxm,elementwise,mem_eff,0.6,1,,,measured,me\n"
                                                     "b200-sxm,elementwise,mem_eff,0.7,1,,,measured,me\n");
    struct catalog *c = open_over(err);
    assert_non_null(c);
    const struct class_values *rtx = elementwise_of(c, "rtx-5090"), *b200 = elementwise_of(c, "b200-sxm");
    near(rtx->value[ELEMENTWISE_T0_US], 3 * 2520.0 / 2410);
    near(rtx->value[ELEMENTWISE_MEM_EFF], 0.5);
    assert_true(rtx->inherited && rtx->foreign);
    near(b200->value[ELEMENTWISE_T0_US], 4 * 1980.0 / 1965);
    near(b200->value[ELEMENTWISE_MEM_EFF], 0.7);
    catalog_close(c);
    scratch_clear();
}

/* A user's row for one constant leaves the others where they come from. */
static void one_constant_of_ones_own(void **state) {
    char err[ERROR_LEN];
    (void)state;
    struct catalog *c = open_shipped();
    const struct class_values shipped = catalog_calibration(c, gpu_of(c, "h100-sxm"))->of[CAL_GEMM + FORMAT_16];
    catalog_close(c);
    scratch_write("calibration.csv", CONSTANT_HEADER "h100-sxm,gemm_16,mem_eff,0.5,1,,,assumed,me\n");
    c = open_over(err);
    assert_non_null(c);
    const struct class_values *mine = &catalog_calibration(c, gpu_of(c, "h100-sxm"))->of[CAL_GEMM + FORMAT_16];
    for (int i = 0; i < calibration_classes[CAL_GEMM + FORMAT_16].n; i++)
        near(mine->value[i], i == 1 ? 0.5 : shipped.value[i]);
    assert_int_equal(mine->origin, ORIGIN_ASSUMED); /* the worst of them */
    catalog_close(c);
    scratch_write("calibration.csv", CONSTANT_HEADER "h200-sxm,gemm_16,t0,5,us,,,measured,me\n");
    c = open_over(err); /* the first one measured does not make the inherited ones so */
    assert_non_null(c);
    mine = &catalog_calibration(c, gpu_of(c, "h200-sxm"))->of[CAL_GEMM + FORMAT_16];
    near(mine->value[0], 5);
    near(mine->value[1], shipped.value[1]);
    assert_int_equal(mine->origin, shipped.origin);
    assert_int_equal(shipped.origin, ORIGIN_FITTED);
    catalog_close(c);
    scratch_clear();
}

static const struct class_values *stage_of(const struct catalog *c, const char *link) {
    for (size_t i = 0; i < catalog_link_count(c); i++)
        if (strcmp(catalog_link_at(c, i)->id, link) == 0)
            return &catalog_link_calibration(c, catalog_link_at(c, i))->of[CAL_STAGE];
    fail_msg("no link %s", link);
    return NULL;
}

/* A link's family is its id up to the first digit; an id also speaks for its variants behind a dash. */
static void calibration_by_link_family_and_all(void **state) {
    char err[ERROR_LEN];
    (void)state;
    scratch_write("calibration.csv", CONSTANT_HEADER "*,stage,t0,1,us,,,fitted,me\n"
                                                     "nvlink,stage,t0,2,us,,,fitted,me\n"
                                                     "nvlink5,stage,t0,3,us,,,fitted,me\n");
    struct catalog *c = open_over(err);
    assert_non_null(c);
    near(stage_of(c, "ib-hdr")->value[STAGE_T0_US], 1);
    near(stage_of(c, "pcie4-x16")->value[STAGE_T0_US], 1);
    near(stage_of(c, "nvlink4")->value[STAGE_T0_US], 2);
    near(stage_of(c, "nvlink5")->value[STAGE_T0_US], 3);
    near(stage_of(c, "nvlink5-nvl72")->value[STAGE_T0_US], 3);
    assert_true(stage_of(c, "nvlink4")->inherited && !stage_of(c, "nvlink5")->inherited);
    catalog_close(c);
    scratch_clear();
}

/* What an engine adds: in general, on a family of GPUs, on one GPU. */
static void calibration_by_engine(void **state) {
    static const struct {
        const char *engine, *gpu;
        double step_us;
        bool inherited; /* engines are fitted per family: there a GPU's constants are its own */
    } rows[] = {{"sglang", "a100-80-sxm", 11, true}, {"sglang", "h200-sxm", 12, false}, {"sglang", "h100-sxm", 13, false}};
    char err[ERROR_LEN];
    (void)state;
    scratch_write("calibration.csv", CONSTANT_HEADER "sglang,engine,step,11,us,,,fitted,me\n"
                                                     "sglang@hopper,engine,step,12,us,,,fitted,me\n"
                                                     "sglang@h100-sxm,engine,step,13,us,,,fitted,me\n");
    struct catalog *c = open_over(err);
    assert_non_null(c);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scenario s;
        struct deployment d;
        scenario_init(&s);
        assert_true(scenario_parse(&s, &scenario_fields[F_ENGINE], rows[i].engine, err));
        assert_true(scenario_parse(&s, &scenario_fields[F_GPU], rows[i].gpu, err));
        assert_true(catalog_resolve(c, &s, &d, err, NULL));
        near(d.engine.value[ENGINE_STEP_US], rows[i].step_us);
        assert_int_equal(d.engine.inherited, rows[i].inherited);
    }
    catalog_close(c);
    scratch_clear();
}

/* Every class of every GPU and link has been given values and an origin that the file allows. */
static void every_constant_is_in_range(void **state) {
    struct catalog *c = open_shipped();
    (void)state;
    for (size_t g = 0; g < catalog_gpu_count(c) + catalog_link_count(c); g++) {
        const bool is_gpu = g < catalog_gpu_count(c);
        const struct calibration *k =
            is_gpu ? catalog_calibration(c, catalog_gpu_at(c, g))
                   : catalog_link_calibration(c, catalog_link_at(c, g - catalog_gpu_count(c)));
        for (int i = 0; i < CAL_COUNT; i++) {
            const struct class_info *info = &calibration_classes[i];
            if (info->scope != (is_gpu ? SCOPE_GPU : SCOPE_LINK))
                continue;
            assert_in_range(k->of[i].origin, ORIGIN_MEASURED, ORIGIN_ASSUMED);
            for (int n = 0; n < info->n; n++)
                if (!(k->of[i].value[n] >= info->constant[n].low && k->of[i].value[n] <= info->constant[n].high))
                    fail_msg("%s %s is %g", info->id, info->constant[n].name, k->of[i].value[n]);
            assert_true(isnan(k->of[i].lo) || k->of[i].lo <= k->of[i].hi);
        }
    }
    catalog_close(c);
}

/* --- refusals ---------------------------------------------------------------------------------- */

static void refused(const char *file, const char *text, const char *place, const char *word) {
    char err[ERROR_LEN] = "";
    scratch_write(file, text);
    struct catalog *c = open_over(err);
    assert_null(c);
    if (!strstr(err, file) || !strstr(err, place) || !strstr(err, word))
        fail_msg("'%s' should name %s, '%s' and '%s'", err, file, place, word);
    scratch_clear();
}

static void bad_links(void **state) {
    (void)state;
    refused("links.csv", LINK_HEADER "a,A,fast,,s\n",
            ":2: field 'bandwidth_gbs_per_dir_per_gpu': found 'fast'", "a number from");
    refused("links.csv", LINK_HEADER "a,A,1,,s\nb,B,-1,,s\n", ":3: field 'bandwidth_gbs_per_dir_per_gpu'",
            "'-1'");
    refused("links.csv", LINK_HEADER "a,A,0x10,,s\n", ":2:", "'0x10'");
    refused("links.csv", LINK_HEADER "a,A,nan,,s\n", ":2:", "'nan'");
    refused("links.csv", LINK_HEADER "a,A,1 GB,,s\n", ":2:", "'1 GB'");
    refused("links.csv", LINK_HEADER "a b,A,1,,s\n", ":2: field 'id'", "letters");
    refused("links.csv", LINK_HEADER ",A,1,,s\n", ":2: field 'id'", "''");
    refused("links.csv", LINK_HEADER "a,A,1,,\n", ":2: field 'source'", "not empty");
    refused("links.csv", LINK_HEADER "a,A,1,,s\na,A,2,,s\n", ":3: field 'id'", "once");
    refused("links.csv", "id,name,source\na,A,s\n", ":2: field 'bandwidth_gbs_per_dir_per_gpu'",
            "no such column");
    refused("links.csv", "", ":1:", "header");
}

#define MODEL_HEADER                                                                                         \
    "id,name,n_layers,hidden,n_heads,n_kv_heads,head_dim,attention,dense_ffn,n_dense_layers,n_experts,top_"  \
    "k,"                                                                                                     \
    "expert_ffn,vocab,tie_embeddings,ffn_mats,native_dtype,source\n"

static void bad_models(void **state) {
    (void)state;
    refused("models.csv", MODEL_HEADER "m,M,2,64,4,2,16,gqx,128,2,0,,,100,0,3,bf16,s\n",
            ":2: field 'attention'", "mha, gqa, mla");
    refused("models.csv", MODEL_HEADER "m,M,2.5,64,4,2,16,gqa,128,2,0,,,100,0,3,bf16,s\n", "'n_layers'",
            "whole number");
    refused("models.csv", MODEL_HEADER "m,M,2,64,4,2,16,gqa,128,2,0,,,100,yes,3,bf16,s\n", "'tie_embeddings'",
            "0 or 1");
    refused("models.csv", MODEL_HEADER "m,M,2,64,4,2,16,gqa,128,2,0,,,100,0,3,fp7,s\n", "'native_dtype'",
            "'fp7'");
    refused("models.csv", MODEL_HEADER "m,M,2,64,4,2,16,gqa,128,2,0,,,100,0,3,kv-16,s\n", "'native_dtype'",
            "'kv-16'");
    refused("models.csv", MODEL_HEADER "m,M,2,64,4,8,16,gqa,128,2,0,,,100,0,3,bf16,s\n", "'n_kv_heads'",
            "n_heads");
    refused("models.csv", MODEL_HEADER "m,M,2,64,4,2,16,gqa,128,1,0,,,100,0,3,bf16,s\n", "'n_dense_layers'",
            "no experts");
    refused("models.csv", MODEL_HEADER "m,M,2,64,4,2,16,gqa,,0,8,9,32,100,0,3,bf16,s\n", "'top_k'",
            "n_experts");
    refused("models.csv", MODEL_HEADER "m,M,2,64,4,2,16,gqa,,0,8,2,,100,0,3,bf16,s\n", "'expert_ffn'",
            "experts");
    refused("models.csv", MODEL_HEADER "m,M,2,64,4,2,16,gqa,,0,9999,2,8,100,0,3,bf16,s\n", "'n_experts'",
            "512");
    refused("models.csv", MODEL_HEADER "m,M,2,64,4,4,16,mla,,0,8,2,32,100,0,3,bf16,s\n", "'kv_lora_rank'",
            "mla");
}

#define GPU_HEADER "id,name,mem_gb,mem_bw_gbs,bf16_tflops,scaleup_domain,family,link_up,link_out,source\n"

static void bad_gpus_and_formats(void **state) {
    (void)state;
    refused("gpus.csv", GPU_HEADER "g,G,80,2000,300,8,x,nvlink9,ib-ndr,s\n", ":2: field 'link_up'",
            "links.csv");
    refused("gpus.csv", GPU_HEADER "g,G,80,2000,,8,x,nvlink4,ib-ndr,s\n", ":2: field 'bf16_tflops'",
            "fp16_tflops");
    refused("gpus.csv", GPU_HEADER "g,G,0,2000,300,8,x,nvlink4,ib-ndr,s\n", "'mem_gb'", "'0'");
    refused("formats.csv",
            "id,kind,name,effective_bits_per_weight,compute_path,source\nf,weights,F,8,none,s\n",
            ":2: field 'compute_path'", "for weights");
    refused("formats.csv", "id,kind,name,effective_bits_per_weight,compute_path,source\nf,thing,F,8,fp8,s\n",
            ":2: field 'kind'", "weights, kv");
}

/* A row of calibration.csv that must not be taken. */
static void refused_constant(const char *row, const char *place, const char *word) {
    char text[256];
    snprintf(text, sizeof text, CONSTANT_HEADER "%s\n", row);
    refused("calibration.csv", text, place, word);
}

static void bad_constants(void **state) {
    (void)state;
    refused_constant("*,gemm,t0,1,us,,,fitted,s", ":2: field 'class'", "'gemm'");
    refused_constant("*,gemm_16,t1,1,us,,,fitted,s", ":2: field 'constant'", "t0, mem_eff, compute_eff");
    refused_constant("*,gemm_16,quantise,1,1/kFLOP,,,fitted,s", ":2: field 'constant'", "'quantise'"); /* another class's */
    refused_constant("*,gemm_16,t0,1,ms,,,fitted,s", ":2: field 'unit'", "us");
    refused_constant("*,gemm_16,mem_eff,7,1,,,fitted,s", ":2: field 'value'", "0.01 to 1.1");
    refused_constant("*,gemm_16,mem_eff,,1,,,fitted,s", ":2: field 'value'", "0.01 to 1.1");
    refused_constant("*,gemm_16,t0,1,us,,,guessed,s", ":2: field 'origin'", "assumed");
    refused_constant("*,gemm_16,t0,1,us,,,fitted,", ":2: field 'source'", "not empty");
    refused_constant("*,gemm_16,t0,1,us,,,fitted,s\n*,gemm_16,t0,2,us,,,fitted,s", ":3:", "once");
    refused_constant("*,gemm_16,p10,2,1,,,fitted,s", ":2: field 'value'", "0.01 to 1.5");
    refused_constant("*,gemm_16,p90,1.1,us,,,fitted,s", ":2: field 'unit'", "'us'");
    refused_constant("*,gemm_16,p90,1.1,1,,,fitted,s\n*,gemm_16,p90,1.2,1,,,fitted,s", ":3:", "once");
    refused("calibration.csv", "scope,constant,value,unit,origin,source\n*,gemm.t0_us,1,us,fitted,s\n",
            ":2: field 'class'", "no such column");
}

/* A scope must be of the kind that the class has: a GPU, a link or an engine. */
static void bad_scopes(void **state) {
    (void)state;
    refused_constant("hoper,gemm_16,t0,1,us,,,fitted,s", ":2: field 'scope'", "family");
    refused_constant("nvlink4,gemm_16,t0,1,us,,,fitted,s", ":2: field 'scope'", "the id of a GPU");
    refused_constant("vllm,gemm_16,t0,1,us,,,fitted,s", ":2: field 'scope'", "the id of a GPU");
    refused_constant("hopper,stage,t0,1,us,,,fitted,s", ":2: field 'scope'", "the id of a link");
    refused_constant("nvlink44,stage,t0,1,us,,,fitted,s", ":2: field 'scope'", "'nvlink44'");
    refused_constant("hopper,engine,step,1,us,,,fitted,s", ":2: field 'scope'", "an engine");
    refused_constant("vllm@hoper,engine,step,1,us,,,fitted,s", ":2: field 'scope'", "engine@family");
    refused_constant("llm@hopper,engine,step,1,us,,,fitted,s", ":2: field 'scope'", "'llm@hopper'");
    refused_constant(",engine,step,1,us,,,fitted,s", ":2: field 'scope'", "an engine");
}

static void bad_scenarios(void **state) {
    (void)state;
    refused("scenarios.csv", "id,name,model,gpus\ns,S,mixtral-8x7,2\n", ":2: column model",
            "did you mean 'mixtral-8x7b'");
    refused("scenarios.csv", "id,name,model,gpus\ns,S,,2\nt,T,,none\n", ":3: column gpus", "'none'");
    refused("scenarios.csv", "id,name,batch\ns,S,0\n", ":2: column batch", "1 to");
}

#define ARTICLE_HEADER                                                                                       \
    "id,article,table,row,column,printed,formula,inputs,counter,counter_inputs,scenario,model,batch,figure," \
    "verdict,evidence,reason\n"

static void refused_article(const char *row, const char *place, const char *word) {
    char text[512];
    snprintf(text, sizeof text, ARTICLE_HEADER "x,inference,T,r,c,%s\n", row);
    refused("articles.csv", text, place, word);
}

static void bad_articles(void **state) {
    (void)state;
    refused("articles.csv", ARTICLE_HEADER "x,other,T,r,c,1,,,,,,,,,ok,words,r\n", ":2: field 'article'",
            "serving-cost, inference");
    refused_article("1,,,,,,,,,right,words,r", ":2: field 'verdict'", "ok, unit, self, physics, naive");
    refused_article("1,,,,,,,,,ok,faith,r", ":2: field 'evidence'", "recomputed, counter");
    refused_article("1,,,,,,,,,ok,words,", ":2: field 'reason'", "not empty");
    refused_article("1,sum,a=1,,,,,,,ok,words,r", ":2: field 'formula'", "'sum'");
    refused_article("1,,a=1,,,,,,,ok,words,r", ":2: field 'formula'", "''");
    refused_article("1,ratio,a=1,,,,,,,ok,words,r", ":2: field 'inputs'", "each of a, b");
    refused_article("1,ratio,a=1 c=2,,,,,,,ok,words,r", ":2: field 'inputs'", "each of a, b");
    refused_article("1,ratio,a=1 a=2,,,,,,,ok,words,r", ":2: field 'inputs'", "each of a, b");
    refused_article("1,ratio,a=1 b=x,,,,,,,ok,words,r", ":2: field 'inputs'", "each of a, b");
    refused_article("1,,,ratio,a=1,,,,,ok,words,r", ":2: field 'counter_inputs'", "each of a, b");
    refused_article("1,,,,,no-such,,,,ok,words,r", ":2: field 'scenario'", "scenarios.csv");
    refused_article("1,,,,,,mixtral-8x7,,,ok,words,r", ":2: column model", "did you mean 'mixtral-8x7b'");
    refused_article("1,,,,,mixtral-2xa100,,0,,ok,words,r", ":2: column batch", "1 to");
    refused_article("1,,,,,mixtral-2xa100,,,speed,ok,words,r", ":2: field 'figure'", "'speed'");
    refused_article("1,,,,,mixtral-2xa100,,,bound,ok,words,r", ":2: field 'figure'", "a number");
    refused_article("1,,,,,,,,tpot_ms,ok,words,r", ":2: field 'figure'", "no scenario");
    refused_article("1,,,,,,,,,ok,recomputed,r", ":2: field 'formula'", "the evidence");
    refused_article("one,ratio,a=1 b=2,,,,,,,ok,recomputed,r", ":2: field 'printed'", "a number");
    refused_article("1,,,,,,,,,ok,floor,r", ":2: field 'counter'", "the evidence");
    refused_article("1,,,,,mixtral-2xa100,,,,ok,model,r", ":2: field 'figure'", "the evidence");
    refused_article("1,,,,,,,,,ok,fit,r", ":2: field 'scenario'", "the evidence");
    refused_article("1,,,,,,,,,ok,words,so {many}", ":2: field 'reason'", "recomputed, counter, model or limit");
}

static void missing_directories(void **state) {
    char err[ERROR_LEN], presets[PATH_MAX];
    (void)state;
    snprintf(presets, sizeof presets, "%s", source_path("presets"));
    assert_null(catalog_open("/nonexistent", NULL, NULL, err));
    assert_non_null(strstr(err, "/nonexistent/formats.csv"));
    assert_null(catalog_open(presets, NULL, "/nonexistent", err));
    assert_non_null(strstr(err, "/nonexistent"));
    struct catalog *c = catalog_open(presets, "/nonexistent", NULL, err); /* the user need not have any */
    assert_non_null(c);
    catalog_close(c);
    catalog_close(NULL);
}

/* A shipped calibration that lacks one constant. */
static void every_constant_is_needed(void **state) {
    static const char *const files[] = {"formats.csv", "links.csv", "gpus.csv", "models.csv",
                                        "scenarios.csv"};
    static char text[65536];
    char err[ERROR_LEN];

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char from[64];
        snprintf(from, sizeof from, "presets/%s", files[i]);
        FILE *in = fopen(source_path(from), "r");
        assert_non_null(in);
        text[fread(text, 1, sizeof text - 1, in)] = '\0';
        fclose(in);
        scratch_write(files[i], text);
    }
    scratch_write("calibration.csv", CONSTANT_HEADER "*,gemm_16,t0,1,us,,,fitted,s\n"
                                                     "h100-sxm,gemm_16,mem_eff,1,1,,,fitted,s\n");
    assert_null(catalog_open(scratch_dir, NULL, NULL, err));
    if (!strstr(err, "calibration.csv: the constant 'mem_eff' of class 'gemm_16' has no row with scope '*'"))
        fail_msg("%s", err);
    scratch_clear();
}

static void directories(void **state) {
    char buf[64];
    (void)state;
    setenv("MOESCOPE_PRESETS", "/here", 1);
    assert_string_equal(catalog_default_dir(), "/here");
    unsetenv("MOESCOPE_PRESETS");
    assert_non_null(strstr(catalog_default_dir(), "moescope/presets"));
    setenv("XDG_CONFIG_HOME", "/x", 1);
    assert_string_equal(catalog_user_dir(buf, sizeof buf), "/x/moescope");
    unsetenv("XDG_CONFIG_HOME");
    setenv("HOME", "/h", 1);
    assert_string_equal(catalog_user_dir(buf, sizeof buf), "/h/.config/moescope");
    assert_null(catalog_user_dir(buf, 4));
    unsetenv("HOME");
    assert_null(catalog_user_dir(buf, sizeof buf));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_read),
        cmocka_unit_test(every_row_has_a_source),
        cmocka_unit_test(models_in_si),
        cmocka_unit_test(gpus_in_si),
        cmocka_unit_test(formats_in_bytes),
        cmocka_unit_test(main_job_comes_first),
        cmocka_unit_test(user_rows_replace_and_follow),
        cmocka_unit_test(extra_lies_over_user),
        cmocka_unit_test(calibration_by_gpu_family_and_all),
        cmocka_unit_test(families_inherit), cmocka_unit_test(kin_stand_in),
        cmocka_unit_test(one_constant_of_ones_own),
        cmocka_unit_test(calibration_by_link_family_and_all),
        cmocka_unit_test(calibration_by_engine),
        cmocka_unit_test(every_constant_is_in_range),
        cmocka_unit_test(bad_links),
        cmocka_unit_test(bad_models),
        cmocka_unit_test(bad_gpus_and_formats),
        cmocka_unit_test(bad_constants),
        cmocka_unit_test(bad_scopes),
        cmocka_unit_test(bad_scenarios),
        cmocka_unit_test(bad_articles),
        cmocka_unit_test(missing_directories),
        cmocka_unit_test(every_constant_is_needed),
        cmocka_unit_test(directories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
