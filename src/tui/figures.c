#include "tui/figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDE = 60, REST = 4, UNIT_AT = 19 };

const char *const slot_names[SLOT_COUNT] = {"A", "B"};

enum role view_slot_role(int slot) {
    return slot == SLOT_A ? ROLE_SLOT_A : ROLE_SLOT_B;
}

int view_mend_slot(const struct view *v) {
    int other = 1 - v->edited;
    if (!v->slot[v->edited].now.feasible)
        return v->edited;
    return v->slot[other].now.feasible ? -1 : other;
}

bool figures_wide(int w) {
    return w >= WIDE;
}

struct columns figures_columns(int w) {
    struct columns k = {.whole = w >= 31 ? 6 : 5};
    k.before = figures_wide(w) ? 10 : 0;
    k.cell = k.before + k.whole + REST + 1 + (figures_wide(w) ? 2 : 0);
    k.label = w - SLOT_COUNT * k.cell;
    if (k.label > 26)
        k.label = 26;
    for (int i = 0; i < SLOT_COUNT; i++)
        k.x[i] = k.label + i * k.cell + k.before;
    return k;
}

double figures_value(const struct estimate *e, enum estimate_field_id id) {
    const struct estimate_field *f = &estimate_fields[id];
    bool earned = f->class == VALUE_ALWAYS || f->class == VALUE_MEMORY;
    return e->feasible || earned ? estimate_number(e, f) : NAN;
}

int figures_better(const struct estimate *a, const struct estimate *b, enum estimate_field_id id) {
    enum better better = estimate_fields[id].better;
    double x = figures_value(a, id), y = figures_value(b, id);
    if (better == BETTER_NONE || isnan(x) || isnan(y) || !a->feasible || !b->feasible)
        return -1;
    if (fabs(x - y) <= 0.005 * fmax(fabs(x), fabs(y)))
        return -1;
    return (x < y) == (better == BETTER_LOWER) ? SLOT_A : SLOT_B;
}

static void draw_before(struct canvas *c, int x, int y, const struct columns *k, const struct digits *was) {
    char text[DIGITS_LEN + 8];
    if (k->before == 0)
        return;
    snprintf(text, sizeof text, "%s%s →", was->whole, was->rest);
    canvas_text_right(c, x - k->before, y, k->before, text, ROLE_DIM);
}

static void split_value(const struct estimate *e, const struct figure *f, const struct columns *k,
                        struct digits *out) {
    double value = figures_value(e, f->id);
    digits_split(value, f->kind, k->whole, out);
    if (f->id == E_SLO_OK && !isnan(value))
        snprintf(out->whole, sizeof out->whole, "%s", value > 0 ? "met" : "missed");
}

/* Whether the figure breaks the service level that is set for it. */
static bool breaks_limit(const struct slot_view *s, enum estimate_field_id id) {
    double limit = id == E_TTFT_MS   ? s->deployment.slo_ttft_s
                   : id == E_TPOT_MS ? s->deployment.slo_tpot_s
                                     : NAN;
    return figures_value(&s->now, id) > limit * 1000; /* false when either is unknown */
}

static void draw_value(const struct view *v, struct canvas *c, int x, int y, const struct columns *k,
                       const struct figure *f, int slot, bool better) {
    const struct slot_view *s = &v->slot[slot];
    struct digits now, was;
    split_value(&s->now, f, k, &now);
    split_value(&s->before, f, k, &was);
    bool moved = s->changed && (strcmp(now.whole, was.whole) != 0 || strcmp(now.rest, was.rest) != 0);
    bool unknown = isnan(figures_value(&s->now, f->id)), late = breaks_limit(s, f->id);
    enum role role = unknown  ? ROLE_DIM
                     : late   ? ROLE_WARN
                     : moved  ? ROLE_CHANGED
                     : better ? ROLE_BETTER
                              : ROLE_VALUE;

    int start = x + k->whole - text_width(now.whole);
    canvas_text(c, start, y, k->whole + 2, now.whole, role);
    canvas_text(c, x + k->whole, y, REST + 2, now.rest, role);
    if (moved && !unknown && !isnan(figures_value(&s->before, f->id)))
        draw_before(c, x, y, k, &was);
    if (late || better)
        canvas_text(c, x + k->whole + REST, y, 1, late ? "!" : "●", late ? ROLE_WARN : ROLE_BETTER);
}

/* In narrow panes the label may run into the blank cells before the first value; a unit without room is left
 * out. */
static void draw_label(const struct view *v, struct canvas *c, int x, int y, int w, const struct figure *f) {
    const struct estimate_field *e = &estimate_fields[f->id];
    struct columns k = figures_columns(w);
    struct digits first;
    const char *label = f->label, *unit = f->kind == DIGITS_PERCENT ? "%" : f->unit;
    split_value(&v->slot[SLOT_A].now, f, &k, &first);
    int room = k.x[SLOT_A] + k.whole - text_width(first.whole) - 1;
    if (figures_wide(w)) {
        room = k.label;
        label = f->wide ? f->wide : e->label;
        unit = !f->unit || f->kind == DIGITS_PERCENT ? unit : e->unit;
    }
    int used = canvas_text(c, x, y, room, label, ROLE_LABEL);
    int at = figures_wide(w) && used < UNIT_AT ? UNIT_AT : used + 1;
    if (unit && at + text_width(unit) <= room)
        canvas_text(c, x + at, y, room - at, unit, ROLE_UNIT);
}

void figures_row(const struct view *v, struct canvas *c, int x, int y, int w, const struct figure *f) {
    struct columns k = figures_columns(w);
    int better = f->plain ? -1 : figures_better(&v->slot[SLOT_A].now, &v->slot[SLOT_B].now, f->id);
    draw_label(v, c, x, y, w, f);
    for (int i = 0; i < SLOT_COUNT; i++)
        draw_value(v, c, x + k.x[i], y, &k, f, i, better == i);
}

int figures_draw(const struct view *v, struct canvas *c, struct rect r, const struct figure *rows, int n) {
    int i = 0;
    for (; i < n && i < r.h; i++)
        figures_row(v, c, r.x, r.y + i, r.w, &rows[i]);
    return i;
}

void figures_head(const struct view *v, struct canvas *c, int x, int y, int w) {
    struct columns k = figures_columns(w);
    for (int i = 0; i < SLOT_COUNT; i++) {
        int at = x + k.x[i] + k.whole - 2;
        canvas_put(c, at, y, ' ', ROLE_FRAME);
        canvas_text(c, at + 1, y, 1, slot_names[i], view_slot_role(i));
        canvas_put(c, at + 2, y, v->edited == i ? 0x25C2 : ' ', view_slot_role(i)); /* ◂ under edit */
    }
}
