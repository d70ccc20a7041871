/* One field of the edited scenario, one key at a time. */
#include <math.h>
#include <string.h>

#include "tui/ui_state.h"

enum { COARSE_STEPS = 10, COARSE_DOUBLINGS = 3 };

static int choice_index(const struct ui *u, const struct field *f, const char *value, int *count) {
    int found = -1, i = 0;
    const char *id;
    for (; (id = catalog_choice(u->catalog, f, ui_deployment(u)->model, (size_t)i)) != NULL; i++)
        if (strcmp(id, value) == 0)
            found = i;
    *count = i;
    return found;
}

/* The next choice; a value that is no preset (a path) is left for the first one. */
static void step_choice(struct ui *u, const struct field *f, enum stride stride, int direction) {
    char value[VALUE_LEN], err[ERROR_LEN];
    struct scenario next = *ui_scenario(u);
    int count, at = choice_index(u, f, deployment_print(ui_deployment(u), &next, f, value), &count);
    int to = stride == STEP_LIMIT ? (direction < 0 ? 0 : count - 1)
                                  : at + direction * (stride == STEP_COARSE ? COARSE_STEPS / 2 : 1);
    if (count == 0) {
        ui_say(u, false, "%s: type %s", f->label, field_range(f, value));
        return;
    }
    if (at < 0 && stride != STEP_LIMIT)
        to = 0;
    to = to < 0 ? 0 : to >= count ? count - 1 : to;
    if (to == at)
        return;
    if (scenario_parse(&next, f, catalog_choice(u->catalog, f, ui_deployment(u)->model, (size_t)to), err))
        ui_apply(u, &next);
    else
        ui_say(u, true, "%s", err);
}

static double power_of_two(double v, int direction) {
    double p = direction > 0 ? exp2(floor(log2(v)) + 1) : exp2(ceil(log2(v)) - 1);
    return p;
}

static double step_log2(const struct field *f, double v, enum stride stride, int direction) {
    if (stride == STEP_FINE)
        return v + direction * (f->type == FIELD_INTEGER ? 1 : f->step);
    if (v <= 0) /* off: a step turns it on, halving down to less than 1 turns it off */
        return direction > 0 ? f->step : f->min;
    for (int i = 0; i < (stride == STEP_COARSE ? COARSE_DOUBLINGS : 1); i++)
        v = power_of_two(v, direction);
    return v < 1 && f->type == FIELD_INTEGER ? f->min : v;
}

/* On a linear scale the result is a whole number of steps from 0, so that 0.1 + 0.2 stays 0.3. */
static double step_linear(const struct field *f, double v, enum stride stride, int direction) {
    double size = stride == STEP_FINE ? (f->type == FIELD_INTEGER ? 1 : f->step / 10) : f->step;
    double steps = v / size, grid = floor(steps + 0.5);
    if (fabs(steps - grid) > 1e-6) /* between two: the next one in that direction */
        grid = direction > 0 ? floor(steps) : ceil(steps);
    double to = (grid + direction * (stride == STEP_COARSE ? COARSE_STEPS : 1)) * size;
    return floor(to * 1e6 + 0.5) / 1e6;
}

/* Where a slider without a value starts: in the middle of its scale. */
static double middle(const struct field *f) {
    return f->scale == SCALE_LOG2 ? exp2(floor(log2(sqrt(f->min * f->max)))) : f->step;
}

static double stepped(const struct field *f, double v, enum stride stride, int direction) {
    double lowest = f->open_min ? f->min + f->step : f->min;
    if (stride == STEP_LIMIT)
        return direction < 0 ? lowest : f->max;
    if (isnan(v))
        return middle(f);
    double to =
        f->scale == SCALE_LOG2 ? step_log2(f, v, stride, direction) : step_linear(f, v, stride, direction);
    if (to > f->max)
        to = f->max;
    if (to < f->min || (f->open_min && to <= f->min))
        to = v < lowest ? v : lowest;
    return to;
}

void edit_step(struct ui *u, enum stride stride, int direction) {
    const struct field *f = ui_field(u);
    char err[ERROR_LEN];
    if (f->type == FIELD_TEXT) {
        step_choice(u, f, stride, direction);
        return;
    }
    struct scenario next = *ui_scenario(u);
    double now = deployment_number(ui_deployment(u), f), to = stepped(f, now, stride, direction);
    if (to == now)
        return;
    if (scenario_set_number(&next, f, to, err))
        ui_apply(u, &next);
    else
        ui_say(u, true, "%s", err);
}

void edit_reset(struct ui *u, bool to_default) {
    const struct field *f = ui_field(u);
    const struct scenario *origin = session_origin(u->session, u->view.edited);
    struct scenario next = *ui_scenario(u);
    char text[VALUE_LEN], err[ERROR_LEN];
    if (to_default)
        scenario_set_default(&next, f);
    else if (!scenario_parse(&next, f, scenario_print(origin, f, text), err))
        return;
    if (scenario_equal(&next, ui_scenario(u)))
        ui_say(u, false, "%s: %s already", f->label, to_default ? "at its default" : "as at the start");
    else
        ui_apply(u, &next);
}
