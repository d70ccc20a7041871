/* moescope: what serving a large language model costs, mixture of experts or dense, at a terminal. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "config.h"

typedef enum status command_fn(const struct options *o);

static command_fn *const run_command[CMD_COUNT] = {
    [CMD_EXPLORE] = cmd_explore,   [CMD_EVAL] = cmd_eval,      [CMD_EXPLAIN] = cmd_explain,
    [CMD_SNAPSHOT] = cmd_snapshot, [CMD_PLAY] = cmd_play,         [CMD_TOUR] = cmd_tour,
    [CMD_RULES] = cmd_rules,    [CMD_LAWS] = cmd_laws,
    [CMD_MODELS] = cmd_list,       [CMD_GPUS] = cmd_list,      [CMD_FORMATS] = cmd_list,
    [CMD_LINKS] = cmd_list,        [CMD_SCENARIOS] = cmd_list, [CMD_REPRODUCE] = cmd_reproduce,
    [CMD_VALIDATE] = cmd_validate,
    [CMD_HELP] = cmd_help,
};

static enum status run(const struct options *o) {
    if (o->text[OPT_VERSION]) {
        puts("moescope " PACKAGE_VERSION);
        return STATUS_OK;
    }
    return o->text[OPT_HELP] ? cmd_help(o) : run_command[o->command](o);
}

int main(int argc, char **argv) {
    struct options o;
    char err[ERROR_LEN];
    enum status status;

    setlocale(LC_CTYPE, "");  /* and nothing else: numbers stay in the C locale */
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is a write error like others */
    if (options_parse(argc, argv, &o, err))
        status = run(&o);
    else
        status = cli_fail(STATUS_BAD_INPUT, err);
    options_free(&o);
    if (status == STATUS_OK)
        status = cli_check_output();
    exit((int)status);
}
