/* Imbalance: which experts a step reads, how unevenly, and what that really costs beside the article's rule.
 */
#include <math.h>
#include <stdio.h>

#include "tui/bars.h"
#include "tui/figures.h"
#include "tui/pane_parts.h"
#include "tui/wrap.h"

static const struct figure figures[] = {
    {E_LOAD_MAX_MEAN, "max load", "×", DIGITS_REAL, true},
    {E_LOAD_MAX_P95, "  p95", "×", DIGITS_REAL, true, .rank = 2},
    {E_RANK_MAX_MEAN, "GPU load", "×", DIGITS_REAL, true},
    {E_RANK_MAX_P95, "  p95", "×", DIGITS_REAL, true, .rank = 2},
    {E_RANK_MAX_BEFORE, "  before", "×", DIGITS_REAL, true, .use = F_REDUNDANT_EXPERTS},
    {E_RANKS_TOUCHED, "copies", "", DIGITS_REAL, false, .rank = 1, .use = F_DP},
    {E_IMBALANCE_LOSS, "loss", "%", DIGITS_PERCENT, true},
    {E_IMBALANCE_LOSS_ARTICLE, "  rule", "%", DIGITS_PERCENT, true, .rank = 1},
    {E_REDUNDANT_GB, "replicas", "GB", DIGITS_REAL, true, .use = F_REDUNDANT_EXPERTS},
    {E_REDUNDANT_KV_TOKENS, "KV lost", "tok", DIGITS_COUNT, true, .rank = 2, .use = F_REDUNDANT_EXPERTS},
    {E_REDUNDANT_BATCH, "  batch", "seq", DIGITS_COUNT, true, .rank = 3, .use = F_REDUNDANT_EXPERTS},
    {E_STEP_BEFORE_MS, "step was", "ms", DIGITS_REAL, true, .rank = 3, .use = F_REDUNDANT_EXPERTS},
    {E_REDUNDANT_GAIN, "  gain", "×", DIGITS_REAL, true, .use = F_REDUNDANT_EXPERTS},
};

enum { FIGURES = sizeof figures / sizeof *figures, TALLEST = 16, ROOMY = 10 };

static bool is_moe(const struct slot_view *s) {
    return s->now.feasible && s->now.n_loads > 0;
}

/* Both histograms on one scale. */
static double common_top(const struct view *v) {
    double top = 0;
    for (int i = 0; i < SLOT_COUNT; i++)
        if (is_moe(&v->slot[i]))
            top = fmax(top, v->slot[i].now.loads[0]);
    return top;
}

static void draw_loads(const struct view *v, struct canvas *c, struct rect r, int slot, double top) {
    const struct slot_view *s = &v->slot[slot];
    canvas_text(c, r.x, r.y + r.h - 1, 1, slot_names[slot], view_slot_role(slot));
    if (s->deployment.model && s->deployment.model->n_experts == 0)
        canvas_text(c, r.x + 2, r.y + r.h - 1, r.w - 2,
                    r.w < 42 ? "dense: reads every weight" : "dense: every weight is read every step",
                    ROLE_DIM);
    else
        bar_histogram(c, (struct rect){r.x + 2, r.y, r.w - 2, r.h}, s->now.loads, s->now.n_loads, top, 1,
                      ROLE_EXPERTS);
}

/* A tall histogram where there is room; a dense or impossible scenario takes one row. */
static int draw_histograms(const struct view *v, struct canvas *c, struct rect r) {
    double top = common_top(v);
    int moe = is_moe(&v->slot[SLOT_A]) + is_moe(&v->slot[SLOT_B]);
    int spare = r.h - (figures_rows(v, figures, FIGURES, r.w) + 3) - SLOT_COUNT;
    int tall = moe > 0 && spare > 0 ? 1 + spare / moe : 1;
    int row = 0;
    if (tall > TALLEST)
        tall = TALLEST;
    for (int i = 0; i < SLOT_COUNT; i++) {
        int h = is_moe(&v->slot[i]) ? tall : 1;
        if (!pane_draw_state(v, c, r.x, r.y + row, r.w, i))
            draw_loads(v, c, (struct rect){r.x, r.y + row, r.w, h}, i, top);
        row += h;
    }
    return row;
}

