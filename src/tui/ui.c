#include "tui/ui.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/actions.h"
#include "tui/command_line.h"
#include "tui/figures.h"
#include "tui/find.h"
#include "tui/hot.h"
#include "tui/present.h"
#include "tui/slots.h"
#include "tui/theme.h"
#include "tui/ui_state.h"
#include "tui/wrap.h"

static bool resolve(void *user, const struct scenario *s, struct deployment *d) {
    char err[ERROR_LEN];
    return catalog_resolve(user, s, d, err, NULL);
}

const struct scenario *ui_scenario(const struct ui *u) {
    return session_scenario(u->session, u->view.edited);
}

const struct deployment *ui_deployment(const struct ui *u) {
    return &u->view.slot[u->view.edited].deployment;
}

const struct field *ui_field(const struct ui *u) {
    return &scenario_fields[u->field];
}

enum mode ui_base_mode(const struct ui *u) {
    bool base = u->mode == MODE_COLUMN || u->mode == MODE_PANES || u->mode == MODE_WIDE || u->mode == MODE_PRESENT;
    return base ? u->mode : u->back;
}

void ui_say(struct ui *u, bool error, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(u->message, sizeof u->message, format, args);
    va_end(args);
    u->message_error = error;
}

void ui_message(struct ui *u, const char *text, bool error) {
    ui_say(u, error, "%s", text);
}

/* --- results --- */

const char *ui_range(const struct field *f, char *buf) {
    if (f->choices == CHOICE_MODEL)
        snprintf(buf, VALUE_LEN, "← → or type an id, or the path of a config.json");
    else if (f->type == FIELD_TEXT && f->choices != CHOICE_FIXED && f->choices != CHOICE_FILE)
        snprintf(buf, VALUE_LEN, "← → or type an id");
    else
        field_range(f, buf);
    if (f->type == FIELD_INTEGER)
        buf[strcspn(buf, ",")] = '\0'; /* that they are whole goes without saying on a slider */
    if (f->unit)
        text_add(buf, VALUE_LEN, " %s", f->unit);
    return buf;
}

static void update_slot(struct ui *u, int slot) {
    struct slot_view *s = &u->view.slot[slot];
    char err[ERROR_LEN];
    if (!catalog_resolve(u->catalog, session_scenario(u->session, slot), &s->deployment, err, NULL)) {
        ui_say(u, true, "%s", err);
        return;
    }
    estimate(&s->deployment, &u->cache, &s->now);
    curve_clear(slot, &u->view.curve);
    if (s->now.feasible)
        curve_make(&s->deployment, &u->explorer.cache, slot, &u->view.curve);
    s->n_mends = s->now.feasible
                     ? 0
                     : explore_mends(&u->explorer, session_scenario(u->session, slot), s->mend, MENDS_SHOWN);
}

static void update_verdict(struct ui *u) {
    struct estimate e[SLOT_COUNT] = {u->view.slot[SLOT_A].now, u->view.slot[SLOT_B].now};
    struct crossover flips = {.first_winner = -1};
    int slot = view_mend_slot(&u->view);
    const char *mend = slot >= 0 && u->view.slot[slot].n_mends > 0 ? u->view.slot[slot].mend[0].text : NULL;
    if (slot < 0)
        explore_crossover(&u->explorer, session_scenario(u->session, SLOT_A),
                          session_scenario(u->session, SLOT_B), &estimate_fields[E_COST_M_OUT],
                          CROSSOVER_BATCH_MAX, &flips);
    verdict_make(e, &flips, CROSSOVER_BATCH_MAX, mend, &u->verdict);
}

void ui_update(struct ui *u, unsigned slots) {
    for (int i = 0; i < SLOT_COUNT; i++) {
        if (!(slots & 1u << i))
            continue;
        u->view.slot[i].before = u->view.slot[i].now;
        u->view.slot[i].changed = true;
        update_slot(u, i);
    }
    u->view.mend = 0;
    figure_cursor_find_mends(u);
    u->wide_stale = true;
    update_verdict(u);
}

/* Whether the ids of a slot's next scenario are known; else says why not. */
static bool resolves(struct ui *u, const struct scenario *next, int slot) {
    struct deployment d;
    char err[ERROR_LEN];
    if (catalog_resolve(u->catalog, next, &d, err, NULL))
        return true;
    if (slot == u->view.edited)
        ui_say(u, true, "%s", err);
    else
        ui_say(u, true, "the locks would change %s too: %s", slot_names[slot], err);
    return false;
}

