#include "cuda/gpu_router.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cuda/random.h"

static size_t assignments(const struct kernel_routing *k) {
    return (size_t)k->tokens * (size_t)k->top_k;
}

/* Chosen experts above all others, in random order among themselves. */
static void logits_make(float *logits, const struct router *router, int tokens, int experts, int top_k, uint64_t set, int32_t *ids) {
    double p[ROUTER_EXPERTS_MAX];
    for (size_t i = 0; i < (size_t)tokens * (size_t)experts; i++)
        logits[i] = (float)(int)(random_bits(11 + set, i) % 1024) / 256;
    if (!router)
        return;
    router_popularity(router, tokens, p);
    router_draw(router, p, tokens, 17 + set, ids);
    for (int i = 0; i < tokens * top_k; i++)
        logits[(size_t)(i / top_k) * (size_t)experts + (size_t)ids[i]] += 8;
}

/* Parts of one block, each on a 256-byte boundary. */
static void *part_take(char *block, size_t *at, size_t bytes) {
    char *part = block ? block + *at : NULL;
    *at += (bytes + 255) / 256 * 256;
    return part;
}

static size_t parts_lay(struct gpu_router *r, char *block) {
    struct kernel_routing *k = &r->kernel;
    size_t at = 0, n = assignments(k), experts = (size_t)k->experts;
    r->sets = part_take(block, &at, ROUTER_SETS * (size_t)k->tokens * experts * sizeof(float));
    k->ids = part_take(block, &at, n * sizeof *k->ids);
    k->weights = part_take(block, &at, n * sizeof *k->weights);
    k->counts = part_take(block, &at, experts * sizeof *k->counts);
    k->first = part_take(block, &at, (experts + 1) * sizeof *k->first);
    k->place = part_take(block, &at, n * sizeof *k->place);
    k->token = part_take(block, &at, n * sizeof *k->token);
    k->chunk = part_take(block, &at, r->chunks_max * sizeof *k->chunk);
    k->chunks = part_take(block, &at, sizeof *k->chunks);
    return at;
}

bool gpu_router_open(struct gpu_router *r, struct run *run, const struct router *router, int tokens, int experts, int top_k) {
    size_t one = (size_t)tokens * (size_t)experts;
    int32_t *ids = malloc((size_t)tokens * (size_t)top_k * sizeof *ids);
    *r = (struct gpu_router){.kernel = {.tokens = tokens, .experts = experts, .top_k = top_k}};
    r->chunks_max = (size_t)work_chunks_max(tokens * top_k, experts);
    r->logits = malloc(ROUTER_SETS * one * sizeof *r->logits);
    r->block = gpu_allocate(run, parts_lay(r, NULL));
    bool done = ids && r->logits && r->block;
    for (uint64_t set = 0; done && set < ROUTER_SETS; set++)
        logits_make(r->logits + set * one, router, tokens, experts, top_k, set, ids);
    if (done)
        parts_lay(r, r->block);
    free(ids);
    gpu_router_turn(r, 0);
    return done && gpu_put(gpu_of(run), r->block, r->logits, ROUTER_SETS * one * sizeof *r->logits);
}

void gpu_router_close(struct gpu_router *r) {
    cudaFree(r->block);
    free(r->logits);
}

void gpu_router_turn(struct gpu_router *r, uint64_t call) {
    r->kernel.logits = r->sets + call % ROUTER_SETS * (size_t)r->kernel.tokens * (size_t)r->kernel.experts;
}

struct host { /* what the device has, and what it should have */
    int32_t *ids, *place, *token, *want_ids, *want_place;
    float *weights, *want_weights;
    int32_t counts[ROUTER_EXPERTS_MAX], first[ROUTER_EXPERTS_MAX + 1], want_counts[ROUTER_EXPERTS_MAX], want_first[ROUTER_EXPERTS_MAX + 1];
    int32_t chunks, want_chunks;
    struct work_chunk *chunk, *want_chunk;
};

