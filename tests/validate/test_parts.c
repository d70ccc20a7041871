/* The helper's parts that need no clock: generator, records, fit, quantiles, checker, router, command line.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cuda/check.h"
#include "cuda/fit.h"
#include "cuda/number.h"
#include "cuda/options.h"
#include "cuda/random.h"
#include "cuda/record.h"
#include "cuda/router.h"
#include "cuda/timing.h"

/* --- generator ------------------------------------------------------------------------------------------ */

/* splitmix64 from seed 0: the first two outputs of the published reference code. */
static void generator_is_splitmix64(void **state) {
    (void)state;
    assert_true(random_bits(0, 0) == UINT64_C(0xE220A8397B1DCDAF));
    assert_true(random_bits(0, 1) == UINT64_C(0x6E789E6AA1B965F4));
}

/* Uniform on [-1, 1): mean 0 +- 1/sqrt(3n), variance 1/3. n = 30000: one standard error of the mean is
 * 0.0033. */
static void generator_is_uniform(void **state) {
    (void)state;
    double sum = 0, squares = 0;
    for (uint64_t i = 0; i < 30000; i++) {
        double v = (double)random_signed(5, i);
        assert_true(v >= -1 && v < 1);
        sum += v;
        squares += v * v;
        assert_true(random_below(5, i, 7) < 7);
    }
    assert_true(fabs(sum / 30000) < 0.014);
    assert_true(fabs(squares / 30000 - 1.0 / 3) < 0.008);
}

/* --- numbers -------------------------------------------------------------------------------------------- */

static void formats_have_their_values(void **state) {
    (void)state;
    assert_true(bf16_value(0x3F80) == 1.0F && bf16_value(0xC000) == -2.0F);
    assert_int_equal(bf16_round(1.00390625F), 0x3F80); /* 1 + 2^-8 lies between 1 and 1 + 2^-7: to even */
    assert_int_equal(bf16_round(1.01171875F), 0x3F82); /* 1 + 3 * 2^-8: to even again, upwards */
    assert_true(e4m3_value(0x38) == 1.0F);             /* exponent 7, mantissa 0 */
    assert_true(e4m3_value(0x7E) == 448.0F);           /* the largest: 1.75 * 2^8 */
    assert_true(e4m3_value(0x01) == 0.001953125F);     /* the smallest: 2^-9 */
    assert_true(e4m3_value(0x88) == -0.015625F);       /* the smallest normal: 2^-6 */
    assert_true(isnan(e4m3_value(0x7F)) && isnan(e4m3_value(0xFF)));
    uint32_t group[INT4_GROUP_WORDS] = {[3] = 0xF0000007};
    assert_int_equal(int4_value(group, 3), -1);         /* nibble 0 of word 3: 7 - 8 */
    assert_int_equal(int4_value(group, 16 * 7 + 3), 7); /* nibble 7 of word 3: 15 - 8 */
    assert_int_equal(int4_value(group, 0), -8);
}

/* --- records -------------------------------------------------------------------------------------------- */

static void record_escapes(void **state) {
    struct record r;
    (void)state;
    record_begin(&r, "warn");
    record_text(&r, "text", "50% of\ta=b\r\n\x01ü");
    record_text(&r, "none", NULL);
    record_text(&r, "empty", "");
    record_number(&r, "x", 1.0 / 3);
    record_number(&r, "y", NAN);
    record_number(&r, "z", -INFINITY);
    record_count(&r, "n", UINT64_MAX);
    record_end(&r);
    r.line[r.length] = 0;
    assert_string_equal(r.line,
                        "warn\ttext=50%25 of%09a%3Db%0D%0A%01ü\tx=0.333333333\tn=18446744073709551615\n");
}

/* However long the text: at most 4096 bytes, the newline the last of them, no cut escape, no number cut
 * short. */
