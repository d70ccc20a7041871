/* `explore`: the explorer at a terminal. */
#include <errno.h>
#include <unistd.h>

#include "cli/user_config.h"

static enum status explore(const struct options *o, const struct screen_settings *settings, struct catalog *c) {
    struct session *s;
    char err[ERROR_LEN];
    enum status status = cli_open_session(o, c, &settings->defaults, &s);
    if (status == STATUS_OK && !(o->text[OPT_PLAIN] ? tui_plain : tui_run)(c, s, &settings->screen, err))
        status = *err ? cli_fail(STATUS_ENVIRONMENT, err) : cli_output_failed(errno);
    session_free(s);
    return status;
}

enum status cmd_explore(const struct options *o) {
    struct screen_settings settings;
    struct catalog *c;
    char err[ERROR_LEN];
    enum status status = cli_screen_options(o, &settings);
    if (status != STATUS_OK)
        return status;
    if (!validate_options(o, "quick", &settings.screen.measure, err))
        return cli_fail(STATUS_BAD_INPUT, err);
    if (o->text[OPT_PLAIN])
        settings.screen.measure.level = NULL; /* while it waits for a key, nobody would read what is measured */
    if (!o->text[OPT_PLAIN] && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)))
        return cli_fail(
            STATUS_ENVIRONMENT,
            "the explorer needs a terminal for its input and output; without one, 'moescope eval' prints "
            "an estimate, 'moescope snapshot' a screen, and 'moescope --plain' explores in lines of text");
    status = cli_open_catalog(o, &c);
    if (status == STATUS_OK)
        status = explore(o, &settings, c);
    catalog_close(c);
    return status;
}
