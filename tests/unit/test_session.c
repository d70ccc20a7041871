/* The session: history, exports, journal, reading back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session/session.h"

static struct catalog *catalog;
static struct load_cache cache;
static char folder[256];
static char err[ERROR_LEN];

static int setup(void **state) {
    (void)state;
    const char *shipped = getenv("MOESCOPE_PRESETS"), *srcdir = getenv("srcdir"), *tmp = getenv("TMPDIR");
    char presets[4096];
    snprintf(presets, sizeof presets, "%s/presets", srcdir ? srcdir : ".");
    catalog = catalog_open(shipped ? shipped : presets, NULL, NULL, err);
    if (!catalog)
        fprintf(stderr, "%s\n", err);
    snprintf(folder, sizeof folder, "%.200s/moescope-session.XXXXXX", tmp ? tmp : "/tmp");
    return catalog && mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int count_files(void) {
    int n = 0;
    DIR *d = opendir(folder);
    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

static void remove_files(void) {
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;)
        if (e->d_name[0] != '.')
            unlink(e->d_name);
    if (d)
        closedir(d);
}

static int teardown(void **state) {
    (void)state;
    remove_files();
    catalog_close(catalog);
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static void set(struct scenario *s, const char *id, const char *text) {
    if (!scenario_parse(s, scenario_find_field(id), text, err))
        fail_msg("%s", err);
}

static bool is_default(const struct scenario *s, const char *id) {
    return scenario_is_default(s, scenario_find_field(id));
}

static double number(const struct scenario *s, const char *id) {
    return scenario_number(s, scenario_find_field(id));
}

static struct session *new_session(void) {
    struct scenario a, b;
    scenario_init(&a);
    scenario_init(&b);
    set(&b, "model", "llama-3.3-70b");
    set(&b, "gpus", "4");
    return session_new(&a, &b);
}

static void edit(struct session *s, int slot, const char *id, const char *text) {
    struct scenario next = *session_scenario(s, slot);
    set(&next, id, text);
    session_edit(s, slot, &next);
}

static void write_file(const char *path, const char *text) {
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static char *read_file(const char *path) {
    static char text[2][1 << 16];
    static int turn;
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    turn = !turn;
    text[turn][fread(text[turn], 1, sizeof text[turn] - 1, in)] = '\0';
    fclose(in);
    return text[turn];
}

static size_t count_lines(const char *path) {
    size_t n = 0;
    for (const char *p = read_file(path); *p; p++)
        n += *p == '\n';
    return n;
}

/* --- history -------------------------------------------------------------------------------------------- */

static void test_undo_and_redo_are_states(void **state) {
    (void)state;
    struct session *s = new_session();
    assert_int_equal(session_state_count(s), 1);
    assert_int_equal(session_undo(s), 0);
    assert_int_equal(session_redo(s), 0);
    edit(s, SLOT_A, "isl", "700");
    edit(s, SLOT_B, "batch", "8");
    edit(s, SLOT_A, "isl", "800");
    assert_int_equal(session_state_count(s), 4);
    assert_int_equal(session_undo(s), 1u << SLOT_A);
    assert_true(number(session_scenario(s, SLOT_A), "isl") == 700);
    assert_true(number(session_scenario(s, SLOT_B), "batch") == 8);
    assert_int_equal(session_undo(s), 1u << SLOT_B);
    assert_true(is_default(session_scenario(s, SLOT_B), "batch"));
    assert_int_equal(session_redo(s), 1u << SLOT_B);
    assert_true(number(session_scenario(s, SLOT_B), "batch") == 8);
    assert_int_equal(session_state_count(s), 7);
    session_free(s);
}

static void test_edit_forgets_what_was_undone(void **state) {
    (void)state;
    struct session *s = new_session();
    edit(s, SLOT_A, "isl", "700");
    edit(s, SLOT_A, "isl", "800");
    session_undo(s);
    edit(s, SLOT_A, "osl", "9");
    assert_int_equal(session_redo(s), 0);
    assert_int_equal(session_undo(s), 1u << SLOT_A);
    assert_true(number(session_scenario(s, SLOT_A), "isl") == 700);
    assert_true(is_default(session_scenario(s, SLOT_A), "osl"));
    session_free(s);
}

