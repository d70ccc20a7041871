#include "core/loads.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/replicas.h"

/* The law. A token picks expert e with chance p_e, k experts in all, none twice. The load X_e is Binomial(T, p_e); the
 * loads are negatively dependent because they sum to T*k. The largest of them has
 *
 *   P(max <= m) = prod_e F_e(m) * P(sum of truncated Y = T*k) / P(sum of Y = T*k)
 *
 * for independent Y_e whose distribution, conditioned on the sum, is that of the loads (B. Levin, Ann. Statist. 9, 1981).
 * Conditioning on the sum takes v_e^2 / sum(v) off the variance v_e of Y_e, so the Y_e get the variance that leaves the
 * router's, T*p_e*(1-p_e); as binomials of real size with that mean and variance. (Uniform: Binomial(n', T*p/n') with
 * n' = T*k*(E-1) / (E*(k-1)); k = 1: Poisson.) Both sums are taken as normal with an Edgeworth correction.
 *
 * Cells of equal or nearly equal mean are kept as one group, so a law costs tens of microseconds whatever E is. */

enum {
    GROUPS_ALONE = 12, /* busiest cells that keep a group each */
    GROUPS_MERGED = 6, /* groups that share the others */
    GROUPS_MAX = GROUPS_ALONE + GROUPS_MERGED,
    GRID_MAX = 1024,
    PLACEMENTS = 3     /* fixed permutations that stand for "any placement of experts on ranks" */
};

static const double SMOOTH_SIGMA = 12; /* above it a cell's load is as good as continuous */

struct group {
    double mean, variance, count;
    /* running sums of the lattice distribution: mass, first to third moment about the mean, up to `next` - 1 */
    bool smooth;
    double size, odds; /* binomial n (INFINITY: Poisson) and q/(1-q) */
    double mass, next, sum[4];
};

struct cells {
    int n_groups;
    struct group group[GROUPS_MAX];
    double total; /* what the cells sum to */
    double cap;   /* no cell can exceed it */
    int n_cells;
};

/* P(max <= m) and the number of cells above m, on a grid of m. */
struct grid {
    int n;
    double at[GRID_MAX], max_cdf[GRID_MAX], above[GRID_MAX], above_variance[GRID_MAX];
};

/* ln Gamma(x), x > 0: Stirling's series after shifting x up. Re-entrant, unlike lgamma. */
static double ln_gamma(double x) {
    double shift = 0;
    while (x < 10) {
        shift -= log(x);
        x += 1;
    }
    double r = 1 / (x * x);
    return shift + (x - 0.5) * log(x) - x + 0.91893853320467274 + (1.0 / 12 - r * (1.0 / 360 - r / 1260)) / x;
}

static double lattice_mass(const struct group *g, double j) {
    if (isinf(g->size))
        return exp(j * log(g->mean) - g->mean - ln_gamma(j + 1));
    if (j > g->size)
        return 0;
    double log_q = log(g->odds / (1 + g->odds)), log_not_q = -log1p(g->odds);
    return exp(ln_gamma(g->size + 1) - ln_gamma(j + 1) - ln_gamma(g->size - j + 1) + j * log_q +
               (g->size - j) * log_not_q);
}

/* A cell of this mean and variance (variance <= mean) as a binomial of real size; Poisson in the limit. */
static void group_start(struct group *g) {
    double sigma = sqrt(g->variance), q = 1 - g->variance / g->mean;
    g->smooth = sigma > SMOOTH_SIGMA;
    memset(g->sum, 0, sizeof g->sum);
    if (g->smooth)
        return;
    if (q < 1e-9) {
        g->size = INFINITY;
    } else {
        q = fmin(q, 1 - 1e-9);
        g->size = g->mean / q;
        g->odds = q / (1 - q);
    }
    g->next = fmax(0, floor(g->mean - 9 * sigma - 2));
    g->mass = lattice_mass(g, g->next);
}

