/* The hands of the explorer: commands and their completion, finding, goals, locks, A and B as a pair, the mouse. */
#include "ui_bench.h"

#include "tui/command.h"
#include "tui/figures.h"
#include "tui/hot.h"
#include "tui/slots.h"

static void enter(struct bench *b, const char *line) {
    type(b, ":");
    type(b, line);
    press(b, KEYCODE_ENTER);
}

/* The line is refused: it stays, the message has these words, and no scenario has changed. */
static void assert_refuses(struct bench *b, const char *line, const char *word, const char *allowed) {
    size_t states = session_state_count(b->session);
    enter(b, line);
    if (b->ui->mode != MODE_COMMAND || !b->ui->message_error || !strstr(b->ui->message, word) ||
        !strstr(b->ui->message, allowed))
        fail_msg("':%s' gives mode %d, \"%s\"", line, (int)b->ui->mode, b->ui->message);
    assert_int_equal(session_state_count(b->session), states);
    draw(b, 100, 30);
    assert_true(shows(&b->canvas, line)); /* for mending */
    press(b, KEYCODE_ESC);
}

static void assert_ran(const struct bench *b) {
    if (b->ui->mode == MODE_COMMAND || b->ui->message_error)
        fail_msg("refused: %s", b->ui->message);
}

static const struct scenario *slot(const struct bench *b, int i) {
    return session_scenario(b->session, i);
}

/* --- parsing --- */

static void lines_are_split(void **state) {
    struct words w;
    (void)state;
    assert_true(command_split("  set  batch 256 ", &w));
    assert_true(w.n == 3 && !w.open);
    assert_string_equal(w.text[1], "batch");
    assert_int_equal(w.start[1], 7);
    assert_true(command_split("export \"a b.csv\"", &w));
    assert_string_equal(w.text[1], "a b.csv");
    assert_true(command_split("set ba", &w) && w.open);
    assert_true(command_split("", &w) && w.n == 0);
    assert_false(command_split("a b c d e", &w));
}

static void commands_do_what_they_say(void **state) {
    struct bench *b = *state;
    enter(b, "set batch 256");
    assert_ran(b);
    assert_true(edited(b)->batch == 256 && b->ui->field == F_BATCH);
    enter(b, "isl 2k");
    assert_true(edited(b)->isl == 2000);
    enter(b, "gpu h200-sxm");
    assert_string_equal(edited(b)->gpu, "h200-sxm");
    enter(b, "undo");
    assert_string_equal(edited(b)->gpu, "");
    enter(b, "osl");
    assert_true(b->ui->field == F_OSL && b->ui->mode == MODE_COLUMN);
    enter(b, "view rules");
    assert_int_equal(b->ui->wide, WIDE_RULES);
    enter(b, "row-down"); /* to where it works */
    assert_true(b->ui->mode == MODE_WIDE && b->ui->wide_at[WIDE_RULES].row > 0);
    enter(b, "view panes");
    assert_int_equal(b->ui->wide, WIDE_NONE);
    enter(b, "zoom");
    assert_true(b->ui->zoom);
    enter(b, "load deepseek-v3-8xh200");
    assert_string_equal(edited(b)->model, "deepseek-v3");
    enter(b, "");
    assert_ran(b);
    type(b, ":");
    press(b, KEYCODE_BACKSPACE); /* nothing left to take away */
    assert_int_equal(b->ui->mode, MODE_PANES);
}

