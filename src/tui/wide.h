/* Wide views: tables and plots that take the room of the four panes. A table says what its rows are; walking a cursor over
 * them, scrolling, and the note below are the same for all. A plot draws the whole rectangle. What takes many estimates is
 * worked out beside the keys (study.h). */
#ifndef MOESCOPE_TUI_WIDE_H
#define MOESCOPE_TUI_WIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/canvas.h"
#include "tui/study.h"

struct ui;

enum wide_id {
    WIDE_NONE, /* the four panes */
    WIDE_OPERATORS,
    WIDE_RULES,
    WIDE_LAWS,
    WIDE_ARTICLES,
    WIDE_BATCH,
    WIDE_FRONTIER,
    WIDE_ROOFLINE,
    WIDE_IMBALANCE,
    WIDE_WINNERS,
    WIDE_LAYOUTS,
    WIDE_VALIDATION,
    WIDE_COUNT
};

struct wide_ops {
    const char *id, *title;
    void (*prepare)(struct ui *u); /* before it is drawn after a scenario has changed; NULL: nothing to do */
    int (*count)(const struct ui *u);
    void (*head)(const struct ui *u, struct canvas *c, struct rect r); /* names of the columns; r is one row high */
    void (*row)(const struct ui *u, int i, struct canvas *c, struct rect r, bool selected);
    void (*note)(const struct ui *u, int i, char *buf, size_t size); /* more about a row, in words; buf is "" before */
    void (*enter)(struct ui *u, int i);                              /* NULL: Enter does nothing here */
    bool (*heading)(const struct ui *u, int i);                      /* of a part; NULL: the view has one part */

    void (*draw)(struct ui *u, struct canvas *c, struct rect r); /* a plot: all of it, but for the note; NULL: a table */
    bool (*key)(struct ui *u, int direction); /* x and X: what else the view can show; NULL: nothing else */
    const struct study_ops *study;            /* what it shows is worked out elsewhere; NULL: here */
};

enum { WIDE_NOTE_LEN = 600 };

/* Where the cursor of a view is. */
struct wide_place {
    int row, first; /* first: the one on top */
};

extern const struct wide_ops *const wide_ops[WIDE_COUNT]; /* NULL for the panes */

void wide_draw(struct ui *u, struct canvas *c, struct rect r, bool focus);
void wide_show(struct ui *u, enum wide_id id);
/* `step` rows down; large steps stop at the ends. */
void wide_move(struct ui *u, int step);
/* To the heading before (-1) or after (1); to the first or last row where there is none. */
void wide_jump(struct ui *u, int direction);
void wide_enter(struct ui *u);

/* What else the view can show: the next (1) or the one before (-1). */
void wide_turn(struct ui *u, int direction);
/* Takes what has been worked out elsewhere; false if that changes nothing on the screen. */
bool wide_collect(struct ui *u);

extern const struct wide_ops wide_operators, wide_rules, wide_laws, wide_articles, wide_validation;
extern const struct wide_ops wide_batch, wide_frontier, wide_roofline, wide_imbalance, wide_winners, wide_layouts;

/* What the view of the articles has worked out. NULL is fine. */
struct articles_view;
void articles_free(struct articles_view *v);

#endif
