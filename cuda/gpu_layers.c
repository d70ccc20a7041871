/* The router and the expert layer of a decode step. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda/check.h"
#include "cuda/gpu_router.h"
#include "cuda/number.h"
#include "cuda/random.h"

/* --- router ------------------------------------------------------------------------------------------------------------------------- */

struct routing {
    struct gpu *gpu;
    struct gpu_router router;
    bool spoilt;
};

static bool routing_work(void *context, uint64_t call) {
    struct routing *r = context;
    gpu_router_turn(&r->router, call);
    return gpu_good(r->gpu, kernel_route(r->gpu->stream, &r->router.kernel), "router");
}

static double routing_verify(void *context) {
    struct routing *r = context;
    double wrong = gpu_router_wrong(r->gpu, &r->router, NULL, NULL);
    return wrong < 0 ? NAN : wrong + r->spoilt;
}

static void routing_spoil(void *context) {
    ((struct routing *)context)->spoilt = true;
}

static const int routing_tokens[] = {1, 64, 1024, 4096};
static const int routing_models[][2] = {{0, 0}, {8, 2}, {128, 8}, {256, 8}}; /* the scenario's first */
enum { ROUTING_TOKENS = 4, ROUTING_MODELS = 4 };

int gpu_routing_count(struct run *run) {
    return ROUTING_TOKENS * (run->options->level == LEVEL_QUICK ? 2 : ROUTING_MODELS);
}

void gpu_routing_run(struct run *run) {
    const struct dims *d = &run->options->dims;
    for (int i = 0; run_next_case(run); i++) {
        const int *model = routing_models[i / ROUTING_TOKENS];
        bool own = model[0] == 0 && d->experts > 0;
        int experts = own ? d->experts : model[0] ? model[0] : 64, top_k = own ? d->top_k : model[1] ? model[1] : 6;
        struct routing r = {.gpu = gpu_of(run)};
        struct timing t;
        char name[64];
        int tokens = routing_tokens[i % ROUTING_TOKENS];
        snprintf(name, sizeof name, "%d of %d, batch %d", top_k, experts, tokens);
        struct run_case what = {
            .name = name, .work = routing_work, .verify = routing_verify, .spoil = routing_spoil, .context = &r, .metric = "exact", .class = -1,
            .shape = {.op = "routing", .batch = tokens, .experts = experts, .top_k = top_k, .assignments = tokens * top_k},
        };
        if (gpu_router_open(&r.router, run, NULL, tokens, experts, top_k))
            gpu_measure(run, &what, &t);
        gpu_router_close(&r.router);
    }
}

/* --- expert layer -------------------------------------------------------------------------------------------------------------------- */

/* The middle is rounded to bf16; scores of half an ulp, averaged over the inner width. */
static const double LIMIT_EXPERTS = 5e-3;
enum { GROUP = 128, TOKENS_VERIFIED = 2, ELEMENTS_VERIFIED = 12 };

struct layer {
    struct gpu *gpu;
    struct gpu_router router;
    struct kernel_experts kernel;
    struct gpu_output y;
    void *memory; /* x, middle, part */
    uint16_t *x;  /* on the host */
    bool spoilt;
};

static bool layer_work(void *context, uint64_t call) {
    struct layer *l = context;
    gpu_router_turn(&l->router, call);
    return gpu_good(l->gpu, kernel_run_experts(l->gpu->stream, &l->kernel), "expert layer");
}

/* Device rows from `at`, `n` of them, k wide, times x in double. */
static bool rows_times(struct gpu *gpu, const void *at, size_t first, int n, int k, const double *x, double *out) {
    uint16_t *rows = malloc((size_t)n * (size_t)k * sizeof *rows);
    bool done = rows && gpu_get(gpu, rows, (const uint16_t *)at + first * (size_t)k, (size_t)n * (size_t)k * sizeof *rows);
    for (int r = 0; done && r < n; r++)
        out[r] = check_dot_double(rows + (size_t)r * (size_t)k, x, (size_t)k);
    free(rows);
    return done;
}

