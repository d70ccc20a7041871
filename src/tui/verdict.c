#include "tui/verdict.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tui/digits.h"
#include "tui/figures.h"
#include "tui/wrap.h"

/* One point of comparison, in the order in which it is told. */
struct point {
    enum estimate_field_id id;
    const char *verb, *what, *brief, *level;
    const char *unsure; /* the verb where the intervals overlap */
};

static const struct point points[] = {
    {E_COST_M_OUT, "is", "cheaper per output token", "cheaper", "cost", "may be"},
    {E_TPOT_MS, "is", "faster per token", "faster", "speed", "may be"},
    {E_MEM_GB, "needs", "less memory per GPU", "less memory", "memory", "may need"},
};

enum { POINTS = sizeof points / sizeof *points, LINE_CELLS = 98, BRIEF_CELLS = 78 };

#define UNSURE "within the uncertainty"

static bool certain(const struct estimate e[SLOT_COUNT], const struct point *p) {
    return figures_certain(&e[SLOT_A], &e[SLOT_B], p->id);
}

/* Whether the slot wins a point that is not certain. */
static bool any_unsure(const struct estimate e[SLOT_COUNT], int slot) {
    for (int i = 0; i < POINTS; i++)
        if (figures_better(&e[SLOT_A], &e[SLOT_B], points[i].id) == slot && !certain(e, &points[i]))
            return true;
    return false;
}

static const char *ratio_of(const struct estimate e[SLOT_COUNT], enum estimate_field_id id, char *buf) {
    double a = figures_value(&e[SLOT_A], id), b = figures_value(&e[SLOT_B], id);
    return digits_ratio(fmin(a, b), fmax(a, b), buf);
}

/* Adds a point to the clause of its slot. */
static void tell_point(const struct estimate e[SLOT_COUNT], const struct point *p, const char *verb,
                       bool brief, const char *joint, char *buf) {
    char ratio[DIGITS_LEN];
    text_add(buf, VERDICT_LEN, "%s%s%s%s %s", joint, verb, *verb ? " " : "", ratio_of(e, p->id, ratio),
             brief ? p->brief : p->what);
}

/* "A is 1.7× cheaper per output token and may be 1.2× faster per token": the points that the slot wins;
 * `explain` says what the last "may" means. */
static void tell_slot(const struct estimate e[SLOT_COUNT], int slot, bool brief, bool explain, char *buf) {
    const struct point *won[POINTS];
    const char *verb = "";
    int n = 0, unsure = -1;
    for (int i = 0; i < POINTS; i++)
        if (figures_better(&e[SLOT_A], &e[SLOT_B], points[i].id) == slot) {
            unsure = certain(e, &points[i]) ? unsure : n;
            won[n++] = &points[i];
        }
    if (n > 0)
        text_add(buf, VERDICT_LEN, "%s%s ", *buf ? "; " : "", slot_names[slot]);
    for (int k = 0; k < n; k++) {
        const char *next = certain(e, won[k]) ? won[k]->verb : won[k]->unsure;
        tell_point(e, won[k], strcmp(next, verb) == 0 ? "" : next, brief,
                   k == 0       ? ""
                   : k == n - 1 ? " and "
                                : ", ",
                   buf);
        verb = next;
        if (k == unsure && explain)
            text_add(buf, VERDICT_LEN, " (" UNSURE ")");
    }
}

static void tell_level(const struct estimate e[SLOT_COUNT], char *buf) {
    int n = 0;
    for (int i = 0; i < POINTS; i++) {
        double a = figures_value(&e[SLOT_A], points[i].id), b = figures_value(&e[SLOT_B], points[i].id);
        if (isnan(a) || isnan(b) || figures_better(&e[SLOT_A], &e[SLOT_B], points[i].id) >= 0)
            continue;
        text_add(buf, VERDICT_LEN, "%s%s",
                 n++ > 0 ? ", "
                 : *buf  ? "; level on "
                         : "A and B are level on ",
                 points[i].level);
    }
}