static void record_is_bounded(void **state) {
    struct record r;
    char text[3 * PROTOCOL_LINE_MAX];
    (void)state;
    for (size_t length = PROTOCOL_LINE_MAX / 3 - 30; length < PROTOCOL_LINE_MAX / 3 + 30; length++) {
        memset(text, '%', length);
        text[length] = 0;
        record_begin(&r, "warn");
        record_text(&r, "text", text);
        record_number(&r, "x", 123456789);
        record_text(&r, "more", text);
        record_end(&r);
        assert_in_range(r.length, 1, PROTOCOL_LINE_MAX);
        assert_int_equal(r.line[r.length - 1], '\n');
        assert_null(memchr(r.line, '\n', r.length - 1));
        for (size_t i = 0; i < r.length; i++)
            if (r.line[i] == '%')
                assert_memory_equal(r.line + i, "%25", 3);
        char *number = memmem(r.line, r.length, "\tx=", 3);
        assert_true(!number || memcmp(number, "\tx=123456789", 12) == 0);
    }
}

/* --- timing and fit ------------------------------------------------------------------------------------- */

static void quantiles_lie_between(void **state) {
    double v[] = {5, 1, 4, 2, 3};
    (void)state;
    assert_true(timing_quantile(v, 5, 0.5) == 3);
    assert_true(fabs(timing_quantile(v, 5, 0.1) - 1.4) < 1e-12); /* position 0.4: 1 + 0.4 * (2 - 1) */
    assert_true(timing_quantile(v, 1, 0.9) == 1);
}

static bool count_calls(void *context, uint64_t call) {
    uint64_t *calls = context;
    assert_true(call == *calls); /* counts up without a gap */
    ++*calls;
    return true;
}

static void timing_repeats_short_calls(void **state) {
    struct timing_plan plan = {.sample_s = 0.001, .samples = 3, .budget_s = 1};
    struct timing t;
    uint64_t calls = 0;
    (void)state;
    assert_true(timing_measure(&plan, count_calls, &calls, &t));
    assert_int_equal(t.n, 6);
    assert_true(calls > 6 * 100);
    assert_true(t.best <= t.p10 && t.p10 <= t.median && t.median <= t.p90 && t.best > 0);
    assert_true(t.spread >= 0 && t.spread <= 1);
}

static void fit_finds_the_line(void **state) {
    struct fit_point p[9];
    struct fit fit;
    (void)state;
    for (int i = 0; i < 9; i++) { /* 4 us + bytes / 40 GB/s, in no order */
        p[i].amount = 1e5 * (1 << (i * 4 % 9));
        p[i].seconds = 4e-6 + p[i].amount / 40e9;
    }
    assert_true(fit_line(p, 9, &fit));
    assert_true(fabs(fit.t0 / 4e-6 - 1) < 1e-6 && fabs(fit.rate / 40e9 - 1) < 1e-6);
    assert_int_equal(fit.points, 6);
    assert_int_equal(fit.held_out, 3);
    assert_true(fit.accepted && fit.error_p90 < 1e-6);
}

static void fit_refuses_what_is_no_line(void **state) {
    struct fit_point p[9];
    struct fit fit;
    (void)state;
    for (int i = 0; i < 9; i++) /* every second point takes twice as long: errors of about a third */
        p[i] = (struct fit_point){1e6 * (i + 1), 1e-5 * (i + 1) * (i % 2 ? 2 : 1)};
    assert_true(fit_line(p, 9, &fit));
    assert_false(fit.accepted);
    assert_false(fit_line(p, 5, &fit)); /* too few */
    for (int i = 0; i < 9; i++)         /* the more the faster */
        p[i] = (struct fit_point){1e6 * (i + 1), 1.0 / (i + 1)};
    if (fit_line(p, 9, &fit))
        assert_false(fit.accepted);
}

static void fit_has_no_negative_start(void **state) {
    struct fit_point p[6];
    struct fit fit;
    (void)state;
    for (int i = 0; i < 6; i++)
        p[i] = (struct fit_point){1e6 * (i + 1), 1e-5 * (i + 1) - 5e-6};
    assert_true(fit_line(p, 6, &fit));
    assert_true(fit.t0 == 0 && fit.rate > 0);
}

/* --- the checker must catch what is wrong --------------------------------------------------------------- */

enum { M = 3, N = 50, K = 70 };

