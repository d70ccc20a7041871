#include "tui/plot.h"

#include <math.h>
#include <stdio.h>

#include "tui/glyph.h"

enum { LABEL_W = 6 }; /* cells of the figures beside the upright axis */

/* --- axes --- */

struct plot_axis plot_axis_new(const char *title, bool log) {
    return (struct plot_axis){INFINITY, -INFINITY, log, title};
}

void plot_include(struct plot_axis *a, double value) {
    if (!isfinite(value) || (a->log && !(value > 0)))
        return;
    a->low = fmin(a->low, value);
    a->high = fmax(a->high, value);
}

static const double steps[] = {1, 2, 5, 10};

/* The nearest 1, 2 or 5 times a power of ten: the last that is not above `value`, or with `up` the first not below. */
static double round_to_step(double value, bool up) {
    static const double SLACK = 1e-9; /* what is a step already stays one */
    double decade = pow(10, floor(log10(value) + SLACK));
    double out = up ? 10 * decade : decade;
    for (int i = 0; i < 4; i++) {
        double step = steps[i] * decade;
        if (up && step >= value * (1 - SLACK))
            return step;
        if (!up && step <= value * (1 + SLACK))
            out = step;
    }
    return out;
}

bool plot_round(struct plot_axis *a) {
    if (!(a->low <= a->high))
        return false;
    if (a->log) {
        a->low = round_to_step(a->low, false);
        a->high = round_to_step(a->high, true);
        if (a->low == a->high)
            a->high *= 2;
        return true;
    }
    double span = a->high > a->low ? a->high - a->low : fmax(fabs(a->high), 1);
    double step = round_to_step(span / 8, true);
    a->low = floor(a->low / step) * step;
    a->high = fmax(ceil(a->high / step) * step, a->low + step);
    return true;
}

static int ticks_by_step(const struct plot_axis *a, int most, double *out) {
    double step = round_to_step((a->high - a->low) / most, true);
    int n = 0;
    for (double i = ceil(a->low / step - 1e-9); i * step <= a->high + step * 1e-9 && n < most; i++)
        out[n++] = i * step;
    return n;
}

/* Every 1, 2 and 5; every decade; every second decade ... the first that are not too many. */
static int ticks_by_decade(const struct plot_axis *a, int most, double *out) {
    int first = (int)floor(log10(a->low)), last = (int)ceil(log10(a->high));
    for (int each = 0;; each++) {
        int n = 0, stride = each > 0 ? each : 1;
        for (int k = first; k <= last; k += stride)
            for (int i = 0; i < (each > 0 ? 1 : 3); i++) {
                double tick = steps[i] * pow(10, k);
                if (tick < a->low * (1 - 1e-9) || tick > a->high * (1 + 1e-9))
                    continue;
                if (n < most)
                    out[n] = tick;
                n++;
            }
        if (n <= most)
            return n;
    }
}

int plot_ticks(const struct plot_axis *a, int most, double out[PLOT_TICKS_MAX]) {
    most = most < 1 ? 1 : most > PLOT_TICKS_MAX ? PLOT_TICKS_MAX : most;
    return a->log && a->high > 3 * a->low ? ticks_by_decade(a, most, out) : ticks_by_step(a, most, out);
}

const char *plot_label(double value, char *buf) {
    static const char suffixes[] = {'\0', 'k', 'M', 'G', 'T', 'P'};
    size_t i = 0;
    while (fabs(value) >= 999.5 && i + 1 < sizeof suffixes) {
        value /= 1000;
        i++;
    }
    if (fabs(value) < 1e-12)
        value = 0;
    snprintf(buf, PLOT_LABEL_LEN, "%.3g%c", value, suffixes[i]);
    return buf;
}

/* --- from values to cells --- */

/* How far along the axis, 0 to 1 inside it. */
static double share_of(const struct plot_axis *a, double value) {
    if (a->log)
        return value > 0 ? log(value / a->low) / log(a->high / a->low) : NAN;
    return (value - a->low) / (a->high - a->low);
}

