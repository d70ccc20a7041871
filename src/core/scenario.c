#include "core/scenario.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct scenario, member)

const char *const field_group_names[GROUP_COUNT] = {
    "model", "hardware", "layout", "workload", "engine", "routing", "prefill pool", "price and service level",
};

/* Ranges are wide enough for anything that exists; they are there to catch slips, the physics says what is possible. */
const struct field scenario_fields[FIELD_COUNT] = {
    [F_MODEL] = {.id = "model", .label = "model", .group = GROUP_MODEL, .type = FIELD_TEXT, .choices = CHOICE_MODEL,
                 .default_text = "mixtral-8x7b", .offset = AT(model),
                 .help = "Model: the id of a preset, or the path of a config.json as model hubs publish it."},
    [F_WEIGHTS] = {.id = "weights", .label = "weights", .group = GROUP_MODEL, .type = FIELD_TEXT,
                   .choices = CHOICE_WEIGHTS, .default_note = "the model's native format", .offset = AT(weights),
                   .help = "Number format of the linear weights. Embedding, LM head, router and norms stay 16-bit."},
    [F_WEIGHTS_EXPERTS] = {.id = "weights_experts", .label = "experts", .group = GROUP_MODEL, .type = FIELD_TEXT,
                           .choices = CHOICE_WEIGHTS, .default_note = "as weights, or the model's native expert format",
                           .offset = AT(weights_experts),
                           .help = "Number format of the routed experts, where it differs from the other weights."},
    [F_KV] = {.id = "kv", .label = "KV cache", .group = GROUP_MODEL, .type = FIELD_TEXT, .choices = CHOICE_KV,
              .default_note = "16-bit", .offset = AT(kv), .help = "Number format of the KV cache."},
    [F_GPU] = {.id = "gpu", .label = "GPU", .group = GROUP_HARDWARE, .type = FIELD_TEXT, .choices = CHOICE_GPU,
               .default_text = "a100-80-sxm", .offset = AT(gpu), .help = "Accelerator: the id of a preset."},
    [F_GPUS] = {.id = "gpus", .label = "GPUs", .group = GROUP_HARDWARE, .type = FIELD_INTEGER, .min = 1, .max = 65536,
                .step = 1, .scale = SCALE_LOG2, .default_text = "2", .offset = AT(gpus),
                .help = "GPUs of the whole fleet: engines of tp x dp x pp GPUs, in whole replicas."},
    [F_GPUS_PER_NODE] = {.id = "gpus_per_node", .label = "GPUs per node", .group = GROUP_HARDWARE,
                         .type = FIELD_INTEGER, .min = 1, .max = 8960, .step = 1, .scale = SCALE_LOG2,
                         .default_note = "the GPU's scale-up domain", .offset = AT(gpus_per_node),
                         .help = "GPUs that share the scale-up link; an engine larger than this also uses link_out."},
    [F_LINK_UP] = {.id = "link_up", .label = "link inside", .group = GROUP_HARDWARE, .type = FIELD_TEXT,
                   .choices = CHOICE_LINK, .default_note = "the GPU's", .offset = AT(link_up),
                   .help = "Link between the GPUs of a node."},
    [F_LINK_OUT] = {.id = "link_out", .label = "link between", .group = GROUP_HARDWARE, .type = FIELD_TEXT,
                    .choices = CHOICE_LINK, .default_note = "a typical node's for the GPU", .offset = AT(link_out),
                    .help = "Network between nodes."},
    [F_TP] = {.id = "tp", .label = "tensor par.", .group = GROUP_LAYOUT, .type = FIELD_INTEGER, .min = 1, .max = 1024,
              .step = 1, .scale = SCALE_LOG2, .offset = AT(tp),
              .default_note = "the largest divisor of heads and GPUs within a node",
              .help = "TP: GPUs that share each attention and dense matrix of an engine."},
    [F_PP] = {.id = "pp", .label = "pipeline par.", .group = GROUP_LAYOUT, .type = FIELD_INTEGER, .min = 1, .max = 256,
              .step = 1, .scale = SCALE_LOG2, .default_text = "1", .offset = AT(pp),
              .help = "PP: stages that the layers of an engine are cut into."},
    [F_DP] = {.id = "dp", .label = "attention DP", .group = GROUP_LAYOUT, .type = FIELD_INTEGER, .min = 1, .max = 4096,
              .step = 1, .scale = SCALE_LOG2, .default_text = "1", .offset = AT(dp),
              .help = "DP: replicas of the attention inside one engine. Each has its share of the batch, a KV cache of its "
                      "own and all of the attention's weights. A latent cache, which every tp rank holds whole, is kept "
                      "fewer times; the experts' tokens are exchanged in place of an all-reduce."},
    [F_EP] = {.id = "ep", .label = "expert par.", .group = GROUP_LAYOUT, .type = FIELD_INTEGER, .min = 1, .max = 4096,
              .step = 1, .scale = SCALE_LOG2, .default_text = "1", .offset = AT(ep),
              .help = "EP: groups that the experts are spread over; each expert is then cut tp x dp / ep ways."},
    [F_BATCH] = {.id = "batch", .label = "batch", .unit = "seq", .group = GROUP_WORKLOAD, .type = FIELD_INTEGER,
                 .min = 1, .max = 65536, .step = 1, .scale = SCALE_LOG2, .default_text = "32", .offset = AT(batch),
                 .help = "Sequences that decode together in one engine, over all its dp ranks."},
    [F_ISL] = {.id = "isl", .label = "input length", .unit = "tok", .group = GROUP_WORKLOAD, .type = FIELD_INTEGER,
               .min = 1, .max = 10485760, .step = 64, .scale = SCALE_LOG2, .default_text = "512", .offset = AT(isl),
               .help = "ISL: mean input tokens of a request."},
    [F_OSL] = {.id = "osl", .label = "output length", .unit = "tok", .group = GROUP_WORKLOAD, .type = FIELD_INTEGER,
               .min = 1, .max = 1048576, .step = 64, .scale = SCALE_LOG2, .default_text = "256", .offset = AT(osl),
               .help = "OSL: mean output tokens of a request."},
    [F_PREFIX_HIT] = {.id = "prefix_hit", .label = "prefix hits", .group = GROUP_WORKLOAD, .type = FIELD_REAL,
                      .min = 0, .max = 1, .step = 0.05, .default_text = "0", .offset = AT(prefix_hit),
                      .help = "Share of the input that the prefix cache already holds. Its prefill is spared but for "
                              "attention to it; its room is not: every sequence counts its whole cache."},
    [F_ENGINE] = {.id = "engine", .label = "engine", .group = GROUP_ENGINE, .type = FIELD_TEXT, .choices = CHOICE_FIXED,
                  .fixed = {"vllm", "sglang", "trtllm", "ideal"}, .default_text = "vllm", .offset = AT(engine),
                  .help = "Serving engine: what it adds to its kernels. Ideal adds nothing."},
    [F_CHUNK_TOKENS] = {.id = "chunk_tokens", .label = "token budget", .unit = "tok", .group = GROUP_ENGINE,
                        .type = FIELD_INTEGER, .min = 0, .max = 1048576, .step = 512, .scale = SCALE_LOG2,
                        .default_text = "0", .offset = AT(chunk_tokens),
                        .help = "Chunked prefill: tokens of a step on each attention rank, decoding ones first; a prompt gets "
                                "what they leave, in chunks. Tokens come more evenly, the first one later. vLLM calls it "
                                "max_num_batched_tokens. 0: whole prompts."},
    [F_SPEC_DEPTH] = {.id = "spec_depth", .label = "draft tokens", .unit = "tok", .group = GROUP_ENGINE,
                      .type = FIELD_INTEGER, .min = 0, .max = 16, .step = 1, .default_text = "0", .offset = AT(spec_depth),
                      .help = "Speculative decoding: tokens that are drafted for each sequence and verified in one step of "
                              "the model. 0 turns it off."},
    [F_SPEC_ACCEPTANCE] = {.id = "spec_acceptance", .label = "accepted", .group = GROUP_ENGINE, .type = FIELD_REAL,
                           .min = 0, .max = 1, .step = 0.05, .default_text = "0.8", .offset = AT(spec_acceptance),
                           .help = "Chance that the model accepts a drafted token, the same for each: d of them yield "
                                   "(1 - a^(d+1)) / (1 - a) tokens a step. DeepSeek-V3's own head had 0.85 to 0.9 on the "
                                   "first (technical report, 2024, section 5.4.3), later ones have less."},
    [F_SPEC_DRAFT_COST] = {.id = "spec_draft_cost", .label = "draft cost", .group = GROUP_ENGINE, .type = FIELD_REAL,
                           .min = 0, .max = 1, .step = 0.01, .offset = AT(spec_draft_cost),
                           .default_note = "1 / layers: a prediction head of one layer",
                           .help = "What drafting one token costs, as a share of a decode step and of the weights' memory. A "
                                   "head that predicts further tokens is one layer; copying from the prompt costs 0."},
    [F_SKEW_KIND] = {.id = "skew_kind", .label = "popularity", .group = GROUP_ROUTING, .type = FIELD_TEXT,
                     .choices = CHOICE_FIXED, .fixed = {"uniform", "zipf", "pareto", "file"}, .default_text = "uniform",
                     .offset = AT(skew_kind),
                     .help = "How popular the experts are: all alike, by Zipf's law, by a bounded Pareto law, or as "
                             "measured, in routing_file."},
    [F_SKEW] = {.id = "skew", .label = "skew", .group = GROUP_ROUTING, .type = FIELD_REAL, .min = 0, .max = 3,
                .step = 0.1, .default_text = "0", .offset = AT(skew),
                .help = "Exponent of the popularity law: Zipf s, or Pareto a. Uniform routing does not read it."},
    [F_ROUTING_FILE] = {.id = "routing_file", .label = "histogram", .group = GROUP_ROUTING, .type = FIELD_TEXT,
                        .choices = CHOICE_FILE, .default_note = "none", .offset = AT(routing_file),
                        .help = "Measured loads of the experts, for skew_kind file: a CSV file with the columns expert "
                                "and count, or layer, expert and count."},
    [F_REDUNDANT_EXPERTS] = {.id = "redundant_experts", .label = "replicas", .group = GROUP_ROUTING,
                             .type = FIELD_INTEGER, .min = 0, .max = 4096, .step = 8, .default_text = "0",
                             .offset = AT(redundant_experts),
                             .help = "Redundant experts: replicas of the hottest ones over the whole engine. With the "
                                     "experts they must spread evenly over ep."},
    [F_MODE] = {.id = "mode", .label = "serving", .group = GROUP_POOLS, .type = FIELD_TEXT, .choices = CHOICE_FIXED,
                .fixed = {"aggregated", "disaggregated"}, .default_text = "aggregated", .offset = AT(mode),
                .help = "Aggregated: every engine prefills and decodes. Disaggregated: a prefill pool hands the KV cache "
                        "of each prompt to a decode pool, whose engines tp, pp, dp, ep and batch describe."},
    [F_PREFILL_GPUS] = {.id = "prefill_gpus", .label = "prefill GPUs", .group = GROUP_POOLS, .type = FIELD_INTEGER,
                        .min = 1, .max = 65536, .step = 1, .scale = SCALE_LOG2, .offset = AT(prefill_gpus),
                        .default_note = "half the fleet, in whole engines",
                        .help = "GPUs of the fleet that only prefill; the others decode. Read when mode is disaggregated, "
                                "like the five fields below."},
    [F_PREFILL_TP] = {.id = "prefill_tp", .label = "prefill TP", .group = GROUP_POOLS, .type = FIELD_INTEGER, .min = 1,
                      .max = 1024, .step = 1, .scale = SCALE_LOG2, .offset = AT(prefill_tp),
                      .default_note = "tp, or where that is not set its rule on the prefill pool",
                      .help = "TP of a prefill engine, which has prefill_tp x prefill_dp x prefill_pp GPUs."},
    [F_PREFILL_PP] = {.id = "prefill_pp", .label = "prefill PP", .group = GROUP_POOLS, .type = FIELD_INTEGER, .min = 1,
                      .max = 256, .step = 1, .scale = SCALE_LOG2, .offset = AT(prefill_pp), .default_note = "pp",
                      .help = "Pipeline stages of a prefill engine."},
    [F_PREFILL_DP] = {.id = "prefill_dp", .label = "prefill DP", .group = GROUP_POOLS, .type = FIELD_INTEGER, .min = 1,
                      .max = 4096, .step = 1, .scale = SCALE_LOG2, .offset = AT(prefill_dp), .default_note = "dp",
                      .help = "Attention replicas inside a prefill engine; each takes prompts of its own."},
    [F_PREFILL_EP] = {.id = "prefill_ep", .label = "prefill EP", .group = GROUP_POOLS, .type = FIELD_INTEGER, .min = 1,
                      .max = 4096, .step = 1, .scale = SCALE_LOG2, .offset = AT(prefill_ep), .default_note = "ep",
                      .help = "Expert-parallel groups of a prefill engine. It holds no redundant experts."},
    [F_PREFILL_BATCH] = {.id = "prefill_batch", .label = "prefill batch", .unit = "seq", .group = GROUP_POOLS,
                         .type = FIELD_INTEGER, .min = 1, .max = 65536, .step = 1, .scale = SCALE_LOG2,
                         .offset = AT(prefill_batch), .default_note = "on each dp rank, what the token budget of a pass holds",
                         .help = "Most prompts that prefill together in one prefill engine, over all its dp ranks."},
    [F_PRICE] = {.id = "price", .label = "price", .unit = "$/GPU-h", .group = GROUP_PRICE, .type = FIELD_REAL,
                 .min = 0, .max = 100, .step = 0.1, .default_note = "the GPU preset's indicative price",
                 .offset = AT(price), .help = "Rent of one GPU for an hour. Prices differ 2.5 times between sellers."},
    [F_POWER_PRICE] = {.id = "power_price", .label = "electricity", .unit = "$/kWh", .group = GROUP_PRICE,
                       .type = FIELD_REAL, .min = 0, .max = 2, .step = 0.01, .default_text = "0.1",
                       .offset = AT(power_price), .help = "Price of electricity; shown apart from the rent."},
    [F_UTILISATION] = {.id = "utilisation", .label = "utilisation", .group = GROUP_PRICE, .type = FIELD_REAL, .min = 0,
                       .open_min = true, .max = 1, .step = 0.05, .default_text = "1", .offset = AT(utilisation),
                       .help = "Share of the paid hour that serves requests; the rest raises the cost of each token."},
    [F_SLO_TTFT_MS] = {.id = "slo_ttft_ms", .label = "TTFT limit", .unit = "ms", .group = GROUP_PRICE,
                       .type = FIELD_REAL, .min = 1, .max = 1048576, .step = 10, .scale = SCALE_LOG2,
                       .default_note = "none", .offset = AT(slo_ttft_ms),
                       .help = "Service level: the longest mean time to first token."},
    [F_SLO_TPOT_MS] = {.id = "slo_tpot_ms", .label = "TPOT limit", .unit = "ms", .group = GROUP_PRICE,
                       .type = FIELD_REAL, .min = 1, .max = 4096, .step = 1, .scale = SCALE_LOG2,
                       .default_note = "none", .offset = AT(slo_tpot_ms),
                       .help = "Service level: the longest mean time per output token."},
};

