/* The two articles, cell by cell: printed, recomputed, this program's figure, verdict; the reason stands in
 * the note, and Enter loads the deployment that a row describes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/articles.h"
#include "tui/ui_state.h"
#include "tui/wide.h"
#include "tui/wrap.h"

/* A line of the view: the heading of a table, that of a row with several columns, or a cell. */
enum line_kind { LINE_TABLE, LINE_ROW, LINE_CELL };

struct line {
    enum line_kind kind;
    bool indented; /* a cell under its row's heading */
    size_t cell;   /* index; of headings the first below */
};

/* Worked out once: articles do not depend on the scenarios on the screen. */
struct articles_view {
    struct article_result *result; /* of each cell */
    struct line *line;
    int n_lines;
};

static bool same_table(const struct article_cell *a, const struct article_cell *b) {
    return a->article == b->article && strcmp(a->table, b->table) == 0;
}

static bool same_row(const struct article_cell *a, const struct article_cell *b) {
    return same_table(a, b) && strcmp(a->row, b->row) == 0;
}

static void add_line(struct articles_view *v, enum line_kind kind, bool indented, size_t cell) {
    v->line[v->n_lines++] = (struct line){kind, indented, cell};
}

static void make_lines(const struct catalog *c, struct articles_view *v) {
    const size_t n = catalog_article_count(c);
    for (size_t i = 0; i < n; i++) {
        const struct article_cell *cell = catalog_article_at(c, i);
        const struct article_cell *before = i ? catalog_article_at(c, i - 1) : NULL;
        const struct article_cell *next = i + 1 < n ? catalog_article_at(c, i + 1) : NULL;
        const bool follows = before && same_row(before, cell), leads = next && same_row(cell, next);
        if (!before || !same_table(before, cell))
            add_line(v, LINE_TABLE, false, i);
        if (leads && !follows)
            add_line(v, LINE_ROW, false, i);
        add_line(v, LINE_CELL, follows || leads, i);
    }
}

static void articles_prepare(struct ui *u) {
    enum { LINES_PER_CELL = 3 };
    const size_t n = catalog_article_count(u->catalog);
    if (u->articles)
        return;
    struct articles_view *v = calloc(1, sizeof *v);
    if (v) {
        v->result = calloc(n, sizeof *v->result);
        v->line = calloc(LINES_PER_CELL * n, sizeof *v->line);
    }
    if (!v || !v->result || !v->line) {
        articles_free(v);
        ui_say(u, true, "no memory for the articles");
        return;
    }
    for (size_t i = 0; i < n; i++)
        article_evaluate(u->catalog, catalog_article_at(u->catalog, i), &u->explorer.cache, &v->result[i]);
    make_lines(u->catalog, v);
    u->articles = v;
}

void articles_free(struct articles_view *v) {
    if (!v)
        return;
    free(v->result);
    free(v->line);
    free(v);
}

static int articles_count(const struct ui *u) {
    return u->articles ? u->articles->n_lines : 0;
}

static const struct article_cell *cell_at(const struct ui *u, int i) {
    return catalog_article_at(u->catalog, u->articles->line[i].cell);
}

/* --- columns --- */

struct columns {
    int printed, recomputed, model, verdict, reason; /* left edges */
    int name_w, printed_w, figure_w, reason_w;       /* reason_w 0: no room */
};

enum {
    VERDICT_W = 7,
    FIGURE_MIN = 8,
    FIGURE_MAX = 10,
    PRINTED_MIN = 11,
    PRINTED_MAX = 19,
    NAME_MAX = 34,
    REASON_MIN = 24,
    WIDE_ROW = 78
};

static struct columns columns(struct rect r) {
    const bool wide = r.w >= WIDE_ROW;
    struct columns at = {.printed_w = wide ? PRINTED_MAX : PRINTED_MIN,
                         .figure_w = wide ? FIGURE_MAX : FIGURE_MIN};
    const int rest = r.w - at.printed_w - 2 * (at.figure_w + 1) - VERDICT_W - 3;
    at.name_w = rest < NAME_MAX ? rest : NAME_MAX;
    at.printed = r.x + at.name_w + 1;
    at.recomputed = at.printed + at.printed_w + 1;
    at.model = at.recomputed + at.figure_w + 1;
    at.verdict = at.model + at.figure_w + 1;
    at.reason = at.verdict + VERDICT_W + 1;
    at.reason_w = r.x + r.w - at.reason;
    if (at.reason_w < REASON_MIN)
        at.reason_w = 0;
    return at;
}