static void bad_lines_stay_with_the_reason(void **state) {
    struct bench *b = *state;
    assert_refuses(b, "sett batch 3", "'sett'", "did you mean 'set'");
    assert_refuses(b, "set batchh 3", "'batchh'", "did you mean 'batch'");
    assert_refuses(b, "set batch none", "'none'", "1 to 65536");
    assert_refuses(b, "batch 3 4", "'4'", "batch VALUE");
    assert_refuses(b, "set batch", "needs more", "set FIELD VALUE");
    assert_refuses(b, "gpu h200", "no gpu 'h200'", "h200-sxm");
    assert_refuses(b, "model ./no/config.json", "no/config.json", "");
    assert_refuses(b, "skew_kind flat", "'flat'", "pareto");
    assert_refuses(b, "load nothing", "'nothing'", "allowed: ");
    assert_refuses(b, "view rulse", "'rulse'", "panes, operators");
    assert_refuses(b, "goal speed 3", "'speed'", "tpot_ms");
    assert_refuses(b, "goal tpot fast", "'fast'", "above 0, in ms");
    assert_refuses(b, "goal tpot -1", "'-1'", "above 0");
    assert_refuses(b, "goal tpot 30 gpus", "'gpus'", "batch, layout");
    assert_refuses(b, "equal colour", "'colour'", "memory, price, tpot, gpus");
    assert_refuses(b, "lock batchh", "'batchh'", "did you mean 'batch'");
    assert_refuses(b, "undo twice", "'twice'", "takes none");
    assert_refuses(b, "take", "'take'", "allowed: ");
    assert_refuses(b, "row-up", "'row-up'", "views");
    assert_refuses(b, "a b c d e", "more than 4", "command");
    enter(b, "batch x");
    for (int i = 0; i < 1; i++)
        press(b, KEYCODE_BACKSPACE);
    type(b, "7"); /* mended */
    press(b, KEYCODE_ENTER);
    assert_true(edited(b)->batch == 7);
}

/* --- completion and history --- */

static const char *completed(struct bench *b, const char *line, int tabs) {
    static char text[ENTRY_LEN + 8];
    char row[1024];
    type(b, ":");
    type(b, line);
    for (int i = 0; i < tabs; i++)
        press(b, KEYCODE_TAB);
    draw(b, 100, 30);
    row_text(&b->canvas, 2, 28, 90, row);
    snprintf(text, sizeof text, "%.100s", row);
    press(b, KEYCODE_ESC);
    for (size_t n = strlen(text); n > 0 && text[n - 1] == ' '; n--)
        text[n - 1] = '\0';
    return text;
}

static void tab_completes_from_the_tables(void **state) {
    struct bench *b = *state;
    assert_string_equal(completed(b, "bat", 1), "batch");
    assert_string_equal(completed(b, "set bat", 1), "set batch");
    assert_string_equal(completed(b, "gpu h200-s", 1), "gpu h200-sxm");
    assert_string_equal(completed(b, "set gpu h200-s", 1), "set gpu h200-sxm");
    assert_string_equal(completed(b, "skew_kind pa", 1), "skew_kind pareto");
    assert_string_equal(completed(b, "view ru", 1), "view rules");
    assert_string_equal(completed(b, "goal tpot", 1), "goal tpot_ms");
    assert_string_equal(completed(b, "goal tpot 30 l", 1), "goal tpot 30 layout");
    assert_string_equal(completed(b, "equal t", 1), "equal tpot");
    assert_string_equal(completed(b, "load deepseek-v3-8xh2", 1), "load deepseek-v3-8xh200");
    assert_string_equal(completed(b, "zo", 1), "zoom");
    assert_string_equal(completed(b, "lock spec_a", 1), "lock spec_acceptance");
    /* as far as is certain, then one after the other */
    assert_string_equal(completed(b, "spec", 1), "spec_");
    assert_string_equal(completed(b, "spec", 2), "spec_depth");
    assert_string_equal(completed(b, "spec", 3), "spec_acceptance");
    assert_string_equal(completed(b, "spec", 5), "spec_depth");
    assert_string_equal(completed(b, "xyzzy", 1), "xyzzy");
    /* every candidate begins with what is typed, and all ids are among those of an empty line */
    char word[VALUE_LEN];
    size_t start, fields = 0;
    for (size_t i = 0; command_candidate(b->ui, "", i, &start, word); i++)
        fields += scenario_find_field(word) != NULL;
    assert_int_equal(fields, FIELD_COUNT);
    for (size_t i = 0; command_candidate(b->ui, "set gpu a", i, &start, word); i++)
        assert_true(word[0] == 'a' && start == 8);
}

