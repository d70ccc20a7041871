/* Attention of one decode step over a bf16 cache, which is read once. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cuda/check.h"
#include "cuda/gpu.h"
#include "cuda/number.h"
#include "cuda/random.h"

/* Probabilities are rounded to bf16 before they meet the values. */
static const double LIMIT_ATTENTION = 5e-3;
enum { D = KERNEL_HEAD, STEP = 16, SPLIT_LEAST = 8 * STEP };

struct attention {
    struct gpu *gpu;
    struct kernel_attention kernel;
    const uint16_t *arena;
    size_t cache, slots, slot; /* elements of keys or of values; pairs of them in the block */
    uint16_t *q;               /* on the host */
    void *q_device;
    struct gpu_output out;
    bool spoilt;
};

static void attention_turn(struct attention *a, uint64_t call) {
    a->slot = call % a->slots;
    a->kernel.keys = a->arena + 2 * a->slot * a->cache;
    a->kernel.values = a->arena + (2 * a->slot + 1) * a->cache;
}

static bool attention_work(void *context, uint64_t call) {
    struct attention *a = context;
    attention_turn(a, call);
    return gpu_good(a->gpu, kernel_run_attention(a->gpu->stream, &a->kernel), "attention");
}

/* One query head in double: softmax(q k / sqrt(D)) v over the whole context. */
static void head_reference(const struct attention *a, const uint16_t *q, const uint16_t *keys, const uint16_t *values, double *out) {
    double sum = 0, top = -INFINITY, *scores = malloc((size_t)a->kernel.context * sizeof *scores);
    for (int i = 0; i < D; i++)
        out[i] = scores ? 0 : NAN;
    for (int s = 0; scores && s < a->kernel.context; s++) {
        scores[s] = 0;
        for (int i = 0; i < D; i++)
            scores[s] += (double)bf16_value(q[i]) * (double)bf16_value(keys[s * D + i]);
        scores[s] /= sqrt(D);
        top = fmax(top, scores[s]);
    }
    for (int s = 0; scores && s < a->kernel.context; s++) {
        double weight = exp(scores[s] - top);
        sum += weight;
        for (int i = 0; i < D; i++)
            out[i] += weight * (double)bf16_value(values[s * D + i]);
    }
    for (int i = 0; i < D; i++)
        out[i] /= sum;
    free(scores);
}

/* All query heads of one KV head of one sequence. */
static bool group_verify(const struct attention *a, size_t head, struct check_norm *norm) {
    size_t group = (size_t)a->kernel.group, n = (size_t)a->kernel.context * D;
    uint16_t *keys = malloc(2 * n * sizeof *keys), *values = keys ? keys + n : NULL;
    float *have = malloc(group * D * sizeof *have);
    bool done = keys && have && gpu_get(a->gpu, keys, (const uint16_t *)a->kernel.keys + head * n, n * sizeof *keys) &&
                gpu_get(a->gpu, values, (const uint16_t *)a->kernel.values + head * n, n * sizeof *values) &&
                gpu_get(a->gpu, have, (const float *)a->out.values + head * group * D, group * D * sizeof *have);
    for (size_t g = 0; done && g < group; g++) {
        double want[D];
        head_reference(a, a->q + (head * group + g) * D, keys, values, want);
        for (size_t i = 0; i < D; i++)
            check_norm_add(norm, (double)have[g * D + i] + (a->spoilt ? 1000 : 0), want[i]);
    }
    free(keys);
    free(have);
    return done;
}

static double attention_verify(void *context) {
    struct attention *a = context;
    struct check_norm norm = {0};
    size_t last = (size_t)a->kernel.batch * (size_t)a->kernel.kv_heads - 1;
    if (!group_verify(a, 0, &norm) || (last && !group_verify(a, last, &norm)))
        return NAN;
    return gpu_output_bad(a->gpu, &a->out) > 0 ? INFINITY : check_norm_value(&norm);
}

static void attention_spoil(void *context) {
    ((struct attention *)context)->spoilt = true;
}