static void articles_head(const struct ui *u, struct canvas *c, struct rect r) {
    const struct columns at = columns(r);
    const bool wide = at.figure_w == FIGURE_MAX;
    (void)u;
    canvas_text(c, at.printed, r.y, at.printed_w, "printed", ROLE_HEADING);
    canvas_text_right(c, at.recomputed, r.y, at.figure_w, wide ? "recomputed" : "recomp.", ROLE_HEADING);
    canvas_text_right(c, at.model, r.y, at.figure_w, wide ? "this model" : "here", ROLE_HEADING);
    canvas_text(c, at.verdict, r.y, VERDICT_W, "verdict", ROLE_HEADING);
    if (at.reason_w > 0)
        canvas_text(c, at.reason, r.y, at.reason_w, "reason", ROLE_HEADING);
}

static bool contradicts(const struct article_cell *cell) {
    return cell->verdict == VERDICT_UNIT || cell->verdict == VERDICT_SELF || cell->verdict == VERDICT_PHYSICS;
}

static enum role verdict_role(const struct article_cell *cell) {
    return contradicts(cell) ? ROLE_ERROR : cell->verdict == VERDICT_OK ? ROLE_DIM : ROLE_LABEL;
}

/* Four digits, as the articles print that many. */
static void draw_figure(struct canvas *c, int x, int y, int w, double value, const char *otherwise) {
    char text[VALUE_LEN];
    if (isnan(value))
        canvas_text_right(c, x, y, w, otherwise, ROLE_DIM);
    else
        canvas_text_right(c, x, y, w, article_print(value, text), ROLE_VALUE);
}

static void draw_cell(const struct ui *u, const struct line *line, struct canvas *c, struct rect r) {
    const struct article_cell *cell = catalog_article_at(u->catalog, line->cell);
    const struct article_result *result = &u->articles->result[line->cell];
    const struct columns at = columns(r);
    char reason[ARTICLE_REASON_LEN];
    canvas_text(c, at.printed, r.y, at.printed_w, cell->printed, contradicts(cell) ? ROLE_ERROR : ROLE_VALUE);
    draw_figure(c, at.recomputed, r.y, at.figure_w, result->recomputed.value, "–");
    draw_figure(c, at.model, r.y, at.figure_w, result->model, result->impossible ? "no run" : "–");
    canvas_text(c, at.verdict, r.y, VERDICT_W, article_verdicts[cell->verdict], verdict_role(cell));
    if (at.reason_w > 0)
        canvas_text(c, at.reason, r.y, at.reason_w, article_reason(cell, result, reason), ROLE_DIM);
}

static void line_name(const struct ui *u, const struct line *line, char *buf, size_t size) {
    const struct article_cell *cell = catalog_article_at(u->catalog, line->cell);
    if (line->kind == LINE_TABLE)
        snprintf(buf, size, "%s: %s", article_names[cell->article], cell->table);
    else if (line->kind == LINE_ROW)
        snprintf(buf, size, "%s", cell->row);
    else if (line->indented)
        snprintf(buf, size, " %s", cell->column);
    else
        snprintf(buf, size, "%s: %s", cell->row, cell->column);
}

static void articles_row(const struct ui *u, int i, struct canvas *c, struct rect r, bool selected) {
    static const enum role roles[] = {ROLE_HEADING, ROLE_TITLE, ROLE_LABEL};
    const struct line *line = &u->articles->line[i];
    const int w = line->kind == LINE_CELL ? columns(r).name_w : r.w;
    char name[128];
    line_name(u, line, name, sizeof name);
    canvas_text(c, r.x, r.y, 1, selected ? "▸" : " ", ROLE_FRAME_FOCUS);
    canvas_text(c, r.x + 1, r.y, w - 1, name, selected ? ROLE_SELECTED : roles[line->kind]);
    if (line->kind == LINE_CELL)
        draw_cell(u, line, c, r);
}

