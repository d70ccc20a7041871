/* The view of the articles: a row's deployment goes into the slot under edit, as one undoable state; a row without one
 * says so; whatever is said about a row has room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "catalog/articles.h"
#include "explore/law_table.h"
#include "explore/rules.h"
#include "scratch.h"
#include "tui/ui_state.h"

struct bench {
    struct catalog *catalog;
    struct session *session;
    struct ui *ui;
    struct canvas canvas;
};

static int set_up(void **state) {
    struct bench *b = calloc(1, sizeof *b);
    b->catalog = open_shipped();
    b->session =
        session_new(&catalog_scenario_at(b->catalog, 0)->scenario, &catalog_scenario_at(b->catalog, 1)->scenario);
    b->ui = ui_new(b->catalog, b->session);
    b->canvas.glyphs = GLYPHS_UTF8;
    if (!b->ui || !canvas_resize(&b->canvas, 100, 30))
        abort();
    while (b->ui->wide != WIDE_ARTICLES)
        ui_key(b->ui, '>');
    ui_key(b->ui, KEYCODE_TAB);
    ui_draw(b->ui, &b->canvas);
    *state = b;
    return 0;
}

static int tear_down(void **state) {
    struct bench *b = *state;
    ui_free(b->ui);
    session_free(b->session);
    catalog_close(b->catalog);
    canvas_free(&b->canvas);
    free(b);
    return 0;
}

/* Walks down to the first row whose note begins so. */
static void go_to(struct bench *b, const char *begins) {
    int n = wide_articles.count(b->ui);
    for (int i = 0; i < n; i++) {
        char note[WIDE_NOTE_LEN] = "";
        wide_articles.note(b->ui, i, note, sizeof note);
        if (strncmp(note, begins, strlen(begins)) == 0) {
            while (b->ui->wide_at[WIDE_ARTICLES].row < i)
                ui_key(b->ui, KEYCODE_DOWN);
            return;
        }
    }
    fail_msg("no row '%s'", begins);
}

static const struct scenario *slot(const struct bench *b, int i) {
    return session_scenario(b->session, i);
}

static void enter_loads_and_undo_restores(void **state) {
    struct bench *b = *state;
    const struct scenario before = *slot(b, SLOT_A), other = *slot(b, SLOT_B);
    const size_t states = session_state_count(b->session);
    go_to(b, "Llama 70B (FP16, TP=2), Theoretical tok/s");
    ui_key(b->ui, KEYCODE_ENTER);
    assert_string_equal(slot(b, SLOT_A)->model, "llama-3.3-70b");
    assert_true(slot(b, SLOT_A)->gpus == 2 && slot(b, SLOT_A)->tp == 2 && slot(b, SLOT_A)->batch == 1);
    assert_true(scenario_equal(slot(b, SLOT_B), &other));
    assert_int_equal(session_state_count(b->session), states + 1);
    assert_non_null(strstr(b->ui->message, "A is now 'Llama 70B (FP16, TP=2)'"));
    assert_false(b->ui->message_error);
    ui_key(b->ui, KEYCODE_ENTER);
    assert_non_null(strstr(b->ui->message, "already"));
    ui_key(b->ui, 'u');
    assert_true(scenario_equal(slot(b, SLOT_A), &before));
}

static void the_slot_under_edit_is_loaded(void **state) {
    struct bench *b = *state;
    const struct scenario other = *slot(b, SLOT_A);
    ui_key(b->ui, 'b');
    go_to(b, "Mixtral 8x7B (FP16), Theoretical tok/s");
    ui_key(b->ui, KEYCODE_ENTER);
    assert_true(scenario_equal(slot(b, SLOT_A), &other));
    assert_true(slot(b, SLOT_B)->gpus == 1);
    assert_non_null(strstr(b->ui->message, "does not fit")); /* the finding itself */
}

