/* A canvas as SVG. The grid must hold whatever font the reader has: every word starts at its own cell and is
 * spaced over its cells, and blocks, lines and braille are drawn as shapes, not as glyphs. Nothing outside
 * the file is needed. */
#include "tui/canvas.h"

#include "tui/theme.h"
#include "tui/utf8.h"

enum { CELL_W = 12, CELL_H = 24, FONT_SIZE = 20, BASELINE = 18, EIGHTHS = 8 };

struct pen {
    const struct canvas *c;
    FILE *out;
    enum role role; /* the one being drawn */
};

/* A part of a cell, in eighths of its sides. */
struct part {
    int x0, y0, x1, y1;
};

enum { PARTS_MAX = 8 };

/* --- glyphs that are shapes --- */

/* Which arms a light line has. */
enum arm { ARM_LEFT = 1, ARM_RIGHT = 2, ARM_UP = 4, ARM_DOWN = 8 };

static int line_arms(uint32_t glyph) {
    static const struct {
        uint32_t glyph;
        int arms;
    } lines[] = {
        {0x2500, ARM_LEFT | ARM_RIGHT},
        {0x2502, ARM_UP | ARM_DOWN},
        {0x250C, ARM_RIGHT | ARM_DOWN},
        {0x2510, ARM_LEFT | ARM_DOWN},
        {0x2514, ARM_RIGHT | ARM_UP},
        {0x2518, ARM_LEFT | ARM_UP},
        {0x251C, ARM_RIGHT | ARM_UP | ARM_DOWN},
        {0x2524, ARM_LEFT | ARM_UP | ARM_DOWN},
        {0x252C, ARM_LEFT | ARM_RIGHT | ARM_DOWN},
        {0x2534, ARM_LEFT | ARM_RIGHT | ARM_UP},
        {0x253C, ARM_LEFT | ARM_RIGHT | ARM_UP | ARM_DOWN},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (lines[i].glyph == glyph)
            return lines[i].arms;
    return 0;
}

/* ░ ▒ ▓ are stripes, not tints: they keep their contrast, and are told apart without colour. */
static int shade_parts(uint32_t glyph, struct part out[PARTS_MAX]) {
    static const struct part stripes[3][4] = {
        {{0, 1, 8, 2}, {0, 5, 8, 6}},
        {{0, 0, 8, 1}, {0, 2, 8, 3}, {0, 4, 8, 5}, {0, 6, 8, 7}},
        {{0, 0, 8, 3}, {0, 4, 8, 7}},
    };
    int shade = (int)glyph - 0x2591, n = shade == 1 ? 4 : 2;
    for (int i = 0; i < n; i++)
        out[i] = stripes[shade][i];
    return n;
}

static int quarter_parts(unsigned quarters, struct part out[PARTS_MAX]) {
    int n = 0;
    for (int i = 0; i < 4; i++)
        if (quarters & 1U << i)
            out[n++] = (struct part){i % 2 * 4, i / 2 * 4, i % 2 * 4 + 4, i / 2 * 4 + 4};
    return n;
}

static int braille_parts(uint32_t dots, struct part out[PARTS_MAX]) {
    static const struct {
        int x, y;
    } place[8] = {{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}, {0, 3}, {1, 3}};
    int n = 0;
    for (int i = 0; i < 8; i++)
        if (dots & 1U << i)
            out[n++] =
                (struct part){place[i].x * 4 + 1, place[i].y * 2, place[i].x * 4 + 3, place[i].y * 2 + 1};
    return n;
}

/* The rectangles that make the glyph; 0 for one that is text. */
static int glyph_parts(uint32_t glyph, struct part out[PARTS_MAX]) {
    /* upper left 1, upper right 2, lower left 4, lower right 8, from U+2596 on */
    static const unsigned quarters[] = {4, 8, 1, 13, 9, 7, 11, 2, 6, 14};
    int n = (int)glyph;
    if (glyph >= 0x2581 && glyph <= 0x2588)
        out[0] = (struct part){0, 0x2588 - n, EIGHTHS, EIGHTHS};
    else if (glyph >= 0x2589 && glyph <= 0x258F)
        out[0] = (struct part){0, 0, 0x2590 - n, EIGHTHS};
    else if (glyph == 0x2580 || glyph == 0x2594)
        out[0] = (struct part){0, 0, EIGHTHS, glyph == 0x2580 ? 4 : 1};
    else if (glyph == 0x2590)
        out[0] = (struct part){4, 0, EIGHTHS, EIGHTHS};
    else if (glyph >= 0x2591 && glyph <= 0x2593)
        return shade_parts(glyph, out);
    else if (glyph >= 0x2596 && glyph <= 0x259F)
        return quarter_parts(quarters[glyph - 0x2596], out);
    else
        return glyph > 0x2800 && glyph <= 0x28FF ? braille_parts(glyph & 0xFF, out) : 0;
    return 1;
}

/* --- one role --- */

static struct cell cell_at(const struct pen *p, int x, int y) {
    return p->c->cell[(size_t)y * (size_t)p->c->w + (size_t)x];
}

static bool is_ours(const struct pen *p, int x, int y) {
    return x < p->c->w && cell_at(p, x, y).role == p->role;
}

/* How many cells from here on have the role and, if it is given, the glyph. */
static int run_length(const struct pen *p, int x, int y, uint32_t glyph) {
    int n = 0;
    while (is_ours(p, x + n, y) && (!glyph || cell_at(p, x + n, y).glyph == glyph))
        n++;
    return n;
}

static void put_grounds(const struct pen *p, unsigned rgb) {
    fprintf(p->out, "<path fill=\"#%06x\" d=\"", rgb);
    for (int y = 0; y < p->c->h; y++)
        for (int x = 0; x < p->c->w; x++) {
            int n = run_length(p, x, y, 0);
            if (n > 0)
                fprintf(p->out, "M%d %dh%dv%dh-%dz", x * CELL_W, y * CELL_H, n * CELL_W, CELL_H, n * CELL_W);
            x += n;
        }
    fputs("\"/>\n", p->out);
}

/* One rectangle; parts that reach from side to side are drawn as long as their glyph is repeated. */
static void put_part(const struct pen *p, int x, int y, int n, struct part part) {
    double left = x * CELL_W + part.x0 * CELL_W / 8.0, top = y * CELL_H + part.y0 * CELL_H / 8.0;
    double w = (part.x1 - part.x0) * CELL_W / 8.0 + (n - 1) * CELL_W, h = (part.y1 - part.y0) * CELL_H / 8.0;
    fprintf(p->out, "M%g %gh%gv%gh-%gz", left, top, w, h, w);
}

/* All blocks in one path; nothing at all if there are none. */
static void put_blocks(const struct pen *p) {
    bool open = false;
    for (int y = 0; y < p->c->h; y++)
        for (int x = 0; x < p->c->w; x++) {
            struct part part[PARTS_MAX];
            uint32_t glyph = cell_at(p, x, y).glyph;
            int parts = is_ours(p, x, y) ? glyph_parts(glyph, part) : 0;
            bool across = parts > 0 && part[0].x0 == 0 && part[0].x1 == EIGHTHS &&
                          part[parts - 1].x1 == EIGHTHS && part[parts - 1].x0 == 0;
            int n = across ? run_length(p, x, y, glyph) : 1;
            if (parts > 0 && !open)
                fputs("<path shape-rendering=\"crispEdges\" d=\"", p->out);
            open |= parts > 0;
            for (int i = 0; i < parts; i++)
                put_part(p, x, y, n, part[i]);
            x += n - 1;
        }
    if (open)
        fputs("\"/>\n", p->out);
}

static void put_arms(const struct pen *p, int x, int y, int n, int arms) {
    double cx = x * CELL_W + CELL_W / 2.0, cy = y * CELL_H + CELL_H / 2.0;
    double left = arms & ARM_LEFT ? x * CELL_W : cx, right = arms & ARM_RIGHT ? (x + n) * CELL_W : cx;
    double top = arms & ARM_UP ? y * CELL_H : cy, bottom = arms & ARM_DOWN ? (y + 1) * CELL_H : cy;
    if (right > left)
        fprintf(p->out, "M%g %gH%g", left, cy, right);
    if (bottom > top)
        fprintf(p->out, "M%g %gV%g", cx, top, bottom);
}

static void put_lines(const struct pen *p, unsigned rgb) {
    bool open = false;
    for (int y = 0; y < p->c->h; y++)
        for (int x = 0; x < p->c->w; x++) {
            uint32_t glyph = cell_at(p, x, y).glyph;
            int arms = is_ours(p, x, y) ? line_arms(glyph) : 0;
            int n = arms == (ARM_LEFT | ARM_RIGHT) ? run_length(p, x, y, glyph) : 1;
            if (arms && !open)
                fprintf(p->out, "<path fill=\"none\" stroke=\"#%06x\" d=\"", rgb);
            open |= arms != 0;
            if (arms)
                put_arms(p, x, y, n, arms);
            x += n - 1;
        }
    if (open)
        fputs("\"/>\n", p->out);
}

static bool is_text(const struct pen *p, int x, int y) {
    struct part part[PARTS_MAX];
    if (!is_ours(p, x, y))
        return false;
    uint32_t glyph = cell_at(p, x, y).glyph;
    return glyph != ' ' && glyph != 0x2800 && !line_arms(glyph) && !glyph_parts(glyph, part);
}

static void put_glyph(uint32_t glyph, FILE *out) {
    char utf8[UTF8_LEN];
    utf8_encode(glyph, utf8);
    fputs(glyph == '<' ? "&lt;" : glyph == '>' ? "&gt;" : glyph == '&' ? "&amp;" : utf8, out);
}

static void put_words(const struct pen *p) {
    for (int y = 0; y < p->c->h; y++)
        for (int x = 0, n; x < p->c->w; x += n + 1) {
            for (n = 0; is_text(p, x + n, y);)
                n++;
            if (n == 0)
                continue;
            fprintf(p->out, "<text x=\"%d\" y=\"%d\"", x * CELL_W, y * CELL_H + BASELINE);
            if (n > 1)
                fprintf(p->out, " textLength=\"%d\"", n * CELL_W);
            fputc('>', p->out);
            for (int i = 0; i < n; i++)
                put_glyph(cell_at(p, x + i, y).glyph, p->out);
            fputs("</text>\n", p->out);
        }
}

/* Everything in one role: its colours stand once, as attributes, which slides and browsers both read. */
static void put_role(const struct pen *p) {
    struct style style = theme_style(p->c->theme, p->role, 256), paper = theme_paper(p->c->theme);
    bool reverse = style.attrs & STYLE_REVERSE, ground = style.bg >= 0 || reverse;
    unsigned fg = theme_rgb(style.fg < 0 ? paper.fg : style.fg),
             bg = theme_rgb(style.bg < 0 ? paper.bg : style.bg);
    if (ground && (reverse ? fg : bg) != theme_rgb(paper.bg))
        put_grounds(p, reverse ? fg : bg);
    fprintf(p->out, "<g fill=\"#%06x\"%s%s%s>\n", reverse ? bg : fg,
            style.attrs & STYLE_BOLD ? " font-weight=\"bold\"" : "",
            style.attrs & STYLE_UNDERLINE ? " text-decoration=\"underline\"" : "",
            style.attrs & STYLE_DIM ? " opacity=\"0.6\"" : "");
    put_blocks(p);
    put_lines(p, reverse ? bg : fg);
    put_words(p);
    fputs("</g>\n", p->out);
}

static bool has_role(const struct canvas *c, enum role role) {
    for (int i = 0; i < c->w * c->h; i++)
        if (c->cell[i].role == role)
            return true;
    return false;
}

void canvas_write_svg(const struct canvas *c, FILE *out) {
    int w = c->w * CELL_W, h = c->h * CELL_H;
    fprintf(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
        "font-family=\"DejaVu Sans Mono, Menlo, Consolas, Liberation Mono, monospace\" font-size=\"%d\">\n"
        "<title>moescope</title>\n<rect width=\"%d\" height=\"%d\" fill=\"#%06x\"/>\n",
        w, h, w, h, FONT_SIZE, w, h, theme_rgb(theme_paper(c->theme).bg));
    for (int role = 0; role < ROLE_COUNT; role++)
        if (has_role(c, (enum role)role))
            put_role(&(struct pen){c, out, (enum role)role});
    fputs("</svg>\n", out);
}
