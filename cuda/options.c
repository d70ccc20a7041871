#include "cuda/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static bool fail(char *err, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(err, OPTIONS_ERROR_MAX, format, args);
    va_end(args);
    return false;
}

static const char *const level_words[] = {"quick", "standard", "full"};
static const char *const backend_words[] = {"auto", "cpu", "cuda"};
static const char *const fault_words[] = {"",         "hang", "crash", "garbage", "cutline", "longline",
                                          "newproto", "nan",  "oom",   "wrong",   "silent"};
#define WORD(name, word) word,
static const char *const experiment_words[] = {PROTOCOL_EXPERIMENTS(WORD)};
#undef WORD

const char *options_level_word(enum level level) {
    return level_words[level];
}

const char *options_help(void) {
    return "usage: moescope-validate [OPTION...]\n"
           "Measures what moescope predicts, on this machine, and prints one record a line (see "
           "moescope-validate(1)).\n"
           "  --level quick|standard|full  how long: within 5, 60, 240 s (default: standard)\n"
           "  --only ID[,ID...]            these experiments: probe stream sweep gemm gemv dequant routing "
           "coverage\n"
           "                               experts attention launch collectives\n"
           "  --backend auto|cpu|cuda      what to measure (default: auto)\n"
           "  --threads N                  threads of the CPU (default: all that are allowed)\n"
           "  --model-dims KEY=N,...       hidden inter experts top_k heads kv_heads head_dim kv_lora rope "
           "layers\n"
           "                               dense_ffn, weights=FORMAT (default: a Mixtral-8x7B layer)\n"
           "  --batch N, --context N       the scenario's batch and tokens per sequence (default: 32, 4096)\n"
           "  --routing FILE|-             how popular each expert is: CSV with the columns expert,share\n"
           "  --skew uniform|zipf:S|pareto:A\n"
           "  --proto, --version, --help   print the protocol's version, the program's, this\n";
}

/* The index of the word of that length in the table, or -1. */
static int find_word(const char *text, size_t length, const char *const *words, int n) {
    for (int i = 0; i < n; i++)
        if (strlen(words[i]) == length && memcmp(words[i], text, length) == 0)
            return i;
    return -1;
}

static bool read_count(const char *what, const char *text, int low, int high, int *out, char *err) {
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (end == text || *end || errno || value < low || value > high)
        return fail(err, "%s: '%.40s' is not a whole number from %d to %d", what, text, low, high);
    *out = (int)value;
    return true;
}

static bool read_real(const char *what, const char *text, double low, double high, double *out, char *err) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= low && value <= high))
        return fail(err, "%s: '%.40s' is not a number from %g to %g", what, text, low, high);
    *out = value;
    return true;
}

static const struct dimension {
    const char *key;
    size_t offset;
    int low, high;
} dimensions[] = {
    {"hidden", offsetof(struct dims, hidden), 16, 1 << 17},
    {"inter", offsetof(struct dims, inter), 0, 1 << 19},
    {"experts", offsetof(struct dims, experts), 0, ROUTER_EXPERTS_MAX},
    {"top_k", offsetof(struct dims, top_k), 0, ROUTER_TOP_K_MAX},
    {"heads", offsetof(struct dims, heads), 1, 1024},
    {"kv_heads", offsetof(struct dims, kv_heads), 1, 1024},
    {"head_dim", offsetof(struct dims, head_dim), 16, 1024},
    {"kv_lora", offsetof(struct dims, kv_lora), 0, 8192},
    {"rope", offsetof(struct dims, rope), 0, 1024},
    {"layers", offsetof(struct dims, layers), 1, 1000},
    {"dense_ffn", offsetof(struct dims, dense_ffn), 0, 1 << 20},
};

static bool read_dimension(struct dims *d, const char *key, const char *value, char *err) {
    if (strcmp(key, "weights") == 0) {
        if (!*value || strlen(value) >= sizeof d->weights)
            return fail(err, "--model-dims: weights: '%.40s' is no format's id", value);
        strcpy(d->weights, value);
        return true;
    }
    for (size_t i = 0; i < sizeof dimensions / sizeof *dimensions; i++)
        if (strcmp(key, dimensions[i].key) == 0)
            return read_count(key, value, dimensions[i].low, dimensions[i].high,
                              (int *)((char *)d + dimensions[i].offset), err);
    return fail(err,
                "--model-dims: there is no '%.40s'; allowed: hidden inter experts top_k heads kv_heads "
                "head_dim kv_lora "
                "rope layers dense_ffn weights",
                key);
}

