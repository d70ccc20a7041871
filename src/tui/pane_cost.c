/* Cost: what a million tokens cost, and what the fleet gives for its rent. */
#include "tui/pane_parts.h"

#include <math.h>

#include "tui/bars.h"
#include "tui/figures.h"

static const struct figure figures[] = {
    {E_COST_M_OUT, "$/M out", "", DIGITS_REAL, false, "output tokens"},
    {E_COST_M_OUT, " p10-90", "", DIGITS_REAL, true, "  p10-p90", .rank = 1, .interval = true},
    {E_COST_M_IN, "$/M in", "", DIGITS_REAL, false, "input tokens"},
    {E_COST_M_BLEND, "$/M all", "", DIGITS_REAL, false},
    {E_COST_H, "$/hour", "", DIGITS_REAL, false},
    {E_OUT_TOK_S, "tok/s", "", DIGITS_REAL, false},
    {E_OUT_TOK_S, " p10-90", "", DIGITS_REAL, true, "  p10-p90", .rank = 2, .interval = true},
    {E_TOK_S_GPU, "  /GPU", "", DIGITS_REAL, false},
    {E_JOULES_TOK, "J/token", "", DIGITS_REAL, false},
    {E_POWER_COST_H, "power", "$/h", DIGITS_REAL, false, .rank = 2},
    {E_IN_TOK_S, "in tok/s", "", DIGITS_REAL, false, .rank = 3},
    {E_PREFILL_TOK_S, " at most", "", DIGITS_REAL, true, "  prefill at most", .rank = 3, .use = F_PREFILL_GPUS},
    {E_SLO_OK, "limits", NULL, DIGITS_COUNT, false, .rank = 3},
};

enum { FIGURES = sizeof figures / sizeof *figures, FIGURES_BRIEF = 7 };

/* Rows for the figures: the first ones always, the others once the curve has its room. */
static int figure_rows(struct rect r) {
    int n = r.h - SLOT_COUNT - CURVE_MIN_ROWS - 1;
    if (n < FIGURES_BRIEF)
        n = r.h - SLOT_COUNT > FIGURES_BRIEF + CURVE_MIN_ROWS ? FIGURES_BRIEF : r.h - SLOT_COUNT;
    return n < FIGURES ? n : FIGURES;
}

void pane_draw_cost(const struct view *v, struct canvas *c, struct rect r) {
    double top = 0;
    for (int i = 0; i < SLOT_COUNT; i++) {
        double cost = figures_value(&v->slot[i].now, E_COST_M_OUT);
        top = fmax(top, isnan(cost) ? 0 : cost);
    }
    for (int i = 0; i < SLOT_COUNT; i++) {
        if (pane_draw_state(v, c, r.x, r.y + i, r.w, i))
            continue;
        canvas_text(c, r.x, r.y + i, 1, slot_names[i], view_slot_role(i));
        bar_plain(c, r.x + 2, r.y + i, r.w - 2, figures_value(&v->slot[i].now, E_COST_M_OUT), top,
                  view_slot_role(i));
    }
    int row = SLOT_COUNT +
              figures_draw(v, c, (struct rect){r.x, r.y + SLOT_COUNT, r.w, figure_rows(r)}, figures, FIGURES);
    curve_draw(&v->curve, c, (struct rect){r.x, r.y + row + 1, r.w, r.h - row - 1});
}
