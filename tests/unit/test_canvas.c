/* The canvas keeps its grid whatever is drawn on it: outside the clip, too long, too wide, not UTF-8, in
 * ASCII. */
#define _POSIX_C_SOURCE 200809L
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tui/canvas.h"
#include "tui/glyph.h"
#include "tui/theme.h"
#include "tui/utf8.h"

enum output { TEXT, ROLES, ANSI };

static struct canvas make(int w, int h, enum glyph_set glyphs) {
    struct canvas c = {.glyphs = glyphs};
    assert_true(canvas_resize(&c, w, h));
    return c;
}

static char *written(const struct canvas *c, enum output how) {
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    assert_non_null(out);
    if (how == ANSI)
        canvas_write_ansi(c, out);
    else
        canvas_write_text(c, out, how == ROLES);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void assert_shows(struct canvas *c, enum output how, const char *expected) {
    char *text = written(c, how);
    assert_string_equal(text, expected);
    free(text);
    canvas_free(c);
}

static void clipping(void **state) {
    (void)state;
    struct canvas c = make(6, 3, GLYPHS_UTF8);
    canvas_put(&c, -1, 0, 'x', ROLE_TEXT);
    canvas_put(&c, 6, 0, 'x', ROLE_TEXT);
    canvas_put(&c, 0, 3, 'x', ROLE_TEXT);
    canvas_put(&c, INT_MAX, INT_MIN, 'x', ROLE_TEXT);
    canvas_clip(&c, (struct rect){1, 1, 3, 1});
    canvas_text(&c, -1, 1, 20, "abcdefgh", ROLE_TEXT);
    canvas_text(&c, 0, 0, 20, "abcdefgh", ROLE_TEXT);
    canvas_fill(&c, (struct rect){3, -9, INT_MAX, INT_MAX}, '*', ROLE_TEXT);
    assert_shows(&c, TEXT, "\n cd*\n\n");
}

static void clip_is_cut_to_the_canvas(void **state) {
    (void)state;
    struct canvas c = make(4, 2, GLYPHS_UTF8);
    canvas_clip(&c, (struct rect){-5, -5, 100, 100});
    assert_memory_equal(&c.clip, (&(struct rect){0, 0, 4, 2}), sizeof c.clip);
    canvas_clip(&c, (struct rect){9, 9, 4, 4});
    canvas_fill(&c, (struct rect){0, 0, 4, 2}, '*', ROLE_TEXT);
    canvas_clip(&c, (struct rect){0, 0, -3, 2});
    canvas_fill(&c, (struct rect){0, 0, 4, 2}, '*', ROLE_TEXT);
    assert_shows(&c, TEXT, "\n\n");
}

static void clear_takes_the_clip_away(void **state) {
    (void)state;
    struct canvas c = make(3, 1, GLYPHS_UTF8);
    canvas_clip(&c, (struct rect){1, 0, 1, 1});
    canvas_clear(&c);
    canvas_text(&c, 0, 0, 3, "abc", ROLE_TEXT);
    assert_shows(&c, TEXT, "abc\n");
}

static void sizes(void **state) {
    (void)state;
    struct canvas c = make(0, 0, GLYPHS_UTF8);
    canvas_put(&c, 0, 0, 'x', ROLE_TEXT);
    canvas_frame(&c, (struct rect){0, 0, 10, 10}, "title", true);
    assert_false(canvas_resize(&c, -1, 5));
    assert_false(canvas_resize(&c, INT_MAX, INT_MAX));
    assert_true(canvas_resize(&c, 2, 1));
    canvas_text(&c, 0, 0, 2, "ab", ROLE_TEXT);
    assert_shows(&c, TEXT, "ab\n");
}

static void ellipsis(void **state) {
    (void)state;
    struct canvas c = make(8, 6, GLYPHS_UTF8);
    assert_int_equal(canvas_text(&c, 0, 0, 4, "abcd", ROLE_TEXT), 4);
    assert_int_equal(canvas_text(&c, 0, 1, 4, "abcde", ROLE_TEXT), 4);
    assert_int_equal(canvas_text(&c, 0, 2, 1, "abcde", ROLE_TEXT), 1);
    assert_int_equal(canvas_text(&c, 0, 3, 0, "abcde", ROLE_TEXT), 0);
    assert_int_equal(canvas_text(&c, 0, 3, -7, "abcde", ROLE_TEXT), 0);
    canvas_text_right(&c, 1, 4, 6, "ab", ROLE_TEXT);
    canvas_text_right(&c, 0, 5, 4, "àéîõü", ROLE_TEXT);
    assert_shows(&c, TEXT, "abcd\nabc…\n…\n\n     ab\nàéî…\n");
}

static void wide_and_joining_input(void **state) {
    (void)state;
    assert_int_equal(text_width("e\u0301a"), 2); /* e, combining acute, a */
    assert_int_equal(text_width("漢字"), 2);     /* one replacement each */
    assert_int_equal(text_width("a\u200bb\u202ec"), 3);
    struct canvas c = make(10, 2, GLYPHS_UTF8);
    assert_int_equal(canvas_text(&c, 0, 0, 10, "e\u0301漢x\u202ey", ROLE_TEXT), 4);
    canvas_text(&c, 0, 1, 10, "1\u2009234\u00a0ms\tx", ROLE_TEXT); /* thin and no-break space; controls */
    assert_shows(&c, TEXT, "e\uFFFDxy\n1 234 ms\uFFFDx\n");
}

static void invalid_utf8(void **state) {
    (void)state;
    static const char *const bad[] = {"\xff",     "\x80",         "\xc0\xaf",
                                      "\xe2\x82", "\xed\xa0\x80", "\xf5\x80\x80\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *p = bad[i];
        size_t n = 0;
        for (uint32_t g; (g = utf8_next(&p)) != 0; n++)
            assert_int_equal(g, UTF8_REPLACEMENT);
        assert_int_equal(n, strlen(bad[i])); /* one for each byte, and the end is found */
    }
    struct canvas c = make(6, 1, GLYPHS_ASCII);
    canvas_text(&c, 0, 0, 6, "a\xe2(b", ROLE_TEXT);
    assert_shows(&c, TEXT, "a?(b\n");
}

static void utf8_round_trip(void **state) {
    (void)state;
    static const uint32_t some[] = {1,      'a',    0x7f,   0x80,    0x7ff,   0x800,
                                    0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        char buf[UTF8_LEN];
        const char *p = buf;
        size_t n = utf8_encode(some[i], buf);
        assert_int_equal(n, strlen(buf));
        assert_int_equal(utf8_next(&p), some[i]);
        assert_int_equal(*p, '\0');
    }
    char buf[UTF8_LEN];
    utf8_encode(0xd800, buf);
    assert_string_equal(buf, "\uFFFD");
    utf8_encode(UINT32_MAX, buf);
    assert_string_equal(buf, "\uFFFD");
}

static void every_glyph_degrades(void **state) {
    (void)state;
    char ascii;
    uint32_t last = 0;
    for (size_t i = 0; glyph_table_row(i, &ascii) != 0; i++) {
        uint32_t glyph = glyph_table_row(i, &ascii);
        assert_true(glyph > last); /* sorted: the search relies on it */
        last = glyph;
        assert_in_range(ascii, ' ', '~');
        assert_int_equal(glyph_degrade(glyph), ascii);
        assert_int_equal(utf8_cell_width(glyph), 1);
        struct canvas c = make(1, 1, GLYPHS_ASCII);
        canvas_put(&c, 0, 0, glyph, ROLE_TEXT);
        assert_int_equal(c.cell[0].glyph, ascii);
        canvas_free(&c);
    }
    assert_int_equal(glyph_degrade('~'), '~');
    assert_int_equal(glyph_degrade(0x1F600), '?');
    assert_int_equal(glyph_degrade(0xE9), '?');
}

/* A memory bar and the eight heights of a histogram must be told apart by glyph alone. */
static void bars_stay_apart(void **state) {
    (void)state;
    static const char *const sets[] = {"█▓▒░·", " ▁▂▃▄▅▆▇█"};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        char seen[128] = {0};
        for (const char *p = sets[i]; *p;) {
            uint32_t ascii = glyph_degrade(utf8_next(&p));
            assert_int_not_equal(ascii, '?');
            assert_int_equal(seen[ascii]++, 0);
        }
    }
    struct canvas c = make(10, 1, GLYPHS_ASCII);
    canvas_text(&c, 0, 0, 10, "█▓▒░· ◂●▸…", ROLE_TEXT);
    assert_shows(&c, TEXT, "#%=-. <*>~\n");
}

