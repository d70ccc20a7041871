#include "cuda/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cuda/number.h"
#include "cuda/random.h"
#include "cuda/stop.h"

void check_norm_add(struct check_norm *c, double out, double ref) {
    if (!isfinite(out))
        c->poisoned = true;
    c->error += (out - ref) * (out - ref);
    c->size += ref * ref;
}

double check_norm_value(const struct check_norm *c) {
    if (c->poisoned || !isfinite(c->error))
        return INFINITY;
    return c->error == 0 ? 0 : sqrt(c->error / c->size);
}

double check_relf(const float *out, const double *ref, size_t n) {
    struct check_norm c = {0};
    for (size_t i = 0; i < n; i++)
        check_norm_add(&c, (double)out[i], ref[i]);
    return check_norm_value(&c);
}

/* Eight sums, so that additions need not wait for each other. */
double check_dot_bf16(const uint16_t *w, const float *x, size_t k) {
    double sum[8] = {0};
    size_t i = 0;
    for (; i + 8 <= k; i += 8)
        for (int j = 0; j < 8; j++)
            sum[j] += (double)bf16_value(w[i + (size_t)j]) * (double)x[i + (size_t)j];
    for (; i < k; i++)
        sum[0] += (double)bf16_value(w[i]) * (double)x[i];
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

double check_dot_double(const uint16_t *w, const double *x, size_t k) {
    double sum[4] = {0};
    size_t i = 0;
    for (; i + 4 <= k; i += 4)
        for (int j = 0; j < 4; j++)
            sum[j] += (double)bf16_value(w[i + (size_t)j]) * x[i + (size_t)j];
    for (; i < k; i++)
        sum[0] += (double)bf16_value(w[i]) * x[i];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

static double sign_at(uint64_t seed, uint64_t i) {
    return random_bits(seed, i) & 1 ? 1 : -1;
}

/* p[k] = w^T v for v of +-1; p starts as zeros. */
static bool project(const uint16_t *w, size_t n, size_t k, uint64_t seed, double *p) {
    for (size_t r = 0; r < n; r++) {
        double sign = sign_at(seed, r);
        for (size_t i = 0; i < k; i++)
            p[i] += sign * (double)bf16_value(w[r * k + i]);
        if (r % 16 == 0 && stop_now())
            return false;
    }
    return true;
}

double check_freivalds(const float *x, const uint16_t *w, const float *y, size_t ldy, size_t m, size_t n,
                       size_t k, uint64_t seed) {
    double *p = calloc(k, sizeof *p), size = 0;
    struct check_norm c = {0};
    if (!p || !project(w, n, k, seed, p)) {
        free(p);
        return NAN;
    }
    for (size_t t = 0; t < m; t++) {
        double want = 0, have = 0;
        for (size_t i = 0; i < k; i++)
            want += p[i] * (double)x[t * k + i];
        for (size_t r = 0; r < n; r++) {
            have += sign_at(seed, r) * (double)y[t * ldy + r];
            size += (double)y[t * ldy + r] * (double)y[t * ldy + r];
        }
        check_norm_add(&c, have, want);
    }
    free(p);
    c.size =
        fmax(c.size, size); /* E (v.y)^2 = |y|^2: what a chance cancellation of few terms must not magnify */
    return check_norm_value(&c);
}

/* A NaN that no kernel makes. */
static const uint32_t POISON = 0x7FC0DEAD;

bool check_output_open(struct check_output *o, size_t n) {
    size_t all = (n + 2 * CHECK_BAND) * sizeof(float);
    o->block = aligned_alloc(64, (all + 63) / 64 * 64);
    o->values = o->block ? o->block + CHECK_BAND : NULL;
    o->n = n;
    if (o->block)
        check_output_poison(o);
    return o->block != NULL;
}

void check_output_close(struct check_output *o) {
    free(o->block);
    o->block = o->values = NULL;
}

void check_output_poison(struct check_output *o) {
    for (size_t i = 0; i < o->n + 2 * CHECK_BAND; i++)
        memcpy(&o->block[i], &POISON, sizeof POISON);
}

size_t check_output_bad(const struct check_output *o, size_t used) {
    size_t bad = 0;
    for (size_t i = 0; i < used; i++)
        bad += !isfinite(o->values[i]);
    for (size_t i = 0; i < CHECK_BAND; i++) {
        bad += memcmp(&o->block[i], &POISON, sizeof POISON) != 0;
        bad += memcmp(&o->values[o->n + i], &POISON, sizeof POISON) != 0;
    }
    return bad;
}
