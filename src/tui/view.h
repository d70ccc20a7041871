/* What the panes see: both scenarios with their results. Panes draw from it and change nothing. */
#ifndef MOESCOPE_TUI_VIEW_H
#define MOESCOPE_TUI_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "explore/explore.h"
#include "session/session.h"
#include "tui/canvas.h"
#include "tui/curve.h"
#include "tui/layout.h"

enum { MENDS_SHOWN = 3 };

struct slot_view {
    struct deployment deployment;
    struct estimate now;
    struct estimate before; /* as it was before the last key */
    bool changed;           /* by the last key */
    struct mend mend[MENDS_SHOWN];
    size_t n_mends;
};

/* The rows of figures that a pane has drawn, for the cursor to walk over. */
enum { SHOWN_MAX = 32 };
struct shown {
    int n;
    struct shown_row {
        enum estimate_field_id id;
        bool interval;
        int x, y;
    } row[SHOWN_MAX];
    int mend_x, mend_y; /* the move that Enter would adopt */
};

struct view {
    struct slot_view slot[SLOT_COUNT];
    struct curve curve;
    int edited;          /* slot */
    size_t mend;         /* the one that `m` adopts */
    bool mend_focus;     /* the cursor is on the moves of the memory pane */
    int focus_row;       /* of the pane being drawn: the row that the cursor is on, or -1 */
    struct shown *shown; /* of the pane being drawn: what it shows is noted here; NULL: nowhere */
};

/* Notes a row of figures; true when the cursor is on it. */
bool view_note_row(const struct view *v, enum estimate_field_id id, bool interval, int x, int y);

struct pane_ops {
    const char *title, *brief; /* brief: where the heads of the columns leave little room */
    void (*draw)(const struct view *v, struct canvas *c, struct rect r);
};

extern const struct pane_ops pane_ops[PANE_COUNT];

void pane_draw_memory(const struct view *v, struct canvas *c, struct rect r);
void pane_draw_latency(const struct view *v, struct canvas *c, struct rect r);
void pane_draw_imbalance(const struct view *v, struct canvas *c, struct rect r);
void pane_draw_cost(const struct view *v, struct canvas *c, struct rect r);

/* Why a slot does not run, in at most `w` cells where there are words that short; buf[VIEW_TEXT]. Returns
 * buf. */
enum { VIEW_TEXT = 200 };
const char *view_limit_text(const struct view *v, int slot, int w, char *buf);

/* The slot whose mends are offered: the edited one if it is infeasible, else the other; -1 when both run. */
int view_mend_slot(const struct view *v);

extern const char *const slot_names[SLOT_COUNT];
enum role view_slot_role(int slot);

#endif
