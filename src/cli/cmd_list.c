/* `models`, `gpus`, `formats`, `links`, `scenarios`: what the presets hold. Columns that a preset file
 * has too carry its name and unit. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "catalog/csv.h"
#include "cli/cli.h"
#include "cli/json.h"

enum column_type {
    COLUMN_TEXT,    /* char array */
    COLUMN_POINTER, /* const char *, may be NULL */
    COLUMN_INT,     /* 0: does not apply */
    COLUMN_NUMBER,
    COLUMN_BOOL,
    COLUMN_WORD, /* an enum with names */
    COLUMN_PATH, /* compute path of a weight format */
    COLUMN_FIELD /* a scenario field */
};

struct column {
    const char *name;
    enum column_type type;
    bool brief; /* shown by the table too */
    size_t offset;
    double unit; /* numbers: divided by this */
    const char *const *words;
    const struct field *field;
};

struct list {
    size_t (*count)(const struct catalog *c);
    const void *(*at)(const struct catalog *c, size_t i);
    const struct column *column;
    size_t n_columns;
};

static const char *const attention_words[] = {"mha", "gqa", "mla"};
static const char *const path_words[] = {"fp32", "fp16", "bf16", "fp8", "int8", "fp4", "int4"};
static const char *const kind_words[] = {"weights", "kv"};

#define TERA 1e12
#define GIGA 1e9
#define MICRO 1e-6
#define BRIEF true

#define MODEL(name_, type_, brief_, member_)                                                                 \
    { name_, type_, brief_, offsetof(struct model, member_), 1 }
static const struct column model_columns[] = {
    MODEL("id", COLUMN_TEXT, BRIEF, id),
    MODEL("name", COLUMN_TEXT, BRIEF, name),
    MODEL("total_params_b", COLUMN_NUMBER, BRIEF, published_total_b),
    MODEL("active_params_b", COLUMN_NUMBER, BRIEF, published_active_b),
    MODEL("n_layers", COLUMN_INT, BRIEF, n_layers),
    MODEL("hidden", COLUMN_INT, false, hidden),
    MODEL("n_heads", COLUMN_INT, false, n_heads),
    MODEL("n_kv_heads", COLUMN_INT, false, n_kv_heads),
    MODEL("head_dim", COLUMN_INT, false, head_dim),
    {"attention", COLUMN_WORD, BRIEF, offsetof(struct model, attention), 1, attention_words},
    MODEL("q_lora_rank", COLUMN_INT, false, q_lora_rank),
    MODEL("kv_lora_rank", COLUMN_INT, false, kv_lora_rank),
    MODEL("qk_nope_head_dim", COLUMN_INT, false, qk_nope_head_dim),
    MODEL("qk_rope_head_dim", COLUMN_INT, false, qk_rope_head_dim),
    MODEL("v_head_dim", COLUMN_INT, false, v_head_dim),
    MODEL("dense_ffn", COLUMN_INT, false, dense_ffn),
    MODEL("n_dense_layers", COLUMN_INT, false, n_dense_layers),
    MODEL("n_experts", COLUMN_INT, BRIEF, n_experts),
    MODEL("top_k", COLUMN_INT, BRIEF, top_k),
    MODEL("n_shared_experts", COLUMN_INT, false, n_shared_experts),
    MODEL("expert_ffn", COLUMN_INT, false, expert_ffn),
    MODEL("moe_layer_freq", COLUMN_INT, false, moe_layer_freq),
    MODEL("vocab", COLUMN_INT, false, vocab),
    MODEL("tie_embeddings", COLUMN_BOOL, false, tie_embeddings),
    MODEL("ffn_mats", COLUMN_INT, false, ffn_mats),
    MODEL("sliding_window", COLUMN_INT, false, sliding_window),
    MODEL("n_sliding_layers", COLUMN_INT, false, n_sliding_layers),
    MODEL("n_expert_groups", COLUMN_INT, false, n_expert_groups),
    MODEL("top_k_groups", COLUMN_INT, false, top_k_groups),
    MODEL("native_dtype", COLUMN_TEXT, BRIEF, native_dtype),
    MODEL("max_context", COLUMN_INT, BRIEF, max_context),
    MODEL("rumour", COLUMN_BOOL, false, rumour),
    MODEL("source", COLUMN_POINTER, false, source),
};

