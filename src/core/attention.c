/* Attention of one layer: four kernels (per-head decode, grouped decode, prefill, latent), each with constants for 16-bit
 * and for FP8 caches. Times inside are microseconds. The laws were found on 13,400 timings of four GPUs (README, Accuracy). */
#include "core/timing.h"

#include <math.h>
#include <stddef.h>

/* What the laws need of a GPU, in microseconds. */
struct machine {
    double bandwidth; /* bytes/us */
    double sms, l2;
    double rate16, rate8; /* FLOP/us */
};

enum { SMS_UNKNOWN = 132, QUERY_TILE = 128, HEADS_A_PASS = 16, GROUP_MAX = 32 };

static const double L2_UNKNOWN = 50e6;
static const double L2_RATE = 31e3;         /* bytes/us and SM: found on an L40S whose cache fits in its L2 */
static const double SPLIT_ELEMENTS = 25e3;  /* cache elements of a sequence at which it is split over CTAs */
static const double SKIP_TASKS = 262144;    /* tasks x context at which skipping a window's past stops growing */
static const double COMPUTE_CEILING = 0.85; /* of peak: no kernel of the latent decode passes it */

static struct machine machine_of(const struct gpu *g) {
    return (struct machine){.bandwidth = g->mem_bw * 1e-6, .sms = g->sms > 0 ? g->sms : SMS_UNKNOWN,
                            .l2 = g->l2_bytes > 0 ? g->l2_bytes : L2_UNKNOWN,
                            .rate16 = timing_rate(g, PATH_BF16, NULL) * 1e-6,
                            .rate8 = timing_rate(g, PATH_FP8, NULL) * 1e-6};
}

/* Time of moving bytes at a share of the bandwidth. A working set below the L2 moves at its rate. */
static double stream(const struct machine *m, double bytes, double working_set, double share, bool sharp) {
    double hbm = share * m->bandwidth, x = m->l2 / fmax(working_set, 1), x2 = x * x;
    double missed = 1 / (1 + (sharp ? x2 * x2 * x2 : x2 * x2));
    return bytes * (missed / hbm + (1 - missed) / fmax(L2_RATE * m->sms, hbm));
}

static double norm(double p, double a, double b, double c, double d) {
    double most = fmax(fmax(a, b), fmax(c, d));
    if (most <= 0)
        return 0;
    return most * pow(pow(a / most, p) + pow(b / most, p) + pow(c / most, p) + pow(d / most, p), 1 / p);
}

static double norm4(double a, double b) {
    double a2 = a * a, b2 = b * b;
    return sqrt(sqrt(a2 * a2 + b2 * b2));
}

/* Kernels are built for head widths that are powers of two. */
static double padded_width(double head_dim) {
    double width = 64;
    while (width < head_dim)
        width *= 2;
    return width;
}

static struct timing timing_us(double fixed, double body, double memory, double compute) {
    struct timing t = {.seconds = (fixed + body) * 1e-6};
    t.part[BOUND_LAUNCH] = fixed * 1e-6;
    t.part[memory >= compute ? BOUND_MEMORY : BOUND_COMPUTE] = body * 1e-6;
    return t;
}

/* --- decode ------------------------------------------------------------------------------------------------------------ */

enum { MHA_T0, MHA_WIDTH, MHA_BW, MHA_FLOP, MHA_CTA, MHA_CTA_FIXED, MHA_FREE, MHA_SPLIT, MHA_SKIP, MHA_NORM };
enum {
    GQA_T0, GQA_NARROW, GQA_WIDTH, GQA_BW, GQA_CTA, GQA_CTA_FIXED, GQA_CTA_HEADS, GQA_FREE, GQA_SPLIT, GQA_SKIP,
    GQA_SERIAL, GQA_NORM
};

/* What both decode kernels share: tokens attended, elements of the cache, splitting, and skipping what lies before a
 * window. */
struct decode {
    double attended, width, memory, split, skip;
};