static void older_lines_come_back(void **state) {
    struct bench *b = *state;
    enter(b, "batch 8");
    enter(b, "isl 99");
    type(b, ":x");
    press(b, KEYCODE_UP);
    press(b, KEYCODE_UP);
    press(b, KEYCODE_UP);
    assert_string_equal(b->ui->message, "no older line");
    press(b, KEYCODE_BACKSPACE);
    type(b, "9");
    press(b, KEYCODE_ENTER);
    assert_true(edited(b)->batch == 9);
    type(b, ":zo");
    press(b, KEYCODE_UP);
    press(b, KEYCODE_DOWN); /* what was being typed */
    type(b, "om");
    press(b, KEYCODE_ENTER);
    assert_true(b->ui->zoom);
}

/* --- goals --- */

static void a_goal_is_met_and_no_more(void **state) {
    struct bench *b = *state;
    enter(b, "goal tpot 30");
    assert_ran(b);
    int batch = (int)edited(b)->batch;
    assert_true(b->ui->view.slot[SLOT_A].now.tpot_ms <= 30);
    assert_non_null(strstr(b->ui->message, "A: batch 32 → "));
    press(b, '+');
    assert_true(edited(b)->batch == batch + 1 && b->ui->view.slot[SLOT_A].now.tpot_ms > 30);
    type(b, "uu");
    assert_true(isnan(edited(b)->batch));

    assert_refuses(b, "goal tpot 9", "no batch keeps TPOT 9 ms", "layout");
    enter(b, "goal tpot 9 layout");
    assert_ran(b);
    assert_true(b->ui->view.slot[SLOT_A].now.tpot_ms <= 9);
    type(b, "u");
    assert_true(isnan(edited(b)->tp));
    assert_refuses(b, "goal tpot 0.1 layout", "no layout keeps TPOT 0.1 ms", "the best is");
}

static void a_is_made_equal_to_b(void **state) {
    struct bench *b = *state;
    const struct estimate *e[] = {&b->ui->view.slot[SLOT_A].now, &b->ui->view.slot[SLOT_B].now};
    enter(b, "equal price"); /* 4 GPUs at $3 */
    assert_ran(b);
    assert_true(edited(b)->gpus == 4 && e[0]->cost_h == e[1]->cost_h);
    assert_non_null(strstr(b->ui->message, "gpus 2 → 4; rent 12 $/h beside B's 12 $/h"));
    type(b, "u");
    assert_true(isnan(edited(b)->gpus));
    enter(b, "equal tpot");
    assert_true(fabs(e[0]->tpot_ms / e[1]->tpot_ms - 1) < 0.02);
    enter(b, "equal memory");
    assert_ran(b);
    enter(b, "equal gpus");
    assert_true(edited(b)->gpus == 4);
    enter(b, "gpus 1"); /* Mixtral does not fit one GPU: it has no TPOT */
    type(b, "b");
    assert_refuses(b, "equal tpot", "tpot of A is not known", "nothing can be made equal");
}

/* --- A and B --- */

static void swap_and_copy_are_one_step(void **state) {
    struct bench *b = *state;
    struct scenario a = *slot(b, SLOT_A), c = *slot(b, SLOT_B);
    type(b, "S");
    assert_true(scenario_equal(slot(b, SLOT_A), &c) && scenario_equal(slot(b, SLOT_B), &a));
    assert_true(b->ui->view.slot[SLOT_A].deployment.gpus == 4); /* worked out anew */
    type(b, "u");
    assert_true(scenario_equal(slot(b, SLOT_A), &a) && scenario_equal(slot(b, SLOT_B), &c));
    type(b, "bC");
    assert_true(scenario_equal(slot(b, SLOT_A), &c) && scenario_equal(slot(b, SLOT_B), &c));
    type(b, "C");
    assert_non_null(strstr(b->ui->message, "alike already"));
    type(b, "u");
    assert_true(scenario_equal(slot(b, SLOT_A), &a));
}

