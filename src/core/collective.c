#include "core/collective.h"

#include <math.h>
#include <stddef.h>

static const double MIB = 1048576;

/* Links without a measured NCCL figure: a network hop, an accelerator's mesh. Between the measured NVLinks (6 to 11 us). */
static const double UNKNOWN_LATENCY = 9e-6;

enum { SMS_UNKNOWN = 132, DEEPEP_SMS = 24 }; /* 24: the fastest setting of the measured rows */

struct fabric fabric_of(const struct link *l, const struct gpu *gpu) {
    struct fabric f = {.latency = l->allreduce_small_s[0], .rate = l->bandwidth, .sms = SMS_UNKNOWN};
    if (!(f.latency > 0))
        f.latency = UNKNOWN_LATENCY;
    if (gpu && gpu->link_up_bw > 0)
        f.rate = fmin(f.rate, gpu->link_up_bw);
    if (gpu && gpu->sms > 0)
        f.sms = gpu->sms;
    return f;
}

/* --- laws ----------------------------------------------------------------------------------------------------------- */

enum { NCCL_BASE, NCCL_STEP, NCCL_SMALL, NCCL_RAMP, NCCL_RAMP_END, NCCL_LOCAL, NCCL_WIRE, NCCL_HOST, NCCL_INT8 };

/* t = base + step*(n-2) + small*min(b,16K)/16K + ramp*min(b,end)^0.7 + local*b + w*(wire + host*(n/2)^2), w = b*(n-1)/n.
 * Fixed times in latencies of the link, times per byte in its byte time. Fitted on 2 to 8 GPUs; beyond, the step from 4 to
 * 8 is taken again for each doubling. */
double nccl_seconds(const struct calibration *c, enum calibration_class class, const struct fabric *f, double bytes, int n,
                    bool one_byte) {
    const double *v = c->of[class].value;
    double rings = n <= 8 ? n - 2 : 6 + 4 * log2(n / 8.0), wire = bytes * (n - 1) / n;
    double fixed = v[NCCL_BASE] + v[NCCL_STEP] * rings + v[NCCL_SMALL] * fmin(bytes, 16384) / 16384 +
                   v[NCCL_RAMP] * pow(fmin(bytes / MIB, v[NCCL_RAMP_END]), 0.7);
    double moved = v[NCCL_LOCAL] * bytes + wire * (v[NCCL_WIRE] + v[NCCL_HOST] * n * n / 4.0);
    if (one_byte && (class == CAL_NCCL_ALLREDUCE || class == CAL_NCCL_REDUCESCATTER))
        moved += v[NCCL_INT8] * wire;
    return fixed * f->latency + moved / f->rate;
}

enum { ENGINE_BASE, ENGINE_STEP, ENGINE_SMALL, ENGINE_READ, ENGINE_CAP, ENGINE_NCCL };

/* One shot: every GPU reads the n-1 other vectors. */
double engine_allreduce_seconds(const struct calibration *c, const struct fabric *f, double bytes, int n) {
    const double *v = c->of[CAL_ENGINE_ALLREDUCE].value;
    double nccl = v[ENGINE_NCCL] * nccl_seconds(c, CAL_NCCL_ALLREDUCE, f, bytes, n, false);
    if (bytes > v[ENGINE_CAP] * MIB * sqrt(2.0 / n))
        return nccl;
    double read = bytes * (n - 1);
    double fixed = v[ENGINE_BASE] + v[ENGINE_STEP] * (log2(n) - 1) + v[ENGINE_SMALL] * sqrt(fmin(read, 65536) / 65536);
    return fmin(nccl, fixed * f->latency + v[ENGINE_READ] * read / f->rate);
}

enum { LL_BASE, LL_EXPERT, LL_HIDDEN, LL_WIRE, LL_COPY };

