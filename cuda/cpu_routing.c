/* The router's integer work, timed and exact; and how many experts a batch reads, counted against the closed
 * form. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda/cpu.h"
#include "cuda/random.h"
#include "cuda/stop.h"

enum { TOKENS_A_TASK = 16 };

struct routing {
    struct cpu *cpu;
    int tokens, experts, top_k;
    float *logits, *weights;     /* tokens x experts; tokens x top_k */
    int32_t *ids, *place, *seen; /* tokens x top_k each */
    int32_t counts[ROUTER_EXPERTS_MAX], first[ROUTER_EXPERTS_MAX + 1];
};

static void select_task(void *context, size_t i) {
    struct routing *r = context;
    size_t end = (i + 1) * TOKENS_A_TASK < (size_t)r->tokens ? (i + 1) * TOKENS_A_TASK : (size_t)r->tokens,
           k = (size_t)r->top_k;
    for (size_t t = i * TOKENS_A_TASK; t < end; t++)
        router_select(r->logits + t * (size_t)r->experts, r->experts, r->top_k, r->ids + t * k,
                      r->weights + t * k);
}

static bool routing_work(void *context, uint64_t call) {
    struct routing *r = context;
    (void)call;
    if (!cpu_pool_run(r->cpu->pool, ((size_t)r->tokens + TOKENS_A_TASK - 1) / TOKENS_A_TASK, select_task, r))
        return false;
    router_count(r->ids, r->tokens * r->top_k, r->experts, r->counts);
    router_permute(r->ids, r->tokens * r->top_k, r->experts, r->counts, r->first, r->place);
    return true;
}

/* The j-th choice: the largest logit not chosen yet, the lowest id on a tie. */
static int wrong_choices(const struct routing *r, int token) {
    const float *logits = r->logits + (size_t)token * (size_t)r->experts;
    const int32_t *ids = r->ids + (size_t)token * (size_t)r->top_k;
    char taken[ROUTER_EXPERTS_MAX] = {0};
    int wrong = 0;
    for (int j = 0; j < r->top_k; j++) {
        int best = -1;
        for (int e = 0; e < r->experts; e++)
            if (!taken[e] && (best < 0 || logits[e] > logits[best]))
                best = e;
        wrong += ids[j] != best;
        taken[best] = 1;
    }
    return wrong;
}

/* Mistakes: choices, counts, and places that are no stable permutation by expert. */
static double routing_verify(void *context) {
    struct routing *r = context;
    int n = r->tokens * r->top_k, wrong = 0, all = 0;
    for (int t = 0; t < r->tokens && !stop_now(); t++)
        wrong += wrong_choices(r, t);
    for (int e = 0; e < r->experts; e++)
        all += r->counts[e];
    memset(r->seen, 0xFF, (size_t)n * sizeof *r->seen);
    for (int i = 0; i < n; i++)
        if (r->place[i] >= 0 && r->place[i] < n)
            r->seen[r->place[i]] = i;
    for (int i = 0; i < n; i++) {
        int at = r->seen[i], before = i ? r->seen[i - 1] : -1;
        wrong += at < 0 || (before >= 0 &&
                            (r->ids[before] > r->ids[at] || (r->ids[before] == r->ids[at] && before > at)));
    }
    return wrong + abs(all - n);
}

static void routing_spoil(void *context) {
    struct routing *r = context;
    r->ids[0] = (r->ids[0] + 1) % r->experts;
}

static bool routing_open(struct routing *r, struct run *run, int tokens, int experts, int top_k) {
    size_t n = (size_t)tokens * (size_t)top_k;
    *r = (struct routing){.cpu = cpu_of(run), .tokens = tokens, .experts = experts, .top_k = top_k};
    r->logits = cpu_allocate(run, (size_t)tokens * (size_t)experts * sizeof *r->logits);
    r->weights = cpu_allocate(run, n * sizeof *r->weights);
    r->ids = cpu_allocate(run, 3 * n * sizeof *r->ids);
    if (!r->logits || !r->weights || !r->ids)
        return false;
    r->place = r->ids + n;
    r->seen = r->place + n;
    for (size_t i = 0; i < (size_t)tokens * (size_t)experts; i++) /* in steps, so that ties happen */
        r->logits[i] = (float)(int)(random_bits(11, i) % 1024) / 64;
    return true;
}

static void routing_close(struct routing *r) {
    free(r->logits);
    free(r->weights);
    free(r->ids);
}

static const int routing_tokens[] = {1, 64, 1024, 4096};
static const int routing_models[][2] = {{0, 0}, {8, 2}, {128, 8}, {256, 8}}; /* the scenario's first */
enum { ROUTING_TOKENS = 4, ROUTING_MODELS = 4 };

static int models_here(const struct run *run) {
    return run->options->level == LEVEL_QUICK ? 2 : ROUTING_MODELS;
}

int cpu_routing_count(struct run *run) {
    return ROUTING_TOKENS * models_here(run);
}