static bool host_get(struct gpu *gpu, const struct gpu_router *r, struct host *h) {
    const struct kernel_routing *k = &r->kernel;
    size_t n = assignments(k), experts = (size_t)k->experts;
    return gpu_get(gpu, h->ids, k->ids, n * sizeof *h->ids) && gpu_get(gpu, h->place, k->place, n * sizeof *h->place) &&
           gpu_get(gpu, h->token, k->token, n * sizeof *h->token) && gpu_get(gpu, h->weights, k->weights, n * sizeof *h->weights) &&
           gpu_get(gpu, h->counts, k->counts, experts * sizeof *h->counts) && gpu_get(gpu, h->first, k->first, (experts + 1) * sizeof *h->first) &&
           gpu_get(gpu, &h->chunks, k->chunks, sizeof h->chunks) && gpu_get(gpu, h->chunk, k->chunk, r->chunks_max * sizeof *h->chunk);
}

static void host_want(const struct gpu_router *r, struct host *h) {
    const struct kernel_routing *k = &r->kernel;
    const float *logits = r->logits + (k->logits - r->sets);
    size_t top_k = (size_t)k->top_k;
    for (size_t t = 0; t < (size_t)k->tokens; t++)
        router_select(logits + t * (size_t)k->experts, k->experts, k->top_k, h->want_ids + t * top_k, h->want_weights + t * top_k);
    router_count(h->want_ids, (int)assignments(k), k->experts, h->want_counts);
    router_permute(h->want_ids, (int)assignments(k), k->experts, h->want_counts, h->want_first, h->want_place);
    for (int e = 0; e < k->experts; e++) {
        work_fill(h->want_chunk, h->want_chunks, e, h->want_first[e], h->want_counts[e]);
        h->want_chunks += work_chunks_of(h->want_counts[e]);
    }
}

static double host_wrong(const struct gpu_router *r, const struct host *h) {
    const struct kernel_routing *k = &r->kernel;
    size_t n = assignments(k), experts = (size_t)k->experts;
    double wrong = h->chunks != h->want_chunks;
    for (size_t i = 0; i < n; i++) {
        wrong += h->ids[i] != h->want_ids[i];
        wrong += h->place[i] != h->want_place[i];
        wrong += h->token[h->want_place[i]] != (int32_t)(i / (size_t)k->top_k);
        wrong += !(fabsf(h->weights[i] - h->want_weights[i]) <= 1e-5F); /* NaN is wrong */
    }
    wrong += memcmp(h->counts, h->want_counts, experts * sizeof *h->counts) != 0;
    wrong += memcmp(h->first, h->want_first, (experts + 1) * sizeof *h->first) != 0;
    return wrong + (memcmp(h->chunk, h->want_chunk, (size_t)h->want_chunks * sizeof *h->chunk) != 0);
}

double gpu_router_wrong(struct gpu *gpu, const struct gpu_router *r, int32_t **ids, float **weights) {
    size_t n = assignments(&r->kernel);
    struct host h = {0};
    double wrong = -1;
    h.ids = malloc(3 * n * sizeof *h.ids);
    h.want_ids = malloc(2 * n * sizeof *h.want_ids);
    h.weights = malloc(n * sizeof *h.weights);
    h.want_weights = malloc(n * sizeof *h.want_weights);
    h.chunk = malloc(2 * r->chunks_max * sizeof *h.chunk);
    if (h.ids && h.want_ids && h.weights && h.want_weights && h.chunk) {
        h.place = h.ids + n;
        h.token = h.place + n;
        h.want_place = h.want_ids + n;
        h.want_chunk = h.chunk + r->chunks_max;
        if (host_get(gpu, r, &h)) {
            host_want(r, &h);
            wrong = host_wrong(r, &h);
        }
    }
    if (ids)
        *ids = h.want_ids;
    else
        free(h.want_ids);
    if (weights)
        *weights = h.want_weights;
    else
        free(h.want_weights);
    free(h.ids);
    free(h.weights);
    free(h.chunk);
    return wrong;
}
