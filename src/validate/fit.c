#include "validate/fit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const double fit_error_median_max = 0.10, fit_error_p90_max = 0.25;

/* The constants that a line t = t0 + amount/rate determines, by their names in the tables of core: launch, share of the
 * bandwidth, share of the rate. Everything else of a law, such as tiles, waves and splits, stays inherited. */
static const char *const free_constants[] = {"t0", "small_t0", "mem_eff", "bw", "compute_eff"};

enum { HOLD_OUT = 3, FEWEST = 4, STEPS = 150 };

/* The work of one fit: samples of the class, those held out last. */
struct work {
    struct machine_model model;
    const struct sample *sample[MEASURE_SAMPLES];
    int n, n_fit;
    bool host;
};

/* --- choosing samples --- */

/* The law of streaming kernels has no cache, which holds nothing of twice its size; routing is a chain of kernels. */
static bool is_fit_for(const struct machine_model *model, const struct sample *s) {
    double cache = model->gpu.l2_bytes;
    if (s->op == PROTOCOL_OP_ROUTING)
        return false;
    return s->op != PROTOCOL_OP_STREAM || !(s->shape[SHAPE_BYTES] < 2 * cache);
}

static void gather(const struct measurement *m, enum calibration_class class, struct work *w) {
    const struct sample *held[MEASURE_SAMPLES];
    int n_held = 0, seen = 0;
    w->n = 0;
    for (int i = 0; i < m->n_samples; i++) {
        const struct sample *s = &m->sample[i];
        if (predict_class(&w->model, s) != class || measurement_failed(m, s->exp) || !is_fit_for(&w->model, s) ||
            isnan(predict_seconds(&w->model, s)))
            continue;
        int block = seen / HOLD_OUT, place = seen++ % HOLD_OUT;
        if (place == (block + block / HOLD_OUT) % HOLD_OUT) /* one of each three, in changing places: cases come in a rhythm */
            held[n_held++] = s;
        else
            w->sample[w->n++] = s;
    }
    w->n_fit = w->n;
    for (int i = 0; i < n_held; i++)
        w->sample[w->n++] = held[i];
}

/* --- moving constants --- */

/* Sum of squared logarithms of measured over predicted: every point counts by its relative error. */
static double cost(const struct work *w) {
    double sum = 0;
    for (int i = 0; i < w->n_fit; i++) {
        double ratio = log(w->sample[i]->seconds / predict_seconds(&w->model, w->sample[i]));
        sum += isnan(ratio) ? 1e6 : ratio * ratio;
    }
    return sum;
}

static const struct constant_info *info_of(const struct fitted *f, int i) {
    return &calibration_classes[f->class].constant[f->constant[i]];
}

/* A rate above its limit is a counting mistake, so shares of a datasheet end at 1.02; a host's limit was measured itself,
 * by another kernel, and the table's bound is the end. */
static double highest(const struct work *w, const struct fitted *f, int i) {
    double high = info_of(f, i)->high;
    return !w->host && strcmp(info_of(f, i)->unit, "1") == 0 && high > 1.05 ? 1.05 : high;
}

/* A point of the search: logarithms of the constants, and what it costs. */
struct corner {
    double x[FITTED_CONSTANTS], cost;
};

static void measure(struct work *w, const struct fitted *f, struct corner *p) {
    for (int i = 0; i < f->n; i++) {
        double low = log(fmax(info_of(f, i)->low, 0.01)), high = log(highest(w, f, i));
        p->x[i] = fmin(high, fmax(low, p->x[i]));
        w->model.calibration.of[f->class].value[f->constant[i]] = exp(p->x[i]);
    }
    p->cost = cost(w);
}

static int by_cost(const void *a, const void *b) {
    double x = ((const struct corner *)a)->cost, y = ((const struct corner *)b)->cost;
    return (x > y) - (x < y);
}

/* The worst corner mirrored at the others' middle (far 1), further (2) or nearer (-0.5). */
static struct corner mirror(struct work *w, const struct fitted *f, const struct corner *corner, double far) {
    struct corner p = {.cost = 0};
    for (int i = 0; i < f->n; i++) {
        double middle = 0;
        for (int k = 0; k < f->n; k++)
            middle += corner[k].x[i] / f->n;
        p.x[i] = middle + far * (middle - corner[f->n].x[i]);
    }
    measure(w, f, &p);
    return p;
}

/* Nelder and Mead's simplex: t0 and a rate pull at the same points, so one at a time they would creep. */
static void search(struct work *w, const struct fitted *f) {
    struct corner corner[FITTED_CONSTANTS + 1] = {{{0}, 0}};
    for (int k = 0; k <= f->n; k++) {
        for (int i = 0; i < f->n; i++)
            corner[k].x[i] = log(fmax(f->before[i], 0.02)) + (k == i + 1 ? -0.7 : 0);
        measure(w, f, &corner[k]);
    }
    for (int step = 0; step < STEPS; step++) {
        qsort(corner, (size_t)f->n + 1, sizeof *corner, by_cost);
        struct corner p = mirror(w, f, corner, 1);
        struct corner q = mirror(w, f, corner, p.cost < corner[0].cost ? 2 : p.cost < corner[f->n].cost ? 0.5 : -0.5);
        p = q.cost < p.cost ? q : p;
        if (p.cost < corner[f->n].cost) {
            corner[f->n] = p;
            continue;
        }
        for (int k = 1; k <= f->n; k++) {
            for (int i = 0; i < f->n; i++)
                corner[k].x[i] = (corner[k].x[i] + corner[0].x[i]) / 2;
            measure(w, f, &corner[k]);
        }
    }
    qsort(corner, (size_t)f->n + 1, sizeof *corner, by_cost);
    measure(w, f, &corner[0]);
}

