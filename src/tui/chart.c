#include "tui/chart.h"

#include <stdio.h>

#include "tui/view.h"

enum { BESIDE_W = 110, ABOVE_H = 20, BESIDE_GAP = 2 };

void chart_add_line(struct chart *h, int slot, bool dashed, const char *name, int n, const double *x, const double *y) {
    struct chart_line *line = &h->line[h->n_lines++];
    char letter = slot_names[slot][0];
    *line = (struct chart_line){.n = n, .x = x, .y = y};
    line->pen = (struct plot_pen){(char)(dashed ? letter + 'a' - 'A' : letter), view_slot_role(slot), dashed};
    snprintf(line->name, sizeof line->name, "%s%s%s", slot_names[slot], *name ? " " : "", name);
}

void chart_add_mark(struct chart *h, int slot, double x, double y) {
    h->mark[h->n_marks++] =
        (struct chart_mark){x, y, slot_names[slot], slot == SLOT_A ? PLOT_RIGHT : PLOT_LEFT, view_slot_role(slot)};
}

bool chart_fit(struct chart *h) {
    for (int i = 0; i < h->n_lines; i++)
        for (int k = 0; k < h->line[i].n; k++)
            if (h->line[i].y[k] == h->line[i].y[k]) { /* a gap does not stretch x either */
                plot_include(&h->x, h->line[i].x[k]);
                plot_include(&h->y, h->line[i].y[k]);
            }
    bool x = plot_round(&h->x), y = plot_round(&h->y);
    return x && y;
}

/* "── A   ╌╌ A p95", as much as there is room for. */
static void draw_legend(const struct chart *h, struct canvas *c, int x, int y, int w) {
    for (int i = 0; i < h->n_lines; i++) {
        const struct chart_line *line = &h->line[i];
        int need = 3 + text_width(line->name);
        if (w < need)
            return;
        for (int k = 0; k < 2; k++)
            canvas_put(c, x + k, y,
                       c->glyphs == GLYPHS_ASCII ? (unsigned char)line->pen.letter
                       : line->pen.dashed        ? 0x254C
                                                 : 0x2500,
                       line->pen.role);
        canvas_text(c, x + 3, y, w - 3, line->name, line->pen.role);
        x += need + 2;
        w -= need + 2;
    }
}

bool chart_draw(struct chart *h, struct canvas *c, struct rect r, const char *empty) {
    struct plot p;
    int used = chart_fit(h) ? plot_open(&p, c, r, h->x, h->y) : 0;
    if (used == 0) {
        canvas_text(c, r.x, r.y, r.w, empty, ROLE_DIM);
        return false;
    }
    draw_legend(h, c, r.x + used + 3, r.y, r.w - used - 3);
    for (int i = 0; i < h->n_uprights; i++)
        plot_upright(&p, h->upright[i].x, h->upright[i].label, h->upright[i].role);
    for (int i = h->n_lines - 1; i >= 0; i--)
        plot_line(&p, h->line[i].pen, h->line[i].n, h->line[i].x, h->line[i].y);
    for (int i = h->n_marks - 1; i >= 0; i--)
        plot_mark(&p, h->mark[i].x, h->mark[i].y, 0x25CF, h->mark[i].label, h->mark[i].side, h->mark[i].role);
    return true;
}

bool chart_pair_fits(struct rect r) {
    return r.w >= BESIDE_W || r.h >= ABOVE_H;
}

void chart_draw_pair(struct chart pair[2], int form, struct canvas *c, struct rect r, const char *empty) {
    struct rect first = r, second = r;
    if (!chart_pair_fits(r)) {
        if (chart_draw(&pair[form], c, r, empty))
            canvas_text_right(c, r.x, r.y, r.w, "x more", ROLE_KEY);
        return;
    }
    if (r.w >= BESIDE_W && r.h < 2 * ABOVE_H) {
        first.w = (r.w - BESIDE_GAP) / 2;
        second.x += first.w + BESIDE_GAP;
        second.w = r.w - first.w - BESIDE_GAP;
    } else {
        first.h = r.h / 2;
        second.y += first.h;
        second.h = r.h - first.h;
    }
    if (chart_draw(&pair[0], c, first, empty)) /* what leaves the first empty leaves the second so */
        chart_draw(&pair[1], c, second, empty);
}
