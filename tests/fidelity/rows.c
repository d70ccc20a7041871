#include "rows.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/csv.h"
#include "core/collective.h"

const char *const file_names[FILE_COUNT] = {
    "gemm", "moe", "attn_prefill", "attn_decode", "mla_prefill", "mla_decode",
    "collective", "deepep_ll", "deepep_normal", "aggregated", "disaggregated",
};

struct reader {
    struct catalog *c;
    struct measured *out;
    enum file_id file;
};

static const char *text(const struct csv_row *row, const char *name) {
    const char *cell = csv_cell(row, name);
    return cell ? cell : "";
}

static double number(const struct csv_row *row, const char *name) {
    return strtod(text(row, name), NULL);
}

/* --- names of the source against ids of the presets ----------------------------------------------------------------- */

static bool is_word_char(char c) {
    return isalnum((unsigned char)c) || c == '.';
}

/* Where the whole word stands in a text, or NULL. */
static const char *find_word(const char *text, const char *word) {
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
        if ((at == text || !is_word_char(at[-1])) && !is_word_char(at[strlen(word)]))
            return at;
    return NULL;
}

/* Whether the words of `name` (split at anything that is no letter, digit or dot) appear in this order in `id`. */
static bool words_in_order(const char *name, const char *id) {
    char word[64];
    while (*name) {
        size_t n = 0;
        while (*name && !is_word_char(*name))
            name++;
        while (is_word_char(*name) && n + 1 < sizeof word)
            word[n++] = (char)tolower((unsigned char)*name++);
        word[n] = '\0';
        if (n == 0)
            break;
        const char *at = find_word(id, word);
        if (!at)
            return false;
        id = at + n;
    }
    return true;
}

/* "gb200_nvl72" is gb200 where no GPU has all the words: names of systems go on where those of GPUs end. */
static const struct gpu *find_gpu(const struct catalog *c, const char *name) {
    const struct gpu *best = NULL;
    char shorter[ID_LEN];
    const char *last = strrchr(name, '_');
    for (size_t i = 0; i < catalog_gpu_count(c); i++) {
        const struct gpu *g = catalog_gpu_at(c, i);
        if (words_in_order(name, g->id) && (!best || strlen(g->id) < strlen(best->id) ||
                                            (strlen(g->id) == strlen(best->id) && g->mem_bytes > best->mem_bytes)))
            best = g;
    }
    if (best || !last)
        return best;
    snprintf(shorter, sizeof shorter, "%.*s", (int)(last - name), name);
    return find_gpu(c, shorter);
}

static const struct link *find_link(const struct catalog *c, const struct gpu *g) {
    for (size_t i = 0; g && i < catalog_link_count(c); i++)
        if (strcmp(catalog_link_at(c, i)->id, g->link_up) == 0)
            return catalog_link_at(c, i);
    return NULL;
}

static const struct format *find_format(const struct catalog *c, const char *id) {
    for (size_t i = 0; i < catalog_format_count(c); i++)
        if (strcmp(catalog_format_at(c, i)->id, id) == 0)
            return catalog_format_at(c, i);
    return NULL;
}

/* Number types as the source calls them. */
static const struct {
    const char *name, *format;
} dtypes[] = {
    {"bfloat16", "bf16"}, {"float16", "fp16"}, {"half", "fp16"}, {"fp8", "fp8"}, {"fp8_block", "fp8-block128"},
    {"nvfp4", "nvfp4"}, {"int4_wo", "int4-gptq-sym-g128"}, {"int8_wo", "int8-w8a16"}, {"sq", "int8-w8a8"},
    {"w4a16_mxfp4", "mxfp4-w4a16"}, {"w4a8_mxfp4_mxfp8", "mxfp4-w4a8"}, {"w4afp8", "int4-w4afp8"},
};

static const struct format *find_dtype(const struct catalog *c, const char *name) {
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (strcmp(dtypes[i].name, name) == 0)
            return find_format(c, dtypes[i].format);
    return find_format(c, name);
}

/* A model of the presets for a hub's name: the maker dropped, tails that name a variant dropped, then the longest id
 * that it begins with. Checkpoints that share dimensions share a preset. */
