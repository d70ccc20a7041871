#include "tui/present.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tui/digits.h"
#include "tui/figures.h"
#include "tui/ui_state.h"

/* --- large digits --- */

enum { GLYPH_W = 3, GLYPH_H = 5, SCALE_MAX = 8 };

static const struct letter {
    char c;
    unsigned char row[GLYPH_H]; /* the left pixel is 4 */
} letters[] = {
    {'0', {7, 5, 5, 5, 7}}, {'1', {2, 6, 2, 2, 7}}, {'2', {7, 1, 7, 4, 7}}, {'3', {7, 1, 7, 1, 7}},
    {'4', {5, 5, 7, 1, 1}}, {'5', {7, 4, 7, 1, 7}}, {'6', {7, 4, 7, 5, 7}}, {'7', {7, 1, 1, 1, 1}},
    {'8', {7, 5, 7, 5, 7}}, {'9', {7, 5, 7, 1, 7}}, {'-', {0, 0, 7, 0, 0}}, {'k', {4, 5, 6, 5, 5}},
    {'M', {5, 7, 7, 5, 5}}, {'G', {7, 4, 5, 5, 7}}, {'%', {5, 1, 2, 4, 5}}, {'A', {2, 5, 7, 5, 5}},
    {'B', {6, 5, 6, 5, 6}},
};

static const struct letter *find_letter(char c) {
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (letters[i].c == c)
            return &letters[i];
    return NULL;
}

/* Whether the half row of the letter is lit at a cell, both from its corner. */
static bool is_lit(const struct letter *l, int scale, int x, int half) {
    int row = half / scale;
    return row < GLYPH_H && l->row[row] & 4 >> x / scale;
}

static void draw_letter(struct canvas *c, int x, int y, int scale, const struct letter *l, enum role role) {
    static const uint32_t blocks[4] = {' ', 0x2580, 0x2584, 0x2588};
    for (int row = 0; row < (GLYPH_H * scale + 1) / 2; row++)
        for (int i = 0; i < GLYPH_W * scale; i++) {
            int lit = is_lit(l, scale, i, 2 * row) | is_lit(l, scale, i, 2 * row + 1) << 1;
            if (lit)
                canvas_put(c, x + i, y + row, blocks[lit], role);
        }
}

/* The point takes one pixel, at the foot. */
static void draw_point(struct canvas *c, int x, int y, int scale, enum role role) {
    const struct letter point = {'.', {0, 0, 0, 0, 4}};
    draw_letter(c, x, y, scale, &point, role);
}

int present_digits(struct canvas *c, int x, int y, int scale, const char *text, enum role role) {
    int used = 0;
    for (; *text; text++) {
        const struct letter *l = find_letter(*text);
        if (c && *text == '.')
            draw_point(c, x + used, y, scale, role);
        else if (c && l)
            draw_letter(c, x + used, y, scale, l, role);
        used += ((l ? GLYPH_W : 1) + 1) * scale;
    }
    return used > 0 ? used - scale : 0;
}

/* --- pages --- */

static const struct page {
    const char *title, *means;
    enum estimate_field_id figure;
    enum digits_kind kind;
} pages[PRESENT_PAGES] = {
    {"Cost", "dollars per million output tokens", E_COST_M_OUT, DIGITS_REAL},
    {"Latency", "milliseconds per token", E_TPOT_MS, DIGITS_REAL},
    {"First token", "milliseconds until it comes", E_TTFT_MS, DIGITS_REAL},
    {"Memory", "GB on the fullest GPU", E_MEM_GB, DIGITS_REAL},
    {"Imbalance", "percent of a step lost to uneven experts", E_IMBALANCE_LOSS, DIGITS_PERCENT},
};

enum estimate_field_id present_figure(const struct ui *u, const char **title) {
    *title = pages[u->page].title;
    return pages[u->page].figure;
}

void present_turn(struct ui *u, int step) {
    u->page = (u->page + step + PRESENT_PAGES) % PRESENT_PAGES;
}

/* "31.9", "1.04k", "-" where there is no figure: what the large letters can say. */
static void print_large(const struct slot_view *s, const struct page *p, char *buf, size_t size) {
    enum { WHOLE_ROOM = 4 };
    struct digits d;
    double value = figures_value(&s->now, p->figure);
    digits_split(value, p->kind, WHOLE_ROOM, &d);
    snprintf(buf, size, "%s%s",
             isnan(value)                               ? "-"
             : d.whole[0] == '-' || (d.whole[0] & 0x80) ? "-"
                                                        : "",
             isnan(value) ? "" : d.whole + strcspn(d.whole, "0123456789"));
    if (!isnan(value))
        snprintf(buf + strlen(buf), size - strlen(buf), "%s", d.rest);
}

