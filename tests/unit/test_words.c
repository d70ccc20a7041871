/* Numbers and sentences as the screen shows them: three digits, one decimal point, verdicts that follow from the numbers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tui/digits.h"
#include "tui/verdict.h"
#include "tui/wrap.h"

static void assert_split(double v, enum digits_kind kind, int room, const char *whole, const char *rest) {
    struct digits d;
    digits_split(v, kind, room, &d);
    assert_string_equal(d.whole, whole);
    assert_string_equal(d.rest, rest);
}

static void three_digits(void **state) {
    (void)state;
    assert_split(0, DIGITS_REAL, 6, "0", "");
    assert_split(0.0004, DIGITS_REAL, 6, "0", "");
    assert_split(0.0652, DIGITS_REAL, 6, "0", ".065");
    assert_split(1.234, DIGITS_REAL, 6, "1", ".23");
    assert_split(9.996, DIGITS_REAL, 6, "10", ".0");
    assert_split(-12.34, DIGITS_REAL, 6, "-12", ".3");
    assert_split(99.96, DIGITS_REAL, 6, "100", "");
    assert_split(999.6, DIGITS_REAL, 6, "1 000", "");
    assert_split(12345, DIGITS_REAL, 6, "12 300", "");
    assert_split(12345, DIGITS_REAL, 5, "12", ".3k");
    assert_split(NAN, DIGITS_REAL, 6, "–", "");
    assert_split(INFINITY, DIGITS_COUNT, 6, "–", "");
}

static void whole_numbers(void **state) {
    (void)state;
    assert_split(4096, DIGITS_COUNT, 5, "4 096", "");
    assert_split(16472, DIGITS_COUNT, 6, "16 472", "");
    assert_split(131072, DIGITS_COUNT, 6, "131", "k");
    assert_split(1048576, DIGITS_COUNT, 6, "1", ".05M");
    assert_split(999999, DIGITS_COUNT, 6, "1", ".00M");
}

static void percents(void **state) {
    (void)state;
    assert_split(0.3245, DIGITS_PERCENT, 6, "32", ".5");
    assert_split(-0.00009, DIGITS_PERCENT, 6, "0", "");
    assert_split(-0.012, DIGITS_PERCENT, 6, "-1", ".2");
    assert_split(0.0996, DIGITS_PERCENT, 6, "9", ".96");
    assert_split(1, DIGITS_PERCENT, 6, "100", "");
}

static void ratios(void **state) {
    (void)state;
    char buf[DIGITS_LEN];
    assert_string_equal(digits_ratio(1, 1.72, buf), "1.7×");
    assert_string_equal(digits_ratio(1, 1.04, buf), "4 %");
    assert_string_equal(digits_ratio(1, 1.006, buf), "1 %");
    assert_string_equal(digits_ratio(1, 12.4, buf), "12×");
    assert_string_equal(digits_ratio(0, 1, buf), "over 999×");
}

static void wrapping(void **state) {
    (void)state;
    assert_int_equal(wrap_rows(10, "one two three"), 2);
    assert_int_equal(wrap_rows(3, "one two"), 2);
    assert_int_equal(wrap_rows(4, "incomprehensible"), 1);
    assert_int_equal(wrap_rows(10, ""), 0);
    char buf[8] = "abc";
    text_add(buf, sizeof buf, "%s", "defghij");
    assert_string_equal(buf, "abcdefg");
    text_add(buf, sizeof buf, "more");
    assert_string_equal(buf, "abcdefg");
}

static struct interval within(double v, double share) {
    return (struct interval){v * (1 - share), v * (1 + share), ORIGIN_FITTED};
}

/* Figures whose measurements lie within `share` of them. */
static struct estimate made_within(double cost, double tpot, double mem, double share) {
    return (struct estimate){.feasible = true, .cost_m_out = cost, .tpot_ms = tpot, .mem_gb = mem,
                             .mem_capacity_gb = 80, .bound = BOUND_MEMORY, .tpot = within(tpot, share),
                             .mem = within(mem, share), .cost_out = within(cost, share)};
}

static struct estimate made(double cost, double tpot, double mem) {
    return made_within(cost, tpot, mem, 0.01);
}

