#include "tui/layout.h"

#include <string.h>

#include "tui/ui.h"

enum {
    FULL_WIDTH = 100,
    FULL_HEIGHT = 30, /* from here on: frames, the whole column, a verdict of two lines */
    COLUMN_COMPACT = 24,
    COLUMN_MIN = 34,
    COLUMN_MAX = 48
};

static int clamp(int v, int low, int high) {
    return v < low ? low : v > high ? high : v;
}

static void place_panes(struct rect body, int zoom, struct layout *out) {
    int left = (body.w + 1) / 2, top = (body.h + 1) / 2;
    for (int i = 0; i < PANE_COUNT; i++) {
        int right_half = i % 2, bottom_half = i / 2;
        struct rect r = {body.x + (right_half ? left : 0), body.y + (bottom_half ? top : 0),
                         right_half ? body.w - left : left, bottom_half ? body.h - top : top};
        if (zoom >= 0)
            r = i == zoom ? body : (struct rect){body.x, body.y, 0, 0};
        out->pane[i] = r;
    }
}

void layout_compute(int w, int h, int zoom, struct layout *out) {
    layout_compute_above(w, h, 0, zoom, out);
}

void layout_compute_above(int w, int h, int caption, int zoom, struct layout *out) {
    memset(out, 0, sizeof *out);
    out->too_small = w < UI_MIN_WIDTH || h < UI_MIN_HEIGHT;
    if (out->too_small)
        return;
    out->compact = w < FULL_WIDTH || h < FULL_HEIGHT;
    int verdict = w >= FULL_WIDTH && h >= FULL_HEIGHT - 4 ? 2 : 1;
    int column = out->compact ? COLUMN_COMPACT : clamp(w / 4, COLUMN_MIN, COLUMN_MAX);
    int top = 1 + verdict, body = h - top - caption - 2;
    out->title = (struct rect){0, 0, w, 1};
    out->verdict = (struct rect){0, 1, w, verdict};
    out->column = (struct rect){0, top, column, body};
    out->caption = (struct rect){0, top + body, w, caption};
    out->status = (struct rect){0, h - 2, w, 1};
    out->keys = (struct rect){0, h - 1, w, 1};
    place_panes((struct rect){column, top, w - column, body}, zoom, out);
}

struct rect layout_inner(const struct layout *l, struct rect r) {
    if (l->compact)
        return (struct rect){r.x, r.y + 1, r.w - 1, r.h - 1};
    return (struct rect){r.x + 1, r.y + 1, r.w - 2, r.h - 2};
}
