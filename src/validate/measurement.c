#include "validate/measurement.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/scenario.h"

/* --- words --- */

#define WORD(name, word) word,
const char *const experiment_ids[PROTOCOL_EXP_COUNT] = {PROTOCOL_EXPERIMENTS(WORD)};
const char *const shape_keys[SHAPE_COUNT] = {MEASURE_SHAPES(WORD)};
static const char *const op_words[] = {PROTOCOL_OPS(WORD)};
static const char *const skew_words[] = {PROTOCOL_SKEWS(WORD)};
static const char *const class_words[] = {PROTOCOL_CLASSES(WORD)};
#undef WORD

/* The index of a word, or `n`. */
static int word_index(const char *const *words, int n, const char *text) {
    int i = 0;
    while (i < n && strcmp(words[i], text) != 0)
        i++;
    return i;
}

static enum protocol_experiment experiment_of(const struct record *r) {
    int i = word_index(experiment_ids, PROTOCOL_EXP_COUNT, record_text(r, "exp"));
    return i == PROTOCOL_EXP_COUNT ? PROTOCOL_EXP_NONE : (enum protocol_experiment)i;
}

static void copy(char *to, size_t size, const char *from) {
    snprintf(to, size, "%.*s", (int)size - 1, from);
    for (; *to; to++)
        if ((unsigned char)*to < 0x20 || *to == 0x7f)
            *to = '?'; /* an escaped control byte must not reach the screen */
}

struct number_key {
    const char *key;
    double *value;
};

static bool read_numbers(const struct record *r, const struct number_key *keys, int n, char *err) {
    for (int i = 0; i < n; i++)
        if (!record_number(r, keys[i].key, keys[i].value, err))
            return false;
    return true;
}

#define NUMBERS(...)                                                                                                           \
    (const struct number_key[]){__VA_ARGS__},                                                                                  \
        (int)(sizeof((const struct number_key[]){__VA_ARGS__}) / sizeof(struct number_key))

/* --- kinds --- */

void measurement_clear(struct measurement *m) {
    memset(m, 0, sizeof *m);
    m->running = PROTOCOL_EXP_NONE;
    m->budget_s = m->mem_bytes = m->mem_bw = m->cores = m->llc_bytes = m->sms = m->clock = m->rate_bf16 = NAN;
    m->now_clock = m->power = m->temperature = m->load = m->code = NAN;
    for (int i = 0; i < PROTOCOL_EXP_COUNT; i++)
        m->experiment[i].done = m->experiment[i].total = NAN;
}

static bool take_hello(struct measurement *m, const struct record *r, char *err) {
    double proto;
    if (!record_number(r, "proto", &proto, err))
        return false;
    if (proto != PROTOCOL_VERSION) {
        snprintf(err, ERROR_LEN,
                 "the helper speaks protocol %.20s, this program " PROTOCOL_VERSION_TEXT "; install both of one version",
                 *record_text(r, "proto") ? record_text(r, "proto") : "?");
        return false;
    }
    m->greeted = true;
    m->cuda = strcmp(record_text(r, "backend"), "cuda") == 0;
    copy(m->helper, sizeof m->helper, record_text(r, "helper"));
    copy(m->driver, sizeof m->driver, record_text(r, "driver"));
    return true;
}

static bool take_plan(struct measurement *m, const struct record *r, char *err) {
    char list[MEASURE_LONG], *rest = list;
    if (!record_number(r, "budget_s", &m->budget_s, err))
        return false;
    copy(m->level, sizeof m->level, record_text(r, "level"));
    copy(list, sizeof list, record_text(r, "experiments"));
    for (char *id; (id = strsep(&rest, ",")) != NULL;) {
        int i = word_index(experiment_ids, PROTOCOL_EXP_COUNT, id);
        if (i < PROTOCOL_EXP_COUNT)
            m->experiment[i].state = EXPERIMENT_PLANNED;
    }
    return true;
}

static bool take_env(struct measurement *m, const struct record *r, char *err) {
    double vm;
    if (!read_numbers(r, NUMBERS({"mem_bytes", &m->mem_bytes}, {"mem_bw", &m->mem_bw}, {"cores", &m->cores},
                                 {"llc_bytes", &m->llc_bytes}, {"sms", &m->sms}, {"clock_hz", &m->clock},
                                 {"rate_bf16", &m->rate_bf16}, {"vm", &vm}), err))
        return false;
    m->has_env = true;
    m->vm = vm > 0;
    m->gpu = strcmp(record_text(r, "kind"), "gpu") == 0;
    copy(m->device, sizeof m->device, record_text(r, "device"));
    copy(m->uuid, sizeof m->uuid, record_text(r, "uuid"));
    return true;
}