/* Enough warps for every processor, but no part below some steps. */
static int splits_for(const struct run *run, int heads, int context) {
    int wanted = (8 * run->device.sms + heads - 1) / heads, most = (context + SPLIT_LEAST - 1) / SPLIT_LEAST;
    return wanted < most ? wanted : most;
}

static bool attention_open(struct attention *a, struct run *run, int batch, int context) {
    const struct dims *d = &run->options->dims;
    struct kernel_attention *k = &a->kernel;
    size_t kv = (size_t)batch * (size_t)d->kv_heads, heads = kv * (size_t)(d->heads / d->kv_heads);
    *a = (struct attention){.gpu = gpu_of(run), .arena = gpu_arena(run), .cache = kv * (size_t)context * D};
    a->slots = a->arena ? gpu_of(run)->arena_bytes / (4 * a->cache) : 0;
    *k = (struct kernel_attention){.batch = batch, .kv_heads = d->kv_heads, .group = d->heads / d->kv_heads, .context = context};
    k->splits = splits_for(run, (int)kv, context);
    if (!a->slots)
        return false;
    a->q = malloc(heads * D * sizeof *a->q);
    k->q = a->q_device = gpu_allocate(run, heads * D * sizeof *a->q);
    k->part = gpu_allocate(run, kv * (size_t)k->splits * KERNEL_GROUP_MAX * KERNEL_PART * sizeof(float));
    if (!a->q || !k->q || !k->part || !gpu_output_open(&a->out, run, heads * D, true))
        return false;
    k->out = a->out.values;
    for (size_t i = 0; i < heads * D; i++) /* scores of some units: a softmax that is neither flat nor a single token */
        a->q[i] = bf16_round(4 * random_signed(5, i));
    attention_turn(a, 0);
    return gpu_put(a->gpu, a->q_device, a->q, heads * D * sizeof *a->q);
}

static void attention_close(struct attention *a) {
    gpu_output_close(&a->out);
    cudaFree(a->q_device);
    cudaFree(a->kernel.part);
    free(a->q);
}

static const int cases[][2] = {{1, 4096}, {4, 4096}, {16, 2048}, {16, 4096}, {32, 4096}, {64, 4096}, {8, 32768}, {4, 65536}, {128, 4096}};
static const int case_counts[] = {6, 8, 9};

int gpu_attention_count(struct run *run) {
    const struct dims *d = &run->options->dims;
    if (d->head_dim == D && d->heads / d->kv_heads <= KERNEL_GROUP_MAX && !d->kv_lora)
        return case_counts[run->options->level];
    run_say(run, PROTOCOL_SKIP, PROTOCOL_CODE_UNSUPPORTED, "this backend has a kernel for head_dim %d and at most %d query heads a KV head, without kv_lora",
            D, KERNEL_GROUP_MAX);
    return 0;
}

void gpu_attention_run(struct run *run) {
    const struct dims *d = &run->options->dims;
    for (int i = 0; run_next_case(run); i++) {
        int batch = cases[i][0], context = cases[i][1];
        double heads = (double)batch * d->heads, bytes = 4.0 * batch * d->kv_heads * context * D + heads * D * 6;
        struct attention a;
        struct timing t;
        char name[48];
        snprintf(name, sizeof name, "batch %d context %d", batch, context);
        struct run_case what = {
            .name = name, .work = attention_work, .verify = attention_verify, .spoil = attention_spoil, .context = &a, .metric = "relf",
            .limit = LIMIT_ATTENTION, .class = PROTOCOL_CLASS_ATTENTION, .amount = bytes,
            .shape = {.op = "attention", .format = "bf16", .batch = batch, .heads = d->heads, .kv_heads = d->kv_heads, .head_dim = D, .context = context,
                      .bytes = bytes, .flop = 4 * heads * context * D},
        };
        if (attention_open(&a, run, batch, context))
            gpu_measure(run, &what, &t);
        attention_close(&a);
    }
    run_fit(run, PROTOCOL_CLASS_ATTENTION);
}
