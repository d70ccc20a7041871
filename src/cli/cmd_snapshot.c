/* `snapshot`: the explorer without a terminal: keys from a script, the composed screen to standard output. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/user_config.h"

enum { SIDE_MAX = 1000 };

bool cli_read_size(const struct options *o, int *w, int *h, char *err) {
    const char *text = o->text[OPT_SIZE];
    int end = 0;
    if (!text || (sscanf(text, "%4dx%4d%n", w, h, &end) == 2 && text[end] == '\0' && *w >= 1 && *w <= SIDE_MAX && *h >= 1 &&
                  *h <= SIDE_MAX))
        return true;
    snprintf(err, ERROR_LEN, "--size: '%.60s' is no size; allowed: 1x1 to 1000x1000, columns x rows", text);
    return false;
}

/* Whatever goes wrong with standard output is told once, in the words of cli_check_output. */
static enum status play(const struct options *o, const struct screen_settings *settings, struct catalog *c,
                        FILE *script, const char *name) {
    int w = SCREEN_WIDTH, h = SCREEN_HEIGHT;
    char err[ERROR_LEN];
    struct session *s;
    int format = options_choice(o, OPT_FORMAT, tui_formats, 0, err);
    if (format < 0 || !cli_read_size(o, &w, &h, err))
        return cli_fail(STATUS_BAD_INPUT, err);
    enum status status = cli_open_session(o, c, &settings->defaults, &s);
    if (status == STATUS_OK &&
        !tui_play(c, s, &settings->screen, w, h, script, name, tui_formats[format], stdout, err))
        status = ferror(stdout) ? cli_check_output() : cli_fail(STATUS_BAD_INPUT, err);
    session_free(s);
    return status;
}

/* Without a script the first screen is printed: an empty one is played. */
static FILE *open_script(const char *path) {
    if (!path)
        return fopen("/dev/null", "r");
    return strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
}

enum status cmd_snapshot(const struct options *o) {
    const char *path = o->text[OPT_SCRIPT];
    struct screen_settings settings;
    struct catalog *c = NULL;
    char text[ERROR_LEN];

    enum status status = cli_screen_options(o, &settings);
    if (status != STATUS_OK)
        return status;
    FILE *script = open_script(path);
    if (!script) {
        snprintf(text, sizeof text, "%.300s: %s; --script takes a file of keys, or - for standard input",
                 path ? path : "/dev/null", strerror(errno));
        return cli_fail(STATUS_ENVIRONMENT, text);
    }
    status = cli_open_catalog(o, &c);
    if (status == STATUS_OK)
        status = play(o, &settings, c, script, path && strcmp(path, "-") != 0 ? path : "standard input");
    catalog_close(c);
    if (script != stdin)
        fclose(script);
    return status;
}