static const struct {
    const char *name, *id;
} model_aliases[] = {
    {"llama-3.1-70b", "llama-3.3-70b"}, {"deepseek-r1", "deepseek-v3"},
};

static bool find_model(const struct catalog *c, const char *name, char *id) {
    char lower[MODEL_REF_LEN];
    size_t best = 0, n = 0;
    const char *tail = strrchr(name, '/');
    tail = tail ? tail + 1 : name;
    if (strncmp(tail, "Meta-", 5) == 0)
        tail += 5;
    for (; *tail && n + 1 < sizeof lower; tail++)
        lower[n++] = (char)tolower((unsigned char)*tail);
    lower[n] = '\0';
    for (size_t i = 0; i < sizeof model_aliases / sizeof *model_aliases; i++)
        if (strncmp(lower, model_aliases[i].name, strlen(model_aliases[i].name)) == 0 &&
            strlen(model_aliases[i].name) > best) {
            best = strlen(model_aliases[i].name);
            snprintf(id, MODEL_REF_LEN, "%s", model_aliases[i].id);
        }
    for (size_t i = 0; i < catalog_model_count(c); i++) {
        const char *known = catalog_model_at(c, i)->id;
        if (strncmp(lower, known, strlen(known)) == 0 && strlen(known) >= best) {
            best = strlen(known);
            snprintf(id, MODEL_REF_LEN, "%s", known);
        }
    }
    return best > 0;
}

static unsigned long hash(const char *s) {
    unsigned long h = 5381;
    while (*s)
        h = h * 33 + (unsigned char)*s++;
    return h;
}

static void set_family(struct measured_row *r, const struct csv_row *row, const char *const *columns) {
    char key[256];
    size_t used = 0;
    for (; *columns && used < sizeof key; columns++)
        used += (size_t)snprintf(key + used, sizeof key - used, "%s|", text(row, *columns));
    r->family = hash(key);
}

static void add_figure(struct measured_row *r, const char *metric, double measured, enum calibration_class class) {
    r->figure[r->n_figures++] = (struct figure){metric, measured, class};
}

static void cannot(struct measured_row *r, const char *why, const char *what) {
    if (!r->reason[0])
        snprintf(r->reason, sizeof r->reason, "%s %.80s", why, what);
}

/* --- one file each ------------------------------------------------------------------------------------------------------- */

static void read_gemm(struct reader *rd, const struct csv_row *row, struct measured_row *r) {
    r->m = number(row, "m"), r->n = number(row, "n"), r->k = number(row, "k");
    r->format = find_dtype(rd->c, r->dtype);
    if (!r->format)
        cannot(r, "number type", r->dtype);
    set_family(r, row, (const char *[]){"n", "k", NULL});
    add_figure(r, "latency_ms", number(row, "latency_ms"), CAL_GEMM + (r->format ? format_class_of(r->format) : FORMAT_16));
}

static double kv_bytes(const struct csv_row *row) {
    return strstr(text(row, "kv_cache_dtype"), "8") ? 1 : 2;
}

static void read_attention(struct reader *rd, const struct csv_row *row, struct measured_row *r) {
    bool decode = r->file == FILE_ATTENTION_DECODE;
    (void)rd;
    snprintf(r->dtype, sizeof r->dtype, "%.20s/%.20s", text(row, "attn_dtype"), text(row, "kv_cache_dtype"));
    r->attention = (struct attention_shape){
        .batch = number(row, "batch_size"), .tokens = decode ? 1 : number(row, "isl"),
        .context = decode ? number(row, "isl") + number(row, "step") : number(row, "step"),
        .heads = number(row, "num_heads"), .kv_heads = number(row, "num_key_value_heads"),
        .head_dim = number(row, "head_dim"), .window = number(row, "window_size"), .kv_bytes = kv_bytes(row),
        .fp8 = strcmp(text(row, "attn_dtype"), "fp8") == 0, .repeated = true};
    set_family(r, row, (const char *[]){"num_heads", "num_key_value_heads", "head_dim", "window_size", NULL});
    add_figure(r, "latency_ms", number(row, "latency_ms"),
               decode ? attention_decode_class(&r->attention) : attention_prefill_class(r->gpu, &r->attention));
}

