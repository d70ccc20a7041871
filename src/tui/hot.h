/* What lies where on the screen, noted as it is drawn, so that a click finds what is seen. */
#ifndef MOESCOPE_TUI_HOT_H
#define MOESCOPE_TUI_HOT_H

#include "tui/canvas.h"

struct ui;

enum hot_kind {
    HOT_COLUMN, /* the column of sliders */
    HOT_GROUP,  /* name of a group of fields; index: the group */
    HOT_FIELD,  /* label and value; index: the field */
    HOT_TRACK,  /* of a slider */
    HOT_LESS,   /* the arrows of a choice */
    HOT_MORE,
    HOT_PANE,   /* index: the pane */
    HOT_FIGURE, /* a row of it; index: pane * SHOWN_MAX + row */
    HOT_WIDE,   /* a view */
    HOT_HEAD,   /* its heads of columns */
    HOT_ROW,    /* index: its row */
    HOT_ITEM,   /* of a list in a box; index: its place */
    HOT_SLOT,   /* the name of A or B; index: the slot */
    HOT_ACTION  /* an item of the key bar; index: of the action */
};

enum { HOT_MAX = 512 };

struct hot {
    struct rect r;
    enum hot_kind kind;
    int index;
};

struct hots {
    int n;
    struct hot item[HOT_MAX];
};

/* Notes a place; later ones lie on top. Beyond HOT_MAX it is forgotten: keys reach everything. */
void hot_note(const struct ui *u, struct rect r, enum hot_kind kind, int index);
/* Boxes over the screen leave nothing below them to click on. */
void hot_forget(const struct ui *u);
/* What lies at a cell, or NULL. */
const struct hot *hot_at(const struct ui *u, int x, int y);

#endif
