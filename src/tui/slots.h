/* What is done to scenarios A and B as a pair: exchange, copy, locks, making one like the other. All of it can be undone
 * in one step. */
#ifndef MOESCOPE_TUI_SLOTS_H
#define MOESCOPE_TUI_SLOTS_H

#include <stdbool.h>

#include "explore/goal.h"
#include "tui/ui_state.h"

void slots_swap(struct ui *u);
/* The scenario under edit onto the other. */
void slots_copy(struct ui *u);

/* Locks a field, or frees it: a change of a locked field in one scenario changes both. Locking changes nothing itself. */
void slots_toggle_lock(struct ui *u, int field);
bool slots_locked(const struct ui *u, int field);

/* The other slot's scenario when the edited one becomes *next: locked fields that change follow. */
void slots_follow_locks(const struct ui *u, const struct scenario *next, struct scenario *other);

/* Changes the scenario under edit. False with a message that says why not. */
bool slots_seek_goal(struct ui *u, const struct goal *g, bool layout);
bool slots_make_equal(struct ui *u, const struct equal_row *row);

#endif
