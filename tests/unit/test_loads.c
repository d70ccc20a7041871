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

static uint64_t seed = 88172645463325252u;

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

static void check_against_simulation(int experts, int k, double tokens, enum skew_kind kind, double skew, int runs) {
    static struct load_cache cache;
    struct load_query q = {.n_experts = experts, .top_k = k, .ranks = 1, .tokens = tokens, .skew_kind = kind, .skew = skew, .per_expert = true};
    struct simulated s = simulate(&q, runs);
    const struct load_law *l = load_law_get(&cache, &q);
    double mean = l->max_mean * l->mean, p95 = l->max_p95 * l->mean;
    if (fabs(mean - s.max_mean) > 0.015 * s.max_mean)
        fail_msg("E %d k %d T %g skew %g: mean of the maximum %.3f, simulated %.3f", experts, k, tokens, skew, mean, s.max_mean);
    if (fabs(p95 - s.max_p95) > fmax(0.02 * s.max_p95, 1))
        fail_msg("E %d k %d T %g skew %g: p95 %.3f, simulated %.3f", experts, k, tokens, skew, p95, s.max_p95);
    if (fabs(l->coverage - s.coverage) > 0.01)
        fail_msg("E %d k %d T %g skew %g: coverage %.4f, simulated %.4f", experts, k, tokens, skew, l->coverage, s.coverage);
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
                check_against_simulation(shapes[i][0], shapes[i][1], tokens[j], s ? SKEW_ZIPF : SKEW_UNIFORM, s * 0.4, runs);
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
    double sum = 0, e_over_k = (double)q->n_experts / q->top_k;
    char what[160];
    snprintf(what, sizeof what, "E %d k %d ranks %d T %g kind %d skew %g: max %g p95 %g, rank %g p95 %g", q->n_experts, q->top_k, q->ranks, q->tokens,
             (int)q->skew_kind, q->skew, l->max_mean, l->max_p95, l->rank_max_mean, l->rank_max_p95);
    assert_true(l->coverage > 0 && l->coverage <= 1 + 1e-12);
    assert_true(l->max_mean >= 1 - 1e-9 && l->max_mean <= e_over_k + 1e-6);
    if (!((l->max_p95 - l->max_mean) * l->mean > -1 && l->max_p95 <= e_over_k + 1e-6))
        fail_msg("%s", what);
    if (!(l->rank_max_mean >= 1 - 1e-6 && l->rank_max_mean <= fmin(q->ranks, e_over_k) + 1e-6))
        fail_msg("%s", what);
    if (!(l->rank_max_mean <= 1.05 * l->max_mean))
        fail_msg("%s", what);
    assert_true(l->rank_distinct <= (double)q->n_experts / q->ranks + 1e-9);
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

static void remembers(void **state) {
    static struct load_cache cache;
    struct load_query q = {.n_experts = 8, .top_k = 2, .ranks = 1, .tokens = 7}, other = q;
    const struct load_law *l = load_law_get(&cache, &q);
    other.tokens = 8;
    (void)state;
    load_law_get(&cache, &other);
    assert_ptr_equal(load_law_get(&cache, &q), l);
    assert_int_equal(cache.used, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uniform_top2_of_8), cmocka_unit_test(coverage_by_hand), cmocka_unit_test(skew_does_not_average_out),
        cmocka_unit_test(popularity_sums_to_k), cmocka_unit_test(all_experts_each_token), cmocka_unit_test(remembers),
        cmocka_unit_test(what_must_hold), cmocka_unit_test(agrees_with_simulated_routers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
