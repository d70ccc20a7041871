/* The explorer driven by keys, without a terminal: every key does what the table says, nothing that is typed breaks it,
 * and a scenario that does not run shows no performance figure. */
#include "ui_bench.h"
#include "tui/plain.h"

/* --- fields --- */

static void arrows_move_a_logarithmic_slider_by_powers_of_two(void **state) {
    struct bench *b = *state;
    go_to(b, F_BATCH);
    press(b, KEYCODE_RIGHT);
    assert_int_equal(edited(b)->batch, 64);
    type(b, "hhh");
    assert_int_equal(edited(b)->batch, 8);
    press(b, '+');
    assert_int_equal(edited(b)->batch, 9);
    press(b, 'l');
    assert_int_equal(edited(b)->batch, 16);
    type(b, "-h");
    assert_int_equal(edited(b)->batch, 8);
    press(b, ']');
    assert_int_equal(edited(b)->batch, 64);
    press(b, '[');
    assert_int_equal(edited(b)->batch, 8);
    press(b, KEYCODE_HOME);
    press(b, KEYCODE_LEFT);
    press(b, '-');
    assert_int_equal(edited(b)->batch, 1);
    press(b, KEYCODE_END);
    press(b, KEYCODE_RIGHT);
    assert_int_equal(edited(b)->batch, scenario_fields[F_BATCH].max);
}

static void linear_sliders_stay_on_their_grid(void **state) {
    struct bench *b = *state;
    go_to(b, F_SKEW);
    type(b, "lll");
    assert_true(edited(b)->skew == 0.3);
    press(b, '+');
    assert_true(fabs(edited(b)->skew - 0.31) < 1e-12);
    press(b, 'l');
    assert_true(edited(b)->skew == 0.4);
    press(b, KEYCODE_HOME);
    press(b, 'h');
    assert_true(edited(b)->skew == 0);
    go_to(b, F_UTILISATION);
    press(b, KEYCODE_HOME);
    type(b, "hh--");
    assert_true(edited(b)->utilisation > 0);
}

static void choices_stop_at_their_ends(void **state) {
    struct bench *b = *state;
    go_to(b, F_SKEW_KIND);
    press(b, 'h');
    assert_string_equal(b->ui->view.slot[SLOT_A].deployment.model->id, "mixtral-8x7b");
    assert_true(scenario_is_default(edited(b), &scenario_fields[F_SKEW_KIND]));
    type(b, "llll");
    assert_string_equal(edited(b)->skew_kind, "pareto");
    press(b, KEYCODE_HOME);
    assert_string_equal(edited(b)->skew_kind, "uniform");
    go_to(b, F_MODEL);
    press(b, KEYCODE_END);
    press(b, 'l');
    assert_string_equal(edited(b)->model,
                        catalog_model_at(b->catalog, catalog_model_count(b->catalog) - 1)->id);
}

static void an_empty_limit_starts_in_the_middle(void **state) {
    struct bench *b = *state;
    go_to(b, F_SLO_TPOT_MS);
    press(b, 'l');
    assert_int_equal(edited(b)->slo_tpot_ms, 64);
    press(b, 'R');
    assert_true(isnan(edited(b)->slo_tpot_ms));
}

static void a_budget_halves_down_to_none(void **state) {
    struct bench *b = *state;
    go_to(b, F_CHUNK_TOKENS);
    press(b, 'l');
    assert_int_equal(edited(b)->chunk_tokens, 512);
    press(b, 'l');
    assert_int_equal(edited(b)->chunk_tokens, 1024);
    for (int i = 0; i < 10; i++)
        press(b, 'h');
    assert_int_equal(edited(b)->chunk_tokens, 1);
    press(b, 'h');
    assert_int_equal(edited(b)->chunk_tokens, 0);
}

static void every_field_can_be_stepped(void **state) {
    struct bench *b = *state;
    for (int i = 0; i < FIELD_COUNT; i++) {
        go_to(b, (enum field_id)i);
        type(b, "lh+-[]");
        press(b, KEYCODE_END);
        press(b, KEYCODE_HOME);
        press(b, 'd');
        assert_true(scenario_is_default(edited(b), &scenario_fields[i]));
        draw(b, 100, 30);
    }
}

