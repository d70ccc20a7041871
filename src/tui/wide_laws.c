/* The second article's laws for A and B, the article's own version beside them; then both over GPU counts. */
#include <math.h>
#include <stdio.h>

#include "explore/words.h"
#include "tui/ui_state.h"
#include "tui/wide.h"
#include "tui/wrap.h"

enum row_kind { ROW_GROUP, ROW_LAW, ROW_SERIES, ROW_POINT };

struct row {
    enum row_kind kind;
    int at; /* group, law, or point */
};

/* Row i; *count is the number of rows. */
static struct row find_row(int i, int *count) {
    struct row found = {ROW_GROUP, 0};
    int n = 0;
    for (int k = 0; k < LAW_COUNT; k++) {
        if ((k == 0 || laws[k - 1].group != laws[k].group) && n++ == i)
            found = (struct row){ROW_GROUP, (int)laws[k].group};
        if (n++ == i)
            found = (struct row){ROW_LAW, k};
    }
    if (n++ == i)
        found = (struct row){ROW_SERIES, 0};
    for (int k = 0; k < LAW_SERIES; k++)
        if (n++ == i)
            found = (struct row){ROW_POINT, k};
    *count = n;
    return found;
}

static int laws_count(const struct ui *u) {
    int count;
    (void)u;
    find_row(-1, &count);
    return count;
}

static void laws_prepare(struct ui *u) {
    laws_make(&u->explorer, session_scenario(u->session, SLOT_A), session_scenario(u->session, SLOT_B), &u->laws);
}

/* --- columns: label, A, B, unit, the article's A and B where there is room --- */

enum { LABEL_W = 27, VALUE_W = 8, UNIT_W = 5, ARTICLE_FROM = 62, WIDE_FROM = 100, HELP_FROM = 130 };

static int value_at(struct rect r, int i) {
    int gap = r.w >= WIDE_FROM ? 4 : 0, label = LABEL_W + gap;
    if (r.w < LABEL_W + 2 * VALUE_W + UNIT_W)
        label = r.w - 2 * VALUE_W - UNIT_W;
    return r.x + label + i * (VALUE_W + gap) + (i >= SLOT_COUNT ? UNIT_W : 0);
}

static int values_shown(struct rect r) {
    return r.w >= ARTICLE_FROM ? 2 * SLOT_COUNT : SLOT_COUNT;
}

static void laws_head(const struct ui *u, struct canvas *c, struct rect r) {
    (void)u;
    for (int i = 0; i < values_shown(r); i++) {
        char text[16];
        snprintf(text, sizeof text, "%s%s", i < SLOT_COUNT ? "" : r.w >= WIDE_FROM ? "article " : "art. ",
                 slot_names[i % SLOT_COUNT]);
        int w = i < SLOT_COUNT ? VALUE_W : VALUE_W + 2;
        canvas_text_right(c, value_at(r, i) + VALUE_W - w, r.y, w, text, view_slot_role(i % SLOT_COUNT));
    }
}

static void draw_values(const double *value, const char *unit, struct canvas *c, struct rect r) {
    for (int i = 0; i < values_shown(r); i++) {
        char text[WORDS_NUMBER];
        bool known = !isnan(value[i]);
        canvas_text_right(c, value_at(r, i), r.y, VALUE_W, known ? words_number(value[i], text) : "–",
                          !known ? ROLE_DIM : i < SLOT_COUNT ? ROLE_VALUE : ROLE_UNIT);
    }
    canvas_text(c, value_at(r, 1) + VALUE_W + 1, r.y, UNIT_W - 1, unit, ROLE_UNIT);
}

static void draw_label(struct canvas *c, struct rect r, const char *text, bool selected, enum role role) {
    canvas_text(c, r.x, r.y, 1, selected ? "▸" : " ", ROLE_FRAME_FOCUS);
    canvas_text(c, r.x + 1, r.y, value_at(r, 0) - r.x - 1, text, selected ? ROLE_SELECTED : role);
}