static void test_equal_edit_is_no_state(void **state) {
    (void)state;
    struct session *s = new_session();
    struct scenario same = *session_scenario(s, SLOT_A);
    session_edit(s, SLOT_A, &same);
    assert_int_equal(session_state_count(s), 1);
    assert_false(session_dirty(s));
    session_free(s);
}

/* Resetting hands the session a scenario out of its own history, which may move while it grows. */
static void test_long_history_back_to_origin(void **state) {
    (void)state;
    struct session *s = new_session();
    const struct scenario first = *session_scenario(s, SLOT_A);
    for (int i = 1; i <= 1000; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        edit(s, SLOT_A, "isl", text);
        session_edit(s, SLOT_A, session_origin(s, SLOT_A));
        assert_true(scenario_equal(session_scenario(s, SLOT_A), &first));
    }
    for (int i = 0; i < 2000; i++)
        assert_int_equal(session_undo(s), 1u << SLOT_A);
    assert_int_equal(session_undo(s), 0);
    assert_true(scenario_equal(session_scenario(s, SLOT_A), &first));
    for (int i = 0; i < 1999; i++)
        session_redo(s);
    assert_true(number(session_scenario(s, SLOT_A), "isl") == 1000);
    session_free(s);
}

/* --- export --------------------------------------------------------------------------------------------- */

static void test_export_is_read_back(void **state) {
    (void)state;
    struct scenario slots[SLOT_COUNT];
    struct session *s = new_session();
    edit(s, SLOT_A, "isl", "700");
    edit(s, SLOT_B, "prefix_hit", "0.1");
    edit(s, SLOT_B, "slo_ttft_ms", "250");
    edit(s, SLOT_A, "skew_kind", "zipf");
    assert_true(session_dirty(s));
    assert_true(session_export(s, catalog, &cache, "export.csv", false, err));
    assert_false(session_dirty(s));
    assert_int_equal(count_files(), 1); /* no temporary is left */
    assert_int_equal(count_lines("export.csv"), 1 + 2 * session_state_count(s));
    if (!session_load("export.csv", catalog, slots, err))
        fail_msg("%s", err);
    assert_true(scenario_equal(&slots[SLOT_A], session_scenario(s, SLOT_A)));
    assert_true(scenario_equal(&slots[SLOT_B], session_scenario(s, SLOT_B)));
    remove_files();
    session_free(s);
}

static void test_export_replaces_only_when_told(void **state) {
    (void)state;
    struct session *s = new_session();
    write_file("there.csv", "mine\n");
    assert_false(session_export(s, catalog, &cache, "there.csv", false, err));
    assert_non_null(strstr(err, "there.csv"));
    assert_string_equal(read_file("there.csv"), "mine\n");
    assert_true(session_export(s, catalog, &cache, "there.csv", true, err));
    assert_int_equal(count_lines("there.csv"), 3);
    assert_int_equal(count_files(), 1);
    remove_files();
    session_free(s);
}

