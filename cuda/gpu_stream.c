/* Streaming: what memory gives at best, to large reads and to small ones. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cuda/gpu.h"

enum stream_kind { STREAM_READ, STREAM_WRITE, STREAM_COPY, STREAM_TRIAD, STREAM_MEMCPY, STREAM_KINDS };
static const struct {
    const char *name, *result;
    int parts; /* the block is cut into so many, all of which move */
} kinds[STREAM_KINDS] = {
    {"read", PROTOCOL_READ, 1}, {"write", "write_bytes_per_s", 1}, {"copy", PROTOCOL_COPY, 2}, {"triad", PROTOCOL_TRIAD, 3}, {"memcpy", PROTOCOL_MEMCPY, 2},
};
static const uint64_t WRITTEN = 0x3F81;

struct stream {
    struct gpu *gpu;
    enum stream_kind kind;
    char *base;
    size_t part;            /* bytes */
    size_t regions, region; /* of reads smaller than the block */
    uint64_t spoilt;
};

static int stream_call(struct stream *s) {
    kernel_stream on = s->gpu->stream;
    size_t pieces = s->part / 16;
    char *second = s->base + s->part, *third = second + s->part;
    switch (s->kind) {
    case STREAM_READ:
        return kernel_read(on, s->gpu->blocks, s->base + s->region * s->part, pieces, s->gpu->sum);
    case STREAM_WRITE:
        return kernel_write(on, s->gpu->blocks, s->base, pieces, WRITTEN);
    case STREAM_COPY:
        return kernel_copy(on, s->gpu->blocks, second, s->base, pieces);
    case STREAM_TRIAD:
        return kernel_triad(on, s->gpu->blocks, third, s->base, second, pieces);
    default:
        return cudaMemcpyAsync(second, s->base, s->part, cudaMemcpyDeviceToDevice, on);
    }
}

static bool stream_work(void *context, uint64_t call) {
    struct stream *s = context;
    s->region = call % s->regions;
    return gpu_good(s->gpu, stream_call(s), kinds[s->kind].name);
}

/* Sum of 64-bit words of a part, by the kernel that reads: it is checked against the sum of the filling first. */
static bool part_sum(struct gpu *gpu, const void *at, size_t bytes, uint64_t *sum) {
    unsigned long long have = 0;
    bool done = gpu_finish(gpu) && gpu_good(gpu, cudaMemset(gpu->sum, 0, sizeof have), "clearing") &&
                gpu_good(gpu, kernel_read(gpu->stream, gpu->blocks, at, bytes / 16, gpu->sum), "read") &&
                gpu_get(gpu, &have, gpu->sum, sizeof have);
    *sum = have;
    return done;
}

/* What the written part must sum to, wrapping round. */
static bool stream_wanted(struct stream *s, uint64_t *want) {
    uint64_t a = 0, b = 0, n = s->part / 8;
    if (s->kind == STREAM_WRITE) { /* WRITTEN + 0 .. n-1; one of n and n-1 is even */
        *want = n * WRITTEN + (n % 2 ? n * ((n - 1) / 2) : n / 2 * (n - 1));
        return true;
    }
    if (!part_sum(s->gpu, s->base, s->part, &a) || (s->kind == STREAM_TRIAD && !part_sum(s->gpu, s->base + s->part, s->part, &b)))
        return false;
    *want = a + 3 * b;
    return true;
}

/* Words of a few samples all over the block that are not what the host makes of the counter. */
static int wrong_words(struct stream *s, uint64_t want) {
    uint64_t have[2];
    size_t last = s->part / 8 - 1;
    if (s->kind != STREAM_WRITE)
        return 0;
    if (!gpu_get(s->gpu, have, s->base, 8) || !gpu_get(s->gpu, have + 1, s->base + 8 * last, 8))
        return 1;
    return (have[0] != WRITTEN) + (have[1] != WRITTEN + last) + (want == 0);
}

static double stream_verify(void *context) {
    struct stream *s = context;
    static const int made[] = {0, 0, 1, 2, 1}; /* which part is written */
    uint64_t have = 0, want = s->gpu->arena_sum;
    if (s->kind == STREAM_READ) {
        if (!part_sum(s->gpu, s->base, s->gpu->arena_bytes, &have))
            return NAN;
        return have + s->spoilt != want;
    }
    if (!stream_wanted(s, &want) || !part_sum(s->gpu, s->base + (size_t)made[s->kind] * s->part, s->part, &have))
        return NAN;
    return (have + s->spoilt != want) + wrong_words(s, want);
}

static void stream_spoil(void *context) {
    ((struct stream *)context)->spoilt = 1;
}

int gpu_stream_count(struct run *run) {
    (void)run;
    return STREAM_KINDS;
}

/* Seconds of one call, or NAN. */
static double stream_measure(struct run *run, struct stream *s, const char *name, int class) {
    struct timing t;
    struct run_case what = {
        .name = name, .work = stream_work, .verify = stream_verify, .spoil = stream_spoil, .context = s, .metric = "sum", .class = class,
        .shape = {.op = "stream", .bytes = (double)s->part * kinds[s->kind].parts},
    };
    what.amount = what.shape.bytes;
    return gpu_measure(run, &what, &t) ? what.shape.bytes / t.median : NAN;
}

void gpu_stream_run(struct run *run) {
    struct gpu *gpu = gpu_of(run);
    for (int i = 0; i < STREAM_KINDS && run_next_case(run); i++) {
        struct stream s = {.gpu = gpu, .kind = (enum stream_kind)i, .base = (char *)(uintptr_t)gpu_arena(run), .regions = 1};
        if (!s.base)
            return;
        s.part = gpu->arena_bytes / (size_t)kinds[i].parts / 16 * 16;
        double rate = stream_measure(run, &s, kinds[i].name, -1);
        run_result(run, kinds[i].result, rate, "byte/s");
        if (i == STREAM_READ && rate > run->best_read)
            run->best_read = rate;
        if (i != STREAM_READ) { /* it wrote over the block */
            cudaStreamSynchronize(gpu->stream);
            run->backend->fill(run, gpu->arena, gpu->arena_bytes, 1, &gpu->arena_sum);
        }
    }
    if (run->best_read > 0 && run->device.mem_bw > 0)
        run_result(run, "read_over_datasheet", run->best_read / run->device.mem_bw, "");
}

/* --- by size: twice the step each, walking round the block so that the cache holds none of it -------------------------------------- */

static const int sweep_steps[] = {9, 12, 13};

int gpu_sweep_count(struct run *run) {
    return sweep_steps[run->options->level];
}

void gpu_sweep_run(struct run *run) {
    struct gpu *gpu = gpu_of(run);
    for (int i = 0; run_next_case(run); i++) {
        struct stream s = {.gpu = gpu, .kind = STREAM_READ, .base = (char *)(uintptr_t)gpu_arena(run), .part = (size_t)(1 << 20) << i};
        char name[32];
        if (!s.base)
            return;
        s.regions = gpu->arena_bytes / s.part;
        if (s.regions == 0)
            break;
        snprintf(name, sizeof name, "%d MiB", 1 << i);
        stream_measure(run, &s, name, PROTOCOL_CLASS_STREAM);
    }
    run_fit(run, PROTOCOL_CLASS_STREAM);
}
