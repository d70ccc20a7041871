/* What was measured here, beside what the model says: experiments with their cases, constants, the articles' claims. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "explore/words.h"
#include "tui/bars.h"
#include "tui/digits.h"
#include "tui/ui_state.h"
#include "tui/wide.h"
#include "tui/wrap.h"
#include "validate/claims.h"

enum row_kind { ROW_RUN, ROW_EXPERIMENT, ROW_SAMPLE, ROW_PART, ROW_FIT, ROW_CLAIM };

enum { PART_FITS, PART_CLAIMS };

struct row {
    enum row_kind kind;
    int i;
};

/* Puts a row at place *n if that is the one that is looked for. */
static void offer(struct row *out, int wanted, int *n, enum row_kind kind, int i) {
    if ((*n)++ == wanted)
        *out = (struct row){kind, i};
}

/* Row `wanted`; returns the number of rows. */
static int find_row(const struct ui *u, int wanted, struct row *out) {
    const struct validation *v = u->validation;
    int n = 0;
    offer(out, wanted, &n, ROW_RUN, 0);
    if (!v)
        return n;
    for (int e = 0; e < PROTOCOL_EXP_COUNT; e++) {
        if (v->m.experiment[e].state == EXPERIMENT_ABSENT)
            continue;
        offer(out, wanted, &n, ROW_EXPERIMENT, e);
        for (int i = 0; i < v->m.n_samples; i++)
            if ((int)v->m.sample[i].exp == e)
                offer(out, wanted, &n, ROW_SAMPLE, i);
    }
    if (v->state != VALIDATION_DONE)
        return n;
    offer(out, wanted, &n, ROW_PART, PART_FITS);
    for (int i = 0; i < v->n_fits; i++)
        offer(out, wanted, &n, ROW_FIT, i);
    offer(out, wanted, &n, ROW_PART, PART_CLAIMS);
    for (int i = 0; i < CLAIM_COUNT; i++)
        offer(out, wanted, &n, ROW_CLAIM, i);
    return n;
}

static int validation_count(const struct ui *u) {
    struct row row;
    return find_row(u, -1, &row);
}

static void validation_prepare(struct ui *u) {
    if (u->validation && u->validation->state == VALIDATION_DONE)
        claims_make(u->validation, u->claims);
}

static bool validation_heading(const struct ui *u, int i) {
    struct row row = {ROW_RUN, 0};
    find_row(u, i, &row);
    return row.kind == ROW_EXPERIMENT || row.kind == ROW_PART;
}

/* --- columns: name, predicted, measured, off, off with the fitted constants, checks --- */

enum { TIME_W = 10, OFF_W = 8, CHECK_W = 9, FITTED_FROM = 56, CHECKS_FROM = 70 };

struct places {
    int name_w, predicted, measured, off, fitted, checks; /* 0: no room */
};

static struct places places(struct rect r) {
    struct places p = {.name_w = r.w - 2 * TIME_W - OFF_W};
    bool fitted = r.w >= FITTED_FROM, checks = r.w >= CHECKS_FROM;
    p.name_w -= (fitted ? OFF_W : 0) + (checks ? CHECK_W : 0);
    p.predicted = r.x + p.name_w;
    p.measured = p.predicted + TIME_W;
    p.off = p.measured + TIME_W;
    p.fitted = fitted ? p.off + OFF_W : 0;
    p.checks = checks ? p.off + 2 * OFF_W : 0;
    return p;
}

static void validation_head(const struct ui *u, struct canvas *c, struct rect r) {
    struct places p = places(r);
    (void)u;
    canvas_text_right(c, p.predicted, r.y, TIME_W - 1, "predicted", ROLE_HEADING);
    canvas_text_right(c, p.measured, r.y, TIME_W - 1, "measured", ROLE_HEADING);
    canvas_text_right(c, p.off, r.y, OFF_W - 1, "off", ROLE_HEADING);
    if (p.fitted)
        canvas_text_right(c, p.fitted, r.y, OFF_W - 1, "fitted", ROLE_HEADING);
    if (p.checks)
        canvas_text_right(c, p.checks, r.y, CHECK_W, "checks", ROLE_HEADING);
}