/* Adds the masses up to and including m. */
static void group_advance(struct group *g, double m) {
    double stop = g->mean + 9 * sqrt(g->variance) + 12;
    for (; g->next <= m && g->next <= stop && g->mass > 0; g->next++) {
        double off = g->next - g->mean, x = g->mass;
        for (int i = 0; i < 4; i++, x *= off)
            g->sum[i] += x;
        double ratio = isinf(g->size) ? g->mean / (g->next + 1) : (g->size - g->next) / (g->next + 1) * g->odds;
        g->mass *= fmax(0, ratio);
    }
}

/* Of a cell: F(m), and mean, variance and third central moment of what is left when it is cut off above m. */
static double group_truncate(struct group *g, double m, double moment[3]) {
    if (g->smooth) {
        /* normal with the Edgeworth term of the binomial's skewness (1-2q)/sigma */
        double sigma = sqrt(g->variance), z = (m + 0.5 - g->mean) / sigma;
        if (z > 8 || z < -8) {
            moment[0] = g->mean, moment[1] = g->variance, moment[2] = 0;
            return z > 0;
        }
        double density = exp(-0.5 * z * z) * 0.3989422804014327, cdf = 0.5 * erfc(-z * M_SQRT1_2);
        double skewness = (2 * g->variance / g->mean - 1) / sigma;
        double ratio = density / fmax(cdf, 1e-300);
        moment[0] = g->mean - sigma * ratio;
        moment[1] = g->variance * fmax(1e-6, 1 - z * ratio - ratio * ratio);
        moment[2] = -g->variance * sigma * ratio * (z * z - 1 + 3 * z * ratio + 2 * ratio * ratio);
        return fmin(1, fmax(0, cdf - density * skewness / 6 * (z * z - 1)));
    }
    group_advance(g, m);
    double mass = g->sum[0];
    if (mass <= 0) {
        moment[0] = g->mean, moment[1] = g->variance, moment[2] = 0;
        return 0;
    }
    double a = g->sum[1] / mass, b = g->sum[2] / mass, c = g->sum[3] / mass;
    moment[0] = g->mean + a;
    moment[1] = fmax(0, b - a * a);
    moment[2] = c - 3 * a * b + 2 * a * a * a;
    return fmin(1, mass);
}

/* Density of a sum at distance d from its mean, by variance and third moment, but for the factor 1/sqrt(2 pi). */
static double sum_density(double d, double variance, double third) {
    double sigma = sqrt(variance), z = d / sigma, skewness = third / (variance * sigma);
    double edgeworth = 1 + skewness / 6 * z * (z * z - 3) - skewness * skewness * 5 / 24;
    return exp(-0.5 * z * z) / sigma * fmax(0.05, edgeworth);
}

/* Below it a product of F is as good as none. */
static const double NO_CHANCE = 1e-17;

/* P(max <= m) by Levin's formula, and how many cells exceed m. */
static void law_at(struct cells *c, double m, double whole, struct grid *out) {
    double all = 1, mean = 0, variance = 0, third = 0, above = 0, above_variance = 0;
    for (int i = 0; i < c->n_groups; i++) {
        struct group *g = &c->group[i];
        double moment[3], f = group_truncate(g, m, moment);
        if (all > NO_CHANCE && f < 1) /* powers are what this costs */
            all *= g->count == 1 ? f : pow(f, g->count);
        mean += g->count * moment[0];
        variance += g->count * moment[1];
        third += g->count * moment[2];
        above += g->count * (1 - f);
        above_variance += g->count * f * (1 - f);
    }
    double p = 0;
    if (m >= c->cap)
        p = 1;
    else if (all > NO_CHANCE && variance > 0)
        p = fmin(1, all * sum_density(c->total - mean, variance, third) / whole);
    out->at[out->n] = m;
    out->max_cdf[out->n] = p;
    out->above[out->n] = above;
    out->above_variance[out->n++] = above_variance;
}

static double cells_density(const struct cells *c) {
    double variance = 0, third = 0;
    for (int i = 0; i < c->n_groups; i++) {
        const struct group *g = &c->group[i];
        variance += g->count * g->variance;
        third += g->count * g->variance * (2 * g->variance / g->mean - 1); /* binomial: npq(1-2q) */
    }
    return sum_density(0, variance, third);
}

