#include "catalog/schema.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/loads.h"

#define GIGA 1e9
#define TERA 1e12
#define GIB 1073741824.0
#define MICRO 1e-6

/* --- models ------------------------------------------------------------------------------------ */

/* A row of models.csv: the model, and cells that are only looked at. */
struct model_row {
    struct model model;
    int dims_status;
};

static const char *const attention_words[] = {"mha", "gqa", "mla", NULL}; /* order of enum attention_kind */
static const char *const dims_words[] = {"verified", "rumour", NULL};

#define AT(member) offsetof(struct model_row, model.member)
#define DIM(column, member, low, high)                                                                       \
    { .name = column, .kind = CELL_INTEGER, .offset = AT(member), .min = low, .max = high }
#define NEED(column, member, low, high)                                                                      \
    { .name = column, .kind = CELL_INTEGER, .offset = AT(member), .required = true, .min = low, .max = high }

static const struct column model_columns[] = {
    {.name = "id", .kind = CELL_ID, .offset = AT(id), .required = true},
    {.name = "name", .kind = CELL_TEXT, .offset = AT(name), .required = true, .max = NAME_LEN},
    {.name = "total_params_b", .kind = CELL_REAL, .offset = AT(published_total_b), .min = 0, .max = 1e6},
    {.name = "active_params_b", .kind = CELL_REAL, .offset = AT(published_active_b), .min = 0, .max = 1e6},
    NEED("n_layers", n_layers, 1, 1000),
    NEED("hidden", hidden, 1, 1000000),
    NEED("n_heads", n_heads, 1, 10000),
    NEED("n_kv_heads", n_kv_heads, 1, 10000),
    NEED("head_dim", head_dim, 1, 10000),
    {.name = "attention",
     .kind = CELL_WORD,
     .offset = AT(attention),
     .required = true,
     .words = attention_words},
    DIM("q_lora_rank", q_lora_rank, 0, 100000),
    DIM("kv_lora_rank", kv_lora_rank, 0, 100000),
    DIM("qk_nope_head_dim", qk_nope_head_dim, 0, 10000),
    DIM("qk_rope_head_dim", qk_rope_head_dim, 0, 10000),
    DIM("v_head_dim", v_head_dim, 0, 10000),
    DIM("dense_ffn", dense_ffn, 0, 10000000),
    NEED("n_dense_layers", n_dense_layers, 0, 1000),
    NEED("n_experts", n_experts, 0, EXPERTS_MAX),
    DIM("top_k", top_k, 0, EXPERTS_MAX),
    DIM("n_shared_experts", n_shared_experts, 0, EXPERTS_MAX),
    DIM("expert_ffn", expert_ffn, 0, 10000000),
    DIM("moe_layer_freq", moe_layer_freq, 1, 1000),
    NEED("vocab", vocab, 1, 100000000),
    {.name = "tie_embeddings", .kind = CELL_FLAG, .offset = AT(tie_embeddings), .required = true},
    NEED("ffn_mats", ffn_mats, 2, 3),
    DIM("sliding_window", sliding_window, 1, INT_MAX),
    DIM("n_sliding_layers", n_sliding_layers, 0, 1000),
    DIM("n_expert_groups", n_expert_groups, 0, EXPERTS_MAX),
    DIM("top_k_groups", top_k_groups, 0, EXPERTS_MAX),
    {.name = "native_dtype", .kind = CELL_TEXT, .offset = AT(native_dtype), .required = true, .max = ID_LEN},
    DIM("max_context", max_context, 1, INT_MAX),
    {.name = "dims_status",
     .kind = CELL_WORD,
     .offset = offsetof(struct model_row, dims_status),
     .words = dims_words},
    {.name = "source", .kind = CELL_LONG, .offset = AT(source), .required = true},
    {.name = NULL}};

#undef AT
#undef DIM
#undef NEED