static bool read_dims(struct dims *d, const char *text, char *err) {
    char copy[1024], *rest = copy, *part;
    if (strlen(text) >= sizeof copy)
        return fail(err, "--model-dims: longer than %zu characters", sizeof copy - 1);
    strcpy(copy, text);
    while ((part = strsep(&rest, ","))) {
        char *equals = strchr(part, '=');
        if (!equals)
            return fail(err, "--model-dims: '%.40s' is not KEY=VALUE", part);
        *equals = 0;
        if (!read_dimension(d, part, equals + 1, err))
            return false;
    }
    return true;
}

static bool read_only(struct options *o, const char *text, char *err) {
    memset(o->only, 0, sizeof o->only);
    for (;;) {
        size_t length = strcspn(text, ",");
        int at = find_word(text, length, experiment_words, PROTOCOL_EXP_COUNT);
        if (at < 0)
            return fail(err, "--only: there is no experiment '%.*s'; --help lists them",
                        (int)(length < 40 ? length : 40), text);
        o->only[at] = true;
        if (!text[length])
            return true;
        text += length + 1;
    }
}

static bool read_skew(struct router *r, const char *text, char *err) {
    if (strcmp(text, "uniform") == 0) {
        r->skew = PROTOCOL_SKEW_UNIFORM;
        return true;
    }
    if (strncmp(text, "zipf:", 5) == 0) {
        r->skew = PROTOCOL_SKEW_ZIPF;
        return read_real("--skew zipf", text + 5, 0, 10, &r->exponent, err);
    }
    if (strncmp(text, "pareto:", 7) == 0) {
        r->skew = PROTOCOL_SKEW_PARETO;
        return read_real("--skew pareto", text + 7, 0, 10, &r->exponent, err);
    }
    return fail(err, "--skew: '%.40s' is not uniform, zipf:S or pareto:A", text);
}