static void routing_measure(struct run *run, int tokens, int experts, int top_k) {
    struct routing r;
    struct timing t;
    char name[64];
    snprintf(name, sizeof name, "%d of %d, batch %d", top_k, experts, tokens);
    if (routing_open(&r, run, tokens, experts, top_k)) {
        struct run_case what = {
            .name = name,
            .work = routing_work,
            .verify = routing_verify,
            .spoil = routing_spoil,
            .context = &r,
            .metric = "exact",
            .class = -1,
            .shape = {.op = "routing",
                      .batch = tokens,
                      .experts = experts,
                      .top_k = top_k,
                      .assignments = tokens * top_k},
        };
        run_measure(run, &what, &t);
    }
    routing_close(&r);
}

void cpu_routing_run(struct run *run) {
    const struct dims *d = &run->options->dims;
    for (int i = 0; i < cpu_routing_count(run) && run_next_case(run); i++) {
        const int *model = routing_models[i / ROUTING_TOKENS];
        bool own = model[0] == 0 && d->experts > 0;
        int experts = own        ? d->experts
                      : model[0] ? model[0]
                                 : 64,
            top_k = own        ? d->top_k
                    : model[1] ? model[1]
                               : 6;
        routing_measure(run, routing_tokens[i % ROUTING_TOKENS], experts, top_k);
    }
}

/* --- coverage ------------------------------------------------------------------------------------------- */

enum { COVERAGE_BATCHES = 13 }; /* 1, 2, 4 .. 4096 */
static const int coverage_draws[] = {24, 200, 800};

int cpu_coverage_count(struct run *run) {
    bool uniform = run->options->router.skew == PROTOCOL_SKEW_UNIFORM;
    if (run->options->dims.experts > 0)
        return COVERAGE_BATCHES * (uniform ? 1 : 2);
    run_say(run, PROTOCOL_SKIP, PROTOCOL_CODE_UNSUPPORTED,
            "the scenario's model is dense: it has no experts");
    return 0;
}

struct coverage {
    const struct router *router;
    double p[ROUTER_EXPERTS_MAX];
    int tokens, draws;
    double *distinct, *busiest; /* one a draw */
    int32_t *ids;               /* draws x tokens x top_k, `parallel` draws at a time */
};

static void coverage_task(void *context, size_t i) {
    struct coverage *c = context;
    int32_t counts[ROUTER_EXPERTS_MAX], most = 0;
    int n = c->tokens * c->router->top_k;
    int32_t *ids = c->ids + i * (size_t)n;
    router_draw(c->router, c->p, c->tokens, random_bits(13, i * 8192 + (size_t)c->tokens), ids);
    c->distinct[i] = router_count(ids, n, c->router->experts, counts);
    for (int e = 0; e < c->router->experts; e++)
        if (counts[e] > most)
            most = counts[e];
    c->busiest[i] = most / ((double)n / c->router->experts);
}

static double mean_of(const double *values, int n, double *error) {
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++)
        sum += values[i];
    for (int i = 0; i < n; i++)
        squares += (values[i] - sum / n) * (values[i] - sum / n);
    *error = sqrt(squares / (n - 1) / n);
    return sum / n;
}

/* Distance in standard errors; where every draw came out the same, half a hundredth of an expert stands for
 * one. */
static void coverage_judge(struct run *run, const struct coverage *c, const char *word) {
    double error, want = router_coverage(c->p, c->router->experts, c->tokens),
                  have = mean_of(c->distinct, c->draws, &error);
    char name[64];
    if (run_has_fault(run, FAULT_WRONG))
        have += 1;
    snprintf(name, sizeof name, "%s batch %d", word, c->tokens);
    if (!run_check(run, name, "sum", fabs(have - want) / fmax(error, 0.005), 4.5))
        return;
    snprintf(name, sizeof name, "distinct_%s_b%d", word, c->tokens);
    run_result(run, name, have, "experts");
    snprintf(name, sizeof name, "load_max_%s_b%d", word, c->tokens);
    run_result(run, name, mean_of(c->busiest, c->draws, &error), "mean load");
}

static void coverage_measure(struct run *run, const struct router *router, const char *word, int tokens) {
    struct coverage c = {.router = router, .tokens = tokens, .draws = coverage_draws[run->options->level]};
    if (tokens > 512) /* the law of large numbers helps */
        c.draws /= 4;
    router_popularity(router, tokens, c.p);
    c.distinct = cpu_allocate(run, 2 * (size_t)c.draws * sizeof *c.distinct);
    c.ids = cpu_allocate(run, (size_t)c.draws * (size_t)(tokens * router->top_k) * sizeof *c.ids);
    c.busiest = c.distinct + c.draws;
    if (c.distinct && c.ids && cpu_pool_run(cpu_of(run)->pool, (size_t)c.draws, coverage_task, &c))
        coverage_judge(run, &c, word);
    free(c.distinct);
    free(c.ids);
}

void cpu_coverage_run(struct run *run) {
    static const char *const words[] = {"uniform", "zipf", "pareto", "file", "balanced"};
    struct router uniform = run->options->router;
    uniform.skew = PROTOCOL_SKEW_UNIFORM;
    for (int i = 0; run_next_case(run); i++) {
        const struct router *r = i < COVERAGE_BATCHES ? &uniform : &run->options->router;
        coverage_measure(run, r, words[r->skew], 1 << i % COVERAGE_BATCHES);
    }
}