/* Walks m upwards from where the first cell can be exceeded to where none can, in steps of about half a deviation. */
static void law_walk(struct cells *c, double from, struct grid *out) {
    double stretch = fmax(0.5, 4 * sqrt(c->cap < 1e12 ? c->group[0].mean * 2 + 64 : 1) / (GRID_MAX - 100));
    double whole = cells_density(c), floor_max = ceil(c->total / c->n_cells - 1e-9);
    out->n = 0;
    for (int i = 0; i < c->n_groups; i++)
        group_start(&c->group[i]);
    for (double m = from; out->n < GRID_MAX; m = fmin(c->cap, m + fmax(1, floor(stretch * sqrt(m) - 1)))) {
        law_at(c, m, whole, out);
        if (m < floor_max)
            out->max_cdf[out->n - 1] = 0;
        if (m >= c->cap || (out->max_cdf[out->n - 1] > 1 - 1e-5 && out->above[out->n - 1] < 1e-4))
            break;
    }
    for (int i = 1; i < out->n; i++) /* the ratio of two approximations may dip: a distribution may not */
        out->max_cdf[i] = fmax(out->max_cdf[i], out->max_cdf[i - 1]);
}

/* E[max] = sum over m of P(max > m); between grid points the distribution is taken as straight. */
static double grid_max_mean(const struct grid *g) {
    double mean = g->at[0];
    for (int i = 0; i + 1 < g->n; i++) {
        double step = g->at[i + 1] - g->at[i], here = 1 - g->max_cdf[i], there = 1 - g->max_cdf[i + 1];
        mean += step == 1 ? here : step * (here + there) / 2 + (here - there) / 2;
    }
    return mean;
}

static double grid_max_quantile(const struct grid *g, double level) {
    for (int i = 0; i < g->n; i++)
        if (g->max_cdf[i] >= level) {
            if (i == 0 || g->at[i] - g->at[i - 1] <= 1)
                return g->at[i];
            double share = (level - g->max_cdf[i - 1]) / (g->max_cdf[i] - g->max_cdf[i - 1]);
            return ceil(g->at[i - 1] + share * (g->at[i] - g->at[i - 1]) - 1e-9); /* a load is a whole number */
        }
    return g->at[g->n - 1];
}

/* E[X_(i)] = sum over m of P(more than i cells exceed m), their number taken as normal; i from 0. */
static double grid_order_statistic(const struct grid *g, double i) {
    double mean = g->at[0];
    for (int j = 0; j < g->n; j++) {
        double step = j + 1 < g->n ? g->at[j + 1] - g->at[j] : 0;
        double z = (g->above[j] - i - 0.5) / sqrt(g->above_variance[j] + 1e-12);
        if (z < -5)
            break;
        mean += step * (z > 5 ? 1 : 0.5 * erfc(-z * M_SQRT1_2));
    }
    return mean;
}

/* --- from a query to cells ---------------------------------------------------------------------------------------- */

static void cells_add(struct cells *c, const double *mean, const double *variance, int n) {
    struct group *g = &c->group[c->n_groups++];
    *g = (struct group){.count = n};
    for (int i = 0; i < n; i++) {
        g->mean += mean[i] / n;
        g->variance += variance[i] / n;
    }
    g->mean = fmax(g->mean, 1e-9);
    g->variance = fmin(fmax(g->variance, 1e-12), g->mean);
}

/* mean and variance: busiest cell first. */
static void cells_make(struct cells *c, const double *mean, const double *variance, int n, double total, double cap) {
    c->n_groups = 0;
    c->n_cells = n;
    c->total = total;
    c->cap = cap;
    if (mean[0] - mean[n - 1] <= 1e-9 * mean[0]) {
        cells_add(c, mean, variance, n);
        return;
    }
    int i = 0;
    for (; i < n && i < GROUPS_ALONE; i++)
        cells_add(c, mean + i, variance + i, 1);
    for (int left = GROUPS_MERGED; i < n; left--) { /* each twice as large as the one before: the busiest count most */
        int count = (int)ceil((n - i) / (double)((1 << left) - 1));
        cells_add(c, mean + i, variance + i, count);
        i += count;
    }
}

/* What the ranks hold: in each slot an expert, or a replica of one. Replicas share their expert's tokens at random, so a
 * token goes to each with its share of the expert's chance. */