static void reset_goes_to_the_start_and_auto_to_the_default(void **state) {
    struct bench *b = *state;
    go_to(b, F_GPUS);
    press(b, 'b');
    type(b, "ll");
    assert_int_equal(edited(b)->gpus, 16);
    press(b, 'r');
    assert_int_equal(edited(b)->gpus, 4);
    press(b, 'd');
    assert_true(isnan(edited(b)->gpus));
}

static void undo_and_redo(void **state) {
    struct bench *b = *state;
    go_to(b, F_BATCH);
    double tpot = b->ui->view.slot[SLOT_A].now.tpot_ms;
    press(b, 'l');
    press(b, 'b');
    press(b, 'l');
    press(b, 'u');
    assert_int_equal(b->ui->view.edited, SLOT_B);
    press(b, 'u');
    assert_int_equal(b->ui->view.edited, SLOT_A);
    assert_true(isnan(edited(b)->batch));
    assert_true(b->ui->view.slot[SLOT_A].now.tpot_ms == tpot);
    press(b, 'u');
    assert_non_null(strstr(b->ui->message, "nothing to undo"));
    press(b, KEYCODE_CTRL_R);
    assert_int_equal(edited(b)->batch, 64);
    press(b, KEYCODE_CTRL_R);
    press(b, KEYCODE_CTRL_R);
    assert_non_null(strstr(b->ui->message, "nothing to redo"));
}

static void what_changed_lights_up_until_the_next_key(void **state) {
    struct bench *b = *state;
    go_to(b, F_BATCH);
    press(b, 'l');
    assert_true(b->ui->view.slot[SLOT_A].changed);
    assert_false(b->ui->view.slot[SLOT_B].changed);
    draw(b, 200, 60);
    int lit = 0;
    for (int i = 0; i < 200 * 60; i++)
        lit += b->canvas.cell[i].role == ROLE_CHANGED;
    assert_true(lit > 20);
    assert_true(shows(&b->canvas, "batch 32 → 64"));
    press(b, 'x');
    draw(b, 200, 60);
    for (int i = 0; i < 200 * 60; i++)
        assert_int_not_equal(b->canvas.cell[i].role, ROLE_CHANGED);
}

/* --- typing --- */

static void typed_values_take_suffixes(void **state) {
    struct bench *b = *state;
    go_to(b, F_ISL);
    type(b, "4k");
    press(b, KEYCODE_ENTER);
    assert_int_equal(edited(b)->isl, 4000);
    go_to(b, F_PREFIX_HIT);
    type(b, "35%");
    press(b, KEYCODE_ENTER);
    assert_true(fabs(edited(b)->prefix_hit - 0.35) < 1e-9);
    type(b, ".2");
    press(b, KEYCODE_ESC);
    assert_true(fabs(edited(b)->prefix_hit - 0.35) < 1e-9);
    assert_int_equal(b->ui->mode, MODE_COLUMN);
}

static void a_bad_entry_stays_and_says_what_is_allowed(void **state) {
    struct bench *b = *state;
    go_to(b, F_BATCH);
    press(b, '9');
    draw(b, 80, 24);
    assert_true(shows(&b->canvas, "1 to 65536"));
    type(b, "9999999");
    press(b, KEYCODE_ENTER);
    assert_int_equal(b->ui->mode, MODE_ENTRY);
    assert_true(b->ui->message_error);
    assert_non_null(strstr(b->ui->message, "1 to 65536"));
    draw(b, 80, 24);
    assert_true(shows(&b->canvas, "99999999"));
    for (int i = 0; i < 6; i++)
        press(b, KEYCODE_BACKSPACE);
    press(b, KEYCODE_ENTER);
    assert_int_equal(edited(b)->batch, 99);
    assert_int_equal(b->ui->mode, MODE_COLUMN);
}

static void enter_opens_the_value_as_text(void **state) {
    struct bench *b = *state;
    go_to(b, F_MODEL);
    press(b, KEYCODE_ENTER);
    assert_string_equal(b->ui->entry, "mixtral-8x7b");
    type(b, "no-such-model");
    press(b, KEYCODE_ENTER);
    assert_true(b->ui->message_error);
    assert_int_equal(b->ui->mode, MODE_ENTRY);
    assert_true(scenario_is_default(edited(b), &scenario_fields[F_MODEL]));
    press(b, KEYCODE_ESC);
    press(b, KEYCODE_ENTER);
    type(b, "dbrx");
    press(b, KEYCODE_ENTER);
    assert_string_equal(edited(b)->model, "dbrx");
}