static void frames(void **state) {
    (void)state;
    struct canvas c = make(22, 3, GLYPHS_UTF8);
    canvas_frame(&c, (struct rect){0, 0, 11, 3}, "Memory", false);
    canvas_frame(&c, (struct rect){11, 0, 11, 3}, "Latency too long", true);
    canvas_frame(&c, (struct rect){3, 1, 1, 1}, "x", true);
    assert_shows(&c, TEXT,
                 "┌ Memory ─┐┌▸Latenc… ┐\n"
                 "│         ││         │\n"
                 "└─────────┘└─────────┘\n");
}

static void frames_in_ascii(void **state) {
    (void)state;
    struct canvas c = make(9, 3, GLYPHS_ASCII);
    canvas_frame(&c, (struct rect){0, 0, 9, 3}, "Cost", true);
    assert_shows(&c, ROLES,
                 "+>Cost -+\n|       |\n+-------+\n"
                 "#########\n#.......#\n#########\n");
}

static void role_letters_are_distinct(void **state) {
    (void)state;
    char seen[128] = {0};
    assert_int_equal(strlen(role_letters), ROLE_COUNT);
    for (int role = 0; role < ROLE_COUNT; role++)
        assert_int_equal(seen[(int)role_letters[role]]++, 0);
}

static void role_map(void **state) {
    (void)state;
    struct canvas c = make(8, 2, GLYPHS_UTF8);
    canvas_text(&c, 0, 0, 8, "a b", ROLE_VALUE);
    canvas_put(&c, 5, 0, ' ', ROLE_SELECTED);
    canvas_put(&c, 1, 1, 'x', ROLE_ERROR);
    assert_shows(&c, ROLES, "a b\n x\nvvv..S\n.E\n");
}

