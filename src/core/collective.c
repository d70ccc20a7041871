#include "core/collective.h"

#include <math.h>

#include "core/laws.h"

/* Wire rate between the GPUs of a node: the link's, or less where this GPU is cut down (H800). */
static double up_rate(const struct deployment *d) {
    double rate = d->link_up->bandwidth;
    return d->gpu->link_up_bw > 0 ? fmin(rate, d->gpu->link_up_bw) : rate;
}

static int inside(const struct deployment *d, int n) {
    return n < d->gpus_per_node ? n : d->gpus_per_node;
}

/* NCCL's small-message time for n ranks, from the figures for 2, 4 and 8, straight in log2 n; `fallback` (8 ranks) where
 * the link has none. */
static double small_message(const struct link *l, double fallback, int n) {
    const double *small = l->allreduce_small_s;
    double steps = log2(n);
    if (isnan(small[0]))
        return fallback * steps / 3;
    if (isnan(small[1]))
        return small[0] * steps;
    if (steps <= 2 || isnan(small[2]))
        return small[0] + (small[1] - small[0]) * (steps - 1);
    return small[1] + (small[2] - small[1]) * (steps - 2);
}

static double busbw(const struct deployment *d, const struct link *l, double rate) {
    return l->allreduce_busbw > 0 ? fmin(l->allreduce_busbw, rate) : rate * d->calibration->collective_eff;
}

static double allreduce_inside(const struct deployment *d, int n, double bytes) {
    if (n <= 1)
        return 0;
    const struct calibration *c = d->calibration;
    double wire = law_ring_bytes(bytes, n);
    double nccl = small_message(d->link_up, c->collective_alpha_s, n) + wire / busbw(d, d->link_up, up_rate(d));
    double engine = c->allreduce_engine_t0_s + wire / (c->allreduce_engine_eff * up_rate(d));
    return fmin(nccl, engine);
}

double collective_allreduce(const struct deployment *d, int n, double bytes) {
    int near = inside(d, n), nodes = (n + near - 1) / near;
    double t = allreduce_inside(d, near, bytes);
    if (nodes > 1) /* between nodes each GPU reduces its share of the buffer */
        t += small_message(d->link_out, d->calibration->collective_alpha_s, nodes) +
             law_ring_bytes(bytes / near, nodes) / busbw(d, d->link_out, d->link_out->bandwidth);
    return t;
}

double collective_alltoall(const struct deployment *d, int n, double bytes) {
    if (n <= 1)
        return 0;
    int near = inside(d, n);
    const struct calibration *c = d->calibration;
    double up = bytes * (near - 1) / (n - 1), out = bytes - up;
    double t = c->alltoall_t0_s + up / (up_rate(d) * c->alltoall_eff);
    if (n > near)
        t += c->alltoall_t0_s + out / (d->link_out->bandwidth * c->alltoall_eff);
    return t;
}

double collective_allgather(const struct deployment *d, int n, double bytes) {
    if (n <= 1)
        return 0;
    int near = inside(d, n), nodes = (n + near - 1) / near;
    const struct calibration *c = d->calibration;
    double t = small_message(d->link_up, c->collective_alpha_s, near > 1 ? near : 2) / 2 +
               bytes * (near - 1) / near / busbw(d, d->link_up, up_rate(d));
    if (nodes > 1)
        t += c->collective_alpha_s + bytes * (nodes - 1) / nodes / busbw(d, d->link_out, d->link_out->bandwidth);
    return t;
}

double collective_stage(const struct deployment *d, int stage_gpus, double bytes) {
    bool crosses = stage_gpus >= d->gpus_per_node;
    double rate = crosses ? d->link_out->bandwidth : up_rate(d);
    return d->calibration->p2p_t0_s + bytes / (rate * d->calibration->collective_eff);
}