struct slots {
    int n;
    double p[EXPERTS_MAX], mean[EXPERTS_MAX], variance[EXPERTS_MAX];
    double touched[EXPERTS_MAX]; /* chance that any token goes there */
    double n_touched;            /* their sum */
    int rank[EXPERTS_MAX];
};

/* Variances v_e of the independent Y_e, such that v_e - v_e^2 / sum(v) = T p_e (1 - p_e). */
static void slot_variances(double tokens, struct slots *s) {
    enum { ROUNDS = 6 };
    double whole = 0;
    for (int e = 0; e < s->n; e++)
        whole += s->variance[e] = tokens * s->p[e] * (1 - s->p[e]);
    for (int round = 0; round < ROUNDS; round++) {
        double sum = 0;
        for (int e = 0; e < s->n; e++) {
            double want = tokens * s->p[e] * (1 - s->p[e]), root = 1 - 4 * want / whole;
            sum += s->variance[e] = root > 0 ? whole / 2 * (1 - sqrt(root)) : 2 * want;
        }
        whole = sum;
    }
}

/* The loads of the slots from their chances. */
static void slots_fill(double tokens, struct slots *s) {
    slot_variances(tokens, s);
    s->n_touched = 0;
    for (int e = 0; e < s->n; e++) {
        s->mean[e] = tokens * s->p[e];
        s->touched[e] = s->p[e] >= 1 ? 1 : -expm1(tokens * log1p(-s->p[e]));
        s->n_touched += s->touched[e];
    }
}

static void sort_down(double *key, double *other, int n) {
    for (int i = 1; i < n; i++) {
        double a = key[i], b = other[i];
        int j = i;
        for (; j > 0 && key[j - 1] < a; j--)
            key[j] = key[j - 1], other[j] = other[j - 1];
        key[j] = a, other[j] = b;
    }
}

/* All experts alike, as far as anyone knows. */
static bool is_even(const struct load_query *q) {
    return q->skew_kind == SKEW_FILE ? !q->routing : q->skew_kind == SKEW_UNIFORM || q->skew == 0;
}

/* Which rank holds the expert of popularity order i, in one of the fixed placements: full-period steps through the
 * experts, so that every rank gets the same number. */
static int placed_rank(const struct load_query *q, int placement, int i) {
    static const int stride[PLACEMENTS] = {1, 37, 101};
    int n = q->n_experts, s = stride[placement];
    while (n % s == 0 && s > 1) /* strides are prime: they fail only when they divide n */
        s += 2;
    int slot = (int)(((long long)i * s + 7 * placement) % n);
    return placement == 0 ? slot % q->ranks : slot / (n / q->ranks);
}

/* With replicas the engine has chosen the ranks by load, and the slots know them. */
static void slots_place(const struct load_query *q, int placement, struct slots *s) {
    for (int e = 0; q->redundant == 0 && e < s->n; e++)
        s->rank[e] = placed_rank(q, placement, e);
}

static void rank_cells(const struct slots *s, int ranks, const double *value, const double *spread, double *mean,
                       double *variance) {
    memset(mean, 0, (size_t)ranks * sizeof *mean);
    memset(variance, 0, (size_t)ranks * sizeof *variance);
    for (int e = 0; e < s->n; e++) {
        mean[s->rank[e]] += value[e];
        variance[s->rank[e]] += spread[e];
    }
    sort_down(mean, variance, ranks);
}

/* The rank of most load: with uneven popularity it depends on which experts lie together, so the fixed placements are
 * averaged. */
static void rank_load(const struct load_query *q, struct slots *s, struct load_law *law) {
    static const double level = 0.95;
    double mean[EXPERTS_MAX], variance[EXPERTS_MAX], total = q->tokens * q->top_k, unit = total / q->ranks;
    int placements = is_even(q) || q->redundant > 0 ? 1 : PLACEMENTS;
    double per_token = fmin(q->top_k, s->n / q->ranks), p95 = 0, expected = 0;
    struct grid g;
    for (int i = 0; i < placements; i++) {
        struct cells c;
        slots_place(q, i, s);
        rank_cells(s, q->ranks, s->mean, s->variance, mean, variance);
        cells_make(&c, mean, variance, q->ranks, total, q->tokens * per_token);
        law_walk(&c, fmax(0, floor(fmax(total / q->ranks, mean[0] - 4 * sqrt(variance[0])))), &g);
        expected += grid_max_mean(&g) / placements;
        p95 += grid_max_quantile(&g, level) / placements;
    }
    law->rank_max_mean = expected / unit;
    law->rank_max_p95 = p95 / unit;
}

