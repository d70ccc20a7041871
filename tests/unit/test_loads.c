/* The law of expert loads against simulated routers that pick k of E experts with exactly the chances p_e (systematic
 * sampling in random order), and against what must hold whatever the law. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/loads.h"
#include "core/replicas.h"

static const uint64_t FIRST_SEED = 88172645463325252u;
static uint64_t seed;

static int seed_anew(void **state) { /* for each test, so that none depends on those before it */
    (void)state;
    seed = FIRST_SEED;
    return 0;
}

static double uniform(void) { /* xorshift64: the same numbers everywhere */
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return ((double)(seed >> 11) + 0.5) / 9007199254740992.0;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void shuffle(int *v, int n) {
    for (int i = n - 1; i > 0; i--) {
        int j = (int)(uniform() * (i + 1)), t = v[i];
        v[i] = v[j];
        v[j] = t;
    }
}

/* One token's k experts. */
static void route(const double *p, int n, int *order, int *load) {
    double at = uniform(), sum = 0;
    shuffle(order, n);
    for (int i = 0; i < n; i++) {
        sum += p[order[i]];
        if (sum > at) {
            load[order[i]]++;
            at += 1;
        }
    }
}

struct simulated {
    double max_mean, max_p95, coverage;
};

static struct simulated simulate(const struct load_query *q, int runs) {
    double p[EXPERTS_MAX], *most = calloc((size_t)runs, sizeof *most), sum = 0, read = 0;
    int order[EXPERTS_MAX], load[EXPERTS_MAX], n = q->n_experts;
    load_popularity(q, p);
    for (int e = 0; e < n; e++)
        order[e] = e;
    for (int r = 0; r < runs; r++) {
        memset(load, 0, sizeof load);
        for (int t = 0; t < q->tokens; t++)
            route(p, n, order, load);
        int max = 0;
        for (int e = 0; e < n; e++) {
            max = load[e] > max ? load[e] : max;
            read += load[e] > 0;
        }
        sum += most[r] = max;
    }
    qsort(most, (size_t)runs, sizeof *most, compare);
    struct simulated s = {sum / runs, most[(int)(0.95 * runs)], read / runs / n};
    free(most);
    return s;
}

static void check_against_simulation(const struct load_query *q, int runs) {
    static struct load_cache cache;
    struct simulated s = simulate(q, runs);
    const struct load_law *l = load_law_get(&cache, q);
    double mean = l->max_mean * l->mean, p95 = l->max_p95 * l->mean;
    char what[80];
    snprintf(what, sizeof what, "E %d k %d T %g kind %d skew %g", q->n_experts, q->top_k, q->tokens, (int)q->skew_kind, q->skew);
    if (fabs(mean - s.max_mean) > 0.015 * s.max_mean)
        fail_msg("%s: mean of the maximum %.3f, simulated %.3f", what, mean, s.max_mean);
    if (fabs(p95 - s.max_p95) > fmax(0.02 * s.max_p95, 1))
        fail_msg("%s: p95 %.3f, simulated %.3f", what, p95, s.max_p95);
    if (fabs(l->coverage - s.coverage) > 0.01)
        fail_msg("%s: coverage %.4f, simulated %.4f", what, l->coverage, s.coverage);
}

/* A histogram with a few hot experts, a long slope and some that were never picked; of the kind that routers show. */
static const double *lumpy(int n, double steep) {
    static double w[EXPERTS_MAX];
    double sum = 0;
    for (int e = 0; e < n; e++) {
        double x = (e + 0.5) / n;
        sum += w[e] = x > 0.95 ? 0 : exp(-steep * sqrt(x)) + (e < n / 16 ? 0.2 : 0);
    }
    for (int e = 0; e < n; e++)
        w[e] /= sum;
    return w;
}

static void agrees_with_simulated_routers(void **state) {
    static const int shapes[][2] = {{8, 2}, {16, 4}, {32, 4}, {64, 6}, {128, 8}, {256, 8}, {16, 1}};
    static const double tokens[] = {16, 64, 256, 1024};
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (size_t j = 0; j < sizeof tokens / sizeof *tokens; j++)
            for (int s = 0; s < 3; s++) {
                double work = tokens[j] * shapes[i][0];
                int runs = (int)fmin(3000, fmax(250, 2e7 / work));
                struct load_query q = {.n_experts = shapes[i][0], .top_k = shapes[i][1], .ranks = 1, .tokens = tokens[j],
                                       .skew_kind = s ? SKEW_ZIPF : SKEW_UNIFORM, .skew = s * 0.4, .per_expert = true};
                check_against_simulation(&q, runs);
            }
}

static void histogram_agrees_with_simulated_routers(void **state) {
    static const int shapes[][2] = {{16, 4}, {64, 6}, {128, 8}, {256, 8}};
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (double tokens = 16; tokens <= 1024; tokens *= 4) {
            struct load_query q = {.n_experts = shapes[i][0], .top_k = shapes[i][1], .ranks = 1, .tokens = tokens,
                                   .skew_kind = SKEW_FILE, .routing = lumpy(shapes[i][0], 2.5), .per_expert = true};
            check_against_simulation(&q, (int)fmin(3000, fmax(250, 2e7 / (tokens * shapes[i][0]))));
        }
}

/* Article A's imbalance table has 2.0 1.5 1.28 1.13 1.05 (audit A12): the expected maxima are these. */
static void uniform_top2_of_8(void **state) {
    static const double tokens[] = {16, 64, 256, 1024, 4096}, want[] = {1.69, 1.34, 1.17, 1.08, 1.04};
    static struct load_cache cache;
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct load_query q = {.n_experts = 8, .top_k = 2, .ranks = 1, .tokens = tokens[i], .per_expert = true};
        assert_true(fabs(load_law_get(&cache, &q)->max_mean - want[i]) < 0.006);
    }
}

