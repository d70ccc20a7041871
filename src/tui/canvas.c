#include "tui/canvas.h"

#include <stdlib.h>
#include <string.h>

#include "tui/glyph.h"
#include "tui/utf8.h"

enum { CANVAS_SIDE_MAX = 10000 }; /* keeps w * h * sizeof(struct cell) far inside size_t and int */

static const struct cell blank = {' ', ROLE_TEXT};

bool canvas_resize(struct canvas *c, int w, int h) {
    if (w < 0 || h < 0 || w > CANVAS_SIDE_MAX || h > CANVAS_SIDE_MAX)
        return false;
    size_t n = (size_t)w * (size_t)h;
    struct cell *cell = realloc(c->cell, (n > 0 ? n : 1) * sizeof *cell);
    if (!cell)
        return false;
    c->cell = cell;
    c->w = w;
    c->h = h;
    canvas_clear(c);
    return true;
}

void canvas_free(struct canvas *c) {
    free(c->cell);
    c->cell = NULL;
    c->w = c->h = 0;
    c->clip = (struct rect){0, 0, 0, 0};
}

void canvas_clear(struct canvas *c) {
    for (int i = 0; i < c->w * c->h; i++)
        c->cell[i] = blank;
    c->clip = (struct rect){0, 0, c->w, c->h};
    c->cursor_x = c->cursor_y = 0;
}

/* Cuts the span [*start, *start + *length) to [0, limit). */
static void canvas_cut(int *start, int *length, int limit) {
    long from = *start, to = from + (*length > 0 ? *length : 0);
    if (from < 0)
        from = 0;
    if (to > limit)
        to = limit;
    *start = (int)(from < limit ? from : limit);
    *length = to > from ? (int)(to - from) : 0;
}

void canvas_clip(struct canvas *c, struct rect r) {
    canvas_cut(&r.x, &r.w, c->w);
    canvas_cut(&r.y, &r.h, c->h);
    c->clip = r;
}

void canvas_put(struct canvas *c, int x, int y, uint32_t glyph, enum role role) {
    const struct rect *r = &c->clip;
    if (x < r->x || y < r->y || x >= r->x + r->w || y >= r->y + r->h)
        return;
    glyph = glyph_fold(glyph);
    if (c->glyphs == GLYPHS_BLOCK)
        glyph = glyph_block(glyph);
    if (c->glyphs == GLYPHS_ASCII)
        glyph = glyph_degrade(glyph);
    if (c->glyphs == GLYPHS_BLOCK)
        glyph = glyph_block(glyph);
    c->cell[(size_t)y * (size_t)c->w + (size_t)x] = (struct cell){glyph, (uint8_t)role};
}

int text_width(const char *utf8) {
    int width = 0;
    for (uint32_t g; (g = utf8_next(&utf8)) != 0;)
        width += utf8_cell_width(g) != 0;
    return width;
}

int canvas_text(struct canvas *c, int x, int y, int width, const char *utf8, enum role role) {
    int whole = text_width(utf8), used = 0;
    int cut = whole > width ? width - 1 : whole;
    if (width <= 0)
        return 0;
    for (uint32_t g; used < cut && (g = utf8_next(&utf8)) != 0;)
        if (utf8_cell_width(g) != 0)
            canvas_put(c, x + used++, y, g, role);
    if (whole > width)
        canvas_put(c, x + used++, y, 0x2026, role); /* … */
    return used;
}

void canvas_text_right(struct canvas *c, int x, int y, int width, const char *utf8, enum role role) {
    int whole = text_width(utf8);
    int indent = whole < width ? width - whole : 0;
    canvas_text(c, x + indent, y, width - indent, utf8, role);
}

void canvas_fill(struct canvas *c, struct rect r, uint32_t glyph, enum role role) {
    canvas_cut(&r.x, &r.w, c->w);
    canvas_cut(&r.y, &r.h, c->h);
    for (int y = r.y; y < r.y + r.h; y++)
        for (int x = r.x; x < r.x + r.w; x++)
            canvas_put(c, x, y, glyph, role);
}

void canvas_frame(struct canvas *c, struct rect r, const char *title, bool focus) {
    enum role role = focus ? ROLE_FRAME_FOCUS : ROLE_FRAME;
    int right = r.x + r.w - 1, bottom = r.y + r.h - 1;
    if (r.w < 2 || r.h < 2)
        return;
    canvas_fill(c, (struct rect){r.x, r.y, r.w, 1}, 0x2500, role);    /* ─ */
    canvas_fill(c, (struct rect){r.x, bottom, r.w, 1}, 0x2500, role); /* ─ */
    canvas_fill(c, (struct rect){r.x, r.y, 1, r.h}, 0x2502, role);    /* │ */
    canvas_fill(c, (struct rect){right, r.y, 1, r.h}, 0x2502, role);  /* │ */
    canvas_put(c, r.x, r.y, 0x250C, role);                            /* ┌ */
    canvas_put(c, right, r.y, 0x2510, role);                          /* ┐ */
    canvas_put(c, r.x, bottom, 0x2514, role);                         /* └ */
    canvas_put(c, right, bottom, 0x2518, role);                       /* ┘ */
    if (!title || !*title || r.w < 6)
        return;
    canvas_put(c, r.x + 1, r.y, focus ? 0x25B8 : ' ', role); /* ▸: the focus is seen without colour too */
    int used = canvas_text(c, r.x + 2, r.y, r.w - 4, title, focus ? ROLE_FRAME_FOCUS : ROLE_TITLE);
    canvas_put(c, r.x + 2 + used, r.y, ' ', role);
}