bool ui_apply(struct ui *u, const struct scenario *next) {
    const int edited = u->view.edited;
    struct scenario both[SLOT_COUNT];
    if (scenario_equal(next, ui_scenario(u)))
        return true;
    both[edited] = *next;
    slots_follow_locks(u, next, &both[1 - edited]);
    if (!resolves(u, &both[edited], edited) || !resolves(u, &both[1 - edited], 1 - edited))
        return false;
    struct scenario was = *ui_scenario(u);
    unsigned changed = session_edit_both(u->session, both);
    ui_update(u, changed);
    ui_say_effect(u, edited, &was);
    if (changed & 1u << (1 - edited))
        text_add(u->message, sizeof u->message, "   %s too: locked", slot_names[1 - edited]);
    return true;
}

static const char *default_word(const struct field *f, const char *printed) {
    enum { SHORT = 6 }; /* "none", "16-bit" */
    const char *word = f->default_text ? f->default_text : f->default_note;
    return *printed ? printed : f->default_text || strlen(word) <= SHORT ? word : "auto";
}

/* "batch 32 → 64" for the field that differs; the count where several do. */
static void tell_fields(const struct ui *u, int slot, const struct scenario *was, char *buf, size_t size) {
    const struct scenario *now = session_scenario(u->session, slot);
    char a[VALUE_LEN], b[VALUE_LEN];
    int n = 0;
    for (int i = 0; i < FIELD_COUNT; i++) {
        const struct field *f = &scenario_fields[i];
        scenario_print(was, f, a);
        scenario_print(now, f, b);
        if (strcmp(a, b) == 0)
            continue;
        if (n++ == 0)
            text_add(buf, size, "%s %.40s → %.40s", f->label, default_word(f, a), default_word(f, b));
    }
    if (n > 1)
        text_add(buf, size, " and %d more", n - 1);
}

static void tell_figure(const struct slot_view *s, enum estimate_field_id id, const char *name, char *buf,
                        size_t size) {
    char was[DIGITS_LEN], now[DIGITS_LEN];
    double a = figures_value(&s->before, id), b = figures_value(&s->now, id);
    digits_print(a, DIGITS_REAL, was);
    digits_print(b, DIGITS_REAL, now);
    if (!isnan(a) && !isnan(b) && strcmp(was, now) != 0)
        text_add(buf, size, "   %s %s → %s", name, was, now);
}

void ui_say_effect(struct ui *u, int slot, const struct scenario *was) {
    const struct slot_view *s = &u->view.slot[slot];
    char text[MESSAGE_LEN], limit[VIEW_TEXT];
    snprintf(text, sizeof text, "%s ", slot_names[slot]);
    tell_fields(u, slot, was, text, sizeof text);
    if (!s->now.feasible)
        text_add(text, sizeof text, "   %s", view_limit_text(&u->view, slot, VIEW_TEXT, limit));
    tell_figure(s, E_TPOT_MS, "TPOT", text, sizeof text);
    tell_figure(s, E_COST_M_OUT, "$/M out", text, sizeof text);
    if (s->now.feasible)
        tell_figure(s, E_MEM_GB, "GB", text, sizeof text);
    ui_say(u, false, "%s", text);
}

/* --- life --- */

struct ui *ui_new(struct catalog *c, struct session *s) {
    struct ui *u = calloc(1, sizeof *u);
    if (u) {
        u->working = calloc(1, sizeof *u->working);
        u->command = command_line_new();
        u->hots = calloc(1, sizeof *u->hots);
    }
    if (!u || !u->working || !u->command || !u->hots) {
        ui_free(u);
        return NULL;
    }
    u->catalog = c;
    u->session = s;
    u->start_states = session_state_count(s);
    u->explorer.resolve = resolve;
    u->explorer.user = c;
    u->patience_ms = STUDY_PATIENCE_MS;
    u->field = F_BATCH;
    u->laid = catalog_has_measured(c); /* --profile */
    u->look = (struct look){.theme = THEME_DARK, .glyphs = GLYPHS_UTF8, .glyphs_most = GLYPHS_UTF8};
    ui_update(u, 1u << SLOT_A | 1u << SLOT_B);
    for (int i = 0; i < SLOT_COUNT; i++)
        u->view.slot[i].changed = false;
    return u;
}