static void verdict_names_the_winners(void **state) {
    (void)state;
    struct verdict v;
    struct estimate e[SLOT_COUNT] = {made(1, 30, 60), made(2, 20, 40)};
    struct crossover x = {.first_winner = 1, .n_flips = 1, .flip = {{213, 0}}};
    verdict_make(e, &x, 4096, NULL, &v);
    assert_string_equal(v.line[0],
                        "A is 2.0× cheaper per output token; B is 1.5× faster per token and needs 1.5× less memory per GPU.");
    assert_string_equal(v.line[1], "B is cheaper up to batch 212, A from 213 on. Both wait for memory.");
    assert_string_equal(v.brief, "A 2.0× cheaper · B 1.5× faster, 1.5× less memory · A cheaper from batch 213");
}

static void verdict_claims_no_more_than_the_intervals(void **state) {
    (void)state;
    struct verdict v;
    struct estimate e[SLOT_COUNT] = {made_within(1, 30, 60, 0.15), made_within(2, 25, 50, 0.15)};
    struct crossover x = {.first_winner = 0};
    verdict_make(e, &x, 4096, NULL, &v);
    assert_string_equal(v.line[0], "A is 2.0× cheaper; B may be 1.2× faster and may need 1.2× less memory (within the uncertainty).");
    assert_string_equal(v.line[1], "A is cheaper at every batch up to 4096. Both wait for memory.");
    assert_string_equal(v.brief, "A 2.0× cheaper · B ○1.2× faster, ○1.2× less memory · ○ within the uncertainty");
    e[SLOT_B] = made_within(1.1, 27, 62, 0.15);
    verdict_make(e, &x, 4096, NULL, &v);
    assert_string_equal(v.line[0],
                        "A may be 1.1× cheaper and may need 3 % less memory; B may be 1.1× faster (within the uncertainty).");
    assert_string_equal(v.line[1], "A may be cheaper at every batch up to 4096. Both wait for memory.");
    assert_string_equal(v.brief, "A ○1.1× cheaper · B ○1.1× faster · A ○3 % less memory · ○ uncertain");
    for (int i = 0; i < 2; i++)
        assert_true(text_width(v.line[i]) <= 98);
    assert_true(text_width(v.brief) <= 78);
}

static void verdict_is_silent_on_what_is_equal(void **state) {
    (void)state;
    struct verdict v;
    struct estimate e[SLOT_COUNT] = {made(1, 30, 60), made(1.004, 30, 60)};
    struct crossover x = {.first_winner = -1};
    verdict_make(e, &x, 4096, NULL, &v);
    assert_string_equal(v.line[0], "A and B are level on cost, speed, memory.");
    assert_non_null(strstr(v.line[1], "level at every batch up to 4096"));
    assert_string_equal(v.brief, "A and B are level");
}

static void verdict_without_a_price(void **state) {
    (void)state;
    struct verdict v;
    struct estimate e[SLOT_COUNT] = {made(NAN, 30, 60), made(1, 20, 60)};
    struct crossover x = {.first_winner = 1};
    verdict_make(e, &x, 4096, NULL, &v);
    assert_null(strstr(v.line[0], "cheaper"));
    assert_non_null(strstr(v.line[0], "no price"));
}

static void verdict_on_what_does_not_run(void **state) {
    (void)state;
    struct verdict v;
    struct estimate e[SLOT_COUNT] = {made(1, 30, 92.3), made(1, 20, 60)};
    struct crossover x = {.first_winner = -1};
    e[SLOT_A].feasible = false;
    e[SLOT_A].limit = LIMIT_MEMORY;
    verdict_make(e, &x, 4096, "gpus 16", &v);
    assert_string_equal(v.line[0], "A does not fit: 92.3 of 80.0 GB on each GPU.");
    assert_non_null(strstr(v.line[1], "B runs: 20.0 ms per token"));
    assert_non_null(strstr(v.line[1], "gpus 16"));
    e[SLOT_B].feasible = false;
    e[SLOT_B].limit = LIMIT_HEADS;
    snprintf(e[SLOT_B].limit_text, sizeof e[SLOT_B].limit_text, "tp 3 does not divide 32 attention heads");
    verdict_make(e, &x, 4096, NULL, &v);
    assert_string_equal(v.line[1], "B does not run: tp 3 does not divide 32 attention heads.");
    assert_null(strstr(v.line[0], "ms"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_digits),
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(percents),
        cmocka_unit_test(ratios),
        cmocka_unit_test(wrapping),
        cmocka_unit_test(verdict_names_the_winners),
        cmocka_unit_test(verdict_claims_no_more_than_the_intervals),
        cmocka_unit_test(verdict_is_silent_on_what_is_equal),
        cmocka_unit_test(verdict_without_a_price),
        cmocka_unit_test(verdict_on_what_does_not_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
