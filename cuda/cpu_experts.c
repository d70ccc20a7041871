/* A layer of experts, whole: route, permute, gate and up, SwiGLU, down, combine. Does skew cost time, or save
 * it? */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda/cpu.h"
#include "cuda/random.h"
#include "cuda/stop.h"

enum { ROUTINGS = 4, TOKENS_A_TASK = 16 };

struct layer {
    struct cpu *cpu;
    struct router router;
    size_t experts, top_k, hidden, inter, batch, n; /* n: assignments */
    const uint16_t *arena;   /* expert e: gate (inter x hidden), up (the same), down (hidden x inter) */
    /* Experts that the arena holds, and where expert 0 is now: it leaps by the golden section, so that popular experts are
     * not found in a cache, as they would not be when other layers came in between. */
    size_t slots, shift;
    size_t routing;          /* which is used */
    float *logits[ROUTINGS]; /* batch x experts */
    double distinct;         /* mean over the routings */
    int32_t *ids, *place;    /* batch x top_k */
    float *mix;              /* likewise */
    int32_t counts[ROUTER_EXPERTS_MAX], first[ROUTER_EXPERTS_MAX + 1], active[ROUTER_EXPERTS_MAX];
    size_t n_active, tile_inter, tile_hidden;
    float *x, *sorted, *gate, *up, *down; /* batch x hidden; n x hidden; n x inter twice; n x hidden */
    struct check_output out;              /* batch x hidden */
};

static size_t tiles_of(size_t n, size_t tile) {
    return (n + tile - 1) / tile;
}

static const uint16_t *expert_weights(const struct layer *l, size_t expert) {
    return l->arena + (l->shift + expert) % l->slots * 3 * l->hidden * l->inter;
}

/* --- the work ------------------------------------------------------------------------------------------- */

static size_t token_end(const struct layer *l, size_t task) {
    size_t end = (task + 1) * TOKENS_A_TASK;
    return end < l->batch ? end : l->batch;
}

static void select_task(void *context, size_t i) {
    struct layer *l = context;
    for (size_t t = i * TOKENS_A_TASK; t < token_end(l, i); t++)
        router_select(l->logits[l->routing] + t * l->experts, (int)l->experts, (int)l->top_k,
                      l->ids + t * l->top_k, l->mix + t * l->top_k);
}

static void gather_task(void *context, size_t i) {
    struct layer *l = context;
    for (size_t t = i * TOKENS_A_TASK; t < token_end(l, i); t++)
        for (size_t j = 0; j < l->top_k; j++)
            memcpy(l->sorted + (size_t)l->place[t * l->top_k + j] * l->hidden, l->x + t * l->hidden,
                   l->hidden * sizeof *l->x);
}

static void gate_up_task(void *context, size_t i) {
    struct layer *l = context;
    const struct cpu_kernels *k = l->cpu->kernels;
    size_t tiles = tiles_of(l->inter, l->tile_inter), e = (size_t)l->active[i / tiles],
           r = i % tiles * l->tile_inter;
    size_t rows = l->inter - r < l->tile_inter ? l->inter - r : l->tile_inter, first = (size_t)l->first[e],
           m = (size_t)l->counts[e];
    const uint16_t *w = expert_weights(l, e) + r * l->hidden;
    const float *x = l->sorted + first * l->hidden;
    float *gate = l->gate + first * l->inter + r, *up = l->up + first * l->inter + r;
    k->rows_bf16(w, rows, l->hidden, x, m, gate, l->inter);
    k->rows_bf16(w + l->inter * l->hidden, rows, l->hidden, x, m, up, l->inter);
    for (size_t t = 0; t < m; t++)
        k->swiglu(gate + t * l->inter, up + t * l->inter, rows);
}

static void down_task(void *context, size_t i) {
    struct layer *l = context;
    size_t tiles = tiles_of(l->hidden, l->tile_hidden), e = (size_t)l->active[i / tiles],
           r = i % tiles * l->tile_hidden;
    size_t rows = l->hidden - r < l->tile_hidden ? l->hidden - r : l->tile_hidden,
           first = (size_t)l->first[e];
    const uint16_t *w = expert_weights(l, e) + 2 * l->inter * l->hidden + r * l->inter;
    l->cpu->kernels->rows_bf16(w, rows, l->inter, l->gate + first * l->inter, (size_t)l->counts[e],
                               l->down + first * l->hidden + r, l->hidden);
}

