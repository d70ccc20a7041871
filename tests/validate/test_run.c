/* The helper as its reader sees it: records, deadlines, cancelling, injected faults, exit codes, no orphan.
 * Deadlines are generous: they judge the protocol, not the machine. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "cuda/protocol.h"

#define SMALL "--model-dims", "hidden=256,inter=384,experts=6,top_k=2,heads=8,kv_heads=2,head_dim=64"
enum { OUTPUT_MAX = 1 << 20, PATIENCE_S = 60 };

struct helper {
    pid_t pid;
    int in, out; /* ends of its pipes */
    char *text;  /* all it said so far, with a 0 behind it */
    size_t length;
    bool ended;              /* its output has */
    int status;              /* of waitpid, once it is over */
    double silence, seconds; /* the longest without a byte, s; from start to end of output */
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static const char *program(void) {
    static char path[4096];
    const char *build = getenv("abs_builddir");
    snprintf(path, sizeof path, "%s/moescope-validate", build ? build : ".");
    return path;
}

static struct helper start(const char *fault, const char *const *arguments) {
    struct helper h = {.text = calloc(1, OUTPUT_MAX + 1)};
    const char *argv[16] = {program()};
    int in[2], out[2];
    for (int i = 0; arguments[i] && i < 14; i++)
        argv[i + 1] = arguments[i];
    assert_true(h.text && pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
    h.pid = fork();
    assert_true(h.pid >= 0);
    if (h.pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        fault ? setenv(PROTOCOL_FAULT_VARIABLE, fault, 1) : unsetenv(PROTOCOL_FAULT_VARIABLE);
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    h.in = in[1];
    h.out = out[0];
    return h;
}

#define START(fault, ...) start(fault, (const char *const[]){__VA_ARGS__, NULL})

/* Reads what comes within that time, or until a text has come (NULL: until the end). */
static bool listen_for(struct helper *h, double seconds, const char *text) {
    double until = now() + seconds, last = now();
    while (!h->ended && !(text && strstr(h->text, text))) {
        struct pollfd p = {.fd = h->out, .events = POLLIN};
        double left = until - now();
        if (left <= 0)
            return false;
        if (poll(&p, 1, (int)(left * 1000) + 1) <= 0)
            continue;
        ssize_t n = read(h->out, h->text + h->length, OUTPUT_MAX - h->length);
        assert_true(n >= 0);
        if (now() - last > h->silence)
            h->silence = now() - last;
        last = now();
        h->ended = n == 0;
        h->length += (size_t)n;
        h->text[h->length] = 0;
    }
    return true;
}

static void finish(struct helper *h) {
    double begin = now();
    if (!listen_for(h, PATIENCE_S, NULL)) {
        kill(h->pid, SIGKILL);
        fail_msg("no end within %d s", PATIENCE_S);
    }
    h->seconds = now() - begin;
    assert_int_equal(waitpid(h->pid, &h->status, 0), h->pid);
    close(h->in);
    close(h->out);
}

static void assert_exit(const struct helper *h, int code) {
    if (!WIFEXITED(h->status) || WEXITSTATUS(h->status) != code)
        fail_msg("wait status 0x%x instead of exit %d; it said: ...%s", h->status, code,
                 h->text + (h->length > 600 ? h->length - 600 : 0));
}

/* Whether it is complete; partial is no error, as the machine may be busy. */
static bool assert_measured(const struct helper *h) {
    assert_true(WIFEXITED(h->status));
    if (WEXITSTATUS(h->status) != PROTOCOL_EXIT_PARTIAL) {
        assert_exit(h, PROTOCOL_EXIT_COMPLETE);
        return true;
    }
    print_message("partial: the machine was busy\n");
    return false;
}

/* --- lines ---------------------------------------------------------------------------------------------- */

static bool is_kind(const char *line, size_t length) {
    static const char *const kinds[] = {
        PROTOCOL_HELLO,  PROTOCOL_PLAN,  PROTOCOL_ENV,    PROTOCOL_BEGIN, PROTOCOL_PROGRESS,
        PROTOCOL_SAMPLE, PROTOCOL_CHECK, PROTOCOL_RESULT, PROTOCOL_FIT,   PROTOCOL_TELEMETRY,
        PROTOCOL_WARN,   PROTOCOL_SKIP,  PROTOCOL_ERROR,  PROTOCOL_END};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strlen(kinds[i]) == length && memcmp(line, kinds[i], length) == 0)
            return true;
    return false;
}

static bool is_value(const char *value, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)value[i] < 0x20 || value[i] == '=')
            return false;
        if (value[i] == '%' && (i + 2 >= length || !strchr("0123456789ABCDEF", value[i + 1]) ||
                                !strchr("0123456789ABCDEF", value[i + 2])))
            return false;
    }
    return length > 0 && !(length == 3 && (memcmp(value, "nan", 3) == 0 || memcmp(value, "inf", 3) == 0));
}