static struct decode decode_make(const struct machine *m, const struct attention_shape *s, double tasks, double bw,
                                 double split, double skip) {
    bool cut = s->window > 0 && s->context > s->window;
    struct decode d = {.attended = cut ? s->window : s->context, .width = padded_width(s->head_dim)};
    double bytes = s->batch * d.attended * s->kv_heads * 2 * s->head_dim * s->kv_bytes;
    /* in a step the other layers' weights and caches have passed through the L2 since: no more than the memory gives */
    d.memory = s->repeated ? stream(m, bytes, bytes, bw, true) : bytes / (fmin(1, bw) * m->bandwidth);
    d.split = split * log2(1 + d.attended * d.width / SPLIT_ELEMENTS);
    d.skip = cut ? skip * sqrt(fmin(1, tasks * s->context / SKIP_TASKS)) : 0;
    return d;
}

/* One CTA per query head: multi-head attention, and groups so large that the grouped kernel gives up. Every head reads its
 * keys and values again. t = t0 + width + skip + split + norm(memory, CTAs, dot products) */
static struct timing decode_by_head(const double *v, const struct machine *m, const struct attention_shape *s) {
    double tasks = s->batch * s->heads;
    struct decode d = decode_make(m, s, tasks, v[MHA_BW], v[MHA_SPLIT], v[MHA_SKIP]);
    double cta = v[MHA_CTA] * (d.width + v[MHA_CTA_FIXED]) / (128 + v[MHA_CTA_FIXED]) * fmax(0, tasks / m->sms - v[MHA_FREE]);
    double dot = tasks * d.attended * d.width * 4 / (v[MHA_FLOP] * m->sms);
    double fixed = v[MHA_T0] + v[MHA_WIDTH] * d.width / 128 + d.skip + d.split;
    return timing_us(fixed, norm(v[MHA_NORM], d.memory, cta, dot, 0), d.memory, fmax(cta, dot));
}

/* One CTA per KV head and its group of query heads. `serial`: a kernel that cannot split a sequence walks its context. */
static struct timing decode_by_group(const double *v, const struct machine *m, const struct attention_shape *s) {
    double tasks = s->batch * s->kv_heads, group = s->heads / s->kv_heads;
    struct decode d = decode_make(m, s, tasks, v[GQA_BW], v[GQA_SPLIT], v[GQA_SKIP]);
    double one = norm4(v[GQA_CTA] * (d.width + v[GQA_CTA_FIXED]) / (128 + v[GQA_CTA_FIXED]),
                       v[GQA_CTA_HEADS] * group * d.width / 128);
    double cta = one * fmax(0, tasks / m->sms - v[GQA_FREE]);
    double passes = tasks * ceil(group / HEADS_A_PASS) * HEADS_A_PASS * d.attended * d.width * 4 / (0.5 * m->rate16);
    double fixed = v[GQA_T0] + (s->head_dim < 128 ? v[GQA_NARROW] : 0) + v[GQA_WIDTH] * d.width / 128 + d.skip + d.split;
    double walk = v[GQA_SERIAL] * d.attended * d.width;
    return timing_us(fixed, norm(v[GQA_NORM], d.memory, cta, passes, walk), d.memory, fmax(cta, fmax(passes, walk)));
}

/* A CPU: t0 and the roofline of the cache read and the dot products. `t0` and `bw` are the kernel's own constants. */
static struct timing decode_on_cpu(double t0, double bw, const struct gpu *g, const struct attention_shape *s) {
    double attended = s->window > 0 && s->context > s->window ? s->window : s->context;
    double bytes = s->batch * attended * s->kv_heads * 2 * s->head_dim * s->kv_bytes;
    double flop = s->batch * attended * s->heads * s->head_dim * 4;
    return timing_roofline(1e-6 * t0, bytes / (g->mem_bw * bw), flop / timing_rate(g, PATH_BF16, NULL));
}

static bool by_head(const struct attention_shape *s) {
    return s->heads == s->kv_heads || s->heads / s->kv_heads > GROUP_MAX;
}