static void product(const float *x, const uint16_t *w, float *y) {
    for (int t = 0; t < M; t++)
        for (int r = 0; r < N; r++)
            y[t * N + r] = (float)check_dot_bf16(w + r * K, x + t * K, K);
}

static void freivalds_catches_one_wrong_element(void **state) {
    float x[M * K], y[M * N];
    uint16_t w[N * K];
    (void)state;
    for (uint64_t i = 0; i < M * K; i++)
        x[i] = random_signed(1, i);
    for (uint64_t i = 0; i < N * K; i++)
        w[i] = bf16_round(random_signed(2, i));
    product(x, w, y);
    assert_true(check_freivalds(x, w, y, N, M, N, K, 3) < CHECK_LIMIT_FP32);
    for (int at = 0; at < M * N; at += 7) { /* +-1 never hides a single one */
        float before = y[at];
        y[at] += 0.01F;
        assert_true(check_freivalds(x, w, y, N, M, N, K, 3) > CHECK_LIMIT_FP32);
        y[at] = NAN;
        assert_true(isinf(check_freivalds(x, w, y, N, M, N, K, 3)));
        y[at] = before;
    }
}

static void norm_never_passes_nan(void **state) {
    double ref[3] = {1, 2, 3};
    float good[3] = {1, 2, 3}, bad[3] = {1, NAN, 3}, off[3] = {1, 2, 3.1F};
    (void)state;
    assert_true(check_relf(good, ref, 3) == 0);
    assert_true(isinf(check_relf(bad, ref, 3)));
    assert_true(fabs(check_relf(off, ref, 3) - 0.1 / sqrt(14)) < 1e-6); /* |0.1| / |(1, 2, 3)| */
}

static void output_guards_its_bounds(void **state) {
    struct check_output o;
    (void)state;
    assert_true(check_output_open(&o, 10));
    assert_int_equal(check_output_bad(&o, 10), 10); /* all poison */
    for (int i = 0; i < 10; i++)
        o.values[i] = 0;
    assert_int_equal(check_output_bad(&o, 10), 0);
    o.values[10] = 0; /* one past the end, within the band */
    assert_int_equal(check_output_bad(&o, 10), 1);
    o.values[-1] = 0;
    assert_int_equal(check_output_bad(&o, 10), 2);
    check_output_close(&o);
}

/* --- router --------------------------------------------------------------------------------------------- */

static void popularity_sums_to_k(void **state) {
    static const struct router routers[] = {
        {8, 2, PROTOCOL_SKEW_UNIFORM, 0, {0}},    {60, 4, PROTOCOL_SKEW_ZIPF, 1.2, {0}},
        {256, 8, PROTOCOL_SKEW_PARETO, 1.5, {0}}, {7, 7, PROTOCOL_SKEW_ZIPF, 2, {0}},
        {5, 1, PROTOCOL_SKEW_FILE, 0, {90, 10}},  {4, 3, PROTOCOL_SKEW_FILE, 0, {1}},
    };
    double p[ROUTER_EXPERTS_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof routers / sizeof *routers; i++) {
        double sum = 0;
        router_popularity(&routers[i], 64, p);
        for (int e = 0; e < routers[i].experts; e++) {
            assert_true(p[e] >= 0 && p[e] <= 1 && (e == 0 || p[e] <= p[e - 1] + 1e-12));
            sum += p[e];
        }
        assert_true(fabs(sum - routers[i].top_k) < 1e-9);
    }
    router_popularity(&routers[5], 64,
                      p); /* one expert was seen, three are picked: it always, two of the three others */
    assert_true(p[0] == 1 && fabs(p[1] - 2.0 / 3) < 1e-12);
}

