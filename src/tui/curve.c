#include "tui/curve.h"

#include <math.h>
#include <stdio.h>

#include "tui/digits.h"
#include "tui/figures.h"

enum { LABEL = 7 }; /* cells for the figures beside the axis */

void curve_clear(int slot, struct curve *out) {
    for (int i = 0; i < CURVE_POINTS; i++)
        out->cost[slot][i] = NAN;
}

void curve_make(const struct deployment *d, struct load_cache *cache, int slot, struct curve *out) {
    struct deployment at = *d;
    struct estimate e;
    out->batch[slot] = d->batch;
    for (int i = 0; i < CURVE_POINTS; i++) {
        at.batch = 1 << i;
        estimate(&at, cache, &e);
        out->cost[slot][i] = figures_value(&e, E_COST_M_OUT);
    }
}

/* Lowest and highest of what is known; false when nothing is. */
static bool curve_range(const struct curve *v, double *low, double *high) {
    *low = INFINITY;
    *high = 0;
    for (int s = 0; s < SLOT_COUNT; s++)
        for (int i = 0; i < CURVE_POINTS; i++)
            if (v->cost[s][i] > 0) {
                *low = fmin(*low, v->cost[s][i]);
                *high = fmax(*high, v->cost[s][i]);
            }
    return *high > 0;
}

/* The curve at a fraction of a point, straight between points on a logarithmic scale. */
static double curve_at(const double *cost, double point) {
    int i = (int)floor(point);
    if (i >= CURVE_POINTS - 1)
        return cost[CURVE_POINTS - 1];
    double part = point - i;
    return part == 0 ? cost[i] : exp(log(cost[i]) * (1 - part) + log(cost[i + 1]) * part);
}

static int row_of(double cost, double low, double high, int h) {
    double share = high > low ? (log(cost) - log(low)) / (log(high) - log(low)) : 0;
    return h - 1 - (int)floor(share * (h - 1) + 0.5);
}

static void draw_axes(struct canvas *c, struct rect r, double low, double high) {
    char text[DIGITS_LEN];
    for (int y = 0; y < r.h - 1; y++)
        canvas_put(c, r.x + LABEL, r.y + y, 0x2502, ROLE_FRAME);
    for (int i = 0; i < 3; i++) {
        double share = i / 2.0, cost = exp(log(low) * share + log(high) * (1 - share));
        canvas_text_right(c, r.x, r.y + (int)floor(share * (r.h - 2) + 0.5), LABEL - 1,
                          digits_print(cost, DIGITS_REAL, text), ROLE_DIM);
    }
    for (int i = 0; i < CURVE_POINTS; i += 2) {
        snprintf(text, sizeof text, "%d", 1 << i);
        int x = r.x + LABEL + 1 + i * (r.w - LABEL - 2) / (CURVE_POINTS - 1);
        int w = text_width(text);
        if (x + w > r.x + r.w)
            x = r.x + r.w - w;
        canvas_text(c, x, r.y + r.h - 1, w, text, ROLE_DIM);
    }
}

static void draw_slot(const struct curve *v, struct canvas *c, struct rect r, int slot, double low,
                      double high) {
    int w = r.w - LABEL - 1, h = r.h - 1, mark = -1;
    if (v->batch[slot] > 0)
        mark = (int)floor(log2(v->batch[slot]) / (CURVE_POINTS - 1) * (w - 1) + 0.5);
    for (int x = 0; x < w; x++) {
        double cost = curve_at(v->cost[slot], (double)x * (CURVE_POINTS - 1) / (w - 1));
        if (!(cost > 0))
            continue;
        int at = r.x + LABEL + 1 + x, y = r.y + row_of(cost, low, high, h);
        bool here = x == mark;
        if (x % 2 == slot || here) /* the two interleave where they meet */
            canvas_put(c, at, y, here ? 0x25CF : (uint32_t)slot_names[slot][0],
                       here ? ROLE_SELECTED : view_slot_role(slot));
    }
}

void curve_draw(const struct curve *v, struct canvas *c, struct rect r) {
    double low, high;
    if (r.h < CURVE_MIN_ROWS || r.w < 30 || !curve_range(v, &low, &high))
        return;
    canvas_text(c, r.x, r.y, r.w, "$/M output at each batch   (● as set)", ROLE_HEADING);
    struct rect plot = {r.x, r.y + 1, r.w, r.h - 1};
    draw_axes(c, plot, low, high);
    for (int i = SLOT_COUNT - 1; i >= 0; i--)
        draw_slot(v, c, plot, i, low, high);
}
