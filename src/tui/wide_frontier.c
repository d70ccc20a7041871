/* Speed against cost: what each user gets against what a GPU gives or a token costs, over batch and layout. */
#include <math.h>

#include "explore/sweep.h"
#include "tui/chart.h"
#include "tui/digits.h"
#include "tui/ui_state.h"
#include "tui/wide.h"
#include "tui/wrap.h"

static void ask(const struct ui *u, void *job) {
    frontier_take(job, &u->explorer, session_scenario(u->session, SLOT_A), session_scenario(u->session, SLOT_B));
}

static const struct study_ops study = {sizeof(struct frontier), ask, frontier_work};

static const char *const titles[FRONTS] = {[FRONT_TOK_S_GPU] = "tok/s per GPU", [FRONT_COST] = "$/M output"};

struct line {
    double x[FRONT_MAX], y[FRONT_MAX];
};

static int line_of(const struct front_point *p, size_t n, int front, struct line *out) {
    for (size_t i = 0; i < n; i++) {
        out->x[i] = p[i].speed;
        out->y[i] = p[i].value[front];
    }
    return (int)n;
}

static void frontier_draw(struct ui *u, struct canvas *c, struct rect r) {
    const struct frontier *f = u->study[WIDE_FRONTIER].shown;
    const int front = u->form[WIDE_FRONTIER];
    struct chart h = {.x = plot_axis_new("tok/s per user", true), .y = plot_axis_new(titles[front], true)};
    struct line best[SLOT_COUNT], own[SLOT_COUNT];
    for (int i = 0; i < SLOT_COUNT; i++) {
        if (!f->sides.known[i])
            continue;
        int n = line_of(f->of[i].best[front], f->of[i].n_best[front], front, &best[i]);
        chart_add_line(&h, i, false, "", n, best[i].x, best[i].y);
        n = line_of(f->of[i].own, (size_t)f->of[i].n_own, front, &own[i]);
        chart_add_line(&h, i, true, "as set", n, own[i].x, own[i].y);
        chart_add_mark(&h, i, f->of[i].now.speed, f->of[i].now.value[front]);
    }
    chart_draw(&h, c, r, "neither A nor B runs in any layout");
}

/* The best that costs no user any speed, or NULL. The points come by falling speed and improving value. */
static const struct front_point *better_point(const struct frontier *f, int slot, int front) {
    const struct front_point *found = NULL;
    for (size_t i = 0; i < f->of[slot].n_best[front]; i++)
        if (f->of[slot].best[front][i].speed >= f->of[slot].now.speed)
            found = &f->of[slot].best[front][i];
    return found;
}

/* "A 494 → 520 tok/s per GPU at no less speed: tp 1 pp 2 dp 1 ep 1, batch 45." */
static void tell_better(const struct frontier *f, int slot, int front, char *buf, size_t size) {
    const struct front_point *p = better_point(f, slot, front), *now = &f->of[slot].now;
    char was[DIGITS_LEN], is[DIGITS_LEN];
    if (isnan(now->speed)) {
        text_add(buf, size, "%s%s does not run as it is set%s.", *buf ? " " : "", slot_names[slot],
                 f->of[slot].n_best[front] > 0 ? ", but in other layouts or at other batches"
                                               : ", nor in any other layout");
        return;
    }
    if (!p)
        return;
    double gain = front == FRONT_COST ? now->value[front] / p->value[front] : p->value[front] / now->value[front];
    text_add(buf, size, "%s%s: ", *buf ? " " : "", slot_names[slot]);
    if (gain < 1.005)
        text_add(buf, size, "no other layout or batch does better at its speed.");
    else
        text_add(buf, size, "%s → %s %s, no slower, with tp %d pp %d dp %d ep %d at batch %d.",
                 digits_print(now->value[front], DIGITS_REAL, was), digits_print(p->value[front], DIGITS_REAL, is),
                 front == FRONT_COST ? "$/M" : "tok/s/GPU", p->w.tp, p->w.pp, p->w.dp, p->w.ep, p->batch);
}

static void frontier_note(const struct ui *u, int i, char *buf, size_t size) {
    const struct frontier *f = u->study[WIDE_FRONTIER].shown;
    (void)i;
    for (int slot = 0; slot < SLOT_COUNT; slot++)
        tell_better(f, slot, u->form[WIDE_FRONTIER], buf, size);
    text_add(buf, size, "%sSolid: the best of every layout, batch 1 to 4096. x turns to %s.", *buf ? " " : "",
             u->form[WIDE_FRONTIER] == FRONT_COST ? "tok/s per GPU" : "$/M");
}

static bool frontier_key(struct ui *u, int direction) {
    u->form[WIDE_FRONTIER] = (u->form[WIDE_FRONTIER] + direction + FRONTS) % FRONTS;
    return true;
}

const struct wide_ops wide_frontier = {
    .id = "frontier",
    .title = "Speed against cost",
    .draw = frontier_draw,
    .note = frontier_note,
    .key = frontier_key,
    .study = &study,
};
