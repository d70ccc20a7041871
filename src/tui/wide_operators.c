/* The operators of a step: what each costs and what bounds it, A beside B. */
#include <math.h>
#include <stdio.h>

#include "tui/digits.h"
#include "tui/ui_state.h"
#include "tui/wide.h"
#include "tui/wrap.h"

/* A decode step first, then the prefill of one prompt. */
enum { PHASES = 2 };

static const char *const phase_names[PHASES] = {"decode step", "prefill"};

static const struct step *step_of(const struct ui *u, int slot, int phase) {
    const struct estimate *e = &u->view.slot[slot].now;
    return !e->feasible ? NULL : phase == 0 ? &e->decode : &e->prefill;
}

static bool has_op(const struct ui *u, int phase, int kind) {
    for (int i = 0; i < SLOT_COUNT; i++) {
        const struct step *s = step_of(u, i, phase);
        if (s && s->op[kind].calls > 0)
            return true;
    }
    return false;
}

/* Row i: a phase's heading (kind -1) or one of its operators. Returns the number of rows where i is past them. */
static int find_row(const struct ui *u, int i, int *phase, int *kind) {
    int n = 0;
    for (int p = 0; p < PHASES; p++)
        for (int k = -1; k < OP_COUNT; k++) {
            if (k >= 0 && !has_op(u, p, k))
                continue;
            if (n++ != i)
                continue;
            *phase = p;
            *kind = k;
            return n;
        }
    return n;
}

static int operators_count(const struct ui *u) {
    int phase, kind;
    return find_row(u, -1, &phase, &kind);
}

struct columns_of_slot {
    int ms, share, bound, bound_w;
};

enum { NAME_W = 15, MS_W = 8, MS_WHOLE = 4, SHARE_W = 7, SLOT_MAX_W = 36 };

static struct columns_of_slot columns(struct rect r, int slot) {
    int w = (r.w - NAME_W) / SLOT_COUNT;
    w = w < SLOT_MAX_W ? w : SLOT_MAX_W;
    int x = r.x + NAME_W + slot * w;
    return (struct columns_of_slot){x, x + MS_W, x + MS_W + SHARE_W + 1, w - MS_W - SHARE_W - 2};
}

static void operators_head(const struct ui *u, struct canvas *c, struct rect r) {
    (void)u;
    for (int i = 0; i < SLOT_COUNT; i++) {
        struct columns_of_slot at = columns(r, i);
        char text[8];
        snprintf(text, sizeof text, "%s ms", slot_names[i]);
        canvas_text_right(c, at.ms, r.y, MS_W - 2, text, view_slot_role(i));
        canvas_text_right(c, at.share, r.y, SHARE_W, "share", ROLE_HEADING);
        if (at.bound_w >= 6)
            canvas_text(c, at.bound, r.y, at.bound_w, "bound", ROLE_HEADING);
    }
}

/* On one decimal point in all rows. */
static void draw_ms(struct canvas *c, int x, int y, double seconds) {
    struct digits d;
    digits_split(1e3 * seconds, DIGITS_REAL, MS_WHOLE, &d);
    canvas_text_right(c, x, y, MS_WHOLE, d.whole, isnan(seconds) ? ROLE_DIM : ROLE_VALUE);
    canvas_text(c, x + MS_WHOLE, y, MS_W - MS_WHOLE, d.rest, ROLE_VALUE);
}

static void draw_total(const struct ui *u, int phase, struct canvas *c, struct rect r, int slot) {
    const struct step *s = step_of(u, slot, phase);
    draw_ms(c, columns(r, slot).ms, r.y, s ? s->seconds : NAN);
}

static void draw_op(const struct step *s, int kind, struct canvas *c, struct rect r, int slot) {
    struct columns_of_slot at = columns(r, slot);
    char text[DIGITS_LEN];
    if (!s || !(s->op[kind].calls > 0)) {
        draw_ms(c, at.ms, r.y, NAN);
        return;
    }
    const struct op *op = &s->op[kind];
    double seconds = op->calls * op->seconds;
    draw_ms(c, at.ms, r.y, seconds);
    digits_print(seconds / s->seconds, DIGITS_PERCENT, text);
    text_add(text, sizeof text, " %%");
    canvas_text_right(c, at.share, r.y, SHARE_W, text, ROLE_UNIT);
    if (at.bound_w >= 6)
        canvas_text(c, at.bound, r.y, at.bound_w, bound_names[op->bound], ROLE_DIM);
}