/* Every token's experts differ; each expert comes as often as its chance says, within 4.5 standard errors. */
static void draws_follow_popularity(void **state) {
    enum { TOKENS = 4000, E = 60, TOP = 4 };
    static const struct router r = {E, TOP, PROTOCOL_SKEW_ZIPF, 1.0, {0}};
    static int32_t ids[TOKENS * TOP], counts[E];
    double p[E];
    (void)state;
    router_popularity(&r, TOKENS, p);
    router_draw(&r, p, TOKENS, 42, ids);
    for (int t = 0; t < TOKENS; t++)
        for (int i = 0; i < TOP; i++)
            for (int j = 0; j < i; j++)
                assert_int_not_equal(ids[t * TOP + i], ids[t * TOP + j]);
    router_count(ids, TOKENS * TOP, E, counts);
    for (int e = 0; e < E; e++)
        assert_true(fabs(counts[e] - TOKENS * p[e]) <= 4.5 * sqrt(TOKENS * p[e] * (1 - p[e])) + 1e-6);
}

/* Uniform: E (1 - (1 - k/E)^B). 8 experts, 2 picked, 4 tokens: 8 (1 - 0.75^4) = 5.46875. */
static void coverage_is_the_closed_form(void **state) {
    static const struct router r = {8, 2, PROTOCOL_SKEW_UNIFORM, 0, {0}};
    double p[8];
    (void)state;
    router_popularity(&r, 4, p);
    assert_true(fabs(router_coverage(p, 8, 4) - 5.46875) < 1e-12);
}

static void ties_go_to_the_lowest_id(void **state) {
    static const float logits[] = {1, 3, 3, 0, 3, 2};
    int32_t ids[6];
    float weights[6];
    (void)state;
    router_select(logits, 6, 2, ids, weights);
    assert_int_equal(ids[0], 1);
    assert_int_equal(ids[1], 2);
    assert_true(weights[0] == 0.5F && weights[1] == 0.5F);
    router_select(logits, 6, 6, ids, weights); /* k = E: all, sorted */
    static const int32_t sorted[] = {1, 2, 4, 5, 0, 3};
    assert_memory_equal(ids, sorted, sizeof sorted);
    router_select(logits, 6, 1, ids, weights);
    assert_true(ids[0] == 1 && weights[0] == 1);
}

static void permutation_is_stable(void **state) {
    static const int32_t ids[] = {2, 0, 2, 5, 0, 2},
                         places[] = {2, 0, 3, 5, 1, 4}; /* experts 1, 3 and 4 of 6 stay empty */
    int32_t counts[6], first[7], place[6];
    (void)state;
    assert_int_equal(router_count(ids, 6, 6, counts), 3);
    router_permute(ids, 6, 6, counts, first, place);
    assert_memory_equal(place, places, sizeof places);
    assert_int_equal(first[6], 6);
    static const int32_t all_one[] = {3, 3, 3};
    assert_int_equal(router_count(all_one, 3, 6, counts), 1);
    router_permute(all_one, 3, 6, counts, first, place);
    assert_true(place[0] == 0 && place[1] == 1 && place[2] == 2);
}

/* --- command line --------------------------------------------------------------------------------------- */

static struct options options;
static char err[OPTIONS_ERROR_MAX];

static bool read_words(const char *fault, const char *line) {
    char copy[256], *argv[16] = {(char *)(uintptr_t) "helper"}, *rest = copy, *word;
    int argc = 1;
    snprintf(copy, sizeof copy, "%s", line);
    while ((word = strsep(&rest, " ")) && *word && argc < 15)
        argv[argc++] = word;
    return options_read(&options, argc, argv, fault, err);
}

static void options_are_read(void **state) {
    (void)state;
    assert_true(read_words(NULL, ""));
    assert_true(options.level == LEVEL_STANDARD && options.router.experts == 8 &&
                options.only[PROTOCOL_EXP_STREAM]);
    assert_true(read_words("wrong:gemv", "--level quick --only gemv,launch --threads 3 --model-dims "
                                         "experts=60,top_k=4,hidden=2048 --skew zipf:1.2 --batch 7"));
    assert_true(options.level == LEVEL_QUICK && options.only[PROTOCOL_EXP_GEMV] &&
                !options.only[PROTOCOL_EXP_STREAM] && options.threads == 3);
    assert_true(options.router.experts == 60 && options.router.top_k == 4 && options.dims.hidden == 2048 &&
                options.batch == 7);
    assert_true(options.router.skew == PROTOCOL_SKEW_ZIPF && options.router.exponent == 1.2);
    assert_true(options.fault == FAULT_WRONG && options.fault_at == PROTOCOL_EXP_GEMV);
    assert_true(read_words(NULL, "--model-dims experts=0,top_k=0"));
}

