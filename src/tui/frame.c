/* The lines around the panes: title, verdict, status, keys. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tui/actions.h"
#include "tui/command_line.h"
#include "tui/digits.h"
#include "tui/figures.h"
#include "tui/hot.h"
#include "tui/measuring.h"
#include "tui/wrap.h"

/* --- title --- */

/* "Mixtral-8x7B 2×A100 SXM 80GB"; with less room the GPU is its first word, then the model is cut. */
static int draw_slot_name(const struct slot_view *s, struct canvas *c, int x, int y, int w) {
    const char *model = s->deployment.model ? s->deployment.model->name : "?";
    const char *gpu = s->deployment.gpu ? s->deployment.gpu->name : "?";
    char fleet[NAME_LEN + 16];
    snprintf(fleet, sizeof fleet, "%d×%s", s->deployment.gpus, gpu);
    if (text_width(model) + 1 + text_width(fleet) > w)
        snprintf(fleet, sizeof fleet, "%d×%.*s", s->deployment.gpus, (int)strcspn(gpu, " "), gpu);
    int used = canvas_text(c, x, y, w - 1 - text_width(fleet), model, ROLE_TITLE);
    return used + 1 + canvas_text(c, x + used + 1, y, w - used - 1, fleet, ROLE_TITLE);
}

static int slot_name_width(const struct slot_view *s, bool full) {
    char fleet[NAME_LEN + 16];
    const char *gpu = s->deployment.gpu ? s->deployment.gpu->name : "?";
    snprintf(fleet, sizeof fleet, "%d×%.*s", s->deployment.gpus, full ? NAME_LEN : (int)strcspn(gpu, " "),
             gpu);
    return (s->deployment.model ? text_width(s->deployment.model->name) : 1) + 1 + text_width(fleet);
}

/* "fitted −7 +12 %": the worst origin of the figures, and how far p10 and p90 of TPOT lie from it; "±10 %",
 * the larger of the two, where they are nearly the same. */
static void describe_trust(const struct estimate *e, char *buf, size_t size) {
    double lo, hi;
    text_add(buf, size, "%s", origin_names[e->origin]);
    if (!figures_interval(e, E_TPOT_MS, &lo, &hi) || !(e->tpot_ms > 0))
        return;
    double down = round(100 * (1 - lo / e->tpot_ms)), up = round(100 * (hi / e->tpot_ms - 1));
    if (down >= 0 && up >= 0 && fabs(down - up) <= fmax(1, 0.1 * fmax(down, up)))
        text_add(buf, size, " ±%.0f %%", fmax(down, up));
    else
        text_add(buf, size, " %s%.0f %s%.0f %%", down < 0 ? "+" : "−", fabs(down), up < 0 ? "−" : "+",
                 fabs(up));
}

enum { LOAD_WHOLE, LOAD_BATCH, LOAD_NONE, LOAD_FORMS };

/* The load of the scenario under edit and how far its figures can be trusted; a later form leaves more of the
 * load out. */
static void describe_load(const struct ui *u, int form, char *buf, size_t size) {
    const struct deployment *d = ui_deployment(u);
    const struct deployment *other = &u->view.slot[1 - u->view.edited].deployment;
    bool same = d->batch == other->batch && d->isl == other->isl && d->osl == other->osl;
    *buf = '\0';
    if (form != LOAD_NONE)
        text_add(buf, size, "%s%sbatch %d · ", same ? "" : slot_names[u->view.edited], same ? "" : ": ",
                 d->batch);
    if (form == LOAD_WHOLE)
        text_add(buf, size, "%d→%d · ", d->isl, d->osl);
    if (d->gpu && catalog_measured_classes(u->catalog, d->gpu) > 0)
        text_add(buf, size, "measured here, ");
    describe_trust(&u->view.slot[u->view.edited].now, buf, size);
}

/* Shares the room for the two names: all they want, or the longer one gives way. False when one is cut. */
static bool share_room(const struct ui *u, int room, int width[SLOT_COUNT]) {
    for (int full = 1; full >= 0; full--) {
        for (int i = 0; i < SLOT_COUNT; i++)
            width[i] = slot_name_width(&u->view.slot[i], full);
        if (width[SLOT_A] + width[SLOT_B] <= room)
            return true;
    }
    int longer = width[SLOT_A] > width[SLOT_B] ? SLOT_A : SLOT_B;
    if (width[1 - longer] > room / 2)
        width[1 - longer] = room / 2;
    width[longer] = room - width[1 - longer];
    return false;
}

void frame_draw_title(const struct ui *u, struct canvas *c, struct rect r) {
    enum { NAME_HEAD = 2, GAP = 2 };
    char load[128];
    int width[SLOT_COUNT], right = 0;
    canvas_fill(c, r, ' ', ROLE_TITLE);
    int x = 1;
    if (r.w >= 120)
        x += canvas_text(c, x, r.y, 12, "moescope", ROLE_HEADING) + 2;
    for (int form = 0; form < LOAD_FORMS;
         form++) { /* the load, which the sliders show too, makes room for the names */
        describe_load(u, form, load, sizeof load);
        right = text_width(load) + 1;
        if (share_room(u, r.w - x - right - SLOT_COUNT * (NAME_HEAD + GAP), width))
            break;
    }
    for (int i = 0; i < SLOT_COUNT; i++) {
        canvas_text(c, x, r.y, 1, slot_names[i], view_slot_role(i));
        int used = NAME_HEAD + draw_slot_name(&u->view.slot[i], c, x + NAME_HEAD, r.y, width[i]);
        hot_note(u, (struct rect){x, r.y, used, 1}, HOT_SLOT, i);
        x += used + GAP;
    }
    canvas_text_right(c, r.x + r.w - right, r.y, right - 1, load, ROLE_TEXT);
}

