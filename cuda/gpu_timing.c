/* Time on the device: calls captured in a graph, each on its next buffer, replayed between two events once clocks have settled. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "cuda/gpu.h"
#include "cuda/stop.h"

enum { NODES_MAX = 256 };
static const double PIECE_S = 0.040; /* work under way at once: what a request to stop has to wait for */
static const double RATE_MARGIN = 1.02;

struct series {
    struct gpu *gpu;
    timing_work *work;
    void *context;
    uint64_t call, calls; /* calls: in the graph, or of one plain launch */
    cudaGraphExec_t graph; /* NULL: plain calls */
    uint64_t repeat;       /* launches of a sample */
};

static bool series_launch(struct series *s) {
    if (s->graph)
        return gpu_good(s->gpu, cudaGraphLaunch(s->graph, s->gpu->stream), "graph");
    for (uint64_t i = 0; i < s->calls; i++)
        if (!s->work(s->context, s->call++))
            return false;
    return true;
}

/* Seconds of one call, over `repeat` launches. */
static bool series_sample(struct series *s, double *seconds) {
    struct gpu *gpu = s->gpu;
    float ms;
    if (stop_now() || !gpu_good(gpu, cudaEventRecord(gpu->begin, gpu->stream), "event"))
        return false;
    for (uint64_t i = 0; i < s->repeat; i++)
        if (!series_launch(s))
            return false;
    if (!gpu_good(gpu, cudaEventRecord(gpu->end, gpu->stream), "event") || !gpu_finish(gpu) ||
        !gpu_good(gpu, cudaEventElapsedTime(&ms, gpu->begin, gpu->end), "event"))
        return false;
    *seconds = (double)ms * 1e-3 / (double)(s->repeat * s->calls);
    return true;
}

static bool series_capture(struct series *s, double once) {
    struct gpu *gpu = s->gpu;
    cudaGraph_t graph = NULL;
    bool good = gpu_good(gpu, cudaStreamBeginCapture(gpu->stream, cudaStreamCaptureModeThreadLocal), "capture");
    s->calls = (uint64_t)fmax(1, fmin(NODES_MAX, PIECE_S / 2 / fmax(once, 1e-7)));
    if (!good)
        return false;
    for (uint64_t i = 0; good && i < s->calls; i++)
        good = s->work(s->context, s->call++);
    good = gpu_good(gpu, cudaStreamEndCapture(gpu->stream, &graph), "capture") && good;
    good = good && gpu_good(gpu, cudaGraphInstantiate(&s->graph, graph, 0), "graph");
    if (graph)
        cudaGraphDestroy(graph);
    return good;
}

/* Launches a sample, so that it lasts long enough. */
static bool series_calibrate(struct series *s, double sample_s) {
    double once;
    s->calls = s->repeat = 1;
    if (!series_sample(s, &once) || !series_sample(s, &once)) /* the first one loads code */
        return false;
    if (!s->gpu->plain && !series_capture(s, once))
        return false;
    if (!series_sample(s, &once))
        return false;
    double each = fmax(once * (double)s->calls, 1e-7);
    s->repeat = (uint64_t)fmax(1, fmin(ceil(sample_s / each), PIECE_S / each));
    return true;
}

/* Until three samples in a row lie within 2 %, or the time is over. */
static bool series_settle(struct series *s, double until) {
    double last[3] = {0, INFINITY, 0};
    for (int i = 0; stop_clock() < until; i++) {
        if (!series_sample(s, &last[i % 3]))
            return false;
        double low = fmin(last[0], fmin(last[1], last[2])), high = fmax(last[0], fmax(last[1], last[2]));
        if (i >= 2 && high <= 1.02 * low)
            return true;
    }
    return true;
}

/* No device is faster than its limits: the bytes or the clock would be wrong. Reads that the cache may serve have no limit here. */
static bool rate_possible(struct gpu *gpu, const struct timing *t) {
    const struct device *d = &gpu->run->device;
    double of_memory = d->mem_bw > 0 ? gpu->bytes / t->median / d->mem_bw : 0, of_tensor = d->rate_bf16 > 0 ? gpu->flop / t->median / d->rate_bf16 : 0;
    double worst = fmax(of_memory, of_tensor);
    return worst <= RATE_MARGIN || run_check(gpu->run, gpu->case_name, "sum", worst, RATE_MARGIN);
}

static bool series_time(struct series *s, const struct timing_plan *plan, struct timing *out) {
    static const double settle_s[] = {0.2, 1, 3};
    double values[TIMING_SAMPLES_MAX], median[2], start = stop_clock(), end = start + plan->budget_s;
    int most = plan->samples > 10 ? plan->samples : 10, n[2] = {0, 0};
    if (!series_calibrate(s, plan->sample_s) ||
        !series_settle(s, start + fmin(settle_s[s->gpu->run->options->level], plan->budget_s / 3)))
        return false;
    for (int r = 0; r < 2; r++) {
        double run[TIMING_SAMPLES_MAX / 2], until = stop_clock() + (end - stop_clock()) / (2 - r);
        for (; n[r] < most && n[r] < TIMING_SAMPLES_MAX / 2 && (n[r] == 0 || stop_clock() < until); n[r]++)
            if (!series_sample(s, &run[n[r]]))
                return false;
        memcpy(values + (r ? n[0] : 0), run, (size_t)n[r] * sizeof *run);
        median[r] = timing_quantile(run, n[r], 0.5);
    }
    out->n = n[0] + n[1];
    out->median = timing_quantile(values, out->n, 0.5);
    out->p10 = timing_quantile(values, out->n, 0.1);
    out->p90 = timing_quantile(values, out->n, 0.9);
    out->best = values[0];
    out->spread = fmin(1, fabs(median[0] - median[1]) / out->median);
    return rate_possible(s->gpu, out);
}

bool gpu_time(const struct timing_plan *plan, timing_work *work, void *context, struct timing *out) {
    struct series s = {.gpu = gpu_current(), .work = work, .context = context};
    bool done = series_time(&s, plan, out);
    if (s.graph)
        cudaGraphExecDestroy(s.graph);
    return done;
}

bool gpu_measure(struct run *run, const struct run_case *c, struct timing *out) {
    struct gpu *gpu = gpu_of(run);
    gpu->bytes = c->shape.bytes;
    gpu->flop = c->shape.flop;
    gpu->case_name = c->name;
    return run_measure(run, c, out);
}