static void combine_task(void *context, size_t i) {
    struct layer *l = context;
    for (size_t t = i * TOKENS_A_TASK; t < token_end(l, i); t++) {
        float *out = l->out.values + t * l->hidden;
        memset(out, 0, l->hidden * sizeof *out);
        for (size_t j = 0; j < l->top_k; j++) {
            const float *from = l->down + (size_t)l->place[t * l->top_k + j] * l->hidden;
            float weight = l->mix[t * l->top_k + j];
            for (size_t d = 0; d < l->hidden; d++)
                out[d] += weight * from[d];
        }
    }
}

/* Rows of weights in a task: fewer where many tokens go through them, so that a task stays short. */
static size_t layer_tile(const struct layer *l, size_t k, size_t rows) {
    size_t tile = cpu_tile_rows(2 * k, rows, cpu_pool_threads(l->cpu->pool));
    double most = 1e8 / (2.0 * (double)k * ((double)l->n / (double)l->experts + 1));
    while (tile > 16 && (double)tile > most)
        tile -= 4;
    return tile;
}

static bool layer_work(void *context, uint64_t call) {
    struct layer *l = context;
    struct cpu_pool *pool = l->cpu->pool;
    size_t tokens = tiles_of(l->batch, TOKENS_A_TASK);
    l->routing = call % ROUTINGS;
    l->shift = (size_t)(fmod((double)call * 0.6180339887498949, 1) * (double)l->slots);
    if (!cpu_pool_run(pool, tokens, select_task, l))
        return false;
    router_count(l->ids, (int)l->n, (int)l->experts, l->counts);
    router_permute(l->ids, (int)l->n, (int)l->experts, l->counts, l->first, l->place);
    l->n_active = 0;
    for (size_t e = 0; e < l->experts; e++)
        if (l->counts[e])
            l->active[l->n_active++] = (int32_t)e;
    return cpu_pool_run(pool, tokens, gather_task, l) &&
           cpu_pool_run(pool, l->n_active * tiles_of(l->inter, l->tile_inter), gate_up_task, l) &&
           cpu_pool_run(pool, l->n_active * tiles_of(l->hidden, l->tile_hidden), down_task, l) &&
           cpu_pool_run(pool, tokens, combine_task, l);
}

/* --- verification: some tokens, all of the way in double, from the logits on ---------------------------- */

struct token_reference {
    struct layer *l;
    size_t tokens, step; /* how many are verified, every how many */
    double *parts;       /* tokens x top_k x hidden, weighted */
    double *act;         /* tokens x top_k x inter */
};

static size_t choice(const struct layer *l, const float *logits, size_t j, double *weight) {
    char taken[ROUTER_EXPERTS_MAX] = {0};
    double top = 0, sum = 0, mine = 0;
    size_t best = 0, chosen = 0;
    for (size_t i = 0; i < l->top_k; i++) {
        best = l->experts;
        for (size_t e = 0; e < l->experts; e++)
            if (!taken[e] && (best == l->experts || logits[e] > logits[best]))
                best = e;
        taken[best] = 1;
        top = i == 0 ? (double)logits[best] : top;
        sum += exp((double)logits[best] - top);
        if (i == j) {
            chosen = best;
            mine = exp((double)logits[best] - top);
        }
    }
    *weight = mine / sum;
    return chosen;
}

static void reference_task(void *context, size_t i) {
    struct token_reference *r = context;
    const struct layer *l = r->l;
    size_t t = i / l->top_k * r->step, j = i % l->top_k;
    double weight, *act = r->act + i * l->inter;
    const uint16_t *w = expert_weights(l, choice(l, l->logits[l->routing] + t * l->experts, j, &weight));
    for (size_t a = 0; a < l->inter; a++) {
        double gate = check_dot_bf16(w + a * l->hidden, l->x + t * l->hidden, l->hidden);
        act[a] = gate / (1 + exp(-gate)) *
                 check_dot_bf16(w + (l->inter + a) * l->hidden, l->x + t * l->hidden, l->hidden);
    }
    for (size_t d = 0; d < l->hidden; d++)
        r->parts[i * l->hidden + d] =
            weight * check_dot_double(w + 2 * l->inter * l->hidden + d * l->inter, act, l->inter);
}