/* Some elements of one expert's answer to one token, added to sum[] by weight. */
static bool expert_reference(const struct layer *l, int expert, double weight, const double *x, double *sum) {
    const struct kernel_experts *k = &l->kernel;
    size_t inter = (size_t)k->inter, hidden = (size_t)k->hidden;
    double *gate = malloc(2 * inter * sizeof *gate), *up = gate ? gate + inter : NULL, value;
    bool done = gate && rows_times(l->gpu, k->gate, (size_t)expert * inter, k->inter, k->hidden, x, gate) &&
                rows_times(l->gpu, k->up, (size_t)expert * inter, k->inter, k->hidden, x, up);
    for (size_t i = 0; done && i < inter; i++)
        gate[i] = gate[i] / (1 + exp(-gate[i])) * up[i];
    for (size_t e = 0; done && e < ELEMENTS_VERIFIED; e++) {
        done = rows_times(l->gpu, k->down, (size_t)expert * hidden + e * (hidden - 1) / (ELEMENTS_VERIFIED - 1), 1, k->inter, gate, &value);
        sum[e] += weight * value;
    }
    free(gate);
    return done;
}

static bool token_verify(const struct layer *l, int token, const int32_t *ids, const float *weights, struct check_norm *norm) {
    size_t hidden = (size_t)l->kernel.hidden, top_k = (size_t)l->router.kernel.top_k;
    double *x = malloc(hidden * sizeof *x), sum[ELEMENTS_VERIFIED] = {0};
    float *have = malloc(hidden * sizeof *have);
    bool done = x && have && gpu_get(l->gpu, have, (const float *)l->y.values + (size_t)token * hidden, hidden * sizeof *have);
    for (size_t i = 0; done && i < hidden; i++)
        x[i] = (double)bf16_value(l->x[(size_t)token * hidden + i]);
    for (size_t j = 0; done && j < top_k; j++)
        done = expert_reference(l, ids[(size_t)token * top_k + j], (double)weights[(size_t)token * top_k + j], x, sum);
    for (size_t e = 0; done && e < ELEMENTS_VERIFIED; e++)
        check_norm_add(norm, (double)have[e * (hidden - 1) / (ELEMENTS_VERIFIED - 1)] + (l->spoilt ? 1e6 : 0), sum[e]);
    free(x);
    free(have);
    return done;
}

/* Routing exactly, the first and the last token's answers in double, NaN and guards everywhere. */
static double layer_verify(void *context) {
    struct layer *l = context;
    struct check_norm norm = {0};
    int32_t *ids = NULL;
    float *weights = NULL;
    double wrong = gpu_router_wrong(l->gpu, &l->router, &ids, &weights);
    bool done = wrong >= 0;
    for (int i = 0; done && wrong == 0 && i < TOKENS_VERIFIED && i < l->router.kernel.tokens; i++)
        done = token_verify(l, i ? l->router.kernel.tokens - 1 : 0, ids, weights, &norm);
    free(ids);
    free(weights);
    if (!done)
        return NAN;
    return wrong > 0 || gpu_output_bad(l->gpu, &l->y) > 0 ? INFINITY : check_norm_value(&norm);
}

static void layer_spoil(void *context) {
    ((struct layer *)context)->spoilt = true;
}

/* Experts that fit into the block; weights are the block's. */
static int experts_here(struct run *run, int hidden, int inter) {
    double fit = (double)gpu_of(run)->arena_bytes / (6.0 * hidden * inter);
    return fit < run->options->dims.experts ? (int)fit : run->options->dims.experts;
}

static bool layer_open(struct layer *l, struct run *run, const struct router *router, int tokens, int hidden, int inter) {
    struct kernel_experts *k = &l->kernel;
    size_t n = (size_t)tokens * (size_t)router->top_k, matrix = (size_t)hidden * (size_t)inter * (size_t)router->experts;
    size_t x = (size_t)tokens * (size_t)hidden, middle = (n * (size_t)inter * 2 + 255) / 256 * 256, narrow = (x * 2 + 255) / 256 * 256;
    const uint16_t *arena = gpu_arena(run);
    *l = (struct layer){.gpu = gpu_of(run)};
    if (!arena || !gpu_router_open(&l->router, run, router, tokens, router->experts, router->top_k))
        return false;
    char *memory = gpu_allocate(run, narrow + middle + n * (size_t)hidden * sizeof(float));
    l->memory = memory;
    l->x = malloc(x * sizeof *l->x);
    if (!memory || !l->x || !gpu_output_open(&l->y, run, x, true))
        return false;
    for (size_t i = 0; i < x; i++)
        l->x[i] = bf16_round(random_signed(5, i) / 16); /* so that SwiGLU is not saturated */
    *k = (struct kernel_experts){.routing = &l->router.kernel, .gate = arena, .up = arena + matrix, .down = arena + 2 * matrix, .x = memory,
                                 .middle = memory + narrow, .part = (float *)(void *)(memory + narrow + middle), .y = l->y.values,
                                 .hidden = hidden, .inter = inter, .blocks = 3 * run->device.sms};
    return gpu_put(l->gpu, memory, l->x, x * sizeof *l->x);
}

