/* bench: prints how fast moescope is on this machine. A program that prints figures, not a test: absolute times belong to
 * the machine they were taken on. Usage: bench PATH-OF-MOESCOPE (the presets come from $MOESCOPE_PRESETS). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "core/estimate.h"
#include "explore/sweep.h"

enum { RUNS = 201, KEYS = 60 };

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const char *what, double *sample, int n, const char *unit, const char *aim) {
    qsort(sample, (size_t)n, sizeof *sample, compare);
    printf("%-46s median %9.2f  p90 %9.2f  max %9.2f %-3s (aim %s)\n", what, sample[n / 2], sample[n * 9 / 10],
           sample[n - 1], unit, aim);
}

static void die(const char *what) {
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

/* --- estimate() ------------------------------------------------------------------------------------------------------- */

static struct deployment deployment_from(struct catalog *c, const char *const *settings) {
    struct scenario s;
    struct deployment d;
    char err[ERROR_LEN];
    scenario_init(&s);
    for (; *settings; settings += 2)
        if (!scenario_parse(&s, scenario_find_field(settings[0]), settings[1], err))
            die(err);
    if (!catalog_resolve(c, &s, &d, err, NULL))
        die(err);
    return d;
}

static void bench_estimate(struct catalog *c, const char *name, const char *const *settings) {
    static struct load_cache cache;
    static struct estimate e;
    double cold[RUNS], warm[RUNS];
    char what[80];
    struct deployment d = deployment_from(c, settings);
    for (int i = 0; i < RUNS; i++) {
        memset(&cache, 0, sizeof cache); /* every routing law anew */
        double t = now_us();
        estimate(&d, &cache, &e);
        cold[i] = now_us() - t;
        t = now_us();
        for (int j = 0; j < 100; j++)
            estimate(&d, &cache, &e);
        warm[i] = (now_us() - t) / 100;
    }
    snprintf(what, sizeof what, "estimate cold, %s", name);
    report(what, cold, RUNS, "us", "200");
    snprintf(what, sizeof what, "estimate warm, %s", name);
    report(what, warm, RUNS, "us", "10");
}

static void bench_estimates(void) {
    static const char *const mixtral[] = {"model", "mixtral-8x7b", "gpus", "2", NULL};
    static const char *const llama[] = {"model", "llama-3.3-70b", "gpus", "4", NULL};
    static const char *const deepseek[] = {"model", "deepseek-v3", "gpu", "h200-sxm", "gpus", "32", "tp", "1", "dp", "32",
                                           "ep", "32", "batch", "4096", "skew_kind", "zipf", "skew", "0.8", NULL};
    static const char *const all[] = {"model", "deepseek-v3", "gpu", "h200-sxm", "gpus", "32", "tp", "1", "dp", "32",
                                      "ep", "32", "batch", "4096", "isl", "4096", "prefix_hit", "0.3", "chunk_tokens", "1024",
                                      "spec_depth", "3", "redundant_experts", "32", "skew_kind", "zipf", "skew", "0.8", NULL};
    static const char *const pools[] = {"model", "deepseek-v3", "gpu", "h200-sxm", "gpus", "32", "tp", "1", "dp", "8",
                                        "ep", "8", "mode", "disaggregated", NULL};
    static const char *const both[] = {"model", "deepseek-v3", "gpu", "h200-sxm", "gpus", "64", "tp", "1", "dp", "32", "ep", "32",
                                       "batch", "1024", "isl", "1024", "spec_depth", "3", "redundant_experts", "32", "skew_kind",
                                       "zipf", "skew", "0.8", "mode", "disaggregated", "prefill_pp", "2", "prefill_dp", "16",
                                       "prefill_ep", "16", NULL};
    char err[ERROR_LEN];
    struct catalog *c = catalog_open(catalog_default_dir(), NULL, NULL, err);
    if (!c)
        die(err);
    bench_estimate(c, "Mixtral on 2", mixtral);
    bench_estimate(c, "Llama-70B on 4", llama);
    bench_estimate(c, "DeepSeek-V3 ep 32, Zipf", deepseek);
    bench_estimate(c, "every feature, ep 32", all);
    bench_estimate(c, "DeepSeek-V3, two pools", pools);
    bench_estimate(c, "two pools, every feature", both);
    catalog_close(c);
}

