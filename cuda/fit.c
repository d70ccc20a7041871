#include "cuda/fit.h"

#include <math.h>
#include <stdlib.h>

#include "cuda/timing.h"

static const double ERROR_MEDIAN = 0.10, ERROR_P90 = 0.25;

static int fit_compare(const void *a, const void *b) {
    const struct fit_point *p = a, *q = b;
    if (p->amount != q->amount)
        return p->amount > q->amount ? 1 : -1;
    return (p->seconds > q->seconds) - (p->seconds < q->seconds);
}

static bool is_held_out(int i) {
    return i % 3 == 1;
}

/* Minimises sum (1 - t0*u - s*v)^2 with u = 1/t, v = amount/t; the slope s is 1/rate. */
static bool fit_solve(const struct fit_point *p, int n, double *t0, double *slope) {
    double uu = 0, uv = 0, vv = 0, u1 = 0, v1 = 0;
    for (int i = 0; i < n; i++) {
        double u = 1 / p[i].seconds, v = p[i].amount / p[i].seconds;
        if (is_held_out(i))
            continue;
        uu += u * u, uv += u * v, vv += v * v, u1 += u, v1 += v;
    }
    double determinant = uu * vv - uv * uv;
    *t0 = determinant > 1e-12 * uu * vv ? (u1 * vv - v1 * uv) / determinant : 0;
    if (*t0 < 0)
        *t0 = 0;
    *slope = (v1 - *t0 * uv) / vv;
    return *slope > 0 && isfinite(*slope);
}

bool fit_line(struct fit_point *points, int n, struct fit *out) {
    double slope, error[FIT_POINTS_MAX];
    if (n < FIT_POINTS_MIN || n > FIT_POINTS_MAX)
        return false;
    qsort(points, (size_t)n, sizeof *points, fit_compare);
    if (!fit_solve(points, n, &out->t0, &slope))
        return false;
    out->rate = 1 / slope;
    out->held_out = 0;
    for (int i = 0; i < n; i++)
        if (is_held_out(i))
            error[out->held_out++] = fabs((out->t0 + slope * points[i].amount) / points[i].seconds - 1);
    out->points = n - out->held_out;
    out->error_median = timing_quantile(error, out->held_out, 0.5);
    out->error_p90 = timing_quantile(error, out->held_out, 0.9);
    out->accepted = out->error_median <= ERROR_MEDIAN && out->error_p90 <= ERROR_P90;
    return true;
}
