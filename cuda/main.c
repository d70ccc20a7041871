/* moescope-validate: measures, on this machine, what the explorer predicts, and says so in records
 * (protocol.h). */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cuda/backend.h"
#include "cuda/channel.h"
#ifdef WITH_MPI
#include "cuda/mpi_backend.h"
#endif
#include "cuda/stop.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0"
#endif

enum { BEAT_MS = 300, POLL_MS = 50 };

#ifdef WITH_MPI
enum { WATCH_INPUT = 0 }; /* the starter of ranks may give them an empty input from the beginning */
#else
enum { WATCH_INPUT = 1 };
#endif

static void on_signal(int number) {
    (void)number;
    stop_request();
}

static void catch_signals(void) {
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static bool is_pipe(int descriptor) {
    struct stat s;
    return fstat(descriptor, &s) == 0 && (S_ISFIFO(s.st_mode) || S_ISSOCK(s.st_mode));
}

/* Whoever reads the records through a pipe takes this process along when it dies, however it dies. */
static bool die_with_parent(void) {
    pid_t parent = getppid();
    if (!is_pipe(STDOUT_FILENO))
        return true;
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

/* --- heart ---------------------------------------------------------------------------------------------- */

struct heart {
    const struct backend *backend;
    bool watch_input; /* the end of standard input cancels */
    atomic_bool still;
};

static void heart_beat(const struct heart *h) {
    struct telemetry t = {NAN, NAN, NAN, NAN, NAN};
    struct record r;
    h->backend->telemetry(&t);
    record_begin(&r, PROTOCOL_TELEMETRY);
    record_number(&r, "clock_hz", t.clock_hz);
    record_number(&r, "power_w", t.power_w);
    record_number(&r, "temperature_c", t.temperature_c);
    record_number(&r, "throttle", t.throttle);
    record_number(&r, "load", t.load);
    channel_send(&r);
}

/* Waits a little; meanwhile input may end. What is read is of no interest. */
static void heart_listen(struct heart *h) {
    struct pollfd input = {.fd = h->watch_input ? STDIN_FILENO : -1, .events = POLLIN};
    char bytes[256];
    if (poll(&input, 1, POLL_MS) <= 0 || !(input.revents & (POLLIN | POLLHUP | POLLERR)))
        return;
    ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) {
        h->watch_input = false;
        stop_request();
    }
}

static void *heart_run(void *argument) {
    struct heart *h = argument;
    double last = stop_clock();
    while (!atomic_load(&h->still)) {
        heart_listen(h);
        if (stop_clock() - last < BEAT_MS * 1e-3 || atomic_load(&h->still))
            continue;
        heart_beat(h);
        last = stop_clock();
    }
    return NULL;
}

/* Signals go to the main thread. */
static bool heart_start(pthread_t *thread, struct heart *h) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failed = pthread_create(thread, NULL, heart_run, h);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0;
}

/* --- main ----------------------------------------------------------------------------------------------- */

static const struct backend *choose_backend(const struct options *o) {
#ifdef WITH_MPI
    return o->backend == BACKEND_CUDA ? NULL : &backend_mpi;
#elif defined WITH_CUDA
    return o->backend == BACKEND_CUDA || (o->backend == BACKEND_AUTO && cuda_present()) ? &backend_cuda : &backend_cpu;
#else
    return o->backend == BACKEND_CUDA ? NULL : &backend_cpu;
#endif
}

static void say_hello(const struct options *o, const char *backend) {
    struct record r;
    record_begin(&r, PROTOCOL_HELLO);
    record_count(&r, "proto", PROTOCOL_VERSION + (o->fault == FAULT_NEWPROTO));
    record_text(&r, "helper", PACKAGE_VERSION);
    record_text(&r, "backend", backend);
    channel_send(&r);
}

static int measure(const struct options *o) {
    const struct backend *backend = choose_backend(o);
    struct heart heart = {.backend = backend,
                          .watch_input = WATCH_INPUT && !o->input_spent && is_pipe(STDIN_FILENO)};
    struct run *run = calloc(1, sizeof *run);
    pthread_t thread;
    int status = PROTOCOL_EXIT_NO_DEVICE;
    say_hello(o, backend ? backend->name : "cuda");
    if (!run)
        return status;
    run->options = o;
    run->backend = backend;
    run->exp = PROTOCOL_EXP_NONE;
    if (!backend)
        run_say(run, PROTOCOL_ERROR, PROTOCOL_CODE_UNSUPPORTED,
                "built without CUDA; --backend cpu measures this machine's CPU");
    else if (heart_start(&thread, &heart)) {
        status = run_all(run);
        atomic_store(&heart.still, true);
        pthread_join(thread, NULL);
    }
    run_end(run, status);
    free(run);
    return status;
}

static int run_main(int argc, char **argv) {
    static struct options options;
    char err[OPTIONS_ERROR_MAX];
    if (!options_read(&options, argc, argv, getenv(PROTOCOL_FAULT_VARIABLE), err)) {
        fprintf(stderr, "moescope-validate: %s\n", err);
        return PROTOCOL_EXIT_USAGE;
    }
    switch (options.action) {
    case OPTIONS_HELP:
        return fputs(options_help(), stdout) < 0 || fflush(stdout) != 0;
    case OPTIONS_VERSION:
        return puts("moescope-validate " PACKAGE_VERSION) < 0 || fflush(stdout) != 0;
    case OPTIONS_PROTO:
        return puts(PROTOCOL_VERSION_TEXT) < 0 || fflush(stdout) != 0;
    case OPTIONS_RUN:
        break;
    }
    catch_signals();
    if (!die_with_parent())
        return PROTOCOL_EXIT_CANCELLED;
    if (!channel_open()) {
        fprintf(stderr, "moescope-validate: standard output cannot be used\n");
        return PROTOCOL_EXIT_USAGE;
    }
    return measure(&options);
}

#ifdef WITH_MPI
int main(int argc, char **argv) {
    int rank = mpi_start(&argc, &argv), status = PROTOCOL_EXIT_NO_DEVICE;
    if (rank < 0)
        return status;
    if (rank == 0) {
        status = run_main(argc, argv);
        mpi_dismiss();
    } else {
        mpi_follow();
    }
    mpi_finish();
    return rank == 0 ? status : 0;
}
#else
int main(int argc, char **argv) {
    return run_main(argc, argv);
}
#endif
