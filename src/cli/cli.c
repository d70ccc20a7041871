#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const char *const output_formats[] = {"table", "csv", "json", NULL};

void cli_put_message(const char *text) {
    for (; *text; text++)
        fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, stderr);
}

enum status cli_fail(enum status status, const char *text) {
    fputs("moescope: ", stderr);
    cli_put_message(text);
    fputc('\n', stderr);
    return status;
}

/* Whether a directory can be looked into: what is wrong with it is another kind of failure than a bad row. */
static bool directory_there(const char *path, const char *remedy) {
    struct stat st;
    char text[ERROR_LEN];
    int why = stat(path, &st) == 0 ? (S_ISDIR(st.st_mode) ? 0 : ENOTDIR) : errno;
    if (why == 0)
        return true;
    snprintf(text, sizeof text, "%.300s: %s; %s", path, strerror(why), remedy);
    cli_fail(STATUS_ENVIRONMENT, text);
    return false;
}

enum status cli_open_catalog(const struct options *o, struct catalog **c) {
    char user_dir[4096], err[ERROR_LEN] = "";
    const char *shipped = catalog_default_dir(), *extra = o->text[OPT_PRESETS];

    *c = NULL;
    if (!directory_there(shipped, "install the presets, or name their directory in MOESCOPE_PRESETS"))
        return STATUS_ENVIRONMENT;
    if (extra && !directory_there(extra, "--presets takes a directory of preset files"))
        return STATUS_ENVIRONMENT;
    *c = catalog_open(shipped, catalog_user_dir(user_dir, sizeof user_dir), extra, err);
    if (!*c || (o->text[OPT_PROFILE] && !profile_lay(*c, o->text[OPT_PROFILE], NULL, NULL, err)))
        return cli_fail(STATUS_BAD_INPUT, err);
    return STATUS_OK;
}

enum status cli_output_failed(int why) {
    char text[128];
    if (why == EPIPE)
        return STATUS_ENVIRONMENT; /* the reader has seen enough */
    snprintf(text, sizeof text, "standard output: cannot be written%s%s", why ? ": " : "",
             why ? strerror(why) : "");
    return cli_fail(STATUS_ENVIRONMENT, text);
}

enum status cli_check_output(void) {
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return STATUS_OK;
    return cli_output_failed(errno);
}