static void finish_running(struct measurement *m) {
    if (m->running >= 0 && m->experiment[m->running].state == EXPERIMENT_RUNNING)
        m->experiment[m->running].state = EXPERIMENT_DONE;
    m->running = PROTOCOL_EXP_NONE;
}

static bool take_begin(struct measurement *m, const struct record *r, char *err) {
    enum protocol_experiment exp = experiment_of(r);
    double cases;
    if (!record_number(r, "cases", &cases, err))
        return false;
    finish_running(m);
    if (exp == PROTOCOL_EXP_NONE)
        return true;
    m->running = exp;
    m->experiment[exp].state = EXPERIMENT_RUNNING;
    m->experiment[exp].total = cases;
    m->experiment[exp].done = 0;
    copy(m->experiment[exp].title, sizeof m->experiment[exp].title, record_text(r, "title"));
    return true;
}

static bool take_progress(struct measurement *m, const struct record *r, char *err) {
    enum protocol_experiment exp = experiment_of(r);
    double done, total;
    if (!read_numbers(r, NUMBERS({"done", &done}, {"total", &total}), err))
        return false;
    if (exp != PROTOCOL_EXP_NONE) {
        m->experiment[exp].done = done;
        m->experiment[exp].total = total;
    }
    return true;
}

/* Any of the checks of this case failed: a helper that sends the number all the same is not believed. */
static bool is_void(const struct measurement *m, enum protocol_experiment exp, const char *name) {
    for (int i = 0; i < m->n_checks; i++)
        if (!m->check[i].ok && m->check[i].exp == exp && strcmp(m->check[i].name, name) == 0)
            return true;
    return false;
}

/* A product's `n` has the key of the number of runs: it is the last of two, or follows from the FLOP, 2 m n k. */
static bool read_width(const struct record *r, struct sample *s, char *err) {
    struct record last = {.kind = r->kind};
    int seen = 0;
    for (int i = 0; i < r->n; i++)
        if (strcmp(r->key[i], "n") == 0) {
            last.key[0] = r->key[i];
            last.value[0] = r->value[i];
            last.n = 1;
            seen++;
        }
    s->shape[SHAPE_N] = s->shape[SHAPE_FLOP] / (2 * s->shape[SHAPE_M] * s->shape[SHAPE_K]);
    return seen < 2 || record_number(&last, "n", &s->shape[SHAPE_N], err);
}

static bool take_sample(struct measurement *m, const struct record *r, char *err) {
    struct sample s = {.exp = experiment_of(r), .predicted = NAN};
    if (!read_numbers(r, NUMBERS({"value", &s.seconds}, {"p10", &s.p10}, {"p90", &s.p90}, {"best", &s.best}, {"n", &s.runs},
                                 {"spread", &s.spread}), err))
        return false;
    for (int i = 0; i < SHAPE_COUNT; i++)
        if (!record_number(r, shape_keys[i], &s.shape[i], err))
            return false;
    if (!read_width(r, &s, err))
        return false;
    if (!(s.seconds > 0)) {
        snprintf(err, ERROR_LEN, "value of a record sample: found '%.40s'; a time above 0 is wanted", record_text(r, "value"));
        return false;
    }
    copy(s.name, sizeof s.name, record_text(r, "case"));
    copy(s.format, sizeof s.format, record_text(r, "format"));
    s.op = (enum protocol_op)word_index(op_words, PROTOCOL_OP_COUNT, record_text(r, "op"));
    s.skew = (enum protocol_skew)word_index(skew_words, PROTOCOL_SKEW_COUNT, record_text(r, "skew"));
    if (s.exp == PROTOCOL_EXP_NONE || is_void(m, s.exp, s.name))
        return true;
    if (m->n_samples == MEASURE_SAMPLES) {
        m->dropped++;
        return true;
    }
    m->experiment[s.exp].samples++;
    if (m->experiment[s.exp].state == EXPERIMENT_SKIPPED)
        m->experiment[s.exp].state = EXPERIMENT_DONE; /* it was a case of it */
    m->sample[m->n_samples++] = s;
    return true;
}

static bool take_check(struct measurement *m, const struct record *r, char *err) {
    struct check k = {.exp = experiment_of(r), .ok = strcmp(record_text(r, "status"), "ok") == 0};
    if (!read_numbers(r, NUMBERS({"value", &k.value}, {"limit", &k.limit}), err))
        return false;
    copy(k.name, sizeof k.name, record_text(r, "case"));
    copy(k.metric, sizeof k.metric, record_text(r, "metric"));
    if (k.exp == PROTOCOL_EXP_NONE)
        return true;
    m->experiment[k.exp].checks++;
    m->experiment[k.exp].failed += !k.ok;
    if (m->n_checks < MEASURE_CHECKS)
        m->check[m->n_checks++] = k;
    else
        m->dropped++;
    return true;
}