static void test_export_keeps_links_and_devices(void **state) {
    (void)state;
    struct stat st;
    struct session *s = new_session();
    write_file("real.csv", "mine\n");
    assert_int_equal(symlink("real.csv", "link.csv"), 0);
    assert_true(session_export(s, catalog, &cache, "link.csv", true, err));
    assert_int_equal(lstat("link.csv", &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(count_lines("real.csv"), 3);
    assert_false(session_export(s, catalog, &cache, "/dev/null", true, err));
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    remove_files();
    session_free(s);
}

static void test_export_tells_what_failed(void **state) {
    (void)state;
    struct session *s = new_session();
    assert_false(session_export(s, catalog, &cache, "no/such/folder/x.csv", false, err));
    assert_non_null(strstr(err, "no/such/folder/x.csv"));
    assert_false(session_export(s, catalog, &cache, "", false, err));
    session_free(s);
}

static void test_time_is_when_the_state_came_about(void **state) {
    (void)state;
    setenv("SOURCE_DATE_EPOCH", "0", 1);
    struct session *s = new_session();
    setenv("SOURCE_DATE_EPOCH", "86399", 1);
    edit(s, SLOT_A, "isl", "700");
    setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
    assert_true(session_export(s, catalog, &cache, "time.csv", false, err));
    unsetenv("SOURCE_DATE_EPOCH");
    const char *text = read_file("time.csv");
    assert_non_null(strstr(text, "\n1,1970-01-01T00:00:00Z,A,"));
    assert_non_null(strstr(text, "\n1,1970-01-01T00:00:00Z,B,"));
    assert_non_null(strstr(text, "\n2,1970-01-01T23:59:59Z,A,"));
    assert_null(strstr(text, "2023-"));
    remove_files();
    session_free(s);
}

/* --- reading -------------------------------------------------------------------------------------------- */

/* A default that has become another value since keeps the value of the file; one that hangs on it is judged
 * after. */
static void test_moved_default_keeps_the_value(void **state) {
    (void)state;
    struct scenario slots[SLOT_COUNT];
    write_file("moved.csv", "state,slot,model,gpus,tp,batch,defaults\n"
                            "1,A,mixtral-8x7b,4,4,32,gpus tp batch\n"
                            "1,B,mixtral-8x7b,2,1,32,model gpus tp\n");
    if (!session_load("moved.csv", catalog, slots, err))
        fail_msg("%s", err);
    assert_true(number(&slots[SLOT_A], "gpus") == 4); /* the default is 2 */
    assert_true(is_default(&slots[SLOT_A], "tp"));
    assert_true(is_default(&slots[SLOT_A], "batch"));
    assert_false(is_default(&slots[SLOT_A], "model"));
    assert_true(is_default(&slots[SLOT_B], "model"));
    assert_true(is_default(&slots[SLOT_B], "gpus"));
    assert_true(number(&slots[SLOT_B], "tp") == 1); /* the default is 2 */
    assert_true(number(&slots[SLOT_B], "batch") == 32);
    remove_files();
}

static void test_bad_session_files_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } files[] = {
        {"", "no header"},
        {"model\nmixtral-8x7b\n", "no column 'state'"},
        {"state,slot,model\n", "no row for slot A"},
        {"state,slot,model\n1,A,\n", "no row for slot B"},
        {"state,slot,model\n1,A,\n1,C,\n", "bad.csv:3"},
        {"state,slot,model\n0,A,\n", "1 or more"},
        {"state,slot,model\n2,A,\n1,B,\n", "2 or more"},
        {"state,slot,model\n1x,A,\n", "bad.csv:2"},
        {"state,slot,model,isl\n1,A,,0\n1,B,,\n", "bad.csv:2"},
        {"state,slot,model,defaults\n1,A,,isl\n1,B,,islx\n", "bad.csv:3"},
    };
    struct scenario slots[SLOT_COUNT];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        write_file("bad.csv", files[i].text);
        assert_false(session_load("bad.csv", catalog, slots, err));
        if (!strstr(err, files[i].says) || !strstr(err, "bad.csv"))
            fail_msg("file %zu: %s", i, err);
    }
    assert_false(session_load("not-there.csv", catalog, slots, err));
    remove_files();
}

/* --- journal -------------------------------------------------------------------------------------------- */

static void test_journal_follows_and_continues(void **state) {
    (void)state;
    struct scenario slots[SLOT_COUNT];
    struct session *s = new_session();
    assert_true(session_journal_flush(s, catalog, &cache, err)); /* none: nothing to do */
    assert_true(session_journal(s, catalog, "journal.csv", err));
    assert_true(session_journal_flush(s, catalog, &cache, err));
    edit(s, SLOT_A, "isl", "700");
    session_undo(s);
    assert_true(session_journal_flush(s, catalog, &cache, err));
    assert_false(session_dirty(s));
    assert_int_equal(count_lines("journal.csv"), 7);
    session_free(s);

    s = new_session();
    edit(s, SLOT_B, "osl", "9");
    if (!session_journal(s, catalog, "journal.csv", err) || !session_journal_flush(s, catalog, &cache, err))
        fail_msg("%s", err);
    assert_int_equal(count_lines("journal.csv"), 9);
    assert_non_null(strstr(read_file("journal.csv"), "\n4,"));
    assert_true(session_load("journal.csv", catalog, slots, err));
    assert_true(scenario_equal(&slots[SLOT_B], session_scenario(s, SLOT_B)));
    remove_files();
    session_free(s);
}

