#include "cuda/router.h"

#include <math.h>
#include <string.h>

#include "cuda/random.h"

static double router_weight(const struct router *r, double tokens, int e) {
    switch (r->skew) {
    case PROTOCOL_SKEW_FILE:
        return r->share[e];
    case PROTOCOL_SKEW_ZIPF:
        return pow(e + 1, -r->exponent);
    case PROTOCOL_SKEW_PARETO:
        break;
    default:
        return 1;
    }
    int many = tokens * r->top_k > r->experts;
    double low = many ? 1 : 0.01, high = many ? fmax(0.8 * tokens, 1.01) : 2;
    double u = 1 - (e + 0.5) / r->experts, b = 1 - r->exponent;
    if (fabs(b) < 1e-9)
        return low * pow(high / low, u);
    return pow((pow(high, b) - pow(low, b)) * u + pow(low, b), 1 / b);
}

static double sum_from(const double *w, int first, int n) {
    double sum = 0;
    for (int e = n - 1; e >= first; e--)
        sum += w[e];
    return sum;
}

void router_popularity(const struct router *r, double tokens, double *p) {
    int n = r->experts, full = 0;
    double k = r->top_k;
    for (int e = 0; e < n; e++)
        p[e] = router_weight(r, tokens, e);
    /* p = min(1, c*w) with sum k: the first `full` experts are in every token */
    double rest = sum_from(p, 0, n);
    while (full < n && full < k && p[full] * (k - full) > rest)
        rest = sum_from(p, ++full, n);
    for (int e = 0; e < n; e++)
        p[e] = e < full ? 1 : rest > 0 ? p[e] * (k - full) / rest : (k - full) / (n - full);
}

static void router_draw_token(const struct router *r, const double *p, uint64_t seed, int32_t *ids) {
    int32_t order[ROUTER_EXPERTS_MAX];
    uint64_t index = 0;
    double at = random_unit(seed, index++), sum = 0;
    int n = 0;
    for (int e = 0; e < r->experts; e++)
        order[e] = e;
    for (int e = 0; e < r->experts && n < r->top_k; e++) {
        int j = e + (int)random_below(seed, index++, (uint32_t)(r->experts - e));
        int32_t expert = order[j];
        order[j] = order[e];
        sum += p[expert];
        if (sum > at + n)
            ids[n++] = expert;
        order[e] = expert;
    }
    for (int e = r->experts - 1; n < r->top_k; e--) { /* rounding may leave the last pick short of the sum */
        int taken = 0;
        for (int i = 0; i < n; i++)
            taken |= ids[i] == order[e];
        if (!taken)
            ids[n++] = order[e];
    }
}

void router_draw(const struct router *r, const double *p, int tokens, uint64_t seed, int32_t *ids) {
    for (int t = 0; t < tokens; t++) {
        if (r->skew != PROTOCOL_SKEW_BALANCED) {
            router_draw_token(r, p, random_bits(seed, (uint64_t)t), ids + (size_t)t * (size_t)r->top_k);
            continue;
        }
        for (int j = 0; j < r->top_k; j++)
            ids[t * r->top_k + j] =
                (int32_t)(((uint64_t)t * (uint64_t)r->top_k + (uint64_t)j + seed) % (uint64_t)r->experts);
    }
}

double router_coverage(const double *p, int experts, double tokens) {
    double sum = 0;
    for (int e = 0; e < experts; e++)
        sum += p[e] >= 1 ? 1 : -expm1(tokens * log1p(-p[e]));
    return sum;
}

void router_select(const float *logits, int experts, int top_k, int32_t *ids, float *weights) {
    int n = 0;
    float sum = 0;
    for (int e = 0; e < experts; e++) { /* ids in order of logit, weights holding the logits */
        if (n == top_k && !(logits[e] > weights[n - 1]))
            continue;
        int at = n < top_k ? n++ : n - 1;
        for (; at > 0 && logits[e] > weights[at - 1]; at--) {
            ids[at] = ids[at - 1];
            weights[at] = weights[at - 1];
        }
        ids[at] = e;
        weights[at] = logits[e];
    }
    float top = weights[0];
    for (int j = 0; j < top_k; j++)
        sum += weights[j] = expf(weights[j] - top);
    for (int j = 0; j < top_k; j++)
        weights[j] /= sum;
}

int router_count(const int32_t *ids, int n, int experts, int32_t *counts) {
    int distinct = 0;
    memset(counts, 0, (size_t)experts * sizeof *counts);
    for (int i = 0; i < n; i++)
        distinct += counts[ids[i]]++ == 0;
    return distinct;
}

void router_permute(const int32_t *ids, int n, int experts, const int32_t *counts, int32_t *first,
                    int32_t *place) {
    int32_t next[ROUTER_EXPERTS_MAX];
    first[0] = 0;
    for (int e = 0; e < experts; e++) {
        next[e] = first[e];
        first[e + 1] = first[e] + counts[e];
    }
    for (int i = 0; i < n; i++)
        place[i] = next[ids[i]]++;
}
