/* One validation at a time on a machine: two would measure each other. */
#ifndef MOESCOPE_VALIDATE_LOCK_H
#define MOESCOPE_VALIDATE_LOCK_H

/* Takes the machine's lock, of a helper run elsewhere (`command`, or NULL) that of its command. Returns a file descriptor to
 * close, or -1 with the reason in err[ERROR_LEN]. Never waits; the system frees it whatever becomes of this program. */
int lock_take(const char *command, char *err);

#endif