/* Distinct slots on the rank that reads most: the same law for the number of slots touched. */
static double rank_distinct(const struct load_query *q, struct slots *s) {
    double spread[EXPERTS_MAX], mean[EXPERTS_MAX], variance[EXPERTS_MAX], held = (double)s->n / q->ranks;
    struct cells c;
    struct grid g;
    if (q->ranks == 1 || s->n_touched > s->n - 1e-3)
        return s->n_touched / q->ranks;
    for (int e = 0; e < s->n; e++)
        spread[e] = s->touched[e] * (1 - s->touched[e]);
    slots_place(q, 0, s);
    rank_cells(s, q->ranks, s->touched, spread, mean, variance);
    cells_make(&c, mean, variance, q->ranks, s->n_touched, held);
    law_walk(&c, fmax(0, floor(s->n_touched / q->ranks)), &g);
    return fmin(held, grid_max_mean(&g));
}

/* The ranks that are worked out lie closer where the loads fall fastest; between them the loads are taken as straight. */
static void sorted_loads(const struct grid *g, int n, double unit, double busiest, float *out) {
    out[0] = (float)busiest;
    for (int i = 0; i < n - 1;) {
        int next = (int)fmin(n - 1, fmax(i + 1, floor(i * 1.15)));
        out[next] = (float)fmin(out[i], grid_order_statistic(g, next) / unit);
        for (int k = i + 1; k < next; k++)
            out[k] = out[i] + (out[next] - out[i]) * (float)(k - i) / (float)(next - i);
        i = next;
    }
    for (int round = 0; round < 8; round++) { /* the bars show all the tokens, no more and no fewer, and fall */
        double sum = 0;
        for (int i = 1; i < n; i++)
            sum += out[i];
        for (int i = 1; i < n && sum > 0; i++)
            out[i] = fminf(out[i - 1], out[i] * (float)((n - out[0]) / sum));
    }
}

static void every_expert_alike(const struct load_query *q, struct load_law *law) {
    law->coverage = 1;
    law->max_mean = law->max_p95 = law->rank_max_mean = law->rank_max_p95 = 1;
    law->rank_distinct = (double)q->n_experts / q->ranks;
    for (int e = 0; e < q->n_experts; e++)
        law->sorted[e] = 1;
}

static void expert_law(const struct load_query *q, const struct slots *s, struct load_law *law) {
    struct cells c;
    struct grid g;
    int n = s->n;
    law->coverage = s->n_touched / n;
    if (!q->per_expert && (q->ranks != n || q->redundant > 0))
        return;
    cells_make(&c, s->mean, s->variance, n, q->tokens * q->top_k, q->tokens);
    law_walk(&c, fmax(0, floor(s->mean[n - 1] - 6 * sqrt(s->variance[n - 1]))), &g);
    /* an expert takes each token once: parts of tokens, of uneven micro-batches, go past that on the grid */
    double most = q->redundant == 0 ? (double)n / q->top_k : INFINITY;
    law->max_mean = fmin(most, grid_max_mean(&g) / law->mean);
    law->max_p95 = fmin(most, grid_max_quantile(&g, 0.95) / law->mean);
    if (q->per_expert)
        sorted_loads(&g, n, law->mean, law->max_mean, law->sorted);
}

static void rank_law(const struct load_query *q, struct slots *s, struct load_law *law) {
    if (q->ranks == q->n_experts && q->redundant == 0) {
        law->rank_max_mean = law->max_mean;
        law->rank_max_p95 = law->max_p95;
    } else if (q->ranks == 1) {
        law->rank_max_mean = law->rank_max_p95 = 1;
    } else {
        double most = fmin(q->ranks, q->redundant == 0 ? (double)q->n_experts / q->top_k : q->ranks);
        rank_load(q, s, law);
        law->rank_max_mean = fmin(most, law->rank_max_mean);
        law->rank_max_p95 = fmin(most, law->rank_max_p95);
    }
    law->rank_distinct = rank_distinct(q, s);
}

