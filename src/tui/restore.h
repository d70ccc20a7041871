/* Gives the terminal back when a signal ends the program: nothing but async-signal-safe calls, no curses. */
#ifndef MOESCOPE_TUI_RESTORE_H
#define MOESCOPE_TUI_RESTORE_H

#include <stdbool.h>

/* Remembers the modes of the terminal `fd` and takes over the signals that end a program (those not ignored already).
 * False when fd is no terminal. Call it before curses starts: curses leaves signals alone that have a handler. */
bool restore_arm(int fd);

/* Adds bytes that the terminal needs to be itself again, without the padding marks of terminfo; NULL is fine. */
void restore_add(const char *capability);

/* Puts the modes and the handlers back. The bytes are not sent: on the orderly way out curses has sent its own. */
void restore_disarm(void);

#endif
