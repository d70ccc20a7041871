/* Plots on a canvas, without a terminal: ticks, places, lines that are cut and have gaps, dots and what stands in for
 * them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tui/glyph.h"
#include "tui/plot.h"

static void assert_ticks(struct plot_axis a, int most, int n, const double *expected) {
    double tick[PLOT_TICKS_MAX];
    assert_int_equal(plot_ticks(&a, most, tick), n);
    for (int i = 0; i < n; i++)
        assert_true(fabs(tick[i] - expected[i]) < 1e-9 * fabs(expected[i]) + 1e-12);
}

static void ticks(void **state) {
    const struct plot_axis decades = {1, 1000, true, ""}, linear = {-40, 100, false, ""}, narrow = {20, 50, true, ""};
    (void)state;
    assert_ticks(decades, 10, 10, (const double[]){1, 2, 5, 10, 20, 50, 100, 200, 500, 1000});
    assert_ticks(decades, 9, 4, (const double[]){1, 10, 100, 1000});
    assert_ticks(decades, 3, 2, (const double[]){1, 100}); /* every second decade */
    assert_ticks(linear, 8, 8, (const double[]){-40, -20, 0, 20, 40, 60, 80, 100});
    assert_ticks(linear, 4, 3, (const double[]){0, 50, 100});
    assert_ticks(narrow, 8, 7, (const double[]){20, 25, 30, 35, 40, 45, 50});
}

static void labels(void **state) {
    char text[PLOT_LABEL_LEN];
    (void)state;
    assert_string_equal(plot_label(0.05, text), "0.05");
    assert_string_equal(plot_label(999, text), "999");
    assert_string_equal(plot_label(1000, text), "1k");
    assert_string_equal(plot_label(2.5e6, text), "2.5M");
    assert_string_equal(plot_label(-40, text), "-40");
    assert_string_equal(plot_label(1e-17, text), "0");
    assert_string_equal(plot_label(312e12, text), "312T");
}

static void axes_hold_what_they_were_given(void **state) {
    struct plot_axis a = plot_axis_new("", true);
    (void)state;
    assert_false(plot_round(&a));
    plot_include(&a, NAN);
    plot_include(&a, 0); /* has no logarithm */
    plot_include(&a, INFINITY);
    assert_false(plot_round(&a));
    plot_include(&a, 31);
    assert_true(plot_round(&a));
    assert_true(a.low == 20 && a.high == 50);
    plot_include(&a, 700);
    assert_true(plot_round(&a) && a.low == 20 && a.high == 1000);
    a = plot_axis_new("", false);
    plot_include(&a, -29);
    plot_include(&a, 78);
    assert_true(plot_round(&a) && a.low == -40 && a.high == 80); /* 107 / 8 = 13.4: steps of 20 */
}

static struct canvas make(int w, int h, enum glyph_set glyphs) {
    struct canvas c = {.glyphs = glyphs};
    assert_true(canvas_resize(&c, w, h));
    return c;
}

/* A plot of 24x8 cells at 7,1: 48x32 dots, one unit each. */
static struct plot open_plot(struct canvas *c) {
    struct plot p;
    const struct plot_axis x = {0, 47, false, "x"}, y = {0, 31, false, "y"};
    assert_true(plot_open(&p, c, (struct rect){0, 0, 31, 11}, x, y) == 1);
    assert_true(p.in.x == 7 && p.in.y == 1 && p.in.w == 24 && p.in.h == 8);
    return p;
}

static uint32_t at(const struct canvas *c, int x, int y) {
    return c->cell[y * c->w + x].glyph;
}

/* The dot of a point, from the lower left: (0, 0) is the lowest of the left side (64), (47, 31) the highest of the
 * right one (8). */