/* --- overlays, panes, session --- */

static void presets_load_into_the_edited_slot(void **state) {
    struct bench *b = *state;
    press(b, 'b');
    press(b, 'p');
    draw(b, 80, 24);
    assert_true(shows(&b->canvas, "load into B"));
    type(b, "deepseek");
    assert_true(presets_count(b->ui) >= 1);
    assert_true(presets_count(b->ui) < catalog_scenario_count(b->catalog));
    press(b, KEYCODE_ENTER);
    assert_string_equal(edited(b)->model, "deepseek-v3");
    assert_int_equal(b->ui->view.edited, SLOT_B);
    press(b, 'p');
    type(b, "zzzz");
    press(b, KEYCODE_ENTER);
    assert_true(b->ui->message_error);
    press(b, KEYCODE_ESC);
    assert_int_equal(b->ui->mode, MODE_COLUMN);
}

static void help_lists_every_action_and_the_field(void **state) {
    struct bench *b = *state;
    struct action_help a;
    char start[24];
    press(b, '?');
    draw(b, 120, 200);
    for (size_t i = 0; tui_action_help(i, &a); i++) {
        assert_true(shows(&b->canvas, a.keys));
        snprintf(start, sizeof start, "%s", a.help);
        assert_true(shows(&b->canvas, start));
    }
    assert_true(shows(&b->canvas, "--batch"));
    assert_true(shows(&b->canvas, "1 to 65536"));
    draw(b, 80, 24);
    assert_true(shows(&b->canvas, "more"));
    press(b, KEYCODE_END);
    draw(b, 80, 24);
    assert_false(shows(&b->canvas, "more ▾"));
    press(b, KEYCODE_ESC);
    assert_int_equal(b->ui->mode, MODE_COLUMN);
}

static void load_deepseek(struct bench *b) {
    press(b, 'p');
    type(b, "deepseek-v3-8xh100");
    press(b, KEYCODE_ENTER);
    assert_false(b->ui->view.slot[b->ui->view.edited].now.feasible);
}

/* The rows of figures of a pane hold dashes and no digit; the first rows say why. */
static void assert_no_figures(struct bench *b, int w, int h, enum pane_id pane, int first) {
    struct layout l;
    char text[4096];
    draw(b, w, h);
    layout_compute(w, h, -1, &l);
    struct rect r = layout_inner(&l, l.pane[pane]);
    for (int y = r.y + first; y < r.y + r.h; y++)
        for (const char *p = row_text(&b->canvas, r.x, y, r.w, text); *p; p++)
            assert_false(isdigit((unsigned char)*p));
}

static void what_does_not_run_shows_no_performance(void **state) {
    struct bench *b = *state;
    const int size[][2] = {{80, 24}, {100, 30}, {200, 60}};
    load_deepseek(b);
    press(b, 'b');
    load_deepseek(b);
    for (size_t i = 0; i < 3; i++) {
        assert_no_figures(b, size[i][0], size[i][1], PANE_LATENCY, 2);
        assert_no_figures(b, size[i][0], size[i][1], PANE_COST, 2);
        assert_true(shows(&b->canvas, "does not fit"));
    }
}

/* The rows of a pane that hold a text. */
static int rows_with(struct bench *b, int w, int h, enum pane_id pane, const char *part) {
    struct layout l;
    char text[4096];
    int n = 0;
    draw(b, w, h);
    layout_compute(w, h, -1, &l);
    struct rect r = layout_inner(&l, l.pane[pane]);
    for (int y = r.y; y < r.y + r.h; y++)
        n += strstr(row_text(&b->canvas, r.x, y, r.w, text), part) != NULL;
    return n;
}

/* "27.1–38.4", as a wide pane shows it. */
static const char *range_text(const struct interval *i, char *buf, size_t size) {
    char lo[DIGITS_LEN], hi[DIGITS_LEN];
    snprintf(buf, size, "%s–%s", digits_print(i->lo, DIGITS_REAL, lo), digits_print(i->hi, DIGITS_REAL, hi));
    return buf;
}