#define GPU(name_, type_, brief_, member_, unit_)                                                            \
    { name_, type_, brief_, offsetof(struct gpu, member_), unit_ }
static const struct column gpu_columns[] = {
    GPU("id", COLUMN_TEXT, BRIEF, id, 1),
    GPU("name", COLUMN_TEXT, BRIEF, name, 1),
    GPU("family", COLUMN_TEXT, BRIEF, family, 1),
    GPU("capacity_gb", COLUMN_NUMBER, BRIEF, mem_bytes, GIGA),
    GPU("mem_reported", COLUMN_BOOL, false, mem_reported, 1),
    GPU("mem_bw_gbs", COLUMN_NUMBER, BRIEF, mem_bw, GIGA),
    GPU("fp32_tflops", COLUMN_NUMBER, false, rate[PATH_FP32], TERA),
    GPU("fp16_tflops", COLUMN_NUMBER, BRIEF, rate[PATH_FP16], TERA),
    GPU("bf16_tflops", COLUMN_NUMBER, false, rate[PATH_BF16], TERA),
    GPU("fp8_tflops", COLUMN_NUMBER, BRIEF, rate[PATH_FP8], TERA),
    GPU("int8_tops", COLUMN_NUMBER, false, rate[PATH_INT8], TERA),
    GPU("fp4_tflops", COLUMN_NUMBER, BRIEF, rate[PATH_FP4], TERA),
    GPU("int4_tops", COLUMN_NUMBER, false, rate[PATH_INT4], TERA),
    GPU("scaleup_domain", COLUMN_INT, BRIEF, scaleup_domain, 1),
    GPU("link_up", COLUMN_TEXT, BRIEF, link_up, 1),
    GPU("link_out", COLUMN_TEXT, false, link_out, 1),
    GPU("tdp_w", COLUMN_NUMBER, BRIEF, tdp_w, 1),
    GPU("price_per_hour_usd_ref", COLUMN_NUMBER, BRIEF, price_h, 1),
    GPU("source", COLUMN_POINTER, false, source, 1),
};

#define FORMAT(name_, type_, brief_, member_)                                                                \
    { name_, type_, brief_, offsetof(struct format, member_), 1 }
static const struct column format_columns[] = {
    FORMAT("id", COLUMN_TEXT, BRIEF, id),
    {"kind", COLUMN_WORD, BRIEF, offsetof(struct format, kind), 1, kind_words},
    FORMAT("name", COLUMN_TEXT, BRIEF, name),
    {"effective_bits_per_weight", COLUMN_NUMBER, BRIEF, offsetof(struct format, bytes), 1.0 / 8},
    FORMAT("compute_path", COLUMN_PATH, BRIEF, path),
    FORMAT("block", COLUMN_INT, BRIEF, block),
    FORMAT("mla_only", COLUMN_BOOL, BRIEF, mla_only),
    FORMAT("source", COLUMN_POINTER, false, source),
};

#define LINK(name_, type_, brief_, member_, unit_)                                                           \
    { name_, type_, brief_, offsetof(struct link, member_), unit_ }
static const struct column link_columns[] = {
    LINK("id", COLUMN_TEXT, BRIEF, id, 1),
    LINK("name", COLUMN_TEXT, BRIEF, name, 1),
    LINK("bandwidth_gbs_per_dir_per_gpu", COLUMN_NUMBER, BRIEF, bandwidth, GIGA),
    LINK("latency_us", COLUMN_NUMBER, BRIEF, latency_s, MICRO),
    LINK("nccl_allreduce_small_us_2gpu", COLUMN_NUMBER, false, allreduce_small_s[0], MICRO),
    LINK("nccl_allreduce_small_us_4gpu", COLUMN_NUMBER, false, allreduce_small_s[1], MICRO),
    LINK("nccl_allreduce_small_us_8gpu", COLUMN_NUMBER, false, allreduce_small_s[2], MICRO),
    LINK("measured_busbw_gbs_8gpu_allreduce_512mib", COLUMN_NUMBER, false, allreduce_busbw, GIGA),
    LINK("source", COLUMN_POINTER, false, source, 1),
};

