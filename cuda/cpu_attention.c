/* Attention of one decode step: the cache is read once, in chunks that any thread may take, and the chunks'
 * softmaxes are joined (split KV). GQA with separate keys and values; MLA, whose values are the first part of
 * the same latent row. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda/cpu.h"

enum { CHUNK = 256, GROUP_MAX = 128 };

struct attention {
    struct cpu *cpu;
    size_t batch, kv_heads, group, context; /* group: query heads that share a KV head */
    size_t key, value, row_k, row_v;        /* widths, and elements from token to token */
    const uint16_t *keys, *values;          /* of slot 0; [batch][kv_heads][context][row] */
    size_t slots, slot, slot_k, slot_v;     /* elements from slot to slot */
    size_t chunks;
    float *q;                /* batch x kv_heads x group x key */
    float *top, *sum, *part; /* per chunk and query head: largest score, sum, part x value */
    struct check_output out; /* batch x kv_heads x group x value */
};

static float attention_scale(const struct attention *a) {
    return 1 / sqrtf((float)a->key);
}

static void chunk_task(void *context, size_t i) {
    static _Thread_local float scores[GROUP_MAX * CHUNK];
    struct attention *a = context;
    const struct cpu_kernels *k = a->cpu->kernels;
    size_t cache = i / a->chunks, t = i % a->chunks * CHUNK,
           n = a->context - t < CHUNK ? a->context - t : CHUNK;
    const uint16_t *keys = a->keys + a->slot * a->slot_k + (cache * a->context + t) * a->row_k;
    const uint16_t *values = a->values + a->slot * a->slot_v + (cache * a->context + t) * a->row_v;
    float keep[GROUP_MAX] = {0};
    k->rows_bf16(keys, n, a->key, a->q + cache * a->group * a->key, a->group, scores, CHUNK);
    for (size_t g = 0; g < a->group; g++) {
        float *row = scores + g * CHUNK, top = row[0];
        for (size_t j = 1; j < n; j++)
            top = row[j] > top ? row[j] : top;
        top *= attention_scale(a);
        a->top[i * a->group + g] = top;
        a->sum[i * a->group + g] = k->exp_sum(row, n, attention_scale(a), top);
    }
    memset(a->part + i * a->group * a->value, 0, a->group * a->value * sizeof *a->part);
    k->mix_bf16(values, a->row_v, n, a->value, scores, CHUNK, a->group, keep,
                a->part + i * a->group * a->value);
}

static void join_task(void *context, size_t i) {
    struct attention *a = context;
    size_t cache = i / a->group, g = i % a->group, first = cache * a->chunks;
    float top = -INFINITY, sum = 0, *out = a->out.values + i * a->value;
    for (size_t c = 0; c < a->chunks; c++)
        top = fmaxf(top, a->top[(first + c) * a->group + g]);
    memset(out, 0, a->value * sizeof *out);
    for (size_t c = 0; c < a->chunks; c++) {
        size_t at = (first + c) * a->group + g;
        float weight = expf(a->top[at] - top);
        sum += weight * a->sum[at];
        for (size_t d = 0; d < a->value; d++)
            out[d] += weight * a->part[at * a->value + d];
    }
    for (size_t d = 0; d < a->value; d++)
        out[d] /= sum;
}

static bool attention_work(void *context, uint64_t call) {
    struct attention *a = context;
    size_t caches = a->batch * a->kv_heads;
    a->slot = call % a->slots;
    return cpu_pool_run(a->cpu->pool, caches * a->chunks, chunk_task, a) &&
           cpu_pool_run(a->cpu->pool, caches * a->group, join_task, a);
}

/* One query head in double. */
static bool verify_head(const struct attention *a, size_t i, double *p, struct check_norm *norm) {
    size_t cache = i / a->group;
    const uint16_t *keys = a->keys + a->slot * a->slot_k + cache * a->context * a->row_k;
    const uint16_t *values = a->values + a->slot * a->slot_v + cache * a->context * a->row_v;
    double top = -INFINITY, sum = 0, *mixed = p + a->context;
    for (size_t t = 0; t < a->context; t++) {
        p[t] = check_dot_bf16(keys + t * a->row_k, a->q + i * a->key, a->key) / sqrt((double)a->key);
        top = fmax(top, p[t]);
    }
    memset(mixed, 0, a->value * sizeof *mixed);
    for (size_t t = 0; t < a->context; t++) {
        double weight = exp(p[t] - top);
        sum += weight;
        for (size_t d = 0; d < a->value; d++) {
            uint32_t bits = (uint32_t)values[t * a->row_v + d] << 16;
            float v;
            memcpy(&v, &bits, sizeof v);
            mixed[d] += weight * (double)v;
        }
    }
    for (size_t d = 0; d < a->value; d++)
        check_norm_add(norm, (double)a->out.values[i * a->value + d], mixed[d] / sum);
    return true;
}

static double attention_verify(void *context) {
    static const double work[] = {1e6, 1e7, 1e8};
    struct attention *a = context;
    struct check_norm norm = {0};
    size_t heads = a->batch * a->kv_heads * a->group;
    double each = (double)a->context * (double)(a->key + a->value),
           tokens = work[a->cpu->run->options->level] / each;
    size_t many = tokens < 1 ? 1 : tokens < (double)heads ? (size_t)tokens : heads, step = heads / many;
    double *p = cpu_allocate(a->cpu->run, (a->context + a->value) * sizeof *p);
    if (check_output_bad(&a->out, a->out.n))
        norm.poisoned = true;
    for (size_t i = 0; p && i < heads; i += step)
        verify_head(a, i, p, &norm);
    free(p);
    return p ? check_norm_value(&norm) : NAN;
}

