/* Who wins, at each batch on each number of GPUs, and by how much. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "explore/sweep.h"
#include "tui/ui_state.h"
#include "tui/wide.h"
#include "tui/wrap.h"

static void ask(const struct ui *u, void *job) {
    winner_map_take(job, &u->explorer, session_scenario(u->session, SLOT_A), session_scenario(u->session, SLOT_B));
}

static const struct study_ops study = {sizeof(struct winner_map), ask, winner_map_work};

static const char *const figure_names[MAP_FIGURES] = {
    [MAP_COST] = "$ per million output tokens", [MAP_TPOT] = "time per output token"};

/* How much better the winner is, by the shade beside its letter. */
static const struct {
    double below; /* times the loser's */
    uint32_t glyph;
    const char *words;
} shades[] = {
    {1.1, ' ', NULL}, {1.5, 0x2591, "1.1×"}, {2, 0x2592, "1.5×"}, {4, 0x2593, "2×"}, {INFINITY, 0x2588, "4×"}};

enum {
    SHADES = sizeof shades / sizeof *shades,
    LABEL_W = 7,
    CELL_MAX = 6,
    ROW_MAX = 7,
    ALONE = 0x25CB,
    NEITHER = 0x2013
};

static uint32_t shade_of(const struct map_cell *cell, int figure) {
    double a = cell->value[figure][0], b = cell->value[figure][1];
    if (isnan(a) || isnan(b))
        return ALONE;
    for (int i = 0; i < SHADES; i++)
        if (fmax(a, b) / fmin(a, b) < shades[i].below)
            return shades[i].glyph;
    return shades[SHADES - 1].glyph;
}

/* Letter, capital where the intervals are apart, and shade; the upper left cell has the letter. */
static void draw_cell(const struct map_cell *cell, int figure, struct canvas *c, struct rect r) {
    int winner = winner_map_winner(cell, figure);
    if (winner < 0) {
        canvas_put(c, r.x, r.y, isnan(cell->value[figure][0]) ? NEITHER : '=', ROLE_DIM);
        return;
    }
    char letter = slot_names[winner][0];
    int gap = r.w > 2;
    canvas_fill(c, (struct rect){r.x + 1, r.y, r.w - 1 - gap, r.h}, shade_of(cell, figure), view_slot_role(winner));
    if (r.h > 1)
        canvas_fill(c, (struct rect){r.x, r.y + 1, 1, r.h - 1}, shade_of(cell, figure), view_slot_role(winner));
    canvas_put(c, r.x, r.y, (uint32_t)(cell->certain[figure] ? letter : tolower(letter)), view_slot_role(winner));
}

struct grid {
    struct rect r; /* the cells, the largest number of GPUs at the top */
    int cell_w, cell_h, rows;
};

static struct grid grid_of(const struct winner_map *m, struct rect r) {
    struct grid g = {.r = {r.x + LABEL_W, r.y + 2, r.w - LABEL_W, r.h - 3}};
    g.cell_w = g.r.w / MAP_BATCHES < CELL_MAX ? g.r.w / MAP_BATCHES : CELL_MAX;
    g.rows = m->n_gpus < g.r.h ? m->n_gpus : g.r.h;
    g.cell_h = g.rows > 0 && g.r.h / g.rows < ROW_MAX ? g.r.h / g.rows : ROW_MAX;
    return g;
}

static struct rect cell_at(const struct grid *g, int row, int column) {
    return (struct rect){g->r.x + column * g->cell_w, g->r.y + (g->rows - 1 - row) * g->cell_h, g->cell_w, g->cell_h};
}

/* The nearest of rising values, on a logarithmic scale. */
static int nearest(const int *values, int n, int value) {
    int best = 0;
    for (int i = 1; i < n; i++)
        if (fabs(log((double)values[i] / value)) < fabs(log((double)values[best] / value)))
            best = i;
    return best;
}