static double reference_compare(const struct token_reference *r) {
    const struct layer *l = r->l;
    struct check_norm norm = {0};
    for (size_t t = 0; t < r->tokens; t++)
        for (size_t d = 0; d < l->hidden; d++) {
            double want = 0;
            for (size_t j = 0; j < l->top_k; j++)
                want += r->parts[(t * l->top_k + j) * l->hidden + d];
            check_norm_add(&norm, (double)l->out.values[t * r->step * l->hidden + d], want);
        }
    return check_norm_value(&norm);
}

static double layer_verify(void *context) {
    static const double work[] = {3e6, 1e8, 1e9};
    struct layer *l = context;
    struct run *run = l->cpu->run;
    double each = 3.0 * (double)(l->top_k * l->hidden * l->inter), tokens = work[run->options->level] / each,
           value = NAN;
    struct token_reference r = {.l = l,
                                .tokens = tokens < 1                  ? 1
                                          : tokens > (double)l->batch ? l->batch
                                                                      : (size_t)tokens};
    if (check_output_bad(&l->out, l->batch * l->hidden))
        return INFINITY;
    r.step = l->batch / r.tokens;
    r.parts = cpu_allocate(run, r.tokens * l->top_k * l->hidden * sizeof *r.parts);
    r.act = cpu_allocate(run, r.tokens * l->top_k * l->inter * sizeof *r.act);
    if (r.parts && r.act && cpu_pool_run(l->cpu->pool, r.tokens * l->top_k, reference_task, &r))
        value = reference_compare(&r);
    free(r.parts);
    free(r.act);
    return value;
}

static void layer_spoil(void *context) {
    ((struct layer *)context)->out.values[0] += 1000;
}

/* --- making a layer ------------------------------------------------------------------------------------- */

/* Logits that make a router choose the drawn experts: those stand above all others. */
static void layer_route(struct layer *l, size_t routing, double *distinct) {
    double p[ROUTER_EXPERTS_MAX];
    float *logits = l->logits[routing];
    router_popularity(&l->router, (double)l->batch, p);
    router_draw(&l->router, p, (int)l->batch, random_bits(17, routing), l->ids);
    for (size_t i = 0; i < l->batch * l->experts; i++)
        logits[i] = random_signed(19, i);
    for (size_t i = 0; i < l->n; i++)
        logits[i / l->top_k * l->experts + (size_t)l->ids[i]] += 4;
    *distinct += router_count(l->ids, (int)l->n, (int)l->experts, l->counts) / (double)ROUTINGS;
}

static bool layer_allocate(struct layer *l, struct run *run) {
    size_t f = sizeof(float);
    for (size_t i = 0; i < ROUTINGS; i++)
        if (!(l->logits[i] = cpu_allocate(run, l->batch * l->experts * f)))
            return false;
    l->ids = cpu_allocate(run, l->n * sizeof *l->ids);
    l->place = cpu_allocate(run, l->n * sizeof *l->place);
    l->mix = cpu_allocate(run, l->n * f);
    l->x = cpu_allocate(run, l->batch * l->hidden * f);
    l->sorted = cpu_allocate(run, l->n * l->hidden * f);
    l->gate = cpu_allocate(run, l->n * l->inter * f);
    l->up = cpu_allocate(run, l->n * l->inter * f);
    l->down = cpu_allocate(run, l->n * l->hidden * f);
    return l->ids && l->place && l->mix && l->x && l->sorted && l->gate && l->up && l->down &&
           cpu_output(run, &l->out, l->batch * l->hidden);
}

static void layer_close(struct layer *l) {
    for (size_t i = 0; i < ROUTINGS; i++)
        free(l->logits[i]);
    free(l->ids);
    free(l->place);
    free(l->mix);
    free(l->x);
    free(l->sorted);
    free(l->gate);
    free(l->up);
    free(l->down);
    check_output_close(&l->out);
}