/* What the law is, beside its figures where there is much room. */
static void draw_help(const char *text, struct canvas *c, struct rect r) {
    int x = value_at(r, 3) + VALUE_W + 3;
    if (r.w >= HELP_FROM)
        canvas_text(c, x, r.y, r.x + r.w - x, text, ROLE_DIM);
}

static void draw_series_head(struct canvas *c, struct rect r) {
    int last = value_at(r, 1) + VALUE_W;
    canvas_text_right(c, value_at(r, 0), r.y, last - value_at(r, 0), "tok/s/GPU", ROLE_HEADING);
    if (values_shown(r) > SLOT_COUNT)
        canvas_text_right(c, value_at(r, 2), r.y, value_at(r, 3) + VALUE_W - value_at(r, 2), "TPOT ms", ROLE_HEADING);
}

static void laws_row(const struct ui *u, int i, struct canvas *c, struct rect r, bool selected) {
    int count;
    struct row row = find_row(i, &count);
    const struct law_results *l = &u->laws;
    char label[32];
    if (row.kind == ROW_GROUP) {
        canvas_text(c, r.x, r.y, 1, selected ? "▸" : " ", ROLE_FRAME_FOCUS);
        canvas_text(c, r.x + 1, r.y, r.w - 1, law_group_names[row.at], selected ? ROLE_SELECTED : ROLE_HEADING);
    } else if (row.kind == ROW_LAW) {
        double value[] = {l->here[row.at][0], l->here[row.at][1], l->article[row.at][0], l->article[row.at][1]};
        draw_label(c, r, laws[row.at].label, selected, ROLE_LABEL);
        draw_values(value, laws[row.at].unit, c, r);
        draw_help(laws[row.at].help, c, r);
    } else if (row.kind == ROW_SERIES) {
        draw_label(c, r, "one engine over n GPUs", selected, ROLE_HEADING);
        draw_series_head(c, r);
    } else {
        const struct law_point *p = &l->series[row.at];
        double value[] = {p->rate[0], p->rate[1], p->tpot_ms[0], p->tpot_ms[1]};
        snprintf(label, sizeof label, "%d GPU%s", p->gpus, p->gpus > 1 ? "s" : "");
        draw_label(c, r, label, selected, ROLE_LABEL);
        draw_values(value, "", c, r);
    }
}

/* --- notes --- */

static void note_point(const struct law_point *p, char *buf, size_t size) {
    char ratio[WORDS_NUMBER];
    text_add(buf, size, "On %d GPU%s ", p->gpus, p->gpus > 1 ? "s" : "");
    if (!isnan(p->rate[0]) && !isnan(p->rate[1]))
        text_add(buf, size, "A gives %s × the tokens per GPU of B%s. ", words_number(p->rate[0] / p->rate[1], ratio),
                 p->certain ? "" : ", within the uncertainty");
    else if (isnan(p->rate[0]) && isnan(p->rate[1]))
        text_add(buf, size, "neither runs. ");
    else
        text_add(buf, size, "only %s runs. ", slot_names[isnan(p->rate[0]) ? SLOT_B : SLOT_A]);
}

static void laws_note(const struct ui *u, int i, char *buf, size_t size) {
    int count;
    struct row row = find_row(i, &count);
    char series[256];
    if (row.kind == ROW_LAW) {
        text_add(buf, size, "%s", laws[row.at].help);
    } else if (row.kind == ROW_GROUP) {
        text_add(buf, size, "The second article's laws: here, and (art.) as the article has them.");
    } else {
        if (row.kind == ROW_POINT)
            note_point(&u->laws.series[row.at], buf, size);
        text_add(buf, size, "%s", laws_tell_series(&u->laws, series, sizeof series));
    }
}

const struct wide_ops wide_laws = {
    .id = "laws",
    .title = "Laws of MoE against dense",
    .prepare = laws_prepare,
    .count = laws_count,
    .head = laws_head,
    .row = laws_row,
    .note = laws_note,
};