static void *member(const struct scenario *s, const struct field *f) {
    return (char *)(uintptr_t)s + f->offset;
}

static size_t text_size(const struct field *f) {
    return f->choices == CHOICE_MODEL || f->choices == CHOICE_FILE ? MODEL_REF_LEN : ID_LEN;
}

void scenario_init(struct scenario *s) {
    memset(s, 0, sizeof *s);
    for (int i = 0; i < FIELD_COUNT; i++)
        scenario_set_default(s, &scenario_fields[i]);
}

const struct field *scenario_find_field(const char *id) {
    for (int i = 0; i < FIELD_COUNT; i++) {
        const char *want = scenario_fields[i].id, *have = id;
        while (*want && (*want == *have || (*want == '_' && *have == '-')))
            want++, have++;
        if (!*want && !*have)
            return &scenario_fields[i];
    }
    return NULL;
}

bool scenario_is_default(const struct scenario *s, const struct field *f) {
    return f->type == FIELD_TEXT ? *scenario_text(s, f) == '\0' : isnan(scenario_number(s, f));
}

void scenario_set_default(struct scenario *s, const struct field *f) {
    if (f->type == FIELD_TEXT)
        memset(member(s, f), 0, text_size(f));
    else
        *(double *)member(s, f) = NAN;
}

