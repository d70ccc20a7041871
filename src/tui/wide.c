#include "tui/wide.h"

#include "tui/hot.h"
#include "tui/ui_state.h"
#include "tui/wrap.h"

const struct wide_ops *const wide_ops[WIDE_COUNT] = {
    [WIDE_OPERATORS] = &wide_operators,
    [WIDE_RULES] = &wide_rules,
    [WIDE_LAWS] = &wide_laws,
    [WIDE_ARTICLES] = &wide_articles,
    [WIDE_BATCH] = &wide_batch,
    [WIDE_FRONTIER] = &wide_frontier,
    [WIDE_ROOFLINE] = &wide_roofline,
    [WIDE_IMBALANCE] = &wide_imbalance,
    [WIDE_WINNERS] = &wide_winners,
    [WIDE_LAYOUTS] = &wide_layouts,
    [WIDE_VALIDATION] = &wide_validation,
};

static int clamp(int v, int low, int high) {
    return v > high ? high < low ? low : high : v < low ? low : v;
}

/* The note takes a third of a high table at most, and always a line. */
static int note_rows(int w, int h, const char *text) {
    return clamp(wrap_rows(w, text), 1, h / 3);
}

/* Before a view is asked for its rows: keys may come faster than frames. */
static const struct wide_ops *prepared(struct ui *u) {
    const struct wide_ops *ops = wide_ops[u->wide];
    if (u->wide_stale && ops->prepare)
        ops->prepare(u);
    if (u->wide_stale && ops->study)
        study_begin(u, u->wide);
    u->wide_stale = false;
    return ops;
}

/* A table's rows; none for a plot, or before the first results are in. */
static int count_rows(const struct ui *u, const struct wide_ops *ops) {
    return ops->draw || (ops->study && !u->study[u->wide].shown) ? 0 : ops->count(u);
}

/* What is shown is not of the present scenarios. */
static void dim(struct canvas *c, struct rect r) {
    for (int y = r.y; y < r.y + r.h && y < c->h; y++)
        for (int x = r.x; x < r.x + r.w && x < c->w; x++)
            c->cell[(size_t)y * (size_t)c->w + (size_t)x].role = ROLE_DIM;
}

static void draw_plot(struct ui *u, const struct wide_ops *ops, struct canvas *c, struct rect r, bool focus) {
    char note[WIDE_NOTE_LEN] = "";
    ops->note(u, 0, note, sizeof note);
    int foot = note_rows(r.w, r.h, note);
    ops->draw(u, c, (struct rect){r.x, r.y, r.w, r.h - foot});
    wrap_text(c, (struct rect){r.x, r.y + r.h - foot, r.w, foot}, note, ROLE_TEXT);
    if (focus) {
        c->cursor_x = r.x;
        c->cursor_y = r.y + r.h - foot;
    }
}

static void draw_table(struct ui *u, const struct wide_ops *ops, struct canvas *c, struct rect r, bool focus) {
    struct wide_place *at = &u->wide_at[u->wide];
    char note[WIDE_NOTE_LEN] = "";
    int n = ops->count(u);
    at->row = clamp(at->row, 0, n - 1);
    if (n > 0)
        ops->note(u, at->row, note, sizeof note);
    int foot = note_rows(r.w, r.h, note), rows = clamp(r.h - foot - 2, 1, r.h);
    at->first = clamp(at->first, at->row - rows + 1, at->row);
    at->first = clamp(at->first, 0, n > rows ? n - rows : 0);
    ops->head(u, c, (struct rect){r.x, r.y, r.w, 1});
    hot_note(u, (struct rect){r.x, r.y, r.w, 1}, HOT_HEAD, 0);
    for (int i = at->first; i < n && i < at->first + rows; i++) {
        struct rect row = {r.x, r.y + 1 + i - at->first, r.w, 1};
        ops->row(u, i, c, row, focus && i == at->row);
        hot_note(u, row, HOT_ROW, i);
    }
    if (at->first + rows < n)
        canvas_text_right(c, r.x, r.y + r.h - foot - 1, r.w, "more ▾", ROLE_KEY);
    wrap_text(c, (struct rect){r.x, r.y + r.h - foot, r.w, foot}, note, ROLE_DIM);
    if (focus) {
        c->cursor_x = r.x;
        c->cursor_y = r.y + 1 + at->row - at->first;
    }
}

void wide_draw(struct ui *u, struct canvas *c, struct rect r, bool focus) {
    const struct wide_ops *ops = prepared(u);
    const struct study *study = &u->study[u->wide];
    if (ops->study && !study->shown)
        canvas_text(c, r.x, r.y, r.w, study->next ? "working it out ..." : "no memory for this view", ROLE_DIM);
    else if (ops->draw)
        draw_plot(u, ops, c, r, focus);
    else
        draw_table(u, ops, c, r, focus);
    if (ops->study && study->pending)
        dim(c, r);
}

void wide_show(struct ui *u, enum wide_id id) {
    u->wide = id;
    u->wide_stale = true;
    u->zoom = false;
    if (u->mode == MODE_PANES || u->mode == MODE_WIDE)
        u->mode = id == WIDE_NONE ? MODE_PANES : MODE_WIDE;
}

void wide_move(struct ui *u, int step) {
    struct wide_place *at = &u->wide_at[u->wide];
    at->row = clamp(at->row + step, 0, count_rows(u, prepared(u)) - 1);
}

void wide_jump(struct ui *u, int direction) {
    const struct wide_ops *ops = prepared(u);
    int n = count_rows(u, ops), i = u->wide_at[u->wide].row + direction;
    while (i > 0 && i < n - 1 && !(ops->heading && ops->heading(u, i)))
        i += direction;
    u->wide_at[u->wide].row = clamp(i, 0, n - 1);
}

void wide_enter(struct ui *u) {
    const struct wide_ops *ops = prepared(u);
    int row = u->wide_at[u->wide].row;
    if (ops->enter && row < count_rows(u, ops))
        ops->enter(u, row);
}

void wide_turn(struct ui *u, int direction) {
    const struct wide_ops *ops = u->wide ? prepared(u) : NULL;
    if (!ops || !ops->key || !ops->key(u, direction))
        ui_say(u, false, "%s", u->wide ? "this view has one form" : "the panes have one form: < and > go to the views");
}

bool wide_collect(struct ui *u) {
    return study_collect(u);
}
