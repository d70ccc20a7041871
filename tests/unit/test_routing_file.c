/* Rule: a histogram of expert loads gives the popularity in order, whatever the order of rows and columns; one that
 * cannot be right is refused with file, line, field and what is allowed, and the deployment has nothing of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "core/estimate.h"
#include "scratch.h"

static struct catalog *c;

static int open_all(void **state) {
    (void)state;
    c = open_shipped();
    return 0;
}

static int close_all(void **state) {
    (void)state;
    catalog_close(c);
    scratch_clear();
    return 0;
}

/* Mixtral has 8 experts, 2 of them for each token. */
static struct scenario scenario_with(const char *file) {
    struct scenario s;
    scenario_init(&s);
    snprintf(s.skew_kind, sizeof s.skew_kind, "file");
    snprintf(s.routing_file, sizeof s.routing_file, "%s", file);
    return s;
}

static struct deployment resolved(const struct scenario *s) {
    struct deployment d;
    char err[ERROR_LEN];
    int bad;
    if (!catalog_resolve(c, s, &d, err, &bad))
        fail_msg("%s", err);
    return d;
}

static const double *shares_of(const char *name, const char *text) {
    scratch_write(name, text);
    const struct scenario s = scenario_with(scratch_path(name));
    return resolved(&s).routing;
}

static void assert_shares(const double *is, const double *want) {
    assert_non_null(is);
    for (int e = 0; e < 8; e++)
        if (fabs(is[e] - want[e]) > 1e-12)
            fail_msg("share %d is %.15g, want %.15g", e, is[e], want[e]);
}

static void one_histogram(void **state) {
    static const double want[8] = {0.4, 0.2, 0.15, 0.1, 0.05, 0.05, 0.05, 0};
    (void)state;
    assert_shares(shares_of("plain.csv", "expert,count\n0,5\n1,5\n2,40\n3,10\n4,20\n5,15\n6,0\n7,5\n"), want);
    assert_shares(shares_of("mixed.csv", "\xEF\xBB\xBFnote,count,expert\r\n,0.5,7\r\n,0.5,0\r\n,4,2\r\n,.5,1\r\n"
                                         ",1,3\r\n,2e0,4\r\n,1.5,5\r\nnever,0,6\r\n"),
                  want);
}

/* Layer 0: half, half. Layer 5: all alike. Sorted, then the mean: 5/16 5/16 1/16 ... */
static void layers_are_sorted_each_by_itself(void **state) {
    static const double want[8] = {5 / 16., 5 / 16., 1 / 16., 1 / 16., 1 / 16., 1 / 16., 1 / 16., 1 / 16.};
    (void)state;
    assert_shares(shares_of("layers.csv",
                            "layer,expert,count\n0,0,0\n0,1,9\n5,0,2\n5,1,2\n5,2,2\n0,2,0\n0,3,0\n0,4,0\n0,5,0\n"
                            "0,6,9\n0,7,0\n5,3,2\n5,4,2\n5,5,2\n5,6,2\n5,7,2\n"),
                  want);
    /* hot in one layer, cold in the other: level by id, but no layer is */
    const double *twice =
        shares_of("swapped.csv", "layer,expert,count\n0,0,3\n0,1,1\n0,2,1\n0,3,1\n0,4,1\n0,5,1\n0,6,1\n0,7,1\n"
                                 "1,0,1\n1,1,3\n1,2,1\n1,3,1\n1,4,1\n1,5,1\n1,6,1\n1,7,1\n");
    assert_true(fabs(twice[0] - 0.3) < 1e-12 && fabs(twice[7] - 0.1) < 1e-12);
}

static void huge_counts(void **state) {
    const double *w = shares_of(
        "huge.csv", "expert,count\n0,1e308\n1,1e308\n2,1e308\n3,1e308\n4,1e308\n5,1e308\n6,1e308\n7,1e-300\n");
    (void)state;
    assert_true(fabs(w[0] - 1 / 7.0) < 1e-12 && w[7] < 1e-300);
}