static void points_have_their_dots(void **state) {
    struct canvas c = make(40, 12, GLYPHS_UTF8);
    struct plot p = open_plot(&c);
    const struct plot_pen pen = {'A', ROLE_SLOT_A, false};
    const double x[] = {0, NAN, 47, NAN, 1}, y[] = {0, NAN, 31, NAN, 0};
    int column, row;
    (void)state;
    plot_line(&p, pen, 5, x, y);
    assert_int_equal(at(&c, 7, 8), 0x2800 + 64 + 128); /* two points share the cell */
    assert_int_equal(at(&c, 30, 1), 0x2800 + 8);
    assert_true(plot_place(&p, 20, 12, &column, &row));
    assert_int_equal(column, 17); /* 7 + 20 / 2 */
    assert_int_equal(row, 5);     /* dot 31 - 12 = 19, 19 / 4 = 4, 1 + 4 */
    assert_false(plot_place(&p, 48, 12, &column, &row));
    assert_false(plot_place(&p, NAN, 12, &column, &row));
    canvas_free(&c);
}

static int count_drawn(const struct plot *p) {
    int n = 0;
    for (int y = 0; y < p->in.h; y++)
        for (int x = 0; x < p->in.w; x++)
            n += at(p->canvas, p->in.x + x, p->in.y + y) != ' ';
    return n;
}

/* From far outside to far outside, nothing is drawn beyond the axes, and what is inside lies where it does uncut. */
static void lines_are_cut(void **state) {
    struct canvas c = make(40, 12, GLYPHS_UTF8);
    struct plot p = open_plot(&c);
    const double x[] = {-1e9, 1e9}, y[] = {10, 10}, away[] = {900, 901};
    (void)state;
    uint32_t edge = at(&c, 6, 6), right = at(&c, 31, 6);
    plot_line(&p, (struct plot_pen){'A', ROLE_SLOT_A, false}, 2, x, y);
    for (int i = 0; i < 24; i++) /* dot row 21: 21 % 4 = 1, the second from above on both sides */
        assert_int_equal(at(&c, 7 + i, 6), 0x2800 + 2 + 16);
    assert_int_equal(count_drawn(&p), 24);
    assert_true(at(&c, 6, 6) == edge && at(&c, 31, 6) == right);
    plot_line(&p, (struct plot_pen){'A', ROLE_SLOT_A, false}, 2, away, y);
    plot_mark(&p, 900, 10, '*', "label", PLOT_RIGHT, ROLE_SLOT_A);
    plot_upright(&p, 900, "label", ROLE_SLOT_A);
    assert_int_equal(count_drawn(&p), 24);
    canvas_free(&c);
}

static void gaps_stay_empty(void **state) {
    struct canvas c = make(40, 12, GLYPHS_UTF8);
    struct plot p = open_plot(&c);
    const double x[] = {0, 10, 20, 30, 40}, y[] = {8, 8, NAN, 8, 8};
    (void)state;
    plot_line(&p, (struct plot_pen){'A', ROLE_SLOT_A, false}, 5, x, y);
    for (int dot = 0; dot < 48; dot++) {
        bool drawn = dot <= 10 || (dot >= 30 && dot <= 40);
        unsigned bit = glyph_dot(dot % 2, 23 % 4);
        assert_int_equal((glyph_dots(at(&c, 7 + dot / 2, 1 + 23 / 4)) & bit) != 0, drawn);
    }
    canvas_free(&c);
}

/* On the side that is asked for, or on the other at an edge. */
static void labels_have_room(void **state) {
    static const struct {
        double x;
        enum plot_side side;
        const char *expected; /* from the cell two before the mark on */
    } of[] = {
        {24, PLOT_RIGHT, "  *AB"}, {24, PLOT_LEFT, "AB*  "}, {46, PLOT_RIGHT, "AB* "}, {0, PLOT_LEFT, " \x01*AB"}};
    (void)state;
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        struct canvas c = make(40, 12, GLYPHS_UTF8);
        struct plot p = open_plot(&c);
        int column, row;
        plot_mark(&p, of[i].x, 10, '*', "AB", of[i].side, ROLE_SLOT_A);
        assert_true(plot_place(&p, of[i].x, 10, &column, &row));
        for (int k = 0; of[i].expected[k]; k++)
            if (of[i].expected[k] != 1) /* the axis */
                assert_int_equal(at(&c, column - 2 + k, row), of[i].expected[k]);
        canvas_free(&c);
    }
}