/* DeepSeek's dimensions; num_heads are those of one rank. */
static void read_mla(struct reader *rd, const struct csv_row *row, struct measured_row *r) {
    bool decode = r->file == FILE_MLA_DECODE;
    (void)rd;
    snprintf(r->dtype, sizeof r->dtype, "%.20s/%.20s", text(row, "mla_dtype"), text(row, "kv_cache_dtype"));
    r->mla = (struct mla_shape){.batch = number(row, "batch_size"), .tokens = decode ? 1 : number(row, "isl"),
                                .context = decode ? number(row, "isl") + number(row, "step") : number(row, "step"),
                                .heads = number(row, "num_heads"), .latent = 512, .rope = 64, .nope = 128, .value = 128,
                                .kv_bytes = kv_bytes(row)};
    set_family(r, row, (const char *[]){"num_heads", "batch_size", NULL});
    add_figure(r, "latency_ms", number(row, "latency_ms"), decode ? mla_decode_class(&r->mla) : mla_prefill_class(&r->mla));
}

static void read_moe(struct reader *rd, const struct csv_row *row, struct measured_row *r) {
    const char *law = text(row, "distribution");
    r->moe = (struct moe_shape){.tokens = number(row, "num_tokens"), .hidden = number(row, "hidden_size"),
                                .inter = number(row, "inter_size"), .top_k = number(row, "topk"),
                                .experts = number(row, "num_experts"), .cut = number(row, "moe_tp_size"),
                                .ranks = number(row, "moe_ep_size")};
    if (strncmp(law, "power_law_", 10) == 0)
        r->moe.exponent = strtod(law + 10, NULL);
    else if (strcmp(law, "balanced") != 0)
        cannot(r, "distribution", law);
    r->format = find_dtype(rd->c, r->dtype);
    if (!r->format)
        cannot(r, "number type", r->dtype);
    if (r->moe.experts > EXPERTS_MAX)
        cannot(r, "more experts than the law holds:", text(row, "num_experts"));
    if (!r->reason[0]) {
        int k = (int)r->moe.top_k, e = (int)r->moe.experts, ranks = (int)r->moe.ranks;
        bool old = strncmp(text(row, "version"), "1.0", 3) == 0 && r->moe.tokens <= 2;
        r->routed = r->moe.exponent > 0 ? routing_power_law(r->moe.tokens, k, e, ranks, r->moe.exponent, old)
                                        : routing_balanced(r->moe.tokens, k, e, ranks);
    }
    set_family(r, row, (const char *[]){"hidden_size", "inter_size", "topk", "num_experts", NULL});
    add_figure(r, "latency_ms", number(row, "latency_ms"),
               CAL_EXPERTS + (r->format ? format_class_of(r->format) : FORMAT_16));
}

static void read_collective(struct reader *rd, const struct csv_row *row, struct measured_row *r) {
    static const struct {
        const char *op;
        enum calibration_class class;
    } ops[] = {{"all_reduce", CAL_NCCL_ALLREDUCE}, {"all_gather", CAL_NCCL_ALLGATHER},
               {"reduce_scatter", CAL_NCCL_REDUCESCATTER}, {"alltoall", CAL_NCCL_ALLTOALL}};
    enum calibration_class class = CAL_COUNT;
    (void)rd;
    r->collective = (struct collective_shape){.n = (int)number(row, "num_gpus"),
                                              .one_byte = strcmp(text(row, "dtype"), "int8") == 0};
    r->collective.bytes = number(row, "elements") * (r->collective.one_byte ? 1 : 2);
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (strcmp(ops[i].op, text(row, "op")) == 0)
            class = ops[i].class;
    if (strcmp(text(row, "implementation"), "custom_allreduce") == 0)
        class = CAL_ENGINE_ALLREDUCE;
    if (class == CAL_COUNT) {
        cannot(r, "operation", text(row, "op"));
        class = CAL_NCCL_ALLREDUCE;
    }
    r->family = (unsigned long)r->collective.bytes;
    add_figure(r, "latency_ms", number(row, "latency_ms"), class);
}

