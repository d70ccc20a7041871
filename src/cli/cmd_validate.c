/* `validate`: the model's claims measured on the hardware at hand, and its constants fitted to it. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/validate_print.h"

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig) {
    (void)sig;
    interrupted = 1;
}

static void take_signals(void) {
    struct sigaction action = {.sa_handler = on_interrupt}; /* no SA_RESTART: poll must return */
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
}

/* One line that is written over, for who watches. */
static void show_progress(const struct validation *v) {
    int exp = v->m.running;
    if (!isatty(STDERR_FILENO))
        return;
    if (v->stalled)
        fprintf(stderr, "\r\033[Kthe helper is silent");
    else if (exp >= 0)
        fprintf(stderr, "\r\033[K%s: %g of %g", experiment_ids[exp], v->m.experiment[exp].done, v->m.experiment[exp].total);
}

static void wait_for_end(struct validation *v) {
    while (!validation_over(v)) {
        struct pollfd wait[2];
        int fds[2], n = validation_fds(v, fds);
        for (int i = 0; i < n; i++)
            wait[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
        poll(wait, (nfds_t)n, validation_wait_ms(v));
        if (interrupted)
            validation_cancel(v);
        if (validation_poll(v))
            show_progress(v);
    }
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}

static void print(const struct validation *v, enum output_format format) {
    if (format == FORMAT_TABLE)
        validate_print_table(v, stdout);
    else if (format == FORMAT_CSV)
        validate_print_csv(v, stdout);
    else
        validate_print_json(v, stdout);
}

static enum status save(const struct validation *v, const struct options *o, enum output_format format) {
    char path[PROFILE_PATH], err[ERROR_LEN];
    FILE *out = format == FORMAT_TABLE ? stdout : stderr;
    if (o->text[OPT_DRY_RUN])
        return STATUS_OK;
    if (validation_accepted(v) == 0 || v->match == MATCH_NONE) {
        validation_save(v, path, sizeof path, err); /* for its words: nothing is written */
        fprintf(out, "\nNo profile: %s.\n", err);
        return STATUS_OK;
    }
    if (!validation_save(v, path, sizeof path, err))
        return cli_fail(STATUS_ENVIRONMENT, err);
    fprintf(out, "\nProfile    %s\n           moescope --profile %s ... counts with it\n", path, path);
    return STATUS_OK;
}

/* The helper's own exit status where it has one: partial 3, no device 4, hardware error 5, check failed 6, cancelled 7. */
static enum status status_of(const struct validation *v) {
    if (v->state == VALIDATION_CANCELLED)
        return (enum status)PROTOCOL_EXIT_CANCELLED;
    if (v->state == VALIDATION_DONE && v->m.code >= 0 && v->m.code < PROTOCOL_EXIT_LIMIT)
        return (enum status)v->m.code;
    if (v->state == VALIDATION_FAILED && v->m.ended && v->m.code > STATUS_BAD_INPUT && v->m.code < PROTOCOL_EXIT_LIMIT)
        return (enum status)v->m.code;
    return v->state == VALIDATION_DONE ? STATUS_OK : STATUS_ENVIRONMENT;
}

static enum status report(const struct validation *v, const struct options *o, enum output_format format) {
    enum status status = status_of(v), saved = STATUS_OK;
    if (v->state == VALIDATION_DONE) {
        print(v, format);
        saved = save(v, o, format);
    }
    if (v->state == VALIDATION_CANCELLED)
        return cli_fail(status, "cancelled; nothing was written");
    if (*v->message)
        cli_fail(status, v->message);
    return status != STATUS_OK ? status : saved;
}

static enum status measure(const struct options *o, const struct validation_options *how, enum output_format format,
                           struct catalog *c) {
    struct scenario s;
    struct deployment d;
    char err[ERROR_LEN];
    scenario_init(&s);
    if (!settings_apply(&o->a, "--", &s, err) || !catalog_resolve(c, &s, &d, err, NULL))
        return cli_fail(STATUS_BAD_INPUT, err);
    struct validation *v = validation_new(c, &d);
    if (!v)
        return cli_fail(STATUS_ENVIRONMENT, "out of memory");
    take_signals();
    enum status status = STATUS_ENVIRONMENT;
    if (validation_start(v, &d, how, err)) {
        wait_for_end(v);
        status = report(v, o, format);
    } else {
        cli_fail(status, err);
    }
    validation_free(v);
    return status;
}

/* Ids of experiments between commas. */
static bool check_only(const char *only, char *err) {
    char list[256], *rest = list;
    snprintf(list, sizeof list, "%s", only);
    for (char *id; (id = strsep(&rest, ",")) != NULL;) {
        int i = 0, used = snprintf(err, ERROR_LEN, "--only: '%.40s' is no experiment; allowed:", id);
        while (i < PROTOCOL_EXP_COUNT && strcmp(experiment_ids[i], id) != 0)
            used += snprintf(err + used, (size_t)(ERROR_LEN - used), "%s %s", i ? "," : "", experiment_ids[i]), i++;
        if (i == PROTOCOL_EXP_COUNT)
            return false;
    }
    return true;
}

bool validate_options(const struct options *o, const char *otherwise, struct validation_options *out, char *err) {
    static const char *const levels[] = {"quick", "standard", "full", NULL};
    int level = options_choice(o, OPT_LEVEL, levels, -2, err);
    *out = (struct validation_options){.level = level < 0 ? otherwise : levels[level], .only = o->text[OPT_ONLY],
                                       .command = o->text[OPT_HELPER]};
    if (level == -1 || (out->only && !check_only(out->only, err)))
        return false;
    if (out->command && !*out->command) {
        snprintf(err, ERROR_LEN, "--helper takes a command, for example 'ssh gpu01 moescope-validate'");
        return false;
    }
    return true;
}

enum status cmd_validate(const struct options *o) {
    struct validation_options how;
    struct catalog *c;
    char err[ERROR_LEN];
    int format = options_choice(o, OPT_FORMAT, output_formats, FORMAT_TABLE, err);
    if (format < 0 || !validate_options(o, "standard", &how, err))
        return cli_fail(STATUS_BAD_INPUT, err);
    enum status status = cli_open_catalog(o, &c);
    if (status == STATUS_OK)
        status = measure(o, &how, (enum output_format)format, c);
    catalog_close(c);
    return status;
}