static void tell_advantages(const struct estimate e[SLOT_COUNT], bool brief, char *buf) {
    int first = figures_better(&e[SLOT_A], &e[SLOT_B], E_COST_M_OUT) == SLOT_B ? SLOT_B : SLOT_A;
    *buf = '\0';
    tell_slot(e, first, brief, !any_unsure(e, 1 - first), buf); /* once, at the end */
    tell_slot(e, 1 - first, brief, true, buf);
    tell_level(e, buf);
    if (isnan(figures_value(&e[SLOT_A], E_COST_M_OUT)) || isnan(figures_value(&e[SLOT_B], E_COST_M_OUT)))
        text_add(buf, VERDICT_LEN, "%sno price, so no cost", *buf ? "; " : "");
    text_add(buf, VERDICT_LEN, ".");
}

static const char *winner_name(int winner) {
    return winner < 0 ? "neither" : slot_names[winner];
}

/* "A is cheaper up to batch 212, B from 213 on."; `verb`: "is", or "may be" where the intervals overlap at
 * this batch. */
static void tell_flips(const struct crossover *x, int max_batch, const char *verb, char *buf) {
    if (x->n_flips == 0 && x->first_winner < 0)
        text_add(buf, VERDICT_LEN, "Cost per output token is level at every batch up to %d.", max_batch);
    else if (x->n_flips == 0)
        text_add(buf, VERDICT_LEN, "%s %s cheaper at every batch up to %d.", winner_name(x->first_winner),
                 verb, max_batch);
    else if (x->first_winner < 0)
        text_add(buf, VERDICT_LEN, "Cost is level below batch %.0f", x->flip[0].batch);
    else
        text_add(buf, VERDICT_LEN, "%s %s cheaper up to batch %.0f", winner_name(x->first_winner), verb,
                 x->flip[0].batch - 1);
    for (size_t i = 0; i < x->n_flips && i < 3; i++) {
        bool last = i + 1 == x->n_flips || i == 2;
        if (last)
            text_add(buf, VERDICT_LEN, ", %s from %.0f on.", winner_name(x->flip[i].winner),
                     x->flip[i].batch);
        else
            text_add(buf, VERDICT_LEN, ", %s to %.0f", winner_name(x->flip[i].winner),
                     x->flip[i + 1].batch - 1);
    }
}

/* "Both decode steps wait for memory." */
static void tell_bounds(const struct estimate e[SLOT_COUNT], char *buf) {
    static const char *const what[BOUND_COUNT] = {"", "memory", "compute", "the network", "kernel launches"};
    if (e[SLOT_A].bound == e[SLOT_B].bound)
        text_add(buf, VERDICT_LEN, " Both wait for %s.", what[e[SLOT_A].bound]);
    else
        text_add(buf, VERDICT_LEN, " A waits for %s, B for %s.", what[e[SLOT_A].bound],
                 what[e[SLOT_B].bound]);
}

static void brief_flips(const struct crossover *x, char *buf) {
    enum { LONG = 50 }; /* of 78 cells: then the batch goes without its name */
    const char *batch = text_width(buf) > LONG ? "" : "batch ";
    if (x->n_flips == 0 && x->first_winner >= 0)
        text_add(buf, VERDICT_LEN, " · %s cheaper at every batch", winner_name(x->first_winner));
    else if (x->n_flips > 0 && x->flip[0].winner >= 0)
        text_add(buf, VERDICT_LEN, " · %s cheaper from %s%.0f", winner_name(x->flip[0].winner), batch,
                 x->flip[0].batch);
    else if (x->n_flips > 0)
        text_add(buf, VERDICT_LEN, " · %s cheaper to %s%.0f", winner_name(x->first_winner), batch,
                 x->flip[0].batch - 1);
}

/* What ends the brief line: the signs in it explained, or else the batch where the cheaper one changes. */
static void brief_end(const struct estimate e[SLOT_COUNT], const struct crossover *x, char *buf) {
    const char *words = " · ○ " UNSURE;
    if (!any_unsure(e, SLOT_A) && !any_unsure(e, SLOT_B))
        brief_flips(x, buf);
    else
        text_add(buf, VERDICT_LEN, "%s",
                 text_width(buf) + text_width(words) <= BRIEF_CELLS ? words : " · ○ uncertain");
}

