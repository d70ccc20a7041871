#include "core/article.h"

#include <math.h>
#include <string.h>

#include "core/laws.h"

#define KILO 1e3
#define MEGA 1e6
#define MIB 1048576.0

/* --- what article A computes, in its order --- */

/* total_memory = total_params_b * dtype_bytes; also decode_bytes_per_token, of all or of the active parameters. */
static double memory(const double *in) {
    return law_article_memory_gb(in[0], in[1]);
}

static double memory_tb(const double *in) {
    return memory(in) / KILO;
}

/* memory_to_compute_ratio, measured / theoretical, max_load / avg_load, E / EP. */
static double ratio(const double *in) {
    return in[0] / in[1];
}

static double percent(const double *in) {
    return 100 * in[0] / in[1];
}

/* GPUs whose marketed memory holds the weights and nothing else. */
static double gpus_for(const double *in) {
    return ceil(in[0] / in[1]);
}

/* attn_flops = 8 * hidden^2, ffn_flops = active * 3 * hidden * ffn * 2, both per layer; MFLOP. */
static double attention_flop(const double *in) {
    return law_article_flop(in[0], 1, 0, 0) / MEGA;
}

static double ffn_flop(const double *in) {
    return (law_article_flop(in[1], 1, in[2], in[0]) - law_article_flop(in[1], 1, 0, 0)) / MEGA;
}

static double ffn_gflop(const double *in) {
    return ffn_flop(in) / KILO;
}

/* 8 * hidden^2 with only nkv heads that have keys and values: 2 * h * hd * (2 nh + 2 nkv); MFLOP per layer. */
static double attention_grouped_flop(const double *in) {
    return 2 * in[0] * in[1] * (2 * in[2] + 2 * in[3]) / MEGA;
}

/* router_flops = hidden * num_experts, which the article's total leaves out; MFLOP. */
static double router_flop(const double *in) {
    return in[0] * in[1] / MEGA;
}

/* total = num_layers * (attn_flops + ffn_flops); TFLOP. */
static double token_flop(const double *in) {
    return law_article_flop(in[0], in[1], in[2], in[3]) / 1e12;
}

static double token_gflop(const double *in) {
    return token_flop(in) * KILO;
}

/* Two operations for each active parameter; GFLOP. */
static double twice_active(const double *in) {
    return 2 * in[0];
}

/* The article's total from the two terms as its comment rounds them; TFLOP. */
static double layers_flop(const double *in) {
    return in[0] * (in[1] + in[2]) * MEGA / 1e12;
}

/* A whole split over GPUs. */
static double per_gpu(const double *in) {
    return in[0] / in[1];
}

/* tok/s = aggregate bandwidth / bytes per token. */
static double decode_rate(const double *in) {
    return in[0] * in[1] * KILO / in[2];
}

static double product(const double *in) {
    return in[0] * in[1];
}

/* prefill tokens/ms = TFLOPS / (GFLOP per token). */
static double prefill_rate(const double *in) {
    return in[0] / in[1];
}

/* tok/s if nothing but the products took time. */
static double compute_rate(const double *in) {
    return in[0] * KILO / twice_active(in + 1);
}

static double prefill_ms(const double *in) {
    return KILO * law_article_prefill_s(in[0], in[1] * 1e9, in[2] * 1e12);
}

static double gpu_time_ratio(const double *in) {
    return in[0] * in[1] / (in[2] * in[3]);
}

/* batch * K / E. */
static double tokens_per_expert(const double *in) {
    return in[0] * in[1] / in[2];
}

/* imbalance = max_load / avg_load; throughput_ratio = 1 / imbalance. */
static double imbalance_loss(const double *in) {
    return 100 * law_article_imbalance_loss(in[0]);
}

/* One hot expert among E: its load over the mean of all. */
static double hot_ratio(const double *in) {
    return in[0] / ((in[0] + (in[2] - 1) * in[1]) / in[2]);
}

static double hot_loss(const double *in) {
    return 100 * law_article_imbalance_loss(hot_ratio(in));
}

/* batch * hidden * dtype_bytes * copies: K copies for EP, one for TP; MB over the whole group. */
static double exchange(const double *in) {
    return in[0] * in[1] * in[2] * in[3] / MEGA;
}

