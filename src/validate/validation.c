#include "validate/validation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/loads.h"
#include "validate/arguments.h"
#include "validate/lock.h"

/* Seconds. A helper that keeps its promises says something every half second and keeps its budget. */
static const double SILENCE = 3, GRACE = 5, TERM_GRACE = 3, LONGEST_BUDGET = 1800, FIRST_BUDGET = 300;

enum { STRAYS_MAX = 100, READ_MAX = 65536 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* --- life --- */

struct validation *validation_new(struct catalog *c, const struct deployment *d) {
    struct validation *v = calloc(1, sizeof *v);
    if (!v)
        return NULL;
    v->catalog = c;
    v->lock = -1;
    v->helper.in = v->helper.out = v->helper.err = -1;
    v->scenario_gpu = *d->gpu;
    v->model.catalog = c;
    measurement_clear(&v->m);
    v->started = v->heard = now();
    v->limit_s = FIRST_BUDGET + GRACE;
    return v;
}

/* What a run holds of the system. */
static void release(struct validation *v) {
    helper_close(&v->helper);
    if (*v->routing)
        unlink(v->routing);
    v->routing[0] = '\0';
    if (v->lock >= 0)
        close(v->lock);
    v->lock = -1;
}

void validation_free(struct validation *v) {
    if (!v)
        return;
    release(v);
    free(v);
}

/* A helper elsewhere cannot open a file of this machine. */
static void send_routing(struct validation *v) {
    char text[EXPERTS_MAX * 24];
    FILE *in = fopen(v->routing, "r");
    size_t n = in ? fread(text, 1, sizeof text, in) : 0;
    if (in)
        fclose(in);
    helper_send(&v->helper, text, n);
}

bool validation_start(struct validation *v, const struct deployment *d, const struct validation_options *o, char *err) {
    struct arguments a;
    v->lock = lock_take(o->command, err);
    if (v->lock < 0 || !arguments_make(v, d, o, &a, err) || !helper_start(&v->helper, o->command, a.list, err)) {
        release(v);
        return false;
    }
    v->has_process = true;
    v->started = v->heard = now();
    if (v->sends_routing)
        send_routing(v);
    return true;
}

bool validation_over(const struct validation *v) {
    return v->state >= VALIDATION_DONE;
}

int validation_fds(const struct validation *v, int *fds) {
    int n = 0;
    if (v->helper.out >= 0)
        fds[n++] = v->helper.out;
    if (v->helper.err >= 0)
        fds[n++] = v->helper.err;
    return n;
}

int validation_wait_ms(const struct validation *v) {
    enum { LOOK_MS = 500, SOON_MS = 20 };
    bool closed = v->helper.out < 0;
    return validation_over(v) ? -1 : closed || v->m.ended ? SOON_MS : LOOK_MS;
}

/* --- ending --- */

static void end_with(struct validation *v, enum validation_state state) {
    v->state = state;
    v->stalled = false;
    release(v);
}

static void ask_end(struct validation *v) {
    if (v->state != VALIDATION_RUNNING)
        return;
    v->state = VALIDATION_ENDING;
    v->told = now();
    helper_ask_end(&v->helper);
}

/* Something is wrong with what the helper does: the first reason counts. */
static void give_up(struct validation *v, const char *text) {
    if (!*v->message)
        snprintf(v->message, sizeof v->message, "%.*s", (int)sizeof v->message - 1, text);
    ask_end(v);
}

void validation_cancel(struct validation *v) {
    if (v->state == VALIDATION_RUNNING && !v->has_process)
        v->state = VALIDATION_CANCELLED;
    else
        ask_end(v);
}

/* What the helper itself said was wrong. */
static const char *last_remark(const struct validation *v) {
    for (int i = v->m.n_remarks - 1; i >= 0; i--)
        if (v->m.remark[i].kind == RECORD_ERROR)
            return *v->m.remark[i].text ? v->m.remark[i].text : v->m.remark[i].code;
    return "";
}

static void explain_crash(struct validation *v) {
    char how[80], last[160];
    const char *said = helper_last_error(&v->helper, last, sizeof last);
    helper_end_text(&v->helper, how, sizeof how);
    snprintf(v->message, sizeof v->message, "the helper %s%s%s%s%s%s", v->has_process ? how : "ended",
             v->m.greeted ? " before its last record" : " without a word",
             v->reader.used > 0 ? ", in the middle of a line" : "", *said || *last_remark(v) ? ": " : "",
             *said ? said : last_remark(v), *said || *last_remark(v) ? "" : "; nothing is taken from it");
}

/* The checks that failed, in words. */
static void explain_checks(struct validation *v) {
    for (int i = 0; i < v->m.n_checks; i++)
        if (!v->m.check[i].ok) {
            const struct check *k = &v->m.check[i];
            snprintf(v->message, sizeof v->message,
                     "a check failed: %s %.60s, %s %.3g where %.3g is allowed; nothing is taken from %s", experiment_ids[k->exp],
                     k->name, *k->metric ? k->metric : "error", k->value, k->limit, experiment_ids[k->exp]);
            return;
        }
}

/* All has been read and the helper is gone. */
static void conclude(struct validation *v) {
    bool was_told = v->state == VALIDATION_ENDING;
    if (*v->message) {
        end_with(v, VALIDATION_FAILED);
        return;
    }
    if (!v->m.ended) {
        if (!was_told)
            explain_crash(v);
        end_with(v, was_told ? VALIDATION_CANCELLED : VALIDATION_FAILED);
        return;
    }
    const char *status = v->m.status;
    if (strcmp(status, "cancelled") == 0 || was_told) {
        end_with(v, VALIDATION_CANCELLED);
    } else if (strcmp(status, "complete") == 0 || strcmp(status, "partial") == 0 || strcmp(status, "failed") == 0) {
        explain_checks(v);
        end_with(v, VALIDATION_DONE);
    } else {
        snprintf(v->message, sizeof v->message, "the helper ended with %.16s: %.200s", *status ? status : "no status",
                 *last_remark(v) ? last_remark(v) : "it gives no reason");
        end_with(v, VALIDATION_FAILED);
    }
}

/* --- the machine --- */

/* The first word of a GPU's name ("H200" of "H200 SXM 141GB") in the device's name, and memory within a tenth. */
static bool is_device(const struct gpu *g, const struct measurement *m) {
    char word[NAME_LEN];
    snprintf(word, sizeof word, "%.*s", (int)strcspn(g->name, " -"), g->name);
    return *word && strstr(m->device, word) && fabs(m->mem_bytes / g->mem_bytes - 1) < 0.1;
}

static const struct gpu *find_device(const struct validation *v) {
    const struct gpu *best = NULL;
    if (is_device(&v->scenario_gpu, &v->m))
        return &v->scenario_gpu;
    for (size_t i = 0; i < catalog_gpu_count(v->catalog); i++) {
        const struct gpu *g = catalog_gpu_at(v->catalog, i);
        if (is_device(g, &v->m) &&
            (!best || fabs(v->m.mem_bytes - g->mem_bytes) < fabs(v->m.mem_bytes - best->mem_bytes)))
            best = g;
    }
    return best;
}

/* A CPU, and a GPU that is not in the list, are known by what was measured on them. */
static void meet_machine(struct validation *v) {
    const struct gpu *g = v->m.gpu ? find_device(v) : NULL;
    v->match = !v->m.gpu ? MATCH_HOST : !g ? MATCH_NONE : g == &v->scenario_gpu ? MATCH_SCENARIO : MATCH_OTHER;
    v->model.host = !g;
    if (g)
        v->model.gpu = *g;
    else
        predict_host(&v->m, &v->model.gpu);
    /* what was measured before does not predict itself */
    catalog_default_calibration(v->catalog, &v->model.gpu, &v->model.calibration);
    v->fitted = v->model;
}

static void predict(struct validation *v, int from) {
    for (int i = from; i < v->m.n_samples; i++)
        v->m.sample[i].predicted = predict_seconds(&v->model, &v->m.sample[i]);
}

/* --- records --- */

static void take_line(struct validation *v, const char *line, size_t length) {
    struct record r;
    char err[ERROR_LEN], text[ERROR_LEN + 32];
    int samples = v->m.n_samples;
    bool good = record_parse(line, length, &r, err);
    if ((!good || r.kind != RECORD_HELLO) && !v->m.greeted && v->strays++ < STRAYS_MAX)
        return; /* a login shell's greeting */
    if (!good || !measurement_take(&v->m, &r, err)) {
        snprintf(text, sizeof text, "%s%.400s", good && r.kind == RECORD_HELLO ? "" : "the helper breaks the protocol: ", err);
        give_up(v, text);
        return;
    }
    if (r.kind == RECORD_ENV || (r.kind == RECORD_RESULT && v->model.host)) {
        meet_machine(v);
        predict(v, 0);
    } else if (r.kind == RECORD_PLAN && v->m.budget_s >= 0) {
        v->limit_s = fmin(v->m.budget_s, LONGEST_BUDGET) + GRACE;
    }
    predict(v, samples);
}

void validation_feed(struct validation *v, const char *data, size_t n) {
    size_t length;
    enum record_line got;
    v->heard = now();
    v->stalled = false;
    while ((got = record_next_line(&v->reader, &data, &n, &length)) != RECORD_LINE_NONE) {
        if (v->state == VALIDATION_ENDING && *v->message)
            continue; /* what follows a fault is not believed */
        if (got == RECORD_LINE)
            take_line(v, v->reader.line, length);
        else
            give_up(v, "the helper breaks the protocol: a line of more than 4096 bytes");
    }
}

/* --- fits --- */

static bool has_class(const struct validation *v, enum calibration_class class) {
    for (int i = 0; i < v->m.n_samples; i++)
        if (predict_class(&v->model, &v->m.sample[i]) == class)
            return true;
    return false;
}

static void fit_all(struct validation *v) {
    if (v->fitting_done || !v->m.has_env)
        return;
    v->fitting_done = true;
    for (int class = 0; class < CAL_COUNT && v->n_fits < VALIDATION_FITS; class++) {
        struct fitted *f = &v->fit[v->n_fits];
        if (!has_class(v, (enum calibration_class)class) ||
            !fit_class(&v->model, &v->m, (enum calibration_class)class, f))
            continue;
        v->n_fits++;
        if (f->accepted)
            fit_apply(f, &v->fitted.calibration);
    }
}

int validation_accepted(const struct validation *v) {
    int n = 0;
    for (int i = 0; i < v->n_fits; i++)
        n += v->fit[i].accepted;
    return n;
}

/* --- polling --- */

static bool read_all(struct validation *v) {
    char buf[16384];
    size_t total = 0;
    ssize_t got;
    helper_read_errors(&v->helper);
    while (total < READ_MAX && (got = helper_read(&v->helper, buf, sizeof buf)) > 0) {
        validation_feed(v, buf, (size_t)got);
        total += (size_t)got;
    }
    return total > 0;
}

static bool check_clocks(struct validation *v) {
    double t = now();
    bool stalled = v->state == VALIDATION_RUNNING && t - v->heard > SILENCE;
    bool changed = stalled != v->stalled;
    v->stalled = stalled;
    if (v->state == VALIDATION_ENDING && t - v->told > TERM_GRACE)
        helper_kill(&v->helper);
    if (v->state == VALIDATION_RUNNING && t - v->started > v->limit_s) {
        char text[160];
        snprintf(text, sizeof text, "the helper did not end within its budget and %g s: it was stopped%s", GRACE,
                 v->stalled ? ", after a silence" : "");
        give_up(v, text);
        helper_kill(&v->helper);
        changed = true;
    }
    return changed;
}

bool validation_poll(struct validation *v) {
    if (validation_over(v) || !v->has_process)
        return false;
    bool changed = read_all(v);
    changed |= check_clocks(v);
    if (!helper_reap(&v->helper))
        return changed;
    while (read_all(v)) /* what it wrote before its end */
        continue;
    conclude(v);
    if (v->state == VALIDATION_DONE)
        fit_all(v);
    return true;
}

void validation_feed_end(struct validation *v) {
    if (validation_over(v))
        return;
    conclude(v);
    if (v->state == VALIDATION_DONE)
        fit_all(v);
}

/* --- results --- */

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double validation_error(const struct validation *v, enum protocol_experiment exp, bool after) {
    double list[MEASURE_SAMPLES];
    int n = 0;
    for (int i = 0; i < v->m.n_samples; i++) {
        const struct sample *s = &v->m.sample[i];
        double says = after ? predict_seconds(&v->fitted, s) : s->predicted;
        if (s->exp == exp && !isnan(says))
            list[n++] = fabs(s->seconds / says - 1);
    }
    if (n == 0)
        return NAN;
    qsort(list, (size_t)n, sizeof *list, by_value);
    return n % 2 ? list[n / 2] : (list[n / 2 - 1] + list[n / 2]) / 2;
}

static bool has_profile(const struct validation *v, char *err) {
    if (validation_accepted(v) > 0 && v->match != MATCH_NONE)
        return true;
    snprintf(err, ERROR_LEN, v->match == MATCH_NONE && v->m.has_env
                                 ? "%.60s is not in the list of GPUs (gpus.csv): add a row, then measure again"
                                 : "no class of constants was measured well enough%.0s: the defaults stay",
             v->m.device);
    return false;
}

bool validation_save(const struct validation *v, char *path, size_t size, char *err) {
    struct profile_head head;
    if (!has_profile(v, err))
        return false;
    profile_head_make(&v->model, &v->m, &head);
    if (profile_path(&head, path, size))
        return profile_save(&head, v->fit, v->n_fits, path, err);
    snprintf(err, ERROR_LEN, "neither XDG_DATA_HOME nor HOME is set: the profile has no place");
    return false;
}

bool validation_lay(const struct validation *v, char *err) {
    struct profile_head head;
    if (!has_profile(v, err))
        return false;
    profile_head_make(&v->model, &v->m, &head);
    return profile_lay_fits(v->catalog, &head, v->fit, v->n_fits, err);
}
