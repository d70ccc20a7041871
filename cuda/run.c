#include "cuda/run.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cuda/backend.h"
#include "cuda/channel.h"
#include "cuda/stop.h"

#define WORD(name, word) word,
static const char *const experiment_words[] = {PROTOCOL_EXPERIMENTS(WORD)};
static const char *const class_words[] = {PROTOCOL_CLASSES(WORD)};
static const char *const code_words[] = {PROTOCOL_CODES(WORD)};
#undef WORD

/* Each level's time, of which the experiments get these shares; what one leaves over the next ones may use.
 */
static const double level_budget[] = {5, 60, 240};
static const double budget_share[PROTOCOL_EXP_COUNT] = {
    [PROTOCOL_EXP_PROBE] = 0.01,     [PROTOCOL_EXP_STREAM] = 0.14,   [PROTOCOL_EXP_SWEEP] = 0.06,
    [PROTOCOL_EXP_GEMM] = 0.10,      [PROTOCOL_EXP_GEMV] = 0.12,     [PROTOCOL_EXP_DEQUANT] = 0.14,
    [PROTOCOL_EXP_ROUTING] = 0.03,   [PROTOCOL_EXP_COVERAGE] = 0.03, [PROTOCOL_EXP_EXPERTS] = 0.22,
    [PROTOCOL_EXP_ATTENTION] = 0.11, [PROTOCOL_EXP_LAUNCH] = 0.03,   [PROTOCOL_EXP_COLLECTIVES] = 0.01,
};
static const double BUDGET_USED = 0.9; /* the rest is for what runs over */

static const struct {
    double sample_s;
    int samples;
} level_timing[] = {{0.002, 4}, {0.010, 6}, {0.020, 15}};

void run_say(struct run *run, const char *kind, enum protocol_code code, const char *format, ...) {
    char text[1024];
    struct record r;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    record_begin(&r, kind);
    if (run->exp != PROTOCOL_EXP_NONE)
        record_text(&r, "exp", experiment_words[run->exp]);
    record_text(&r, "code", code_words[code]);
    record_text(&r, "text", text);
    channel_send(&r);
}

bool run_has_fault(const struct run *run, enum fault fault) {
    const struct options *o = run->options;
    return o->fault == fault && (o->fault_at == PROTOCOL_EXP_NONE || o->fault_at == run->exp);
}

bool run_memory_fails(const struct run *run) {
    return run_has_fault(run, FAULT_OOM);
}

static void run_record(struct run *run, struct record *r, const char *kind) {
    record_begin(r, kind);
    record_text(r, "exp", experiment_words[run->exp]);
}

bool run_check(struct run *run, const char *name, const char *metric, double value, double limit) {
    struct record r;
    bool good = value <= limit; /* NaN is never good */
    run->checks++;
    run->failed += !good;
    run_record(run, &r, PROTOCOL_CHECK);
    record_text(&r, "case", name);
    record_text(&r, "metric", metric);
    record_number(&r, "value", value);
    record_number(&r, "limit", limit);
    record_text(&r, "status", good ? "ok" : "failed");
    channel_send(&r);
    return good;
}

void run_result(struct run *run, const char *name, double value, const char *unit) {
    struct record r;
    if (!isfinite(value))
        return;
    run_record(run, &r, PROTOCOL_RESULT);
    record_text(&r, "name", name);
    record_number(&r, "value", value);
    record_text(&r, "unit", unit);
    channel_send(&r);
}

void run_fit(struct run *run, enum protocol_class class) {
    struct record r;
    struct fit fit;
    if (!fit_line(run->points[class], run->n_points[class], &fit))
        return;
    run_record(run, &r, PROTOCOL_FIT);
    record_text(&r, "class", class_words[class]);
    record_number(&r, "t0_s", fit.t0);
    record_number(&r, "rate", fit.rate);
    record_count(&r, "points", (uint64_t)fit.points);
    record_count(&r, "held_out", (uint64_t)fit.held_out);
    record_number(&r, "error_median", fit.error_median);
    record_number(&r, "error_p90", fit.error_p90);
    record_count(&r, "accepted", fit.accepted);
    channel_send(&r);
}