static void locked_fields_change_together(void **state) {
    struct bench *b = *state;
    go_to(b, F_BATCH);
    type(b, "L");
    assert_true(isnan(slot(b, SLOT_A)->batch) && isnan(slot(b, SLOT_B)->batch)); /* locking changes nothing */
    draw(b, 100, 30);
    assert_true(shows(&b->canvas, "batch        ="));
    size_t states = session_state_count(b->session);
    press(b, KEYCODE_RIGHT);
    assert_true(slot(b, SLOT_A)->batch == 64 && slot(b, SLOT_B)->batch == 64);
    assert_int_equal(session_state_count(b->session), states + 1);
    assert_true(b->ui->view.slot[SLOT_B].deployment.batch == 64);
    enter(b, "isl 1000"); /* free */
    assert_true(slot(b, SLOT_A)->isl == 1000 && isnan(slot(b, SLOT_B)->isl));
    type(b, "uu");
    assert_true(isnan(slot(b, SLOT_A)->batch) && isnan(slot(b, SLOT_B)->batch));
    enter(b, "lock gpu");
    type(b, "b");
    enter(b, "gpu h200-sxm");
    assert_string_equal(slot(b, SLOT_A)->gpu, "h200-sxm");
    enter(b, "lock gpu");
    enter(b, "gpu b200-sxm");
    assert_string_equal(slot(b, SLOT_A)->gpu, "h200-sxm");
    assert_refuses(b, "gpu nothing", "nothing", "gpu");
}

static void the_difference_is_b_over_a(void **state) {
    struct bench *b = *state;
    char text[APART_LEN];
    const struct estimate *e[] = {&b->ui->view.slot[SLOT_A].now, &b->ui->view.slot[SLOT_B].now};
    assert_string_equal(figures_apart(e[0], e[1], E_COST_H, text), "×2"); /* 2 and 4 GPUs at $3 */
    assert_string_equal(figures_apart(e[1], e[0], E_COST_H, text), "×0.5");
    assert_string_equal(figures_apart(e[0], e[0], E_COST_H, text), "");
    enter(b, "gpus 3");
    draw(b, 200, 60);
    assert_true(shows(&b->canvas, "B/A") && shows(&b->canvas, "×1.33") == false);
    assert_string_equal(figures_apart(e[0], e[1], E_COST_H, text), e[0]->feasible ? "+33 %" : "");
}

/* --- finding --- */

static void find_goes_there(void **state) {
    struct bench *b = *state;
    int field = b->ui->field;
    type(b, "/util");
    assert_int_equal(b->ui->field, F_UTILISATION); /* as it is typed */
    press(b, KEYCODE_ESC);
    assert_int_equal(b->ui->field, field);
    type(b, "/util");
    press(b, KEYCODE_ENTER);
    assert_true(b->ui->field == F_UTILISATION && b->ui->mode == MODE_COLUMN);
    type(b, "/artic");
    press(b, KEYCODE_ENTER);
    assert_int_equal(b->ui->wide, WIDE_ARTICLES);
    type(b, "/panes");
    press(b, KEYCODE_ENTER);
    assert_int_equal(b->ui->wide, WIDE_NONE);
    type(b, "/deepseek-v3-8xh2");
    press(b, KEYCODE_ENTER);
    assert_string_equal(edited(b)->model, "deepseek-v3");
    type(b, "/exchange");
    press(b, KEYCODE_ENTER);
    assert_string_equal(slot(b, SLOT_B)->model, "deepseek-v3");
    type(b, "/xyzzy");
    press(b, KEYCODE_ENTER);
    assert_true(b->ui->mode == MODE_FIND && b->ui->message_error);
}

static void help_shows_what_is_searched(void **state) {
    struct bench *b = *state;
    type(b, "?/exchange");
    draw(b, 80, 24);
    assert_true(shows(&b->canvas, "exchange A and B") && !shows(&b->canvas, "choose a field"));
    press(b, KEYCODE_ENTER);
    draw(b, 80, 24);
    assert_true(b->ui->mode == MODE_HELP && shows(&b->canvas, "exchange A and B") && !shows(&b->canvas, "choose a field"));
    press(b, KEYCODE_ESC); /* one step: all of the help */
    draw(b, 80, 24);
    assert_true(b->ui->mode == MODE_HELP && shows(&b->canvas, "choose a field"));
    press(b, KEYCODE_ESC);
    assert_int_equal(b->ui->mode, MODE_COLUMN);
}

/* --- the mouse --- */

