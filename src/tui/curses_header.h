/* The one place that picks the curses header. It is for the screen alone: nothing else draws on a terminal. */
#ifndef MOESCOPE_TUI_CURSES_HEADER_H
#define MOESCOPE_TUI_CURSES_HEADER_H

#ifndef _XOPEN_SOURCE_EXTENDED
#define _XOPEN_SOURCE_EXTENDED 1 /* wide characters */
#endif
#define NCURSES_NOMACROS 1 /* functions, not macros named move, clear, erase */
#include <curses.h>
#include <term.h>

#endif