static void draw_time(struct canvas *c, int x, int y, double seconds, enum role role) {
    char number[WORDS_NUMBER], text[WORDS_NUMBER + 8];
    double scale = seconds < 1e-3 ? 1e6 : seconds < 1 ? 1e3 : 1;
    snprintf(text, sizeof text, "%s %s", words_number(seconds * scale, number), scale == 1e6 ? "us" : scale == 1e3 ? "ms" : "s");
    canvas_text_right(c, x, y, TIME_W - 1, isnan(seconds) ? "–" : text, isnan(seconds) ? ROLE_DIM : role);
}

static void draw_share(struct canvas *c, int x, int y, double share) {
    char digits[DIGITS_LEN], text[DIGITS_LEN + 4];
    snprintf(text, sizeof text, "%s %%", digits_print(share, DIGITS_PERCENT, digits));
    enum role role = share <= fit_error_median_max ? ROLE_BETTER : share <= fit_error_p90_max ? ROLE_TEXT : ROLE_WARN;
    canvas_text_right(c, x, y, OFF_W - 1, isnan(share) ? "–" : text, isnan(share) ? ROLE_DIM : role);
}

static void draw_ratio(struct canvas *c, int x, int y, double ratio) {
    char text[24];
    snprintf(text, sizeof text, "%.2f×", ratio);
    canvas_text_right(c, x, y, TIME_W - 1, isnan(ratio) ? "–" : text, isnan(ratio) ? ROLE_DIM : ROLE_VALUE);
}

/* --- rows --- */

static const char *state_text(const struct validation *v) {
    static const char *const states[] = {"measuring", "stopping", "done", "cancelled", "failed"};
    return !v ? "nothing measured yet: v measures" : v->stalled ? "silent" : states[v->state];
}

static void draw_run(const struct ui *u, struct canvas *c, struct rect r, bool selected) {
    const struct validation *v = u->validation;
    char text[200];
    snprintf(text, sizeof text, "%s%s%s", v && *v->m.device ? v->m.device : "", v && *v->m.device ? ": " : "", state_text(v));
    enum role role = selected ? ROLE_SELECTED : v && v->state == VALIDATION_FAILED ? ROLE_ERROR : ROLE_HEADING;
    canvas_text(c, r.x + 1, r.y, r.w - 1, text, role);
}

static void draw_progress(const struct experiment *e, struct canvas *c, int x, int y, int w) {
    static const char *const states[] = {"", "waits", "", "", "skipped"};
    char text[48];
    if (e->state == EXPERIMENT_RUNNING && e->total > 0)
        bar_plain(c, x, y, w, isnan(e->done) ? 0 : e->done, e->total, ROLE_WORK);
    snprintf(text, sizeof text, "%s", states[e->state]);
    canvas_text_right(c, x, y, w, text, e->state == EXPERIMENT_SKIPPED ? ROLE_WARN : ROLE_DIM);
}

static void draw_experiment(const struct ui *u, int i, struct canvas *c, struct rect r, bool selected) {
    const struct validation *v = u->validation;
    const struct experiment *e = &v->m.experiment[i];
    struct places p = places(r);
    char text[32];
    canvas_text(c, r.x + 1, r.y, p.name_w - 1, experiment_ids[i], selected ? ROLE_SELECTED : ROLE_HEADING);
    draw_progress(e, c, p.predicted, r.y, 2 * TIME_W - 1);
    if (e->samples > 0)
        draw_share(c, p.off, r.y, validation_error(v, (enum protocol_experiment)i, false));
    if (p.fitted && v->state == VALIDATION_DONE && e->samples > 0)
        draw_share(c, p.fitted, r.y, validation_error(v, (enum protocol_experiment)i, true));
    snprintf(text, sizeof text, e->failed ? "%d failed" : "%d ok", e->failed ? e->failed : e->checks);
    if (p.checks && e->checks > 0)
        canvas_text_right(c, p.checks, r.y, CHECK_W, text, e->failed ? ROLE_ERROR : ROLE_BETTER);
}