static bool is_well_formed(const char *line, size_t length) {
    const char *end = line + length, *tab = memchr(line, '\t', length), *at = tab ? tab : end;
    if (length + 1 > PROTOCOL_LINE_MAX || !is_kind(line, (size_t)(at - line)))
        return false;
    while (at < end) {
        const char *next = memchr(at + 1, '\t', (size_t)(end - at - 1)),
                   *equals = memchr(at, '=', (size_t)(end - at));
        next = next ? next : end;
        if (!equals || equals == at + 1 || equals > next ||
            !is_value(equals + 1, (size_t)(next - equals - 1)))
            return false;
        at = next;
    }
    return true;
}

/* A copy of a field of a line, or "". */
static const char *field(const char *line, const char *key) {
    static char buffer[4][256];
    static int turn;
    char *out = buffer[turn++ % 4], pattern[64];
    snprintf(pattern, sizeof pattern, "\t%s=", key);
    const char *at = strstr(line, pattern), *end = strchr(line, '\n');
    *out = 0;
    if (at && (!end || at < end)) {
        at += strlen(pattern);
        snprintf(out, sizeof *buffer, "%.*s", (int)strcspn(at, "\t\n"), at);
    }
    return out;
}

static bool starts(const char *line, const char *kind) {
    size_t n = strlen(kind);
    return strncmp(line, kind, n) == 0 && (line[n] == '\t' || line[n] == '\n');
}

/* The next line's start, or NULL behind the last. */
static const char *next_line(const char *line) {
    const char *end = strchr(line, '\n');
    return end && end[1] ? end + 1 : NULL;
}

static int count_lines(const struct helper *h, const char *text) {
    int n = 0;
    for (const char *at = h->text; (at = strstr(at, text)); at++)
        n++;
    return n;
}

/* Every sample has had a good check of its own case. */
static void assert_checked(const char *text, const char *sample) {
    char exp[64], name[128];
    snprintf(exp, sizeof exp, "%s", field(sample, "exp"));
    snprintf(name, sizeof name, "%s", field(sample, "case"));
    for (const char *line = text; line && line < sample; line = next_line(line))
        if (starts(line, PROTOCOL_CHECK) && strcmp(field(line, "exp"), exp) == 0 &&
            strcmp(field(line, "case"), name) == 0 && strcmp(field(line, "status"), "ok") == 0)
            return;
    fail_msg("no check before the sample of %s, %s", exp, name);
}