static void tell_brief(const struct estimate e[SLOT_COUNT], const struct crossover *x, char *buf) {
    char ratio[DIGITS_LEN];
    int told = -1;
    for (int i = 0; i < POINTS; i++) {
        int winner = figures_better(&e[SLOT_A], &e[SLOT_B], points[i].id);
        const char *sign = certain(e, &points[i]) ? "" : "○";
        if (winner < 0)
            continue;
        if (winner == told)
            text_add(buf, VERDICT_LEN, ", %s%s %s", sign, ratio_of(e, points[i].id, ratio), points[i].brief);
        else
            text_add(buf, VERDICT_LEN, "%s%s %s%s %s", told >= 0 ? " · " : "", slot_names[winner], sign,
                     ratio_of(e, points[i].id, ratio), points[i].brief);
        told = winner;
    }
    if (told < 0)
        text_add(buf, VERDICT_LEN, "A and B are level");
    brief_end(e, x, buf);
}

/* What the scenario that runs gives, since there is nothing to compare it with. */
static void tell_alone(const struct estimate *e, int slot, const char *mend, char *buf) {
    char cost[DIGITS_LEN], tpot[DIGITS_LEN];
    text_add(buf, VERDICT_LEN, "%s runs: %s ms per token", slot_names[slot],
             digits_print(e->tpot_ms, DIGITS_REAL, tpot));
    if (!isnan(e->cost_m_out))
        text_add(buf, VERDICT_LEN, ", $%s per million output tokens",
                 digits_print(e->cost_m_out, DIGITS_REAL, cost));
    if (mend)
        text_add(buf, VERDICT_LEN, ". %s would with %s (key m)", slot_names[1 - slot], mend);
    text_add(buf, VERDICT_LEN, ".");
}

static void tell_limit(const struct estimate *e, int slot, char *buf) {
    char shortage[SHORT_LEN];
    if (e->limit == LIMIT_MEMORY)
        snprintf(buf, VERDICT_LEN, "%s%s %s on each GPU.", slot_names[slot], e->limit_pool == POOL_NONE ? "" : "'s",
                 figures_short_of(e, shortage));
    else
        snprintf(buf, VERDICT_LEN, "%s does not run: %s.", slot_names[slot], e->limit_text);
}

static void tell_infeasible(const struct estimate e[SLOT_COUNT], const char *mend, struct verdict *v) {
    int out = e[SLOT_A].feasible ? SLOT_B : SLOT_A;
    tell_limit(&e[out], out, v->line[0]);
    tell_limit(&e[out], out, v->brief);
    if (mend)
        text_add(v->brief, VERDICT_LEN, " m: %s", mend);
    if (e[1 - out].feasible) {
        tell_alone(&e[1 - out], 1 - out, mend, v->line[1]);
    } else {
        tell_limit(&e[SLOT_B], SLOT_B, v->line[1]);
        snprintf(v->brief, VERDICT_LEN, "Neither runs: the Memory pane says why, and what would mend it.");
    }
}

void verdict_make(const struct estimate e[SLOT_COUNT], const struct crossover *flips, int max_batch,
                  const char *mend, struct verdict *v) {
    v->line[0][0] = v->line[1][0] = v->brief[0] = '\0';
    if (!e[SLOT_A].feasible || !e[SLOT_B].feasible) {
        tell_infeasible(e, mend, v);
        return;
    }
    tell_advantages(e, false, v->line[0]);
    if (text_width(v->line[0]) > LINE_CELLS)
        tell_advantages(e, true, v->line[0]);
    tell_flips(flips, max_batch, certain(e, &points[0]) ? points[0].verb : points[0].unsure, v->line[1]);
    tell_bounds(e, v->line[1]);
    tell_brief(e, flips, v->brief);
}