/* Inputs are small, so that the sigmoid is not everywhere 0 or 1. */
static bool layer_open(struct layer *l, struct run *run) {
    l->cpu = cpu_of(run);
    l->arena = cpu_arena(run);
    l->n = l->batch * l->top_k;
    if (!l->arena || !layer_allocate(l, run)) {
        layer_close(l);
        return false;
    }
    l->slots = l->cpu->arena_bytes / (3 * l->hidden * l->inter * 2);
    l->tile_inter = layer_tile(l, l->hidden, l->inter);
    l->tile_hidden = layer_tile(l, l->inter, l->hidden);
    cpu_random(l->x, l->batch * l->hidden, 23);
    for (size_t i = 0; i < l->batch * l->hidden; i++)
        l->x[i] *= 0.05F;
    for (size_t i = 0; i < ROUTINGS; i++)
        layer_route(l, i, &l->distinct);
    if (l->slots < l->experts)
        layer_close(l);
    return l->slots >= l->experts;
}

/* --- the experiment ------------------------------------------------------------------------------------- */

static const int quick_batches[] = {1, 2, 4, 8, 64, 512};
static const int batches[] = {1, 2, 4, 8, 16, 32, 64, 256, 1024, 4096};
enum variant { SCENARIO, BALANCED, DENSE, VARIANTS, CASES_A_BATCH };

static int batch_count(const struct run *run) {
    return run->options->level == LEVEL_QUICK ? 6 : 10;
}

int cpu_experts_count(struct run *run) {
    if (run->options->dims.experts > 0 && run->options->dims.inter > 0)
        return batch_count(run) * CASES_A_BATCH; /* the last compares them */
    run_say(run, PROTOCOL_SKIP, PROTOCOL_CODE_UNSUPPORTED,
            "the scenario's model is dense: it has no experts");
    return 0;
}

/* The scenario's layer, halved in its larger width until weights and work fit the level: experts and choices
 * stay as they are, for those are what is asked. False: it was cut. */
static bool layer_fit(struct layer *l, const struct run *run) {
    static const double bytes[] = {32 << 20, 256 << 20, 1 << 30}, flop[] = {5e8, 2e10, 1e12};
    double room =
        fmin(bytes[run->options->level], (double)cpu_of((struct run *)(uintptr_t)run)->arena_bytes / 2);
    bool whole = true;
    for (;;) {
        double weights = 3.0 * (double)(l->hidden * l->inter);
        bool small = l->hidden <= 64 && l->inter <= 64;
        if (small || (2 * (double)l->experts * weights <= room &&
                      2 * (double)(l->batch * l->top_k) * weights <= flop[run->options->level]))
            return whole;
        size_t *larger = l->hidden > l->inter ? &l->hidden : &l->inter;
        *larger = (*larger / 2 + 15) / 16 * 16;
        whole = false;
    }
}

/* Dense at equal active parameters: one expert as wide as all chosen ones together. */
static void layer_make_dense(struct layer *l) {
    l->inter *= l->top_k;
    l->experts = l->top_k = 1;
    l->router.experts = l->router.top_k = 1;
    l->router.skew = PROTOCOL_SKEW_BALANCED;
}

static void layer_describe(const struct layer *l, struct shape *s) {
    static const char *const words[] = {"uniform", "zipf", "pareto", "file", "balanced"};
    double weights = l->distinct * 3 * (double)(l->hidden * l->inter);
    *s = (struct shape){
        .op = "experts",
        .format = "bf16",
        .batch = (int64_t)l->batch,
        .experts = (int64_t)l->experts,
        .top_k = (int64_t)l->top_k,
        .hidden = (int64_t)l->hidden,
        .inter = (int64_t)l->inter,
        .distinct = (int64_t)lround(l->distinct),
        .assignments = (int64_t)l->n,
        .skew = words[l->router.skew],
        .exponent = l->router.skew == PROTOCOL_SKEW_ZIPF || l->router.skew == PROTOCOL_SKEW_PARETO
                        ? l->router.exponent
                        : 0,
        .bytes = 2 * weights + 2 * sizeof(float) * (double)(l->batch * l->hidden),
        .flop = 6.0 * (double)l->n * (double)(l->hidden * l->inter),
    };
}