const char *schema_check_model(const struct model *m, const char **allowed) {
    const struct {
        bool bad;
        const char *field, *allowed;
    } rules[] = {
        {m->n_kv_heads > m->n_heads, "n_kv_heads", "not more than n_heads"},
        {m->attention == ATTENTION_MLA && m->kv_lora_rank == 0, "kv_lora_rank",
         "at least 1 with attention mla"},
        {m->attention == ATTENTION_MLA && m->qk_nope_head_dim == 0, "qk_nope_head_dim",
         "at least 1 with attention mla"},
        {m->attention == ATTENTION_MLA && m->qk_rope_head_dim == 0, "qk_rope_head_dim",
         "at least 1 with attention mla"},
        {m->attention == ATTENTION_MLA && m->v_head_dim == 0, "v_head_dim", "at least 1 with attention mla"},
        {m->n_dense_layers > m->n_layers, "n_dense_layers", "not more than n_layers"},
        {m->n_experts == 0 && m->n_dense_layers < m->n_layers, "n_dense_layers",
         "n_layers, as there are no experts"},
        {m->n_dense_layers > 0 && m->dense_ffn == 0, "dense_ffn", "at least 1, as there are dense layers"},
        {m->n_experts > 0 && m->top_k == 0, "top_k", "at least 1, as there are experts"},
        {m->top_k > m->n_experts, "top_k", "not more than n_experts"},
        {m->n_experts > 0 && m->expert_ffn == 0, "expert_ffn", "at least 1, as there are experts"},
        {m->n_sliding_layers > m->n_layers, "n_sliding_layers", "not more than n_layers"},
        {m->n_sliding_layers > 0 && m->sliding_window == 0, "sliding_window",
         "at least 1, as n_sliding_layers is not 0"},
        {m->n_expert_groups > 0 && m->n_experts % m->n_expert_groups != 0, "n_expert_groups",
         "a divisor of n_experts"},
        {m->top_k_groups > m->n_expert_groups, "top_k_groups", "not more than n_expert_groups"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].bad) {
            *allowed = rules[i].allowed;
            return rules[i].field;
        }
    return NULL;
}

/* A published number type in short, and what engines load it as. */
static const struct {
    const char *native, *linear, *experts;
} native_types[] = {
    {"fp8", "fp8-block128", "fp8-block128"},
    {"int8", "int8-w8a16", "int8-w8a16"},
    {"mxfp4", "bf16", "mxfp4-w4a16"}, /* gpt-oss: only the experts are quantised */
};

bool schema_native_formats(const struct catalog *c, const char *native, size_t *linear, size_t *experts) {
    char names[2][ID_LEN];
    const char *plus = strchr(native, '+');

    snprintf(names[0], ID_LEN, "%.*s", (int)(plus ? plus - native : ID_LEN - 1), native);
    snprintf(names[1], ID_LEN, "%s", plus ? plus + 1 : names[0]);
    for (size_t i = 0; i < sizeof native_types / sizeof *native_types; i++)
        if (strcmp(native, native_types[i].native) == 0) {
            snprintf(names[0], ID_LEN, "%s", native_types[i].linear);
            snprintf(names[1], ID_LEN, "%s", native_types[i].experts);
        }
    *linear = store_find(&c->formats, names[0]);
    *experts = store_find(&c->formats, names[1]);
    return *linear < c->formats.count && *experts < c->formats.count &&
           catalog_format_at(c, *linear)->kind == FORMAT_WEIGHTS &&
           catalog_format_at(c, *experts)->kind == FORMAT_WEIGHTS;
}

static bool finish_model(struct catalog *c, const struct csv_row *csv, void *row, char *err) {
    struct model_row *r = row;
    struct model *m = &r->model;
    const char *allowed;
    size_t linear, experts;
    const char *bad = schema_check_model(m, &allowed);

    if (bad)
        return schema_refuse(csv, bad, allowed, err);
    if (!schema_native_formats(c, m->native_dtype, &linear, &experts))
        return schema_refuse(
            csv, "native_dtype",
            "fp8, int8, mxfp4, or a weight format of formats.csv, or two joined by + (linear+experts)", err);
    m->rumour = r->dims_status == 1;
    if (m->moe_layer_freq == 0)
        m->moe_layer_freq = 1;
    return true;
}

const struct schema schema_models = {"models.csv", model_columns, sizeof(struct model_row), finish_model};

/* --- GPUs -------------------------------------------------------------------------------------- */