static void mouse(struct bench *b, int x, int y, enum mouse_kind kind) {
    struct mouse m = {x, y, kind};
    assert_int_not_equal(ui_mouse(b->ui, &m), UI_NOTHING);
}

/* The first place of a kind that is on top; the last cell of it if `end`. */
static void click(struct bench *b, enum hot_kind kind, int index, bool end, enum mouse_kind how) {
    draw(b, 100, 30);
    for (int i = 0; i < b->ui->hots->n; i++) {
        const struct hot *h = &b->ui->hots->item[i];
        if (h->kind != kind || h->index != index)
            continue;
        mouse(b, end ? h->r.x + h->r.w - 1 : h->r.x, h->r.y, how);
        return;
    }
    fail_msg("nothing of kind %d, %d on the screen", (int)kind, index);
}

static void clicks_set_values(void **state) {
    struct bench *b = *state;
    click(b, HOT_TRACK, F_BATCH, true, MOUSE_CLICK);
    assert_true(edited(b)->batch == scenario_fields[F_BATCH].max);
    click(b, HOT_TRACK, F_BATCH, false, MOUSE_CLICK);
    assert_true(edited(b)->batch == 1);
    click(b, HOT_MORE, F_GPU, false, MOUSE_CLICK);
    assert_int_equal(b->ui->field, F_GPU);
    assert_string_not_equal(edited(b)->gpu, "");
    type(b, "u");
    click(b, HOT_FIELD, F_ISL, false, MOUSE_CLICK);
    assert_int_equal(b->ui->field, F_ISL);
    click(b, HOT_FIELD, F_ISL, false, MOUSE_DOUBLE);
    assert_int_equal(b->ui->mode, MODE_ENTRY);
    press(b, KEYCODE_ESC);
    /* a click where the mark stands leaves what stands on a step where it is */
    draw(b, 100, 30);
    for (int batch = 1; batch <= 65536; batch *= 16) {
        char line[32];
        snprintf(line, sizeof line, "batch %d", batch);
        enter(b, line);
        draw(b, 100, 30);
        for (int i = 0; i < b->ui->hots->n; i++) {
            struct hot h = b->ui->hots->item[i];
            if (h.kind != HOT_TRACK || h.index != F_BATCH)
                continue;
            int x = h.r.x;
            while (b->canvas.cell[h.r.y * b->canvas.w + x].glyph != 0x25CF)
                x++;
            mouse(b, x, h.r.y, MOUSE_CLICK);
            double share = (x - h.r.x) / (double)(h.r.w - 1) * 16; /* 65536 is 2^16 */
            assert_true(fabs(log2(edited(b)->batch) - share) <= 0.5);
            break;
        }
    }
}

/* The place of an action in the key bar; "<> views" has two. */
static void clicks_on_the_key_bar(void **state) {
    struct bench *b = *state;
    const struct action *a;
    for (int round = 0; round < 2; round++)
        for (int i = 0; (a = action_at((size_t)i)) != NULL; i++)
            if (strcmp(a->id, round ? "view-before" : "view-after") == 0)
                click(b, HOT_ACTION, i, !round, MOUSE_CLICK);
            else if (strcmp(a->id, "slot") == 0)
                click(b, HOT_ACTION, i, true, MOUSE_CLICK);
    assert_int_equal(b->ui->wide, WIDE_NONE); /* forth and back */
    assert_int_equal(b->ui->view.edited, SLOT_A);
    type(b, "?");
    for (int i = 0; (a = action_at((size_t)i)) != NULL; i++)
        if (strcmp(a->id, "page-close") == 0)
            click(b, HOT_ACTION, i, false, MOUSE_CLICK);
    assert_int_equal(b->ui->mode, MODE_COLUMN);
}

