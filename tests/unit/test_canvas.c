/* The canvas keeps its grid whatever is drawn on it: outside the clip, too long, too wide, not UTF-8, in
 * ASCII. */
#define _POSIX_C_SOURCE 200809L
#include <limits.h>
#include <math.h>
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

enum output { TEXT, ROLES, ANSI, SVG };

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
    else if (how == SVG)
        canvas_write_svg(c, out);
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

/* Relative luminance and contrast of WCAG 2.1; colours as 0xrrggbb. */
static double luminance(unsigned rgb) {
    double sum = 0;
    static const double weight[3] = {0.0722, 0.7152, 0.2126}; /* blue first */
    for (int i = 0; i < 3; i++) {
        double v = (rgb >> 8 * i & 255) / 255.0;
        sum += weight[i] * (v <= 0.03928 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
    }
    return sum;
}

static double contrast(unsigned a, unsigned b) {
    double la = luminance(a), lb = luminance(b);
    return (fmax(la, lb) + 0.05) / (fmin(la, lb) + 0.05);
}

/* What must be read as text needs 4.5, bars and their legends and what is dim by its meaning 3 (WCAG 1.4.3 and 1.4.11). */
static double least_contrast(enum role role) {
    static const enum role dim[] = {ROLE_DIM,  ROLE_FRAME,   ROLE_UNIT,      ROLE_KEY_TEXT, ROLE_HEADING, ROLE_OTHER, ROLE_FREE, ROLE_WORK,
                                    ROLE_DENSE, ROLE_EXPERTS, ROLE_KV, ROLE_ATTENTION, ROLE_FFN,      ROLE_COMM,    ROLE_HEAD};
    for (size_t i = 0; i < sizeof dim / sizeof *dim; i++)
        if (dim[i] == role)
            return 3;
    return 4.5;
}

static void contrasts(void **state) {
    (void)state;
    static const int depths[] = {256, 16, 8};
    assert_float_equal(contrast(0x000000, 0xffffff), 21, 1e-9);
    assert_float_equal(contrast(0x777777, 0xffffff), 4.478, 1e-3); /* a grey known to fail by a hair */
    for (int theme = 0; theme < THEME_COUNT; theme++)
        for (int role = 0; role < ROLE_COUNT; role++)
            for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
                struct style paper = theme_paper((enum theme_id)theme);
                struct style style = theme_style((enum theme_id)theme, (enum role)role, depths[i]);
                double got = contrast(theme_rgb(style.fg < 0 ? paper.fg : style.fg), theme_rgb(style.bg < 0 ? paper.bg : style.bg));
                double least = theme == THEME_CONTRAST ? 7 : least_contrast((enum role)role);
                if (got < least)
                    fail_msg("theme %s, role %c, %d colours: contrast %.2f", theme_names[theme], role_letters[role],
                             depths[i], got);
            }
}

/* A colour as people without one kind of cone see it: Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB; in Lab
 * (CIE 1976, D65). */
static void seen_by(const double m[3][3], unsigned rgb, double lab[3]) {
    static const double xyz[3][3] = {
        {0.4124, 0.3576, 0.1805}, {0.2126, 0.7152, 0.0722}, {0.0193, 0.1192, 0.9505}}, white[3] = {0.9505, 1, 1.089};
    double linear[3], f[3];
    for (int i = 0; i < 3; i++) {
        double v = (rgb >> (16 - 8 * i) & 255) / 255.0;
        linear[i] = v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
    }
    for (int i = 0; i < 3; i++) {
        double t = 0;
        for (int k = 0; k < 3; k++)
            t += xyz[i][k] * fmin(1, fmax(0, m[k][0] * linear[0] + m[k][1] * linear[1] + m[k][2] * linear[2]));
        t /= white[i];
        f[i] = t > 0.008856 ? cbrt(t) : 7.787 * t + 16.0 / 116;
    }
    lab[0] = 116 * f[1] - 16;
    lab[1] = 500 * (f[0] - f[1]);
    lab[2] = 200 * (f[1] - f[2]);
}

/* What must not be mistaken for one another, in four kinds of sight: A and B; better, warning, error. */
static void colours_stay_apart(void **state) {
    (void)state;
    static const double sight[4][3][3] = {
        {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
        {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},  /* protan */
        {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},   /* deutan */
        {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}}}; /* tritan */
    static const struct {
        enum role a, b;
    } pairs[] = {{ROLE_SLOT_A, ROLE_SLOT_B}, {ROLE_BETTER, ROLE_WARN}, {ROLE_WARN, ROLE_ERROR}, {ROLE_BETTER, ROLE_ERROR}};
    for (int theme = THEME_DARK; theme < THEME_MONO; theme++)
        for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
            for (int kind = 0; kind < 4; kind++) {
                struct style x = theme_style((enum theme_id)theme, pairs[i].a, 256), y = theme_style((enum theme_id)theme, pairs[i].b, 256);
                double p[3], q[3]; /* a warning is known by its ground */
                seen_by(sight[kind], theme_rgb(pairs[i].a == ROLE_WARN ? x.bg : x.fg), p);
                seen_by(sight[kind], theme_rgb(pairs[i].b == ROLE_WARN ? y.bg : y.fg), q);
                double apart = sqrt(pow(p[0] - q[0], 2) + pow(p[1] - q[1], 2) + pow(p[2] - q[2], 2));
                if (apart < 20)
                    fail_msg("theme %s, roles %c and %c, sight %d: %.1f apart", theme_names[theme], role_letters[pairs[i].a],
                             role_letters[pairs[i].b], kind, apart);
            }
}

