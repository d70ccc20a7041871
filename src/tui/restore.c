#include "tui/restore.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { RESTORE_BYTES = 512, RESTORE_STACK = 64 * 1024 };

static const int fatal_signals[] = {SIGHUP,  SIGINT, SIGTERM, SIGQUIT, SIGABRT,
                                    SIGSEGV, SIGBUS, SIGFPE,  SIGILL};

enum { FATAL_SIGNALS = sizeof fatal_signals / sizeof *fatal_signals };

/* A signal handler can only reach what is static. Written while the signals still have their old handlers, or
 * by restore_add() in a way that each moment's content may be sent. */
static struct {
    int fd;
    struct termios modes;
    char bytes[RESTORE_BYTES];
    volatile sig_atomic_t length;
    struct sigaction before[FATAL_SIGNALS];
    bool taken[FATAL_SIGNALS];
    bool armed;
} held;

/* A stack overflow leaves no room for its own handler. */
static char signal_stack[RESTORE_STACK];

static bool restore_is_bug(int sig) {
    return sig == SIGSEGV || sig == SIGBUS || sig == SIGFPE || sig == SIGILL || sig == SIGABRT;
}

/* Whoever is in the background must not draw: the terminal belongs to the shell then, and has been given
 * back. */
static bool restore_owns_terminal(void) {
    pid_t owner = tcgetpgrp(held.fd);
    return owner == -1 || owner == getpgrp();
}

static void restore_on_signal(int sig) {
    static const char bug[] = "moescope: crashed; the terminal is restored. Please report what you did.\n";
    if (restore_owns_terminal()) {
        ssize_t sent = write(held.fd, held.bytes, (size_t)held.length);
        signal(SIGTTOU, SIG_IGN);
        tcsetattr(held.fd, TCSANOW, &held.modes);
        if (restore_is_bug(sig))
            sent = write(STDERR_FILENO, bug, sizeof bug - 1);
        (void)sent; /* nobody is left to be told */
    }
    /* SA_RESETHAND put the default action back; the signal is blocked until we return and ends us then, so
     * that the parent sees what happened. */
    raise(sig);
}

static void restore_take_signals(void) {
    struct sigaction action = {.sa_handler = restore_on_signal, .sa_flags = (int)(SA_RESETHAND | SA_ONSTACK)};
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < FATAL_SIGNALS; i++) {
        sigaction(fatal_signals[i], NULL, &held.before[i]);
        held.taken[i] = held.before[i].sa_handler != SIG_IGN; /* nohup stays nohup */
        if (held.taken[i])
            sigaction(fatal_signals[i], &action, NULL);
    }
}

bool restore_arm(int fd) {
    stack_t stack = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
    if (tcgetattr(fd, &held.modes) != 0)
        return false;
    held.fd = fd;
    held.length = 0;
    sigaltstack(&stack, NULL);
    restore_take_signals();
    held.armed = true;
    return true;
}

/* The length of terminfo's padding mark, "$<5>", at p, or 0. */
static size_t restore_padding(const char *p) {
    if (p[0] != '$' || p[1] != '<')
        return 0;
    size_t digits = strspn(p + 2, "0123456789.*/");
    return digits > 0 && p[2 + digits] == '>' ? digits + 3 : 0;
}

void restore_add(const char *capability) {
    size_t n = (size_t)held.length;
    for (const char *p = capability; p && *p && n < RESTORE_BYTES;) {
        size_t skip = restore_padding(p);
        if (skip == 0)
            held.bytes[n++] = *p++;
        p += skip;
    }
    held.length = (sig_atomic_t)n;
}

void restore_disarm(void) {
    if (!held.armed)
        return;
    held.armed = false;
    tcsetattr(held.fd, TCSADRAIN, &held.modes);
    for (size_t i = 0; i < FATAL_SIGNALS; i++)
        if (held.taken[i])
            sigaction(fatal_signals[i], &held.before[i], NULL);
}
