/* Every screen from 80x24 to 240x80 is cut into rectangles that lie inside, do not overlap and are large enough. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tui/layout.h"
#include "tui/ui.h"

enum { RECTS = 5 + PANE_COUNT, PANE_MIN_WIDTH = 27, PANE_MIN_HEIGHT = 9 };

static int collect(const struct layout *l, struct rect out[RECTS]) {
    int n = 0;
    const struct rect lines[] = {l->title, l->verdict, l->column, l->status, l->keys};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        out[n++] = lines[i];
    for (int i = 0; i < PANE_COUNT; i++)
        if (l->pane[i].w > 0)
            out[n++] = l->pane[i];
    return n;
}

/* Paints every rectangle: a cell that is painted twice, or lies outside, fails. */
static void assert_tiles(const struct layout *l, int w, int h) {
    unsigned char *cells = calloc((size_t)w, (size_t)h);
    struct rect r[RECTS];
    assert_non_null(cells);
    int n = collect(l, r);
    for (int i = 0; i < n; i++) {
        assert_true(r[i].x >= 0 && r[i].y >= 0 && r[i].x + r[i].w <= w && r[i].y + r[i].h <= h);
        for (int y = r[i].y; y < r[i].y + r[i].h; y++)
            for (int x = r[i].x; x < r[i].x + r[i].w; x++)
                assert_int_equal(cells[y * w + x]++, 0);
    }
    for (int i = 0; i < w * h; i++)
        assert_int_equal(cells[i], 1); /* and nothing is left over */
    free(cells);
}

static void assert_large_enough(const struct layout *l) {
    struct rect column = layout_inner(l, l->column);
    assert_true(column.w >= 23 && column.h >= 19);
    for (int i = 0; i < PANE_COUNT; i++) {
        struct rect inner = layout_inner(l, l->pane[i]);
        if (l->pane[i].w > 0)
            assert_true(inner.w >= PANE_MIN_WIDTH && inner.h >= PANE_MIN_HEIGHT);
    }
}

static void every_size(void **state) {
    (void)state;
    struct layout l;
    for (int w = UI_MIN_WIDTH; w <= 240; w++)
        for (int h = UI_MIN_HEIGHT; h <= 80; h++)
            for (int zoom = -1; zoom < PANE_COUNT; zoom += (w + h) % 7 == 0 ? 1 : PANE_COUNT) {
                layout_compute(w, h, zoom, &l);
                assert_false(l.too_small);
                assert_tiles(&l, w, h);
                assert_large_enough(&l);
            }
}

static void all_panes_show_unless_one_is_zoomed(void **state) {
    (void)state;
    struct layout l;
    layout_compute(80, 24, -1, &l);
    for (int i = 0; i < PANE_COUNT; i++)
        assert_true(l.pane[i].w > 0);
    layout_compute(80, 24, PANE_COST, &l);
    for (int i = 0; i < PANE_COUNT; i++)
        assert_int_equal(l.pane[i].w > 0, i == PANE_COST);
}

static void too_small(void **state) {
    (void)state;
    struct layout l;
    const int size[][2] = {{79, 24}, {80, 23}, {1, 1}, {0, 0}, {300, 5}, {5, 300}};
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        layout_compute(size[i][0], size[i][1], -1, &l);
        assert_true(l.too_small);
        assert_int_equal(l.title.w, 0);
    }
}

static void frames_come_with_room(void **state) {
    (void)state;
    struct layout l;
    layout_compute(99, 40, -1, &l);
    assert_true(l.compact);
    layout_compute(140, 29, -1, &l);
    assert_true(l.compact);
    assert_int_equal(l.verdict.h, 2);
    layout_compute(100, 30, -1, &l);
    assert_false(l.compact);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size),
        cmocka_unit_test(all_panes_show_unless_one_is_zoomed),
        cmocka_unit_test(too_small),
        cmocka_unit_test(frames_come_with_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
