/* The cursor over the figures of the panes. What there is to walk over is what was last drawn. */
#include <stdlib.h>

#include "tui/ui_state.h"

static bool has_mends(const struct ui *u) {
    int slot = view_mend_slot(&u->view);
    return u->pane == PANE_MEMORY && slot >= 0 && u->view.slot[slot].n_mends > 0;
}

bool figure_cursor_on_mends(const struct ui *u) {
    return has_mends(u) && u->row >= u->shown[u->pane].n;
}

void figure_cursor_find_mends(struct ui *u) {
    if (has_mends(u))
        u->row = ROW_MENDS;
    else if (u->row == ROW_MENDS)
        u->row = 0;
}

/* The row as it is: rows go when a pane changes. */
static int row_now(const struct ui *u) {
    int n = u->shown[u->pane].n;
    return u->row < n ? u->row : n > 0 ? n - 1 : 0;
}

const struct shown_row *figure_cursor_row(const struct ui *u) {
    const struct shown *shown = &u->shown[u->pane];
    return figure_cursor_on_mends(u) || shown->n == 0 ? NULL : &shown->row[row_now(u)];
}

/* Through the moves that mend; false at their ends. */
static bool step_mends(struct ui *u, int step) {
    size_t n = u->view.slot[view_mend_slot(&u->view)].n_mends;
    size_t to = u->view.mend + (size_t)step;
    if (to < n) /* a step below 0 wraps to a large number */
        u->view.mend = to;
    return to < n;
}

static void leave(struct ui *u, int step) {
    u->pane = (u->pane + 2) % PANE_COUNT;
    u->row = step > 0 ? 0 : SHOWN_MAX - 1;
    if (step < 0)
        figure_cursor_find_mends(u);
}

void figure_cursor_step(struct ui *u, int step) {
    int n = u->shown[u->pane].n, to = row_now(u) + step;
    if (figure_cursor_on_mends(u)) {
        if (step_mends(u, step))
            return;
        if (step < 0 && n > 0)
            u->row = n - 1; /* the moves stand below the figures */
        else
            leave(u, step);
    } else if (to >= 0 && to < n) {
        u->row = to;
    } else if (step > 0 && has_mends(u)) {
        u->row = ROW_MENDS;
    } else {
        leave(u, step);
    }
}

void figure_cursor_beside(struct ui *u) {
    const struct shown_row *from = figure_cursor_row(u);
    int y = from ? from->y : -1, best = 0;
    u->pane ^= 1;
    const struct shown *shown = &u->shown[u->pane]; /* of a pane that is hidden: as it was */
    for (int i = 1; y >= 0 && !u->zoom && i < shown->n; i++)
        if (abs(shown->row[i].y - y) < abs(shown->row[best].y - y))
            best = i;
    u->row = best;
    if (y < 0)
        figure_cursor_find_mends(u);
}