/* A constant is free when the samples tell it: a tenth more of it, or a twentieth of a sample's time for a fixed time, moves
 * that prediction by two hundredths. */
static void choose_constants(struct work *w, struct fitted *f) {
    const struct class_info *info = &calibration_classes[f->class];
    for (size_t k = 0; k < sizeof free_constants / sizeof *free_constants; k++)
        for (int i = 0; i < info->n && f->n < FITTED_CONSTANTS; i++) {
            double *value = &w->model.calibration.of[f->class].value[i], was = *value, moved = 0;
            bool time = strcmp(info->constant[i].unit, "us") == 0;
            if (strcmp(info->constant[i].name, free_constants[k]) != 0)
                continue;
            for (int s = 0; s < w->n_fit; s++) {
                double before = predict_seconds(&w->model, w->sample[s]);
                *value = time ? was + 0.05e6 * w->sample[s]->seconds : 1.1 * was;
                moved = fmax(moved, fabs(predict_seconds(&w->model, w->sample[s]) / before - 1));
                *value = was;
            }
            if (moved < 0.02)
                continue;
            f->constant[f->n] = i;
            f->before[f->n++] = was;
        }
}

/* --- judging --- */

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value at a share of the sorted list, between its neighbours. */
static double quantile(double *list, int n, double share) {
    qsort(list, (size_t)n, sizeof *list, by_value);
    double at = share * (n - 1);
    int i = (int)at;
    return i + 1 < n ? list[i] + (at - i) * (list[i + 1] - list[i]) : list[i];
}

static void errors(const struct work *w, double *median, double *p90) {
    double list[MEASURE_SAMPLES];
    int n = 0;
    for (int i = w->n_fit; i < w->n; i++)
        list[n++] = fabs(w->sample[i]->seconds / predict_seconds(&w->model, w->sample[i]) - 1);
    *median = quantile(list, n, 0.5);
    *p90 = quantile(list, n, 0.9);
}

static void bounds(const struct work *w, struct fitted *f) {
    double list[MEASURE_SAMPLES];
    for (int i = 0; i < w->n; i++)
        list[i] = w->sample[i]->seconds / predict_seconds(&w->model, w->sample[i]);
    f->lo = quantile(list, w->n, 0.1);
    f->hi = quantile(list, w->n, 0.9);
}

/* The share that stands at its limit of 1.02 is refused, not cut. */
static const char *faster_than_possible(const struct work *w, const struct fitted *f) {
    for (int i = 0; i < f->n; i++)
        if (!w->host && strcmp(info_of(f, i)->unit, "1") == 0 && f->value[i] > 1.02)
            return info_of(f, i)->name;
    return NULL;
}

static void judge(const struct work *w, struct fitted *f) {
    const char *fast = faster_than_possible(w, f);
    errors(w, &f->error_median, &f->error_p90);
    bounds(w, f);
    f->accepted = false;
    if (fast)
        snprintf(f->why, sizeof f->why, "%s is above 1.02 of the datasheet: bytes or FLOP are miscounted", fast);
    else if (!(f->error_median <= fit_error_median_max && f->error_p90 <= fit_error_p90_max))
        snprintf(f->why, sizeof f->why, "held-out points are off by %.0f %% (median) and %.0f %% (p90); 10 and 25 are allowed",
                 100 * f->error_median, 100 * f->error_p90);
    else
        f->accepted = true;
}

bool fit_class(const struct machine_model *model, const struct measurement *m, enum calibration_class class,
               struct fitted *out) {
    struct work *w = malloc(sizeof *w);
    double p90;
    memset(out, 0, sizeof *out);
    out->class = class;
    if (!w)
        return false;
    w->model = *model;
    w->host = model->host;
    gather(m, class, w);
    out->points = w->n;
    out->held_out = w->n - w->n_fit;
    out->error_before = out->error_median = out->error_p90 = out->lo = out->hi = NAN;
    if (w->n < FEWEST) {
        snprintf(out->why, sizeof out->why, "%d points are too few: %d are wanted", w->n, FEWEST);
        int n = w->n;
        free(w);
        return n > 0;
    }
    errors(w, &out->error_before, &p90);
    choose_constants(w, out);
    search(w, out);
    for (int i = 0; i < out->n; i++)
        out->value[i] = w->model.calibration.of[class].value[out->constant[i]];
    judge(w, out);
    free(w);
    return true;
}

void fit_apply(const struct fitted *f, struct calibration *c) {
    for (int i = 0; i < f->n; i++) {
        c->of[f->class].value[f->constant[i]] = f->value[i];
        c->of[f->class].constant_origin[f->constant[i]] = ORIGIN_MEASURED;
    }
    c->of[f->class].lo = f->lo;
    c->of[f->class].hi = f->hi;
}