static void other_glyph_sets(void **state) {
    const double x[] = {0, 47}, y[] = {0, 0};
    (void)state;
    struct canvas ascii = make(40, 12, GLYPHS_ASCII), block = make(40, 12, GLYPHS_BLOCK);
    struct plot p = open_plot(&ascii), q = open_plot(&block);
    plot_line(&p, (struct plot_pen){'A', ROLE_SLOT_A, false}, 2, x, y);
    plot_line(&q, (struct plot_pen){'A', ROLE_SLOT_A, false}, 2, x, y);
    for (int i = 0; i < 24; i++) {
        assert_int_equal(at(&ascii, 7 + i, 8), 'A');
        assert_int_equal(at(&block, 7 + i, 8), 0x2584); /* lower half: both lower quadrants */
    }
    for (int i = 0; i < 40 * 12; i++)
        assert_true(ascii.cell[i].glyph < 127 && (block.cell[i].glyph < 0x2800 || block.cell[i].glyph > 0x28FF));
    canvas_free(&ascii);
    canvas_free(&block);
}

/* All 256: a dot becomes its quadrant, a quadrant all of its dots. */
static void dots_and_quadrants(void **state) {
    (void)state;
    for (unsigned dots = 0; dots < 256; dots++) {
        uint32_t block = glyph_block(glyph_from_dots(dots));
        assert_int_equal(glyph_dots(glyph_from_dots(dots)), dots);
        assert_int_equal(glyph_dots(block) & dots, dots);
        assert_int_equal(glyph_block(glyph_from_dots(glyph_dots(block))), block);
        assert_true(strchr(" '.:", (int)glyph_degrade(glyph_from_dots(dots))));
    }
    assert_int_equal(glyph_block(glyph_from_dots(1)), 0x2598);
    assert_int_equal(glyph_block(glyph_from_dots(128)), 0x2597);
    assert_int_equal(glyph_dots('x'), 0);
}

/* No size, however small, draws outside its rectangle. */
static void small_rooms(void **state) {
    (void)state;
    for (int w = 0; w < 60; w += 3)
        for (int h = 0; h < 20; h++) {
            struct canvas c = make(64, 24, GLYPHS_UTF8);
            struct plot p;
            const struct plot_axis x = {1, 4096, true, "batch"}, y = {1, 2000, true, "tok/s per GPU"};
            const double px[] = {1, 4096}, py[] = {1, 2000};
            const struct rect r = {2, 2, w, h};
            if (plot_open(&p, &c, r, x, y) > 0) {
                plot_line(&p, (struct plot_pen){'A', ROLE_SLOT_A, true}, 2, px, py);
                plot_mark(&p, 4096, 2000, '*', "far right", PLOT_RIGHT, ROLE_SLOT_A);
            }
            for (int i = 0; i < 64 * 24; i++)
                assert_true(c.cell[i].glyph == ' ' || (i % 64 >= 2 && i % 64 < 2 + w && i / 64 >= 2 && i / 64 < 2 + h));
            canvas_free(&c);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks),
        cmocka_unit_test(labels),
        cmocka_unit_test(axes_hold_what_they_were_given),
        cmocka_unit_test(points_have_their_dots),
        cmocka_unit_test(lines_are_cut),
        cmocka_unit_test(gaps_stay_empty),
        cmocka_unit_test(labels_have_room),
        cmocka_unit_test(other_glyph_sets),
        cmocka_unit_test(dots_and_quadrants),
        cmocka_unit_test(small_rooms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
