/* Latency: what the user waits for, and where a decode step goes. */
#include <math.h>
#include <stdio.h>

#include "tui/bars.h"
#include "tui/figures.h"
#include "tui/pane_parts.h"

static const struct figure figures[] = {
    {E_TTFT_MS, "TTFT", "ms", DIGITS_REAL, false, "TTFT, steady"},
    {E_TTFT_MS, " p10-90", "ms", DIGITS_REAL, true, "  p10-p90", .rank = 2, .interval = true},
    {E_TTFT_BENCHMARK_MS, " bench", "ms", DIGITS_REAL, false, "  benchmarked", .rank = 2},
    {E_TPOT_MS, "TPOT", "ms", DIGITS_REAL, false},
    {E_TPOT_MS, " p10-90", "ms", DIGITS_REAL, true, "  p10-p90", .rank = 1, .interval = true},
    {E_SPEC_TOKENS, "tok/step", "", DIGITS_REAL, true, .use = F_SPEC_DEPTH},
    {E_SPEC_GAIN, "gain", "×", DIGITS_REAL, false, .use = F_SPEC_DEPTH},
    {E_ITL_MAX_MS, "max gap", "ms", DIGITS_REAL, false, .use = F_CHUNK_TOKENS},
    {E_QUEUE_MS, "queue", "ms", DIGITS_REAL, false, .use = F_CHUNK_TOKENS},
    {E_BUBBLE, "bubble", "%", DIGITS_PERCENT, true, .use = F_PP},
    {E_STAGE_SLOWEST, "slow stage", NULL, DIGITS_COUNT, true, .use = F_PP},
    {E_STAGE_LAYERS_MAX, "  layers ≤", NULL, DIGITS_COUNT, true, .rank = 1, .use = F_PP},
    {E_PREFILL_BUBBLE, "  prefill", "%", DIGITS_PERCENT, true, "bubble, prefill", .rank = 3, .use = F_PP},
    {E_POOL_BOUND, "pool", NULL, DIGITS_COUNT, true, "pool that binds", .use = F_PREFILL_GPUS},
    {E_PREFILL_UTIL, "prefill", "", DIGITS_PERCENT, true, "prefill pool busy", .use = F_PREFILL_GPUS},
    {E_PREFILL_WAIT_MS, " queue", "ms", DIGITS_REAL, true, "  wait for it", .rank = 2, .use = F_PREFILL_GPUS},
    {E_KV_TRANSFER_MS, "KV sent", "ms", DIGITS_REAL, true, "KV transfer", .rank = 1, .use = F_PREFILL_GPUS},
    {E_E2E_S, "total", "s", DIGITS_REAL, false},
    {E_TOK_S_USER, "tok/s", "", DIGITS_REAL, false},
    {E_DECODE_STEP_MS, "step", "ms", DIGITS_REAL, false, .rank = 1},
    {E_PREFILL_MS, "prefill", "ms", DIGITS_REAL, false, .rank = 2},
    {E_MBU, "memory", "", DIGITS_PERCENT, true, "of memory rate", .rank = 3},
    {E_MFU, "compute", "", DIGITS_PERCENT, true, "of compute rate", .rank = 3},
    {E_WAIT_MS, "wait", "ms", DIGITS_REAL, false, .rank = 4}, /* the memory pane tells of it too */
};

enum { FIGURES = sizeof figures / sizeof *figures, FIGURES_BRIEF = 4 };

static void step_segments(const struct estimate *e, struct segment seg[OPS_COUNT]) {
    static const struct segment look[OPS_COUNT] = {
        [OPS_ATTENTION] = {0, 0x2592, ROLE_ATTENTION, "attention"},
        [OPS_FFN] = {0, 0x2588, ROLE_FFN, "ffn"},
        [OPS_EXPERTS] = {0, 0x2593, ROLE_EXPERTS, "experts"},
        [OPS_COMM] = {0, 0x2248, ROLE_COMM, "network"},
        [OPS_HEAD] = {0, 0x2591, ROLE_HEAD, "head"},
        [OPS_OTHER] = {0, 0xB7, ROLE_OTHER, "rest"},
    };
    for (int i = 0; i < OPS_COUNT; i++)
        seg[i] = look[i];
    for (int k = 0; e->feasible && k < OP_COUNT; k++)
        if (e->decode.op[k].calls > 0)
            seg[op_group_of((enum op_kind)k)].value += e->decode.op[k].calls * e->decode.op[k].seconds;
}

static int draw_step_bars(const struct view *v, struct canvas *c, struct rect r, int legend_rows) {
    struct segment seg[OPS_COUNT], any[OPS_COUNT] = {0};
    double top = 0;
    int word = 8, row = 0;
    for (int i = 0; i < SLOT_COUNT; i++)
        if (v->slot[i].now.feasible)
            top = fmax(top, v->slot[i].now.decode.seconds);
    for (int i = 0; i < SLOT_COUNT; i++, row++) {
        const struct estimate *e = &v->slot[i].now;
        if (pane_draw_state(v, c, r.x, r.y + row, r.w, i))
            continue;
        step_segments(e, seg);
        canvas_text(c, r.x, r.y + row, 1, slot_names[i], view_slot_role(i));
        bar_stacked(c, r.x + 2, r.y + row, r.w - 3 - word, seg, OPS_COUNT, top);
        canvas_text(c, r.x + r.w - word, r.y + row, word, bound_names[e->bound], ROLE_DIM);
        for (int k = 0; k < OPS_COUNT; k++) {
            double value = fmax(any[k].value, seg[k].value);
            any[k] = seg[k];
            any[k].value = value;
        }
    }
    if (top > 0)
        bar_legend(c, (struct rect){r.x, r.y + row, r.w, legend_rows}, any, OPS_COUNT);
    return row + legend_rows;
}

