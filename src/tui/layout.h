/* Where things are on the screen: integers only, no curses. Rectangles never overlap and lie inside w x h. */
#ifndef MOESCOPE_TUI_LAYOUT_H
#define MOESCOPE_TUI_LAYOUT_H

#include <stdbool.h>

#include "tui/canvas.h"

enum pane_id { PANE_MEMORY, PANE_LATENCY, PANE_IMBALANCE, PANE_COST, PANE_COUNT };

struct layout {
    bool too_small; /* nothing else is set */
    bool compact;   /* cards without frames; the column shows one group */
    struct rect title, verdict, column;
    struct rect pane[PANE_COUNT]; /* width 0: hidden */
    struct rect caption, status, keys; /* caption: height 0 without one */
};

/* `zoom`: the pane that takes the room of all four, or -1. */
void layout_compute(int w, int h, int zoom, struct layout *out);
/* The same with `caption` rows between the panes and the status line. */
void layout_compute_above(int w, int h, int caption, int zoom, struct layout *out);

/* The part of a pane or column inside its frame or heading. */
struct rect layout_inner(const struct layout *l, struct rect r);

#endif