/* --- the note and Enter --- */

static void describe_working(const char *what, const struct article_working *w, double value,
                             const char *unit, char *buf, size_t size) {
    char figure[VALUE_LEN];
    if (w->formula)
        text_add(buf, size, " %s %s = %s%s%s (%s).", what, w->formula->notation, article_print(value, figure),
                 *unit ? " " : "", unit, w->inputs);
}

static void note_table(const struct ui *u, const struct article_cell *first, char *buf, size_t size) {
    int count[VERDICT_COUNT] = {0};
    const char *mark = "";
    for (size_t i = 0; i < catalog_article_count(u->catalog); i++) {
        const struct article_cell *cell = catalog_article_at(u->catalog, i);
        if (same_table(cell, first))
            count[cell->verdict]++;
    }
    for (int v = 0; v < VERDICT_COUNT; v++) {
        if (count[v] == 0)
            continue;
        text_add(buf, size, "%s%d %s", mark, count[v], article_verdicts[v]);
        mark = ", ";
    }
    text_add(buf, size, ".");
}

static void describe_interval(const struct article_cell *cell, const struct article_result *r, char *buf,
                              size_t size) {
    char value[VALUE_LEN], lo[VALUE_LEN], hi[VALUE_LEN];
    if (!isnan(r->model_lo))
        text_add(buf, size, " Here %s%s%s, p10-90 %s–%s, %s.", article_print(r->model, value),
                 *cell->unit ? " " : "", cell->unit, article_print(r->model_lo, lo),
                 article_print(r->model_hi, hi), origin_names[r->origin]);
}

/* Where claims are judged for the scenarios on the screen, by article. */
static const char *const live_views[] = {"rules", "laws"};

static void articles_note(const struct ui *u, int i, char *buf, size_t size) {
    const struct line *line = &u->articles->line[i];
    const struct article_cell *cell = cell_at(u, i);
    const struct article_result *r = &u->articles->result[line->cell];
    char reason[ARTICLE_REASON_LEN];
    if (line->kind == LINE_TABLE) {
        note_table(u, cell, buf, size);
        return;
    }
    if (line->kind == LINE_ROW) {
        text_add(buf, size, "%s, %s: the cells of this row stand below.", cell->table, cell->row);
        return;
    }
    text_add(buf, size, "%s, %s, %s%s: %s", cell->row, cell->column, cell->printed,
             r->borne_out ? "" : " (not borne out)", article_reason(cell, r, reason));
    describe_working("By", &cell->recomputed, r->recomputed.value, cell->unit, buf, size);
    describe_working("Against", &cell->counter, r->counter.value, cell->unit, buf, size);
    describe_interval(cell, r, buf, size);
    if (*cell->live)
        text_add(buf, size, " For A and B: %s in the view of %s.", cell->live, live_views[cell->article]);
}

static void articles_enter(struct ui *u, int i) {
    const struct article_cell *cell = cell_at(u, i);
    const struct article_result *r = &u->articles->result[u->articles->line[i].cell];
    const char *slot = slot_names[u->view.edited];
    if (u->articles->line[i].kind != LINE_CELL) {
        ui_say(u, false, "a heading: Enter on a row below it loads the deployment that the row describes");
        return;
    }
    if (!cell->has_scenario) {
        ui_say(u, false, "nothing to load: '%s, %s' describes no deployment", cell->row, cell->column);
        return;
    }
    if (scenario_equal(&cell->scenario, ui_scenario(u))) {
        ui_say(u, false, "%s is that deployment already", slot);
        return;
    }
    if (ui_apply(u, &cell->scenario))
        ui_say(u, false, "%s is now '%s' as in the article (u undoes)%s%s", slot, cell->row,
               r->impossible ? ": " : "", r->limit_text);
}

static bool articles_heading(const struct ui *u, int i) {
    return u->articles->line[i].kind == LINE_TABLE;
}

const struct wide_ops wide_articles = {
    .id = "articles",
    .title = "Articles",
    .prepare = articles_prepare,
    .count = articles_count,
    .head = articles_head,
    .row = articles_row,
    .note = articles_note,
    .enter = articles_enter,
    .heading = articles_heading,
};