/* In dots, from the upper left one. */
static double dot_x(const struct plot *p, double x) {
    return share_of(&p->x, x) * (p->in.w * GLYPH_DOTS_WIDE - 1);
}

static double dot_y(const struct plot *p, double y) {
    return (1 - share_of(&p->y, y)) * (p->in.h * GLYPH_DOTS_HIGH - 1);
}

bool plot_place(const struct plot *p, double x, double y, int *column, int *row) {
    double dx = dot_x(p, x), dy = dot_y(p, y);
    if (!(dx > -0.5 && dx < p->in.w * GLYPH_DOTS_WIDE - 0.5 && dy > -0.5 && dy < p->in.h * GLYPH_DOTS_HIGH - 0.5))
        return false;
    *column = p->in.x + (int)floor(dx + 0.5) / GLYPH_DOTS_WIDE;
    *row = p->in.y + (int)floor(dy + 0.5) / GLYPH_DOTS_HIGH;
    return true;
}

/* --- the frame --- */

static void draw_y_axis(const struct plot *p) {
    double tick[PLOT_TICKS_MAX];
    char text[PLOT_LABEL_LEN];
    struct canvas *c = p->canvas;
    int n = plot_ticks(&p->y, (2 * p->in.h + 2) / 3, tick), column, row, last = -1;
    for (int y = 0; y < p->in.h; y++)
        canvas_put(c, p->in.x - 1, p->in.y + y, 0x2502, ROLE_FRAME); /* │ */
    for (int i = 0; i < n; i++) {
        if (!plot_place(p, p->x.low, tick[i], &column, &row) || row == last)
            continue;
        last = row;
        canvas_text_right(c, p->in.x - 1 - LABEL_W, row, LABEL_W - 1, plot_label(tick[i], text), ROLE_DIM);
        canvas_put(c, p->in.x - 1, row, 0x2524, ROLE_FRAME); /* ┤ */
    }
}

/* A label under each tick that does not run into the one before or the title of the axis. */
static void draw_x_axis(const struct plot *p) {
    double tick[PLOT_TICKS_MAX];
    char text[PLOT_LABEL_LEN];
    struct canvas *c = p->canvas;
    int n = plot_ticks(&p->x, p->in.w / 5, tick), axis = p->in.y + p->in.h, column, row, used = p->in.x - LABEL_W;
    int title = text_width(p->x.title), end = p->in.x + p->in.w - title - 1;
    canvas_fill(c, (struct rect){p->in.x, axis, p->in.w, 1}, 0x2500, ROLE_FRAME); /* ─ */
    canvas_put(c, p->in.x - 1, axis, 0x2514, ROLE_FRAME);                         /* └ */
    canvas_text(c, end + 1, axis + 1, title, p->x.title, ROLE_DIM);
    for (int i = 0; i < n; i++) {
        if (!plot_place(p, tick[i], p->y.low, &column, &row))
            continue;
        int w = text_width(plot_label(tick[i], text)), at = column - w / 2;
        canvas_put(c, column, axis, 0x2534, ROLE_FRAME); /* ┴ */
        if (at <= used || at + w > end)
            continue;
        canvas_text(c, at, axis + 1, w, text, ROLE_DIM);
        used = at + w;
    }
}

int plot_open(struct plot *p, struct canvas *c, struct rect r, struct plot_axis x, struct plot_axis y) {
    *p = (struct plot){.canvas = c, .x = x, .y = y};
    if (r.w < PLOT_MIN_W || r.h < PLOT_MIN_H)
        return 0;
    p->in = (struct rect){r.x + LABEL_W + 1, r.y + 1, r.w - LABEL_W - 1, r.h - 3};
    draw_y_axis(p);
    draw_x_axis(p);
    return canvas_text(c, r.x, r.y, r.w, y.title, ROLE_HEADING);
}

/* --- lines --- */

