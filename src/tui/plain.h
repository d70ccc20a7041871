/* The explorer as lines of text, for a screen reader or a pipe: what has changed since the last key, one line each, no drawing.
 * The focus is named with its value when it moves; the cursor rests behind the last line. */
#ifndef MOESCOPE_TUI_PLAIN_H
#define MOESCOPE_TUI_PLAIN_H

#include <stdio.h>

#include "tui/canvas.h"

struct ui;

enum { PLAIN_LINE = 1024 };

/* What was told last. Start from zeros; plain_close it. */
struct plain {
    struct canvas canvas; /* never shown: what the keys go by is what would be drawn */
    int page;             /* the mode whose page was read out, or 0 */
    char focus[PLAIN_LINE], value[PLAIN_LINE], message[PLAIN_LINE], verdict[PLAIN_LINE], caption[PLAIN_LINE];
    char slots[PLAIN_LINE];
};

/* Prints what is new. */
void plain_tell(struct plain *p, struct ui *u, FILE *out);
void plain_close(struct plain *p);

/* Signs as words, blanks collapsed, lines and blocks left out: what is fit to be read aloud. out[PLAIN_LINE]. */
void plain_words(const char *text, char *out);

#endif
