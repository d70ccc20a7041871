/* Memory per GPU: what fills it, what still fits, and what would mend a scenario that does not run. */
#include <math.h>
#include <stdio.h>

#include "tui/bars.h"
#include "tui/figures.h"
#include "tui/wrap.h"

enum { SEGMENTS = 5, TICK_WIDTH = 6, TALL = 24 };

static const struct figure figures[] = {
    {E_MEM_GB, "used", "GB", DIGITS_REAL, false},
    {E_MEM_GB, " p10-90", "GB", DIGITS_REAL, true, "  p10-p90", .rank = 1, .interval = true},
    {E_MEM_CAPACITY_GB, "of", "GB", DIGITS_REAL, false},
    {E_PREFILL_MEM_GB, "prefill", "GB", DIGITS_REAL, true, "prefill pool uses", .use = F_PREFILL_GPUS},
    {E_MAX_BATCH, "batch", "≤", DIGITS_COUNT, false},
    {E_MAX_CONTEXT, "tokens", "≤", DIGITS_COUNT, false},
    {E_MIN_GPUS, "GPUs ≥", NULL, DIGITS_COUNT, false},
    {E_KV_COPIES, "KV copies", "×", DIGITS_COUNT, false, .use = F_DP, .above = 1},
    {E_RANK_BATCH, "seq/rank", NULL, DIGITS_COUNT, true, .rank = 1, .use = F_DP},
    {E_MEM_KV_GB, "KV", "GB", DIGITS_REAL, true},
    {E_MEM_WEIGHTS_GB, "weights", "GB", DIGITS_REAL, true},
    {E_MEM_EXPERTS_GB, "experts", "GB", DIGITS_REAL, true},
    {E_MEM_OTHER_GB, "other", "GB", DIGITS_REAL, true},
    {E_RESIDENT, "resident", NULL, DIGITS_COUNT, true},
    {E_PARAMS_B, "params", "B", DIGITS_REAL, true},
    {E_ACTIVE_B, "active", "B", DIGITS_REAL, true},
    {E_FLOPS_PER_TOKEN_G, "GFLOP", "", DIGITS_REAL, true},
};

enum { FIGURES = sizeof figures / sizeof *figures, FIGURES_INFEASIBLE = 2, ROOMY = 24 };

static double known(double v) {
    return isnan(v) || v < 0 ? 0 : v;
}

static void memory_segments(const struct estimate *e, struct segment seg[SEGMENTS]) {
    double experts = known(e->mem_experts_gb), used = known(e->mem_gb);
    seg[0] = (struct segment){known(e->mem_weights_gb) - experts, 0x2588, ROLE_DENSE, "dense"};
    seg[1] = (struct segment){experts, 0x2593, ROLE_EXPERTS, "experts"};
    seg[2] = (struct segment){known(e->mem_kv_gb), 0x2592, ROLE_KV, "KV"};
    seg[3] = (struct segment){known(e->mem_other_gb), 0x2591, ROLE_WORK, "work"};
    seg[4] = (struct segment){isnan(e->mem_gb) ? 0 : fmax(0, known(e->mem_capacity_gb) - used), 0xB7,
                              ROLE_FREE, "free"};
}

/* Both bars on one scale: the larger of all capacities and uses. */
static double common_scale(const struct view *v) {
    double top = 0;
    for (int i = 0; i < SLOT_COUNT; i++)
        top = fmax(top, fmax(known(v->slot[i].now.mem_gb), known(v->slot[i].now.mem_capacity_gb)));
    return top;
}

/* Ticks at a round distance, so that the eye can read the bars without the figures. */
static void draw_axis(struct canvas *c, int x, int y, int w, double top) {
    static const double next[] = {2, 2.5, 2}; /* 1 2 5 10 20 ... */
    double step = 1;
    for (int i = 0; top / step * TICK_WIDTH > w; i++)
        step *= next[i % 3];
    for (double tick = 0; top > 0 && tick <= top; tick += step) {
        char text[32];
        snprintf(text, sizeof text, tick == 0 ? "0 GB" : "%.0f", tick);
        int at = (int)floor(tick / top * w + 0.5);
        if (at + text_width(text) <= w)
            canvas_text(c, x + at, y, 12, text, ROLE_DIM);
    }
}

static void draw_bar(struct canvas *c, int x, int y, int w, const struct estimate *e,
                     const struct segment *seg, double top) {
    double capacity = known(e->mem_capacity_gb);
    bar_stacked(c, x, y, w, seg, SEGMENTS, top);
    if (capacity > 0 && known(e->mem_gb) > capacity) /* where memory ends */
        canvas_put(c, x + (int)(capacity / top * w), y, 0x2502, ROLE_ERROR);
}

static int draw_bars(const struct view *v, struct canvas *c, struct rect r) {
    struct segment seg[SEGMENTS], any[SEGMENTS];
    double top = common_scale(v);
    int row = 0;
    if (r.h >= 10)
        draw_axis(c, r.x + 2, r.y + row++, r.w - 2, top);
    memory_segments(&v->slot[SLOT_A].now, any);
    for (int i = 0; i < SLOT_COUNT; i++) {
        memory_segments(&v->slot[i].now, seg);
        canvas_text(c, r.x, r.y + row, 1, slot_names[i], view_slot_role(i));
        for (int k = 0; k < (r.h >= TALL ? 2 : 1); k++)
            draw_bar(c, r.x + 2, r.y + row++, r.w - 2, &v->slot[i].now, seg, top);
        row += r.h >= TALL && i == SLOT_A;
        for (int k = 0; k < SEGMENTS; k++)
            any[k].value = fmax(any[k].value, seg[k].value);
    }
    bar_legend(c, (struct rect){r.x, r.y + row, r.w, 1}, any, SEGMENTS);
    return row + 1;
}

