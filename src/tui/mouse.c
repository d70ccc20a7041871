/* The mouse: a click does what keys do, on what is under it. */
#include <math.h>

#include "tui/actions.h"
#include "tui/find.h"
#include "tui/hot.h"
#include "tui/ui_state.h"

/* --- what lies where --- */

void hot_note(const struct ui *u, struct rect r, enum hot_kind kind, int index) {
    struct hots *h = u->hots;
    if (h->n < HOT_MAX && r.w > 0 && r.h > 0)
        h->item[h->n++] = (struct hot){r, kind, index};
}

void hot_forget(const struct ui *u) {
    u->hots->n = 0;
}

const struct hot *hot_at(const struct ui *u, int x, int y) {
    for (int i = u->hots->n; i-- > 0;) {
        const struct hot *h = &u->hots->item[i];
        if (x >= h->r.x && x < h->r.x + h->r.w && y >= h->r.y && y < h->r.y + h->r.h)
            return h;
    }
    return NULL;
}

/* --- clicks --- */

static bool in_base_mode(const struct ui *u) {
    return u->mode == MODE_COLUMN || u->mode == MODE_PANES || u->mode == MODE_WIDE;
}

static void select_field(struct ui *u, int field) {
    u->field = field;
    u->mode = MODE_COLUMN;
}

/* The value under a cell of a track: the inverse of where the slider's mark stands. */
static double track_value(const struct field *f, double share) {
    double low = f->min, high = f->max;
    if (f->scale != SCALE_LOG2)
        return floor((low + share * (high - low)) / f->step + 0.5) * f->step;
    low = log2(low > 0 ? low : 1);
    double value = exp2(floor(low + share * (log2(high) - low) + 0.5));
    if (f->type != FIELD_INTEGER)
        return value;
    return share <= 0 ? f->min : value;
}

static void click_track(struct ui *u, const struct hot *h, int x) {
    char err[ERROR_LEN];
    struct scenario next = *ui_scenario(u);
    select_field(u, h->index);
    const struct field *f = ui_field(u);
    double lowest = f->open_min ? f->min + f->step : f->min;
    double value = fmin(f->max, fmax(lowest, track_value(f, (double)(x - h->r.x) / (h->r.w - 1))));
    value = floor(value * 1e6 + 0.5) / 1e6;
    if (scenario_set_number(&next, f, value, err))
        ui_apply(u, &next);
    else
        ui_say(u, true, "%s", err);
}

static void click_figure(struct ui *u, int pane, int row, bool twice) {
    u->mode = MODE_PANES;
    u->pane = pane;
    u->row = row;
    if (twice)
        action_run(u, "open");
}

static void click_row(struct ui *u, int row, bool twice) {
    u->mode = MODE_WIDE;
    u->wide_at[u->wide].row = row;
    if (twice)
        action_run(u, "row-enter");
}

static void click_group(struct ui *u, int group) {
    u->mode = MODE_COLUMN;
    for (u->field = 0; (int)ui_field(u)->group != group && u->field + 1 < FIELD_COUNT;)
        u->field++;
}

/* A second click on the same item of a list takes it. */
static void click_item(struct ui *u, int item) {
    bool again = (int)u->preset == item;
    u->preset = (size_t)item;
    find_follow(u);
    if (again)
        action_run(u, u->mode == MODE_FIND ? "find-enter" : "preset-load");
}

static void click_main(struct ui *u, const struct hot *h, int x, bool twice) {
    switch (h->kind) {
    case HOT_COLUMN:
        u->mode = MODE_COLUMN;
        return;
    case HOT_GROUP:
        click_group(u, h->index);
        return;
    case HOT_FIELD:
        select_field(u, h->index);
        if (twice)
            action_run(u, "edit");
        return;
    case HOT_TRACK:
        click_track(u, h, x);
        return;
    case HOT_LESS:
    case HOT_MORE:
        select_field(u, h->index);
        edit_step(u, STEP_KEY, h->kind == HOT_LESS ? -1 : 1);
        return;
    case HOT_PANE:
        u->mode = MODE_PANES;
        u->pane = h->index;
        figure_cursor_find_mends(u);
        return;
    case HOT_FIGURE:
        click_figure(u, h->index / SHOWN_MAX, h->index % SHOWN_MAX, twice);
        return;
    case HOT_WIDE:
        u->mode = MODE_WIDE;
        return;
    case HOT_HEAD:
        u->mode = MODE_WIDE;
        wide_jump(u, -1);
        return;
    case HOT_ROW:
        click_row(u, h->index, twice);
        return;
    case HOT_SLOT:
        if (u->view.edited != h->index)
            action_run(u, "slot");
        return;
    default:
        return;
    }
}

static void click(struct ui *u, int x, int y, bool twice) {
    const struct hot *h = hot_at(u, x, y);
    if (!h)
        return;
    if (h->kind == HOT_ACTION)
        action_run(u, action_at((size_t)h->index)->id);
    else if (h->kind == HOT_ITEM)
        click_item(u, h->index);
    else if (in_base_mode(u))
        click_main(u, h, x, twice);
}

/* --- the wheel --- */

static void wheel(struct ui *u, int x, int y, bool up) {
    const struct hot *h = hot_at(u, x, y);
    if (!in_base_mode(u)) {
        const struct action *a = action_find(u->keys, u->mode, up ? KEYCODE_UP : KEYCODE_DOWN);
        if (a && u->mode != MODE_COMMAND)
            a->run(u, a, KEYCODE_NONE);
        return;
    }
    if (!h || h->kind == HOT_ACTION || h->kind == HOT_SLOT)
        return;
    bool figures = h->kind == HOT_PANE || h->kind == HOT_FIGURE;
    bool rows = h->kind == HOT_WIDE || h->kind == HOT_ROW || h->kind == HOT_HEAD;
    u->mode = figures ? MODE_PANES : rows ? MODE_WIDE : MODE_COLUMN;
    action_run(u, figures ? up ? "pane-up" : "pane-down" : rows ? up ? "row-up" : "row-down" : up ? "field-up" : "field-down");
}

void mouse_act(struct ui *u, const struct mouse *m) {
    if (m->kind == MOUSE_UP || m->kind == MOUSE_DOWN)
        wheel(u, m->x, m->y, m->kind == MOUSE_UP);
    else
        click(u, m->x, m->y, m->kind == MOUSE_DOUBLE);
}