static void shape_write(const struct shape *s, struct record *r) {
    static const struct {
        const char *key;
        size_t offset;
    } counts[] = {
        {"m", offsetof(struct shape, m)},
        {"n", offsetof(struct shape, n)},
        {"k", offsetof(struct shape, k)},
        {"batch", offsetof(struct shape, batch)},
        {"experts", offsetof(struct shape, experts)},
        {"top_k", offsetof(struct shape, top_k)},
        {"hidden", offsetof(struct shape, hidden)},
        {"inter", offsetof(struct shape, inter)},
        {"distinct", offsetof(struct shape, distinct)},
        {"assignments", offsetof(struct shape, assignments)},
        {"heads", offsetof(struct shape, heads)},
        {"kv_heads", offsetof(struct shape, kv_heads)},
        {"head_dim", offsetof(struct shape, head_dim)},
        {"context", offsetof(struct shape, context)},
        {"ranks", offsetof(struct shape, ranks)},
    };
    record_text(r, "op", s->op);
    record_text(r, "format", s->format);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int64_t value = *(const int64_t *)((const char *)s + counts[i].offset);
        if (value)
            record_count(r, counts[i].key, (uint64_t)value);
    }
    record_text(r, "skew", s->skew);
    if (s->exponent > 0)
        record_number(r, "exponent", s->exponent);
    if (s->bytes > 0)
        record_number(r, "bytes", s->bytes);
    if (s->flop > 0)
        record_number(r, "flop", s->flop);
    if (s->scaled)
        record_count(r, "scaled", 1);
}

static void run_sample(struct run *run, const struct run_case *c, const struct timing *t) {
    struct record r;
    run_record(run, &r, PROTOCOL_SAMPLE);
    record_text(&r, "case", c->name);
    record_text(&r, "quantity", "time");
    record_text(&r, "unit", "s");
    record_number(&r, "value", t->median);
    record_number(&r, "p10", t->p10);
    record_number(&r, "p90", t->p90);
    record_number(&r, "best", t->best);
    record_count(&r, "n", (uint64_t)t->n);
    record_number(&r, "spread", t->spread);
    shape_write(&c->shape, &r);
    channel_send(&r);
}

struct timing_plan run_timing_plan(const struct run *run) {
    double left = run->case_end - stop_clock();
    return (struct timing_plan){.sample_s = level_timing[run->options->level].sample_s,
                                .samples = level_timing[run->options->level].samples,
                                .budget_s = fmax(0, 0.7 * left)};
}

static bool run_verify(struct run *run, const struct run_case *c, bool again) {
    if (run_has_fault(run, FAULT_WRONG))
        c->spoil(c->context);
    double value = c->verify(c->context);
    if (stop_now())
        return false;
    if (again && value <= c->limit)
        return true; /* said before */
    return run_check(run, c->name, c->metric, value, c->limit);
}

bool run_measure(struct run *run, const struct run_case *c, struct timing *out) {
    struct timing_plan plan;
    if (!c->work(c->context, 0) || !run_verify(run, c, false))
        return false;
    plan = run_timing_plan(run);
    if (!run->backend->time(&plan, c->work, c->context, out) || !run_verify(run, c, true))
        return false;
    run_sample(run, c, out);
    if (c->class >= 0 && run->n_points[c->class] < FIT_POINTS_MAX)
        run->points[c->class][run->n_points[c->class]++] = (struct fit_point){c->amount, out->median};
    return true;
}