static void assert_stream(const struct helper *h) {
    const char *last = NULL;
    assert_true(h->length > 0 && h->text[h->length - 1] == '\n');
    assert_int_equal(strlen(h->text), h->length);
    for (const char *line = h->text; line; line = next_line(line)) {
        size_t length = strcspn(line, "\n");
        if (!is_well_formed(line, length))
            fail_msg("ill-formed: %.*s", (int)length, line);
        if (starts(line, PROTOCOL_SAMPLE))
            assert_checked(h->text, line);
        last = line;
    }
    assert_true(starts(h->text, PROTOCOL_HELLO));
    assert_string_equal(field(h->text, "proto"), PROTOCOL_VERSION_TEXT);
    assert_true(starts(last, PROTOCOL_END));
    assert_int_equal(atoi(field(last, "code")), WEXITSTATUS(h->status));
}

/* --- tests ---------------------------------------------------------------------------------------------- */

/* All of it, in seconds: each planned experiment begins or says why not, each line is well-formed, the end is
 * last. */
static void quick_run_is_whole(void **state) {
    struct helper h = START(NULL, "--level", "quick");
    char list[256], *rest = list, *id;
    (void)state;
    finish(&h);
    bool complete = assert_measured(&h);
    assert_stream(&h);
    print_message("a quick run took %.1f s, its longest silence was %.2f s, %d samples\n", h.seconds,
                  h.silence, count_lines(&h, "\n" PROTOCOL_SAMPLE "\t"));
    assert_true(h.silence < 3);
    assert_int_equal(count_lines(&h, "status=failed"), 0);
    if (complete) {
        assert_true(count_lines(&h, "\n" PROTOCOL_SAMPLE "\t") > 50);
        assert_non_null(strstr(h.text, "name=" PROTOCOL_READ));
    }
    snprintf(list, sizeof list, "%s", field(strstr(h.text, "\n" PROTOCOL_PLAN "\t") + 1, "experiments"));
    while ((id = strsep(&rest, ","))) {
        char begin[64], skip[64];
        snprintf(begin, sizeof begin, "\n" PROTOCOL_BEGIN "\texp=%s\t", id);
        snprintf(skip, sizeof skip, "\n" PROTOCOL_SKIP "\texp=%s\t", id);
        if (!strstr(h.text, begin) && !strstr(h.text, skip))
            fail_msg("neither begun nor skipped: %s", id);
    }
    free(h.text);
}

static void cancelled_by(bool by_signal) {
    struct helper h = START(NULL, "--level", "full", "--only", "gemm,experts");
    assert_true(listen_for(&h, PATIENCE_S, PROTOCOL_BEGIN "\texp=gemm"));
    usleep(300000);
    double begin = now();
    if (by_signal) {
        assert_int_equal(kill(h.pid, SIGTERM), 0);
    } else {
        close(h.in);
        h.in = open("/dev/null", O_RDONLY);
    }
    finish(&h);
    print_message("cancelled by %s: over after %.3f s\n", by_signal ? "signal" : "end of input",
                  now() - begin);
    assert_true(now() - begin < 3); /* then the reader would kill it */
    assert_exit(&h, PROTOCOL_EXIT_CANCELLED);
    assert_stream(&h);
    free(h.text);
}

static void cancelling_is_swift(void **state) {
    (void)state;
    cancelled_by(true);
    cancelled_by(false);
}

/* The checker's own test: a result altered on its way to the check is caught in every experiment, and has no
 * time. */
static void wrong_results_are_caught(void **state) {
    static const char *const ids[] = {"stream",  "sweep",    "gemm",    "gemv",      "dequant",
                                      "routing", "coverage", "experts", "attention", "launch"};
    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char fault[64];
        snprintf(fault, sizeof fault, "wrong:%s", ids[i]);
        struct helper h = START(fault, "--level", "quick", "--only", ids[i], SMALL);
        finish(&h);
        for (int again = 0; again < 8 && !strstr(h.text, "\n" PROTOCOL_CHECK "\t");
             again++) { /* too busy to come to a check */
            free(h.text);
            h = START(fault, "--level", again < 4 ? "quick" : "standard", "--only", ids[i], SMALL);
            finish(&h);
        }
        if (!WIFEXITED(h.status) || WEXITSTATUS(h.status) != PROTOCOL_EXIT_FAILED)
            fail_msg("%s: not caught: ...%s", ids[i], h.text + (h.length > 600 ? h.length - 600 : 0));
        assert_stream(&h);
        assert_non_null(strstr(h.text, "status=failed"));
        assert_null(strstr(h.text, "\n" PROTOCOL_SAMPLE "\t"));
        assert_null(strstr(h.text, "\n" PROTOCOL_FIT "\t"));
        free(h.text);
    }
}