/* "7.99/8": the experts of a layer that a step reads, of all. */
static void draw_read(const struct view *v, struct canvas *c, int x, int y, int w) {
    struct columns k = figures_columns(w);
    int room = k.label + k.before + k.whole;
    for (int i = 0; i < SLOT_COUNT; i++) {
        const struct slot_view *s = &v->slot[i];
        struct digits d;
        char rest[32];
        double experts = is_moe(s) ? s->now.n_loads : NAN;
        digits_split(figures_value(&s->now, E_COVERAGE) * experts, DIGITS_REAL, k.whole, &d);
        int at = x + k.x[i] + k.whole;
        canvas_text(c, at - text_width(d.whole), y, k.whole, d.whole, is_moe(s) ? ROLE_VALUE : ROLE_DIM);
        snprintf(rest, sizeof rest, "%s/%d", d.rest, s->now.n_loads);
        if (is_moe(s))
            canvas_text(c, at, y, 8, rest, ROLE_UNIT);
        if (i == SLOT_A)
            room -= text_width(d.whole) + 1;
    }
    const char *label = figures_wide(w) ? "experts read, of all" : "experts read";
    bool focus = view_note_row(v, E_COVERAGE, false, x, y);
    canvas_text(c, x, y, room, text_width(label) <= room ? label : "experts", focus ? ROLE_SELECTED : ROLE_LABEL);
}

/* One sentence, made from the numbers, on whether replicas pay, or why the real loss differs from the rule's. */
static void explain(const struct slot_view *s, bool brief, char *buf, size_t size) {
    const struct estimate *e = &s->now;
    double gain = e->redundant_gain;
    bool memory = e->decode.op[OP_EXPERTS].bound == BOUND_MEMORY;
    if (!isnan(gain))
        snprintf(buf, size, brief ? "replicas %s" : "replicas %s: the busiest GPU had %.2f× the mean load, and has %.2f×",
                 gain > 1.0005   ? "pay"
                 : gain > 0.9995 ? "change nothing"
                                 : "do not pay",
                 e->rank_max_before, e->rank_max_mean);
    else if (memory && e->imbalance_loss < -0.0005)
        snprintf(buf, size,
                 brief ? "skew reads less, saves time"
                       : "skew reads fewer experts, and reading is what takes the time");
    else if (memory && e->imbalance_loss < 0.005)
        snprintf(buf, size,
                 brief ? "skew costs bytes, not tokens"
                       : "reading the experts takes the time: skew costs bytes, not tokens");
    else if (e->rank_max_mean < 1.005)
        snprintf(buf, size,
                 brief ? "one group, no GPU waits"
                       : "every GPU holds a share of every expert, so none waits for another");
    else
        snprintf(buf, size,
                 brief ? "others wait for one GPU"
                       : "the other GPUs wait for the busiest, which has %.2f× the mean load",
                 e->rank_max_mean);
}

static void draw_reason(const struct view *v, struct canvas *c, struct rect r) {
    char reason[120], text[128];
    int slot = is_moe(&v->slot[v->edited]) ? v->edited : 1 - v->edited;
    if (!is_moe(&v->slot[slot]) || r.h <= 0)
        return;
    for (int brief = 0; brief < 2; brief++) {
        explain(&v->slot[slot], brief, reason, sizeof reason);
        snprintf(text, sizeof text, "%s: %s", slot_names[slot], reason);
        if (wrap_rows(r.w, text) <= r.h)
            break;
    }
    wrap_text(c, r, text, ROLE_DIM);
}

void pane_draw_imbalance(const struct view *v, struct canvas *c, struct rect r) {
    int row = draw_histograms(v, c, r);
    if (row < r.h)
        draw_read(v, c, r.x, r.y + row++, r.w);
    int kept = r.h >= ROOMY; /* for the reason */
    row += figures_draw(v, c, (struct rect){r.x, r.y + row, r.w, r.h - row - kept}, figures, FIGURES);
    draw_reason(v, c, (struct rect){r.x, r.y + row, r.w, r.h - row});
}