/* Under the number: who it is, and how far it can be trusted; or why there is none. */
static void describe_slot(const struct ui *u, int slot, const struct page *p, char *buf, size_t size) {
    const struct slot_view *s = &u->view.slot[slot];
    char limit[VIEW_TEXT], from[DIGITS_LEN], to[DIGITS_LEN];
    double lo, hi;
    const char *model = s->deployment.model ? s->deployment.model->name : "?",
               *gpu = s->deployment.gpu ? s->deployment.gpu->name : "?";
    snprintf(buf, size, "%s%s · %d×%.*s · batch %d", slot == u->view.edited ? "▸" : " ", model,
             s->deployment.gpus, (int)strcspn(gpu, " "), gpu, s->deployment.batch);
    size_t used = strlen(buf);
    if (!s->now.feasible)
        snprintf(buf + used, size - used, " · %s", view_limit_text(&u->view, slot, VIEW_TEXT, limit));
    else if (figures_interval(&s->now, p->figure, &lo, &hi))
        snprintf(buf + used, size - used, " · %s–%s", digits_print(lo, p->kind, from),
                 digits_print(hi, p->kind, to));
}

/* The largest scale at which both numbers have room in w x h each: an even one where half blocks would be
 * letters. */
static int find_scale(const char text[SLOT_COUNT][DIGITS_LEN], int w, int h, bool ascii) {
    int scale = SCALE_MAX, least = ascii ? 2 : 1;
    for (; scale > least; scale -= least) {
        int widest = 0;
        for (int i = 0; i < SLOT_COUNT; i++) {
            int used = present_digits(NULL, 0, 0, scale, text[i], ROLE_TEXT);
            widest = used > widest ? used : widest;
        }
        if (widest + (GLYPH_W + 2) * scale + 3 <= w && (GLYPH_H * scale + 1) / 2 <= h)
            break;
    }
    return scale;
}

static void draw_slot(const struct ui *u, struct canvas *c, struct rect r, int slot, int scale,
                      const char *number) {
    const struct page *p = &pages[u->page];
    const struct estimate *a = &u->view.slot[SLOT_A].now, *b = &u->view.slot[SLOT_B].now;
    bool better = figures_better(a, b, p->figure) == slot, certain = figures_certain(a, b, p->figure);
    char text[VIEW_TEXT + 128];
    int high = (GLYPH_H * scale + 1) / 2, y = r.y + (r.h - 1 - high) / 2;
    int x = r.x + (GLYPH_W + 2) * scale;
    present_digits(c, r.x, y, scale, slot_names[slot], view_slot_role(slot));
    int used = present_digits(c, x, y, scale, number, better && certain ? ROLE_BETTER : ROLE_VALUE);
    if (better)
        canvas_text(c, x + used + 1, y + high - 1, r.w, certain ? "● better" : "○ maybe better", ROLE_BETTER);
    describe_slot(u, slot, p, text, sizeof text);
    canvas_text(c, r.x, r.y + r.h - 1, r.w, text, u->view.slot[slot].now.feasible ? ROLE_TEXT : ROLE_WARN);
}

static void draw_head(const struct ui *u, struct canvas *c) {
    char text[64];
    const struct page *p = &pages[u->page];
    int used = 2 + canvas_text(c, 2, 0, c->w / 2, p->title, ROLE_FRAME_FOCUS);
    canvas_text(c, used + 2, 0, c->w - used - 12, p->means, ROLE_TEXT);
    snprintf(text, sizeof text, "%d/%d", u->page + 1, PRESENT_PAGES);
    canvas_text_right(c, c->w - 8, 0, 6, text, ROLE_DIM);
}

/* The foot: the verdict, or the caption of a tour in its place; then what keys do or what the last one did.
 */
static int draw_foot(const struct ui *u, struct canvas *c) {
    int rows = caption_rows(u, c->w);
    struct rect last = {0, c->h - 1, c->w, 1};
    if (rows > 0)
        caption_draw(u, c, (struct rect){0, c->h - 1 - rows, c->w, rows});
    else
        canvas_text(c, 2, c->h - 2, c->w - 4, u->verdict.brief, ROLE_HEADING);
    if (u->message[0] || u->mode == MODE_QUIT)
        frame_draw_status(u, c, last);
    else
        frame_draw_keys(u, c, last);
    return c->h - 1 - (rows > 0 ? rows : 1);
}

void present_draw(struct ui *u, struct canvas *c) {
    char number[SLOT_COUNT][DIGITS_LEN];
    int foot = draw_foot(u, c), h = (foot - 1) / SLOT_COUNT;
    draw_head(u, c);
    for (int i = 0; i < SLOT_COUNT; i++)
        print_large(&u->view.slot[i], &pages[u->page], number[i], sizeof number[i]);
    int scale = find_scale((const char(*)[DIGITS_LEN])number, c->w - 4, h - 1, c->glyphs == GLYPHS_ASCII);
    for (int i = 0; i < SLOT_COUNT; i++)
        draw_slot(u, c, (struct rect){2, 1 + i * h, c->w - 4, h}, i, scale, number[i]);
    c->cursor_x = 2;
    c->cursor_y = 0;
}
