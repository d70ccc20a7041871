/* The commands of the `:` line: one table. Parsing, completion, help and man page are loops over it. */
#ifndef MOESCOPE_TUI_COMMAND_H
#define MOESCOPE_TUI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/actions.h"

/* What may stand at a place of a line; most come from a table of their own. */
enum word_kind {
    WORD_NONE, WORD_FIRST, WORD_FIELD, WORD_VALUE, WORD_SCENARIO, WORD_VIEW, WORD_FIGURE, WORD_NUMBER, WORD_BY, WORD_EQUAL,
    WORD_FILE
};

enum { COMMAND_WORDS = 4 }; /* of a line, its name included */

struct words {
    int n;
    char text[COMMAND_WORDS][ENTRY_LEN];
    size_t start[COMMAND_WORDS]; /* in the line */
    bool open;                   /* the line ends within the last word */
};

struct command_row {
    const char *name, *synopsis, *help;
    int least; /* words after the name that it needs */
    enum word_kind word[COMMAND_WORDS - 1];
    bool (*run)(struct ui *u, const struct words *w);
};

/* Row i of the table, or NULL past the end. */
const struct command_row *command_at(size_t i);

/* Splits a line at blanks; "..." holds blanks together. Words beyond COMMAND_WORDS are an error: false. */
bool command_split(const char *line, struct words *w);

/* Runs a line: a command; a field and its value, or a field to go to; or the id of an action. False with a message
 * that names the word and what is allowed; nothing has changed then. */
bool command_run(struct ui *u, const char *line);

/* The i-th word that could stand where the line ends, or NULL; *start is where that word begins. buf[VALUE_LEN]. */
const char *command_candidate(const struct ui *u, const char *line, size_t i, size_t *start, char *buf);

/* What the line's command is for, "" when it has none yet. */
const char *command_hint(const char *line);

/* Runs an action that works in one of the views, wherever the focus is; says why not otherwise. */
bool command_run_action(struct ui *u, const struct action *a);
/* Whether the command line may run it. */
bool command_can_run(const struct action *a);

#endif