/* Coverage: 1 - (1 - k/E)^T; audit A14: at batch 16 Mixtral touches 7.92 of 8. */
static void coverage_by_hand(void **state) {
    static struct load_cache cache;
    struct load_query q = {.n_experts = 8, .top_k = 2, .ranks = 1, .tokens = 16};
    (void)state;
    assert_true(fabs(8 * load_law_get(&cache, &q)->coverage - 8 * (1 - pow(0.75, 16))) < 1e-9);
    q.tokens = 1;
    assert_true(fabs(load_law_get(&cache, &q)->coverage - 0.25) < 1e-12);
}

/* With many tokens Zipf 0.6 over 8 experts tends to E/k * p_max: audit A25 says that imbalance does not vanish. */
static void skew_does_not_average_out(void **state) {
    static struct load_cache cache;
    struct load_query q = {.n_experts = 8, .top_k = 2, .ranks = 8, .tokens = 1e5, .skew_kind = SKEW_ZIPF, .skew = 0.6};
    double p[EXPERTS_MAX];
    (void)state;
    load_popularity(&q, p);
    assert_true(fabs(load_law_get(&cache, &q)->max_mean - 4 * p[0]) < 0.01);
    assert_true(p[0] > 0.4);
}

static void check_law(const struct load_query *q, const struct load_law *l) {
    double sum = 0, e_over_k = (double)q->n_experts / q->top_k, slots = q->n_experts + q->redundant;
    char what[200];
    snprintf(what, sizeof what, "E %d + %d k %d ranks %d T %g kind %d skew %g: max %g p95 %g, rank %g p95 %g", q->n_experts, q->redundant, q->top_k,
             q->ranks, q->tokens, (int)q->skew_kind, q->skew, l->max_mean, l->max_p95, l->rank_max_mean, l->rank_max_p95);
    assert_true(l->coverage > 0 && l->coverage <= 1 + 1e-12);
    assert_true(l->max_mean >= 1 - 1e-9 && l->max_mean <= e_over_k + 1e-6);
    if (!((l->max_p95 - l->max_mean) * l->mean > -1 && l->max_p95 <= e_over_k + 1e-6))
        fail_msg("%s", what);
    if (!(l->rank_max_mean >= 1 - 1e-6 && l->rank_max_mean <= fmin(q->ranks, slots / q->top_k) + 1e-6))
        fail_msg("%s", what);
    /* which replica a token goes to is chance too: more of it than whole experts have */
    if (q->redundant == 0 && !(l->rank_max_mean <= 1.05 * l->max_mean))
        fail_msg("%s", what);
    if (!(l->rank_distinct <= slots / q->ranks + 1e-9))
        fail_msg("%s: distinct %g", what, l->rank_distinct);
    assert_true(l->rank_distinct >= l->coverage * q->n_experts / q->ranks - 1e-6);
    for (int e = 0; e < q->n_experts; e++) {
        assert_true(isfinite(l->sorted[e]) && l->sorted[e] >= -1e-6);
        assert_true(e == 0 || l->sorted[e] <= l->sorted[e - 1] + 1e-6);
        sum += l->sorted[e];
    }
    if (!(fabs(sum / q->n_experts - 1) < 0.01))
        fail_msg("%s: bars sum to %g", what, sum / q->n_experts);
}