/* What one GPU sends for that in a ring all-reduce: 2 (n-1)/n of the buffer. */
static double ring_exchange(const double *in) {
    return law_ring_bytes(in[1] * in[2] * in[3], (int)in[0]) / MEGA;
}

/* What one GPU sends in an all-to-all when each of n holds batch/n tokens: K copies, (n-1)/n of them to others. */
static double dispatch_exchange(const double *in) {
    return (in[0] - 1) / in[0] * in[1] / in[0] * in[2] * in[3] * in[4] / MEGA;
}

static double cost_per_million(const double *in) {
    return law_cost_per_million(in[0], in[1]);
}

static double total_s(const double *in) {
    return law_article_total_s(in[0] / KILO, in[1] / KILO, in[2]);
}

/* ms to read GB at an aggregate of n * TB/s. */
static double read_ms(const double *in) {
    return in[0] / (in[1] * in[2]);
}

static double tpot(const double *in) {
    return KILO / in[0];
}

/* TPOT of a rate that was measured on another aggregate bandwidth, both bound by reading. */
static double tpot_rescaled(const double *in) {
    return KILO / in[0] * in[1] / in[2];
}

static double rate_rescaled(const double *in) {
    return in[0] * in[2] / in[1];
}

static double same(const double *in) {
    return in[0];
}

/* Projections q, k, v, o over the active parameters; percent. */
static double attention_share(const double *in) {
    return 100 * in[0] * in[1] * in[2] * (2 * in[3] + 2 * in[4]) / (in[5] * 1e9);
}

/* --- what article B computes --- */

/* d * L * bytes; MiB, which the article calls MB. */
static double allreduce_token(const double *in) {
    return in[0] * in[1] * in[2] / MIB;
}

static double allreduce_batch(const double *in) {
    return in[0] * allreduce_token(in + 1);
}

/* ms for MB at GB/s. */
static double transfer_ms(const double *in) {
    return in[0] / in[1];
}

/* B* = FLOP/s * bytes per weight / (2 * bandwidth); of experts times E/k. */
static double critical_batch(const double *in) {
    return law_critical_batch(in[0] * 1e12, in[1], in[2] * 1e12);
}

static double critical_batch_experts(const double *in) {
    return law_critical_batch_experts(in[0] * 1e12, in[1], in[2] * 1e12, (int)in[3], (int)in[4]);
}

/* k * d_moe * L over d_dense * L with d_moe = d_dense / sqrt(E). */
static double traffic_ratio(const double *in) {
    return in[0] / sqrt(in[1]);
}

static double traffic_inverse(const double *in) {
    return sqrt(in[1]) / in[0];
}

/* With experts of any width: granularity G = 3.5 h / expert_ffn. */
static double traffic_granular(const double *in) {
    return in[0] * sqrt(3.5 * in[2] / in[3] / in[1]);
}

/* Dense d over the MoE's, at equal parameters and depth; and the other way round. */
static double dense_width(const double *in) {
    return sqrt(in[0]);
}

static double width_ratio(const double *in) {
    return 1 / sqrt(in[0]);
}

/* Time of two ring all-reduces a layer over time of the products, both per token; percent. */
static double comm_share(const double *in) {
    const double gpus = in[0], bytes = 2 * in[1] * in[2] * 2; /* d * L values of 16 bits, twice */
    const double comm_s = law_ring_bytes(bytes, (int)gpus) / (in[3] * 1e9);
    return 100 * comm_s / (in[4] * 1e9 / (gpus * in[5] * 1e12));
}

