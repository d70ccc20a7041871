/* `explore`: the explorer at a terminal. */
#include <unistd.h>

#include "cli/cli.h"

static enum status explore(const struct options *o, const struct tui_options *screen, struct catalog *c) {
    struct session *s;
    char err[ERROR_LEN];
    enum status status = cli_open_session(o, c, &s);
    if (status == STATUS_OK && !tui_run(c, s, screen, err))
        status = cli_fail(STATUS_ENVIRONMENT, err);
    session_free(s);
    return status;
}

enum status cmd_explore(const struct options *o) {
    struct tui_options screen;
    struct catalog *c;
    enum status status = cli_screen_options(o, &screen);
    if (status != STATUS_OK)
        return status;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return cli_fail(
            STATUS_ENVIRONMENT,
            "the explorer needs a terminal for its input and output; without one, 'moescope eval' prints "
            "an estimate and 'moescope snapshot' a screen");
    status = cli_open_catalog(o, &c);
    if (status == STATUS_OK)
        status = explore(o, &screen, c);
    catalog_close(c);
    return status;
}