static void draw_labels(const struct ui *u, const struct winner_map *m, const struct grid *g, struct canvas *c) {
    char text[16];
    int foot = g->r.y + g->rows * g->cell_h, used = 0;
    canvas_text(c, g->r.x - LABEL_W, g->r.y - 1, LABEL_W, "GPUs", ROLE_HEADING);
    for (int row = 0; row < g->rows; row++) {
        struct rect at = cell_at(g, row, 0);
        snprintf(text, sizeof text, "%d", m->gpus[row]);
        canvas_text_right(c, g->r.x - LABEL_W, at.y, LABEL_W - 2, text, ROLE_DIM);
        canvas_fill(c, (struct rect){g->r.x - 1, at.y, 1, at.h}, 0x2502, ROLE_FRAME);
        for (int slot = 0; slot < SLOT_COUNT; slot++)
            if (row == nearest(m->gpus, m->n_gpus, u->view.slot[slot].deployment.gpus))
                canvas_text(c, g->r.x - LABEL_W + slot, at.y, 1, slot_names[slot], view_slot_role(slot));
    }
    canvas_text(c, g->r.x - LABEL_W, foot, LABEL_W, "batch", ROLE_HEADING);
    for (int i = 0; i < MAP_BATCHES; i++) {
        int x = g->r.x + i * g->cell_w, w = snprintf(text, sizeof text, "%d", m->batch[i]);
        x = x + w > g->r.x + g->r.w ? g->r.x + g->r.w - w : x;
        if (x < used || (m->batch[i] & (m->batch[i] - 1)) != 0)
            continue;
        canvas_text(c, x, foot, w, text, ROLE_DIM);
        used = x + w + 1;
    }
}

static void draw_legend(struct canvas *c, int x, int y, int w) {
    char text[32];
    x += canvas_text(c, x, y, w, "better by", ROLE_HEADING) + 1;
    for (int i = 1; i < SHADES; i++) {
        canvas_put(c, x, y, shades[i].glyph, ROLE_TEXT);
        snprintf(text, sizeof text, "%s%s", shades[i].words, i + 1 < SHADES ? "" : " up");
        x += 1 + canvas_text(c, x + 1, y, 12, text, ROLE_TEXT) + 1;
    }
    canvas_text(c, x, y, w, "○alone –none", ROLE_TEXT);
}

static void winners_draw(struct ui *u, struct canvas *c, struct rect r) {
    const struct winner_map *m = u->study[WIDE_WINNERS].shown;
    const struct grid g = grid_of(m, r);
    const int figure = u->form[WIDE_WINNERS];
    if (g.cell_w < 1 || g.rows < 1)
        return;
    draw_legend(c, r.x, r.y, r.w);
    draw_labels(u, m, &g, c);
    for (int row = 0; row < g.rows; row++)
        for (int column = 0; column < MAP_BATCHES; column++)
            draw_cell(&m->cell[row][column], figure, c, cell_at(&g, row, column));
    for (int slot = 0; slot < SLOT_COUNT; slot++) { /* as set */
        const struct deployment *d = &u->view.slot[slot].deployment;
        struct rect at = cell_at(&g, nearest(m->gpus, m->n_gpus, d->gpus), nearest(m->batch, MAP_BATCHES, d->batch));
        canvas_put(c, at.x + (at.w > 1), at.y, 0x25CF, ROLE_SELECTED);
    }
}

static void winners_note(const struct ui *u, int i, char *buf, size_t size) {
    const struct winner_map *m = u->study[WIDE_WINNERS].shown;
    int wins[SLOT_COUNT] = {0}, cells = m->n_gpus * MAP_BATCHES;
    (void)i;
    for (int k = 0; k < cells; k++) {
        int winner = winner_map_winner(&m->cell[k / MAP_BATCHES][k % MAP_BATCHES], u->form[WIDE_WINNERS]);
        if (winner >= 0)
            wins[winner]++;
    }
    text_add(buf, size,
             "By %s: A in %d cells of %d, B in %d. Small letters: within the uncertainty. ● as set; elsewhere the "
             "default layout. x turns to %s.",
             figure_names[u->form[WIDE_WINNERS]], wins[SLOT_A], cells, wins[SLOT_B],
             u->form[WIDE_WINNERS] == MAP_COST ? "TPOT" : "$/M");
}

static bool winners_key(struct ui *u, int direction) {
    u->form[WIDE_WINNERS] = (u->form[WIDE_WINNERS] + direction + MAP_FIGURES) % MAP_FIGURES;
    return true;
}

const struct wide_ops wide_winners = {
    .id = "winners",
    .title = "Who wins: batch by GPUs",
    .draw = winners_draw,
    .note = winners_note,
    .key = winners_key,
    .study = &study,
};
