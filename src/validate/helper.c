#include "validate/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/scenario.h"

#ifndef HELPER_DIR
#define HELPER_DIR "/usr/local/libexec/moescope"
#endif

extern char **environ;

static const char program[] = "moescope-validate";

/* --- where it is --- */

/* `below` beside the running binary, if a program is there: the build tree, and installations that were moved. */
static bool find_beside(const char *below, char *path, size_t size) {
    ssize_t length = readlink("/proc/self/exe", path, size - 1);
    if (length <= 0)
        return false;
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash || (size_t)(slash + 1 - path) + strlen(below) >= size)
        return false;
    snprintf(slash + 1, size - (size_t)(slash + 1 - path), "%s", below);
    return access(path, F_OK) == 0;
}

/* A bare name is left to PATH. */
static void find_program(char *path, size_t size) {
    if (find_beside(program, path, size) || find_beside("../libexec/moescope/moescope-validate", path, size))
        return;
    snprintf(path, size, HELPER_DIR "/%s", program);
    if (access(path, F_OK) != 0)
        snprintf(path, size, "%s", program);
}

/* --- start --- */

struct pipes {
    int in[2], out[2], err[2];
};

static void close_pair(int pair[2]) {
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0)
            close(pair[i]);
    pair[0] = pair[1] = -1;
}

static bool open_pipes(struct pipes *p) {
    *p = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}};
    if (pipe2(p->in, O_CLOEXEC) == 0 && pipe2(p->out, O_CLOEXEC) == 0 && pipe2(p->err, O_CLOEXEC) == 0)
        return true;
    close_pair(p->in);
    close_pair(p->out);
    close_pair(p->err);
    return false;
}

/* A process group of its own, so that the terminal's ^C does not reach it; signals as a program expects them, since this one
 * ignores SIGPIPE and holds others back. */
static int spawn(pid_t *pid, const struct pipes *p, char *const *argv) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    static const int signals[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaddset(&usual, signals[i]);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, p->in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, p->out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, p->err[1], STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    int why = posix_spawnp(pid, argv[0], &files, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return why;
}

static void refuse_start(const char *path, int why, char *err) {
    if (why == ENOENT)
        snprintf(err, ERROR_LEN, "the validation helper is not here: no %.200s; install moescope-validate, or say where it is "
                 "with --helper", path);
    else
        snprintf(err, ERROR_LEN, "the validation helper %.200s cannot be started: %s", path, strerror(why));
}

bool helper_start(struct helper *h, const char *command, const char *const *arguments, char *err) {
    char path[PATH_MAX], script[PATH_MAX];
    char *argv[HELPER_ARGUMENTS + 5];
    struct pipes p;
    int n = 0;
    memset(h, 0, sizeof *h);
    h->in = h->out = h->err = -1;
    if (command) {
        snprintf(path, sizeof path, "/bin/sh");
        if ((size_t)snprintf(script, sizeof script, "%s \"$@\"", command) >= sizeof script) {
            snprintf(err, ERROR_LEN, "--helper: the command is longer than %zu bytes", sizeof script - 6);
            return false;
        }
        argv[n++] = path;
        argv[n++] = (char *)"-c";
        argv[n++] = script;
    } else {
        find_program(path, sizeof path);
    }
    argv[n++] = command ? (char *)program : path; /* $0 of the script */
    for (int i = 0; arguments[i] && i < HELPER_ARGUMENTS; i++)
        argv[n++] = (char *)arguments[i];
    argv[n] = NULL;
    if (!open_pipes(&p)) {
        snprintf(err, ERROR_LEN, "the validation helper cannot be started: %s", strerror(errno));
        return false;
    }
    int why = spawn(&h->pid, &p, argv);
    close(p.in[0]), close(p.out[1]), close(p.err[1]);
    h->in = p.in[1], h->out = p.out[0], h->err = p.err[0];
    fcntl(h->out, F_SETFL, O_NONBLOCK);
    fcntl(h->err, F_SETFL, O_NONBLOCK);
    if (why == 0)
        return true;
    h->pid = 0;
    helper_close(h);
    refuse_start(path, why, err);
    return false;
}

/* --- reading --- */

static void close_fd(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void helper_send(struct helper *h, const char *text, size_t n) {
    while (n > 0 && h->in >= 0) {
        ssize_t sent = write(h->in, text, n);
        if (sent < 0 && errno != EINTR)
            break; /* it has gone: its end says why */
        text += sent > 0 ? sent : 0;
        n -= sent > 0 ? (size_t)sent : 0;
    }
    close_fd(&h->in);
}

ssize_t helper_read(struct helper *h, char *buf, size_t size) {
    if (h->out < 0)
        return -1;
    ssize_t got = read(h->out, buf, size);
    if (got > 0)
        return got;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    close_fd(&h->out);
    return -1;
}

void helper_read_errors(struct helper *h) {
    char buf[1024];
    ssize_t got;
    if (h->err < 0)
        return;
    while ((got = read(h->err, buf, sizeof buf)) > 0)
        for (ssize_t i = 0; i < got; i++)
            h->errors[h->errors_end++ % HELPER_ERRORS] = buf[i];
    if (got == 0 || (errno != EAGAIN && errno != EINTR))
        close_fd(&h->err);
}

const char *helper_last_error(const struct helper *h, char *buf, size_t size) {
    size_t first = h->errors_end > HELPER_ERRORS ? h->errors_end - HELPER_ERRORS : 0, n = 0;
    *buf = '\0';
    for (size_t i = first; i < h->errors_end; i++) {
        char c = h->errors[i % HELPER_ERRORS];
        if (c == '\n' && i + 1 < h->errors_end)
            n = 0;
        else if (c != '\n' && n + 1 < size)
            buf[n++] = c >= 0x20 && c < 0x7f ? c : '?';
        buf[n] = '\0';
    }
    return buf;
}

/* --- its end --- */

void helper_ask_end(struct helper *h) {
    close_fd(&h->in);
    if (h->pid > 0 && !h->told)
        kill(-h->pid, SIGTERM);
    h->told = true;
}

void helper_kill(struct helper *h) {
    close_fd(&h->in);
    if (h->pid > 0 && !h->killed)
        kill(-h->pid, SIGKILL);
    h->killed = true;
}

bool helper_reap(struct helper *h) {
    if (h->pid <= 0)
        return true;
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)h->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0)
        return false;
    kill(-h->pid, SIGKILL); /* what it has started itself; not yet reaped, so the group's number is still its own */
    waitpid(h->pid, &h->status, 0);
    h->pid = 0;
    return true;
}

void helper_close(struct helper *h) {
    const struct timespec moment = {.tv_nsec = 10000000};
    if (h->pid > 0)
        helper_kill(h);
    for (int i = 0; i < 200 && !helper_reap(h); i++) /* a driver may take long to clean up: it is left to init then */
        nanosleep(&moment, NULL);
    h->pid = 0;
    close_fd(&h->in);
    close_fd(&h->out);
    close_fd(&h->err);
}

const char *helper_end_text(const struct helper *h, char *buf, size_t size) {
    if (WIFSIGNALED(h->status))
        snprintf(buf, size, "was ended by signal %d (%s)", WTERMSIG(h->status), strsignal(WTERMSIG(h->status)));
    else
        snprintf(buf, size, "ended with status %d", WIFEXITED(h->status) ? WEXITSTATUS(h->status) : -1);
    return buf;
}