static void bad_options_name_the_remedy(void **state) {
    static const char *const bad[][2] = {
        {"--level slow", "quick"},
        {"--only gemv,foo", "foo"},
        {"--threads 0", "from 1"},
        {"--threads 2x", "from 1"},
        {"--nonsense", "--help"},
        {"--model-dims experts", "KEY=VALUE"},
        {"--model-dims width=3", "hidden"},
        {"--model-dims top_k=9", "more than experts"},
        {"--model-dims heads=30,kv_heads=8", "multiple"},
        {"--skew zipf:x", "number"},
        {"--skew flat", "uniform"},
        {"--routing /nonexistent", "/nonexistent"},
        {"--model-dims experts=0,top_k=0,kv_heads=3", "multiple"},
        {"--model-dims top_k=0", "dense"},
        {"stray", "no arguments"},
        {"--batch", "lacks"},
        {"--model-dims experts=513", "512"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (read_words(NULL, bad[i][0]))
            fail_msg("taken: %s", bad[i][0]);
        if (!strstr(err, bad[i][1]))
            fail_msg("%s: %s", bad[i][0], err);
    }
    assert_false(read_words("explode", ""));
    assert_false(read_words("hang:nowhere", ""));
}

static void routing_file_is_checked(void **state) {
    static const struct {
        const char *text, *says; /* NULL: good */
    } files[] = {
        {"expert,share\n1,0.25\n0,0.75\n", NULL},
        {"expert,share\r\n0,3\r\n", NULL},
        {"0,1\n", "line 1"},
        {"expert,share\n0,0.5\nx,1\n", "line 3"},
        {"expert,share\n0,-1\n", "line 2"},
        {"expert,share\n0,nan\n", "line 2"},
        {"expert,share\n0,0\n", "above 0"},
        {"expert,share\n9,1\n8,1\n7,1\n6,1\n5,1\n4,1\n3,1\n2,1\n1,1\n", "--model-dims"},
    };
    char name[] = "/tmp/moescope-routing.XXXXXX", line[64];
    int file = mkstemp(name);
    (void)state;
    assert_true(file >= 0);
    snprintf(line, sizeof line, "--routing %s", name);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        FILE *out = fopen(name, "w");
        fputs(files[i].text, out);
        fclose(out);
        bool good = read_words(NULL, line);
        if (good != !files[i].says || (!good && !strstr(err, files[i].says)))
            fail_msg("file %zu: %s", i, good ? "taken" : err);
    }
    FILE *out = fopen(name, "w");
    fputs(files[0].text, out);
    fclose(out);
    assert_true(read_words(NULL, line));
    assert_true(options.router.share[0] == 0.75 && options.router.share[1] == 0.25);
    remove(name);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generator_is_splitmix64),
        cmocka_unit_test(generator_is_uniform),
        cmocka_unit_test(formats_have_their_values),
        cmocka_unit_test(record_escapes),
        cmocka_unit_test(record_is_bounded),
        cmocka_unit_test(quantiles_lie_between),
        cmocka_unit_test(timing_repeats_short_calls),
        cmocka_unit_test(fit_finds_the_line),
        cmocka_unit_test(fit_refuses_what_is_no_line),
        cmocka_unit_test(fit_has_no_negative_start),
        cmocka_unit_test(freivalds_catches_one_wrong_element),
        cmocka_unit_test(norm_never_passes_nan),
        cmocka_unit_test(output_guards_its_bounds),
        cmocka_unit_test(popularity_sums_to_k),
        cmocka_unit_test(draws_follow_popularity),
        cmocka_unit_test(coverage_is_the_closed_form),
        cmocka_unit_test(ties_go_to_the_lowest_id),
        cmocka_unit_test(permutation_is_stable),
        cmocka_unit_test(options_are_read),
        cmocka_unit_test(bad_options_name_the_remedy),
        cmocka_unit_test(routing_file_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