void ui_free(struct ui *u) {
    if (u) {
        worker_free(u->worker);
        for (int i = 0; i < WIDE_COUNT; i++)
            study_free(&u->study[i]);
        articles_free(u->articles);
        command_line_free(u->command);
        free(u->hots);
        validation_free(u->validation);
        free(u->working);
    }
    free(u);
}

void ui_set_keys(struct ui *u, const struct tui_keys *keys) {
    u->keys = keys;
}

/* Before a key or a click acts: what the one before has left is taken down. */
static void begin_event(struct ui *u) {
    for (int i = 0; i < SLOT_COUNT; i++)
        u->view.slot[i].changed = false;
    u->message[0] = '\0';
}

static enum ui_result end_event(struct ui *u) {
    u->view.mend_focus = u->mode == MODE_PANES && figure_cursor_on_mends(u);
    return u->quit ? UI_QUIT : UI_REDRAW;
}

void ui_set_look(struct ui *u, const struct look *look) {
    u->look = *look;
    if (look->present)
        u->mode = MODE_PRESENT;
}

void ui_turn_theme(struct ui *u) {
    u->look.theme = (enum theme_id)((u->look.theme + 1) % THEME_COUNT);
    ui_say(u, false, "theme: %s", theme_names[u->look.theme]);
}

void ui_turn_glyphs(struct ui *u) {
    static const char *const names[GLYPHS_COUNT] = {"ASCII", "lines and blocks", "lines, blocks and braille"};
    u->look.glyphs = (enum glyph_set)((u->look.glyphs + 1) % (u->look.glyphs_most + 1));
    ui_say(u, false, "glyphs: %s%s", names[u->look.glyphs],
           u->look.glyphs_most == GLYPHS_ASCII ? "; this locale has no others" : "");
}

enum ui_result ui_key(struct ui *u, int key) {
    const struct action *a = action_find(u->keys, u->mode, key);
    if (key == KEYCODE_NONE)
        return UI_NOTHING;
    /* An answer other than yes takes the question back and does what its key does. */
    if (!a && u->mode == MODE_QUIT) {
        u->mode = u->back;
        a = action_find(u->keys, u->mode, key);
    }
    begin_event(u);
    if (a)
        a->run(u, a, key);
    return end_event(u);
}

enum ui_result ui_mouse(struct ui *u, const struct mouse *m) {
    begin_event(u);
    mouse_act(u, m);
    return end_event(u);
}

int ui_wake_fd(const struct ui *u) {
    return worker_fd(u->worker);
}

enum ui_result ui_collect(struct ui *u) {
    return wide_collect(u) ? UI_REDRAW : UI_NOTHING;
}

void ui_be_patient(struct ui *u) {
    u->patience_ms = -1;
}

bool ui_goes_by_screen(const struct ui *u) {
    return u->mode == MODE_PANES;
}

/* --- the whole screen --- */

static void draw_too_small(struct canvas *c) {
    char text[64];
    snprintf(text, sizeof text, "need %dx%d, have %dx%d", UI_MIN_WIDTH, UI_MIN_HEIGHT, c->w, c->h);
    canvas_text(c, 0, 0, c->w, text, ROLE_WARN);
}

/* A frame, or on a small screen a rule, with the title in it. */
static void draw_frame(struct canvas *c, const struct layout *l, struct rect r, const char *title, bool focus) {
    if (!l->compact) {
        canvas_frame(c, r, title, focus);
        return;
    }
    canvas_fill(c, (struct rect){r.x, r.y, r.w - 1, 1}, 0x2500, focus ? ROLE_FRAME_FOCUS : ROLE_FRAME);
    int used = canvas_text(c, r.x, r.y, r.w, focus ? "▸" : "", ROLE_FRAME_FOCUS);
    used += canvas_text(c, r.x + used, r.y, r.w, title, focus ? ROLE_FRAME_FOCUS : ROLE_TITLE);
    canvas_put(c, r.x + used, r.y, ' ', ROLE_FRAME);
}

/* The mark beside the focused row, and the hardware cursor on it. */
static void draw_focus(const struct ui *u, struct canvas *c, int pane, int x, int y) {
    const struct shown_row *row = figure_cursor_row(u);
    const struct shown *shown = &u->shown[pane];
    c->cursor_x = row ? row->x - 1 : shown->mend_y > 0 ? shown->mend_x : x;
    c->cursor_y = row ? row->y : shown->mend_y > 0 ? shown->mend_y : y;
    if (row)
        canvas_put(c, row->x - 1, row->y, 0x25B8, ROLE_FRAME_FOCUS);
}