static void clicks_choose_and_open(void **state) {
    struct bench *b = *state;
    click(b, HOT_FIGURE, PANE_LATENCY * SHOWN_MAX + 2, false, MOUSE_CLICK);
    assert_true(b->ui->mode == MODE_PANES && b->ui->pane == PANE_LATENCY && b->ui->row == 2);
    enum estimate_field_id id = b->ui->shown[PANE_LATENCY].row[2].id;
    click(b, HOT_FIGURE, PANE_LATENCY * SHOWN_MAX + 2, false, MOUSE_DOUBLE);
    assert_true(b->ui->mode == MODE_WORKING && b->ui->working->figure == id);
    draw(b, 100, 30);
    mouse(b, 50, 20, MOUSE_DOWN);
    assert_int_equal(b->ui->page_scroll, 1);
    mouse(b, 50, 20, MOUSE_CLICK); /* what lies below a box is out of reach */
    assert_int_equal(b->ui->mode, MODE_WORKING);
    press(b, KEYCODE_ESC);
    click(b, HOT_SLOT, SLOT_B, false, MOUSE_CLICK);
    assert_int_equal(b->ui->view.edited, SLOT_B);
    type(b, ">");
    click(b, HOT_ROW, 3, false, MOUSE_CLICK);
    assert_true(b->ui->mode == MODE_WIDE && b->ui->wide_at[WIDE_OPERATORS].row == 3);
    mouse(b, 60, 10, MOUSE_DOWN);
    assert_int_equal(b->ui->wide_at[WIDE_OPERATORS].row, 4);
    click(b, HOT_HEAD, 0, false, MOUSE_CLICK);
    assert_int_equal(b->ui->wide_at[WIDE_OPERATORS].row, 0);
    type(b, "p");
    click(b, HOT_ITEM, 2, false, MOUSE_CLICK);
    assert_true(b->ui->mode == MODE_PRESETS && b->ui->preset == 2);
    click(b, HOT_ITEM, 2, false, MOUSE_CLICK);
    assert_int_equal(b->ui->mode, MODE_WIDE);
}

/* The largest screens have room for all that can be clicked on, the key bar last. */
static void places_are_remembered(void **state) {
    struct bench *b = *state;
    draw(b, 400, 120);
    print_message("%d places\n", b->ui->hots->n);
    assert_true(b->ui->hots->n < HOT_MAX && b->ui->hots->n > 150);
    type(b, "z>\t");
    draw(b, 400, 120);
    assert_true(b->ui->hots->n < HOT_MAX);
    const struct hot *last = &b->ui->hots->item[b->ui->hots->n - 1];
    assert_int_equal(last->kind, HOT_ACTION);
    mouse(b, last->r.x, last->r.y, MOUSE_CLICK); /* q */
    assert_true(b->ui->quit);
    b->ui->quit = false;
}

/* Nowhere is a click a crash, on any screen, in any mode. */
static void clicks_everywhere(void **state) {
    struct bench *b = *state;
    static const char *const openings[] = {"", "\t", ">\t", "p", "?", ":ba", "/b", "?/l", "5", "lq", "<\t"};
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++)
        for (int kind = MOUSE_CLICK; kind <= MOUSE_DOWN; kind++)
            for (int y = -1; y <= 24; y += 2)
                for (int x = -1; x <= 80; x += 13) {
                    while (b->ui->mode != MODE_COLUMN) {
                        b->ui->quit = false;
                        b->ui->wide = WIDE_NONE;
                        ui_key(b->ui, KEYCODE_ESC);
                    }
                    for (const char *p = openings[i]; *p; p++)
                        ui_key(b->ui, *p);
                    draw(b, 80, 24);
                    struct mouse m = {x, y, (enum mouse_kind)kind};
                    ui_mouse(b->ui, &m);
                    draw(b, 80, 24);
                }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(lines_are_split),           TEST(commands_do_what_they_say),    TEST(bad_lines_stay_with_the_reason),
        TEST(older_lines_come_back),     TEST(tab_completes_from_the_tables), TEST(a_goal_is_met_and_no_more),
        TEST(a_is_made_equal_to_b),      TEST(swap_and_copy_are_one_step),   TEST(locked_fields_change_together),
        TEST(the_difference_is_b_over_a), TEST(find_goes_there),             TEST(help_shows_what_is_searched),
        TEST(clicks_set_values),         TEST(clicks_choose_and_open),       TEST(clicks_everywhere),
        TEST(places_are_remembered),     TEST(clicks_on_the_key_bar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
