#include "tui/slots.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/compare.h"
#include "tui/wrap.h"

/* --- both at once --- */

static void apply_both(struct ui *u, const struct scenario next[SLOT_COUNT], const char *what) {
    unsigned slots = session_edit_both(u->session, next);
    if (slots)
        ui_update(u, slots);
    ui_say(u, false, "%s%s", what, slots ? "" : ": they are alike already");
}

void slots_swap(struct ui *u) {
    const struct scenario next[SLOT_COUNT] = {*session_scenario(u->session, SLOT_B), *session_scenario(u->session, SLOT_A)};
    apply_both(u, next, "A and B exchanged");
}

void slots_copy(struct ui *u) {
    const int from = u->view.edited;
    const struct scenario next[SLOT_COUNT] = {*session_scenario(u->session, from), *session_scenario(u->session, from)};
    apply_both(u, next, from == SLOT_A ? "A copied onto B" : "B copied onto A");
}

/* --- locks --- */

bool slots_locked(const struct ui *u, int field) {
    return u->locked >> field & 1;
}

void slots_toggle_lock(struct ui *u, int field) {
    u->locked ^= UINT64_C(1) << field;
    ui_say(u, false, "%s %s", scenario_fields[field].label,
           slots_locked(u, field) ? "locked: a change in A or B changes both" : "free again");
}

void slots_follow_locks(const struct ui *u, const struct scenario *next, struct scenario *other) {
    char was[VALUE_LEN], now[VALUE_LEN], err[ERROR_LEN];
    *other = *session_scenario(u->session, 1 - u->view.edited);
    for (int i = 0; i < FIELD_COUNT; i++) {
        const struct field *f = &scenario_fields[i];
        if (!slots_locked(u, i))
            continue;
        scenario_print(ui_scenario(u), f, was);
        if (strcmp(was, scenario_print(next, f, now)) != 0)
            scenario_parse(other, f, now, err); /* it was a value of this field already */
    }
}

/* --- searches --- */

/* With a digit more than panes show: it must be seen on which side of a limit a figure is. */
static void print_figure(const struct estimate_field *f, double value, char *buf, size_t size) {
    text_add(buf, size, "%.4g%s%s", value, f->unit && *f->unit ? " " : "", f->unit ? f->unit : "");
}

/* "batch 32 → 118": the fields that differ, with their values after defaults. */
static void print_changes(const struct ui *u, const struct scenario *was, const struct deployment *then, char *buf, size_t size) {
    char a[VALUE_LEN], b[VALUE_LEN];
    int n = 0;
    for (int i = 0; i < FIELD_COUNT; i++) {
        const struct field *f = &scenario_fields[i];
        if (strcmp(scenario_print(was, f, a), scenario_print(ui_scenario(u), f, b)) == 0)
            continue;
        deployment_print(then, was, f, a);
        deployment_print(ui_deployment(u), ui_scenario(u), f, b);
        if (strcmp(a, b) != 0)
            text_add(buf, size, "%s%s %.20s → %.20s", n++ ? ", " : "", f->id, *a ? a : "none", *b ? b : "none");
    }
    if (n == 0)
        text_add(buf, size, "stays as it is");
}

/* Takes what a search found; the message says what changed, then `rest`. */
static bool adopt(struct ui *u, const struct found *found, const char *rest) {
    const struct scenario was = *ui_scenario(u);
    const struct deployment then = *ui_deployment(u);
    char text[MESSAGE_LEN];
    snprintf(text, sizeof text, "%s: ", slot_names[u->view.edited]);
    if (!ui_apply(u, &found->scenario))
        return false;
    print_changes(u, &was, &then, text, sizeof text);
    ui_say(u, false, "%s; %s", text, rest);
    return true;
}

static bool refuse_goal(struct ui *u, const struct goal *g, bool layout, double best) {
    char text[MESSAGE_LEN] = "";
    if (layout && ui_deployment(u)->mode != MODE_AGGREGATED) {
        ui_say(u, true, "layouts of two pools are not searched; `:mode aggregated` first, or search the batch");
        return false;
    }
    print_figure(g->figure, g->limit, text, sizeof text);
    ui_say(u, true, "no %s keeps %s %s", layout ? "layout" : "batch", g->figure->label, text);
    if (!isnan(best)) {
        text[0] = '\0';
        print_figure(g->figure, best, text, sizeof text);
        text_add(u->message, sizeof u->message, ": the best is %s", text);
    }
    if (!layout && ui_deployment(u)->mode == MODE_AGGREGATED)
        text_add(u->message, sizeof u->message, "; add `layout` to search those");
    return false;
}

bool slots_seek_goal(struct ui *u, const struct goal *g, bool layout) {
    struct found found;
    char rest[MESSAGE_LEN] = "";
    bool ok = layout ? goal_find_layout(&u->explorer, ui_scenario(u), g, &found)
                     : goal_find_batch(&u->explorer, ui_scenario(u), g, &found);
    if (!ok)
        return refuse_goal(u, g, layout, found.value);
    text_add(rest, sizeof rest, "%s ", g->figure->label);
    print_figure(g->figure, found.value, rest, sizeof rest);
    if (!layout && found.ends_at_room)
        text_add(rest, sizeof rest, ", where the room for sequences ends");
    else if (!layout) {
        text_add(rest, sizeof rest, ", one sequence more ");
        print_figure(g->figure, found.beyond, rest, sizeof rest);
    }
    if (layout && !isnan(found.cost) && g->figure != &estimate_fields[E_COST_M_OUT]) {
        text_add(rest, sizeof rest, ", output ");
        print_figure(&estimate_fields[E_COST_M_OUT], found.cost, rest, sizeof rest);
    }
    return adopt(u, &found, rest);
}

static bool refuse_equal(struct ui *u, const struct equal_row *row, bool unknown) {
    const char *edited = slot_names[u->view.edited], *other = slot_names[1 - u->view.edited];
    if (unknown)
        ui_say(u, true, "%s of %s is not known, so nothing can be made equal to it", row->id, other);
    else
        ui_say(u, true, "no %s gives %s a %s to compare", scenario_fields[row->field].id, edited, row->id);
    return false;
}

bool slots_make_equal(struct ui *u, const struct equal_row *row) {
    static const struct estimate_field gpus = {.id = "gpus", .label = "GPUs"};
    const struct slot_view *other = &u->view.slot[1 - u->view.edited];
    const struct estimate_field *figure = row->figure == E_FEASIBLE ? NULL : &estimate_fields[row->figure];
    double target = figure ? compare_value(&other->now, row->figure) : other->deployment.gpus;
    struct found found;
    char rest[MESSAGE_LEN] = "";
    if (isnan(target))
        return refuse_equal(u, row, true);
    if (!goal_make_equal(&u->explorer, ui_scenario(u), row, target, &found))
        return refuse_equal(u, row, false);
    if (!figure)
        figure = &gpus;
    text_add(rest, sizeof rest, "%s ", figure->label);
    print_figure(figure, found.value, rest, sizeof rest);
    text_add(rest, sizeof rest, " beside %s's ", slot_names[1 - u->view.edited]);
    print_figure(figure, target, rest, sizeof rest);
    return adopt(u, &found, rest);
}
