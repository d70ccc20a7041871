/* Help and presets: boxes over the panes. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tui/actions.h"
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

/* One row of text at `*row` of the page; drawn if it is within the box. */
static void help_row(struct canvas *c, struct rect r, int *row, int scroll, const char *keys,
                     const char *text, enum role role) {
    int at = *row - scroll, w = r.w - (keys ? KEYS_WIDTH : 0), rows = wrap_rows(w, text);
    struct rect page = {r.x + (keys ? KEYS_WIDTH : 0), r.y + at, w, rows};
    canvas_clip(c, r);
    if (keys)
        canvas_text(c, r.x, r.y + at, KEYS_WIDTH, keys, ROLE_KEY);
    wrap_text(c, page, text, role);
    canvas_clip(c, (struct rect){0, 0, c->w, c->h});
    *row += rows > 0 ? rows : 1;
}

static void help_field(const struct ui *u, struct canvas *c, struct rect r, int *row, int scroll) {
    const struct field *f = ui_field(u);
    char text[2 * VALUE_LEN], range[VALUE_LEN];
    snprintf(text, sizeof text, "selected: %s (--%s)", f->label, f->id);
    help_row(c, r, row, scroll, NULL, text, ROLE_HEADING);
    help_row(c, r, row, scroll, "", f->help, ROLE_TEXT);
    help_row(c, r, row, scroll, "allowed", ui_range(f, range), ROLE_TEXT);
    help_row(c, r, row, scroll, "default", f->default_text ? f->default_text : f->default_note, ROLE_TEXT);
}

static void help_actions(struct canvas *c, struct rect r, int *row, int scroll) {
    const char *group = "";
    struct action_help a;
    for (size_t i = 0; tui_action_help(i, &a); i++) {
        if (strcmp(a.group, group) != 0) {
            *row += 1;
            help_row(c, r, row, scroll, NULL, a.group, ROLE_HEADING);
        }
        group = a.group;
        help_row(c, r, row, scroll, a.keys, a.help, ROLE_TEXT);
    }
}

static void help_signs(struct canvas *c, struct rect r, int *row, int scroll) {
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
        {"→", "what the last key changed: before → after"},
        {"p95", "19 steps of 20 stay below this"},
        {"max load", "load of a layer's busiest expert over the mean; GPU load: of the busiest GPU"},
        {"loss", "share of the step that uneven routing costs here; below 0 it saves"},
        {"rule", "the loss by the articles' rule, 1 - mean/busiest expert"},
        {"TTFT", "mean time to the first token of an answer, waiting included, once the load is steady"},
        {"bench", "TTFT as a closed-loop benchmark measures it: with the burst of its start"},
        {"TPOT", "mean time per token after the first"},
    };
    *row += 1;
    help_row(c, r, row, scroll, NULL, "signs and words", ROLE_HEADING);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        help_row(c, r, row, scroll, signs[i].sign, signs[i].means, ROLE_TEXT);
}

static int help_page(const struct ui *u, struct canvas *c, struct rect r, int scroll) {
    int row = 0;
    help_field(u, c, r, &row, scroll);
    help_actions(c, r, &row, scroll);
    help_signs(c, r, &row, scroll);
    return row;
}

void overlay_draw_help(struct ui *u, struct canvas *c) {
    struct rect nowhere = {0, c->h + 10000, 0, 0};
    int w = c->w < 100 ? c->w : 92;
    nowhere.w = w - 4; /* a first pass off the screen measures the page */
    int rows = help_page(u, c, nowhere, 0);
    struct rect r = overlay_open_box(c, w, smaller(c->h - 3, rows + 2), "help");
    int most = rows - r.h > 0 ? rows - r.h : 0;
    if (u->page_scroll > most)
        u->page_scroll = most;
    help_page(u, c, r, u->page_scroll);
    c->cursor_x = r.x;
    c->cursor_y = r.y;
    if (u->page_scroll < most)
        canvas_text(c, r.x + r.w - 7, r.y + r.h, 8, " more ▾", ROLE_KEY);
}

/* --- presets --- */

/* Whether `text` holds the words of the filter somewhere, whatever their case. */
static bool holds(const char *text, const char *part) {
    size_t n = strlen(part);
    for (; *text; text++) {
        size_t i = 0;
        while (i < n && tolower((unsigned char)text[i]) == tolower((unsigned char)part[i]))
            i++;
        if (i == n)
            return true;
    }
    return n == 0;
}

static bool matches(const struct ui *u, const struct scenario_preset *p) {
    return holds(p->name, u->entry) || holds(p->id, u->entry) || (p->note && holds(p->note, u->entry));
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
