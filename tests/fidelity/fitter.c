#include "fitter.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { STARTS = 4, STEPS = 40 };

static const double KNEE = 0.02; /* residuals below 2 % count as squares, above as absolute values */

struct problem {
    const struct fit_constant *constant;
    int n;
    fit_residual_fn *residual;
    size_t rows;
    void *user;
    double *r, *r2, *jacobian; /* rows, rows, n x rows */
};

static void *take(size_t n) {
    void *p = calloc(n ? n : 1, sizeof(double));
    if (!p)
        abort();
    return p;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double fit_quantile(const double *sample, size_t n, double level) {
    double *copy = take(n);
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(sample[i]))
            copy[m++] = sample[i];
    qsort(copy, m, sizeof *copy, compare);
    double at = level * ((double)m - 1), result = NAN;
    if (m > 0) {
        size_t low = (size_t)floor(at), high = low + 1 < m ? low + 1 : low;
        result = copy[low] + (at - floor(at)) * (copy[high] - copy[low]);
    }
    free(copy);
    return result;
}

double fit_median_abs(const double *sample, size_t n) {
    double *copy = take(n);
    for (size_t i = 0; i < n; i++)
        copy[i] = fabs(sample[i]);
    double m = fit_quantile(copy, n, 0.5);
    free(copy);
    return m;
}

/* Search coordinates: ln(value) on a log scale, else the value as a share of its range. */
static double to_search(const struct fit_constant *c, double value) {
    return c->low > 0 ? log(value) : (value - c->low) / (c->high - c->low);
}

static double from_search(const struct fit_constant *c, double x) {
    double value = c->low > 0 ? exp(x) : c->low + x * (c->high - c->low);
    return fmin(c->high, fmax(c->low, value));
}

static void evaluate(const struct problem *p, const double *x, double *r) {
    double value[FIT_CONSTANTS_MAX];
    for (int i = 0; i < p->n; i++)
        value[i] = from_search(&p->constant[i], x[i]);
    p->residual(value, r, p->rows, p->user);
}

static double pull_error(const struct problem *p, const double *x, int i) {
    const struct fit_constant *c = &p->constant[i];
    return (x[i] - to_search(c, c->start)) / 0.1 * KNEE;
}

static double loss(const struct problem *p, const double *x, const double *r) {
    double sum = 0;
    for (size_t i = 0; i < p->rows; i++)
        if (!isnan(r[i]))
            sum += KNEE * KNEE * (sqrt(1 + r[i] * r[i] / (KNEE * KNEE)) - 1);
    for (int i = 0; i < p->n; i++)
        if (isfinite(p->constant[i].pull))
            sum += p->constant[i].pull * 0.5 * pull_error(p, x, i) * pull_error(p, x, i);
    return sum;
}

/* Solves a x = b for a small symmetric positive system by Cholesky; false when it is not positive. */
static int solve(double a[FIT_CONSTANTS_MAX][FIT_CONSTANTS_MAX], double *b, int n) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            double sum = a[i][j];
            for (int k = 0; k < j; k++)
                sum -= a[i][k] * a[j][k];
            if (i == j && sum <= 0)
                return 0;
            a[i][j] = i == j ? sqrt(sum) : sum / a[j][j];
        }
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < i; k++)
            b[i] -= a[i][k] * b[k];
        b[i] /= a[i][i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++)
            b[i] -= a[k][i] * b[k];
        b[i] /= a[i][i];
    }
    return 1;
}

static void differentiate(const struct problem *p, const double *x) {
    double moved[FIT_CONSTANTS_MAX];
    for (int j = 0; j < p->n; j++) {
        double step = 1e-4;
        memcpy(moved, x, (size_t)p->n * sizeof *x);
        moved[j] += step;
        evaluate(p, moved, p->r2);
        for (size_t i = 0; i < p->rows; i++)
            p->jacobian[(size_t)j * p->rows + i] = (p->r2[i] - p->r[i]) / step;
    }
}