static void read_deepep(struct reader *rd, const struct csv_row *row, struct measured_row *r) {
    bool ll = r->file == FILE_DEEPEP_LL;
    (void)rd;
    r->deepep = (struct deepep_shape){.tokens = number(row, "num_token"), .hidden = number(row, "hidden_size"),
                                      .top_k = (int)number(row, "num_topk"), .experts = (int)number(row, "num_experts"),
                                      .sms = (int)number(row, "dispatch_sms")};
    if (number(row, "node_num") > 1)
        cannot(r, "more than one node:", text(row, "node_num"));
    set_family(r, row, (const char *[]){"hidden_size", "num_topk", "num_experts", NULL});
    if (ll) {
        add_figure(r, "dispatch_us", number(row, "dispatch_avg_t_us"), CAL_DEEPEP_LL_DISPATCH);
        add_figure(r, "combine_us", number(row, "combine_avg_t_us"), CAL_DEEPEP_LL_COMBINE);
    } else {
        add_figure(r, "dispatch_us", number(row, "dispatch_transmit_us") + number(row, "dispatch_notify_us"),
                   CAL_DEEPEP_DISPATCH);
        add_figure(r, "combine_us", number(row, "combine_transmit_us") + number(row, "combine_notify_us"),
                   CAL_DEEPEP_COMBINE);
    }
}

static void set_text(struct scenario *s, enum field_id id, const char *value) {
    char err[ERROR_LEN];
    scenario_parse(s, &scenario_fields[id], value, err);
}

static void set_number(struct scenario *s, enum field_id id, double value) {
    char err[ERROR_LEN];
    scenario_set_number(s, &scenario_fields[id], value, err);
}

/* Formats of a run, as data/README.md tells them: fp4 is MXFP4 experts for gpt-oss and NVFP4 otherwise; fp8 per tensor for
 * Llama, in 128x128 blocks for models that are published so; the KV cache in 8 bits where the capacity proves it. */
static void set_formats(struct measured_row *r, const struct csv_row *row, bool moe, bool native_blocks, bool mla) {
    const char *precision = text(row, "precision");
    bool blackwell = strcmp(r->gpu->family, "blackwell") == 0, trtllm = strcmp(r->engine, "trtllm") == 0;
    bool oss = strstr(r->scenario.model, "gpt-oss") != NULL, deepseek = strstr(r->scenario.model, "deepseek") != NULL;
    if (oss && strcmp(precision, "fp4") == 0) {
        set_text(&r->scenario, F_WEIGHTS, "bf16");
        set_text(&r->scenario, F_WEIGHTS_EXPERTS, blackwell ? "mxfp4-w4a8" : "mxfp4-w4a16");
    } else if (strcmp(precision, "fp4") == 0) {
        set_text(&r->scenario, F_WEIGHTS, "nvfp4");
    } else if (strcmp(precision, "fp8") == 0) {
        set_text(&r->scenario, F_WEIGHTS, native_blocks || moe ? "fp8-block128" : "fp8");
    } else {
        set_text(&r->scenario, F_WEIGHTS, "bf16");
    }
    bool kv8 = trtllm ? strcmp(precision, "fp8") == 0 || strcmp(precision, "fp4") == 0
                      : (strcmp(r->engine, "vllm") == 0 && strstr(r->scenario.model, "70b")) ||
                            (strcmp(r->engine, "sglang") == 0 && blackwell && deepseek);
    (void)mla;
    set_text(&r->scenario, F_KV, kv8 ? "kv-fp8" : "kv-16");
}

/* Settings of the runs that data/README.md tells of: TensorRT-LLM gathers arrivals for up to 20 steps for Llama-70B at
 * 1024/1024 and tp below 8; SGLang on B200 looks for arrivals every 10 or 30 steps, and finds one half-way on the mean. */
static double admission_steps(const struct measured_row *r, const struct csv_row *row) {
    bool short_lengths = number(row, "isl") == 1024 && number(row, "osl") == 1024;
    if (strcmp(r->engine, "trtllm") == 0 && strstr(r->scenario.model, "70b") && short_lengths && number(row, "tp_size") < 8)
        return 18;
    if (strcmp(r->engine, "sglang") == 0 && strncmp(r->gpu_name, "b200", 4) == 0)
        return number(row, "concurrency") < 16 ? 5.5 : 15.5;
    return 0;
}