static void headline_figures_show_their_intervals(void **state) {
    struct bench *b = *state;
    char text[3 * DIGITS_LEN];
    assert_int_equal(rows_with(b, 200, 60, PANE_MEMORY, "p10-p90"), 1);
    assert_int_equal(rows_with(b, 200, 60, PANE_LATENCY, "p10-p90"), 2);
    assert_int_equal(rows_with(b, 200, 60, PANE_LATENCY, "benchmarked"), 1);
    assert_int_equal(rows_with(b, 200, 60, PANE_COST, "p10-p90"), 2);
    for (int i = 0; i < SLOT_COUNT; i++) {
        const struct estimate *e = &b->ui->view.slot[i].now;
        assert_true(shows(&b->canvas, range_text(&e->ttft, text, sizeof text)));
        assert_true(shows(&b->canvas, range_text(&e->tpot, text, sizeof text)));
        assert_true(shows(&b->canvas, range_text(&e->mem, text, sizeof text)));
        assert_true(shows(&b->canvas, range_text(&e->out_tok, text, sizeof text)));
        assert_true(shows(&b->canvas, range_text(&e->cost_out, text, sizeof text)));
    }
    assert_int_equal(rows_with(b, 100, 30, PANE_LATENCY, "p10-90"), 2);
    assert_int_equal(rows_with(b, 100, 30, PANE_COST, "p10-90"), 1);
    assert_int_equal(rows_with(b, 80, 24, PANE_LATENCY, "p10"), 0);
}

static void what_does_not_run_has_no_interval(void **state) {
    struct bench *b = *state;
    char text[3 * DIGITS_LEN];
    load_deepseek(b);
    assert_int_equal(rows_with(b, 200, 60, PANE_LATENCY, "p10-p90"), 2); /* those of B */
    range_text(&b->ui->view.slot[SLOT_B].now.tpot, text, sizeof text);
    assert_int_equal(rows_with(b, 200, 60, PANE_LATENCY, text), 1);
    press(b, 'b');
    load_deepseek(b);
    for (int pane = PANE_LATENCY; pane < PANE_COUNT; pane++) {
        assert_int_equal(rows_with(b, 200, 60, (enum pane_id)pane, "p10-p90"), 0);
        assert_int_equal(rows_with(b, 100, 30, (enum pane_id)pane, "p10-90"), 0);
    }
}

/* The figures of the scenario under edit as if measurements of TPOT lay between lo and hi times the figure. */
static void doubt(struct bench *b, double lo, double hi) {
    struct estimate *e = &b->ui->view.slot[b->ui->view.edited].now;
    e->origin = ORIGIN_FITTED;
    e->tpot.lo = e->tpot_ms * lo;
    e->tpot.hi = e->tpot_ms * hi;
}

static void the_title_tells_origin_and_width(void **state) {
    struct bench *b = *state;
    const int size[][2] = {{80, 24}, {100, 30}, {200, 60}};
    for (size_t i = 0; i < 3; i++) {
        doubt(b, 0.93, 1.12);
        draw(b, size[i][0], size[i][1]);
        assert_true(shows(&b->canvas, "fitted −7 +12 %"));
        doubt(b, 0.91, 1.10);
        draw(b, size[i][0], size[i][1]);
        assert_true(shows(&b->canvas, "fitted ±10 %"));
        doubt(b, 1.02, 1.2);
        draw(b, size[i][0], size[i][1]);
        assert_true(shows(&b->canvas, "fitted +2 +20 %"));
        assert_true(shows(&b->canvas, "Llama-3.1/3.3-70B")); /* no name is cut for it */
    }
    load_deepseek(b);
    draw(b, 200, 60);
    assert_false(shows(&b->canvas, "±"));
}

static void the_sign_of_the_better_is_hollow_within_the_uncertainty(void **state) {
    struct bench *b = *state;
    struct interval *a = &b->ui->view.slot[SLOT_A].now.tpot, *other = &b->ui->view.slot[SLOT_B].now.tpot;
    double tpot[SLOT_COUNT] = {b->ui->view.slot[SLOT_A].now.tpot_ms, b->ui->view.slot[SLOT_B].now.tpot_ms};
    *a = (struct interval){tpot[SLOT_A], tpot[SLOT_A], ORIGIN_FITTED};
    *other = (struct interval){tpot[SLOT_B], tpot[SLOT_B], ORIGIN_FITTED};
    int sure = rows_with(b, 100, 30, PANE_LATENCY, "●"), unsure = rows_with(b, 100, 30, PANE_LATENCY, "○");
    a->lo = other->lo = fmin(tpot[SLOT_A], tpot[SLOT_B]);
    a->hi = other->hi = fmax(tpot[SLOT_A], tpot[SLOT_B]);
    assert_true(rows_with(b, 100, 30, PANE_LATENCY, "●") == sure - 3); /* TPOT, tok/s, step */
    assert_true(rows_with(b, 100, 30, PANE_LATENCY, "○") == unsure + 3);
}