static void test_journal_of_a_full_disk_stays_whole(void **state) {
    (void)state;
    struct scenario slots[SLOT_COUNT];
    struct rlimit limit, small;
    struct session *s = new_session();
    assert_true(session_journal(s, catalog, "journal.csv", err));
    assert_true(session_journal_flush(s, catalog, &cache, err));
    const size_t before = strlen(read_file("journal.csv"));

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = limit;
    small.rlim_cur = before + 100; /* room for a part of the next state */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    edit(s, SLOT_A, "isl", "700");
    bool written = session_journal_flush(s, catalog, &cache, err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_false(written);
    assert_non_null(strstr(err, "journal.csv"));
    assert_true(session_dirty(s));
    assert_int_equal(strlen(read_file("journal.csv")), before);

    assert_true(session_journal_flush(s, catalog, &cache, err));
    assert_int_equal(count_lines("journal.csv"), 5);
    assert_true(session_load("journal.csv", catalog, slots, err));
    remove_files();
    session_free(s);
}

static void test_journal_refuses_what_it_would_spoil(void **state) {
    (void)state;
    static const char *const texts[] = {"a,b\n1,2\n", "state,slot,model\n1,A,\n1,B,\n", "state,time,slot",
                                        "\n"};
    struct session *s = new_session();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_file("journal.csv", texts[i]);
        assert_false(session_journal(s, catalog, "journal.csv", err));
        assert_non_null(strstr(err, "journal.csv:1"));
        assert_string_equal(read_file("journal.csv"), texts[i]);
    }
    write_file("journal.csv", ""); /* an empty file is as good as none */
    assert_true(session_journal(s, catalog, "journal.csv", err));
    assert_int_equal(count_lines("journal.csv"), 1);
    assert_false(session_journal(s, catalog, "/dev/null", err));
    remove_files();
    session_free(s);
}

/* Swapped scenarios come back with one undo, and one state of the file holds both. */
static void test_edit_of_both_is_one_step(void **state) {
    (void)state;
    struct session *s = new_session();
    edit(s, SLOT_A, "isl", "700");
    struct scenario swapped[SLOT_COUNT] = {*session_scenario(s, SLOT_B), *session_scenario(s, SLOT_A)};
    assert_int_equal(session_edit_both(s, swapped), 3);
    assert_int_equal(session_edit_both(s, swapped), 0);
    assert_int_equal(session_state_count(s), 3);
    assert_true(number(session_scenario(s, SLOT_B), "isl") == 700);
    assert_int_equal(session_undo(s), 3);
    assert_true(number(session_scenario(s, SLOT_A), "isl") == 700);
    assert_true(is_default(session_scenario(s, SLOT_B), "isl"));
    assert_int_equal(session_redo(s), 3);
    assert_true(number(session_scenario(s, SLOT_B), "isl") == 700);
    session_free(s);
}

/* Two writers would give their states the same numbers: the second is refused, and may come when the first has gone. */
static void test_journal_has_one_writer(void **state) {
    (void)state;
    struct session *first = new_session(), *second = new_session();
    assert_true(session_journal(first, catalog, "journal.csv", err));
    assert_true(session_journal_flush(first, catalog, &cache, err));
    assert_false(session_journal(second, catalog, "journal.csv", err));
    assert_non_null(strstr(err, "journal.csv: another moescope"));
    assert_true(session_journal_flush(second, catalog, &cache, err)); /* it has no journal */
    assert_int_equal(count_lines("journal.csv"), 3);
    session_free(first);
    assert_true(session_journal(second, catalog, "journal.csv", err));
    assert_true(session_journal_flush(second, catalog, &cache, err));
    assert_int_equal(count_lines("journal.csv"), 5);
    remove_files();
    session_free(second);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_undo_and_redo_are_states),
        cmocka_unit_test(test_edit_forgets_what_was_undone),
        cmocka_unit_test(test_equal_edit_is_no_state),
        cmocka_unit_test(test_long_history_back_to_origin),
        cmocka_unit_test(test_export_is_read_back),
        cmocka_unit_test(test_export_replaces_only_when_told),
        cmocka_unit_test(test_export_keeps_links_and_devices),
        cmocka_unit_test(test_export_tells_what_failed),
        cmocka_unit_test(test_time_is_when_the_state_came_about),
        cmocka_unit_test(test_moved_default_keeps_the_value),
        cmocka_unit_test(test_bad_session_files_are_refused),
        cmocka_unit_test(test_journal_follows_and_continues),
        cmocka_unit_test(test_journal_of_a_full_disk_stays_whole),
        cmocka_unit_test(test_journal_refuses_what_it_would_spoil),
        cmocka_unit_test(test_edit_of_both_is_one_step),
        cmocka_unit_test(test_journal_has_one_writer),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
