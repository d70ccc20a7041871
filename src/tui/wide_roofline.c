/* The operators of a step under the roof of their GPU: FLOP per byte against FLOP per second. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>

#include "core/roofline.h"
#include "tui/chart.h"
#include "tui/digits.h"
#include "tui/ui_state.h"
#include "tui/wide.h"
#include "tui/wrap.h"

/* What stands for an operator: capital for A, small for B. Those that move no memory have none. */
static const char letters[OP_COUNT] = {
    [OP_QKV] = 'Q',     [OP_ATTENTION] = 'A', [OP_ATTENTION_OUT] = 'O', [OP_FFN] = 'F',  [OP_ROUTER] = 'R',
    [OP_EXPERTS] = 'E', [OP_SHARED] = 'S',    [OP_NORM] = 'N',          [OP_HEAD] = 'H',
};

enum { PHASE_DECODE, PHASE_PREFILL, PHASES };

static const struct step *step_of(const struct ui *u, int slot) {
    const struct estimate *e = &u->view.slot[slot].now;
    return u->form[WIDE_ROOFLINE] == PHASE_DECODE ? &e->decode : &e->prefill;
}

static bool point_of(const struct ui *u, int slot, int kind, struct roof_point *out) {
    return u->view.slot[slot].now.feasible && letters[kind] && roof_point_make(&step_of(u, slot)->op[kind], out);
}

static struct roof roof_at(const struct ui *u, int slot) {
    return roof_of(&u->view.slot[slot].deployment);
}

static bool has_roof(const struct ui *u, int slot) {
    return u->view.slot[slot].now.feasible && roof_at(u, slot).ridge > 0;
}

static bool fit_axes(const struct ui *u, struct plot_axis *x, struct plot_axis *y) {
    struct roof_point p;
    for (int i = 0; i < SLOT_COUNT; i++) {
        if (!has_roof(u, i))
            continue;
        struct roof roof = roof_at(u, i);
        plot_include(x, 4 * roof.ridge); /* some of the level roof */
        plot_include(y, 1.5 * roof.peak);
        for (int k = 0; k < OP_COUNT; k++)
            if (point_of(u, i, k, &p)) {
                plot_include(x, p.intensity);
                plot_include(y, p.rate);
            }
    }
    bool known = plot_round(x);
    return plot_round(y) && known;
}

/* Both slots' roofs are one where their GPUs and formats are. */
static bool same_roof(const struct ui *u) {
    struct roof a = roof_at(u, SLOT_A), b = roof_at(u, SLOT_B);
    return has_roof(u, SLOT_A) && has_roof(u, SLOT_B) && a.peak == b.peak && a.bandwidth == b.bandwidth;
}

static void draw_roof(const struct ui *u, struct plot *p, int slot) {
    const struct roof roof = roof_at(u, slot);
    const double x[] = {p->x.low, roof.ridge, p->x.high};
    const double y[] = {roof_rate(&roof, x[0]), roof.peak, roof.peak};
    char text[CHART_NAME], number[DIGITS_LEN];
    bool same = same_roof(u);
    enum role role = same ? ROLE_FRAME : view_slot_role(slot);
    snprintf(text, sizeof text, " %s%sridge %s", same ? "" : slot_names[slot], same ? "" : " ",
             digits_print(roof.ridge, DIGITS_REAL, number));
    plot_line(p, (struct plot_pen){'-', role, slot == SLOT_B && !same}, 3, x, y);
    plot_mark(p, roof.ridge, roof.peak, 0x25C6, text, PLOT_RIGHT, role);
}

/* The slowest operator that is faster than `below`, or -1. */
static int next_slowest(const struct ui *u, int slot, double below, struct roof_point *out) {
    struct roof_point p;
    int found = -1;
    for (int k = 0; k < OP_COUNT; k++)
        if (point_of(u, slot, k, &p) && p.seconds < below && (found < 0 || p.seconds > out->seconds)) {
            found = k;
            *out = p;
        }
    return found;
}

static bool is_taken(const struct plot *p, int x, int y) {
    const struct canvas *c = p->canvas;
    uint32_t glyph = x < c->w && y < c->h ? c->cell[(size_t)y * (size_t)c->w + (size_t)x].glyph : ' ';
    return glyph < 127 && isalpha((int)glyph);
}

