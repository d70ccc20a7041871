#include "tui/figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/catalog.h"
#include "core/compare.h"

enum { WIDE = 60, REST = 4, UNIT_AT = 19, APART = 8, APART_MIN = 74 }; /* APART_MIN: has room for B against A too */
/* Narrow panes: the width that has room for two intervals, and the cells of a whole part there ("12.3k"). */
enum { RANGE_MIN = 31, RANGE_ROOM = 3 };

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

const char *figures_short_of(const struct estimate *e, char *buf) {
    char used[DIGITS_LEN], capacity[DIGITS_LEN];
    double gb = e->limit_pool == POOL_PREFILL ? e->prefill_mem_gb : e->mem_gb;
    snprintf(buf, SHORT_LEN, "%s%sdoes not fit: %s of %s GB", pool_names[e->limit_pool],
             e->limit_pool == POOL_NONE ? "" : " pool ", digits_print(gb, DIGITS_REAL, used),
             digits_print(e->mem_capacity_gb, DIGITS_REAL, capacity));
    return buf;
}

bool figures_wide(int w) {
    return w >= WIDE;
}

struct columns figures_columns(int w) {
    struct columns k = {.whole = w >= 31 ? 6 : 5};
    bool apart = w >= APART_MIN;
    k.before = apart ? 8 : figures_wide(w) ? 10 : 0;
    k.cell = k.before + k.whole + REST + 1 + (apart ? 1 : figures_wide(w) ? 2 : 0);
    k.label = w - SLOT_COUNT * k.cell - (apart ? APART : 0);
    if (k.label > 26)
        k.label = 26;
    for (int i = 0; i < SLOT_COUNT; i++)
        k.x[i] = k.label + i * k.cell + k.before;
    k.apart = apart ? k.label + SLOT_COUNT * k.cell : 0;
    return k;
}

const char *figures_apart(const struct estimate *a, const struct estimate *b, enum estimate_field_id id, char *buf) {
    double from = figures_value(a, id), to = figures_value(b, id), ratio = to / from;
    *buf = '\0';
    if (!(from > 0) || !(to > 0) || estimate_fields[id].type != VALUE_NUMBER || id == E_SLO_OK)
        return buf;
    if (ratio >= 1000)
        snprintf(buf, APART_LEN, "×%.2g", ratio);
    else if (ratio >= 2 || ratio <= 0.5)
        snprintf(buf, APART_LEN, "×%.3g", ratio);
    else if (fabs(ratio - 1) >= 0.0005)
        snprintf(buf, APART_LEN, "%s%.*f %%", ratio > 1 ? "+" : "−", fabs(ratio - 1) < 0.0995 ? 1 : 0, 100 * fabs(ratio - 1));
    return buf;
}

/* Where the unit stands in a wide pane, behind a label of `used` cells: in a column of its own if the labels
 * leave one. */
static int unit_at(int w, int used, const char *unit) {
    int last = figures_columns(w).label - text_width(unit), at = last < UNIT_AT ? last : UNIT_AT;
    return at > used ? at : used + 1;
}

double figures_value(const struct estimate *e, enum estimate_field_id id) {
    return compare_value(e, id);
}

int figures_better(const struct estimate *a, const struct estimate *b, enum estimate_field_id id) {
    return compare_better(a, b, id);
}

bool figures_interval(const struct estimate *e, enum estimate_field_id id, double *lo, double *hi) {
    return compare_interval(e, id, lo, hi);
}

bool figures_certain(const struct estimate *a, const struct estimate *b, enum estimate_field_id id) {
    return compare_certain(a, b, id);
}

static bool has_interval(const struct view *v, enum estimate_field_id id) {
    double lo, hi;
    return figures_interval(&v->slot[SLOT_A].now, id, &lo, &hi) ||
           figures_interval(&v->slot[SLOT_B].now, id, &lo, &hi);
}

/* "28.1–38.4": in wide panes its end stands on the decimal point of the value, with the letter of its origin
 * beside it; in narrow ones the dashes stand where both intervals have room. */
