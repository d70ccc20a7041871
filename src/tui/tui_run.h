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
    const char *glyphs;          /* one of tui_glyph_sets */
    const char *color;           /* "auto", "never", "always" */
    const char *theme;           /* one of tui_themes; NULL: auto */
    bool mouse;                  /* take clicks; else the terminal keeps them, to select text */
    bool present;                /* begin with large figures */
    const struct tui_keys *keys; /* NULL: none */
    struct validation_options measure; /* for `v`; level NULL: it starts nothing */
};

/* What --glyphs and --theme take, NULL at the end. */
extern const char *const tui_glyph_sets[], *const tui_themes[];
extern const char *const tui_formats[]; /* of a played screen: text, roles, ansi, svg, plain (lines of what changes) */

/* Opens the explorer on the terminal until the user quits; the terminal is restored whatever happens. False with a
 * message in err[ERROR_LEN] when there is no usable terminal or the journal could not be written. */
bool tui_run(struct catalog *c, struct session *s, const struct tui_options *o, char *err);

/* The same in lines of text, each telling what a key has changed; keys come from standard input, a terminal or a pipe.
 * False with an empty message and errno where standard output is not taken. */
bool tui_plain(struct catalog *c, struct session *s, const struct tui_options *o, char *err);

/* The same while a script plays in its own time, `speed` times as fast; Space pauses it, Esc leaves it, any other key takes
 * over. The script must have been checked. */
bool tui_tour(struct catalog *c, struct session *s, const struct tui_options *o, FILE *script, const char *name, double speed,
              char *err);

/* Whether every word of a script is known, before the first is played; err[ERROR_LEN] says which is not. */
bool tui_check_tour(FILE *script, const char *name, char *err);

/* Writes the key script that leads from one pair of scenarios through `n` others, with a caption and a pause at each. */
void tui_write_tour(FILE *out, const struct scenario from[SLOT_COUNT], const struct scenario (*state)[SLOT_COUNT], size_t n);

/* Plays a key script on a screen of w x h cells and prints the composed screen to `out` at each `show`, and at the end.
 * Its words: script.h. Captions are drawn, pauses passed over; bad words are errors with their line. */
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