/* Each expert has a warp group that polls and copies; few experts occupy few SMs. */
double deepep_ll_seconds(const struct calibration *c, enum calibration_class class, const struct fabric *f, double tokens,
                         double hidden, int k, int experts) {
    const double *v = c->of[class].value;
    double groups = ceil((double)experts / f->sms), used = ceil(experts / groups);
    return (v[LL_BASE] + v[LL_EXPERT] * experts) * f->latency + v[LL_HIDDEN] * 1e-9 * hidden +
           v[LL_WIRE] * tokens * k * hidden / f->rate + v[LL_COPY] * 1e-6 * tokens / used;
}

/* Chance that none of k of the experts is among `here` of them: C(experts - here, k) / C(experts, k). */
static double none_here(int experts, int here, int k) {
    double none = 1;
    for (int i = 0; i < k; i++)
        none *= fmax(0, experts - here - i) / (double)(experts - i);
    return none;
}

double ranks_touched(int experts, int k, int ranks) {
    return (ranks - 1) * (1 - none_here(experts, experts / ranks, k));
}

static double choose(int n, int k) {
    double c = 1;
    for (int i = 0; i < k; i++)
        c *= (double)(n - i) / (i + 1);
    return k < 0 || k > n ? 0 : c;
}

double ranks_touched_grouped(int experts, int k, int ranks, int groups, int chosen) {
    bool whole = groups > 1 && ranks > 0 && (groups % ranks == 0 || ranks % groups == 0);
    if (!whole || chosen < 1 || chosen >= groups)
        return ranks_touched(experts, k, ranks);
    int own = groups > ranks ? groups / ranks : 1, here = experts / (groups > ranks ? groups : ranks);
    double touched = 0;
    for (int j = 1; j <= own && j <= chosen; j++)
        touched += choose(own, j) * choose(groups - own, chosen - j) * (1 - none_here(experts / groups * chosen, j * here, k));
    return (ranks - 1) * touched / choose(groups, chosen);
}

enum { NORMAL_BASE, NORMAL_HIDDEN, NORMAL_RAMP, NORMAL_TOKEN, NORMAL_COPY, NORMAL_ELEMENT, NORMAL_WIRE };

double deepep_copies_seconds(const struct calibration *c, enum calibration_class class, const struct fabric *f, double tokens,
                             double hidden, double copies, int sms) {
    const double *v = c->of[class].value;
    double elements = tokens * hidden * copies;
    double fixed = v[NORMAL_BASE] + v[NORMAL_HIDDEN] * hidden / 1e3 +
                   v[NORMAL_RAMP] * sqrt(fmin(tokens, 256) * hidden * copies / 1e6);
    double copy = (v[NORMAL_TOKEN] * tokens + v[NORMAL_COPY] * tokens * copies + v[NORMAL_ELEMENT] * elements / 1e6) / sms;
    double wire = v[NORMAL_WIRE] * elements / f->rate * 1e6;
    return (fixed + sqrt(sqrt(pow(copy, 4) + pow(wire, 4)))) * 1e-6;
}

double deepep_seconds(const struct calibration *c, enum calibration_class class, const struct fabric *f, double tokens,
                      double hidden, int k, int experts, int ranks, int sms) {
    return deepep_copies_seconds(c, class, f, tokens, hidden, ranks_touched(experts, k, ranks), sms);
}

/* --- deployments ------------------------------------------------------------------------------------------------------ */

static int inside(const struct deployment *d, int n) {
    return n < d->gpus_per_node ? n : d->gpus_per_node;
}

static struct fabric up(const struct deployment *d) {
    return fabric_of(d->link_up, d->gpu);
}

static struct fabric out(const struct deployment *d) {
    return fabric_of(d->link_out, NULL);
}

/* Engines beside their kernels (row "engine" of the calibration): a fixed time per all-reduce, more with its width. */
static double engine_overhead(const struct deployment *d, int n) {
    const double *v = d->engine.value;
    return 1e-6 * (v[ENGINE_ALLREDUCE_US] + v[ENGINE_ALLREDUCE_LOG_US] * log2(n));
}

