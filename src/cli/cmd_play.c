/* `play`: a tour at the terminal, or with --speed inf its end on standard output. `tour`: a session as a
 * tour. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/user_config.h"
#include "session/xalloc.h"

enum { PATH_LEN = 4096, LINE_LEN = 200 };

static const char suffix[] = ".tour";

/* --- the tours that come with the program --- */

static int is_tour(const struct dirent *entry) {
    size_t n = strlen(entry->d_name), tail = sizeof suffix - 1;
    return n > tail && strcmp(entry->d_name + n - tail, suffix) == 0;
}

/* The first line of a tour says what it shows. */
static void print_tour(const char *dir, const char *file) {
    char path[PATH_LEN + NAME_MAX + 2], line[LINE_LEN] = "";
    snprintf(path, sizeof path, "%s/%s", dir, file);
    FILE *in = fopen(path, "r");
    if (!in)
        return;
    if (fgets(line, sizeof line, in))
        line[strcspn(line, "\n")] = '\0';
    fclose(in);
    printf("%-24.*s %s\n", (int)(strlen(file) - (sizeof suffix - 1)), file, line + strspn(line, "# "));
}

static enum status list_tours(void) {
    char dir[PATH_LEN], text[PATH_LEN + 128];
    struct dirent **entry;
    snprintf(dir, sizeof dir, "%s/tours", catalog_default_dir());
    int n = scandir(dir, &entry, is_tour, alphasort);
    if (n < 0) {
        snprintf(text, sizeof text, "%s: %s", dir, strerror(errno));
        return cli_fail(STATUS_ENVIRONMENT, text);
    }
    for (int i = 0; i < n; i++) {
        print_tour(dir, entry[i]->d_name);
        free(entry[i]);
    }
    free(entry);
    return STATUS_OK;
}

/* A name without a slash or suffix is one of ours. */
static FILE *open_tour(const char *name, char path[PATH_LEN]) {
    if (strchr(name, '/') || strchr(name, '.'))
        snprintf(path, PATH_LEN, "%s", name);
    else
        snprintf(path, PATH_LEN, "%s/tours/%s%s", catalog_default_dir(), name, suffix);
    return fopen(path, "r");
}

/* --- play --- */

static bool read_speed(const char *text, double *speed, char *err) {
    char *end = NULL;
    *speed = text ? strtod(text, &end) : 1;
    if (!text || (end != text && *end == '\0' && *speed > 0))
        return true;
    snprintf(err, ERROR_LEN,
             "--speed: '%.60s' is no speed; allowed: a number above 0, 2 for twice as fast, or inf", text);
    return false;
}

static enum status play(const struct options *o, struct catalog *c, FILE *tour, const char *name) {
    struct screen_settings settings;
    struct session *s = NULL;
    double speed;
    int w = SCREEN_WIDTH, h = SCREEN_HEIGHT;
    char err[ERROR_LEN];
    enum status status = cli_screen_options(o, &settings);
    int format = status == STATUS_OK ? options_choice(o, OPT_FORMAT, tui_formats, 0, err) : 0;
    if (status != STATUS_OK)
        return status;
    if (format < 0 || !read_speed(o->text[OPT_SPEED], &speed, err) || !cli_read_size(o, &w, &h, err))
        return cli_fail(STATUS_BAD_INPUT, err);
    if (isfinite(speed) && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)))
        return cli_fail(STATUS_ENVIRONMENT, "a tour needs a terminal for its input and output; without one, "
                                            "--speed inf prints its last screen");
    if (!tui_check_tour(tour, name, err))
        return cli_fail(STATUS_BAD_INPUT, err);
    settings.screen.keys = NULL; /* a tour means the keys of the table, and the defaults of the program */
    status = cli_open_session(o, c, NULL, &s);
    if (status == STATUS_OK && isfinite(speed) && !tui_tour(c, s, &settings.screen, tour, name, speed, err))
        status = cli_fail(STATUS_ENVIRONMENT, err);
    if (status == STATUS_OK && isinf(speed) &&
        !tui_play(c, s, &settings.screen, w, h, tour, name, tui_formats[format], stdout, err))
        status = ferror(stdout) ? cli_check_output() : cli_fail(STATUS_BAD_INPUT, err);
    session_free(s);
    return status;
}

enum status cmd_play(const struct options *o) {
    char path[PATH_LEN], text[PATH_LEN + 128];
    struct catalog *c;
    if (!o->topic)
        return list_tours();
    FILE *tour = open_tour(o->topic, path);
    if (!tour) {
        snprintf(text, sizeof text, "%s: %s; 'moescope play' lists the tours", path, strerror(errno));
        return cli_fail(STATUS_ENVIRONMENT, text);
    }
    enum status status = cli_open_catalog(o, &c);
    if (status == STATUS_OK)
        status = play(o, c, tour, path);
    catalog_close(c);
    fclose(tour);
    return status;
}

/* --- tour --- */

struct states {
    struct scenario (*pair)[SLOT_COUNT];
    size_t n, room;
};

static void add_state(const struct scenario state[SLOT_COUNT], void *user) {
    struct states *s = user;
    s->pair = xgrow(s->pair, s->n, &s->room, sizeof *s->pair);
    memcpy(s->pair[s->n++], state, sizeof *s->pair);
}

static enum status write_tour(const struct options *o, struct catalog *c) {
    struct states states = {0};
    struct session *start;
    char err[ERROR_LEN];
    enum status status = cli_open_session(o, c, NULL, &start);
    if (status == STATUS_OK && !session_read_states(o->topic, c, add_state, &states, err))
        status = cli_fail(STATUS_BAD_INPUT, err);
    if (status == STATUS_OK) {
        const struct scenario from[SLOT_COUNT] = {*session_scenario(start, SLOT_A),
                                                  *session_scenario(start, SLOT_B)};
        tui_write_tour(stdout, from, (const struct scenario(*)[SLOT_COUNT])states.pair, states.n);
    }
    session_free(start);
    free(states.pair);
    return status;
}

enum status cmd_tour(const struct options *o) {
    struct catalog *c;
    char text[ERROR_LEN];
    if (!o->topic)
        return cli_fail(STATUS_BAD_INPUT,
                        "moescope tour takes a session file, as `e` or --journal writes it");
    FILE *probe = fopen(o->topic, "r");
    if (!probe) {
        snprintf(text, sizeof text, "%.300s: %s", o->topic, strerror(errno));
        return cli_fail(STATUS_ENVIRONMENT, text);
    }
    fclose(probe);
    enum status status = cli_open_catalog(o, &c);
    if (status == STATUS_OK)
        status = write_tour(o, c);
    catalog_close(c);
    return status;
}
