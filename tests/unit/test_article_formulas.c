/* Rule: every formula of the articles gives the number worked out by hand here, and a printed number is held against
 * what a formula gives to within one unit of its last digit. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/article.h"

static const double exact[ARTICLE_INPUTS_MAX] = {0};

/* One for each formula, in the order of its inputs. */
static const struct {
    const char *id;
    double in[ARTICLE_INPUTS_MAX], want;
} worked[] = {
    {"memory", {47, 2}, 94},
    {"memory-tb", {671, 2}, 1.342},
    {"ratio", {47, 13}, 3.6153846},
    {"percent", {68, 77}, 88.311688},
    {"gpus-for", {1342, 80}, 17},                               /* 16.775 */
    {"attention-flop", {8192}, 536.870912},                     /* 8 * 67,108,864 */
    {"ffn-flop", {2, 4096, 14336}, 704.643072},                 /* 2 * 3 * 58,720,256 * 2; the article has 706 */
    {"ffn-gflop", {1, 8192, 28672}, 1.409286144},               /* 3 * 234,881,024 * 2 */
    {"attention-grouped-flop", {8192, 128, 64, 8}, 301.989888}, /* 2 * 1,048,576 * 144 */
    {"router-flop", {4096, 8}, 0.032768},
    {"token-flop", {8192, 80, 28672, 1}, 0.15569256448},   /* 80 * (536.870912 + 1409.286144) MFLOP */
    {"token-gflop", {16384, 126, 53248, 1}, 930.12885504}, /* 126 * (2147.483648 + 5234.491392) MFLOP */
    {"twice-active", {36.6}, 73.2},
    {"layers-flop", {80, 536, 1410}, 0.15568}, /* 80 * 1946 MFLOP */
    {"per-gpu", {94, 8}, 11.75},
    {"decode-rate", {2, 2, 140}, 28.571429}, /* 4 TB/s over 140 GB */
    {"aggregate", {4, 312}, 1248},
    {"prefill-rate", {312, 26.9}, 11.598513},  /* 312e12 / 26.9e9 / 1000 */
    {"compute-rate", {1248, 69.5}, 8978.4173}, /* 1248e12 / 139e9 */
    {"prefill-by-rate", {2048, 8}, 256},
    {"prefill-ms", {2048, 26.9, 624}, 88.287179},   /* 2048 * 26.9e9 / 624e12 s */
    {"gpu-time-ratio", {4, 256, 2, 88}, 5.8181818}, /* 1024 / 176 */
    {"tokens-per-expert", {64, 2, 8}, 16},
    {"imbalance-loss", {1.28}, 21.875},
    {"hot-ratio", {30, 5, 8}, 3.6923077}, /* 30 / (65 / 8) */
    {"hot-loss", {30, 5, 8}, 72.916667},  /* 1 - 8.125 / 30 */
    {"exchange", {256, 4096, 2, 2}, 4.194304},
    {"ring-exchange", {8, 256, 4096, 2}, 3.670016},        /* 14/8 * 2.097152 */
    {"dispatch-exchange", {8, 256, 4096, 2, 2}, 0.458752}, /* 7/8 * 32 * 4096 * 2 * 2 */
    {"hourly-cost", {8, 5}, 40},
    {"cost-per-million", {12, 5120}, 0.65104167}, /* 12 / 18.432 million an hour */
    {"total", {42, 14.7, 256}, 3.8052},
    {"read-ms", {37, 1, 3.35}, 11.044776},
    {"tpot", {68}, 14.705882},
    {"tpot-rescaled", {48, 4, 8}, 10.416667},
    {"rate-rescaled", {6800, 2, 8}, 27200},
    {"elsewhere", {4}, 4},
    {"attention-share", {32, 4096, 128, 32, 8, 12.75}, 10.526881}, /* 32 * 524,288 * 80 = 1.34217728 of 12.75 billion */
    {"allreduce-token", {8192, 80, 2}, 1.25},
    {"allreduce-batch", {300, 8192, 80, 2}, 375},
    {"transfer-ms", {384, 112}, 3.4285714},
    {"critical-batch", {989, 2, 3.35}, 295.22388},
    {"critical-batch-experts", {989, 2, 3.35, 8, 2}, 1180.8955},
    {"traffic-ratio", {2, 16}, 0.5},
    {"traffic-inverse", {2, 16}, 2},
    {"traffic-granular", {8, 256, 7168, 2048}, 1.75}, /* 8 * sqrt(12.25 / 256) */
    {"dense-width", {16}, 4},
    {"width-ratio", {16}, 0.25},
    /* 14/8 * 2,621,440 B / 450 GB/s = 10.19 us over 139e9 / (8 * 692.3e12) = 25.10 us */
    {"comm-share", {8, 8192, 80, 450, 139, 692.3}, 40.619538},
};