static void draw_sample(const struct ui *u, int i, struct canvas *c, struct rect r, bool selected) {
    const struct validation *v = u->validation;
    const struct sample *s = &v->m.sample[i];
    struct places p = places(r);
    canvas_text(c, r.x + 2, r.y, p.name_w - 2, s->name, selected ? ROLE_SELECTED : ROLE_LABEL);
    draw_time(c, p.predicted, r.y, s->predicted, ROLE_TEXT);
    draw_time(c, p.measured, r.y, s->seconds, ROLE_VALUE);
    draw_share(c, p.off, r.y, fabs(s->seconds / s->predicted - 1));
    if (p.fitted && v->state == VALIDATION_DONE)
        draw_share(c, p.fitted, r.y, fabs(s->seconds / predict_seconds(&v->fitted, s) - 1));
}

static void draw_fit(const struct ui *u, int i, struct canvas *c, struct rect r, bool selected) {
    const struct fitted *f = &u->validation->fit[i];
    struct places p = places(r);
    canvas_text(c, r.x + 2, r.y, p.name_w - 2, calibration_classes[f->class].id, selected ? ROLE_SELECTED : ROLE_LABEL);
    canvas_text_right(c, p.predicted, r.y, 2 * TIME_W - 1, f->accepted ? "measured here" : "default stays",
                      f->accepted ? ROLE_BETTER : ROLE_WARN);
    draw_share(c, p.off, r.y, f->error_before);
    if (p.fitted)
        draw_share(c, p.fitted, r.y, f->error_median);
}

static void draw_claim(const struct ui *u, int i, struct canvas *c, struct rect r, bool selected) {
    static const enum role roles[] = {ROLE_DIM, ROLE_BETTER, ROLE_WARN};
    const struct claim *k = &u->claims[i];
    struct places p = places(r);
    canvas_text(c, r.x + 2, r.y, p.name_w - 2, k->id, selected ? ROLE_SELECTED : ROLE_LABEL);
    draw_ratio(c, p.predicted, r.y, k->claimed);
    draw_ratio(c, p.measured, r.y, k->measured);
    canvas_text(c, p.off + 1, r.y, r.x + r.w - p.off - 1,
                r.x + r.w - p.off - 1 < 14 && k->verdict == CLAIM_FAILS ? "fails" : claim_verdict_names[k->verdict],
                roles[k->verdict]);
}

static void draw_part(int part, struct canvas *c, struct rect r, bool selected) {
    struct places p = places(r);
    canvas_text(c, r.x + 1, r.y, p.name_w - 1, part == PART_FITS ? "constants" : "claims", selected ? ROLE_SELECTED : ROLE_HEADING);
    if (part == PART_CLAIMS)
        canvas_text_right(c, p.predicted, r.y, TIME_W - 1, "claimed", ROLE_HEADING);
}

static void validation_row(const struct ui *u, int i, struct canvas *c, struct rect r, bool selected) {
    struct row row = {ROW_RUN, 0};
    find_row(u, i, &row);
    canvas_text(c, r.x, r.y, 1, selected ? "▸" : " ", ROLE_FRAME_FOCUS);
    switch (row.kind) {
    case ROW_RUN:
        draw_run(u, c, r, selected);
        break;
    case ROW_EXPERIMENT:
        draw_experiment(u, row.i, c, r, selected);
        break;
    case ROW_SAMPLE:
        draw_sample(u, row.i, c, r, selected);
        break;
    case ROW_PART:
        draw_part(row.i, c, r, selected);
        break;
    case ROW_FIT:
        draw_fit(u, row.i, c, r, selected);
        break;
    case ROW_CLAIM:
        draw_claim(u, row.i, c, r, selected);
        break;
    }
}

/* --- notes --- */