static bool take_result(struct measurement *m, const struct record *r, char *err) {
    struct result v = {.exp = experiment_of(r)};
    if (!record_number(r, "value", &v.value, err))
        return false;
    copy(v.name, sizeof v.name, record_text(r, "name"));
    copy(v.unit, sizeof v.unit, record_text(r, "unit"));
    if (m->n_results < MEASURE_RESULTS)
        m->result[m->n_results++] = v;
    else
        m->dropped++;
    return true;
}

static bool take_fit(struct measurement *m, const struct record *r, char *err) {
    struct fit_line f = {.exp = experiment_of(r)};
    double accepted;
    if (!read_numbers(r, NUMBERS({"t0_s", &f.t0}, {"rate", &f.rate}, {"points", &f.points}, {"held_out", &f.held_out},
                                 {"error_median", &f.error_median}, {"error_p90", &f.error_p90}, {"accepted", &accepted}), err))
        return false;
    f.class = (enum protocol_class)word_index(class_words, PROTOCOL_CLASS_COUNT, record_text(r, "class"));
    f.accepted = accepted == 1;
    if (m->n_fits < MEASURE_FITS)
        m->fit[m->n_fits++] = f;
    else
        m->dropped++;
    return true;
}

static bool take_telemetry(struct measurement *m, const struct record *r, char *err) {
    double throttle;
    if (!read_numbers(r, NUMBERS({"clock_hz", &m->now_clock}, {"power_w", &m->power}, {"temperature_c", &m->temperature},
                                 {"load", &m->load}, {"throttle", &throttle}), err))
        return false;
    m->throttled = throttle > 0;
    return true;
}

static bool take_remark(struct measurement *m, const struct record *r, char *err) {
    struct remark *k = &m->remark[m->n_remarks];
    enum protocol_experiment exp = experiment_of(r);
    (void)err;
    /* a case that is left out of an experiment with samples does not undo those */
    if (r->kind == RECORD_SKIP && exp != PROTOCOL_EXP_NONE && m->experiment[exp].samples == 0) {
        m->experiment[exp].state = EXPERIMENT_SKIPPED;
        if (m->running == exp)
            m->running = PROTOCOL_EXP_NONE;
    }
    if (m->n_remarks == MEASURE_REMARKS) {
        m->dropped++;
        return true;
    }
    m->n_remarks++;
    k->kind = r->kind;
    k->exp = exp;
    copy(k->code, sizeof k->code, record_text(r, "code"));
    copy(k->text, sizeof k->text, record_text(r, "text"));
    return true;
}

static bool take_end(struct measurement *m, const struct record *r, char *err) {
    if (!record_number(r, "code", &m->code, err))
        return false;
    finish_running(m);
    m->ended = true;
    copy(m->status, sizeof m->status, record_text(r, "status"));
    return true;
}

bool measurement_take(struct measurement *m, const struct record *r, char *err) {
    static bool (*const take[RECORD_UNKNOWN])(struct measurement *, const struct record *, char *) = {
        [RECORD_HELLO] = take_hello,   [RECORD_PLAN] = take_plan,     [RECORD_ENV] = take_env,
        [RECORD_BEGIN] = take_begin,   [RECORD_PROGRESS] = take_progress, [RECORD_SAMPLE] = take_sample,
        [RECORD_CHECK] = take_check,   [RECORD_RESULT] = take_result, [RECORD_FIT] = take_fit,
        [RECORD_TELEMETRY] = take_telemetry, [RECORD_WARN] = take_remark, [RECORD_SKIP] = take_remark,
        [RECORD_ERROR] = take_remark,  [RECORD_END] = take_end,
    };
    if (m->greeted == (r->kind == RECORD_HELLO)) {
        snprintf(err, ERROR_LEN, m->greeted ? "a second hello" : "a record before hello");
        return false;
    }
    if (m->ended) {
        snprintf(err, ERROR_LEN, "a record after the end");
        return false;
    }
    return r->kind == RECORD_UNKNOWN || take[r->kind](m, r, err);
}

double measurement_result(const struct measurement *m, const char *name) {
    for (int i = m->n_results - 1; i >= 0; i--)
        if (strcmp(m->result[i].name, name) == 0)
            return m->result[i].value;
    return NAN;
}

bool measurement_failed(const struct measurement *m, enum protocol_experiment exp) {
    return m->experiment[exp].failed > 0;
}