static int share_compare(const void *a, const void *b) { /* most popular first */
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* Lines of expert,share behind the header, up to an empty line or the end. Experts that are not listed have
 * share 0. */
static bool read_shares(FILE *in, const char *name, struct router *r, char *err) {
    char line[256];
    int number = 0;
    double all = 0;
    while (fgets(line, sizeof line, in)) {
        int expert, end = 0;
        double share;
        line[strcspn(line, "\r\n")] = 0;
        if (!*line)
            break;
        if (++number == 1) {
            if (strcmp(line, "expert,share") != 0)
                return fail(err, "--routing %.80s: line 1: the header must be expert,share", name);
            continue;
        }
        if (sscanf(line, "%d,%lf %n", &expert, &share, &end) != 2 || line[end] || expert < 0 ||
            expert >= ROUTER_EXPERTS_MAX || !(share >= 0 && share <= 1e300))
            return fail(err, "--routing %.80s: line %d: not an expert from 0 to %d and a share of at least 0",
                        name, number, ROUTER_EXPERTS_MAX - 1);
        r->share[expert] = share;
        all += share;
    }
    if (!(all > 0 && isfinite(all)))
        return fail(err, "--routing %.80s: no expert has a share above 0", name);
    qsort(r->share, ROUTER_EXPERTS_MAX, sizeof *r->share, share_compare);
    r->skew = PROTOCOL_SKEW_FILE;
    return true;
}

static bool read_routing(struct options *o, const char *path, char *err) {
    bool standard_input = strcmp(path, "-") == 0;
    struct router *r = &o->router;
    FILE *in = standard_input ? stdin : fopen(path, "re");
    if (!in)
        return fail(err, "--routing %.80s: %s", path, strerror(errno));
    memset(r->share, 0, sizeof r->share);
    bool good = read_shares(in, path, r, err);
    if (standard_input)
        o->input_spent = feof(in);
    else
        fclose(in);
    return good;
}

static bool read_fault(struct options *o, const char *text, char *err) {
    size_t length = strcspn(text, ":");
    int at = find_word(text, length, fault_words, sizeof fault_words / sizeof *fault_words);
    if (at < 0)
        return fail(err, "%s: there is no fault '%.40s'", PROTOCOL_FAULT_VARIABLE, text);
    o->fault = (enum fault)at;
    if (!text[length])
        return true;
    int experiment =
        find_word(text + length + 1, strlen(text + length + 1), experiment_words, PROTOCOL_EXP_COUNT);
    if (experiment < 0)
        return fail(err, "%s: there is no experiment '%.40s'", PROTOCOL_FAULT_VARIABLE, text + length + 1);
    o->fault_at = (enum protocol_experiment)experiment;
    return true;
}

/* What belongs together. */
static bool check_dims(struct options *o, char *err) {
    struct dims *d = &o->dims;
    if (d->top_k > d->experts)
        return fail(err, "--model-dims: top_k %d is more than experts %d", d->top_k, d->experts);
    if ((d->experts > 0) != (d->top_k > 0))
        return fail(err, "--model-dims: experts and top_k are both 0 (a dense model) or neither");
    if (d->heads % d->kv_heads)
        return fail(err, "--model-dims: heads %d is no multiple of kv_heads %d", d->heads, d->kv_heads);
    for (int e = d->experts; o->router.skew == PROTOCOL_SKEW_FILE && e < ROUTER_EXPERTS_MAX; e++)
        if (o->router.share[e] > 0)
            return fail(err, "--routing: more experts have a share than --model-dims has (%d)", d->experts);
    o->router.experts = d->experts;
    o->router.top_k = d->top_k;
    return true;
}

enum {
    OPT_LEVEL = 256,
    OPT_ONLY,
    OPT_BACKEND,
    OPT_THREADS,
    OPT_PROTO,
    OPT_VERSION,
    OPT_HELP,
    OPT_DIMS,
    OPT_BATCH,
    OPT_CONTEXT,
    OPT_ROUTING,
    OPT_SKEW
};

static bool read_choice(const char *what, const char *text, const char *const *words, int n, int *out,
                        char *err) {
    *out = find_word(text, strlen(text), words, n);
    return *out >= 0 ||
           fail(err, "%s: '%.40s' is not %s, %s or %s", what, text, words[0], words[1], words[2]);
}

static bool read_option(struct options *o, int option, const char *value, char *err) {
    int choice = 0;
    switch (option) {
    case OPT_LEVEL:
        return read_choice("--level", value, level_words, 3, &choice, err) &&
               (o->level = (enum level)choice, true);
    case OPT_BACKEND:
        return read_choice("--backend", value, backend_words, 3, &choice, err) &&
               (o->backend = (enum backend_kind)choice, true);
    case OPT_ONLY:
        return read_only(o, value, err);
    case OPT_THREADS:
        return read_count("--threads", value, 1, 1024, &o->threads, err);
    case OPT_BATCH:
        return read_count("--batch", value, 1, 65536, &o->batch, err);
    case OPT_CONTEXT:
        return read_count("--context", value, 1, 1 << 24, &o->context, err);
    case OPT_DIMS:
        return read_dims(&o->dims, value, err);
    case OPT_ROUTING:
        return read_routing(o, value, err);
    case OPT_SKEW:
        return read_skew(&o->router, value, err);
    default:
        o->action = option == OPT_PROTO     ? OPTIONS_PROTO
                    : option == OPT_VERSION ? OPTIONS_VERSION
                                            : OPTIONS_HELP;
        return true;
    }
}

static const struct options defaults = {
    .level = LEVEL_STANDARD,
    .dims = {.hidden = 4096,
             .inter = 14336,
             .experts = 8,
             .top_k = 2,
             .heads = 32,
             .kv_heads = 8,
             .head_dim = 128,
             .layers = 32,
             .weights = "bf16"},
    .batch = 32,
    .context = 4096,
    .router = {.skew = PROTOCOL_SKEW_UNIFORM},
    .fault_at = PROTOCOL_EXP_NONE,
};

bool options_read(struct options *o, int argc, char **argv, const char *fault, char *err) {
    static const struct option table[] = {
        {"level", required_argument, NULL, OPT_LEVEL},
        {"only", required_argument, NULL, OPT_ONLY},
        {"backend", required_argument, NULL, OPT_BACKEND},
        {"threads", required_argument, NULL, OPT_THREADS},
        {"proto", no_argument, NULL, OPT_PROTO},
        {"version", no_argument, NULL, OPT_VERSION},
        {"help", no_argument, NULL, OPT_HELP},
        {"model-dims", required_argument, NULL, OPT_DIMS},
        {"batch", required_argument, NULL, OPT_BATCH},
        {"context", required_argument, NULL, OPT_CONTEXT},
        {"routing", required_argument, NULL, OPT_ROUTING},
        {"skew", required_argument, NULL, OPT_SKEW},
        {NULL, 0, NULL, 0},
    };
    int option;
    *o = defaults;
    for (int i = 0; i < PROTOCOL_EXP_COUNT; i++)
        o->only[i] = true;
    optind = 0; /* glibc: start anew */
    opterr = 0;
    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (option == '?')
            return fail(err, "'%.60s' is no option, or lacks its value; --help lists them", argv[optind - 1]);
        if (!read_option(o, option, optarg, err))
            return false;
    }
    if (optind < argc)
        return fail(err, "'%.60s': no arguments are taken; --help lists the options", argv[optind]);
    if (fault && *fault && !read_fault(o, fault, err))
        return false;
    return check_dims(o, err);
}
