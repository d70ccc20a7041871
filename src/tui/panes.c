#include <stdio.h>

#include "tui/figures.h"
#include "tui/pane_parts.h"

const struct pane_ops pane_ops[PANE_COUNT] = {
    [PANE_MEMORY] = {"Memory per GPU", "Memory/GPU", pane_draw_memory},
    [PANE_LATENCY] = {"Latency", "Latency", pane_draw_latency},
    [PANE_IMBALANCE] = {"Imbalance", "Imbalance", pane_draw_imbalance},
    [PANE_COST] = {"Cost", "Cost", pane_draw_cost},
};

const char *view_limit_text(const struct view *v, int slot, int w, char *buf) {
    const struct estimate *e = &v->slot[slot].now;
    char shortage[SHORT_LEN];
    snprintf(buf, VIEW_TEXT, "%s", e->limit == LIMIT_MEMORY ? figures_short_of(e, shortage) : e->limit_text);
    if (text_width(buf) > w)
        snprintf(buf, VIEW_TEXT, "%s",
                 e->limit == LIMIT_MEMORY ? "does not fit" : "does not run, see Memory");
    return buf;
}

bool view_note_row(const struct view *v, enum estimate_field_id id, bool interval, int x, int y) {
    struct shown *shown = v->shown;
    if (!shown || shown->n == SHOWN_MAX)
        return false;
    shown->row[shown->n] = (struct shown_row){id, interval, x, y};
    return shown->n++ == v->focus_row;
}

bool pane_draw_state(const struct view *v, struct canvas *c, int x, int y, int w, int slot) {
    const struct estimate *e = &v->slot[slot].now;
    char text[VIEW_TEXT];
    if (e->feasible)
        return false;
    canvas_text(c, x, y, 1, slot_names[slot], view_slot_role(slot));
    canvas_text(c, x + 2, y, w - 2, view_limit_text(v, slot, w - 2, text), ROLE_ERROR);
    return true;
}