bool scenario_equal(const struct scenario *a, const struct scenario *b) {
    for (int i = 0; i < FIELD_COUNT; i++) {
        const struct field *f = &scenario_fields[i];
        if (f->type == FIELD_TEXT ? strcmp(scenario_text(a, f), scenario_text(b, f)) != 0
                                  : scenario_is_default(a, f) != scenario_is_default(b, f) ||
                                        (!scenario_is_default(a, f) && scenario_number(a, f) != scenario_number(b, f)))
            return false;
    }
    return true;
}

double scenario_number(const struct scenario *s, const struct field *f) {
    return *(const double *)member(s, f);
}

const char *scenario_text(const struct scenario *s, const struct field *f) {
    return member(s, f);
}

const char *field_range(const struct field *f, char *buf) {
    char low[32], high[32];
    if (f->choices == CHOICE_FIXED) {
        size_t used = 0;
        for (int i = 0; f->fixed[i]; i++) {
            const char *joint = i == 0 ? "" : f->fixed[i + 1] ? ", " : " or ";
            used += (size_t)snprintf(buf + used, VALUE_LEN - used, "%s%s", joint, f->fixed[i]);
        }
    } else if (f->type == FIELD_TEXT) {
        static const char *const what[] = {
            [CHOICE_NONE] = "any text", [CHOICE_MODEL] = "a model id (moescope models) or the path of a config.json",
            [CHOICE_WEIGHTS] = "a weight format (moescope formats)", [CHOICE_KV] = "a KV format (moescope formats)",
            [CHOICE_GPU] = "a GPU id (moescope gpus)", [CHOICE_LINK] = "a link id (moescope links)",
            [CHOICE_FILE] = "the path of a CSV file"};
        snprintf(buf, VALUE_LEN, "%s", what[f->choices]);
    } else {
        snprintf(buf, VALUE_LEN, "%s%s to %s%s", f->open_min ? "above " : "", number_print(f->min, low),
                 number_print(f->max, high), f->type == FIELD_INTEGER ? ", whole number" : "");
    }
    return buf;
}

