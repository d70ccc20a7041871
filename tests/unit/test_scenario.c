/* The table of scenario fields: parsing, printing, ranges, defaults. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/estimate.h"
#include "core/scenario.h"

static char err[ERROR_LEN];

static double parsed(enum field_id id, const char *text) {
    struct scenario s;
    scenario_init(&s);
    if (!scenario_parse(&s, &scenario_fields[id], text, err))
        fail_msg("%s", err);
    return scenario_number(&s, &scenario_fields[id]);
}

static void refused(enum field_id id, const char *text, const char *says) {
    struct scenario s, before;
    scenario_init(&s);
    before = s;
    if (scenario_parse(&s, &scenario_fields[id], text, err))
        fail_msg("%s took '%s'", scenario_fields[id].id, text);
    if (!strstr(err, says) || !strstr(err, scenario_fields[id].id))
        fail_msg("'%s' lacks '%s'", err, says);
    assert_true(scenario_equal(&s, &before));
}

static void numbers(void **state) {
    (void)state;
    assert_true(parsed(F_BATCH, "64") == 64);
    assert_true(parsed(F_ISL, "8k") == 8000 && parsed(F_ISL, "1M") == 1e6);
    assert_true(parsed(F_PREFIX_HIT, "50%") == 0.5 && parsed(F_PREFIX_HIT, ".25") == 0.25);
    assert_true(parsed(F_PRICE, "1e1") == 10 && parsed(F_PRICE, " 2.5 ") == 2.5);
    assert_true(isnan(parsed(F_BATCH, "")));
}

static void slips(void **state) {
    (void)state;
    refused(F_BATCH, "0", "1 to 65536, whole number");
    refused(F_BATCH, "65537", "out of range");
    refused(F_BATCH, "2.5", "not a whole number");
    refused(F_BATCH, "many", "not a number");
    refused(F_BATCH, "12x", "not a number");
    refused(F_BATCH, "-3", "out of range");
    refused(F_BATCH, "nan", "not a number");
    refused(F_BATCH, "inf", "not a number");
    refused(F_BATCH, "0x10", "not a number");
    refused(F_BATCH, "1e999", "not a number");
    refused(F_PREFIX_HIT, "1.01", "0 to 1");
    refused(F_UTILISATION, "0", "above 0 to 1");
    refused(F_SKEW_KIND, "normal", "uniform, zipf, pareto or file");
    refused(F_GPU, "a-name-that-is-far-longer-than-any-preset-id-in-the-files", "too long");
}

static void prints_what_it_reads(void **state) {
    static const char *const texts[] = {"0.1", "3", "0.30000000000000004", "2.999", "1e-05", "99.99"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct scenario s, again;
        char text[VALUE_LEN];
        scenario_init(&s);
        again = s;
        assert_true(scenario_parse(&s, &scenario_fields[F_PRICE], texts[i], err));
        assert_true(scenario_parse(&again, &scenario_fields[F_PRICE], scenario_print(&s, &scenario_fields[F_PRICE], text), err));
        assert_true(scenario_equal(&s, &again));
    }
}

/* Every row of the table is whole: it has its words, a default that it accepts itself, and a sensible scale. */
static void table_is_whole(void **state) {
    (void)state;
    for (int i = 0; i < FIELD_COUNT; i++) {
        const struct field *f = &scenario_fields[i];
        struct scenario s;
        char text[VALUE_LEN];
        assert_non_null(f->id);
        assert_true(f->label && *f->label && f->help && *f->help);
        assert_true((f->default_text != NULL) + (f->default_note != NULL) == 1);
        assert_ptr_equal(scenario_find_field(f->id), f);
        scenario_init(&s);
        assert_true(scenario_is_default(&s, f));
        if (f->default_text && !scenario_parse(&s, f, f->default_text, err))
            fail_msg("%s", err);
        assert_true(strlen(field_range(f, text)) > 0);
        if (f->type != FIELD_TEXT)
            assert_true(f->max > f->min && f->step > 0 && (f->scale == SCALE_LINEAR || f->min > 0 || f->type == FIELD_INTEGER));
    }
}

static void dashes_are_underscores(void **state) {
    (void)state;
    assert_ptr_equal(scenario_find_field("gpus-per-node"), &scenario_fields[F_GPUS_PER_NODE]);
    assert_null(scenario_find_field("gpu_"));
    assert_null(scenario_find_field("gp"));
}

static void estimate_table_is_whole(void **state) {
    (void)state;
    for (int i = 0; i < ESTIMATE_FIELD_COUNT; i++) {
        const struct estimate_field *f = &estimate_fields[i];
        assert_true(f->id && f->label && f->help);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(estimate_fields[j].id, f->id);
        for (int j = 0; j < FIELD_COUNT; j++) /* they share the columns of a file */
            assert_string_not_equal(scenario_fields[j].id, f->id);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers), cmocka_unit_test(slips), cmocka_unit_test(prints_what_it_reads),
        cmocka_unit_test(table_is_whole), cmocka_unit_test(dashes_are_underscores), cmocka_unit_test(estimate_table_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