static void draw_interval(const struct view *v, struct canvas *c, int x, int y, int w, const struct figure *f,
                          int slot) {
    const struct estimate *e = &v->slot[slot].now;
    struct columns k = figures_columns(w);
    struct digits from, to;
    char text[2 * DIGITS_LEN + 8];
    double lo, hi;
    int point = x + k.x[slot] + k.whole, room = figures_wide(w) ? k.whole : RANGE_ROOM;
    if (!figures_interval(e, f->id, &lo, &hi)) {
        canvas_text(c, point - 1, y, 1, "–", ROLE_DIM);
        return;
    }
    digits_split(lo, f->kind, room, &from);
    digits_split(hi, f->kind, room, &to);
    snprintf(text, sizeof text, "%s%s–%s%s", from.whole, from.rest, to.whole, to.rest);
    int before = text_width(from.whole) + text_width(from.rest);
    int dash = point - (figures_wide(w) ? text_width(to.whole) + 1 : SLOT_COUNT - slot);
    canvas_text(c, dash - before, y, text_width(text), text, ROLE_DIM);
    if (figures_wide(w)) {
        canvas_put(c, point + REST, y, (unsigned char)origin_names[compare_origin(e, f->id)][0], ROLE_DIM);
    }
}

static void draw_intervals(const struct view *v, struct canvas *c, int x, int y, int w,
                           const struct figure *f, bool focus) {
    const char *unit = estimate_fields[f->id].unit;
    int used = canvas_text(c, x, y, w, figures_wide(w) ? f->wide : f->label, focus ? ROLE_SELECTED : ROLE_DIM);
    if (figures_wide(w))
        canvas_text(c, x + unit_at(w, used, unit), y, w, unit, ROLE_DIM);
    for (int i = 0; i < SLOT_COUNT; i++)
        draw_interval(v, c, x, y, w, f, i);
}

/* --- rows --- */

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
    if (f->id == E_POOL_BOUND && !isnan(value))
        snprintf(out->whole, sizeof out->whole, "%s", pool_names[e->pool_bound]);
}

/* Whether the figure breaks the service level that is set for it. */
static bool breaks_limit(const struct slot_view *s, enum estimate_field_id id) {
    double limit = id == E_TTFT_MS   ? s->deployment.slo_ttft_s
                   : id == E_TPOT_MS ? s->deployment.slo_tpot_s
                                     : NAN;
    return figures_value(&s->now, id) > limit * 1000; /* false when either is unknown */
}

static void draw_value(const struct view *v, struct canvas *c, int x, int y, const struct columns *k,
                       const struct figure *f, int slot, bool better, bool certain) {
    const struct slot_view *s = &v->slot[slot];
    struct digits now, was;
    split_value(&s->now, f, k, &now);
    split_value(&s->before, f, k, &was);
    bool moved = s->changed && (strcmp(now.whole, was.whole) != 0 || strcmp(now.rest, was.rest) != 0);
    bool unknown = isnan(figures_value(&s->now, f->id)), late = breaks_limit(s, f->id);
    enum role role = unknown             ? ROLE_DIM
                     : late              ? ROLE_WARN
                     : moved             ? ROLE_CHANGED
                     : better && certain ? ROLE_BETTER
                                         : ROLE_VALUE;

    int start = x + k->whole - text_width(now.whole);
    canvas_text(c, start, y, k->whole + 2, now.whole, role);
    canvas_text(c, x + k->whole, y, REST + 2, now.rest, role);
    if (moved && !unknown && !isnan(figures_value(&s->before, f->id)))
        draw_before(c, x, y, k, &was);
    if (late || better)
        canvas_text(c, x + k->whole + REST, y, 1,
                    late      ? "!"
                    : certain ? "●"
                              : "○",
                    late ? ROLE_WARN : ROLE_BETTER);
}

/* In narrow panes the label may run into the blank cells before the first value; a unit without room is left
 * out. */