#define PRESET(name_, type_, member_)                                                                        \
    { name_, type_, BRIEF, offsetof(struct scenario_preset, member_), 1 }
enum { SCENARIO_TEXT_COLUMNS = 3 };
static const struct column scenario_columns[SCENARIO_TEXT_COLUMNS] = {
    PRESET("id", COLUMN_TEXT, id),
    PRESET("name", COLUMN_TEXT, name),
    PRESET("note", COLUMN_POINTER, note),
};

/* --- values -------------------------------------------------------------------------------------------- */

static double column_number(const struct column *column, const void *row) {
    const char *at = (const char *)row + column->offset;
    if (column->type == COLUMN_FIELD)
        return scenario_number(&((const struct scenario_preset *)row)->scenario, column->field);
    if (column->type == COLUMN_INT)
        return *(const int *)(const void *)at ? *(const int *)(const void *)at : NAN;
    /* What was 2039 GB/s in the file must not come out as 2038.9999999999998. */
    char text[40];
    double value = *(const double *)(const void *)at / column->unit;
    snprintf(text, sizeof text, "%.12g", value);
    if (column->unit != 1)
        sscanf(text, "%lf", &value);
    return value;
}

static bool column_is_number(const struct column *column) {
    return column->type == COLUMN_INT || column->type == COLUMN_NUMBER ||
           (column->type == COLUMN_FIELD && column->field->type != FIELD_TEXT);
}

static const char *column_print(const struct column *column, const void *row, char *buf) {
    const char *at = (const char *)row + column->offset, *text = at;
    if (column_is_number(column))
        return number_print(column_number(column, row), buf);
    if (column->type == COLUMN_FIELD)
        return scenario_text(&((const struct scenario_preset *)row)->scenario, column->field);
    if (column->type == COLUMN_BOOL)
        return *(const bool *)at ? "1" : "0";
    if (column->type == COLUMN_POINTER)
        text = *(const char *const *)(const void *)at;
    if (column->type == COLUMN_PATH)
        return ((const struct format *)row)->kind == FORMAT_WEIGHTS
                   ? path_words[((const struct format *)row)->path]
                   : "";
    if (column->type == COLUMN_WORD)
        text = column->words[*(const int *)(const void *)at];
    return text ? text : "";
}

/* --- output -------------------------------------------------------------------------------------------- */

static void write_csv(const struct list *list, const struct catalog *c) {
    char buf[VALUE_LEN];
    for (size_t k = 0; k < list->n_columns; k++)
        csv_write_cell(stdout, list->column[k].name, k == 0);
    csv_end_row(stdout);
    for (size_t i = 0; i < list->count(c); i++) {
        for (size_t k = 0; k < list->n_columns; k++)
            csv_write_cell(stdout, column_print(&list->column[k], list->at(c, i), buf), k == 0);
        csv_end_row(stdout);
    }
}

static void write_json(const struct list *list, const struct catalog *c) {
    char buf[VALUE_LEN];
    for (size_t i = 0; i < list->count(c); i++) {
        const void *row = list->at(c, i);
        struct json j;
        json_begin(&j, stdout);
        for (const struct column *k = list->column; k < list->column + list->n_columns; k++) {
            const char *text = column_print(k, row, buf);
            if (column_is_number(k))
                json_number(&j, k->name, column_number(k, row));
            else if (k->type == COLUMN_BOOL)
                json_bool(&j, k->name, *text == '1');
            else
                json_text(&j, k->name, *text ? text : NULL);
        }
        json_end(&j);
        putchar('\n');
    }
}

/* Cells that a UTF-8 text takes: presets hold no wide characters. */
static int cells(const char *text) {
    int n = 0;
    for (; *text; text++)
        n += (*text & 0xc0) != 0x80;
    return n;
}

static const char *brief_print(const struct column *column, const void *row, char *buf) {
    const char *text = column_print(column, row, buf);
    if (column->type == COLUMN_NUMBER && *text)
        snprintf(buf, VALUE_LEN, "%.5g", column_number(column, row));
    return *text ? text : "-";
}