static void set_layout(struct measured_row *r, const struct csv_row *row, bool moe, bool mla) {
    struct scenario *s = &r->scenario;
    double tp = number(row, "tp_size"), pp = fmax(1, number(row, "pp_size")), dp = number(row, "attention_dp_size");
    double concurrency = number(row, "concurrency");
    if (!(dp > 0)) /* an empty cell: see data/README.md */
        dp = moe && mla && !r->benchmark ? fmax(1, concurrency / fmax(1, number(row, "batch_size"))) : 1;
    set_number(s, F_TP, tp);
    set_number(s, F_PP, pp);
    set_number(s, F_DP, dp);
    set_number(s, F_EP, moe ? fmax(1, number(row, "moe_ep_size")) : 1);
    set_number(s, F_GPUS, tp * pp * dp);
    set_number(s, F_BATCH, concurrency);
}

/* Both pools. The decode pool's engines share the concurrency (decode_batch_size is that of one attention rank). The prefill
 * engines batch as they do: prefill_batch_size is 1 in all rows, also in those whose rate no engine reaches with one prompt of
 * 921 tokens at a time. */
static void set_pools(struct measured_row *r, const struct csv_row *row) {
    static const struct {
        const char *column;
        enum field_id prefill, decode;
    } widths[] = {{"tp_size", F_PREFILL_TP, F_TP}, {"pp_size", F_PREFILL_PP, F_PP},
                  {"attention_dp_size", F_PREFILL_DP, F_DP}, {"moe_ep_size", F_PREFILL_EP, F_EP}};
    struct scenario *s = &r->scenario;
    double engine[2] = {1, 1};
    char column[64];
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        for (int pool = 0; pool < 2; pool++) {
            snprintf(column, sizeof column, "%s_%s", pool ? "decode" : "prefill", widths[i].column);
            set_number(s, pool ? widths[i].decode : widths[i].prefill, number(row, column));
            engine[pool] *= widths[i].decode == F_EP ? 1 : number(row, column);
        }
    double prefill = engine[0] * number(row, "prefill_num_workers"), decode = engine[1] * number(row, "decode_num_workers");
    set_text(s, F_MODE, "disaggregated");
    set_number(s, F_GPUS, prefill + decode);
    set_number(s, F_PREFILL_GPUS, prefill);
    set_number(s, F_BATCH, number(row, "concurrency") / number(row, "decode_num_workers"));
    set_family(r, row, (const char *[]){"gpu", "precision", "prefill_tp_size", "prefill_attention_dp_size", "decode_tp_size",
                                        "decode_attention_dp_size", "isl", NULL});
}

static void read_serving(struct reader *rd, const struct csv_row *row, struct measured_row *r) {
    char err[ERROR_LEN], id[MODEL_REF_LEN];
    struct scenario *s = &r->scenario;
    snprintf(r->engine, sizeof r->engine, "%s", text(row, "engine"));
    snprintf(r->model, sizeof r->model, "%s", text(row, "model"));
    snprintf(r->flag, sizeof r->flag, "%s", text(row, "flag"));
    bool pools = r->file == FILE_DISAGGREGATED;
    add_figure(r, "ttft_ms", number(row, "ttft_ms"), pools ? CAL_POOL_FIRST : CAL_FIRST_TOKEN);
    add_figure(r, "tpot_ms", number(row, "tpot_ms"), pools ? CAL_POOL_STEP : CAL_ENGINE);
    r->family = hash(r->model);
    r->benchmark = strcmp(text(row, "run"), "inferencex") == 0;
    scenario_init(s);
    if (!find_model(rd->c, r->model, id)) {
        cannot(r, "model", r->model);
        return;
    }
    if (!r->gpu)
        return;
    set_text(s, F_MODEL, id);
    set_text(s, F_GPU, r->gpu->id);
    set_text(s, F_ENGINE, r->engine);
    double share = r->benchmark ? 0.9 : 1; /* lengths uniform in 0.8-1.0 */
    struct deployment *d = &r->deployment;
    if (!catalog_resolve(rd->c, s, d, err, NULL)) {
        cannot(r, "", err);
        return;
    }
    bool moe = d->model->n_experts > 0, mla = d->model->attention == ATTENTION_MLA;
    bool blocks = strcmp(d->model->native_dtype, "fp8") == 0 || strstr(r->model, "Qwen3") != NULL;
    set_formats(r, row, moe, blocks, mla);
    if (pools)
        set_pools(r, row);
    else
        set_layout(r, row, moe, mla);
    set_number(s, F_ISL, floor(share * number(row, "isl")));
    set_number(s, F_OSL, floor(share * number(row, "osl")));
    if (!catalog_resolve(rd->c, s, d, err, NULL))
        cannot(r, "", err);
    d->admission_steps = admission_steps(r, row);
    r->laws = calloc(1, sizeof *r->laws);
}