static void read_once(void **state) {
    const double *w = shares_of("kept.csv", "expert,count\n0,1\n1,1\n2,1\n3,1\n4,1\n5,1\n6,1\n7,1\n");
    (void)state;
    assert_ptr_equal(shares_of("kept.csv", "expert,count\nnow,broken\n"), w);
    /* one that was refused is read again */
    const struct scenario s = scenario_with(scratch_path("mended.csv"));
    struct deployment d;
    char err[ERROR_LEN];
    scratch_write("mended.csv", "expert,count\n0,1\n");
    assert_false(catalog_resolve(c, &s, &d, err, NULL));
    scratch_write("mended.csv", "expert,count\n0,1\n1,1\n2,1\n3,1\n4,1\n5,1\n6,1\n7,1\n");
    assert_true(catalog_resolve(c, &s, &d, err, NULL));
}

/* What the estimate makes of it: two of eight experts in 8 of 10 places. */
static void skews_the_estimate(void **state) {
    static struct load_cache cache;
    static struct estimate level, skewed;
    struct scenario s = scenario_with(scratch_path("hot.csv"));
    (void)state;
    scratch_write("hot.csv", "expert,count\n0,40\n1,40\n2,4\n3,4\n4,3\n5,3\n6,3\n7,3\n");
    s.gpus = s.ep = 4, s.batch = 512;
    struct deployment d = resolved(&s);
    assert_int_equal(d.skew_kind, SKEW_FILE);
    estimate(&d, &cache, &skewed);
    assert_true(skewed.feasible && fabs(skewed.load_max_mean - 3.2) < 0.1);
    scenario_set_default(&s, &scenario_fields[F_SKEW_KIND]);
    d = resolved(&s);
    assert_null(d.routing); /* the file waits */
    estimate(&d, &cache, &level);
    assert_true(level.rank_max_mean < skewed.rank_max_mean);
    snprintf(s.skew_kind, sizeof s.skew_kind, "file");
    s.redundant_experts = 4; /* 12 slots on 4 ranks */
    d = resolved(&s);
    estimate(&d, &cache, &level);
    assert_true(level.feasible && level.rank_max_mean < 0.8 * skewed.rank_max_mean);
    assert_true(fabs(level.mem_experts_gb - 1.5 * skewed.mem_experts_gb) < 1e-9);
}

/* --- refusals ------------------------------------------------------------------------------------------------------
 */

static void refused(const struct scenario *s, int field, const char *const *words) {
    struct deployment d;
    char err[ERROR_LEN];
    int bad = -1;
    if (catalog_resolve(c, s, &d, err, &bad))
        fail_msg("taken; expected '%s'", words[0]);
    for (; *words; words++)
        if (!strstr(err, *words))
            fail_msg("'%s' lacks '%s'", err, *words);
    assert_int_equal(bad, field);
    assert_null(d.routing);
}

#define REFUSED(text, ...) refuse_file(text, (const char *const[]){__VA_ARGS__, NULL})

static void refuse_file(const char *text, const char *const *words) {
    scratch_write("bad.csv", text);
    const struct scenario s = scenario_with(scratch_path("bad.csv"));
    refused(&s, F_ROUTING_FILE, words);
}

#define SEVEN "0,1\n1,1\n2,1\n3,1\n4,1\n5,1\n6,1\n"

static void bad_entries(void **state) {
    (void)state;
    REFUSED("expert,count\n0,1\n1,-3\n", "routing_file: ", "bad.csv:3", "'count'", "'-3'", "0 or more");
    REFUSED("expert,count\n0,1\n1,\n", "bad.csv:3", "'count'", "0 or more");
    REFUSED("expert,count\n0,nan\n", "bad.csv:2", "'count'", "'nan'");
    REFUSED("expert,count\n0,1e999\n", "bad.csv:2", "'count'");
    REFUSED("expert,count\n" SEVEN "8,1\n", "bad.csv:9", "'expert'", "'8'", "0 to 7");
    REFUSED("expert,count\n-1,1\n", "bad.csv:2", "'expert'", "0 to 7");
    REFUSED("expert,count\n1.5,1\n", "bad.csv:2", "'expert'", "whole number");
    REFUSED("expert,count\n" SEVEN "\n6,1\n", "bad.csv:10", "'expert'", "each expert once");
    REFUSED("layer,expert,count\n0,0,1\n0,0,1\n", "bad.csv:3", "'expert'", "each expert once in a layer");
    REFUSED("layer,expert,count\nx,0,1\n", "bad.csv:2", "'layer'", "0 to 999");
    REFUSED("expert,count\n0,1,2\n", "bad.csv:2");
}

