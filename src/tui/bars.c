#include "tui/bars.h"

#include <math.h>

enum { FULL_BLOCK = 0x2588, EIGHTH_LEFT = 0x258F, EIGHTH_LOW = 0x2581 };

static int cells_of(double value, double total, int w) {
    if (!(total > 0) || !(value > 0))
        return 0;
    double cells = floor(value / total * w + 0.5);
    return cells > w ? w : (int)cells;
}

void bar_stacked(struct canvas *c, int x, int y, int w, const struct segment *seg, int n, double total) {
    double sum = 0;
    int at = 0;
    for (int i = 0; i < n; i++) {
        sum += seg[i].value > 0 ? seg[i].value : 0;
        for (int end = cells_of(sum, total, w); at < end; at++)
            canvas_put(c, x + at, y, seg[i].glyph, seg[i].role);
    }
}

void bar_legend(struct canvas *c, struct rect r, const struct segment *seg, int n) {
    int x = 0, y = 0;
    for (int i = 0; i < n; i++) {
        int w = 2 + text_width(seg[i].name);
        if (!(seg[i].value > 0))
            continue;
        if (x > 0 && x + w - 1 > r.w)
            x = 0, y++;
        if (y >= r.h || w - 1 > r.w)
            return;
        canvas_put(c, r.x + x, r.y + y, seg[i].glyph, seg[i].role);
        canvas_text(c, r.x + x + 1, r.y + y, w - 2, seg[i].name, ROLE_DIM);
        x += w;
    }
}

void bar_plain(struct canvas *c, int x, int y, int w, double value, double total, enum role role) {
    if (!(total > 0) || !(value > 0) || w <= 0)
        return;
    int eighths = (int)floor(fmin(1, value / total) * w * 8 + 0.5);
    for (int i = 0; i < eighths / 8; i++)
        canvas_put(c, x + i, y, FULL_BLOCK, role);
    if (eighths % 8)
        canvas_put(c, x + eighths / 8, y, (uint32_t)(EIGHTH_LEFT - (eighths % 8 - 1)), role);
}

/* The mean of the values that fall on one of `columns` columns. */
static double bucket(const double *value, int n, int column, int columns) {
    int from = (int)((long)column * n / columns), to = (int)((long)(column + 1) * n / columns);
    double sum = 0;
    if (to <= from)
        to = from + 1;
    for (int i = from; i < to; i++)
        sum += value[i];
    return sum / (to - from);
}

static void histogram_column(struct canvas *c, struct rect r, int x, double height, int mean_row,
                             enum role role) {
    int eighths = (int)floor(fmin(1, height) * r.h * 8 + 0.5);
    for (int row = 0; row < r.h; row++) {
        int part = eighths - row * 8, y = r.y + r.h - 1 - row;
        if (part >= 8)
            canvas_put(c, x, y, FULL_BLOCK, role);
        else if (part > 0)
            canvas_put(c, x, y, (uint32_t)(EIGHTH_LOW + part - 1), role);
        else if (row == mean_row)
            canvas_put(c, x, y, 0x2504, ROLE_DIM); /* ┄ */
    }
}

void bar_histogram(struct canvas *c, struct rect r, const double *value, int n, double top, double mean,
                   enum role role) {
    if (n <= 0 || r.w <= 0 || r.h <= 0 || !(top > 0))
        return;
    int each = n <= r.w ? r.w / n : 1;
    if (each > 4)
        each = 4;
    int columns = n <= r.w ? n : r.w;
    int mean_row = mean > 0 && r.h > 2 ? (int)floor(mean / top * r.h) : -1;
    for (int i = 0; i < columns; i++) {
        double height = bucket(value, n, i, columns) / top;
        int gap = each > 2; /* bars apart where they are wide */
        for (int k = 0; k < each - gap; k++)
            histogram_column(c, r, r.x + i * each + k, height, mean_row, role);
    }
}