static int draw_mends(const struct view *v, struct canvas *c, struct rect r, int slot) {
    const struct slot_view *s = &v->slot[slot];
    int row = 0;
    for (size_t i = 0; i < s->n_mends && row < r.h; i++, row++) {
        char text[128];
        bool chosen = i == v->mend;
        enum role role = chosen && v->mend_focus ? ROLE_SELECTED : chosen ? ROLE_KEY_TEXT : ROLE_TEXT;
        snprintf(text, sizeof text, "%s %s", chosen ? "m" : i == 0 ? "or" : "·", s->mend[i].text);
        canvas_text(c, r.x + 1, r.y + row, r.w - 1, text, role);
        if (chosen && v->shown) {
            v->shown->mend_x = r.x + 1;
            v->shown->mend_y = r.y + row;
        }
    }
    if (s->n_mends == 0 && row < r.h)
        canvas_text(c, r.x + 1, r.y + row++, r.w - 1, "no single change mends it", ROLE_DIM);
    return row;
}

/* Why a scenario does not run, and the moves that mend it. */
static int draw_problem(const struct view *v, struct canvas *c, struct rect r, int slot) {
    char text[VIEW_TEXT + 4], limit[VIEW_TEXT];
    const struct slot_view *s = &v->slot[slot];
    int keep = (int)s->n_mends + 1, room = r.h > keep ? r.h - keep : 1;
    snprintf(text, sizeof text, "%s: %s", slot_names[slot],
             view_limit_text(v, slot, room == 1 ? r.w - 2 : VIEW_TEXT, limit));
    int row = wrap_text(c, (struct rect){r.x, r.y, r.w, room < 3 ? room : 3}, text, ROLE_ERROR);
    if (slot != view_mend_slot(v) || row >= r.h)
        return row;
    if (s->n_mends > 0 && r.h - row > (int)s->n_mends)
        canvas_text(c, r.x, r.y + row++, r.w, "this mends it:", ROLE_DIM);
    return row + draw_mends(v, c, (struct rect){r.x, r.y + row, r.w, r.h - row}, slot);
}

static bool is_waiting(const struct slot_view *s) {
    return s->now.feasible && (s->now.notes & NOTE_KV_LIMITED);
}

static int count_waiting(const struct view *v) {
    return is_waiting(&v->slot[SLOT_A]) + is_waiting(&v->slot[SLOT_B]);
}

/* `brevity` 0, 1, 2: fewer words each. */
static void say_waiting(char *buf, size_t size, int brevity, const char *slot, const char *runs, int batch,
                        const char *wait) {
    if (brevity == 0)
        snprintf(buf, size, "%s: %s of %d run at once, the others wait %s s", slot, runs, batch, wait);
    else if (brevity == 1)
        snprintf(buf, size, "%s: %s of %d run, wait %s s", slot, runs, batch, wait);
    else
        snprintf(buf, size, "%s %s/%d run, wait %s s", slot, runs, batch, wait);
}

/* "B: 96 of 128 run at once, the others wait 12 s", in as many words as there is room for. */
static int draw_waiting(const struct view *v, struct canvas *c, struct rect r) {
    int row = 0;
    for (int i = 0; i < SLOT_COUNT && row < r.h; i++) {
        const struct slot_view *s = &v->slot[i];
        char text[120], resident[DIGITS_LEN], wait[DIGITS_LEN];
        if (!is_waiting(s))
            continue;
        digits_print(s->now.resident, DIGITS_COUNT, resident);
        digits_print(s->now.wait_ms / 1000, DIGITS_REAL, wait);
        for (int k = 0; k < 3; k++) {
            say_waiting(text, sizeof text, k, slot_names[i], resident, s->deployment.batch, wait);
            if (text_width(text) <= r.w)
                break;
        }
        canvas_text(c, r.x, r.y + row++, r.w, text, ROLE_WARN);
    }
    return row;
}

void pane_draw_memory(const struct view *v, struct canvas *c, struct rect r) {
    bool runs = v->slot[SLOT_A].now.feasible && v->slot[SLOT_B].now.feasible;
    int row = draw_bars(v, c, r);
    int n = runs || r.h >= ROOMY ? r.h - row - count_waiting(v) : FIGURES_INFEASIBLE;
    row += figures_draw(v, c, (struct rect){r.x, r.y + row, r.w, n}, figures, FIGURES);
    for (int i = 0; i < SLOT_COUNT; i++) {
        int slot = i == 0 ? v->edited : 1 - v->edited;
        if (!v->slot[slot].now.feasible && row < r.h)
            row += draw_problem(v, c, (struct rect){r.x, r.y + row, r.w, r.h - row}, slot);
    }
    draw_waiting(v, c, (struct rect){r.x, r.y + row, r.w, r.h - row});
}