struct gpu_row {
    struct gpu gpu;
    double marketed_bytes, usable_bytes;
    const char *unverified; /* names of columns, separated by ';' */
};

#define AT(member) offsetof(struct gpu_row, gpu.member)
#define RATE(column, path)                                                                                   \
    {                                                                                                        \
        .name = column, .kind = CELL_REAL, .offset = AT(rate) + (path) * sizeof(double), .max = 1e9,         \
        .scale = TERA                                                                                        \
    }
#define REAL(column, at, low, high, factor)                                                                  \
    { .name = column, .kind = CELL_REAL, .offset = at, .min = low, .max = high, .scale = factor }

static const struct column gpu_columns[] = {
    {.name = "id", .kind = CELL_ID, .offset = AT(id), .required = true},
    {.name = "name", .kind = CELL_TEXT, .offset = AT(name), .required = true, .max = NAME_LEN},
    {.name = "mem_gb",
     .kind = CELL_REAL,
     .offset = offsetof(struct gpu_row, marketed_bytes),
     .required = true,
     .min = 0.001,
     .max = 1e6,
     .scale = GIGA},
    REAL("mem_gib_usable", offsetof(struct gpu_row, usable_bytes), 0.001, 1e6, GIB),
    {.name = "mem_bw_gbs",
     .kind = CELL_REAL,
     .offset = AT(mem_bw),
     .required = true,
     .min = 0.001,
     .max = 1e7,
     .scale = GIGA},
    RATE("fp32_tflops", PATH_FP32),
    RATE("fp16_tflops", PATH_FP16),
    RATE("bf16_tflops", PATH_BF16),
    RATE("fp8_tflops", PATH_FP8),
    RATE("int8_tops", PATH_INT8),
    RATE("fp4_tflops", PATH_FP4),
    RATE("int4_tops", PATH_INT4),
    REAL("nvlink_gbs_per_dir", AT(link_up_bw), 0.001, 1e7, GIGA),
    {.name = "scaleup_domain",
     .kind = CELL_INTEGER,
     .offset = AT(scaleup_domain),
     .required = true,
     .min = 1,
     .max = 65536},
    {.name = "sms", .kind = CELL_INTEGER, .offset = AT(sms), .min = 1, .max = 100000},
    REAL("boost_mhz", AT(clock), 1, 1e5, 1e6),
    REAL("l2_mb", AT(l2_bytes), 0.001, 1e6, 1e6),
    REAL("tdp_w", AT(tdp_w), 1, 1e6, 1),
    REAL("price_per_hour_usd_ref", AT(price_h), 0, 1e4, 1),
    {.name = "unverified_fields", .kind = CELL_LONG, .offset = offsetof(struct gpu_row, unverified)},
    {.name = "family", .kind = CELL_ID, .offset = AT(family), .required = true},
    {.name = "kin", .kind = CELL_ID, .offset = AT(kin)},
    {.name = "link_up", .kind = CELL_ID, .offset = AT(link_up), .required = true},
    {.name = "link_out", .kind = CELL_ID, .offset = AT(link_out), .required = true},
    {.name = "source", .kind = CELL_LONG, .offset = AT(source), .required = true},
    {.name = NULL}};

#undef AT
#undef RATE

static bool is_listed(const char *list, const char *name) {
    const size_t length = strlen(name);

    while (*list) {
        const size_t word = strcspn(list, ";");
        if (word == length && memcmp(list, name, length) == 0)
            return true;
        list += word + (list[word] == ';');
    }
    return false;
}

static bool finish_gpu(struct catalog *c, const struct csv_row *csv, void *row, char *err) {
    struct gpu_row *r = row;
    struct gpu *g = &r->gpu;

    if (isnan(g->rate[PATH_FP16]) && isnan(g->rate[PATH_BF16]))
        return schema_refuse(csv, "bf16_tflops", "a number, unless fp16_tflops has one", err);
    if (store_find(&c->links, g->link_up) == c->links.count)
        return schema_refuse(csv, "link_up", "an id of links.csv", err);
    if (store_find(&c->links, g->link_out) == c->links.count)
        return schema_refuse(csv, "link_out", "an id of links.csv", err);
    g->mem_bytes = isnan(r->usable_bytes) ? r->marketed_bytes : r->usable_bytes;
    g->mem_reported = !isnan(r->usable_bytes) && !is_listed(r->unverified, "mem_gib_usable");
    return true;
}

