/* Key scripts: what tests play, and tours. Words between blanks, '#' to the end of the line is a comment. A word is a single
 * character or the name of a key (key.h), or
 *   type:TEXT            its characters, one key each
 *   click:X,Y            the mouse, on a cell counted from 0; also double:X,Y, wheel:X,Y,up and wheel:X,Y,down
 *   size:WxH             the screen's size; a terminal keeps its own
 *   records:FILE         a file beside the script: what a validation helper wrote; records-end: and there it broke off. A
 *                        terminal passes them over
 *   show                 print the screen; a terminal shows it anyway
 *   caption:"WORDS"      words under the panes until the next caption; "" takes them away. Also: caption WORDS end
 *   pause:SECONDS        0 to 600; only a terminal waits
 * A caption takes figures and fields in braces, see caption.h. */
#ifndef MOESCOPE_TUI_SCRIPT_H
#define MOESCOPE_TUI_SCRIPT_H

#include <stdbool.h>
#include <stdio.h>

#include "tui/ui.h"

enum { SCRIPT_TEXT = 600, SCRIPT_SIDE_MAX = 1000 };

struct script {
    FILE *in;
    const char *name; /* for messages */
    long line;        /* where the step being played begins, from 1 */
    long next_line;   /* 1 at the start */
};

struct script_step {
    enum script_kind {
        SCRIPT_KEY, SCRIPT_TYPE, SCRIPT_MOUSE, SCRIPT_RECORDS, SCRIPT_RECORDS_END, SCRIPT_SIZE, SCRIPT_SHOW, SCRIPT_CAPTION, SCRIPT_PAUSE
    } kind;
    int key;
    int w, h;
    struct mouse mouse;
    double seconds;
    char text[SCRIPT_TEXT]; /* the word, what is typed, or the caption */
};

void script_open(struct script *s, FILE *in, const char *name);

/* The next step: 1, 0 at the end, -1 with file, line and what is allowed in err[ERROR_LEN]. */
int script_next(struct script *s, struct script_step *step, char *err);

/* "FILE:LINE: WHAT 'WORD' (allowed: ALLOWED)" in err. Returns false. */
bool script_refuse(const struct script *s, const char *what, const char *word, const char *allowed, char *err);

#endif