static void draw_label(const struct view *v, struct canvas *c, int x, int y, int w, const struct figure *f, bool focus) {
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
    int used = canvas_text(c, x, y, room, label, focus ? ROLE_SELECTED : ROLE_LABEL);
    int at = figures_wide(w) && unit ? unit_at(w, used, unit) : used + 1;
    if (unit && at + text_width(unit) <= room)
        canvas_text(c, x + at, y, room - at, unit, ROLE_UNIT);
}

void figures_row(const struct view *v, struct canvas *c, int x, int y, int w, const struct figure *f) {
    const struct estimate *a = &v->slot[SLOT_A].now, *b = &v->slot[SLOT_B].now;
    struct columns k = figures_columns(w);
    int better = f->plain ? -1 : figures_better(a, b, f->id);
    bool focus = view_note_row(v, f->id, f->interval, x, y);
    if (f->interval) {
        draw_intervals(v, c, x, y, w, f, focus);
        return;
    }
    draw_label(v, c, x, y, w, f, focus);
    for (int i = 0; i < SLOT_COUNT; i++)
        draw_value(v, c, x + k.x[i], y, &k, f, i, better == i, figures_certain(a, b, f->id));
    char apart[APART_LEN];
    if (k.apart)
        canvas_text_right(c, x + k.apart, y, APART - 1, figures_apart(a, b, f->id, apart), ROLE_DIM);
}

/* Whether a scenario has this field at another value than the table's default. */
static bool uses(const struct view *v, enum field_id id) {
    const struct field *f = &scenario_fields[id];
    for (int i = 0; i < SLOT_COUNT; i++) {
        double value = deployment_number(&v->slot[i].deployment, f);
        if (deployment_reads(&v->slot[i].deployment, f) && !isnan(value) && !(f->default_text && value == strtod(f->default_text, NULL)))
            return true;
    }
    return false;
}

static bool exceeds(const struct view *v, const struct figure *f) {
    for (int i = 0; i < SLOT_COUNT; i++)
        if (f->above > 0 && figures_value(&v->slot[i].now, f->id) > f->above)
            return true;
    return false;
}

/* Whether a row says anything at this width. */
static bool says_something(const struct view *v, const struct figure *f, int w) {
    if (f->use && !uses(v, f->use) && !exceeds(v, f))
        return false;
    return !f->interval || (w >= RANGE_MIN && has_interval(v, f->id));
}

int figures_rows(const struct view *v, const struct figure *rows, int n, int w) {
    int count = 0;
    for (int i = 0; i < n; i++)
        count += says_something(v, &rows[i], w);
    return count;
}

/* How many of the rows go before this one where there is not room for all. */
static int count_before(const struct view *v, const struct figure *rows, int n, int row, int w) {
    int before = 0;
    for (int i = 0; i < n; i++)
        if (says_something(v, &rows[i], w) &&
            (rows[i].rank < rows[row].rank || (rows[i].rank == rows[row].rank && i < row)))
            before++;
    return before;
}

int figures_draw(const struct view *v, struct canvas *c, struct rect r, const struct figure *rows, int n) {
    int y = 0;
    for (int i = 0; i < n; i++)
        if (says_something(v, &rows[i], r.w) && count_before(v, rows, n, i, r.w) < r.h)
            figures_row(v, c, r.x, r.y + y++, r.w, &rows[i]);
    return y;
}

void figures_head(const struct view *v, struct canvas *c, int x, int y, int w) {
    struct columns k = figures_columns(w);
    for (int i = 0; i < SLOT_COUNT; i++) {
        int at = x + k.x[i] + k.whole - 2;
        canvas_put(c, at, y, ' ', ROLE_FRAME);
        canvas_text(c, at + 1, y, 1, slot_names[i], view_slot_role(i));
        canvas_put(c, at + 2, y, v->edited == i ? 0x25C2 : ' ', view_slot_role(i)); /* ◂ under edit */
    }
    if (k.apart)
        canvas_text(c, x + k.apart + APART - 6, y, 5, " B/A ", ROLE_DIM);
}
