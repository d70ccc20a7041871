/* The `:` line: editing, history, completion. What it means is command.h's. */
#ifndef MOESCOPE_TUI_COMMAND_LINE_H
#define MOESCOPE_TUI_COMMAND_LINE_H

#include "tui/canvas.h"

struct ui;
struct command_line; /* opaque */

struct command_line *command_line_new(void); /* NULL when memory is short */
void command_line_free(struct command_line *l);

/* Opens it, empty, over the mode that the explorer is in. */
void command_line_open(struct ui *u);

void command_line_type(struct ui *u, int key);
/* Takes the character before the cursor (-1) or under it (0) away; before an empty line it closes. */
void command_line_erase(struct ui *u, int where);
void command_line_clear(struct ui *u);
/* One character left (-1) or right (1); further than that: to the ends. */
void command_line_move(struct ui *u, int step);
/* To the line entered before (-1) or after (1). */
void command_line_recall(struct ui *u, int step);
/* Extends the last word as far as it is certain, then goes through what it could be. */
void command_line_complete(struct ui *u, int step);
/* Runs the line. One that is refused stays, with the reason. */
void command_line_enter(struct ui *u);

const char *command_line_text(const struct ui *u);

/* The line, and in a row of its own what it could become or why it was refused; false when there is nothing to tell. */
void command_line_draw(const struct ui *u, struct canvas *c, struct rect r);
bool command_line_draw_hint(const struct ui *u, struct canvas *c, struct rect r);

#endif