/* 12 tables and lists of the first article, 2 of the second. */
static void braces_jump_from_table_to_table(void **state) {
    struct bench *b = *state;
    int *row = &b->ui->wide_at[WIDE_ARTICLES].row, jumps = 0, n = wide_articles.count(b->ui);
    while (*row < n - 1) {
        assert_true(wide_articles.heading(b->ui, *row));
        ui_key(b->ui, '}');
        jumps++;
    }
    assert_int_equal(jumps, 14);
    ui_key(b->ui, '{');
    assert_true(wide_articles.heading(b->ui, *row) && *row < n - 1);
    while (*row > 0)
        ui_key(b->ui, '{');
    ui_key(b->ui, '{');
    assert_int_equal(*row, 0);
}

static void a_claim_has_nothing_to_load(void **state) {
    struct bench *b = *state;
    const size_t states = session_state_count(b->session);
    ui_key(b->ui, KEYCODE_ENTER); /* on the first heading */
    assert_non_null(strstr(b->ui->message, "heading"));
    go_to(b, "cost metric, quality");
    ui_key(b->ui, KEYCODE_ENTER);
    assert_non_null(strstr(b->ui->message, "nothing to load: 'cost metric, quality'"));
    assert_int_equal(session_state_count(b->session), states);
}

/* Every cell has a line, every line a note with room to spare, and the reason is in it whole. */
static void notes_are_whole(void **state) {
    struct bench *b = *state;
    char reason[ARTICLE_REASON_LEN];
    struct load_cache *cache = calloc(1, sizeof *cache);
    int n = wide_articles.count(b->ui), found = 0;
    for (size_t k = 0; k < catalog_article_count(b->catalog); k++) {
        const struct article_cell *cell = catalog_article_at(b->catalog, k);
        struct article_result r;
        article_evaluate(b->catalog, cell, cache, &r);
        article_reason(cell, &r, reason);
        int i = 0;
        for (; i < n; i++) {
            char note[WIDE_NOTE_LEN] = "";
            wide_articles.note(b->ui, i, note, sizeof note);
            if (strlen(note) >= WIDE_NOTE_LEN - 1)
                fail_msg("the note is cut off: %s", note);
            if (strstr(note, reason) && strncmp(note, cell->row, strlen(cell->row)) == 0)
                break;
        }
        if (i == n)
            fail_msg("no note with '%s'", reason);
        found++;
    }
    free(cache);
    assert_int_equal(found, catalog_article_count(b->catalog));
}

static bool is_rule(const char *id) {
    int i = 0;
    while (i < RULE_COUNT && strcmp(rules[i].id, id) != 0)
        i++;
    return i < RULE_COUNT;
}

static bool is_law(const char *id) {
    int i = 0;
    while (i < LAW_COUNT && strcmp(laws[i].id, id) != 0)
        i++;
    return i < LAW_COUNT;
}

/* Claims point to the live rule or law that judges them, and every rule has its claim. */
static void claims_have_their_live_rule(void **state) {
    const struct bench *b = *state;
    const size_t n = catalog_article_count(b->catalog);
    for (size_t i = 0; i < n; i++) {
        const struct article_cell *cell = catalog_article_at(b->catalog, i);
        const bool serving = strcmp(article_names[cell->article], "serving-cost") == 0;
        if (*cell->live && !(serving ? is_rule(cell->live) : is_law(cell->live)))
            fail_msg("%s: no %s '%s'", cell->id, serving ? "rule" : "law", cell->live);
    }
    for (int r = 0; r < RULE_COUNT; r++) {
        size_t i = 0;
        while (i < n && strcmp(catalog_article_at(b->catalog, i)->live, rules[r].id) != 0)
            i++;
        if (i == n)
            fail_msg("no claim has the rule %s", rules[r].id);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(enter_loads_and_undo_restores, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_slot_under_edit_is_loaded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(braces_jump_from_table_to_table, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_claim_has_nothing_to_load, set_up, tear_down),
        cmocka_unit_test_setup_teardown(notes_are_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(claims_have_their_live_rule, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