static void load_law_make(const struct load_query *q, struct load_law *law) {
    struct slots experts, replicas;
    experts.n = q->n_experts;
    replicas.n = q->n_experts + q->redundant;
    *law = (struct load_law){.mean = q->tokens * q->top_k / experts.n};
    load_popularity(q, experts.p);
    if (q->top_k < experts.n) {
        slots_fill(q->tokens, &experts);
        expert_law(q, &experts, law);
    } else {
        every_expert_alike(q, law);
    }
    if (q->redundant > 0) {
        replicas_place(experts.p, experts.n, q->redundant, q->ranks, replicas.p, replicas.rank);
        slots_fill(q->tokens, &replicas);
        rank_law(q, &replicas, law);
    } else if (q->top_k < experts.n) {
        rank_law(q, &experts, law);
    }
}

/* --- popularity ----------------------------------------------------------------------------------------------------- */

/* Weight of the expert of popularity order e, from 0. Zipf: (e+1)^-s. Pareto: the quantiles of a law with density
 * x^-a on [1, 0.8 T], or on [0.01, 2] where there are fewer assignments than experts: the one that the measured rows of
 * expert layers were drawn from (ai-dynamo/aiconfigurator, collector, power law distribution). File: as measured. */
static double popularity_weight(const struct load_query *q, int e) {
    if (q->skew_kind == SKEW_FILE)
        return q->routing[e];
    if (q->skew_kind == SKEW_ZIPF)
        return pow(e + 1, -q->skew);
    bool many = q->tokens * q->top_k > q->n_experts;
    double low = many ? 1 : 0.01, high = many ? fmax(0.8 * q->tokens, 1.01) : 2;
    double u = 1 - (e + 0.5) / q->n_experts, b = 1 - q->skew;
    if (fabs(b) < 1e-9)
        return low * pow(high / low, u);
    return pow((pow(high, b) - pow(low, b)) * u + pow(low, b), 1 / b);
}

/* From the last on, the smallest: what a few large ones leave over is not lost in rounding. */
static double sum_from(const double *w, int first, int n) {
    double sum = 0;
    for (int e = n - 1; e >= first; e--)
        sum += w[e];
    return sum;
}

void load_popularity(const struct load_query *q, double *p) {
    int n = q->n_experts, full = 0;
    double k = q->top_k;
    for (int e = 0; e < n; e++)
        p[e] = is_even(q) ? k / n : popularity_weight(q, e);
    /* p = min(1, c*w) with sum k: the first `full` experts are in every token; raise it until the rest stay below 1 */
    double rest = sum_from(p, 0, n);
    while (full < n && full < k && p[full] * (k - full) > rest)
        rest = sum_from(p, ++full, n);
    for (int e = 0; e < n; e++) /* where fewer than k were ever seen, the others share what is left */
        p[e] = e < full ? 1 : rest > 0 ? p[e] * (k - full) / rest : (k - full) / (n - full);
}

/* --- memory of laws ------------------------------------------------------------------------------------------------- */

static bool same_query(const struct load_query *a, const struct load_query *b) {
    return a->n_experts == b->n_experts && a->top_k == b->top_k && a->ranks == b->ranks &&
           a->redundant == b->redundant && a->tokens == b->tokens && a->skew_kind == b->skew_kind &&
           a->skew == b->skew && a->routing == b->routing && a->per_expert == b->per_expert;
}

const struct load_law *load_law_get(struct load_cache *cache, const struct load_query *q) {
    for (unsigned i = 0; i < cache->used; i++)
        if (same_query(&cache->query[i], q))
            return &cache->law[i];
    unsigned slot = cache->next;
    cache->next = (cache->next + 1) % LOAD_CACHE_SIZE;
    if (cache->used < LOAD_CACHE_SIZE)
        cache->used++;
    cache->query[slot] = *q;
    load_law_make(q, &cache->law[slot]);
    return &cache->law[slot];
}
