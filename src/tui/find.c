#include "tui/find.h"

#include <stdio.h>

#include "tui/actions.h"
#include "tui/command.h"
#include "tui/hot.h"
#include "tui/wrap.h"

enum find_kind { FIND_FIELD, FIND_SCENARIO, FIND_VIEW, FIND_ACTION, FIND_KINDS };

static const char *const kind_names[FIND_KINDS] = {"field", "scenario", "view", "action"};

struct find_item {
    enum find_kind kind;
    size_t index; /* in the table of its kind */
    const char *id, *label;
};

/* Item i of a kind; false past the end. */
static bool item_of(const struct ui *u, enum find_kind kind, size_t i, struct find_item *out) {
    *out = (struct find_item){.kind = kind, .index = i};
    if (kind == FIND_FIELD && i < FIELD_COUNT) {
        out->id = scenario_fields[i].id;
        out->label = scenario_fields[i].label;
    } else if (kind == FIND_SCENARIO && i < catalog_scenario_count(u->catalog)) {
        out->id = catalog_scenario_at(u->catalog, i)->id;
        out->label = catalog_scenario_at(u->catalog, i)->name;
    } else if (kind == FIND_VIEW && i < WIDE_COUNT) {
        out->id = wide_ops[i] ? wide_ops[i]->id : "panes";
        out->label = wide_ops[i] ? wide_ops[i]->title : "memory, latency, imbalance, cost";
    } else if (kind == FIND_ACTION && action_at(i)) {
        out->id = action_at(i)->id;
        out->label = action_at(i)->help ? action_at(i)->help : "";
    }
    return out->id != NULL;
}

/* The i-th that matches what is typed. Ids that begin like it come first. */
static bool item_at(const struct ui *u, size_t i, struct find_item *out) {
    for (int first = 1; first >= 0; first--)
        for (int kind = 0; kind < FIND_KINDS; kind++)
            for (size_t k = 0; item_of(u, (enum find_kind)kind, k, out); k++) {
                bool begins = text_begins(out->id, u->entry) || text_begins(out->label, u->entry);
                if (kind == FIND_ACTION && !command_can_run(action_at(k)))
                    continue;
                if (first ? begins : !begins && (text_holds(out->id, u->entry) || text_holds(out->label, u->entry)))
                    if (i-- == 0)
                        return true;
            }
    return false;
}

size_t find_count(const struct ui *u) {
    struct find_item item;
    size_t n = 0;
    while (item_at(u, n, &item))
        n++;
    return n;
}

const char *find_print(const struct ui *u, char *buf, size_t size) {
    struct find_item item;
    buf[0] = '\0';
    if (item_at(u, u->preset, &item))
        snprintf(buf, size, "%zu of %zu, %s %s, %s", u->preset + 1, find_count(u), kind_names[item.kind], item.id, item.label);
    return buf;
}

void find_open(struct ui *u) {
    u->back = ui_base_mode(u);
    u->mode = MODE_FIND;
    u->entry[0] = '\0';
    u->entry_first = false;
    u->preset = 0;
    u->field_before = u->field;
}

void find_follow(struct ui *u) {
    struct find_item item;
    if (u->mode != MODE_FIND)
        return;
    u->field = u->field_before;
    if (u->entry[0] && item_at(u, u->preset, &item) && item.kind == FIND_FIELD)
        u->field = (int)item.index;
}

void find_leave(struct ui *u) {
    u->field = u->field_before;
    u->mode = u->back;
}

void find_enter(struct ui *u) {
    struct find_item item;
    if (!item_at(u, u->preset, &item)) {
        ui_say(u, true, "no field, scenario, view or action is called '%s'", u->entry);
        return;
    }
    u->mode = u->back;
    if (item.kind == FIND_FIELD) {
        u->field = (int)item.index;
        u->mode = MODE_COLUMN;
    } else if (item.kind == FIND_SCENARIO) {
        ui_apply(u, &catalog_scenario_at(u->catalog, item.index)->scenario);
    } else if (item.kind == FIND_VIEW) {
        wide_show(u, (enum wide_id)item.index);
    } else {
        command_run_action(u, action_at(item.index));
    }
}

static void draw_item(const struct ui *u, struct canvas *c, struct rect r, size_t i, const struct find_item *item) {
    enum { KIND = 10, ID = 26 };
    enum role role = i == u->preset ? ROLE_SELECTED : ROLE_TEXT;
    canvas_text(c, r.x, r.y, 1, i == u->preset ? "▸" : " ", ROLE_FRAME_FOCUS);
    canvas_text(c, r.x + 2, r.y, KIND - 1, kind_names[item->kind], ROLE_DIM);
    canvas_text(c, r.x + 2 + KIND, r.y, ID - 1, item->id, role);
    canvas_text(c, r.x + 2 + KIND + ID, r.y, r.w - 2 - KIND - ID, item->label, role);
    hot_note(u, r, HOT_ITEM, (int)i);
}

/* Over the panes, so that the column is seen to follow. */
void find_draw(struct ui *u, struct canvas *c, const struct layout *l) {
    enum { ROWS = 14 };
    struct rect box = {l->column.x + l->column.w, l->column.y, c->w - l->column.w, ROWS + 4};
    struct find_item item;
    canvas_fill(c, box, ' ', ROLE_TEXT);
    canvas_frame(c, box, "find", true);
    struct rect r = {box.x + 2, box.y + 1, box.w - 4, box.h - 2};
    int used = canvas_text(c, r.x, r.y, 2, "/", ROLE_KEY);
    used += canvas_text(c, r.x + used, r.y, r.w - used, u->entry, ROLE_ENTRY);
    size_t first = u->preset >= ROWS ? u->preset - ROWS + 1 : 0, i = first;
    for (; i < first + ROWS && item_at(u, i, &item); i++)
        draw_item(u, c, (struct rect){r.x, r.y + 2 + (int)(i - first), r.w, 1}, i, &item);
    if (i == 0)
        canvas_text(c, r.x, r.y + 2, r.w, "nothing is called like this; Backspace widens the search", ROLE_DIM);
    else if (item_at(u, i, &item))
        canvas_text(c, r.x + r.w - 7, r.y + r.h, 8, " more ▾", ROLE_KEY);
    c->cursor_x = r.x + used;
    c->cursor_y = r.y;
}