static void layer_close(struct layer *l) {
    gpu_output_close(&l->y);
    gpu_router_close(&l->router);
    cudaFree(l->memory);
    free(l->x);
}

static const int layer_batches[] = {1, 2, 4, 8, 16, 32, 64, 128};
static const int layer_sizes[] = {6, 7, 8};

int gpu_experts_count(struct run *run) {
    if (run->options->dims.experts > 0)
        return layer_sizes[run->options->level];
    run_say(run, PROTOCOL_SKIP, PROTOCOL_CODE_UNSUPPORTED, "the scenario's model is dense: it has no experts");
    return 0;
}

/* Mean distinct experts of the sets of logits, and the bytes of one call. */
static double layer_bytes(const struct layer *l, double *distinct) {
    const struct kernel_routing *k = &l->router.kernel;
    size_t one = (size_t)k->tokens * (size_t)k->experts;
    double hidden = l->kernel.hidden, inter = l->kernel.inter, n = (double)k->tokens * k->top_k;
    *distinct = 0;
    for (size_t set = 0; set < ROUTER_SETS; set++) {
        char seen[ROUTER_EXPERTS_MAX] = {0};
        int32_t ids[ROUTER_EXPERTS_MAX];
        float weights[ROUTER_EXPERTS_MAX];
        for (int t = 0; t < k->tokens; t++) {
            router_select(l->router.logits + set * one + (size_t)t * (size_t)k->experts, k->experts, k->top_k, ids, weights);
            for (int j = 0; j < k->top_k; j++)
                *distinct += !seen[ids[j]] / (double)ROUTER_SETS, seen[ids[j]] = 1;
        }
    }
    return *distinct * 6 * hidden * inter + n * (2 * inter + 2 * inter + 4 * hidden + 4 * hidden) + k->tokens * (2 * hidden + 4 * hidden);
}

static void layer_measure(struct run *run, const struct router *router, int tokens, int hidden, int inter) {
    static const char *const words[] = {"uniform", "zipf", "pareto", "file", "balanced"};
    struct layer l;
    struct timing t;
    char name[64];
    double distinct;
    if (layer_open(&l, run, router, tokens, hidden, inter)) {
        double bytes = layer_bytes(&l, &distinct);
        int n = tokens * router->top_k;
        snprintf(name, sizeof name, "batch %d", tokens);
        struct run_case what = {
            .name = name, .work = layer_work, .verify = layer_verify, .spoil = layer_spoil, .context = &l, .metric = "relf", .limit = LIMIT_EXPERTS,
            .class = PROTOCOL_CLASS_EXPERTS, .amount = bytes,
            .shape = {.op = "experts", .format = "bf16", .skew = words[router->skew], .exponent = router->exponent, .batch = tokens,
                      .experts = router->experts, .top_k = router->top_k, .hidden = hidden, .inter = inter, .distinct = (int64_t)lround(distinct),
                      .assignments = n, .bytes = bytes, .flop = 6.0 * n * hidden * inter, .scaled = router->experts < run->options->dims.experts},
        };
        gpu_measure(run, &what, &t);
    }
    layer_close(&l);
}

void gpu_experts_run(struct run *run) {
    const struct dims *d = &run->options->dims;
    int hidden = (d->hidden + GROUP - 1) / GROUP * GROUP, inter = (d->inter + GROUP - 1) / GROUP * GROUP;
    struct router router = run->options->router;
    if (!gpu_arena(run))
        return;
    router.experts = experts_here(run, hidden, inter);
    if (router.experts < router.top_k) {
        run->partial = true;
        run_say(run, PROTOCOL_SKIP, PROTOCOL_CODE_OOM, "%d experts of this size fit, fewer than a token's %d", router.experts, router.top_k);
        return;
    }
    for (int i = 0; run_next_case(run); i++)
        layer_measure(run, &router, layer_batches[i], hidden, inter);
    run_fit(run, PROTOCOL_CLASS_EXPERTS);
}