static int brief_width(const struct list *list, const struct catalog *c, const struct column *column) {
    char buf[VALUE_LEN];
    int width = cells(column->name);
    for (size_t i = 0; i < list->count(c); i++) {
        int w = cells(brief_print(column, list->at(c, i), buf));
        width = w > width ? w : width;
    }
    return width;
}

static void write_table_cell(const struct column *column, const char *text, int width, bool last) {
    int pad = width - cells(text);
    if (column_is_number(column))
        printf("%*s%s", pad, "", text);
    else
        printf("%s%*s", text, last ? 0 : pad, "");
    fputs(last ? "\n" : "  ", stdout);
}

static void write_table(const struct list *list, const struct catalog *c) {
    const struct column *brief[64];
    int width[64];
    size_t n = 0;
    char buf[VALUE_LEN];
    for (size_t k = 0; k < list->n_columns; k++)
        if (list->column[k].brief) {
            brief[n] = &list->column[k];
            width[n++] = brief_width(list, c, &list->column[k]);
        }
    for (size_t k = 0; k < n; k++)
        write_table_cell(brief[k], brief[k]->name, width[k], k + 1 == n);
    for (size_t i = 0; i < list->count(c); i++)
        for (size_t k = 0; k < n; k++)
            write_table_cell(brief[k], brief_print(brief[k], list->at(c, i), buf), width[k], k + 1 == n);
}

/* --- the lists ----------------------------------------------------------------------------------------- */

static const void *model_at(const struct catalog *c, size_t i) {
    return catalog_model_at(c, i);
}

static const void *gpu_at(const struct catalog *c, size_t i) {
    return catalog_gpu_at(c, i);
}

static const void *format_at(const struct catalog *c, size_t i) {
    return catalog_format_at(c, i);
}

static const void *link_at(const struct catalog *c, size_t i) {
    return catalog_link_at(c, i);
}

static const void *scenario_at(const struct catalog *c, size_t i) {
    return catalog_scenario_at(c, i);
}

#define COLUMNS(table) table, sizeof table / sizeof *table
static const struct list lists[CMD_COUNT] = {
    [CMD_MODELS] = {catalog_model_count, model_at, COLUMNS(model_columns)},
    [CMD_GPUS] = {catalog_gpu_count, gpu_at, COLUMNS(gpu_columns)},
    [CMD_FORMATS] = {catalog_format_count, format_at, COLUMNS(format_columns)},
    [CMD_LINKS] = {catalog_link_count, link_at, COLUMNS(link_columns)},
    [CMD_SCENARIOS] = {catalog_scenario_count, scenario_at, COLUMNS(scenario_columns)},
};

/* Scenarios have a column for every field, too many for a table for people. */
static void add_scenario_fields(struct list *list,
                                struct column column[SCENARIO_TEXT_COLUMNS + FIELD_COUNT]) {
    memcpy(column, scenario_columns, sizeof scenario_columns);
    for (size_t i = 0; i < FIELD_COUNT; i++)
        column[SCENARIO_TEXT_COLUMNS + i] =
            (struct column){scenario_fields[i].id, COLUMN_FIELD, false, 0, 1, NULL, &scenario_fields[i]};
    list->column = column;
    list->n_columns = SCENARIO_TEXT_COLUMNS + FIELD_COUNT;
}

enum status cmd_list(const struct options *o) {
    static void (*const write[])(const struct list *, const struct catalog *) = {
        [FORMAT_TABLE] = write_table, [FORMAT_CSV] = write_csv, [FORMAT_JSON] = write_json};
    struct column column[SCENARIO_TEXT_COLUMNS + FIELD_COUNT];
    struct list list = lists[o->command];
    struct catalog *c;
    char err[ERROR_LEN];

    int format = options_choice(o, OPT_FORMAT, output_formats, FORMAT_TABLE, err);
    if (format < 0)
        return cli_fail(STATUS_BAD_INPUT, err);
    if (o->command == CMD_SCENARIOS)
        add_scenario_fields(&list, column);
    enum status status = cli_open_catalog(o, &c);
    if (status == STATUS_OK)
        write[format](&list, c);
    catalog_close(c);
    return status;
}
