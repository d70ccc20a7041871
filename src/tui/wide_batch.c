/* Throughput and time per token against the batch of both, and where the winner changes. */
#include <math.h>
#include <stdio.h>

#include "explore/sweep.h"
#include "tui/chart.h"
#include "tui/ui_state.h"
#include "tui/wide.h"
#include "tui/wrap.h"

static void ask(const struct ui *u, void *job) {
    batch_sweep_take(job, &u->explorer, session_scenario(u->session, SLOT_A), session_scenario(u->session, SLOT_B));
}

static const struct study_ops study = {sizeof(struct batch_sweep), ask, batch_sweep_work};

static const char *const titles[CURVES_CROSSED] = {[CURVE_TOK_S_GPU] = "tok/s per GPU", [CURVE_TPOT] = "TPOT, ms"};

/* The curve at the batch that the scenario has. */
static void mark_now(struct chart *h, const struct batch_sweep *s, int slot, int curve) {
    for (int i = 0; i < s->n; i++)
        if (s->sides.known[slot] && s->batch[i] == s->sides.d[slot].batch)
            chart_add_mark(h, slot, s->batch[i], s->value[slot][curve][i]);
}

static void mark_flips(struct chart *h, const struct crossover *x) {
    for (size_t i = 0; i < x->n_flips; i++) {
        const struct flip *f = &x->flip[i];
        struct chart_upright *at = &h->upright[h->n_uprights++];
        *at = (struct chart_upright){.x = f->batch, .role = f->winner < 0 ? ROLE_DIM : view_slot_role(f->winner)};
        snprintf(at->label, sizeof at->label, "%s from %.0f", f->winner < 0 ? "none" : slot_names[f->winner], f->batch);
    }
}

static void batch_draw(struct ui *u, struct canvas *c, struct rect r) {
    const struct batch_sweep *s = u->study[WIDE_BATCH].shown;
    struct chart pair[CURVES_CROSSED];
    double x[SWEEP_POINTS_MAX];
    for (int i = 0; i < s->n; i++)
        x[i] = s->batch[i];
    for (int k = 0; k < CURVES_CROSSED; k++) {
        pair[k] = (struct chart){.x = plot_axis_new("batch", true), .y = plot_axis_new(titles[k], true)};
        for (int slot = 0; slot < SLOT_COUNT; slot++) {
            chart_add_line(&pair[k], slot, slot == SLOT_B, "", s->n, x, s->value[slot][k]);
            mark_now(&pair[k], s, slot, k);
        }
        mark_flips(&pair[k], &s->crossover[k]);
    }
    chart_draw_pair(pair, u->form[WIDE_BATCH], c, r, "neither A nor B runs at any batch up to 4096");
}

static const char *winner_name(int winner) {
    return winner < 0 ? "neither" : slot_names[winner];
}

/* "TPOT: A up to batch 21, then B." */
static void tell_winners(const struct crossover *x, const char *what, char *buf, size_t size) {
    text_add(buf, size, "%s%s: %s", *buf ? " " : "", what, winner_name(x->first_winner));
    for (size_t i = 0; i < x->n_flips; i++)
        text_add(buf, size, " up to %.0f, then %s", x->flip[i].batch - 1, winner_name(x->flip[i].winner));
    if (x->n_flips == 0)
        text_add(buf, size, " at every batch");
    text_add(buf, size, ".");
}

static bool runs(const struct batch_sweep *s, int slot) {
    for (int i = 0; i < s->n; i++)
        if (!isnan(s->value[slot][CURVE_TPOT][i]))
            return true;
    return false;
}

static void batch_note(const struct ui *u, int i, char *buf, size_t size) {
    const struct batch_sweep *s = u->study[WIDE_BATCH].shown;
    (void)i;
    if (!s->sides.known[SLOT_A] || !s->sides.known[SLOT_B])
        return;
    for (int slot = 0; slot < SLOT_COUNT; slot++)
        if (!runs(s, slot)) {
            text_add(buf, size, "%s runs at no batch: there is nothing to compare.", slot_names[slot]);
            return;
        }
    tell_winners(&s->crossover[CURVE_TOK_S_GPU], "More tok/s per GPU", buf, size);
    tell_winners(&s->crossover[CURVE_TPOT], "Faster per token", buf, size);
    text_add(buf, size, " ● as set.");
}

static bool batch_key(struct ui *u, int direction) {
    u->form[WIDE_BATCH] = (u->form[WIDE_BATCH] + direction + CURVES_CROSSED) % CURVES_CROSSED;
    return true;
}

const struct wide_ops wide_batch = {
    .id = "batch",
    .title = "Throughput and TPOT against batch",
    .draw = batch_draw,
    .note = batch_note,
    .key = batch_key,
    .study = &study,
};