static void a_mend_is_one_key_away(void **state) {
    struct bench *b = *state;
    press(b, 'm');
    assert_non_null(strstr(b->ui->message, "nothing to mend"));
    load_deepseek(b);
    assert_true(b->ui->view.slot[SLOT_A].n_mends > 1);
    press(b, KEYCODE_TAB);
    press(b, 'j');
    assert_int_equal(b->ui->view.mend, 1);
    press(b, KEYCODE_ENTER);
    assert_true(b->ui->view.slot[SLOT_A].now.feasible);
    press(b, 'u');
    press(b, 'b');
    press(b, 'm');
    assert_int_equal(b->ui->view.edited, SLOT_A);
    assert_true(b->ui->view.slot[SLOT_A].now.feasible);
}

static void escape_goes_back_and_never_quits(void **state) {
    struct bench *b = *state;
    press(b, 'z');
    assert_true(b->ui->zoom);
    press(b, KEYCODE_ESC);
    assert_false(b->ui->zoom);
    assert_int_equal(b->ui->mode, MODE_PANES);
    press(b, KEYCODE_ESC);
    assert_int_equal(b->ui->mode, MODE_COLUMN);
    for (int i = 0; i < 5; i++)
        press(b, KEYCODE_ESC);
}

static void quitting_asks_once_and_only_for_unsaved_work(void **state) {
    struct bench *b = *state;
    press(b, 'l');
    press(b, 'q');
    assert_int_equal(b->ui->mode, MODE_QUIT);
    draw(b, 80, 24);
    assert_true(shows(&b->canvas, "unsaved session"));
    press(b, 'l'); /* another key is an answer too, and works */
    assert_int_equal(b->ui->mode, MODE_COLUMN);
    assert_int_equal(edited(b)->batch, 128);
    press(b, 'q');
    assert_int_equal(ui_key(b->ui, 'q'), UI_QUIT);
}

static void quitting_at_the_start_asks_nothing(void **state) {
    struct bench *b = *state;
    assert_int_equal(ui_key(b->ui, 'q'), UI_QUIT);
}

static void export_writes_the_session(void **state) {
    struct bench *b = *state;
    char dir[] = "/tmp/moescope-test-XXXXXX", here[4096], name[256], path[512];
    assert_non_null(getcwd(here, sizeof here));
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chdir(dir), 0);
    press(b, 'l');
    press(b, 'e');
    assert_int_equal(chdir(here), 0);
    assert_false(b->ui->message_error);
    assert_int_equal(sscanf(b->ui->message, "session written to %255s", name), 1);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    struct scenario back[SLOT_COUNT];
    char err[ERROR_LEN];
    assert_true(session_load(path, b->catalog, back, err));
    assert_int_equal(back[SLOT_A].batch, 64);
    assert_int_equal(remove(path), 0);
    assert_int_equal(rmdir(dir), 0);
    assert_int_equal(ui_key(b->ui, 'q'), UI_QUIT); /* saved: no question */
}

/* --- the table, and what no test thought of --- */

static int reached(const struct action *a) {
    for (int mode = 0; mode < MODE_COUNT; mode++)
        for (int k = 0; k < ACTION_KEYS && a->key[k] != 0; k++) {
            int key = a->key[k] == KEYCODE_PRINTABLE ? 'x' : a->key[k];
            if (!(a->modes & 1u << mode))
                continue;
            if (action_find(NULL, (enum mode)mode, key) != a)
                return 0; /* hidden by a row above it */
        }
    return a->key[0] != 0 && a->modes != 0;
}

static void every_action_is_reachable(void **state) {
    (void)state;
    const struct action *a;
    for (size_t i = 0; (a = action_at(i)) != NULL; i++) {
        if (!reached(a))
            fail_msg("action %s cannot be reached", a->id);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(action_at(k)->id, a->id);
    }
}