/* Empty experts and one that takes all; k = 1; k = E; E no power of two; widths that do not divide. */
static void launch_shapes_are_right(void **state) {
    static const char *const dims[] = {
        "hidden=96,inter=80,experts=6,top_k=1", "hidden=64,inter=48,experts=5,top_k=5",
        "hidden=80,inter=112,experts=7,top_k=3", "hidden=64,inter=64,experts=1,top_k=1"};
    char name[] = "/tmp/moescope-shares.XXXXXX";
    int file = mkstemp(name);
    (void)state;
    assert_true(file >= 0 && write(file, "expert,share\n0,1\n", 17) == 17);
    close(file);
    for (size_t i = 0; i < sizeof dims / sizeof *dims; i++) {
        struct helper h = START(NULL, "--level", "quick", "--only", "coverage,experts,routing",
                                "--model-dims", dims[i], "--routing", name);
        finish(&h);
        bool complete = assert_measured(&h);
        assert_stream(&h);
        assert_true(!complete || (strstr(h.text, "case=routed, batch 1\t") && strstr(h.text, "\tskew=file")));
        free(h.text);
    }
    remove(name);
}

static void faults_are_as_told(void **state) {
    struct helper h;
    (void)state;
    h = START("crash:stream", "--level", "quick", "--only", "probe,stream");
    finish(&h);
    assert_true(WIFSIGNALED(h.status) && strstr(h.text, "begin\texp=probe") &&
                !strstr(h.text, "\n" PROTOCOL_END "\t"));
    free(h.text);
    h = START("garbage", "--level", "quick", "--only", "probe");
    finish(&h);
    assert_exit(&h, PROTOCOL_EXIT_COMPLETE);
    assert_true(memchr(h.text, 1, h.length) && strstr(h.text, "\n" PROTOCOL_END "\t"));
    free(h.text);
    h = START("cutline", "--level", "quick", "--only", "probe");
    finish(&h);
    assert_true(h.text[h.length - 1] != '\n' && !strstr(h.text, "\n" PROTOCOL_END "\t"));
    free(h.text);
    h = START("longline", "--level", "quick", "--only", "probe");
    finish(&h);
    size_t longest = 0;
    for (const char *line = h.text; line; line = next_line(line))
        longest = strcspn(line, "\n") > longest ? strcspn(line, "\n") : longest;
    assert_true(longest > PROTOCOL_LINE_MAX && strstr(h.text, "\n" PROTOCOL_END "\t"));
    free(h.text);
    h = START("newproto", "--level", "quick", "--only", "probe");
    finish(&h);
    assert_int_equal(atoi(field(h.text, "proto")), PROTOCOL_VERSION + 1);
    free(h.text);
    h = START("nan", "--level", "quick", "--only", "probe");
    finish(&h);
    assert_non_null(strstr(h.text, "value=nan"));
    free(h.text);
    h = START("oom", "--level", "quick", "--only", "stream,gemv,experts", SMALL);
    finish(&h);
    assert_exit(&h, PROTOCOL_EXIT_PARTIAL);
    assert_stream(&h);
    assert_true(strstr(h.text, "code=oom") && !strstr(h.text, "\n" PROTOCOL_SAMPLE "\t"));
    free(h.text);
}

