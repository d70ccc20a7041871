/* The explorer's two ways in: at a terminal, and played from a script. All that cli knows of the screen. */
#ifndef MOESCOPE_TUI_TUI_RUN_H
#define MOESCOPE_TUI_TUI_RUN_H

#include <stdbool.h>
#include <stdio.h>

#include "catalog/catalog.h"
#include "session/session.h"

struct tui_options {
    const char *glyphs; /* "auto", "ascii", "utf8" */
    const char *color;  /* "auto", "never", "always" */
};

/* Opens the explorer on the terminal until the user quits; the terminal is restored whatever happens. False with a
 * message in err[ERROR_LEN] when there is no usable terminal or the journal could not be written. */
bool tui_run(struct catalog *c, struct session *s, const struct tui_options *o, char *err);

/* Plays a key script on a screen of w x h cells and prints the composed screen to `out` at each `show`, and at the end.
 * Script: words separated by blanks, '#' to the end of the line is a comment: a single character or one of
 * up down left right tab backtab enter esc home end pgup pgdn backspace delete ctrl-r space f1, `type:TEXT`,
 * `size:WxH`, `show`. Bad words are errors with their line. */
bool tui_play(struct catalog *c, struct session *s, const struct tui_options *o, int w, int h, FILE *script,
              const char *script_name, const char *format, FILE *out, char *err);

/* A row of the table of actions, for the man page. */
struct action_help {
    const char *keys, *help, *group;
};
/* The i-th action, or false past the end. */
bool tui_action_help(size_t i, struct action_help *out);

#endif