static void note_run(const struct ui *u, char *buf, size_t size) {
    const struct validation *v = u->validation;
    char number[WORDS_NUMBER];
    if (!v) {
        text_add(buf, size, "v runs the validation helper for the scenario under edit: what the panes claim is measured on this "
                            "machine, and the constants that fit it are laid over the presets'.");
        return;
    }
    if (*v->message)
        text_add(buf, size, "%c%s. ", toupper((unsigned char)v->message[0]), v->message + 1);
    if (v->m.has_env)
        text_add(buf, size, "%s, helper %s, %s GB/s%s. ",
                 v->model.host ? "Compared with a machine of its own measured peaks" : v->model.gpu.name,
                 v->m.helper, words_number(v->model.gpu.mem_bw / 1e9, number), v->m.vm ? ", in a virtual machine" : "");
    if (v->match == MATCH_OTHER)
        text_add(buf, size, "It is another GPU than the scenario's, whose constants stay. ");
    if (v->m.power > 0)
        text_add(buf, size, "%.0f W. ", v->m.power);
    if (v->m.throttled)
        text_add(buf, size, "Throttled. ");
    text_add(buf, size, "%s", u->stored);
}

static void note_experiment(const struct ui *u, int i, char *buf, size_t size) {
    const struct measurement *m = &u->validation->m;
    text_add(buf, size, "%s. %d samples, %d checks, %d failed. ",
             *m->experiment[i].title ? m->experiment[i].title : experiment_ids[i], m->experiment[i].samples, m->experiment[i].checks, m->experiment[i].failed);
    for (int k = 0; k < m->n_remarks; k++)
        if ((int)m->remark[k].exp == i)
            text_add(buf, size, "%s: %s. ", m->remark[k].code, m->remark[k].text);
    for (int k = 0; k < m->n_results; k++)
        if ((int)m->result[k].exp == i)
            text_add(buf, size, "%s %.4g %s. ", m->result[k].name, m->result[k].value, m->result[k].unit);
}

static void note_fit(const struct fitted *f, char *buf, size_t size) {
    char was[WORDS_NUMBER], is[WORDS_NUMBER];
    if (!f->accepted) {
        text_add(buf, size, "The defaults stay: %s.", f->why);
        return;
    }
    for (int k = 0; k < f->n; k++)
        text_add(buf, size, "%s %s → %s %s, ", calibration_classes[f->class].constant[f->constant[k]].name,
                 words_number(f->before[k], was), words_number(f->value[k], is),
                 calibration_classes[f->class].constant[f->constant[k]].unit);
    text_add(buf, size, "from %d points, judged on %d of them held out. The class's other constants are inherited.", f->points,
             f->held_out);
}

static void validation_note(const struct ui *u, int i, char *buf, size_t size) {
    struct row row = {ROW_RUN, 0};
    find_row(u, i, &row);
    const struct validation *v = u->validation;
    if (row.kind == ROW_RUN)
        note_run(u, buf, size);
    else if (row.kind == ROW_EXPERIMENT)
        note_experiment(u, row.i, buf, size);
    else if (row.kind == ROW_FIT)
        note_fit(&v->fit[row.i], buf, size);
    else if (row.kind == ROW_CLAIM)
        text_add(buf, size, "“%s”. %s", u->claims[row.i].says, u->claims[row.i].text);
    else if (row.kind == ROW_PART)
        text_add(buf, size, row.i == PART_FITS ? "Errors on the points held out of the fit: before, and with the fitted constants."
                                               : "Ratios of times: as the articles claim them, and as they were measured.");
    else if (v->m.sample[row.i].best > 0)
        text_add(buf, size, "%s: median of %.0f runs, p10 to p90 %.3g to %.3g of it, best %.3g.", v->m.sample[row.i].name,
                 v->m.sample[row.i].runs, v->m.sample[row.i].p10 / v->m.sample[row.i].seconds,
                 v->m.sample[row.i].p90 / v->m.sample[row.i].seconds, v->m.sample[row.i].best / v->m.sample[row.i].seconds);
}

const struct wide_ops wide_validation = {
    .id = "validation",
    .title = "Validation",
    .prepare = validation_prepare,
    .count = validation_count,
    .head = validation_head,
    .row = validation_row,
    .note = validation_note,
    .heading = validation_heading,
};
