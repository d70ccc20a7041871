/* The user's settings: keys, options, defaults of fields. */
#ifndef MOESCOPE_CLI_USER_CONFIG_H
#define MOESCOPE_CLI_USER_CONFIG_H

#include "cli/cli.h"

/* Fields that scenarios take where they leave them alone, and the lines that say so. */
struct config_defaults {
    struct scenario scenario;
    long line[FIELD_COUNT];
    char path[4096];
};

/* Reads $XDG_CONFIG_HOME/moescope/config: `key ACTION KEY`, `set OPTION VALUE`, `default FIELD VALUE`, a line each; # begins
 * a comment. Options that the command line gives stay. A missing file is fine; anything that is not understood is an error
 * with its file and line. */
enum status config_read(struct options *o, struct tui_keys *keys, struct config_defaults *defaults);

/* Whether the presets have the ids among the defaults; else says in which line one is wrong. */
enum status config_check(const struct config_defaults *defaults, struct catalog *c);

/* Puts the defaults into a scenario, where it leaves their fields alone. */
void config_fill(const struct config_defaults *defaults, struct scenario *s);

/* What the explorer opens with: the command line, then the user's settings. */
struct screen_settings {
    struct tui_options screen; /* points to keys */
    struct tui_keys keys;
    struct config_defaults defaults;
};
enum status cli_screen_options(const struct options *o, struct screen_settings *out);

#endif