/* What the pane shows depends on its size, so which of its rows the cursor is on is known when it has been drawn: then it is
 * drawn once more. */
static void draw_pane_rows(struct ui *u, struct canvas *c, struct rect r, int pane, bool focus) {
    u->view.focus_row = -1;
    u->view.shown = &u->shown[pane];
    for (int pass = 0; pass < 2; pass++) {
        u->shown[pane] = (struct shown){0};
        pane_ops[pane].draw(&u->view, c, r);
        const struct shown_row *row = focus ? figure_cursor_row(u) : NULL;
        if (!row)
            return;
        u->view.focus_row = (int)(row - u->shown[pane].row);
    }
}

static void draw_pane(struct ui *u, struct canvas *c, const struct layout *l, int pane) {
    struct rect r = l->pane[pane], inner = layout_inner(l, r);
    bool focus = ui_base_mode(u) == MODE_PANES && u->pane == pane;
    if (r.w == 0)
        return;
    draw_frame(c, l, r, figures_wide(inner.w) ? pane_ops[pane].title : pane_ops[pane].brief, focus);
    figures_head(&u->view, c, inner.x, r.y, inner.w);
    canvas_clip(c, inner);
    draw_pane_rows(u, c, inner, pane, focus);
    canvas_clip(c, (struct rect){0, 0, c->w, c->h});
    hot_note(u, r, HOT_PANE, pane);
    for (int i = 0; i < u->shown[pane].n; i++)
        hot_note(u, (struct rect){inner.x, u->shown[pane].row[i].y, inner.w, 1}, HOT_FIGURE, pane * SHOWN_MAX + i);
    if (focus)
        draw_focus(u, c, pane, inner.x, r.y);
}

/* A wide view takes the room of the panes, and that of the sliders too where the screen is narrow or on `z`. */
static void draw_wide(struct ui *u, struct canvas *c, const struct layout *l) {
    bool focus = ui_base_mode(u) == MODE_WIDE, whole = focus && (l->compact || u->zoom);
    struct rect r = l->pane[0];
    if (whole)
        r = (struct rect){0, r.y, c->w, r.h};
    else
        sliders_draw(u, c, l);
    draw_frame(c, l, r, wide_ops[u->wide]->title, focus);
    hot_note(u, r, HOT_WIDE, 0);
    canvas_clip(c, layout_inner(l, r));
    wide_draw(u, c, layout_inner(l, r), focus);
    canvas_clip(c, (struct rect){0, 0, c->w, c->h});
}

static void draw_panes(struct ui *u, struct canvas *c, const struct layout *l) {
    sliders_draw(u, c, l);
    for (int i = 0; i < PANE_COUNT; i++)
        draw_pane(u, c, l, i);
}

/* The box over the panes, if the mode has one. */
static void draw_overlay(struct ui *u, struct canvas *c, const struct layout *l) {
    if (u->mode != ui_base_mode(u) && u->mode != MODE_ENTRY && u->mode != MODE_QUIT)
        hot_forget(u);
    if (u->mode == MODE_HELP || u->mode == MODE_HELP_FIND)
        overlay_draw_help(u, c);
    if (u->mode == MODE_WORKING)
        overlay_draw_working(u, c);
    if (u->mode == MODE_PRESETS)
        overlay_draw_presets(u, c);
    if (u->mode == MODE_FIND)
        find_draw(u, c, l);
}

void ui_draw(struct ui *u, struct canvas *c) {
    struct layout l;
    u->drawn_w = c->w;
    u->drawn_h = c->h;
    c->theme = u->look.theme;
    c->glyphs = u->look.glyphs;
    canvas_clear(c);
    hot_forget(u);
    layout_compute_above(c->w, c->h, caption_rows(u, c->w), u->wide ? 0 : u->zoom ? u->pane : -1, &l);
    if (l.too_small) {
        draw_too_small(c);
        return;
    }
    if (ui_base_mode(u) == MODE_PRESENT) {
        present_draw(u, c);
        draw_overlay(u, c, &l);
        return;
    }
    frame_draw_title(u, c, l.title);
    frame_draw_verdict(u, c, l.verdict);
    if (u->wide)
        draw_wide(u, c, &l);
    else
        draw_panes(u, c, &l);
    caption_draw(u, c, l.caption);
    draw_overlay(u, c, &l);
    frame_draw_status(u, c, l.status);
    frame_draw_keys(u, c, l.keys);
}