/* The letter in its cell, or the next that is free of letters beside it. */
static void put_letter(struct plot *p, const struct roof_point *at, char letter, enum role role) {
    static const int beside[] = {0, 1, -1, 2, -2, 3, -3};
    int x, y;
    if (!plot_place(p, at->intensity, at->rate, &x, &y))
        return;
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
        int to = x + beside[i];
        if (to < p->in.x || to >= p->in.x + p->in.w || is_taken(p, to, y))
            continue;
        canvas_put(p->canvas, to, y, (unsigned char)letter, role);
        return;
    }
}

/* What takes longest is drawn first, in the place that is its own; both slots in turn. */
static void draw_points(const struct ui *u, struct plot *p) {
    double below[SLOT_COUNT] = {INFINITY, INFINITY};
    for (int i = 0; i < SLOT_COUNT * OP_COUNT; i++) {
        int slot = i % SLOT_COUNT;
        struct roof_point at = {0};
        int kind = has_roof(u, slot) ? next_slowest(u, slot, below[slot], &at) : -1;
        if (kind < 0)
            continue;
        below[slot] = at.seconds;
        put_letter(p, &at, (char)(slot == SLOT_A ? letters[kind] : tolower(letters[kind])), view_slot_role(slot));
    }
}

/* "Q qkv, A attention ..." of the operators that either has. */
static void tell_letters(const struct ui *u, char *buf, size_t size) {
    struct roof_point p;
    *buf = '\0';
    for (int k = 0; k < OP_COUNT; k++)
        if (point_of(u, SLOT_A, k, &p) || point_of(u, SLOT_B, k, &p))
            text_add(buf, size, "%s%c %s", *buf ? ", " : "", letters[k], op_names[k]);
    text_add(buf, size, ". CAPITALS A, small B.");
}

static void roofline_draw(struct ui *u, struct canvas *c, struct rect r) {
    struct plot_axis x = plot_axis_new("FLOP per byte", true), y = plot_axis_new("FLOP/s", true);
    struct plot p;
    char key[WIDE_NOTE_LEN];
    tell_letters(u, key, sizeof key);
    int top = wrap_rows(r.w, key);
    struct rect inner = {r.x, r.y + top, r.w, r.h - top};
    if (!fit_axes(u, &x, &y) || plot_open(&p, c, inner, x, y) == 0) {
        canvas_text(c, r.x, r.y, r.w, "neither A nor B runs", ROLE_DIM);
        return;
    }
    wrap_text(c, (struct rect){r.x, r.y, r.w, top}, key, ROLE_LABEL);
    for (int i = same_roof(u) ? SLOT_A : SLOT_B; i >= 0; i--)
        if (has_roof(u, i))
            draw_roof(u, &p, i);
    draw_points(u, &p);
}

/* "A: experts, 84 % of the step, 7.99 FLOP/byte, 15.9 TFLOP/s, 5.1 % of the peak." */
static void tell_longest(const struct ui *u, int slot, char *buf, size_t size) {
    struct roof_point p = {0};
    char share[DIGITS_LEN], intensity[DIGITS_LEN], rate[DIGITS_LEN], of[DIGITS_LEN];
    int kind = has_roof(u, slot) ? next_slowest(u, slot, INFINITY, &p) : -1;
    if (kind < 0)
        return;
    text_add(buf, size, "%s%s: %s, %s %% of the step, %s FLOP/byte, %s TFLOP/s, %s %% of the peak.", *buf ? " " : "",
             slot_names[slot], op_names[kind],
             digits_print(p.seconds / step_of(u, slot)->seconds, DIGITS_PERCENT, share),
             digits_print(p.intensity, DIGITS_REAL, intensity), digits_print(p.rate / 1e12, DIGITS_REAL, rate),
             digits_print(p.rate / roof_at(u, slot).peak, DIGITS_PERCENT, of));
}

static void roofline_note(const struct ui *u, int i, char *buf, size_t size) {
    (void)i;
    for (int slot = 0; slot < SLOT_COUNT; slot++)
        tell_longest(u, slot, buf, size);
    text_add(buf, size, "%s%s; x turns to the other.", *buf ? " " : "",
             u->form[WIDE_ROOFLINE] == PHASE_DECODE ? "Decode step" : "Prefill");
}

static bool roofline_key(struct ui *u, int direction) {
    u->form[WIDE_ROOFLINE] = (u->form[WIDE_ROOFLINE] + direction + PHASES) % PHASES;
    return true;
}

const struct wide_ops wide_roofline = {
    .id = "roofline",
    .title = "Roofline",
    .draw = roofline_draw,
    .note = roofline_note,
    .key = roofline_key,
};