static void standing_still_is_seen(void **state) {
    struct helper h = START("silent", "--level", "quick", "--only", "probe");
    (void)state;
    listen_for(&h, PATIENCE_S, "told to be silent\n");
    usleep(200000); /* a beat may be under way */
    listen_for(&h, 0.05, "never said");
    size_t before = h.length;
    listen_for(&h, 1, "never said");
    assert_int_equal(h.length, before);
    assert_false(h.ended);
    kill(h.pid, SIGTERM);
    finish(&h);
    assert_exit(&h, PROTOCOL_EXIT_CANCELLED);
    free(h.text);
    h = START("hang", "--level", "quick", "--only", "probe");
    listen_for(&h, PATIENCE_S, "told to hang\n");
    kill(h.pid, SIGTERM); /* deaf, but the heart beats */
    listen_for(&h, 3, "never said");
    assert_false(h.ended);
    assert_true(count_lines(&h, "\n" PROTOCOL_TELEMETRY "\t") >= 2);
    kill(h.pid, SIGKILL);
    finish(&h);
    assert_true(WIFSIGNALED(h.status));
    free(h.text);
}

static void usage_and_absent_device_have_their_codes(void **state) {
    struct helper h = START(NULL, "--level", "slow");
    (void)state;
    finish(&h);
    assert_exit(&h, PROTOCOL_EXIT_USAGE);
    assert_int_equal(h.length, 0);
    free(h.text);
    h = START(NULL, "--proto");
    finish(&h);
    assert_exit(&h, 0);
    assert_string_equal(h.text, PROTOCOL_VERSION_TEXT "\n");
    free(h.text);
    h = START(NULL, "--level", "quick", "--only", "coverage,experts,collectives", "--model-dims",
              "experts=0,top_k=0");
    finish(&h);
    assert_exit(
        &h, PROTOCOL_EXIT_COMPLETE); /* a dense model has nothing to measure there: that is no lack of time */
    assert_int_equal(count_lines(&h, "\n" PROTOCOL_SKIP "\t"), 3);
    free(h.text);
}

/* The parent between the test and the helper is killed; input stays open, so nothing but its death tells the
 * helper. */
static void nobody_is_left_behind(void **state) {
    int in[2], out[2], told[2];
    pid_t helper = 0, parent;
    char byte;
    (void)state;
    assert_true(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 && pipe2(told, O_CLOEXEC) == 0);
    parent = fork();
    if (parent == 0) {
        helper = fork();
        if (helper == 0) {
            dup2(in[0], 0);
            dup2(out[1], 1);
            execl(program(), program(), "--level", "full", (char *)NULL);
            _exit(127);
        }
        if (write(told[1], &helper, sizeof helper) != sizeof helper)
            _exit(1);
        for (;;)
            pause();
    }
    close(out[1]);
    assert_true(read(told[0], &helper, sizeof helper) == sizeof helper);
    assert_int_equal(read(out[0], &byte, 1), 1); /* hello: it is under way */
    kill(parent, SIGKILL);
    waitpid(parent, NULL, 0);
    double begin = now();
    struct pollfd p = {.fd = out[0], .events = POLLIN};
    char rest[4096];
    ssize_t n = 1;
    while (n > 0 && now() - begin < 5)
        if (poll(&p, 1, 100) > 0)
            n = read(out[0], rest, sizeof rest);
    if (n != 0) {
        kill(helper, SIGKILL);
        fail_msg("the helper outlives its parent");
    }
    print_message("gone %.3f s after its parent\n", now() - begin);
    close(in[0]), close(in[1]), close(out[0]), close(told[0]), close(told[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usage_and_absent_device_have_their_codes),
        cmocka_unit_test(quick_run_is_whole),
        cmocka_unit_test(cancelling_is_swift),
        cmocka_unit_test(wrong_results_are_caught),
        cmocka_unit_test(launch_shapes_are_right),
        cmocka_unit_test(faults_are_as_told),
        cmocka_unit_test(standing_still_is_seen),
        cmocka_unit_test(nobody_is_left_behind),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