/* --- reading ------------------------------------------------------------------------------------------------------------- */

typedef void read_fn(struct reader *rd, const struct csv_row *row, struct measured_row *r);

static const struct {
    const char *folder;
    read_fn *read;
} files[FILE_COUNT] = {
    [FILE_GEMM] = {"silicon", read_gemm}, [FILE_MOE] = {"silicon", read_moe},
    [FILE_ATTENTION_PREFILL] = {"silicon", read_attention}, [FILE_ATTENTION_DECODE] = {"silicon", read_attention},
    [FILE_MLA_PREFILL] = {"silicon", read_mla}, [FILE_MLA_DECODE] = {"silicon", read_mla},
    [FILE_COLLECTIVE] = {"silicon", read_collective}, [FILE_DEEPEP_LL] = {"silicon", read_deepep},
    [FILE_DEEPEP_NORMAL] = {"silicon", read_deepep}, [FILE_AGGREGATED] = {"serving", read_serving},
    [FILE_DISAGGREGATED] = {"serving", read_serving},
};

static bool on_row(const struct csv_row *row, void *user, char *err) {
    struct reader *rd = user;
    struct measured *m = rd->out;
    if (m->n == m->room) {
        m->room = m->room ? 2 * m->room : 4096;
        m->row = realloc(m->row, m->room * sizeof *m->row);
        if (!m->row)
            abort();
    }
    struct measured_row *r = &m->row[m->n];
    *r = (struct measured_row){.file = rd->file};
    snprintf(r->gpu_name, sizeof r->gpu_name, "%s", text(row, "gpu"));
    snprintf(r->dtype, sizeof r->dtype, "%s", text(row, "dtype"));
    r->gpu = find_gpu(rd->c, r->gpu_name);
    r->link = find_link(rd->c, r->gpu);
    if (!r->gpu)
        cannot(r, "GPU", r->gpu_name);
    files[rd->file].read(rd, row, r);
    for (int i = 0; i < r->n_figures; i++)
        if (!(r->figure[i].measured > 0)) {
            snprintf(err, ERROR_LEN, "%s:%ld: %s is no positive number", row->file, row->line, r->figure[i].metric);
            return false;
        }
    m->n++;
    return true;
}

static FILE *open_file(const char *dir, enum file_id file, char *path, size_t size) {
    snprintf(path, size, "%s/%s/%s.csv", dir, files[file].folder, file_names[file]);
    FILE *in = fopen(path, "r");
    if (!in) {
        snprintf(path, size, "%s/%s.csv", dir, file_names[file]);
        in = fopen(path, "r");
    }
    return in;
}

/* Deals the shape families of each number type out over the folds, in the order in which they appear: however few there
 * are, no fold gets all of them. */
static void deal_folds(struct measured *m, size_t from) {
    for (size_t i = from; i < m->n; i++) {
        unsigned families = 0;
        size_t k = from;
        for (; k < i; k++)
            if (strcmp(m->row[k].dtype, m->row[i].dtype) == 0) {
                if (m->row[k].family == m->row[i].family)
                    break;
                families = m->row[k].order >= families ? m->row[k].order + 1 : families;
            }
        m->row[i].order = k < i ? m->row[k].order : families;
        m->row[i].fold = m->row[i].order % FOLDS;
    }
}

bool measured_read(struct catalog *c, const char *dir, struct measured *out, char *err) {
    *out = (struct measured){0};
    for (int file = 0; file < FILE_COUNT; file++) {
        char path[1024];
        struct reader rd = {c, out, (enum file_id)file};
        FILE *in = open_file(dir, (enum file_id)file, path, sizeof path);
        if (!in)
            continue;
        size_t from = out->n;
        bool ok = csv_read(in, path, NULL, on_row, &rd, err);
        fclose(in);
        if (!ok)
            return false;
        deal_folds(out, from);
    }
    return true;
}

