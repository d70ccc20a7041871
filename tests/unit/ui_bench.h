/* The explorer without a terminal, for tests: two scenarios, keys, and what the screen shows. */
#ifndef MOESCOPE_TESTS_UI_BENCH_H
#define MOESCOPE_TESTS_UI_BENCH_H

#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tui/actions.h"
#include "tui/digits.h"
#include "tui/layout.h"
#include "tui/tui_run.h"
#include "tui/utf8.h"

struct bench {
    struct catalog *catalog;
    struct session *session;
    struct ui *ui;
    struct canvas canvas;
};

static inline int set_up(void **state) {
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

static inline int tear_down(void **state) {
    struct bench *b = *state;
    ui_free(b->ui);
    session_free(b->session);
    catalog_close(b->catalog);
    canvas_free(&b->canvas);
    free(b);
    return 0;
}

static inline void press(struct bench *b, int key) {
    assert_int_equal(ui_key(b->ui, key), UI_REDRAW);
}

static inline void type(struct bench *b, const char *text) {
    for (; *text; text++)
        press(b, *text);
}

static inline void go_to(struct bench *b, enum field_id field) {
    while (b->ui->field != (int)field)
        press(b, 'j');
}

static inline void draw(struct bench *b, int w, int h) {
    assert_true(canvas_resize(&b->canvas, w, h));
    b->canvas.glyphs = GLYPHS_UTF8;
    ui_draw(b->ui, &b->canvas);
}

/* The cells of a row from x on, as text; buf of at least 4 * w + 1 bytes. */
static inline const char *row_text(const struct canvas *c, int x, int y, int w, char *buf) {
    size_t n = 0;
    for (int i = x; i < x + w && i < c->w; i++)
        n += utf8_encode(c->cell[y * c->w + i].glyph, buf + n);
    buf[n] = '\0';
    return buf;
}

static inline bool shows(const struct canvas *c, const char *text) {
    char row[4096];
    for (int y = 0; y < c->h; y++)
        if (strstr(row_text(c, 0, y, c->w, row), text))
            return true;
    return false;
}

static inline const struct scenario *edited(const struct bench *b) {
    return session_scenario(b->session, b->ui->view.edited);
}

#endif