static void what_must_hold(void **state) {
    static struct load_cache cache;
    static const int experts[] = {2, 8, 16, 60, 64, 128, 160, 256, 384, 512};
    (void)state;
    for (int i = 0; i < 4000; i++) {
        struct load_query q = {.n_experts = experts[(int)(uniform() * 10)], .per_expert = true};
        q.top_k = 1 + (int)(uniform() * fmin(8, q.n_experts - 1));
        q.tokens = floor(pow(2, uniform() * 17));
        q.skew_kind = (enum skew_kind)(int)(uniform() * 3);
        q.skew = uniform() * 3;
        for (q.ranks = 1 << (int)(uniform() * 7); q.n_experts % q.ranks; q.ranks /= 2)
            ;
        if (i % 2 && q.ranks > 1) {
            int most = (q.n_experts * q.ranks < EXPERTS_MAX ? q.n_experts * q.ranks : EXPERTS_MAX) - q.n_experts;
            q.redundant = (int)(uniform() * (most / q.ranks + 1)) * q.ranks;
        }
        if (i % 3 == 0)
            q.skew_kind = SKEW_FILE, q.routing = lumpy(q.n_experts, q.skew * 3);
        check_law(&q, load_law_get(&cache, &q));
    }
}

static void popularity_sums_to_k(void **state) {
    double p[EXPERTS_MAX];
    (void)state;
    for (double s = 0; s <= 3; s += 0.25)
        for (int kind = 0; kind < 3; kind++) {
            struct load_query q = {.n_experts = 128, .top_k = 8, .tokens = 64, .skew_kind = (enum skew_kind)kind, .skew = s};
            double sum = 0;
            load_popularity(&q, p);
            for (int e = 0; e < 128; e++) {
                assert_true(p[e] >= 0 && p[e] <= 1 + 1e-12 && (e == 0 || p[e] <= p[e - 1] + 1e-12));
                sum += p[e];
            }
            assert_true(fabs(sum - 8) < 1e-9);
        }
}

static void all_experts_each_token(void **state) {
    static struct load_cache cache;
    struct load_query q = {.n_experts = 8, .top_k = 8, .ranks = 4, .tokens = 5};
    const struct load_law *l = load_law_get(&cache, &q);
    (void)state;
    assert_true(l->coverage == 1 && l->max_mean == 1 && l->rank_max_p95 == 1);
}

/* --- replicas ----------------------------------------------------------------------------------------------------- */

