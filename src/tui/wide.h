/* Wide views: tables that take the room of the four panes. A view says what its rows are; walking a cursor over them,
 * scrolling, and the note under the table are the same for all. */
#ifndef MOESCOPE_TUI_WIDE_H
#define MOESCOPE_TUI_WIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/canvas.h"

struct ui;

enum wide_id { WIDE_NONE, WIDE_OPERATORS, WIDE_RULES, WIDE_LAWS, WIDE_ARTICLES, WIDE_COUNT }; /* WIDE_NONE: the four panes */

struct wide_ops {
    const char *id, *title;
    void (*prepare)(struct ui *u); /* before it is drawn after a scenario has changed; NULL: nothing to do */
    int (*count)(const struct ui *u);
    void (*head)(const struct ui *u, struct canvas *c, struct rect r); /* names of the columns; r is one row high */
    void (*row)(const struct ui *u, int i, struct canvas *c, struct rect r, bool selected);
    void (*note)(const struct ui *u, int i, char *buf, size_t size); /* more about a row, in words; buf is "" before */
    void (*enter)(struct ui *u, int i);                              /* NULL: Enter does nothing here */
    bool (*heading)(const struct ui *u, int i);                      /* of a part; NULL: the view has one part */
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

extern const struct wide_ops wide_operators, wide_rules, wide_laws, wide_articles;

/* What the view of the articles has worked out. NULL is fine. */
struct articles_view;
void articles_free(struct articles_view *v);

#endif