enum { N_WORKED = sizeof worked / sizeof *worked };

static void formulas_by_hand(void **state) {
    (void)state;
    for (int i = 0; i < N_WORKED; i++) {
        const struct article_formula *f = article_formula_find(worked[i].id);
        if (!f)
            fail_msg("no formula %s", worked[i].id);
        const double is = article_compute(f, worked[i].in, exact).value;
        if (!(fabs(is / worked[i].want - 1) < 1e-7))
            fail_msg("%s gives %.9g, want %.9g", worked[i].id, is, worked[i].want);
    }
}

static void every_formula_is_worked(void **state) {
    (void)state;
    for (const struct article_formula *f = article_formulas; f->id; f++) {
        int i = 0;
        while (i < N_WORKED && strcmp(worked[i].id, f->id) != 0)
            i++;
        if (i == N_WORKED)
            fail_msg("%s is not worked out by hand", f->id);
        assert_true(f->notation && f->unit && f->input[0]);
        assert_ptr_equal(article_formula_find(f->id), f);
    }
    assert_null(article_formula_find("no-such"));
}

static void numbers_as_printed(void **state) {
    static const struct {
        const char *text;
        double value, digit;
    } numbers[] = {{"1,342", 1342, 1},        {"$12.00", 12, 0.01}, {"0.65", 0.65, 0.01},    {"57*", 57, 1},
                   {"~300", 300, 100},        {"~80 T", 80, 10},    {"~30%", 30, 10},        {"around 5 ms", 5, 1},
                   {"about 5.5ms", 5.5, 0.1}, {"14,200", 14200, 1}, {"1.25 MB", 1.25, 0.01}, {"2-3x", 2, 1},
                   {"256, then", 256, 1},     {"3. ", 3, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const struct article_number n = article_number_read(numbers[i].text);
        if (!(fabs(n.value - numbers[i].value) < 1e-12 && fabs(n.digit / numbers[i].digit - 1) < 1e-12))
            fail_msg("'%s' is read as %.9g, digit %.9g", numbers[i].text, n.value, n.digit);
    }
    assert_true(isnan(article_number_read("no number").value));
    assert_true(isnan(article_number_read("").value));
}

static bool agrees(const char *printed, double value) {
    return article_agrees(article_number_read(printed), (struct article_range){value, value, value});
}

/* Rounded up, rounded down or cut off all stay within one unit; more does not. */
static void agreement_is_one_unit(void **state) {
    (void)state;
    assert_true(agrees("0.24", 0.2451));
    assert_true(agrees("536", 536.87)); /* cut off */
    assert_true(agrees("4.18", 4.1896));
    assert_true(agrees("4.18", 4.19));
    assert_false(agrees("4.18", 4.1901));
    assert_true(agrees("4.18", 4.17));
    assert_false(agrees("706", 704.643));
    assert_false(agrees("892", 930.1));
    assert_true(agrees("~300", 295.2));
    assert_false(agrees("300", 295.2));
}

/* 2.72 s does not follow from 48 ms and 10.5 ms (2.736), but it does from what rounds to them: 10.45 gives 2.7232. */
static void rounded_inputs_leave_room(void **state) {
    static const double in[ARTICLE_INPUTS_MAX] = {48, 10.5, 256}, slack[ARTICLE_INPUTS_MAX] = {0.5, 0.05, 0};
    const struct article_formula *f = article_formula_find("total");
    const struct article_number printed = article_number_read("2.72 s");
    (void)state;
    assert_false(article_agrees(printed, article_compute(f, in, exact)));
    const struct article_range r = article_compute(f, in, slack);
    assert_true(fabs(r.value - 2.736) < 1e-9 && fabs(r.low - 2.7227) < 1e-9 && fabs(r.high - 2.7493) < 1e-9);
    assert_true(article_agrees(printed, r));
}

static void other_units(void **state) {
    const struct article_range tera = {0.15568, 0.15568, 0.15568}, mib = {375, 375, 375};
    (void)state;
    assert_true(article_agrees_in_other_unit(article_number_read("155.6 TFLOP"), tera));
    assert_false(article_agrees(article_number_read("155.6 TFLOP"), tera));
    assert_true(article_agrees_in_other_unit(article_number_read("384 MB"), mib)); /* 375 * 1.024 */
    assert_false(article_agrees_in_other_unit(article_number_read("390 MB"), mib));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formulas_by_hand),          cmocka_unit_test(every_formula_is_worked),
        cmocka_unit_test(numbers_as_printed),        cmocka_unit_test(agreement_is_one_unit),
        cmocka_unit_test(rounded_inputs_leave_room), cmocka_unit_test(other_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