static void colours_of_the_cube(void **state) {
    (void)state;
    assert_int_equal(theme_rgb(214), 0xffaf00); /* 16 + 36*5 + 6*3 + 0 */
    assert_int_equal(theme_rgb(74), 0x5fafd7);  /* 16 + 36*1 + 6*3 + 4 */
    assert_int_equal(theme_rgb(233), 0x121212); /* 8 + 10 */
    assert_int_equal(theme_rgb(9), 0xff0000);
}

/* Escaped text at its own cell, a bar as one shape, a line, a reversed ground. */
static void svg(void **state) {
    (void)state;
    struct canvas c = make(5, 2, GLYPHS_UTF8);
    canvas_text(&c, 1, 0, 3, "<&>", ROLE_KV);
    canvas_put(&c, 0, 1, 0x2588, ROLE_DENSE);
    canvas_put(&c, 1, 1, 0x2588, ROLE_DENSE);
    canvas_put(&c, 2, 1, 0x2500, ROLE_FRAME);
    canvas_put(&c, 4, 1, 0x2591, ROLE_DENSE); /* a shade: two stripes */
    canvas_put(&c, 3, 1, ' ', ROLE_SELECTED);
    assert_shows(&c, SVG,
                 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"60\" height=\"48\" viewBox=\"0 0 60 48\" "
                 "font-family=\"DejaVu Sans Mono, Menlo, Consolas, Liberation Mono, monospace\" font-size=\"20\">\n"
                 "<title>moescope</title>\n<rect width=\"60\" height=\"48\" fill=\"#121212\"/>\n"
                 "<g fill=\"#d0d0d0\">\n</g>\n"
                 "<g fill=\"#808080\">\n<path fill=\"none\" stroke=\"#808080\" d=\"M24 36H36\"/>\n</g>\n"
                 "<path fill=\"#d0d0d0\" d=\"M36 24h12v24h-12z\"/>\n<g fill=\"#121212\">\n</g>\n"
                 "<g fill=\"#0087d7\">\n<path shape-rendering=\"crispEdges\" d=\"M0 24h24v24h-24zM48 27h12v3h-12zM48 39h12v3h-12z\"/>\n</g>\n"
                 "<g fill=\"#00af87\">\n<text x=\"12\" y=\"18\" textLength=\"36\">"
                 "&lt;&amp;&gt;</text>\n</g>\n</svg>\n");
}

static void themes(void **state) {
    (void)state;
    /* what calls for attention does so without colour too: in the mono theme, and on a terminal that has none */
    static const enum role loud[] = {ROLE_SELECTED, ROLE_ENTRY, ROLE_CHANGED, ROLE_BETTER, ROLE_WARN, ROLE_ERROR};
    for (int theme = 0; theme < THEME_COUNT; theme++) {
        for (size_t i = 0; i < sizeof loud / sizeof *loud; i++)
            assert_int_not_equal(theme_style((enum theme_id)theme, loud[i], 0).attrs, 0);
        for (int role = 0; role < ROLE_COUNT; role++) {
            struct style without = theme_style((enum theme_id)theme, (enum role)role, 0);
            struct style mono = theme_style(THEME_MONO, (enum role)role, 256);
            assert_true(without.fg == -1 && without.bg == -1 && mono.fg == -1 && mono.bg == -1);
            assert_true(theme_style((enum theme_id)theme, (enum role)role, 8).fg < 8);
            assert_true(theme_style((enum theme_id)theme, (enum role)role, 16).fg < 16);
            assert_int_equal(without.attrs, mono.attrs);
        }
    }
    assert_int_not_equal(theme_style(THEME_MONO, ROLE_SLOT_A, 0).attrs, theme_style(THEME_MONO, ROLE_SLOT_B, 0).attrs);
}

static void themes_by_name(void **state) {
    (void)state;
    for (int i = 0; i < THEME_COUNT; i++)
        assert_int_equal(theme_find(theme_names[i]), i);
    assert_int_equal(theme_find("pink"), THEME_COUNT);
    setenv("COLORFGBG", "0;default;15", 1);
    assert_int_equal(theme_find("auto"), THEME_LIGHT);
    setenv("COLORFGBG", "15;0", 1);
    assert_int_equal(theme_find("auto"), THEME_DARK);
    unsetenv("COLORFGBG");
    assert_int_equal(theme_find("auto"), THEME_DARK);
}

static void braille_has_stand_ins(void **state) {
    (void)state;
    struct canvas c = make(5, 1, GLYPHS_BLOCK); /* dots 1; 7 8; all; none; 1 2 3 7, the left side */
    canvas_text(&c, 0, 0, 5, "\u2801\u28c0\u28ff\u2800\u2847", ROLE_TEXT);
    assert_shows(&c, TEXT, "\u2598\u2584\u2588 \u258c\n");
    c = make(5, 1, GLYPHS_ASCII);
    canvas_text(&c, 0, 0, 5, "\u2801\u28c0\u28ff\u2800\u2847", ROLE_TEXT);
    assert_shows(&c, TEXT, "'.: :\n");
    c = make(1, 1, GLYPHS_UTF8);
    canvas_text(&c, 0, 0, 1, "\u2801", ROLE_TEXT);
    assert_shows(&c, TEXT, "\u2801\n");
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
        cmocka_unit_test(svg),
        cmocka_unit_test(themes),
        cmocka_unit_test(contrasts),
        cmocka_unit_test(colours_of_the_cube),
        cmocka_unit_test(colours_stay_apart),
        cmocka_unit_test(themes_by_name),
        cmocka_unit_test(braille_has_stand_ins),
        cmocka_unit_test(no_color),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