bool run_next_case(struct run *run) {
    struct record r;
    double now = stop_clock(), left = run->deadline - now;
    if (stop_now() || run->case_at >= run->cases)
        return false;
    run_record(run, &r, PROTOCOL_PROGRESS);
    record_count(&r, "done", (uint64_t)run->case_at);
    record_count(&r, "total", (uint64_t)run->cases);
    static double last_progress;
    if (now - last_progress >= PROTOCOL_PROGRESS_MS * 1e-3 || run->case_at == 0) {
        channel_send(&r);
        last_progress = now;
    }
    run->case_end = now + left / (run->cases - run->case_at);
    run->case_at++;
    return true;
}

/* --- faults, for tests of the reading side -------------------------------------------------------------- */

static void fault_line(const char *text, size_t length) {
    char *line = malloc(length + 1);
    if (!line)
        return;
    for (size_t i = 0; i < length; i++)
        line[i] = text[i % strlen(text)];
    line[length] = '\n';
    channel_raw(line, length + 1);
    free(line);
}

static void fault_strike(struct run *run) {
    static const struct rlimit no_core = {0, 0};
    switch (run->options->fault) {
    case FAULT_HANG: /* deaf as well, but the heart beats */
        signal(SIGTERM, SIG_IGN);
        run_say(run, PROTOCOL_WARN, PROTOCOL_CODE_FAULT, "told to hang");
        for (;;)
            pause();
    case FAULT_SILENT:
        run_say(run, PROTOCOL_WARN, PROTOCOL_CODE_FAULT, "told to be silent");
        channel_mute();
        while (!stop_requested())
            usleep(20000);
        break;
    case FAULT_CRASH:
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL);
        abort();
    case FAULT_GARBAGE:
        fault_line("\001\377garbage=\t%zz\033[2J", 300);
        break;
    case FAULT_LONGLINE:
        fault_line("sample\texp=probe\tcase=", 3 * PROTOCOL_LINE_MAX);
        break;
    case FAULT_CUTLINE:
        channel_raw("sample\texp=stream\tval", 21);
        _exit(0);
    case FAULT_NAN:
        fault_line("sample\texp=stream\tcase=nan\tquantity=time\tunit=s\tvalue=nan\tn=inf", 62);
        break;
    default:
        break;
    }
}

/* --- the run -------------------------------------------------------------------------------------------- */

static const char *experiment_lack(const struct run *run, int exp) {
    const struct experiment *e = &run->backend->experiment[exp];
    return e->run ? NULL : e->title;
}

static void run_begin(struct run *run, double budget) {
    struct record r;
    run_record(run, &r, PROTOCOL_BEGIN);
    record_text(&r, "title", run->backend->experiment[run->exp].title);
    record_count(&r, "cases", (uint64_t)run->cases);
    record_number(&r, "budget_s", budget);
    channel_send(&r);
}

static void run_experiment(struct run *run, double deadline) {
    const struct experiment *e = &run->backend->experiment[run->exp];
    const char *lack = experiment_lack(run, run->exp);
    if (run_has_fault(run, run->options->fault))
        fault_strike(run);
    if (lack) {
        run_say(run, PROTOCOL_SKIP, PROTOCOL_CODE_UNSUPPORTED, "%s", lack);
        return;
    }
    run->deadline = deadline;
    run->case_at = 0;
    stop_set_deadline(deadline);
    run->cases = e->count(run);
    if (run->cases) { /* else it said why */
        run_begin(run, deadline - stop_clock());
        e->run(run);
    }
    stop_set_deadline(INFINITY);
    run->experiments++;
    if (!stop_requested() && stop_clock() > deadline) {
        run->partial = true;
        run_say(run, PROTOCOL_SKIP, PROTOCOL_CODE_OVER_BUDGET, "stopped in case %d of %d: its time is over",
                run->case_at, run->cases);
    }
}

