/* Imbalance against batch: how loaded the busiest expert is, what the first article's law makes of that, what it costs.
 */
#include <math.h>

#include "explore/sweep.h"
#include "tui/chart.h"
#include "tui/digits.h"
#include "tui/ui_state.h"
#include "tui/wide.h"
#include "tui/wrap.h"

static void ask(const struct ui *u, void *job) {
    batch_sweep_take(job, &u->explorer, session_scenario(u->session, SLOT_A), session_scenario(u->session, SLOT_B));
}

static const struct study_ops study = {sizeof(struct batch_sweep), ask, batch_sweep_work};

enum { CHART_LOAD, CHART_LOSS, CHART_COUNT };

/* Of each chart a solid line and a dashed one. */
static const struct {
    const char *title;
    int solid, dashed; /* curves */
    const char *solid_name, *dashed_name;
    double scale;
} parts[CHART_COUNT] = {
    {"busiest expert over the mean, ×", CURVE_LOAD_MEAN, CURVE_LOAD_P95, "mean", "p95", 1},
    {"throughput lost, %", CURVE_LOSS, CURVE_LOSS_ARTICLE, "here", "1−1/load", 100},
};

static bool is_moe(const struct batch_sweep *s, int slot) {
    return s->sides.known[slot] && s->sides.d[slot].model->n_experts > 0;
}

static void add_slot(struct chart *h, const struct batch_sweep *s, int slot, int part, const double *x,
                     double (*y)[SWEEP_POINTS_MAX]) {
    const int curve[] = {parts[part].solid, parts[part].dashed};
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < s->n; i++)
            y[k][i] = s->value[slot][curve[k]][i] * parts[part].scale;
        chart_add_line(h, slot, k == 1, k == 0 ? parts[part].solid_name : parts[part].dashed_name, s->n, x, y[k]);
    }
    for (int i = 0; i < s->n; i++)
        if (s->batch[i] == s->sides.d[slot].batch)
            chart_add_mark(h, slot, s->batch[i], y[0][i]);
}

static void imbalance_draw(struct ui *u, struct canvas *c, struct rect r) {
    const struct batch_sweep *s = u->study[WIDE_IMBALANCE].shown;
    struct chart pair[CHART_COUNT];
    double x[SWEEP_POINTS_MAX], y[CHART_COUNT][SLOT_COUNT][2][SWEEP_POINTS_MAX];
    for (int i = 0; i < s->n; i++)
        x[i] = s->batch[i];
    for (int part = 0; part < CHART_COUNT; part++) {
        pair[part] = (struct chart){.x = plot_axis_new("batch", true),
                                    .y = plot_axis_new(parts[part].title, part == CHART_LOAD)};
        if (part == CHART_LOSS)
            plot_include(&pair[part].y, 0);
        for (int slot = 0; slot < SLOT_COUNT; slot++)
            if (is_moe(s, slot))
                add_slot(&pair[part], s, slot, part, x, y[part][slot]);
    }
    chart_draw_pair(pair, u->form[WIDE_IMBALANCE], c, r, "neither A nor B is a mixture of experts that runs");
}

static double value_now(const struct batch_sweep *s, int slot, int curve) {
    for (int i = 0; i < s->n; i++)
        if (s->batch[i] == s->sides.d[slot].batch)
            return s->value[slot][curve][i];
    return NAN;
}

/* "A at batch 32: busiest expert 1.48× the mean. The article's law says 32.5 % of throughput lost; here 1.8 %." */
static void imbalance_note(const struct ui *u, int row, char *buf, size_t size) {
    const struct batch_sweep *s = u->study[WIDE_IMBALANCE].shown;
    char load[DIGITS_LEN], law[DIGITS_LEN], here[DIGITS_LEN];
    (void)row;
    for (int slot = 0; slot < SLOT_COUNT; slot++) {
        double loss = value_now(s, slot, CURVE_LOSS);
        if (!s->sides.known[slot])
            continue;
        else if (!is_moe(s, slot))
            text_add(buf, size, "%s%s is dense: no expert waits.", *buf ? " " : "", slot_names[slot]);
        else if (isnan(loss))
            text_add(buf, size, "%s%s does not run as it is set.", *buf ? " " : "", slot_names[slot]);
        else
            text_add(buf, size,
                     "%s%s at batch %d: busiest expert %s× the mean. The article's law says %s %% of throughput lost; "
                     "here %s %% %s.",
                     *buf ? " " : "", slot_names[slot], s->sides.d[slot].batch,
                     digits_print(value_now(s, slot, CURVE_LOAD_MEAN), DIGITS_REAL, load),
                     digits_print(value_now(s, slot, CURVE_LOSS_ARTICLE), DIGITS_PERCENT, law),
                     digits_print(fabs(loss), DIGITS_PERCENT, here), loss < 0 ? "gained" : "lost");
    }
}

static bool imbalance_key(struct ui *u, int direction) {
    u->form[WIDE_IMBALANCE] = (u->form[WIDE_IMBALANCE] + direction + CHART_COUNT) % CHART_COUNT;
    return true;
}

const struct wide_ops wide_imbalance = {
    .id = "imbalance",
    .title = "Imbalance against batch",
    .draw = imbalance_draw,
    .note = imbalance_note,
    .key = imbalance_key,
    .study = &study,
};
