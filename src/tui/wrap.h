/* Texts over several rows, and texts put together from parts. */
#ifndef MOESCOPE_TUI_WRAP_H
#define MOESCOPE_TUI_WRAP_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/canvas.h"

/* Draws a text broken at blanks; what does not fit the rectangle ends in an ellipsis. Returns the rows used.
 */
int wrap_text(struct canvas *c, struct rect r, const char *text, enum role role);

/* Rows that wrap_text would need at this width. */
int wrap_rows(int width, const char *text);

/* Appends like snprintf, cutting silently; buf[size] holds a string already. */
void text_add(char *buf, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Whether a text holds another somewhere, or begins with it, whatever their case. */
bool text_holds(const char *text, const char *part);
bool text_begins(const char *text, const char *part);

#endif
