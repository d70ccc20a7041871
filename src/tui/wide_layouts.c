/* Every way to cut engines out of the GPUs of the scenario under edit; Enter takes one. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/articles.h"
#include "explore/sweep.h"
#include "tui/digits.h"
#include "tui/ui_state.h"
#include "tui/wide.h"
#include "tui/wrap.h"

/* --- order --- */

/* By the columns' figures, the better first; then by the layout itself. */
static const struct {
    int figure;
    const char *head;
} orders[] = {{LAYOUT_COST, "$/M out"},
              {LAYOUT_TPOT, "TPOT ms"},
              {LAYOUT_TOK_S_GPU, "tok/s/GPU"},
              {LAYOUT_MEM_GB, "GB"},
              {-1, "layout"}};

enum { ORDERS = sizeof orders / sizeof *orders };

static int compare_widths(const struct widths *a, const struct widths *b) {
    return a->tp != b->tp   ? a->tp - b->tp
           : a->pp != b->pp ? a->pp - b->pp
           : a->dp != b->dp ? a->dp - b->dp
                            : a->ep - b->ep;
}

/* What does not fit comes last. */
static int compare_rows(const struct layout_row *a, const struct layout_row *b, int figure) {
    double x = figure < 0 ? 0 : a->value[figure], y = figure < 0 ? 0 : b->value[figure];
    if (figure >= 0 && a->feasible != b->feasible)
        return a->feasible ? -1 : 1;
    if (isnan(x) || isnan(y) || x == y)
        return isnan(x) != isnan(y) ? (isnan(x) ? 1 : -1) : compare_widths(&a->w, &b->w);
    bool lower = estimate_fields[sweep_layout_figures[figure]].better == BETTER_LOWER;
    return (x < y) == lower ? -1 : 1;
}

#define COMPARE(name, index)                                                                                           \
    static int name(const void *a, const void *b) {                                                                    \
        return compare_rows(a, b, orders[index].figure);                                                               \
    }
COMPARE(by_cost, 0)
COMPARE(by_tpot, 1)
COMPARE(by_rate, 2)
COMPARE(by_memory, 3)
COMPARE(by_layout, 4)

static void sort_rows(const struct ui *u, void *answer) {
    static int (*const compare[ORDERS])(const void *, const void *) = {by_cost, by_tpot, by_rate, by_memory, by_layout};
    struct layout_sweep *s = answer;
    qsort(s->row, s->n, sizeof *s->row, compare[u->form[WIDE_LAYOUTS]]);
}

static void ask(const struct ui *u, void *job) {
    layout_sweep_take(job, &u->explorer, ui_scenario(u));
}

static const struct study_ops study = {sizeof(struct layout_sweep), ask, layout_sweep_work, sort_rows};

static bool layouts_key(struct ui *u, int direction) {
    u->form[WIDE_LAYOUTS] = (u->form[WIDE_LAYOUTS] + direction + ORDERS) % ORDERS;
    if (u->study[WIDE_LAYOUTS].shown)
        sort_rows(u, u->study[WIDE_LAYOUTS].shown);
    return true;
}

/* --- the article's strategies --- */

static void take_strategy(struct ui *u, const struct article_cell *cell) {
    struct deployment d;
    char err[ERROR_LEN];
    const struct deployment *here = ui_deployment(u);
    if (strcmp(cell->table, "Parallelism strategies") != 0 || strncmp(cell->column, "Throughput", 10) != 0 ||
        !cell->has_scenario || !catalog_resolve(u->catalog, &cell->scenario, &d, err, NULL))
        return;
    if (d.model != here->model || d.gpu != here->gpu || d.gpus != here->gpus || d.weights != here->weights)
        return;
    u->strategy[u->n_strategies++] =
        (struct strategy){{(short)d.tp, (short)d.pp, (short)d.dp, (short)d.ep}, cell, d.batch};
}

static void layouts_prepare(struct ui *u) {
    u->n_strategies = 0;
    for (size_t i = 0; i < catalog_article_count(u->catalog) && u->n_strategies < STRATEGIES_MAX; i++)
        take_strategy(u, catalog_article_at(u->catalog, i));
}

static const struct strategy *strategy_of(const struct ui *u, const struct widths *w) {
    for (int i = 0; i < u->n_strategies; i++)
        if (compare_widths(&u->strategy[i].w, w) == 0)
            return &u->strategy[i];
    return NULL;
}

/* --- the table --- */

enum { MARK_W = 2, WIDTH_W = 4, ARTICLE_W = 9, ARTICLE_FROM = 64 };

/* From the right edge of the four widths on. */
static const struct {
    int figure, w;
    const char *head;
} columns[] = {{LAYOUT_MEM_GB, 8, "GB"},
               {LAYOUT_TPOT, 9, "TPOT ms"},
               {LAYOUT_TOK_S_GPU, 11, "tok/s/GPU"},
               {LAYOUT_COST, 9, "$/M out"}};

enum { COLUMNS = sizeof columns / sizeof *columns };

static const struct layout_sweep *sweep_of(const struct ui *u) {
    return u->study[WIDE_LAYOUTS].shown;
}

static int layouts_count(const struct ui *u) {
    return (int)sweep_of(u)->n;
}

