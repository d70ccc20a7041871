/* The explorer's two ways in: at a terminal, and played from a script. All that cli knows of the screen. */
#ifndef MOESCOPE_TUI_TUI_RUN_H
#define MOESCOPE_TUI_TUI_RUN_H

#include <stdbool.h>
#include <stdio.h>

#include "catalog/catalog.h"
#include "session/session.h"
#include "validate/validation.h"

/* Keys bound otherwise than the table of actions has them. An action that is bound has these keys alone. */
enum { TUI_BINDINGS = 64 };
struct tui_keys {
    size_t n;
    struct tui_binding {
        size_t action; /* row of the table */
        int key;
    } item[TUI_BINDINGS];
};
/* Binds a key by their names; several for one action add up. False with what is allowed in err[ERROR_LEN]. */
bool tui_keys_bind(struct tui_keys *keys, const char *action, const char *key, char *err);

struct tui_options {
    const char *glyphs;          /* "auto", "ascii", "block", "utf8" */
    const char *color;           /* "auto", "never", "always" */
    bool mouse;                  /* take clicks; else the terminal keeps them, to select text */
    const struct tui_keys *keys; /* NULL: none */
    struct validation_options measure; /* for `v`; level NULL: it starts nothing */
};

/* Opens the explorer on the terminal until the user quits; the terminal is restored whatever happens. False with a
 * message in err[ERROR_LEN] when there is no usable terminal or the journal could not be written. */
bool tui_run(struct catalog *c, struct session *s, const struct tui_options *o, char *err);

/* Plays a key script on a screen of w x h cells and prints the composed screen to `out` at each `show`, and at the end.
 * Script: words separated by blanks, '#' to the end of the line is a comment: a single character or one of
 * up down left right tab backtab enter esc home end pgup pgdn backspace delete ctrl-r space f1, `type:TEXT`,
 * `click:X,Y`, `double:X,Y`, `wheel:X,Y,up` (or down; cells count from 0), `size:WxH`, `show`, `records:FILE` (beside the
 * script: what a validation helper wrote), `records-end` (and there it broke off). Bad words are errors with their line. */
bool tui_play(struct catalog *c, struct session *s, const struct tui_options *o, int w, int h, FILE *script,
              const char *script_name, const char *format, FILE *out, char *err);

/* A line of the table of actions, for the man page: rows that share it have their ids in one. */
struct action_help {
    const char *keys, *help, *group;
    char ids[256]; /* "less, more" */
};
/* The i-th line, or false past the end. */
bool tui_action_help(size_t i, struct action_help *out);

/* A row of the table of commands of the `:` line. */
struct command_help {
    const char *name, *synopsis, *help;
};
bool tui_command_help(size_t i, struct command_help *out);

#endif