static void bad_histograms(void **state) {
    (void)state;
    REFUSED("expert,count\n" SEVEN, "bad.csv:2", "'expert'", "7 of the model's 8 experts, 7 is missing", "0 to 7");
    REFUSED("layer,expert,count\n3,0,1\n3,2,1\n", "bad.csv:2", "layer 3: 2 of the model's 8 experts, 1 is missing");
    REFUSED("expert,count\n0,0\n1,0\n2,0\n3,0\n4,0\n5,0\n6,0\n7,0\n", "bad.csv:2", "'count'", "0 experts are above 0",
            "at least the 2");
    REFUSED("expert,count\n0,0\n1,0\n2,5\n3,0\n4,0\n5,0\n6,0\n7,0\n", "bad.csv:2", "'count'", "1 experts are above 0",
            "at least the 2 that each token goes to");
    REFUSED("expert,count\n", "bad.csv", "'expert'", "no row", "0 to 7");
    REFUSED("", "bad.csv:1", "no header");
    REFUSED("expert,tokens\n0,1\n", "bad.csv:1", "'count'", "columns expert and count");
    REFUSED("0,1\n1,1\n", "bad.csv:1", "'expert'", "columns expert and count");
    REFUSED("expert,count\n\"0,1\n", "bad.csv:2", "never closed");
}

static void bad_paths(void **state) {
    static const char *const missing[] = {"/no/such/file.csv", "No such file", "allowed", NULL}, *const folder[] = {
                                                                                                     "directory", NULL};
    static const char *const none[] = {"skew_kind file", "path of a CSV file", "uniform, zipf or pareto", NULL};
    struct scenario s = scenario_with("/no/such/file.csv");
    (void)state;
    refused(&s, F_ROUTING_FILE, missing);
    snprintf(s.routing_file, sizeof s.routing_file, "/tmp");
    refused(&s, F_ROUTING_FILE, folder);
    s.routing_file[0] = '\0';
    refused(&s, F_ROUTING_FILE, none);
    s = scenario_with("/no/such/file.csv"); /* not used, but a slip in the path shows at once */
    s.skew_kind[0] = '\0';
    refused(&s, F_ROUTING_FILE, missing);
}

/* The file of one model is not another's, and a dense one has no experts at all. */
static void of_other_models(void **state) {
    static const char *const words[] = {"ours.csv:2", "8 of the model's 256 experts, 8 is missing", NULL};
    struct scenario s = scenario_with(scratch_path("ours.csv"));
    (void)state;
    scratch_write("ours.csv", "expert,count\n" SEVEN "7,1\n");
    assert_non_null(resolved(&s).routing);
    snprintf(s.model, sizeof s.model, "deepseek-v3");
    refused(&s, F_ROUTING_FILE, words);
    snprintf(s.model, sizeof s.model, "llama-3.3-70b");
    assert_null(resolved(&s).routing);
    snprintf(s.routing_file, sizeof s.routing_file, "/no/such/file.csv");
    assert_null(resolved(&s).routing);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_histogram),      cmocka_unit_test(layers_are_sorted_each_by_itself),
        cmocka_unit_test(huge_counts),        cmocka_unit_test(read_once),
        cmocka_unit_test(skews_the_estimate), cmocka_unit_test(bad_entries),
        cmocka_unit_test(bad_histograms),     cmocka_unit_test(bad_paths),
        cmocka_unit_test(of_other_models),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