/* Loads 4, 2, 1, 1 of 8 tokens, two replicas more, two ranks of three slots. The hottest is expert 0 with 4: two replicas of
 * 2. Then experts 0 and 1 have 2 a replica each, but expert 0 is on both ranks already: expert 1 gets two of 1. Busiest first:
 * 0 to ranks 0 and 1 (2 2), 1 to ranks 0 and 1 (3 3), 2 to rank 0, 3 to rank 1: 4 4. */
static void replicas_by_hand(void **state) {
    static const double p[] = {0.5, 0.25, 0.125, 0.125}, want[] = {0.25, 0.25, 0.125, 0.125, 0.125, 0.125};
    static const int want_rank[] = {0, 1, 0, 1, 0, 1};
    double share[6];
    int rank[6];
    (void)state;
    replicas_place(p, 4, 2, 2, share, rank);
    for (int i = 0; i < 6; i++) {
        assert_true(share[i] == want[i]);
        assert_int_equal(rank[i], want_rank[i]);
    }
}

/* Loads 8, 8, 3, 2, 2, 1 of 24, two more over four ranks of two slots: experts 0 and 1 split into 4 4 4 4, then 3, 2, 2, 1
 * join, each where there is least: 7, 6, 6, 5. */
static void two_hot_experts_by_hand(void **state) {
    static const double p[] = {8 / 24., 8 / 24., 3 / 24., 2 / 24., 2 / 24., 1 / 24.}, want[] = {7, 6, 6, 5};
    double share[8], load[4] = {0};
    int rank[8];
    (void)state;
    replicas_place(p, 6, 2, 4, share, rank);
    for (int i = 0; i < 8; i++)
        load[rank[i]] += 24 * share[i];
    for (int r = 0; r < 4; r++)
        assert_true(fabs(load[r] - want[r]) < 1e-12);
}

/* Whatever the popularity: every rank is full, nothing is lost, the order falls, and no replica is hotter than before. */
static void replicas_conserve(void **state) {
    (void)state;
    for (int i = 0; i < 2000; i++) {
        struct load_query q = {.n_experts = 1 + (int)(uniform() * 256), .tokens = 100, .skew_kind = SKEW_ZIPF, .skew = uniform() * 2};
        double p[EXPERTS_MAX], share[EXPERTS_MAX], sum = 0;
        int ranks = 2 + (int)(uniform() * 31), rank[EXPERTS_MAX], used[64] = {0};
        int per_rank = 1 + (int)(uniform() * (fmin(q.n_experts, EXPERTS_MAX / ranks))), slots = per_rank * ranks;
        if (slots < q.n_experts)
            continue;
        q.top_k = 1 + (int)(uniform() * fmin(8, q.n_experts - 1));
        load_popularity(&q, p);
        replicas_place(p, q.n_experts, slots - q.n_experts, ranks, share, rank);
        for (int s = 0; s < slots; s++) {
            sum += share[s];
            used[rank[s]]++;
            assert_true(share[s] <= p[0] && (s == 0 || share[s] <= share[s - 1] * (1 + 1e-12)));
        }
        assert_true(fabs(sum - q.top_k) < 1e-9);
        for (int r = 0; r < ranks; r++)
            assert_int_equal(used[r], per_rank);
    }
}

/* A simulated router whose tokens go to a replica at random: the busiest rank over the mean. */
static double simulate_ranks(const struct load_query *q, int runs) {
    double p[EXPERTS_MAX], share[EXPERTS_MAX], sum = 0;
    int rank[EXPERTS_MAX], order[EXPERTS_MAX], load[EXPERTS_MAX], slots = q->n_experts + q->redundant;
    load_popularity(q, p);
    replicas_place(p, q->n_experts, q->redundant, q->ranks, share, rank);
    for (int s = 0; s < slots; s++)
        order[s] = s;
    for (int r = 0; r < runs; r++) {
        int on[EXPERTS_MAX] = {0}, most = 0;
        memset(load, 0, sizeof load);
        for (int t = 0; t < q->tokens; t++)
            route(share, slots, order, load);
        for (int s = 0; s < slots; s++)
            on[rank[s]] += load[s];
        for (int i = 0; i < q->ranks; i++)
            most = on[i] > most ? on[i] : most;
        sum += most;
    }
    return sum / runs * q->ranks / (q->tokens * q->top_k);
}

