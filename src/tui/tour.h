/* A tour at the terminal: a key script in its own time. Space pauses it, Esc leaves it, any other key takes over. */
#ifndef MOESCOPE_TUI_TOUR_H
#define MOESCOPE_TUI_TOUR_H

#include "tui/script.h"
#include "tui/stage.h"

struct tour {
    struct script script;
    struct script_step step; /* the one being typed */
    const char *typing;      /* what is left of it, or NULL */
    double speed;            /* 2: in half the time */
    bool over, paused;
    double due; /* seconds of the monotonic clock */
};

/* Whether every word of a tour is right, to its end; then the file is at its beginning again. False with err[ERROR_LEN]. */
bool tour_check(FILE *in, const char *name, char *err);

/* Begins one that has been checked. */
void tour_open(struct tour *t, FILE *in, const char *name, double speed);

/* Milliseconds until the next step, 0 when it is due; -1 when there is none to wait for. */
int tour_wait_ms(const struct tour *t);

/* Plays one step. */
enum ui_result tour_step(struct tour *t, struct stage *st);

/* What a key does to the tour. True when it has no other meaning. */
bool tour_key(struct tour *t, struct stage *st, int key);

#endif