/* Columns of the table of operators; the calls are left out where it is narrow. */
enum { OP_NAME = 15, OP_CALLS = 7, OP_MS = 8, OP_SHARE = 5, OP_BOUND = 8 };

static int op_cell(int w) {
    int brief = OP_MS + OP_SHARE + OP_BOUND - 1;
    return w >= OP_NAME + SLOT_COUNT * (brief + OP_CALLS) ? brief + OP_CALLS : brief;
}

static bool ops_fit(int w) {
    return w >= OP_NAME + SLOT_COUNT * op_cell(0) - 2;
}

static void draw_op(struct canvas *c, int x, int y, int cell, const struct estimate *e, const struct op *op) {
    char text[64];
    double total = op->calls * op->seconds;
    bool calls = cell > op_cell(0);
    if (!e->feasible || !(op->calls > 0)) {
        canvas_text_right(c, x + (calls ? OP_CALLS : 0), y, OP_MS - 4, "–", ROLE_DIM);
        return;
    }
    snprintf(text, sizeof text, "%.4g", op->calls);
    if (calls)
        canvas_text_right(c, x, y, OP_CALLS, text, ROLE_TEXT);
    x += calls ? OP_CALLS : 0;
    snprintf(text, sizeof text, "%.3f", total * 1e3);
    canvas_text_right(c, x, y, OP_MS, text, ROLE_VALUE);
    snprintf(text, sizeof text, "%.0f%%", 100 * total / e->decode.seconds);
    canvas_text_right(c, x + OP_MS, y, OP_SHARE, text, ROLE_TEXT);
    canvas_text(c, x + OP_MS + OP_SHARE + 1, y, OP_BOUND - 1, bound_names[op->bound], ROLE_DIM);
}

static void draw_ops_head(struct canvas *c, struct rect r, int cell) {
    bool calls = cell > op_cell(0);
    canvas_text(c, r.x, r.y, OP_NAME, "decode step", ROLE_HEADING);
    for (int i = 0; i < SLOT_COUNT; i++) {
        int x = r.x + OP_NAME + i * cell;
        canvas_text(c, x, r.y, 1, slot_names[i], view_slot_role(i));
        if (calls)
            canvas_text_right(c, x + 2, r.y, OP_CALLS - 2, "calls", ROLE_DIM);
        x += calls ? OP_CALLS : 0;
        canvas_text_right(c, x + 2, r.y, OP_MS - 2, "ms", ROLE_DIM);
        canvas_text(c, x + OP_MS + OP_SHARE + 1, r.y, OP_BOUND - 1, "bound", ROLE_DIM);
    }
}

/* Every operator of a decode step: how often, how long, its share, and what bounds it. */
static void draw_ops(const struct view *v, struct canvas *c, struct rect r) {
    int row = 0, cell = op_cell(r.w);
    if (r.h < 3 || !(v->slot[SLOT_A].now.feasible || v->slot[SLOT_B].now.feasible))
        return;
    draw_ops_head(c, r, cell);
    for (int k = 0; k < OP_COUNT && row + 1 < r.h; k++) {
        const struct op *a = &v->slot[SLOT_A].now.decode.op[k], *b = &v->slot[SLOT_B].now.decode.op[k];
        if (!(a->calls > 0) && !(b->calls > 0))
            continue;
        row++;
        canvas_text(c, r.x, r.y + row, OP_NAME, op_names[k], ROLE_LABEL);
        draw_op(c, r.x + OP_NAME, r.y + row, cell, &v->slot[SLOT_A].now, a);
        draw_op(c, r.x + OP_NAME + cell, r.y + row, cell, &v->slot[SLOT_B].now, b);
    }
}

void pane_draw_latency(const struct view *v, struct canvas *c, struct rect r) {
    enum { LEGEND_WIDTH = 51, OPS_ROWS = 12 };
    bool ops = ops_fit(r.w) && r.h >= SLOT_COUNT + 1 + FIGURES_BRIEF + OPS_ROWS;
    int legend = r.w >= LEGEND_WIDTH ? 1 : 2;
    int row = draw_step_bars(v, c, r, legend);
    int n = r.h - row - (ops ? OPS_ROWS : 0);
    n = n < FIGURES_BRIEF ? FIGURES_BRIEF : n;
    row += figures_draw(v, c, (struct rect){r.x, r.y + row, r.w, n}, figures, FIGURES);
    row += r.h - row > OPS_ROWS;
    if (ops)
        draw_ops(v, c, (struct rect){r.x, r.y + row, r.w, r.h - row});
}
