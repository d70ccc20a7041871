/* What several panes share. */
#ifndef MOESCOPE_TUI_PANE_PARTS_H
#define MOESCOPE_TUI_PANE_PARTS_H

#include "tui/view.h"

/* For a slot that does not run: its reason in one row in place of a bar. False when the slot runs. */
bool pane_draw_state(const struct view *v, struct canvas *c, int x, int y, int w, int slot);

#endif