/* --- sweeps, the largest that people look at -------------------------------------------------------------------------- */

static bool resolve(void *user, const struct scenario *s, struct deployment *d) {
    char err[ERROR_LEN];
    return catalog_resolve(user, s, d, err, NULL);
}

static void scenario_from(struct scenario *s, const char *const *settings) {
    char err[ERROR_LEN];
    scenario_init(s);
    for (; *settings; settings += 2)
        if (!scenario_parse(s, scenario_find_field(settings[0]), settings[1], err))
            die(err);
}

enum { SWEEP_RUNS = 11 };

#define BENCH_SWEEP(what, aim, type, take, work)                                                                                  \
    do {                                                                                                                         \
        static type job;                                                                                                         \
        double sample[SWEEP_RUNS];                                                                                               \
        for (int i = 0; i < SWEEP_RUNS; i++) {                                                                                   \
            memset(&job, 0, sizeof job); /* every routing law anew */                                                            \
            double t = now_us();                                                                                                 \
            take;                                                                                                                \
            work(&job, &never);                                                                                                  \
            sample[i] = (now_us() - t) / 1e3;                                                                                    \
        }                                                                                                                        \
        report("sweep, DeepSeek-V3 on 64, Llama on 8: " what, sample, SWEEP_RUNS, "ms", aim);                                    \
    } while (0)

static void bench_sweeps(void) {
    static const char *const deepseek[] = {"model", "deepseek-v3", "gpu", "h200-sxm", "gpus", "64", "tp", "1", "dp", "32", "ep",
                                           "32", "batch", "4096", "skew_kind", "zipf", "skew", "0.8", NULL};
    static const char *const llama[] = {"model", "llama-3.3-70b", "gpus", "8", NULL};
    static const atomic_bool never = false;
    struct scenario a, b;
    struct explorer x = {.resolve = resolve};
    char err[ERROR_LEN];
    struct catalog *c = catalog_open(catalog_default_dir(), NULL, NULL, err);
    if (!c)
        die(err);
    x.user = c;
    scenario_from(&a, deepseek);
    scenario_from(&b, llama);
    BENCH_SWEEP("batch", "20", struct batch_sweep, batch_sweep_take(&job, &x, &a, &b), batch_sweep_work);
    BENCH_SWEEP("winners", "50", struct winner_map, winner_map_take(&job, &x, &a, &b), winner_map_work);
    BENCH_SWEEP("layouts", "50", struct layout_sweep, layout_sweep_take(&job, &x, &a), layout_sweep_work);
    BENCH_SWEEP("frontier", "500", struct frontier, frontier_take(&job, &x, &a, &b), frontier_work);
    catalog_close(c);
}

/* --- the program on a terminal --------------------------------------------------------------------------------------- */

/* Reads what the program draws until it has been quiet for quiet_ms. Returns when the last byte came, and their number. */
static double drain(int fd, int quiet_ms, size_t *bytes) {
    static char sink[1 << 16];
    double last = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    *bytes = 0;
    while (poll(&p, 1, last == 0 ? 3000 : quiet_ms) > 0) {
        ssize_t n = read(fd, sink, sizeof sink);
        if (n <= 0)
            break;
        *bytes += (size_t)n;
        last = now_us();
    }
    return last;
}

static pid_t start(const char *program, int *fd) {
    struct winsize size = {.ws_row = 60, .ws_col = 200};
    pid_t pid = forkpty(fd, NULL, NULL, &size);
    if (pid < 0)
        die(strerror(errno));
    if (pid == 0) {
        setenv("TERM", "xterm-256color", 1);
        setenv("LC_ALL", "C.UTF-8", 1);
        execl(program, program, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static long status_kib(pid_t pid, const char *key) {
    char path[64], line[256];
    long value = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, key, strlen(key)) == 0)
            value = atol(line + strlen(key) + 1);
    if (f)
        fclose(f);
    return value;
}

static long cpu_ticks(pid_t pid) {
    char path[64];
    long user = -1, kernel = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    if (f && fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user, &kernel) != 2)
        user = -1;
    if (f)
        fclose(f);
    return user + kernel;
}

