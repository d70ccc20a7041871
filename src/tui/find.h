/* `/`: finds a field, a scenario, a view or an action as its name is typed. */
#ifndef MOESCOPE_TUI_FIND_H
#define MOESCOPE_TUI_FIND_H

#include <stddef.h>

#include "tui/canvas.h"

struct ui;
struct layout;

void find_open(struct ui *u);
/* Goes to what is marked, if it is a field; called when the entry or the mark has changed. */
void find_follow(struct ui *u);
void find_enter(struct ui *u); /* field: there; scenario: load; view: show; action: do */
void find_leave(struct ui *u); /* back to where it was opened */
size_t find_count(const struct ui *u);
/* What is marked, as "2 of 7, field batch, Concurrent sequences"; "" where nothing matches. Returns buf. */
const char *find_print(const struct ui *u, char *buf, size_t size);
void find_draw(struct ui *u, struct canvas *c, const struct layout *l);

#endif