void frame_draw_verdict(const struct ui *u, struct canvas *c, struct rect r) {
    enum role role = view_mend_slot(&u->view) >= 0 ? ROLE_WARN : ROLE_HEADING;
    if (r.h < 2) {
        canvas_text(c, r.x + 1, r.y, r.w - 2, u->verdict.brief, role);
        return;
    }
    canvas_text(c, r.x + 1, r.y, r.w - 2, u->verdict.line[0], role);
    canvas_text(c, r.x + 1, r.y + 1, r.w - 2, u->verdict.line[1], ROLE_TEXT);
}

/* --- status --- */

static void describe_entry(const struct ui *u, char *buf, size_t size) {
    const struct field *f = ui_field(u);
    char range[VALUE_LEN];
    snprintf(buf, size, "%s: %s", f->label, ui_range(f, range));
}

void frame_draw_status(const struct ui *u, struct canvas *c, struct rect r) {
    char text[MESSAGE_LEN] = "";
    bool dirty = session_dirty(u->session) && session_state_count(u->session) > u->start_states;
    const struct shown_row *figure = figure_cursor_row(u);
    enum role role = ROLE_TEXT;
    int room = r.w - 2;
    if (u->mode == MODE_COMMAND) {
        command_line_draw(u, c, (struct rect){r.x + 1, r.y, r.w - 2, 1});
        return;
    }
    if (u->message[0]) {
        snprintf(text, sizeof text, "%s", u->message);
        role = u->message_error ? ROLE_ERROR : ROLE_TEXT;
    } else if (u->mode == MODE_QUIT) {
        snprintf(text, sizeof text, "unsaved session: q again to quit, e to export");
        role = ROLE_WARN;
    } else if (u->mode == MODE_ENTRY) {
        describe_entry(u, text, sizeof text);
    } else if (u->mode == MODE_COLUMN && r.w >= 100) {
        snprintf(text, sizeof text, "%s", ui_field(u)->help);
        role = ROLE_DIM;
    } else if (u->mode == MODE_PANES && r.w >= 100 && figure) {
        snprintf(text, sizeof text, "%s", estimate_fields[figure->id].help);
        role = ROLE_DIM;
    }
    if (!u->message[0] && measuring_status(u, text, sizeof text))
        role = u->validation->stalled ? ROLE_WARN : ROLE_TEXT;
    if (dirty && !u->message_error) {
        room -= 10;
        canvas_text_right(c, r.x + r.w - 10, r.y, 9, "not saved", ROLE_DIM);
    }
    canvas_text(c, r.x + 1, r.y, room, text, role);
}

/* --- keys --- */

enum { BAR_GAP = 2 };

/* Key and what it does, apart: "b A/B" has the key "b". */
static int draw_bar_item(struct canvas *c, int x, int y, const char *text) {
    const char *blank = strchr(text, ' ');
    char key[32];
    snprintf(key, sizeof key, "%.*s", (int)(blank ? blank - text : 0), text);
    int used = canvas_text(c, x, y, 32, key, ROLE_KEY);
    return used + canvas_text(c, x + used, y, 32, blank ? blank : text, ROLE_KEY_TEXT);
}

/* Whether the item has a place in w cells beside all those that rank before it. */
static bool bar_item_fits(const struct ui *u, const struct action *item, int w) {
    char text[ACTION_TEXT];
    const struct action *a;
    int used = text_width(action_bar(u->keys, item, text));
    for (size_t i = 0; (a = action_at(i)) != NULL; i++)
        if (a->bar && (a->modes & 1u << u->mode) &&
            (a->rank < item->rank || (a->rank == item->rank && a < item)))
            used += text_width(action_bar(u->keys, a, text)) + BAR_GAP;
    return used <= w;
}

/* A click on an item does it. Where two rows of the table share it, as in "<> views", its first sign is the first of
 * them, the rest the second. */
static void note_bar_item(const struct ui *u, struct rect r, size_t i) {
    const struct action *a = action_at(i), *next = action_at(i + 1);
    bool two = next && !next->bar && next->run == a->run && a->argument < 0 && next->argument > 0;
    hot_note(u, r, HOT_ACTION, (int)i + two);
    if (two)
        hot_note(u, (struct rect){r.x, r.y, 1, 1}, HOT_ACTION, (int)i);
}

void frame_draw_keys(const struct ui *u, struct canvas *c, struct rect r) {
    char text[ACTION_TEXT];
    const struct action *a;
    int x = r.x + 1;
    if (u->mode == MODE_COMMAND && command_line_draw_hint(u, c, (struct rect){x, r.y, r.w - 2, 1}))
        return;
    for (size_t i = 0; (a = action_at(i)) != NULL; i++)
        if (a->bar && (a->modes & 1u << u->mode) && bar_item_fits(u, a, r.w - 2)) {
            int used = draw_bar_item(c, x, r.y, action_bar(u->keys, a, text));
            note_bar_item(u, (struct rect){x, r.y, used, 1}, i);
            x += used + BAR_GAP;
        }
}
