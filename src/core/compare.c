#include "core/compare.h"

#include <math.h>

double compare_value(const struct estimate *e, enum estimate_field_id id) {
    const struct estimate_field *f = &estimate_fields[id];
    bool earned = f->class == VALUE_ALWAYS || f->class == VALUE_MEMORY;
    return e->feasible || earned ? estimate_number(e, f) : NAN;
}

int compare_better(const struct estimate *a, const struct estimate *b, enum estimate_field_id id) {
    enum better better = estimate_fields[id].better;
    double x = compare_value(a, id), y = compare_value(b, id);
    if (better == BETTER_NONE || isnan(x) || isnan(y) || !a->feasible || !b->feasible)
        return -1;
    if (fabs(x - y) <= 0.005 * fmax(fabs(x), fabs(y)))
        return -1;
    return (x < y) == (better == BETTER_LOWER) ? 0 : 1;
}

/* --- how far a figure can be trusted --- */

static const struct follower followers[] = {
    {E_TTFT_MS, E_TTFT_MS, E_TTFT_LO, false},
    {E_TTFT_BENCHMARK_MS, E_TTFT_MS, E_TTFT_LO, false},
    {E_PREFILL_MS, E_TTFT_MS, E_TTFT_LO, false},
    {E_TPOT_MS, E_TPOT_MS, E_TPOT_LO, false},
    {E_DECODE_STEP_MS, E_TPOT_MS, E_TPOT_LO, false},
    {E_TOK_S_USER, E_TPOT_MS, E_TPOT_LO, true},
    {E_ITL_MAX_MS, E_TPOT_MS, E_TPOT_LO, false},
    {E_QUEUE_MS, E_TTFT_MS, E_TTFT_LO, false},
    {E_SPEC_GAIN, E_TPOT_MS, E_TPOT_LO, true},
    {E_OUT_TOK_S, E_OUT_TOK_S, E_OUT_TOK_S_LO, false},
    {E_IN_TOK_S, E_OUT_TOK_S, E_OUT_TOK_S_LO, false},
    {E_TOK_S_GPU, E_OUT_TOK_S, E_OUT_TOK_S_LO, false},
    {E_E2E_S, E_OUT_TOK_S, E_OUT_TOK_S_LO, true},
    {E_MEM_GB, E_MEM_GB, E_MEM_LO, false},
    {E_COST_M_OUT, E_COST_M_OUT, E_COST_M_OUT_LO, false},
    {E_COST_M_IN, E_COST_M_OUT, E_COST_M_OUT_LO, false},
    {E_COST_M_BLEND, E_COST_M_OUT, E_COST_M_OUT_LO, false},
    {E_JOULES_TOK, E_OUT_TOK_S, E_OUT_TOK_S_LO, true},
};

const struct follower *compare_follower(enum estimate_field_id id) {
    for (size_t i = 0; i < sizeof followers / sizeof *followers; i++)
        if (followers[i].id == id)
            return &followers[i];
    return NULL;
}

bool compare_interval(const struct estimate *e, enum estimate_field_id id, double *lo, double *hi) {
    const struct follower *f = compare_follower(id);
    if (!f || isnan(compare_value(e, id)))
        return false;
    *lo = compare_value(e, f->low);
    *hi = compare_value(e, f->low + 1);
    double value = compare_value(e, id), headline = compare_value(e, f->headline), low = *lo;
    if (headline == 0) { /* free of charge, for certain */
        *lo = *hi = value;
    } else if (f->id != f->headline) {
        *lo = value * (f->inverse ? headline / *hi : low / headline);
        *hi = value * (f->inverse ? headline / low : *hi / headline);
    }
    return *lo <= *hi; /* false when either is unknown */
}

enum origin compare_origin(const struct estimate *e, enum estimate_field_id id) {
    const struct follower *f = compare_follower(id);
    return f ? (enum origin)estimate_number(e, &estimate_fields[f->low + 2]) : ORIGIN_ASSUMED;
}

/* The strict criterion. The errors of A and B are largely the same error, made by the same law, so the order
 * of the two is surer than their intervals by themselves say: what is certain here is, what is not may well
 * be. */
bool compare_certain(const struct estimate *a, const struct estimate *b, enum estimate_field_id id) {
    double alo, ahi, blo, bhi;
    if (!compare_interval(a, id, &alo, &ahi) || !compare_interval(b, id, &blo, &bhi))
        return !compare_follower(id);
    return ahi < blo || bhi < alo;
}
