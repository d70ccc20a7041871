/* Help and presets: boxes over the panes. */
#include <stdio.h>
#include <string.h>

#include "tui/actions.h"
#include "tui/hot.h"
#include "tui/tui_run.h"
#include "tui/wrap.h"

struct rect overlay_open_box(struct canvas *c, int w, int h, const char *title) {
    struct rect r = {(c->w - w) / 2, (c->h - h) / 2, w, h};
    canvas_fill(c, r, ' ', ROLE_TEXT);
    canvas_frame(c, r, title, true);
    return (struct rect){r.x + 2, r.y + 1, r.w - 4, r.h - 2};
}

static int smaller(int a, int b) {
    return a < b ? a : b;
}

/* --- help --- */

enum { KEYS_WIDTH = 13 };

/* The page as it is drawn: a filter leaves those rows that hold it, without headings. */
struct page {
    const struct ui *u;
    struct canvas *c;
    struct rect r;
    int row, scroll;
    const char *filter;
};

/* One row of text; drawn if it is within the box. */
static void help_row(struct page *p, const char *keys, const char *text, enum role role) {
    struct rect r = p->r;
    int at = p->row - p->scroll, w = r.w - (keys ? KEYS_WIDTH : 0), rows = wrap_rows(w, text);
    struct rect place = {r.x + (keys ? KEYS_WIDTH : 0), r.y + at, w, rows};
    if (*p->filter && (!keys || !(text_holds(keys, p->filter) || text_holds(text, p->filter))))
        return;
    canvas_clip(p->c, r);
    if (keys)
        canvas_text(p->c, r.x, r.y + at, KEYS_WIDTH, keys, ROLE_KEY);
    wrap_text(p->c, place, text, role);
    canvas_clip(p->c, (struct rect){0, 0, p->c->w, p->c->h});
    p->row += rows > 0 ? rows : 1;
}

static void help_heading(struct page *p, const char *text) {
    p->row += !*p->filter && p->row > 0;
    help_row(p, NULL, text, ROLE_HEADING);
}

static void help_field(struct page *p) {
    const struct field *f = ui_field(p->u);
    char text[2 * VALUE_LEN], range[VALUE_LEN];
    snprintf(text, sizeof text, "selected: %s (--%s)", f->label, f->id);
    help_heading(p, text);
    help_row(p, "", f->help, ROLE_TEXT);
    help_row(p, "allowed", ui_range(f, range), ROLE_TEXT);
    help_row(p, "default", f->default_text ? f->default_text : f->default_note, ROLE_TEXT);
}

static void help_actions(struct page *p) {
    const char *group = "";
    const struct action *a;
    char keys[ACTION_TEXT];
    for (size_t i = 0; (a = action_at(i)) != NULL; i++) {
        if (!a->keys)
            continue;
        if (strcmp(a->group, group) != 0)
            help_heading(p, a->group);
        group = a->group;
        help_row(p, action_keys(p->u->keys, a, keys), a->help, ROLE_TEXT);
    }
}

static void help_commands(struct page *p) {
    struct command_help row;
    char text[512];
    help_heading(p, "commands, after :");
    for (size_t i = 0; tui_command_help(i, &row); i++) {
        snprintf(text, sizeof text, "%s: %s", row.synopsis, row.help);
        help_row(p, row.name, text, ROLE_TEXT);
    }
    help_row(p, "FIELD VALUE", "the same as set; FIELD alone goes to it", ROLE_TEXT);
    help_row(p, "ACTION", "what a key does, by its name: undo, zoom, swap, ...", ROLE_TEXT);
}

static void help_signs(struct page *p) {
    static const struct {
        const char *sign, *means;
    } signs[] = {
        {"●", "the better of the two, by more than half a percent"},
        {"○", "better, but within the uncertainty: the intervals of A and B overlap"},
        {"may", "in the line on top: the same in words"},
        {"p10-p90", "interval of a figure: of ten measurements one would be below, one above"},
        {"m f d a",
         "where an interval comes from: measured here, fitted to measurements elsewhere, datasheet, assumed"},
        {"fitted ±9 %",
         "in the title: worst origin of the figures of the scenario under edit, and p10-p90 of its TPOT"},
        {"–", "unknown, or no such figure"},
        {"!", "later than the service level that is set"},
        {"auto", "a default that follows the other fields"},
        {"A ◂", "the scenario under edit"},
        {"B/A", "B against A: in percent, or how many times as much"},
        {"=", "beside a slider: locked, so that a change goes into both scenarios"},
        {"→", "what the last key changed: before → after"},
        {"p95", "19 steps of 20 stay below this"},
        {"max load", "load of a layer's busiest expert over the mean; GPU load: of the busiest GPU"},
        {"loss", "share of the step that uneven routing costs here; below 0 it saves"},
        {"rule", "the loss by the articles' rule, 1 - mean/busiest expert"},
        {"TTFT", "mean time to the first token of an answer, waiting included, once the load is steady"},
        {"bench", "TTFT as a closed-loop benchmark measures it: with the burst of its start"},
        {"TPOT", "mean time per token after the first"},
    };
    help_heading(p, "signs and words");
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        help_row(p, signs[i].sign, signs[i].means, ROLE_TEXT);
}