const struct article_formula article_formulas[] = {
    {"memory", "params_b * bytes", "GB", {"params_b", "bytes"}, memory},
    {"memory-tb", "params_b * bytes / 1000", "TB", {"params_b", "bytes"}, memory_tb},
    {"ratio", "a / b", "", {"a", "b"}, ratio},
    {"percent", "100 * a / b", "%", {"a", "b"}, percent},
    {"gpus-for", "ceil(gb / capacity_gb)", "GPU", {"gb", "capacity_gb"}, gpus_for},
    {"attention-flop", "8 * h^2", "MFLOP", {"h"}, attention_flop},
    {"ffn-flop", "k * 3 * h * f * 2", "MFLOP", {"k", "h", "f"}, ffn_flop},
    {"ffn-gflop", "k * 3 * h * f * 2", "GFLOP", {"k", "h", "f"}, ffn_gflop},
    {"attention-grouped-flop",
     "2 * h * hd * (2 * nh + 2 * nkv)",
     "MFLOP",
     {"h", "hd", "nh", "nkv"},
     attention_grouped_flop},
    {"router-flop", "h * E", "MFLOP", {"h", "E"}, router_flop},
    {"token-flop", "L * (8 * h^2 + k * 3 * h * f * 2)", "TFLOP", {"h", "L", "f", "k"}, token_flop},
    {"token-gflop", "L * (8 * h^2 + k * 3 * h * f * 2)", "GFLOP", {"h", "L", "f", "k"}, token_gflop},
    {"twice-active", "2 * active_b", "GFLOP", {"active_b"}, twice_active},
    {"layers-flop", "L * (attention_m + ffn_m)", "TFLOP", {"L", "attention_m", "ffn_m"}, layers_flop},
    {"per-gpu", "gb / gpus", "GB", {"gb", "gpus"}, per_gpu},
    {"decode-rate", "gpus * tb_s / gb", "tok/s", {"gpus", "tb_s", "gb"}, decode_rate},
    {"aggregate", "gpus * each", "", {"gpus", "each"}, product},
    {"prefill-rate", "tflops / gflop", "tok/ms", {"tflops", "gflop"}, prefill_rate},
    {"compute-rate", "tflops / (2 * active_b)", "tok/s", {"tflops", "active_b"}, compute_rate},
    {"prefill-by-rate", "tokens / rate", "ms", {"tokens", "rate"}, ratio},
    {"prefill-ms", "tokens * gflop / tflops", "ms", {"tokens", "gflop", "tflops"}, prefill_ms},
    {"gpu-time-ratio", "gpus_b * ms_b / (gpus_a * ms_a)", "", {"gpus_b", "ms_b", "gpus_a", "ms_a"}, gpu_time_ratio},
    {"tokens-per-expert", "B * k / E", "tok", {"B", "k", "E"}, tokens_per_expert},
    {"imbalance-loss", "1 - 1 / imbalance", "%", {"imbalance"}, imbalance_loss},
    {"hot-ratio", "hot / ((hot + (E - 1) * cold) / E)", "", {"hot", "cold", "E"}, hot_ratio},
    {"hot-loss", "1 - ((hot + (E - 1) * cold) / E) / hot", "%", {"hot", "cold", "E"}, hot_loss},
    {"exchange", "B * h * bytes * copies", "MB", {"B", "h", "bytes", "copies"}, exchange},
    {"ring-exchange", "2 * (n - 1) / n * B * h * bytes", "MB", {"n", "B", "h", "bytes"}, ring_exchange},
    {"dispatch-exchange",
     "(n - 1) / n * B / n * h * bytes * k",
     "MB",
     {"n", "B", "h", "bytes", "k"},
     dispatch_exchange},
    {"hourly-cost", "gpus * price", "$/h", {"gpus", "price"}, product},
    {"cost-per-million", "rent / (tok_s * 3600) * 10^6", "$/M", {"rent", "tok_s"}, cost_per_million},
    {"total", "ttft_ms + tokens * tpot_ms", "s", {"ttft_ms", "tpot_ms", "tokens"}, total_s},
    {"read-ms", "gb / (gpus * tb_s)", "ms", {"gb", "gpus", "tb_s"}, read_ms},
    {"tpot", "1000 / tok_s", "ms", {"tok_s"}, tpot},
    {"tpot-rescaled",
     "1000 / tok_s * tb_s_there / tb_s_here",
     "ms",
     {"tok_s", "tb_s_there", "tb_s_here"},
     tpot_rescaled},
    {"rate-rescaled", "tok_s / gpus_there * gpus_here", "tok/s", {"tok_s", "gpus_there", "gpus_here"}, rate_rescaled},
    {"elsewhere", "the same figure in another place of the article", "", {"value"}, same},
    {"attention-share",
     "L * h * hd * (2 * nh + 2 * nkv) / active",
     "%",
     {"L", "h", "hd", "nh", "nkv", "active_b"},
     attention_share},
    {"allreduce-token", "d * L * bytes", "MiB", {"d", "L", "bytes"}, allreduce_token},
    {"allreduce-batch", "B * d * L * bytes", "MiB", {"B", "d", "L", "bytes"}, allreduce_batch},
    {"transfer-ms", "mb / gb_s", "ms", {"mb", "gb_s"}, transfer_ms},
    {"critical-batch", "tflops * bytes / (2 * tb_s)", "tok", {"tflops", "bytes", "tb_s"}, critical_batch},
    {"critical-batch-experts",
     "tflops * bytes / (2 * tb_s) * E / k",
     "tok",
     {"tflops", "bytes", "tb_s", "E", "k"},
     critical_batch_experts},
    {"traffic-ratio", "k / sqrt(E)", "", {"k", "E"}, traffic_ratio},
    {"traffic-inverse", "sqrt(E) / k", "", {"k", "E"}, traffic_inverse},
    {"traffic-granular", "k * sqrt(3.5 * h / fe / E)", "", {"k", "E", "h", "fe"}, traffic_granular},
    {"width-ratio", "1 / sqrt(E)", "", {"E"}, width_ratio},
    {"dense-width", "sqrt(E)", "", {"E"}, dense_width},
    {"comm-share",
     "(2 (n-1)/n * 4 * d * L / gb_s) / (gflop / (n * tflops))",
     "%",
     {"n", "d", "L", "gb_s", "gflop", "tflops"},
     comm_share},
    {0},
};