static void stop(pid_t pid, int fd) {
    size_t bytes;
    kill(pid, SIGTERM);
    drain(fd, 50, &bytes);
    waitpid(pid, NULL, 0);
    close(fd);
}

static void bench_start(const char *program) {
    double sample[21];
    size_t bytes;
    for (int i = 0; i < 21; i++) {
        int fd;
        double t = now_us();
        pid_t pid = start(program, &fd);
        double last = drain(fd, 60, &bytes);
        if (last == 0 || bytes < 1000)
            die("the program drew nothing");
        sample[i] = (last - t) / 1e3;
        stop(pid, fd);
    }
    report("start to first frame, 200x60", sample, 21, "ms", "50");
}

/* Sends the keys of `way`, which lead to a view, and waits for each. */
static void walk(int fd, const char *way) {
    size_t bytes;
    for (; *way; way++)
        if (write(fd, way, 1) == 1)
            drain(fd, 100, &bytes);
}

static void bench_view(const char *program, const char *name, const char *way) {
    static const char *const keys[] = {"l", "l", "h", "h", "b"};
    double sample[KEYS];
    char what[80];
    size_t bytes;
    int fd;
    pid_t pid = start(program, &fd);
    drain(fd, 100, &bytes);
    walk(fd, way);
    for (int i = 0; i < KEYS; i++) {
        const char *key = keys[i % 5];
        double t = now_us();
        if (write(fd, key, strlen(key)) < 0)
            die(strerror(errno));
        double last = drain(fd, 30, &bytes);
        sample[i] = last > 0 ? (last - t) / 1e3 : 0;
    }
    snprintf(what, sizeof what, "key to frame, %s shown, 200x60", name);
    report(what, sample, KEYS, "ms", "5");
    stop(pid, fd);
}

static void bench_keys(const char *program) {
    static const char *const keys[] = {"l", "l", "b", "h", "j", "l", "k", "u", "\t", "\x1b[Z"};
    double sample[KEYS];
    size_t bytes, sum = 0;
    int fd;
    pid_t pid = start(program, &fd);
    drain(fd, 100, &bytes);
    for (int i = 0; i < KEYS; i++) {
        const char *key = keys[i % 10];
        double t = now_us();
        if (write(fd, key, strlen(key)) < 0)
            die(strerror(errno));
        double last = drain(fd, 30, &bytes);
        sample[i] = last > 0 ? (last - t) / 1e3 : 0;
        sum += bytes;
    }
    report("key to frame through a terminal, 200x60", sample, KEYS, "ms", "5");
    printf("%-46s %zu\n", "bytes drawn per key, mean", sum / KEYS);
    printf("%-46s %.1f MiB (peak %.1f; aim 16)\n", "resident memory", (double)status_kib(pid, "VmRSS:") / 1024,
           (double)status_kib(pid, "VmHWM:") / 1024);
    long before = cpu_ticks(pid);
    sleep(3);
    printf("%-46s %ld ticks (aim 0)\n", "CPU in 3 idle seconds", cpu_ticks(pid) - before);
    stop(pid, fd);
}

int main(int argc, char **argv) {
    if (argc != 2)
        die("usage: bench PATH-OF-MOESCOPE");
    bench_estimates();
    bench_start(argv[1]);
    bench_keys(argv[1]);
    bench_view(argv[1], "rules", ">>");
    bench_view(argv[1], "laws", ">>>");
    bench_view(argv[1], "batch", ">>>>>");
    bench_view(argv[1], "frontier", ">>>>>>");
    bench_view(argv[1], "roofline", ">>>>>>>");
    bench_view(argv[1], "imbalance", "<<<<");
    bench_view(argv[1], "winners", "<<<");
    bench_view(argv[1], "layouts", "<<");
    bench_sweeps();
    return 0;
}