static bool refuse(const struct field *f, const char *found, const char *why, char *err) {
    char range[VALUE_LEN];
    snprintf(err, ERROR_LEN, "%s: '%.60s' %s; allowed: %s", f->id, found, why, field_range(f, range));
    return false;
}

/* Reads digits with an optional suffix: k M G are powers of 1000, % a hundredth. A decimal point whatever the locale:
 * this program never sets LC_NUMERIC, so strtod reads the C locale's. */
static bool read_number(const char *text, double *value) {
    static const struct {
        char suffix;
        double factor;
    } suffixes[] = {{'k', 1e3}, {'K', 1e3}, {'M', 1e6}, {'G', 1e9}, {'%', 1e-2}};
    char *end;

    while (isspace((unsigned char)*text))
        text++;
    const char *digits = text + (*text == '-' || *text == '+');
    if (!isdigit((unsigned char)*digits) && !(*digits == '.' && isdigit((unsigned char)digits[1])))
        return false; /* strtod would take "inf" and "nan" */
    if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X'))
        return false;
    *value = strtod(text, &end);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (*end == suffixes[i].suffix) {
            *value *= suffixes[i].factor;
            end++;
            break;
        }
    while (isspace((unsigned char)*end))
        end++;
    return *end == '\0' && isfinite(*value);
}