/* Returns the rows of the whole page. */
static int help_page(struct page p) {
    help_field(&p);
    help_actions(&p);
    help_commands(&p);
    help_signs(&p);
    if (p.row == 0)
        canvas_text(p.c, p.r.x, p.r.y, p.r.w, "nothing in the help holds this", ROLE_DIM);
    return p.row;
}

static void help_title(const struct ui *u, const char *filter, char *title, size_t size) {
    snprintf(title, size, u->mode == MODE_HELP_FIND || *filter ? "help: /%.60s" : "help", filter);
}

void overlay_draw_help(struct ui *u, struct canvas *c) {
    const char *filter = u->mode == MODE_HELP_FIND ? u->entry : u->help_filter;
    char title[80];
    int w = c->w < 100 ? c->w : 92;
    /* a first pass off the screen measures the page; the box keeps its size while a filter is typed */
    struct page page = {.u = u, .c = c, .r = {0, c->h + 10000, w - 4, 0}, .filter = ""};
    int rows = help_page(page);
    help_title(u, filter, title, sizeof title);
    struct rect r = overlay_open_box(c, w, smaller(c->h - 3, rows + 2), title);
    page.filter = filter;
    rows = help_page(page);
    int most = rows - r.h > 0 ? rows - r.h : 0;
    if (u->page_scroll > most)
        u->page_scroll = most;
    page.r = r;
    page.scroll = u->page_scroll;
    help_page(page);
    c->cursor_x = r.x + (u->mode == MODE_HELP_FIND ? 7 + text_width(filter) : 0);
    c->cursor_y = u->mode == MODE_HELP_FIND ? r.y - 1 : r.y;
    if (u->page_scroll < most)
        canvas_text(c, r.x + r.w - 7, r.y + r.h, 8, " more ▾", ROLE_KEY);
}

/* --- presets --- */

static bool matches(const struct ui *u, const struct scenario_preset *p) {
    return text_holds(p->name, u->entry) || text_holds(p->id, u->entry) || (p->note && text_holds(p->note, u->entry));
}

const struct scenario_preset *presets_at(const struct ui *u, size_t i) {
    for (size_t k = 0; k < catalog_scenario_count(u->catalog); k++) {
        const struct scenario_preset *p = catalog_scenario_at(u->catalog, k);
        if (matches(u, p) && i-- == 0)
            return p;
    }
    return NULL;
}

size_t presets_count(const struct ui *u) {
    size_t n = 0;
    for (size_t k = 0; k < catalog_scenario_count(u->catalog); k++)
        n += matches(u, catalog_scenario_at(u->catalog, k));
    return n;
}

static void draw_preset(const struct ui *u, struct canvas *c, struct rect r, size_t i, int y) {
    const struct scenario_preset *p = presets_at(u, i);
    bool selected = i == u->preset;
    hot_note(u, (struct rect){r.x, y, r.w, 1}, HOT_ITEM, (int)i);
    canvas_text(c, r.x, y, 1, selected ? "▸" : " ", ROLE_FRAME_FOCUS);
    canvas_text(c, r.x + 2, y, 26, p->id, selected ? ROLE_SELECTED : ROLE_VALUE);
    canvas_text(c, r.x + 29, y, r.w - 29, p->name, selected ? ROLE_SELECTED : ROLE_TEXT);
}

void overlay_draw_presets(struct ui *u, struct canvas *c) {
    enum { NOTE_ROWS = 3 };
    char title[64];
    size_t n = presets_count(u), all = catalog_scenario_count(u->catalog);
    snprintf(title, sizeof title, "presets: load into %s", slot_names[u->view.edited]);
    struct rect r = overlay_open_box(c, c->w < 100 ? c->w : 100, smaller(c->h - 3, (int)all + NOTE_ROWS + 6), title);
    int used = canvas_text(c, r.x, r.y, 8, "filter: ", ROLE_LABEL);
    used += canvas_text(c, r.x + used, r.y, r.w - used - 10, u->entry, ROLE_ENTRY);
    c->cursor_x = r.x + used;
    c->cursor_y = r.y;
    int rows = r.h - 3 - NOTE_ROWS;
    size_t first = u->preset >= (size_t)rows ? u->preset - (size_t)rows + 1 : 0;
    for (size_t i = first; i < n && i < first + (size_t)rows; i++)
        draw_preset(u, c, r, i, r.y + 2 + (int)(i - first));
    const struct scenario_preset *p = presets_at(u, u->preset);
    struct rect note = {r.x, r.y + r.h - NOTE_ROWS, r.w, NOTE_ROWS};
    wrap_text(c, note,
              p && p->note ? p->note
              : p          ? ""
                           : "no scenario matches; Backspace widens the search",
              ROLE_DIM);
}