static void too_small_a_screen_says_so(void **state) {
    struct bench *b = *state;
    for (int h = 1; h < 30; h += 4)
        for (int w = 1; w < 80; w += 13) {
            draw(b, w, h);
            if (w > 26)
                assert_true(shows(&b->canvas, "need 80x24"));
        }
    draw(b, 79, 24);
    assert_true(shows(&b->canvas, "have 79x24"));
}

static unsigned next_random(unsigned *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Any key but the ones that write files or end the explorer. */
static int random_key(unsigned *seed) {
    static const int special[] = {KEYCODE_TAB, KEYCODE_ENTER, KEYCODE_ESC, KEYCODE_BACKSPACE, KEYCODE_CTRL_R,
                                  KEYCODE_CTRL_L, KEYCODE_UP, KEYCODE_DOWN, KEYCODE_LEFT, KEYCODE_RIGHT,
                                  KEYCODE_HOME, KEYCODE_END, KEYCODE_PAGE_UP, KEYCODE_PAGE_DOWN, KEYCODE_DELETE,
                                  KEYCODE_BACKTAB, KEYCODE_F1, 0x20AC, 0x1F600, 1};
    unsigned r = next_random(seed);
    if (r % 3 == 0)
        return special[next_random(seed) % (sizeof special / sizeof *special)];
    int key = ' ' + (int)(next_random(seed) % 95);
    return key == 'e' || key == 'q' || key == 's' ? 'l' : key;
}

static void random_keys(void **state) {
    struct bench *b = *state;
    unsigned seed = 20240229;
    struct plain plain = {.page = 0};
    FILE *nowhere = fopen("/dev/null", "w");
    assert_non_null(nowhere);
    for (int i = 0; i < 20000; i++) {
        assert_int_not_equal(ui_key(b->ui, random_key(&seed)), UI_QUIT);
        if (i % 50 == 0) /* a tour's words come and go meanwhile, and a reader's lines are told */
            ui_caption(b->ui, i % 100 ? "" : "{verdict} {A.tpot_ms} {batch} {B.model} {A.coverage%}", "a hint");
        if (i % 10 == 0)
            plain_tell(&plain, b->ui, nowhere);
        if (i % 4 == 0)
            draw(b, 70 + (int)(next_random(&seed) % 160), 20 + (int)(next_random(&seed) % 60));
    }
    fclose(nowhere);
    plain_close(&plain);
}

/* --- the working of figures --- */

/* Down from the top of a pane, then on to the pane below: each row's Enter opens that figure, with the cursor on its mark. */
static void every_figure_of_every_pane_opens_its_working(void **state) {
    static const int sizes[][2] = {{80, 24}, {100, 30}, {200, 60}};
    struct bench *b = *state;
    bool seen[ESTIMATE_FIELD_COUNT] = {false};
    int figures = 0;
    press(b, KEYCODE_TAB);
    for (int i = 0; i < 3; i++)
        for (int pane = 0; pane < PANE_COUNT; pane++) {
            b->ui->pane = pane;
            b->ui->row = 0;
            draw(b, sizes[i][0], sizes[i][1]);
            int n = b->ui->shown[pane].n;
            assert_in_range(n, 4, SHOWN_MAX);
            for (int row = 0; row < n; row++) {
                const struct shown_row at = b->ui->shown[pane].row[row];
                assert_int_equal(b->canvas.cursor_x, at.x - 1);
                assert_int_equal(b->canvas.cursor_y, at.y);
                assert_int_equal(b->canvas.cell[at.y * b->canvas.w + at.x - 1].glyph, 0x25B8);
                press(b, KEYCODE_ENTER);
                draw(b, sizes[i][0], sizes[i][1]);
                assert_int_equal(b->ui->mode, MODE_WORKING);
                assert_int_equal(b->ui->working->figure, at.id);
                assert_true(shows(&b->canvas, estimate_fields[at.id].id));
                figures += !seen[at.id];
                seen[at.id] = true;
                press(b, KEYCODE_ESC);
                assert_int_equal(b->ui->mode, MODE_PANES);
                press(b, KEYCODE_DOWN);
                draw(b, sizes[i][0], sizes[i][1]);
            }
            assert_int_equal(b->ui->pane, (pane + 2) % PANE_COUNT);
        }
    assert_true(figures >= 38); /* all that panes ever show */
}

static void the_working_is_of_the_slot_under_edit_or_the_other(void **state) {
    struct bench *b = *state;
    press(b, KEYCODE_TAB);
    draw(b, 100, 30);
    press(b, KEYCODE_RIGHT);
    draw(b, 100, 30);
    press(b, 'j');
    press(b, KEYCODE_ENTER);
    assert_int_equal(b->ui->working->slot, SLOT_A);
    const struct working_page *page = b->ui->working;
    const struct estimate_field *f = &estimate_fields[page->figure];
    assert_true(page->line[page->lines - 1].value == estimate_number(&b->ui->view.slot[SLOT_A].now, f));
    press(b, 'b');
    assert_int_equal(page->slot, SLOT_B);
    assert_int_equal(b->ui->view.edited, SLOT_A);
    assert_true(page->line[page->lines - 1].value == estimate_number(&b->ui->view.slot[SLOT_B].now, f));
    press(b, KEYCODE_END);
    draw(b, 80, 24);
    assert_true(b->ui->page_scroll > 0 && b->ui->page_scroll < 1000);
    assert_true(shows(&b->canvas, "moved most by"));
    press(b, KEYCODE_ENTER);
    assert_int_equal(b->ui->mode, MODE_PANES);
    press(b, 'z');
    assert_true(b->ui->zoom);
}

/* The moves that mend lie below the figures of the memory pane. */
static void the_cursor_goes_from_the_moves_to_the_figures_and_back(void **state) {
    struct bench *b = *state;
    struct scenario impossible = *edited(b);
    snprintf(impossible.model, sizeof impossible.model, "deepseek-v3");
    assert_true(ui_apply(b->ui, &impossible));
    press(b, KEYCODE_TAB);
    draw(b, 100, 30);
    assert_true(figure_cursor_on_mends(b->ui));
    press(b, KEYCODE_DOWN);
    assert_int_equal(b->ui->view.mend, 1);
    press(b, KEYCODE_UP);
    press(b, KEYCODE_UP);
    draw(b, 100, 30);
    assert_false(figure_cursor_on_mends(b->ui));
    press(b, KEYCODE_ENTER);
    assert_int_equal(b->ui->mode, MODE_WORKING);
    press(b, KEYCODE_ESC);
    press(b, KEYCODE_DOWN);
    assert_true(figure_cursor_on_mends(b->ui));
    press(b, KEYCODE_ENTER);
    assert_true(b->ui->view.slot[SLOT_A].now.feasible);
}

int main(void) {
#define UI_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        UI_TEST(arrows_move_a_logarithmic_slider_by_powers_of_two),
        UI_TEST(linear_sliders_stay_on_their_grid),
        UI_TEST(choices_stop_at_their_ends),
        UI_TEST(an_empty_limit_starts_in_the_middle), UI_TEST(a_budget_halves_down_to_none),
        UI_TEST(every_field_can_be_stepped),
        UI_TEST(reset_goes_to_the_start_and_auto_to_the_default),
        UI_TEST(undo_and_redo),
        UI_TEST(what_changed_lights_up_until_the_next_key),
        UI_TEST(typed_values_take_suffixes),
        UI_TEST(a_bad_entry_stays_and_says_what_is_allowed),
        UI_TEST(enter_opens_the_value_as_text),
        UI_TEST(presets_load_into_the_edited_slot),
        UI_TEST(help_lists_every_action_and_the_field),
        UI_TEST(what_does_not_run_shows_no_performance),
        UI_TEST(headline_figures_show_their_intervals),
        UI_TEST(what_does_not_run_has_no_interval),
        UI_TEST(the_title_tells_origin_and_width),
        UI_TEST(the_sign_of_the_better_is_hollow_within_the_uncertainty),
        UI_TEST(a_mend_is_one_key_away),
        UI_TEST(every_figure_of_every_pane_opens_its_working),
        UI_TEST(the_working_is_of_the_slot_under_edit_or_the_other),
        UI_TEST(the_cursor_goes_from_the_moves_to_the_figures_and_back),
        UI_TEST(escape_goes_back_and_never_quits),
        UI_TEST(quitting_asks_once_and_only_for_unsaved_work),
        UI_TEST(quitting_at_the_start_asks_nothing),
        UI_TEST(export_writes_the_session),
        UI_TEST(every_action_is_reachable),
        UI_TEST(too_small_a_screen_says_so),
        UI_TEST(random_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