static void replicas_agree_with_simulated_routers(void **state) {
    static const int shapes[][4] = {{8, 2, 4, 4}, {64, 6, 8, 8}, {128, 8, 16, 16}, {256, 8, 32, 32}};
    static struct load_cache cache;
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (double tokens = 32; tokens <= 2048; tokens *= 8) {
            struct load_query q = {.n_experts = shapes[i][0], .top_k = shapes[i][1], .ranks = shapes[i][2],
                                   .redundant = shapes[i][3], .tokens = tokens, .skew_kind = SKEW_ZIPF, .skew = 0.7};
            double want = simulate_ranks(&q, (int)fmin(2000, fmax(150, 1e7 / (tokens * q.n_experts))));
            double is = load_law_get(&cache, &q)->rank_max_mean;
            if (fabs(is - want) > 0.02 * want)
                fail_msg("E %d + %d T %g: busiest rank %.4f, simulated %.4f", q.n_experts, q.redundant, tokens, is, want);
        }
}

/* DeepSeek-R1 on 32 ranks, as TensorRT-LLM measured it (shared/data/routing_skew.csv): the hottest expert has 11.9 times the
 * mean, the hottest rank 2.56 times; with 32 replicas 1.11 times. */
static void replicas_level_deepseek(void **state) {
    static struct load_cache cache;
    struct load_query q = {.n_experts = 256, .top_k = 8, .ranks = 32, .tokens = 4096, .skew_kind = SKEW_ZIPF, .skew = 0.6,
                           .per_expert = true};
    const struct load_law *l = load_law_get(&cache, &q);
    double before = l->rank_max_mean, coverage = l->coverage;
    (void)state;
    assert_true(fabs(l->max_mean - 11.9) < 0.5);
    assert_true(before > 2 && before < 2.7);
    q.redundant = 32;
    l = load_law_get(&cache, &q);
    assert_true(l->rank_max_mean > 1 && l->rank_max_mean < 1.25);
    assert_true(l->rank_max_p95 < 1.25);
    assert_true(l->coverage == coverage && fabs(l->max_mean - 11.9) < 0.5); /* the experts are what they were */
}

static void more_replicas_do_not_hurt(void **state) {
    static const double skew[] = {0, 0.3, 0.6, 1, 1.5};
    static struct load_cache cache;
    (void)state;
    for (size_t i = 0; i < sizeof skew / sizeof *skew; i++)
        for (double tokens = 16; tokens <= 16384; tokens *= 8)
            for (int ranks = 4; ranks <= 64; ranks *= 4) {
                struct load_query q = {.n_experts = 128, .top_k = 8, .ranks = ranks, .tokens = tokens, .skew_kind = SKEW_ZIPF,
                                       .skew = skew[i]};
                double last = load_law_get(&cache, &q)->rank_max_mean;
                for (q.redundant = ranks; q.redundant <= 256; q.redundant += ranks) {
                    double now = load_law_get(&cache, &q)->rank_max_mean;
                    if (!(now <= 1.02 * last))
                        fail_msg("skew %g T %g ranks %d: %.4f with %d replicas, %.4f before", skew[i], tokens, ranks, now,
                                 q.redundant, last);
                    last = now;
                }
            }
}

/* Each token goes to all experts, so the loads are no chance: with a copy of both on both ranks they are level on the mean. */
static void replicas_of_experts_that_all_read(void **state) {
    static struct load_cache cache;
    struct load_query q = {.n_experts = 2, .top_k = 2, .ranks = 2, .redundant = 2, .tokens = 4096};
    const struct load_law *l = load_law_get(&cache, &q);
    (void)state;
    assert_true(l->coverage == 1 && l->max_mean == 1 && fabs(l->rank_distinct - 2) < 1e-9);
    assert_true(l->rank_max_mean > 1 && l->rank_max_mean < 1.03);
}