static const char *const variant_names[] = {"routed", "balanced", "dense, equal active"};

/* NULL: no memory, or stopped. */
static struct layer *layer_make(struct run *run, int batch, enum variant variant, bool *whole) {
    const struct dims *d = &run->options->dims;
    struct layer *l = cpu_allocate(run, sizeof *l);
    if (!l)
        return NULL;
    *l = (struct layer){.router = run->options->router,
                        .experts = (size_t)d->experts,
                        .top_k = (size_t)d->top_k,
                        .hidden = (size_t)d->hidden,
                        .inter = (size_t)d->inter,
                        .batch = (size_t)batch};
    *whole = layer_fit(l, run);
    if (variant == BALANCED)
        l->router.skew = PROTOCOL_SKEW_BALANCED;
    else if (variant == DENSE)
        layer_make_dense(l);
    if (layer_open(l, run))
        return l;
    free(l);
    return NULL;
}

static void layer_free(struct layer *l) {
    if (l)
        layer_close(l);
    free(l);
}

static bool layer_measure(struct run *run, struct layer *l, const char *variant, bool whole) {
    struct timing t;
    char name[64];
    snprintf(name, sizeof name, "%s, batch %zu", variant, l->batch);
    struct run_case what = {.name = name,
                            .work = layer_work,
                            .verify = layer_verify,
                            .spoil = layer_spoil,
                            .context = l,
                            .metric = "relf",
                            .limit = CHECK_LIMIT_FP32,
                            .class = -1};
    layer_describe(l, &what.shape);
    what.shape.scaled = !whole;
    what.amount = what.shape.bytes;
    if ((double)l->n <= 2 * l->distinct) /* above it a CPU waits for arithmetic, not for weights */
        what.class = PROTOCOL_CLASS_EXPERTS;
    return run_measure(run, &what, &t);
}

static double layer_load_max(const struct layer *l) {
    int32_t most = 0;
    for (size_t e = 0; e < l->experts; e++)
        most = l->counts[e] > most ? l->counts[e] : most;
    return most / ((double)l->n / (double)l->experts);
}

static void say_ratio(struct run *run, const char *what, int batch, double value) {
    char name[64];
    snprintf(name, sizeof name, "%s_b%d", what, batch);
    run_result(run, name, value, "");
}

/* What skew costs: the article's rule says time grows with the busiest expert's load; coverage says it
 * follows what is read. */
static void layers_compare(struct run *run, struct layer *l[VARIANTS], int batch) {
    say_ratio(run, "skew_over_balanced", batch,
              cpu_paired(run, layer_work, l[SCENARIO], layer_work, l[BALANCED]));
    say_ratio(run, "distinct_over_balanced", batch, l[SCENARIO]->distinct / l[BALANCED]->distinct);
    say_ratio(run, "load_max", batch, layer_load_max(l[SCENARIO]));
    say_ratio(run, "moe_over_dense", batch, cpu_paired(run, layer_work, l[SCENARIO], layer_work, l[DENSE]));
}

static void experts_batch(struct run *run, int batch) {
    struct layer *l[VARIANTS] = {NULL};
    int good = 0;
    for (int v = 0; v < VARIANTS && run_next_case(run); v++) {
        bool whole;
        l[v] = layer_make(run, batch, (enum variant)v, &whole);
        good += l[v] && layer_measure(run, l[v], variant_names[v], whole);
    }
    if (run_next_case(run) && good == VARIANTS)
        layers_compare(run, l, batch);
    for (int v = 0; v < VARIANTS; v++)
        layer_free(l[v]);
}

void cpu_experts_run(struct run *run) {
    const int *list = run->options->level == LEVEL_QUICK ? quick_batches : batches;
    for (int i = 0; i < batch_count(run) && !stop_now(); i++)
        experts_batch(run, list[i]);
    run_fit(run, PROTOCOL_CLASS_EXPERTS);
}