enum calibration_class attention_decode_class(const struct attention_shape *s) {
    bool small = s->kv_bytes < 1.5;
    if (by_head(s))
        return small ? CAL_DECODE_HEAD_8 : CAL_DECODE_HEAD_16;
    return small ? CAL_DECODE_GROUP_8 : CAL_DECODE_GROUP_16;
}

struct timing attention_decode_time(const struct calibration *c, const struct gpu *g, const struct attention_shape *s) {
    struct machine m = machine_of(g);
    const double *v = c->of[attention_decode_class(s)].value;
    if (g->cpu)
        return decode_on_cpu(v[by_head(s) ? MHA_T0 : GQA_T0], v[by_head(s) ? MHA_BW : GQA_BW], g, s);
    return by_head(s) ? decode_by_head(v, &m, s) : decode_by_group(v, &m, s);
}

/* --- prefill ------------------------------------------------------------------------------------------------------------ */

enum {
    PREFILL_T0, PREFILL_QUERY_BW, PREFILL_KEY_BW, PREFILL_RATE, PREFILL_SOFTMAX, PREFILL_DIAGONAL, PREFILL_CTA,
    PREFILL_LAST, PREFILL_WIDE, PREFILL_NARROW, PREFILL_EDGE
};

/* Hopper and Blackwell multiply in FP8 once the cache is in FP8, whatever the queries are in. */
static bool multiplies_in_fp8(const struct gpu *g, const struct attention_shape *s) {
    return g->rate[PATH_FP8] > 0 && (s->fp8 || (s->kv_bytes < 1.5 && g->mem_bw > 1.5e12));
}

/* Scores of one head: causal over the new tokens and everything cached before them, tiles on the diagonal and on the
 * window's edge counted whole. */
static double prefill_scores(const struct attention_shape *s, double edge) {
    double n = s->tokens, w = s->window, before = s->context;
    if (w > 0 && w < n + before) {
        double free = fmin(n, fmax(0, w - before));
        return free * (before + free / 2) + (n - free) * w + edge * n;
    }
    return n * before + n * n / 2 + edge * n;
}

enum calibration_class attention_prefill_class(const struct gpu *g, const struct attention_shape *s) {
    return multiplies_in_fp8(g, s) ? CAL_PREFILL_8 : CAL_PREFILL_16;
}

struct timing attention_prefill_time(const struct calibration *c, const struct gpu *g, const struct attention_shape *s) {
    struct machine m = machine_of(g);
    bool fp8 = multiplies_in_fp8(g, s), cut = s->window > 0 && s->window < s->tokens + s->context;
    const double *v = c->of[fp8 ? CAL_PREFILL_8 : CAL_PREFILL_16].value;
    double n = s->tokens, reach = n + s->context, elements = s->batch * n * s->head_dim * 2;
    double cached = s->batch * reach * s->head_dim * 2, set = elements * 2 * (s->heads + s->kv_heads);
    double edge = v[PREFILL_DIAGONAL] * (cut ? v[PREFILL_EDGE] : 1);
    double misfit = s->head_dim > 128 ? v[PREFILL_WIDE] : s->head_dim < 128 ? v[PREFILL_NARROW] : 1;
    double score = (4 * s->head_dim / (v[PREFILL_RATE] * (fp8 ? m.rate8 : m.rate16)) + v[PREFILL_SOFTMAX] / m.sms) * misfit;
    double all = s->batch * s->heads * prefill_scores(s, edge) * score;
    double last = v[PREFILL_LAST] * (cut ? fmin(reach, s->window + edge) : reach) * QUERY_TILE * score * m.sms;
    double io = stream(&m, elements * 4 * s->heads, set, v[PREFILL_QUERY_BW], false) +
                stream(&m, cached * 4 * s->kv_heads, set, v[PREFILL_KEY_BW], false);
    double cta = v[PREFILL_CTA] / m.sms * s->batch * s->heads * ceil(n / QUERY_TILE) * misfit;
    return timing_us(v[PREFILL_T0], io + cta + norm4(all, last), io, cta + fmax(all, last));
}