static bool check_number(const struct field *f, double value, const char *found, char *err) {
    if (f->type == FIELD_INTEGER && value != floor(value))
        return refuse(f, found, "is not a whole number", err);
    if (!(value >= f->min && value <= f->max) || (f->open_min && value == f->min))
        return refuse(f, found, "is out of range", err);
    return true;
}

static bool parse_text(struct scenario *s, const struct field *f, const char *text, char *err) {
    if (strlen(text) >= text_size(f))
        return refuse(f, text, "is too long", err);
    if (f->choices == CHOICE_FIXED) {
        int i = 0;
        while (f->fixed[i] && strcmp(f->fixed[i], text) != 0)
            i++;
        if (!f->fixed[i])
            return refuse(f, text, "is not known", err);
    }
    memset(member(s, f), 0, text_size(f));
    memcpy(member(s, f), text, strlen(text));
    return true;
}

bool scenario_parse(struct scenario *s, const struct field *f, const char *text, char *err) {
    double value;
    if (*text == '\0') {
        scenario_set_default(s, f);
        return true;
    }
    if (f->type == FIELD_TEXT)
        return parse_text(s, f, text, err);
    if (!read_number(text, &value))
        return refuse(f, text, "is not a number", err);
    if (!check_number(f, value, text, err))
        return false;
    *(double *)member(s, f) = value;
    return true;
}

bool scenario_set_number(struct scenario *s, const struct field *f, double value, char *err) {
    char found[VALUE_LEN];
    if (!check_number(f, value, number_print(value, found), err))
        return false;
    *(double *)member(s, f) = value;
    return true;
}

const char *number_print(double value, char *buf) {
    if (isnan(value)) {
        buf[0] = '\0';
        return buf;
    }
    for (int digits = 15; digits <= 17; digits++) { /* %g drops trailing zeros: 15 loses nothing shorter */
        snprintf(buf, 32, "%.*g", digits, value);
        if (strtod(buf, NULL) == value)
            break;
    }
    if (fabs(value) < 1e15 && value == floor(value)) /* whole numbers without an exponent */
        snprintf(buf, 32, "%.0f", value == 0 ? 0.0 : value);
    return buf;
}

const char *scenario_print(const struct scenario *s, const struct field *f, char *buf) {
    if (f->type != FIELD_TEXT)
        return number_print(scenario_number(s, f), buf);
    snprintf(buf, VALUE_LEN, "%s", scenario_text(s, f));
    return buf;
}