const struct article_formula *article_formula_find(const char *id) {
    const struct article_formula *f = article_formulas;
    while (f->id && strcmp(f->id, id) != 0)
        f++;
    return f->id ? f : NULL;
}

int article_input_find(const struct article_formula *f, const char *name, int length) {
    for (int i = 0; i < ARTICLE_INPUTS_MAX && f->input[i]; i++)
        if ((int)strlen(f->input[i]) == length && strncmp(f->input[i], name, (size_t)length) == 0)
            return i;
    return -1;
}

/* --- printed numbers --- */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_rough(const char *text, const char *number) {
    static const char *const words[] = {"~", "about ", "around "};
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
        const size_t length = strlen(words[i]);
        if ((size_t)(number - text) >= length && strncmp(number - length, words[i], length) == 0)
            return true;
    }
    return false;
}

struct article_number article_number_read(const char *text) {
    struct article_number n = {NAN, NAN};
    const char *p = text;
    while (*p && !is_digit(*p))
        p++;
    if (!*p)
        return n;
    bool rough = is_rough(text, p), fraction = false;
    double parts = 1; /* of one, that the last digit counts */
    n.value = 0;
    for (; is_digit(*p) || (!fraction && ((*p == ',' && is_digit(p[1])) || (*p == '.' && is_digit(p[1])))); p++) {
        if (*p == '.')
            fraction = true;
        if (!is_digit(*p))
            continue;
        n.value = 10 * n.value + (*p - '0');
        parts *= fraction ? 10 : 1;
    }
    n.value /= parts;
    n.digit = 1 / parts;
    for (double v = n.value; rough && !fraction && v > 0 && fmod(v, 10) == 0; v /= 10)
        n.digit *= 10;
    return n;
}

struct article_range article_compute(const struct article_formula *f, const double *in, const double *slack) {
    struct article_range r = {f->value(in), INFINITY, -INFINITY};
    double corner[ARTICLE_INPUTS_MAX];
    int n = 0;
    while (n < ARTICLE_INPUTS_MAX && f->input[n])
        n++;
    /* every formula is monotone in each input: its extremes lie at the corners */
    for (int bits = 0; bits < 1 << n; bits++) {
        for (int i = 0; i < n; i++)
            corner[i] = in[i] + (bits & 1 << i ? slack[i] : -slack[i]);
        r.low = fmin(r.low, f->value(corner));
        r.high = fmax(r.high, f->value(corner));
    }
    return r;
}

bool article_agrees(struct article_number printed, struct article_range computed) {
    const double margin = printed.digit * (1 + 1e-9); /* decimals are not exact */
    return printed.value + margin >= computed.low && printed.value - margin <= computed.high;
}

bool article_agrees_in_other_unit(struct article_number printed, struct article_range computed) {
    static const double factors[] = {1e-6, 1e-3, 1e3, 1e6, 1.024, 1 / 1.024, 1.048576, 1 / 1.048576};
    for (unsigned i = 0; i < sizeof factors / sizeof *factors; i++) {
        const struct article_range r = {computed.value * factors[i], computed.low * factors[i],
                                        computed.high * factors[i]};
        if (article_agrees(printed, r))
            return true;
    }
    return false;
}