static void operators_row(const struct ui *u, int i, struct canvas *c, struct rect r, bool selected) {
    int phase = 0, kind = 0;
    find_row(u, i, &phase, &kind);
    const char *name = kind < 0 ? phase_names[phase] : op_names[kind];
    canvas_text(c, r.x, r.y, 1, selected ? "▸" : " ", ROLE_FRAME_FOCUS);
    canvas_text(c, r.x + 1, r.y, NAME_W - 1, name,
                selected ? ROLE_SELECTED : kind < 0 ? ROLE_HEADING : ROLE_LABEL);
    for (int slot = 0; slot < SLOT_COUNT; slot++)
        if (kind < 0)
            draw_total(u, phase, c, r, slot);
        else
            draw_op(step_of(u, slot, phase), kind, c, r, slot);
}

/* "A: 32 × 4.21 us, 84.1 MB read, 1.3 GFLOP, 0 MB sent: memory 91 %, launch 9 %." */
static void describe_op(const struct op *op, const char *name, char *buf, size_t size) {
    char calls[DIGITS_LEN], us[DIGITS_LEN], mb[DIGITS_LEN], gflop[DIGITS_LEN], share[DIGITS_LEN];
    text_add(buf, size, "%s%s: %s × %s us, each %s MB of memory traffic, %s GFLOP", *buf ? " " : "", name,
             digits_print(op->calls, DIGITS_COUNT, calls), digits_print(1e6 * op->seconds, DIGITS_REAL, us),
             digits_print(op->bytes / 1e6, DIGITS_REAL, mb), digits_print(op->flop / 1e9, DIGITS_REAL, gflop));
    if (op->comm_bytes > 0)
        text_add(buf, size, ", %s MB sent", digits_print(op->comm_bytes / 1e6, DIGITS_REAL, mb));
    const char *mark = ": ";
    for (int b = BOUND_MEMORY; b < BOUND_COUNT; b++) {
        if (!(op->part[b] > 0.005 * op->seconds))
            continue;
        text_add(buf, size, "%s%s %s %%", mark, bound_names[b],
                 digits_print(op->part[b] / op->seconds, DIGITS_PERCENT, share));
        mark = ", ";
    }
    text_add(buf, size, ".");
}

static void operators_note(const struct ui *u, int i, char *buf, size_t size) {
    int phase = 0, kind = 0;
    find_row(u, i, &phase, &kind);
    for (int slot = 0; slot < SLOT_COUNT; slot++) {
        const struct step *s = step_of(u, slot, phase);
        char text[VIEW_TEXT];
        if (!s)
            text_add(buf, size, "%s%s: %s.", *buf ? " " : "", slot_names[slot],
                     view_limit_text(&u->view, slot, VIEW_TEXT, text));
        else if (kind < 0)
            text_add(buf, size, "%s%s: %s.", *buf ? " " : "", slot_names[slot],
                     phase == 0 ? "one step of the resident sequences, no prefill inside"
                                : "alone on the engine, without waiting");
        else if (s->op[kind].calls > 0)
            describe_op(&s->op[kind], slot_names[slot], buf, size);
    }
}

/* How the step that the row belongs to comes about, for the scenario under edit. */
static void operators_enter(struct ui *u, int i) {
    int phase = 0, kind = 0;
    find_row(u, i, &phase, &kind);
    overlay_open_working(u, phase == 0 ? E_DECODE_STEP_MS : E_PREFILL_MS, u->view.edited);
}

const struct wide_ops wide_operators = {
    .id = "operators",
    .title = "Operators",
    .count = operators_count,
    .head = operators_head,
    .row = operators_row,
    .note = operators_note,
    .enter = operators_enter,
};