void measured_free(struct measured *m) {
    for (size_t i = 0; i < m->n; i++)
        free(m->row[i].laws);
    free(m->row);
    *m = (struct measured){0};
}

/* --- predicting ------------------------------------------------------------------------------------------------------------ */

static double predict_experts(const struct measured_row *r, const struct calibration *c) {
    const struct moe_shape *m = &r->moe;
    struct experts_shape s = {.tokens = m->tokens, .assignments = r->routed.rows, .distinct = r->routed.distinct,
                              .even = m->exponent == 0, .reused = r->routed.reused, .held = m->experts / m->ranks,
                              .experts = m->experts, .top_k = m->top_k, .ranks = m->ranks, .hidden = m->hidden,
                              .inter = m->inter / m->cut, .mats = 3};
    return experts_time(c, r->gpu, r->format, &s).seconds;
}

static double predict_exchange(const struct measured_row *r, int i, const struct calibration *link) {
    const struct deepep_shape *e = &r->deepep;
    struct fabric f = fabric_of(r->link, r->gpu);
    enum calibration_class class = r->figure[i].class;
    if (r->file == FILE_DEEPEP_LL)
        return deepep_ll_seconds(link, class, &f, e->tokens, e->hidden, e->top_k, e->experts);
    return deepep_seconds(link, class, &f, e->tokens, e->hidden, e->top_k, e->experts, 8, e->sms);
}

static double predict_collective(const struct measured_row *r, const struct calibration *link) {
    struct fabric f = fabric_of(r->link, r->gpu);
    const struct collective_shape *s = &r->collective;
    if (r->figure[0].class == CAL_ENGINE_ALLREDUCE)
        return engine_allreduce_seconds(link, &f, s->bytes, s->n);
    return nccl_seconds(link, r->figure[0].class, &f, s->bytes, s->n, s->one_byte);
}

static double predict_serving(const struct measured_row *r, int i, const struct calibration *gpu,
                              const struct calibration *link, const struct calibration *engine, struct load_cache *cache) {
    static struct estimate e; /* one thread */
    struct deployment d = r->deployment;
    d.calibration = gpu;
    d.up_calibration = link;
    d.engine = engine->of[CAL_ENGINE];
    d.first_token = engine->of[CAL_FIRST_TOKEN];
    d.pool_step = engine->of[CAL_POOL_STEP];
    d.pool_first = engine->of[CAL_POOL_FIRST];
    estimate(&d, r->laws ? r->laws : cache, &e);
    return i == 0 ? e.ttft_benchmark_ms / 1e3 : e.tpot_ms / 1e3;
}

double measured_predict(const struct measured_row *r, int i, const struct calibration *gpu, const struct calibration *link,
                        const struct calibration *engine, struct load_cache *cache) {
    if (r->reason[0])
        return NAN;
    switch (r->file) {
    case FILE_GEMM:
        return gemm_benchmark_time(gpu, r->gpu, r->format, r->m, r->n, r->k).seconds;
    case FILE_MOE:
        return predict_experts(r, gpu);
    case FILE_ATTENTION_PREFILL:
        return attention_prefill_time(gpu, r->gpu, &r->attention).seconds;
    case FILE_ATTENTION_DECODE:
        return attention_decode_time(gpu, r->gpu, &r->attention).seconds;
    case FILE_MLA_PREFILL:
        return mla_prefill_time(gpu, r->gpu, &r->mla).seconds;
    case FILE_MLA_DECODE:
        return mla_decode_time(gpu, r->gpu, &r->mla).seconds;
    case FILE_COLLECTIVE:
        return predict_collective(r, link);
    case FILE_DEEPEP_LL:
    case FILE_DEEPEP_NORMAL:
        return predict_exchange(r, i, link);
    case FILE_AGGREGATED:
    case FILE_DISAGGREGATED:
        return predict_serving(r, i, gpu, link, engine, cache);
    case FILE_COUNT:
        break;
    }
    return NAN;
}