/* Fewer experts were seen than each token goes to: they take every token, the others share the rest. */
static void histogram_with_few_experts(void **state) {
    static const double seen[8] = {0.75, 0.25};
    struct load_query q = {.n_experts = 8, .top_k = 4, .tokens = 10, .skew_kind = SKEW_FILE, .routing = seen};
    double p[EXPERTS_MAX];
    (void)state;
    load_popularity(&q, p);
    for (int e = 0; e < 8; e++)
        assert_true(fabs(p[e] - (e < 2 ? 1 : 2.0 / 6)) < 1e-12);
}

/* One expert has all but 1e-15 of the load, which is less than the last digit of the sum is worth. */
static void histogram_with_one_giant(void **state) {
    static const double w[4] = {1, 3e-18, 2e-18, 1e-18};
    struct load_query q = {.n_experts = 4, .top_k = 2, .tokens = 10, .skew_kind = SKEW_FILE, .routing = w};
    double p[EXPERTS_MAX];
    (void)state;
    load_popularity(&q, p);
    assert_true(p[0] == 1 && fabs(p[1] - 0.5) < 1e-12 && fabs(p[3] - 1 / 6.0) < 1e-12);
}

static void remembers(void **state) {
    static struct load_cache cache;
    struct load_query q = {.n_experts = 8, .top_k = 2, .ranks = 1, .tokens = 7}, other = q;
    const struct load_law *l = load_law_get(&cache, &q);
    other.tokens = 8;
    (void)state;
    load_law_get(&cache, &other);
    assert_ptr_equal(load_law_get(&cache, &q), l);
    assert_int_equal(cache.used, 2);
    q.ranks = 2;
    load_law_get(&cache, &q);
    q.redundant = 2;
    load_law_get(&cache, &q);
    q.skew_kind = SKEW_FILE;
    load_law_get(&cache, &q);
    q.routing = lumpy(8, 1);
    load_law_get(&cache, &q);
    assert_int_equal(cache.used, 6);
}

/* A micro-batch of a token and a half: an expert gets each token once, E/k times the mean at most, a rank too. */
static void no_load_beyond_its_cap(void **state) {
    static struct load_cache cache;
    struct load_query q = {.n_experts = 64, .top_k = 8, .ranks = 1, .tokens = 1.5, .skew_kind = SKEW_ZIPF, .skew = 3,
                           .per_expert = true};
    (void)state;
    const struct load_law *l = load_law_get(&cache, &q);
    assert_true(l->max_mean <= 8 && l->max_p95 <= 8 && l->max_mean > 4);
    q.ranks = 16;
    l = load_law_get(&cache, &q);
    assert_true(l->rank_max_mean <= 8 && l->rank_max_p95 <= 8);
}

#define seeded(test) cmocka_unit_test_setup(test, seed_anew)

int main(void) {
    const struct CMUnitTest tests[] = {
        seeded(no_load_beyond_its_cap), seeded(uniform_top2_of_8), seeded(coverage_by_hand), seeded(skew_does_not_average_out),
        seeded(popularity_sums_to_k), seeded(all_experts_each_token), seeded(remembers),
        seeded(replicas_by_hand), seeded(two_hot_experts_by_hand), seeded(replicas_conserve),
        seeded(replicas_level_deepseek), seeded(more_replicas_do_not_hurt),
        seeded(replicas_of_experts_that_all_read), seeded(histogram_with_few_experts),
        seeded(histogram_with_one_giant), seeded(what_must_hold),
        seeded(agrees_with_simulated_routers), seeded(histogram_agrees_with_simulated_routers),
        seeded(replicas_agree_with_simulated_routers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
