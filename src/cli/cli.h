/* What the subcommands share: exit statuses, messages, the presets, standard output. */
#ifndef MOESCOPE_CLI_CLI_H
#define MOESCOPE_CLI_CLI_H

#include <stdbool.h>

#include "catalog/catalog.h"
#include "cli/options.h"
#include "session/session.h"
#include "tui/tui_run.h"
#include "validate/validation.h"

enum status {
    STATUS_OK = 0,
    STATUS_ENVIRONMENT = 1, /* no terminal, a file that cannot be read or written, no memory */
    STATUS_BAD_INPUT = 2    /* options, scenarios, presets */
};

enum output_format { FORMAT_TABLE, FORMAT_CSV, FORMAT_JSON };
extern const char *const output_formats[]; /* their names, for options_choice */

/* The subcommands. Each returns an exit status; main alone exits. */
enum status cmd_explore(const struct options *o);
enum status cmd_eval(const struct options *o);
enum status cmd_explain(const struct options *o);
enum status cmd_snapshot(const struct options *o);
enum status cmd_play(const struct options *o);
enum status cmd_tour(const struct options *o);
enum status cmd_rules(const struct options *o);
enum status cmd_laws(const struct options *o);
enum status cmd_list(const struct options *o); /* models, gpus, formats, links, scenarios */
enum status cmd_reproduce(const struct options *o);
enum status cmd_validate(const struct options *o);
enum status cmd_help(const struct options *o);

/* Text to standard error. What was found in a file is quoted in messages: its control bytes must not reach the
 * terminal. */
void cli_put_message(const char *text);

/* "moescope: text" on standard error. Returns `status`, so that a failing command is one line. */
enum status cli_fail(enum status status, const char *text);

/* Opens the presets that the options ask for; the caller closes the catalog. */
enum status cli_open_catalog(const struct options *o, struct catalog **c);

/* The session that explore, snapshot, rules and laws begin with: ready-made scenarios, with the user's defaults where they
 * leave fields alone (NULL: none), or a session file; then the flags; with its journal, if there is one. Every scenario has
 * been resolved. The caller frees it. */
struct config_defaults;
enum status cli_open_session(const struct options *o, struct catalog *c, const struct config_defaults *defaults,
                             struct session **s);

/* --level (or `otherwise`), --only and --helper. False with err[ERROR_LEN]. */
bool validate_options(const struct options *o, const char *otherwise, struct validation_options *out, char *err);

/* --size, in columns and rows; untouched where it is not given. False with err[ERROR_LEN]. */
enum { SCREEN_WIDTH = 100, SCREEN_HEIGHT = 30 };
bool cli_read_size(const struct options *o, int *w, int *h, char *err);

/* Whether what was written to standard output so far was taken. A closed pipe ends the program quietly, a full disk
 * with a message; both with STATUS_ENVIRONMENT. */
enum status cli_check_output(void);
/* The same when the cause is known already. */
enum status cli_output_failed(int why);

#endif