static void attention_spoil(void *context) {
    ((struct attention *)context)->out.values[0] += 1000;
}

static bool attention_open(struct attention *a, struct run *run) {
    size_t caches = a->batch * a->kv_heads, parts;
    a->chunks = (a->context + CHUNK - 1) / CHUNK;
    parts = caches * a->chunks * a->group;
    a->q = cpu_allocate(run, caches * a->group * a->key * sizeof *a->q);
    a->top = cpu_allocate(run, parts * sizeof *a->top);
    a->sum = cpu_allocate(run, parts * sizeof *a->sum);
    a->part = cpu_allocate(run, parts * a->value * sizeof *a->part);
    if (!a->q || !a->top || !a->sum || !a->part || !cpu_output(run, &a->out, caches * a->group * a->value))
        return false;
    cpu_random(a->q, caches * a->group * a->key, 29);
    return true;
}

static void attention_close(struct attention *a) {
    free(a->q);
    free(a->top);
    free(a->sum);
    free(a->part);
    check_output_close(&a->out);
}

/* --- the experiment ------------------------------------------------------------------------------------- */

static const int cache_mib[] = {2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128};
static const int level_sizes[] = {7, 12, 13}, mla_sizes[] = {6, 9, 11};

static bool has_mla(const struct run *run) {
    return run->options->dims.kv_lora > 0;
}

int cpu_attention_count(struct run *run) {
    return level_sizes[run->options->level] + mla_sizes[run->options->level];
}

static bool gqa_set(struct attention *a, struct run *run, int mib, size_t batch) {
    const struct dims *d = &run->options->dims;
    size_t width = (size_t)d->head_dim / 16 * 16,
           half = a->cpu->arena_bytes / 4; /* elements of half the block */
    a->batch = batch;
    a->kv_heads = (size_t)d->kv_heads;
    a->group = (size_t)(d->heads / d->kv_heads);
    a->key = a->value = a->row_k = a->row_v = width;
    a->context = ((size_t)mib << 20) / (4 * batch * a->kv_heads * width);
    a->slot_k = a->slot_v = batch * a->kv_heads * a->context * width;
    a->values = a->keys + half;
    a->slots = a->slot_k ? half / a->slot_k : 0;
    return a->slots && a->group <= GROUP_MAX;
}

/* The scenario's latent, or that of DeepSeek-V3 with a few heads, where it has none. */
static bool mla_set(struct attention *a, struct run *run, int mib, size_t batch) {
    const struct dims *d = &run->options->dims;
    size_t latent = has_mla(run) ? (size_t)d->kv_lora / 16 * 16 : 512,
           rope = has_mla(run) ? (size_t)d->rope : 64;
    a->batch = batch;
    a->kv_heads = 1;
    a->group = has_mla(run) ? (size_t)d->heads : 16;
    if (a->group > GROUP_MAX)
        a->group = GROUP_MAX;
    a->key = a->row_k = a->row_v = latent + rope;
    a->value = latent;
    a->context = ((size_t)mib << 20) / (2 * batch * a->key);
    a->slot_k = a->slot_v = batch * a->context * a->key;
    a->values = a->keys;
    a->slots = a->slot_k ? a->cpu->arena_bytes / 2 / a->slot_k : 0;
    return a->slots > 0 && latent > 0;
}

static void attention_measure(struct run *run, bool mla, int mib, size_t batch) {
    struct attention a = {.cpu = cpu_of(run), .keys = cpu_arena(run)};
    struct timing t;
    char name[64];
    if (!a.keys || !(mla ? mla_set : gqa_set)(&a, run, mib, batch))
        return;
    double heads = (double)(a.batch * a.kv_heads * a.group),
           cache = 2 * (double)(mla ? a.slot_k : 2 * a.slot_k);
    snprintf(name, sizeof name, "%s batch %zu context %zu", mla ? "MLA" : "GQA", a.batch, a.context);
    struct run_case what = {
        .name = name,
        .work = attention_work,
        .verify = attention_verify,
        .spoil = attention_spoil,
        .context = &a,
        .metric = "relf",
        .limit = CHECK_LIMIT_FP32,
        .class = mla ? PROTOCOL_CLASS_MLA : PROTOCOL_CLASS_ATTENTION,
        .shape = {.op = mla ? "mla" : "attention",
                  .format = mla ? "kv-mla-16" : "kv-16",
                  .batch = (int64_t)a.batch,
                  .heads = (int64_t)(a.kv_heads * a.group),
                  .kv_heads = (int64_t)a.kv_heads,
                  .head_dim = (int64_t)a.key,
                  .context = (int64_t)a.context,
                  .flop = 2 * heads * (double)a.context * (double)(a.key + a.value)},
    };
    what.shape.bytes = what.amount = cache + sizeof(float) * heads * (double)(a.key + a.value);
    what.shape.scaled = mla && has_mla(run) && a.group < (size_t)run->options->dims.heads;
    if (attention_open(&a, run))
        run_measure(run, &what, &t);
    attention_close(&a);
}

void cpu_attention_run(struct run *run) {
    int gqa = level_sizes[run->options->level];
    for (int i = 0; run_next_case(run); i++) {
        bool mla = i >= gqa;
        int at = mla ? i - gqa : i;
        attention_measure(run, mla, cache_mib[at], at % 2 ? 4 : 1);
    }
    run_fit(run, PROTOCOL_CLASS_ATTENTION);
    run_fit(run, PROTOCOL_CLASS_MLA);
}