static void layouts_head(const struct ui *u, struct canvas *c, struct rect r) {
    static const char *const names[] = {"tp", "pp", "dp", "ep"};
    const int order = u->form[WIDE_LAYOUTS];
    int x = r.x + MARK_W;
    for (int i = 0; i < 4; i++, x += WIDTH_W)
        canvas_text_right(c, x, r.y, WIDTH_W, names[i], orders[order].figure < 0 ? ROLE_SELECTED : ROLE_HEADING);
    for (int i = 0; i < COLUMNS; i++) {
        bool sorted = orders[order].figure == columns[i].figure;
        canvas_text_right(c, x, r.y, columns[i].w - 1, columns[i].head, sorted ? ROLE_SELECTED : ROLE_HEADING);
        if (sorted)
            canvas_text(c, x + columns[i].w - 1, r.y, 1, "▾", ROLE_FRAME_FOCUS);
        x += columns[i].w;
    }
    if (r.w >= ARTICLE_FROM && u->n_strategies > 0)
        canvas_text_right(c, x, r.y, ARTICLE_W, "article", ROLE_HEADING);
}

static void draw_figures(const struct layout_row *row, struct canvas *c, int x, int y) {
    char text[DIGITS_LEN];
    for (int i = 0; i < COLUMNS; i++) {
        double value = row->value[columns[i].figure];
        canvas_text_right(c, x, y, columns[i].w - 1, digits_print(value, DIGITS_REAL, text),
                          isnan(value) ? ROLE_DIM : ROLE_VALUE);
        x += columns[i].w;
    }
}

static void layouts_row(const struct ui *u, int i, struct canvas *c, struct rect r, bool selected) {
    const struct layout_row *row = &sweep_of(u)->row[i];
    const struct deployment *d = &sweep_of(u)->sides.d[0];
    const short widths[] = {row->w.tp, row->w.pp, row->w.dp, row->w.ep};
    const struct strategy *article = strategy_of(u, &row->w);
    bool here = d->tp == row->w.tp && d->pp == row->w.pp && d->dp == row->w.dp && d->ep == row->w.ep;
    char text[16];
    int x = r.x + MARK_W;
    canvas_text(c, r.x, r.y, 1, selected ? "▸" : " ", ROLE_FRAME_FOCUS);
    canvas_text(c, r.x + 1, r.y, 1, here ? "●" : " ", view_slot_role(u->view.edited));
    for (int k = 0; k < 4; k++, x += WIDTH_W) {
        snprintf(text, sizeof text, "%d", widths[k]);
        canvas_text_right(c, x, r.y, WIDTH_W, text, selected ? ROLE_SELECTED : ROLE_LABEL);
    }
    draw_figures(row, c, x, r.y);
    if (!row->feasible)
        canvas_text_right(c, x + columns[0].w, r.y, columns[1].w + columns[2].w - 1, "does not fit", ROLE_WARN);
    for (int k = 0; k < COLUMNS; k++)
        x += columns[k].w;
    if (r.w >= ARTICLE_FROM && article)
        canvas_text_right(c, x, r.y, ARTICLE_W, article->throughput->printed, ROLE_TEXT);
}

/* "The article's EP=8: 14,200 tok/s of all GPUs at batch 256; here 9 810 at batch 32." */
static void layouts_note(const struct ui *u, int i, char *buf, size_t size) {
    const struct layout_sweep *s = sweep_of(u);
    const struct strategy *article = strategy_of(u, &s->row[i].w);
    char rate[DIGITS_LEN];
    if (article)
        text_add(buf, size, "The article's %s: %s tok/s of all %d GPUs at batch %d; here %s at batch %d. ",
                 article->throughput->row, article->throughput->printed, s->sides.d[0].gpus, article->batch,
                 digits_print(s->row[i].value[LAYOUT_OUT_TOK_S], DIGITS_REAL, rate), s->sides.d[0].batch);
    text_add(buf, size,
             "%s on %d GPU%s: %zu layout%s%s, by %s (x: another order). Enter takes the marked one. Batch is per "
             "engine of tp × pp × dp GPUs.",
             slot_names[u->view.edited], s->sides.d[0].gpus, s->sides.d[0].gpus == 1 ? "" : "s", s->n,
             s->n == 1 ? "" : "s", s->n_all > s->n_tried ? ", the first of more" : "",
             orders[u->form[WIDE_LAYOUTS]].head);
}

static void layouts_enter(struct ui *u, int i) {
    const struct layout_sweep *s = sweep_of(u);
    struct scenario next = *ui_scenario(u);
    if (u->study[WIDE_LAYOUTS].pending)
        ui_say(u, false, "these are layouts of before the last change: a moment");
    else if (sweep_adopt(&next, &s->sides.d[0], s->row[i].w))
        ui_apply(u, &next);
}

const struct wide_ops wide_layouts = {
    .id = "layouts",
    .title = "Layouts of the GPUs",
    .prepare = layouts_prepare,
    .count = layouts_count,
    .head = layouts_head,
    .row = layouts_row,
    .note = layouts_note,
    .enter = layouts_enter,
    .key = layouts_key,
    .study = &study,
};
