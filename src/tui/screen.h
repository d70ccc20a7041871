/* The terminal: shows a canvas, brings keys. There is one, because a process has one; it is given back on every way out. */
#ifndef MOESCOPE_TUI_SCREEN_H
#define MOESCOPE_TUI_SCREEN_H

#include <stdbool.h>

#include "tui/canvas.h"
#include "tui/ui.h"

/* Takes the terminal on standard input and output. `color` as in theme_colors. Glyphs follow from LC_CTYPE, which must be
 * set. `mouse`: whether clicks and the wheel come to us. False with the remedy in err[ERROR_LEN] when there is none that can show a screen. */
bool screen_open(const char *color, bool mouse, char *err);
void screen_close(void); /* any number of times */

void screen_size(int *w, int *h);

/* Shows the canvas: what changed since the last one, in one update. */
void screen_show(const struct canvas *c);
/* The next screen_show draws every cell: something else has written on the terminal. */
void screen_repaint(void);

enum screen_event {
    SCREEN_NONE,   /* no key is waiting */
    SCREEN_KEY,    /* *key is set */
    SCREEN_MOUSE,  /* screen_mouse has it */
    SCREEN_RESIZE, /* new size, or back in the foreground: draw again */
    SCREEN_WAKE,   /* a watched descriptor has something, or the time is up */
    SCREEN_GONE    /* the terminal has gone away */
};

/* Descriptors (three at most, -1 for none) and a time, in milliseconds (-1: none), that end the waiting too, until set again. */
void screen_watch(const int *fds, int n, int wait_ms);

/* The next event; with `wait` blocks, at no cost, until there is one. */
enum screen_event screen_read(int *key, bool wait);

/* What the mouse did, after SCREEN_MOUSE. */
struct mouse screen_mouse(void);

#endif