const struct schema schema_gpus = {"gpus.csv", gpu_columns, sizeof(struct gpu_row), finish_gpu};

/* --- number formats ---------------------------------------------------------------------------- */

struct format_row {
    struct format format;
    char group_size[NAME_LEN];
};

static const char *const format_words[] = {"weights", "kv", NULL}; /* order of enum format_kind */
static const char *const path_words[] = {"fp32", "fp16", "bf16", "fp8", "int8", "fp4", "int4", "none", NULL};

#define AT(member) offsetof(struct format_row, format.member)

static const struct column format_columns[] = {
    {.name = "id", .kind = CELL_ID, .offset = AT(id), .required = true},
    {.name = "kind", .kind = CELL_WORD, .offset = AT(kind), .required = true, .words = format_words},
    {.name = "name", .kind = CELL_TEXT, .offset = AT(name), .required = true, .max = NAME_LEN},
    {.name = "effective_bits_per_weight",
     .kind = CELL_REAL,
     .offset = AT(bytes),
     .required = true,
     .min = 0.1,
     .max = 64,
     .scale = 1.0 / 8},
    {.name = "compute_path", .kind = CELL_WORD, .offset = AT(path), .required = true, .words = path_words},
    {.name = "group_size",
     .kind = CELL_TEXT,
     .offset = offsetof(struct format_row, group_size),
     .max = NAME_LEN},
    {.name = "source", .kind = CELL_LONG, .offset = AT(source), .required = true},
    {.name = NULL}};

#undef AT

/* "128x128" scales go over both sides of a matrix: a cut must not split a block. Groups along one side may be
 * cut. */
static int block_of(const char *group_size) {
    const char *times = strchr(group_size, 'x');
    const long side = times ? strtol(times + 1, NULL, 10) : 1;
    return side >= 1 && side <= 65536 ? (int)side : 1;
}

static bool finish_format(struct catalog *c, const struct csv_row *csv, void *row, char *err) {
    static const char mla_prefix[] = "kv-mla";
    struct format_row *r = row;
    struct format *f = &r->format;

    (void)c;
    if (f->kind == FORMAT_WEIGHTS && f->path == PATH_COUNT)
        return schema_refuse(csv, "compute_path", "fp32, fp16, bf16, fp8, int8, fp4 or int4 for weights",
                             err);
    f->block = block_of(r->group_size);
    f->mla_only = f->kind == FORMAT_KV && strncmp(f->id, mla_prefix, sizeof mla_prefix - 1) == 0;
    return true;
}

const struct schema schema_formats = {"formats.csv", format_columns, sizeof(struct format_row),
                                      finish_format};

/* --- links ------------------------------------------------------------------------------------- */

#define AT(member) offsetof(struct link, member)
#define SMALL(column, i) REAL(column, AT(allreduce_small_s) + (i) * sizeof(double), 0.001, 1e7, MICRO)

static const struct column link_columns[] = {
    {.name = "id", .kind = CELL_ID, .offset = AT(id), .required = true},
    {.name = "name", .kind = CELL_TEXT, .offset = AT(name), .required = true, .max = NAME_LEN},
    {.name = "bandwidth_gbs_per_dir_per_gpu",
     .kind = CELL_REAL,
     .offset = AT(bandwidth),
     .required = true,
     .min = 0.001,
     .max = 1e7,
     .scale = GIGA},
    REAL("latency_us", AT(latency_s), 0, 1e7, MICRO),
    SMALL("nccl_allreduce_small_us_2gpu", 0),
    SMALL("nccl_allreduce_small_us_4gpu", 1),
    SMALL("nccl_allreduce_small_us_8gpu", 2),
    REAL("measured_busbw_gbs_8gpu_allreduce_512mib", AT(allreduce_busbw), 0.001, 1e7, GIGA),
    {.name = "source", .kind = CELL_LONG, .offset = AT(source), .required = true},
    {.name = NULL}};

const struct schema schema_links = {"links.csv", link_columns, sizeof(struct link), NULL};