static void run_plan(const struct run *run) {
    char list[256] = "";
    struct record r;
    for (int i = 0; i < PROTOCOL_EXP_COUNT; i++)
        if (run->options->only[i]) {
            strcat(list, *list ? "," : "");
            strcat(list, experiment_words[i]);
        }
    record_begin(&r, PROTOCOL_PLAN);
    record_text(&r, "level", options_level_word(run->options->level));
    record_number(&r, "budget_s", level_budget[run->options->level]);
    record_text(&r, "experiments", list);
    channel_send(&r);
}

static void env_number(struct record *r, const char *key, double value) {
    if (value > 0)
        record_number(r, key, value);
}

static void run_env(const struct run *run) {
    const struct device *d = &run->device;
    struct record r;
    record_begin(&r, PROTOCOL_ENV);
    record_text(&r, "device", d->name);
    record_text(&r, "uuid", d->uuid);
    record_text(&r, "kind", d->gpu ? "gpu" : "cpu");
    env_number(&r, "mem_bytes", d->mem_bytes);
    env_number(&r, "mem_bw", d->mem_bw);
    env_number(&r, "cores", d->cores);
    env_number(&r, "llc_bytes", d->llc_bytes);
    record_count(&r, "vm", d->vm);
    env_number(&r, "sms", d->sms);
    env_number(&r, "clock_hz", d->clock_hz);
    env_number(&r, "rate_bf16", d->rate_bf16);
    channel_send(&r);
}

void run_end(struct run *run, int status) {
    static const char *const words[PROTOCOL_EXIT_LIMIT] = {
#define STATUS(name, word, code) [code] = word,
        PROTOCOL_ENDS(STATUS)
#undef STATUS
    };
    struct record r;
    record_begin(&r, PROTOCOL_END);
    record_text(&r, "status", words[status]);
    record_count(&r, "code", (uint64_t)status);
    record_count(&r, "experiments", (uint64_t)run->experiments);
    record_count(&r, "checks", (uint64_t)run->checks);
    record_count(&r, "failed", (uint64_t)run->failed);
    channel_send(&r);
}

static bool run_probe(struct run *run) {
    enum protocol_code code = PROTOCOL_CODE_NO_DEVICE;
    char text[512] = "";
    if (run->backend->probe(run, &code, text, sizeof text))
        return true;
    run_say(run, PROTOCOL_ERROR, code, "%s", text);
    return false;
}

static int run_status(const struct run *run) {
    if (stop_requested())
        return PROTOCOL_EXIT_CANCELLED;
    if (run->broken)
        return PROTOCOL_EXIT_HW_ERROR;
    if (run->failed)
        return PROTOCOL_EXIT_FAILED;
    return run->partial ? PROTOCOL_EXIT_PARTIAL : PROTOCOL_EXIT_COMPLETE;
}

/* The shares of all that the backend can do, planned or not: a run of one experiment is short. */
static double shares_here(const struct run *run) {
    double sum = 0;
    for (int i = 0; i < PROTOCOL_EXP_COUNT; i++)
        if (!experiment_lack(run, i))
            sum += budget_share[i];
    return sum;
}

int run_all(struct run *run) {
    double start = stop_clock(), share = 0, budget = BUDGET_USED * level_budget[run->options->level];
    run->exp = PROTOCOL_EXP_NONE;
    run_plan(run);
    if (!run_probe(run))
        return PROTOCOL_EXIT_NO_DEVICE;
    run_env(run);
    for (int i = 0; i < PROTOCOL_EXP_COUNT && !stop_requested() && !run->broken; i++) {
        if (!run->options->only[i])
            continue;
        share += experiment_lack(run, i) ? 0 : budget_share[i] / shares_here(run);
        run->exp = (enum protocol_experiment)i;
        run_experiment(run, start + share * budget);
    }
    run->exp = PROTOCOL_EXP_NONE;
    run->backend->close(run);
    if (stop_requested())
        run_say(run, PROTOCOL_WARN, PROTOCOL_CODE_CANCELLED, "stopped before the end");
    return run_status(run);
}