static void ansi(void **state) {
    (void)state;
    struct canvas c = make(6, 3, GLYPHS_UTF8);
    canvas_text(&c, 0, 0, 6, "ab", ROLE_TEXT);
    canvas_text(&c, 2, 0, 6, "cd", ROLE_KV);
    canvas_put(&c, 4, 0, ' ', ROLE_KV); /* a blank without a ground is not seen */
    canvas_put(&c, 1, 1, ' ', ROLE_SELECTED);
    assert_shows(&c, ANSI, "ab\033[0;38;5;36mcd\033[0m\n \033[0;7m \033[0m\n\n");
}

static void themes(void **state) {
    (void)state;
    for (int role = 0; role < ROLE_COUNT; role++) {
        struct style mono = theme_style((enum role)role, 0);
        struct style few = theme_style((enum role)role, 8);
        struct style many = theme_style((enum role)role, 256);
        assert_true(mono.fg == -1 && mono.bg == -1);
        assert_true(few.fg >= -1 && few.fg < 8 && few.bg == -1);
        assert_true(many.fg >= -1 && many.fg < 256 && many.bg < 256);
    }
    /* what calls for attention does so without colour too */
    static const enum role loud[] = {ROLE_SELECTED, ROLE_ENTRY, ROLE_CHANGED,
                                     ROLE_BETTER,   ROLE_WARN,  ROLE_ERROR};
    for (size_t i = 0; i < sizeof loud / sizeof *loud; i++)
        assert_int_not_equal(theme_style(loud[i], 0).attrs, 0);
    assert_int_not_equal(theme_style(ROLE_SLOT_A, 0).attrs, theme_style(ROLE_SLOT_B, 0).attrs);
}

static void no_color(void **state) {
    (void)state;
    setenv("NO_COLOR", "1", 1);
    assert_int_equal(theme_colors("auto", 256), 0);
    assert_int_equal(theme_colors("always", 256), 256);
    assert_int_equal(theme_colors("never", 256), 0);
    setenv("NO_COLOR", "", 1);
    assert_int_equal(theme_colors("auto", 256), 256);
    unsetenv("NO_COLOR");
    assert_int_equal(theme_colors("auto", 8), 8);
    assert_int_equal(theme_colors("never", 8), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clipping),
        cmocka_unit_test(clip_is_cut_to_the_canvas),
        cmocka_unit_test(clear_takes_the_clip_away),
        cmocka_unit_test(sizes),
        cmocka_unit_test(ellipsis),
        cmocka_unit_test(wide_and_joining_input),
        cmocka_unit_test(invalid_utf8),
        cmocka_unit_test(utf8_round_trip),
        cmocka_unit_test(every_glyph_degrades),
        cmocka_unit_test(bars_stay_apart),
        cmocka_unit_test(frames),
        cmocka_unit_test(frames_in_ascii),
        cmocka_unit_test(role_letters_are_distinct),
        cmocka_unit_test(role_map),
        cmocka_unit_test(ansi),
        cmocka_unit_test(themes),
        cmocka_unit_test(no_color),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
