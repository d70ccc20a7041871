/* The command line. Three tables make it: commands, general options, and the scenario fields of core; --help, the
 * man page and the messages come from the same rows. */
#ifndef MOESCOPE_CLI_OPTIONS_H
#define MOESCOPE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/scenario.h"

enum command_id {
    CMD_EXPLORE, CMD_EVAL, CMD_EXPLAIN, CMD_SNAPSHOT, CMD_PLAY, CMD_TOUR, CMD_RULES, CMD_LAWS,
    CMD_MODELS, CMD_GPUS, CMD_FORMATS, CMD_LINKS, CMD_SCENARIOS,
    CMD_REPRODUCE, CMD_VALIDATE,
    CMD_HELP,
    CMD_COUNT
};

struct command {
    const char *name, *synopsis, *help;
    bool takes_fields; /* a flag for every scenario field */
};

extern const struct command commands[CMD_COUNT];

enum option_id {
    OPT_B, OPT_SCENARIO_A, OPT_SCENARIO_B, OPT_SESSION, OPT_JOURNAL,
    OPT_SCENARIOS, OPT_FORMAT, OPT_SIZE, OPT_SCRIPT, OPT_SPEED, OPT_GLYPHS, OPT_COLOR, OPT_MOUSE, OPT_THEME, OPT_PRESENT, OPT_PLAIN,
    OPT_PRESETS,
    OPT_PROFILE, OPT_LEVEL, OPT_ONLY, OPT_HELPER, OPT_DRY_RUN,
    OPT_FIELDS, OPT_FIGURES, OPT_OPTIONS, OPT_KEYS,
    OPT_HELP, OPT_VERSION,
    OPT_COUNT
};

struct general_option {
    const char *name;
    const char *argument; /* what --help calls it; NULL: takes none */
    int letter;           /* short form, or 0 */
    unsigned commands;    /* bit set of command_id */
    const char *help;
    const char *const *words; /* what it takes, the default first, NULL-terminated; NULL: anything, or it depends */
};

extern const struct general_option general_options[OPT_COUNT];

/* One field that was set, not yet read. */
struct setting {
    const struct field *field;
    const char *text;
};

struct settings {
    struct setting *item;
    size_t n;
};

struct options {
    enum command_id command;
    const char *topic;           /* help COMMAND, reproduce ARTICLE, play TOUR, tour SESSION */
    const char *figure;          /* explain FIGURE */
    const char *text[OPT_COUNT]; /* the argument ("" for options without one), or NULL: not given */
    struct settings a, b;        /* field flags; --b */
};

/* Reads the command line; strings stay in argv. False with a message in err[ERROR_LEN]. Free with options_free either
 * way. */
bool options_parse(int argc, char **argv, struct options *o, char *err);
void options_free(struct options *o);

/* The word that an option with words takes, the first if it was not given; NULL with a message if it is none of them. */
const char *options_word(const struct options *o, enum option_id id, char *err);

/* The index of the option's argument in a NULL-terminated list of words; `otherwise` if it was not given, -1 with a
 * message if it is none of them. */
int options_choice(const struct options *o, enum option_id id, const char *const *words, int otherwise,
                   char *err);

/* Puts settings into a scenario. `flag` names them in messages: "--" or "--b ". */
bool settings_apply(const struct settings *settings, const char *flag, struct scenario *s, char *err);

#endif