/* --- latent attention ----------------------------------------------------------------------------------------------------- */

enum { MLA_T0, MLA_QUERY_BW, MLA_LATENT_BW, MLA_RATE, MLA_DIAGONAL, MLA_CTA, MLA_LAST };

enum calibration_class mla_prefill_class(const struct mla_shape *s) {
    return s->kv_bytes < 1.5 ? CAL_MLA_PREFILL_8 : CAL_MLA_PREFILL_16;
}

struct timing mla_prefill_time(const struct calibration *c, const struct gpu *g, const struct mla_shape *s) {
    struct machine m = machine_of(g);
    const double *v = c->of[mla_prefill_class(s)].value;
    double n = s->tokens, reach = n + s->context, width = s->nope + s->rope + s->value;
    double io = s->batch * n * s->heads * 2 * 2 * width / (v[MLA_QUERY_BW] * m.bandwidth) +
                s->batch * reach * (s->latent + s->rope) * (2 + s->kv_bytes) / (v[MLA_LATENT_BW] * m.bandwidth);
    double score = 2 * width / (v[MLA_RATE] * m.rate16);
    double all = s->batch * s->heads * (n * s->context + n * n / 2 + v[MLA_DIAGONAL] * n) * score;
    double last = v[MLA_LAST] * reach * QUERY_TILE * score * m.sms;
    double cta = v[MLA_CTA] / m.sms * s->batch * s->heads * ceil(n / QUERY_TILE);
    return timing_us(v[MLA_T0], io + cta + norm4(all, last), io, cta + fmax(all, last));
}

enum {
    LATENT_T0, LATENT_HEADS, LATENT_BW, LATENT_RATE, LATENT_CTA, LATENT_FREE, LATENT_IO, LATENT_SPLIT, LATENT_SPLIT_TOKENS,
    LATENT_PASS, LATENT_NORM
};

enum calibration_class mla_decode_class(const struct mla_shape *s) {
    return s->kv_bytes < 1.5 ? CAL_MLA_DECODE_8 : CAL_MLA_DECODE_16;
}

/* Decode on the latent itself: d_qk = latent + rope, d_v = latent; below 64 heads the kernel takes 16 heads a pass, and it
 * multiplies for 64 at least. */
struct timing mla_decode_time(const struct calibration *c, const struct gpu *g, const struct mla_shape *s) {
    struct machine m = machine_of(g);
    bool small = s->kv_bytes < 1.5;
    const double *v = c->of[mla_decode_class(s)].value;
    if (g->cpu) {
        double bytes = s->batch * s->context * (s->latent + s->rope) * s->kv_bytes;
        double work = s->batch * s->heads * s->context * 2 * (2 * s->latent + s->rope);
        return timing_roofline(1e-6 * v[LATENT_T0], bytes / (g->mem_bw * v[LATENT_BW]), work / timing_rate(g, PATH_BF16, NULL));
    }
    double passes = s->heads < 64 ? ceil(s->heads / HEADS_A_PASS) : 1, width = s->latent + s->rope;
    double memory = s->batch * s->context * width * s->kv_bytes * (1 + v[LATENT_PASS] * (passes - 1)) /
                    (v[LATENT_BW] * m.bandwidth);
    double flop = s->batch * fmax(s->heads, 64) * s->context * 2 * (width + s->latent);
    double multiply = flop / (fmin(v[LATENT_RATE], COMPUTE_CEILING) * (small ? m.rate8 : m.rate16));
    double cta = v[LATENT_CTA] * fmax(0, s->batch / m.sms - v[LATENT_FREE]);
    double fixed = v[LATENT_T0] + v[LATENT_HEADS] * s->heads / 64 +
                   v[LATENT_SPLIT] * log2(1 + s->context / v[LATENT_SPLIT_TOKENS]) + s->batch * s->heads * v[LATENT_IO] / m.sms;
    return timing_us(fixed, norm(v[LATENT_NORM], memory, multiply, cta, 0), memory, fmax(multiply, cta));
}
