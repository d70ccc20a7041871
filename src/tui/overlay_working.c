/* The working of a figure: a box over the panes with its derivation, scrolled. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/wrap.h"
#include "tui/ui_state.h"

enum { BOX_MAX = 104, MARGIN = 4 };

void overlay_open_working(struct ui *u, enum estimate_field_id figure, int slot) {
    struct working_page *p = u->working;
    const struct slot_view *s = &u->view.slot[slot];
    p->figure = figure;
    p->slot = slot;
    p->lines = derivation_make(&s->deployment, &s->now, figure, p->line);
    p->movers = explore_movers(&u->explorer, session_scenario(u->session, slot), &estimate_fields[figure], p->mover,
                               MOVERS_SHOWN);
    if (u->mode == MODE_WORKING)
        return;
    u->back = ui_base_mode(u);
    u->mode = MODE_WORKING;
    u->page_scroll = 0;
}

/* Where a page is drawn: rows above the scroll and below the box are only counted. */
struct pen {
    struct canvas *c;
    struct rect r;
    int scroll, row;
};

static void put(struct pen *p, const char *text, enum role role) {
    int at = p->row++ - p->scroll;
    if (at >= 0 && at < p->r.h)
        canvas_text(p->c, p->r.x, p->r.y + at, p->r.w, text, role);
}

static enum role role_of(enum derivation_kind kind, int row) {
    switch (kind) {
    case DERIVED_HEADING:
        return ROLE_HEADING;
    case DERIVED_RESULT:
        return ROLE_VALUE;
    case DERIVED_SUM:
        return ROLE_LABEL;
    default:
        return row == 0 ? ROLE_TEXT : ROLE_DIM;
    }
}

static void put_line(struct pen *p, const struct derivation_line *l) {
    char text[DERIVATION_ROWS][DERIVATION_ROW];
    int n = derivation_print(l, p->r.w, text);
    for (int i = 0; i < n; i++)
        put(p, text[i], role_of(l->kind, i));
}

static void put_movers(struct pen *p, const struct working_page *page) {
    char text[MOVER_TEXT], row[MOVER_TEXT + 4];
    if (page->movers == 0)
        return;
    put(p, "", ROLE_TEXT);
    put(p, "moved most by", ROLE_HEADING);
    for (size_t i = 0; i < page->movers; i++) {
        snprintf(row, sizeof row, "  %s", mover_print(&page->mover[i], &estimate_fields[page->figure], text));
        put(p, row, ROLE_TEXT);
    }
}

/* Returns the rows of the whole page. */
static int put_page(struct pen *p, const struct working_page *page) {
    for (int i = 0; i < page->lines; i++) {
        bool last = i == page->lines - 1;
        if (last)
            put_movers(p, page);
        if (last || (i > 0 && page->line[i].kind == DERIVED_HEADING))
            put(p, "", ROLE_TEXT);
        put_line(p, &page->line[i]);
    }
    return p->row;
}

void overlay_draw_working(struct ui *u, struct canvas *c) {
    const struct working_page *page = u->working;
    char title[96];
    int w = c->w < BOX_MAX ? c->w : BOX_MAX;
    struct pen pen = {c, {0, 0, w - MARGIN, 0}, 0, 0}; /* a first pass measures the page */
    int rows = put_page(&pen, page), h = rows + 2 < c->h - 3 ? rows + 2 : c->h - 3;
    snprintf(title, sizeof title, "working: %s of %s", estimate_fields[page->figure].id, slot_names[page->slot]);
    pen = (struct pen){c, overlay_open_box(c, w, h, title), 0, 0};
    int most = rows > pen.r.h ? rows - pen.r.h : 0;
    if (u->page_scroll > most)
        u->page_scroll = most;
    pen.scroll = u->page_scroll;
    put_page(&pen, page);
    c->cursor_x = pen.r.x;
    c->cursor_y = pen.r.y;
    if (u->page_scroll < most)
        canvas_text(c, pen.r.x + pen.r.w - 7, pen.r.y + pen.r.h, 8, " more ▾", ROLE_KEY);
}
