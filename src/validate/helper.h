/* The validation helper as a process: started, read, stopped, reaped. It never sees the terminal. */
#ifndef MOESCOPE_VALIDATE_HELPER_H
#define MOESCOPE_VALIDATE_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { HELPER_ERRORS = 2048, HELPER_ARGUMENTS = 24 };

struct helper {
    pid_t pid;               /* its process group's too; 0: not running */
    int in, out, err;        /* pipes: its standard input (held open), output, error; -1 closed */
    int status;              /* of waitpid, once it was reaped */
    bool told, killed;       /* SIGTERM, SIGKILL sent */
    char errors[HELPER_ERRORS]; /* the last of its standard error, as a ring */
    size_t errors_end;       /* bytes ever written to it */
};

/* Starts the helper with `arguments` (NULL ends). `command`: run by sh -c with the arguments behind it ("ssh gpu01
 * moescope-validate"); NULL: the moescope-validate beside this program, in the package's directory of helpers, or on PATH.
 * False with the reason and a remedy in err[ERROR_LEN]. */
bool helper_start(struct helper *h, const char *command, const char *const *arguments, char *err);

/* Gives it a text on its standard input, no longer than a pipe holds, and ends that. */
void helper_send(struct helper *h, const char *text, size_t n);

/* Reads what its standard output holds, never waiting: bytes, 0 when there is nothing now, -1 at its end. */
ssize_t helper_read(struct helper *h, char *buf, size_t size);

/* Empties its standard error into the ring. */
void helper_read_errors(struct helper *h);

/* The last non-empty line of its standard error, printable bytes only. buf[size]; "" when there is none. */
const char *helper_last_error(const struct helper *h, char *buf, size_t size);

/* Asks it to end: SIGTERM to its group, and end of file. */
void helper_ask_end(struct helper *h);
void helper_kill(struct helper *h);

/* Whether it has ended; reaps it. Never waits. */
bool helper_reap(struct helper *h);

/* Kills and reaps it, whatever it does, and closes the pipes. */
void helper_close(struct helper *h);

/* "was killed by SIGSEGV", "ended with status 5": how a reaped helper ended. */
const char *helper_end_text(const struct helper *h, char *buf, size_t size);

#endif