double collective_allreduce(const struct deployment *d, int n, double bytes) {
    if (n <= 1)
        return 0;
    int near = inside(d, n), nodes = (n + near - 1) / near;
    struct fabric u = up(d), o = out(d);
    double t = engine_overhead(d, n);
    if (near > 1)
        t += engine_allreduce_seconds(d->up_calibration, &u, bytes, near);
    if (nodes > 1) /* between nodes each GPU reduces its share of the buffer */
        t += nccl_seconds(d->out_calibration, CAL_NCCL_ALLREDUCE, &o, bytes / near, nodes, false);
    return t;
}

static double gather(const struct deployment *d, enum calibration_class class, int n, double bytes) {
    if (n <= 1)
        return 0;
    int near = inside(d, n), nodes = (n + near - 1) / near;
    struct fabric u = up(d), o = out(d);
    double t = near > 1 ? nccl_seconds(d->up_calibration, class, &u, bytes, near, false) : 0;
    if (nodes > 1)
        t += nccl_seconds(d->out_calibration, class, &o, bytes / near, nodes, false);
    return t;
}

double collective_allgather(const struct deployment *d, int n, double bytes) {
    return gather(d, CAL_NCCL_ALLGATHER, n, bytes);
}

double collective_reducescatter(const struct deployment *d, int n, double bytes) {
    return gather(d, CAL_NCCL_REDUCESCATTER, n, bytes);
}

/* Groups count where tokens leave a node, which is what they are for. Inside one the engines' constants were fitted to gates with
 * groups too (DeepSeek-V3 on 4 and 8 attention ranks), counted as if without. */
static double copies(const struct deployment *d, int n) {
    const struct model *m = d->model;
    if (n <= d->gpus_per_node)
        return ranks_touched(m->n_experts, m->top_k, n);
    return ranks_touched_grouped(m->n_experts, m->top_k, n, m->n_expert_groups, m->top_k_groups);
}

/* Within a node as measured; of a wider group the share of the copies that leaves the node goes over link_out. */
static double exchange(const struct deployment *d, int n, double tokens, bool prefill, enum calibration_class latency,
                       enum calibration_class throughput, double bytes) {
    const struct model *m = d->model;
    struct fabric u = up(d), o = out(d);
    double touched = copies(d, n);
    double t = prefill ? deepep_copies_seconds(d->up_calibration, throughput, &u, tokens, m->hidden, touched, DEEPEP_SMS)
                       : deepep_ll_seconds(d->up_calibration, latency, &u, tokens, m->hidden, m->top_k, m->n_experts);
    if (n > d->gpus_per_node) {
        double away = 1 - (double)d->gpus_per_node / n;
        t += o.latency + tokens * (prefill ? touched : m->top_k) * away * m->hidden * bytes / o.rate;
    }
    return t;
}

double collective_dispatch(const struct deployment *d, int n, double tokens, bool prefill) {
    return exchange(d, n, tokens, prefill, CAL_DEEPEP_LL_DISPATCH, CAL_DEEPEP_DISPATCH, 1);
}

double collective_combine(const struct deployment *d, int n, double tokens, bool prefill) {
    return exchange(d, n, tokens, prefill, CAL_DEEPEP_LL_COMBINE, CAL_DEEPEP_COMBINE, 2);
}

double collective_ranks_touched(const struct deployment *d) {
    int n = d->tp * d->dp;
    if (d->dp == 1)
        return 0;
    return d->ep < n ? n - 1 : copies(d, n);
}

double collective_stage(const struct deployment *d, int stage_gpus, double bytes) {
    bool crosses = stage_gpus >= d->gpus_per_node;
    const double *v = (crosses ? d->out_calibration : d->up_calibration)->of[CAL_STAGE].value;
    struct fabric f = crosses ? out(d) : up(d);
    return v[STAGE_T0_US] * 1e-6 + bytes / (f.rate * v[STAGE_EFF]);
}
