/* The views that are worked out beside the keys: what is shown is of the present scenarios, or dimmed; at every size
 * and for every form; a layout is taken and undone. */
#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tui/ui_state.h"

struct bench {
    struct catalog *catalog;
    struct session *session;
    struct ui *ui;
    struct canvas canvas;
};

static int set_up(void **state) {
    struct bench *b = calloc(1, sizeof *b);
    char dir[1024], err[ERROR_LEN] = "";
    const char *srcdir = getenv("srcdir");
    struct scenario a, c;
    snprintf(dir, sizeof dir, "%s/presets", srcdir ? srcdir : ".");
    b->catalog = catalog_open(dir, NULL, NULL, err);
    if (!b->catalog)
        fail_msg("%s", err);
    scenario_init(&a);
    c = a;
    snprintf(c.model, sizeof c.model, "llama-3.3-70b");
    c.gpus = 4;
    a.price = c.price = 3;
    b->session = session_new(&a, &c);
    b->ui = ui_new(b->catalog, b->session);
    *state = b;
    return !b->ui;
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

static void draw(struct bench *b, int w, int h) {
    assert_true(canvas_resize(&b->canvas, w, h));
    b->canvas.glyphs = GLYPHS_UTF8;
    ui_draw(b->ui, &b->canvas);
}

static void press(struct bench *b, int key) {
    assert_int_equal(ui_key(b->ui, key), UI_REDRAW);
}

static int count_role(const struct canvas *c, enum role role) {
    int n = 0;
    for (int y = 4; y < c->h - 3; y++)
        for (int x = 40; x < c->w; x++)
            n += c->cell[y * c->w + x].role == role && c->cell[y * c->w + x].glyph != ' ';
    return n;
}

/* Without any patience the first frame has nothing to show; the worker's answer wakes the loop; after the next key the
 * old answer is dimmed until the new one is in. */
static void old_answers_are_dimmed(void **state) {
    struct bench *b = *state;
    struct scenario large = *session_scenario(b->session, SLOT_A);
    snprintf(large.model, sizeof large.model, "deepseek-v3"); /* takes a tenth of a second at least */
    snprintf(large.gpu, sizeof large.gpu, "h200-sxm");
    large.gpus = 64;
    assert_true(ui_apply(b->ui, &large));
    b->ui->patience_ms = 0;
    wide_show(b->ui, WIDE_FRONTIER);
    draw(b, 100, 30);
    for (int round = 0; round < 2; round++) {
        struct study *s = &b->ui->study[WIDE_FRONTIER];
        struct pollfd wake = {.fd = ui_wake_fd(b->ui), .events = POLLIN};
        assert_true(s->pending);
        assert_int_equal(count_role(&b->canvas, ROLE_SLOT_A), 0);
        assert_int_equal(ui_collect(b->ui), UI_NOTHING);
        assert_int_equal(poll(&wake, 1, 60000), 1);
        assert_int_equal(ui_collect(b->ui), UI_REDRAW);
        assert_int_equal(poll(&wake, 1, 0), 0);
        assert_false(s->pending);
        assert_int_equal(ui_collect(b->ui), UI_NOTHING);
        draw(b, 100, 30);
        assert_true(count_role(&b->canvas, ROLE_SLOT_A) > 10);
        press(b, 'l');
        draw(b, 100, 30);
    }
}

/* An answer to a view that is no longer shown is kept, but draws nothing. */
static void other_views_answers_wake_nobody(void **state) {
    struct bench *b = *state;
    b->ui->patience_ms = 0;
    wide_show(b->ui, WIDE_FRONTIER);
    draw(b, 100, 30);
    wide_show(b->ui, WIDE_NONE);
    worker_wait(b->ui->worker, -1);
    assert_int_equal(ui_collect(b->ui), UI_NOTHING);
    assert_true(b->ui->asked == WIDE_NONE);
}

/* What is shown after an edit is of the scenario after it. */
static void views_follow_the_sliders(void **state) {
    struct bench *b = *state;
    ui_be_patient(b->ui);
    wide_show(b->ui, WIDE_BATCH);
    draw(b, 100, 30);
    for (int i = 0; i < 3; i++) {
        press(b, 'l');
        draw(b, 100, 30);
        const struct batch_sweep *s = b->ui->study[WIDE_BATCH].shown;
        assert_int_equal(s->sides.d[SLOT_A].batch, 32 << (i + 1));
    }
}

/* Every view and form at every size, nothing of it outside the screen (the canvas would tell under a sanitizer), also
 * where a scenario does not run. */
static void every_form_at_every_size(void **state) {
    struct bench *b = *state;
    ui_be_patient(b->ui);
    for (int impossible = 0; impossible < 2; impossible++) {
        for (int view = WIDE_BATCH; view < WIDE_COUNT; view++)
            for (int form = 0; form < 5; form++) {
                wide_show(b->ui, (enum wide_id)view);
                for (int w = 80; w <= 200; w += 17)
                    draw(b, w, 24 + (w - 80) / 4);
                press(b, 'n');
            }
        b->ui->field = F_GPUS;
        press(b, '1');
        press(b, KEYCODE_ENTER);
        assert_false(b->ui->view.slot[SLOT_A].now.feasible);
    }
}

static void a_layout_is_taken_and_undone(void **state) {
    struct bench *b = *state;
    const struct scenario *s = session_scenario(b->session, SLOT_A);
    ui_be_patient(b->ui);
    wide_show(b->ui, WIDE_LAYOUTS);
    draw(b, 100, 30);
    press(b, '\t');
    press(b, 'j');
    const struct layout_sweep *l = b->ui->study[WIDE_LAYOUTS].shown;
    struct layout_row second = l->row[1];
    assert_true(isnan(s->tp));
    press(b, KEYCODE_ENTER);
    s = session_scenario(b->session, SLOT_A);
    assert_true(s->tp == second.w.tp && s->pp == second.w.pp && s->dp == second.w.dp && s->ep == second.w.ep);
    assert_true(b->ui->view.slot[SLOT_A].now.tpot_ms == second.value[LAYOUT_TPOT]);
    press(b, 'u');
    assert_true(isnan(session_scenario(b->session, SLOT_A)->tp));
}

/* By each column the better first, what does not fit last. */
static void layouts_are_in_order(void **state) {
    static const int figures[] = {LAYOUT_COST, LAYOUT_TPOT, LAYOUT_TOK_S_GPU, LAYOUT_MEM_GB};
    struct bench *b = *state;
    ui_be_patient(b->ui);
    wide_show(b->ui, WIDE_LAYOUTS);
    for (int i = 0; i < 4; i++) {
        draw(b, 100, 30);
        const struct layout_sweep *l = b->ui->study[WIDE_LAYOUTS].shown;
        for (size_t k = 1; k < l->n; k++) {
            assert_true(l->row[k - 1].feasible >= l->row[k].feasible);
            double before = l->row[k - 1].value[figures[i]], value = l->row[k].value[figures[i]];
            if (l->row[k].feasible)
                assert_true(i == 2 ? before >= value : before <= value);
        }
        press(b, 'n');
    }
}

#define UI_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        UI_TEST(old_answers_are_dimmed),   UI_TEST(other_views_answers_wake_nobody), UI_TEST(views_follow_the_sliders),
        UI_TEST(every_form_at_every_size), UI_TEST(a_layout_is_taken_and_undone),    UI_TEST(layouts_are_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