/* Adds a dot to what the cell shows already. */
static void put_dot(const struct plot *p, struct plot_pen pen, int dx, int dy) {
    struct canvas *c = p->canvas;
    int x = p->in.x + dx / GLYPH_DOTS_WIDE, y = p->in.y + dy / GLYPH_DOTS_HIGH;
    if (dx < 0 || dy < 0 || dx >= p->in.w * GLYPH_DOTS_WIDE || dy >= p->in.h * GLYPH_DOTS_HIGH || x >= c->w ||
        y >= c->h)
        return;
    if (c->glyphs == GLYPHS_ASCII) {
        canvas_put(c, x, y, (unsigned char)pen.letter, pen.role);
        return;
    }
    unsigned dots = glyph_dots(c->cell[(size_t)y * (size_t)c->w + (size_t)x].glyph);
    dots |= glyph_dot(dx % GLYPH_DOTS_WIDE, dy % GLYPH_DOTS_HIGH);
    canvas_put(c, x, y, glyph_from_dots(dots), pen.role);
}

/* Cuts the part [*from, *to] of a way from a to a + d down to where it lies in [0, limit]. */
static bool cut(double a, double d, double limit, double *from, double *to) {
    if (d == 0)
        return a >= 0 && a <= limit;
    double enter = (d > 0 ? 0 - a : limit - a) / d, leave = (d > 0 ? limit - a : 0 - a) / d;
    *from = fmax(*from, enter);
    *to = fmin(*to, leave);
    return *from <= *to;
}

/* Dots from a to b, cut at the edges. Every other three are left out of a dashed line; `walked` counts over all of it.
 */
static void draw_way(const struct plot *p, struct plot_pen pen, double ax, double ay, double bx, double by,
                     int *walked) {
    double dx = bx - ax, dy = by - ay, from = 0, to = 1;
    if (!cut(ax, dx, p->in.w * GLYPH_DOTS_WIDE - 1, &from, &to) ||
        !cut(ay, dy, p->in.h * GLYPH_DOTS_HIGH - 1, &from, &to))
        return;
    int n = (int)ceil((to - from) * fmax(fabs(dx), fabs(dy)));
    for (int i = 0; i <= n; i++) {
        double t = n > 0 ? from + (to - from) * i / n : from;
        bool gap = pen.dashed && p->canvas->glyphs != GLYPHS_ASCII && (*walked)++ / 3 % 2;
        if (!gap)
            put_dot(p, pen, (int)floor(ax + t * dx + 0.5), (int)floor(ay + t * dy + 0.5));
    }
}

void plot_line(struct plot *p, struct plot_pen pen, int n, const double *x, const double *y) {
    double last_x = NAN, last_y = NAN;
    int walked = 0;
    for (int i = 0; i < n; i++) {
        double at_x = dot_x(p, x[i]), at_y = dot_y(p, y[i]);
        bool known = isfinite(at_x) && isfinite(at_y);
        if (known && isnan(last_x))
            draw_way(p, pen, at_x, at_y, at_x, at_y, &walked);
        else if (known)
            draw_way(p, pen, last_x, last_y, at_x, at_y, &walked);
        last_x = known ? at_x : NAN;
        last_y = at_y;
    }
}

/* --- marks --- */

void plot_mark(struct plot *p, double x, double y, uint32_t glyph, const char *label, enum plot_side side,
               enum role role) {
    int column, row, w = label ? text_width(label) : 0;
    if (!plot_place(p, x, y, &column, &row))
        return;
    bool right = column + w < p->in.x + p->in.w, left = column - w >= p->in.x;
    canvas_put(p->canvas, column, row, glyph, role);
    if (w > 0)
        canvas_text(p->canvas, right && (side == PLOT_RIGHT || !left) ? column + 1 : column - w, row, w, label, role);
}

void plot_upright(struct plot *p, double x, const char *label, enum role role) {
    int column, row, w = text_width(label);
    if (!plot_place(p, x, p->y.low, &column, &row))
        return;
    for (int y = 0; y < p->in.h; y++)
        canvas_put(p->canvas, column, p->in.y + y, 0x250A, role); /* ┊ */
    canvas_text(p->canvas, column + 1 + w <= p->in.x + p->in.w ? column + 1 : column - w, p->in.y, w, label, role);
}