static void normal_equations(const struct problem *p, const double *x, double a[FIT_CONSTANTS_MAX][FIT_CONSTANTS_MAX],
                             double *b) {
    for (int j = 0; j < p->n; j++) {
        const double *dj = p->jacobian + (size_t)j * p->rows;
        b[j] = 0;
        for (int k = 0; k <= j; k++)
            a[j][k] = 0;
        for (size_t i = 0; i < p->rows; i++) {
            if (isnan(p->r[i]))
                continue;
            double w = 1 / sqrt(1 + p->r[i] * p->r[i] / (KNEE * KNEE));
            b[j] -= w * dj[i] * p->r[i];
            for (int k = 0; k <= j; k++)
                a[j][k] += w * dj[i] * p->jacobian[(size_t)k * p->rows + i];
        }
        if (isfinite(p->constant[j].pull)) {
            double slope = KNEE / 0.1;
            a[j][j] += p->constant[j].pull * slope * slope;
            b[j] -= p->constant[j].pull * slope * pull_error(p, x, j);
        }
    }
}

/* Descends from x; returns the loss reached. */
static double descend(const struct problem *p, double *x) {
    double damping = 1e-2, best;
    evaluate(p, x, p->r);
    best = loss(p, x, p->r);
    for (int step = 0; step < STEPS; step++) {
        double a[FIT_CONSTANTS_MAX][FIT_CONSTANTS_MAX], b[FIT_CONSTANTS_MAX], before = best;
        differentiate(p, x);
        for (int attempt = 0; attempt < 8; attempt++) {
            double next[FIT_CONSTANTS_MAX];
            normal_equations(p, x, a, b);
            for (int j = 0; j < p->n; j++) {
                a[j][j] = a[j][j] * (1 + damping) + 1e-9;
                if (isinf(p->constant[j].pull))
                    a[j][j] = 1e30;
            }
            if (solve(a, b, p->n)) {
                for (int j = 0; j < p->n; j++) {
                    double moved = x[j] + fmin(1, fmax(-1, b[j]));
                    next[j] = to_search(&p->constant[j], from_search(&p->constant[j], moved));
                }
                evaluate(p, next, p->r2);
                double reached = loss(p, next, p->r2);
                if (reached < best) {
                    memcpy(x, next, (size_t)p->n * sizeof *x);
                    memcpy(p->r, p->r2, p->rows * sizeof *p->r);
                    best = reached;
                    damping = fmax(1e-6, damping / 4);
                    break;
                }
            }
            damping *= 4;
        }
        if (before - best < 1e-5 * before)
            break;
    }
    return best;
}

static double scatter(uint64_t *seed) { /* -1 .. 1, the same sequence everywhere */
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(*seed >> 33) / (double)(1u << 30) - 1;
}

double fit_constants(const struct fit_constant *constant, int n, double *value, fit_residual_fn *residual, size_t rows,
                     void *user) {
    struct problem p = {.constant = constant, .n = n, .residual = residual, .rows = rows, .user = user};
    double best_x[FIT_CONSTANTS_MAX], best = INFINITY;
    uint64_t seed = 1;
    p.r = take(rows);
    p.r2 = take(rows);
    p.jacobian = take(rows * (size_t)n);
    int starts = n > 0 && constant[0].pull < 1 ? STARTS : 1; /* what is held needs no search */
    for (int start = 0; start < starts; start++) {
        double x[FIT_CONSTANTS_MAX];
        for (int i = 0; i < n; i++) {
            x[i] = to_search(&constant[i], constant[i].start);
            if (start > 0 && constant[i].pull < 1)
                x[i] += scatter(&seed) * (constant[i].low > 0 ? 0.7 : 0.25);
            x[i] = to_search(&constant[i], from_search(&constant[i], x[i]));
        }
        double reached = descend(&p, x);
        if (reached < best) {
            best = reached;
            memcpy(best_x, x, sizeof best_x);
        }
    }
    for (int i = 0; i < n; i++)
        value[i] = from_search(&constant[i], best_x[i]);
    evaluate(&p, best_x, p.r);
    double median = fit_median_abs(p.r, rows);
    free(p.r);
    free(p.r2);
    free(p.jacobian);
    return median;
}
