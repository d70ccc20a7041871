#include "core/pools.h"

#include <math.h>
#include <stdio.h>

#include "core/collective.h"
#include "core/count.h"
#include "core/laws.h"
#include "core/memory.h"
#include "core/serving.h"
#include "core/step.h"

enum { LIMIT_TEXT = 160 };

struct deployment pools_decode(const struct deployment *d) {
    struct deployment pool = *d;
    pool.mode = MODE_AGGREGATED;
    pool.gpus = d->gpus - d->prefill.gpus;
    pool.chunk_tokens = 0;
    return pool;
}

struct deployment pools_prefill(const struct deployment *d) {
    const struct prefill_pool *p = &d->prefill;
    struct deployment pool = *d;
    pool.mode = MODE_AGGREGATED;
    pool.gpus = p->gpus;
    pool.tp = p->tp, pool.pp = p->pp, pool.dp = p->dp, pool.ep = p->ep;
    pool.batch = p->batch;
    pool.osl = 1;
    pool.redundant_experts = pool.spec_depth = 0;
    return pool;
}

int pools_default_batch(const struct deployment *d) {
    struct deployment pool = pools_prefill(d);
    struct memory m;
    int batch = deployment_default_prefill_batch(d);
    if (pool.tp < 1 || pool.dp < 1 || pool.pp < 1 || pool.ep < 1 || (double)pool.tp * pool.dp < pool.ep)
        return batch;
    memory_make(&pool, &m);
    return m.max_batch >= pool.dp && m.max_batch < batch ? (int)m.max_batch : batch;
}

/* --- layout and memory ------------------------------------------------------------------------------------------------ */

/* A pool that whole engines don't fill, and the nearest division of the fleet that they do. */
static bool check_pool(const struct deployment *d, const struct deployment *pool, const char *name, char *text) {
    double engine = (double)pool->tp * pool->dp * pool->pp;
    if (pool->gpus > 0 && fmod(pool->gpus, engine) == 0)
        return true;
    int used = snprintf(text, LIMIT_TEXT, "%s pool: engines of %.0f do not fill its %d of %d GPUs", name, engine, pool->gpus,
                        d->gpus);
    struct deployment t = *d;
    t.prefill.gpus = deployment_default_prefill_gpus(d);
    struct deployment prefill = pools_prefill(&t), decode = pools_decode(&t);
    bool mends = fmod(prefill.gpus, (double)prefill.tp * prefill.dp * prefill.pp) == 0 && prefill.gpus > 0 &&
                 fmod(decode.gpus, (double)decode.tp * decode.dp * decode.pp) == 0 && decode.gpus > 0;
    if (mends && used < LIMIT_TEXT)
        snprintf(text + used, (size_t)(LIMIT_TEXT - used), "; prefill_gpus %d would", t.prefill.gpus);
    return false;
}

/* A token budget cuts prompts in the prefill pool, where it has no decoding to make room for. */
static enum limit check_layout(const struct deployment *pool, const char *name, char *text) {
    struct deployment plain = *pool;
    char why[LIMIT_TEXT];
    plain.chunk_tokens = 0;
    enum limit limit = layout_check(&plain, why);
    if (limit != LIMIT_NONE)
        snprintf(text, LIMIT_TEXT, "%s pool: %.140s", name, why);
    return limit;
}

enum limit pools_check(const struct deployment *d, char *text) {
    if (d->mode == MODE_AGGREGATED)
        return layout_check(d, text);
    struct deployment prefill = pools_prefill(d), decode = pools_decode(d);
    if (d->gpus < 2 || decode.gpus < 1) {
        snprintf(text, LIMIT_TEXT, "prefill_gpus %d of %d GPUs: each pool needs some", d->prefill.gpus, d->gpus);
        return LIMIT_GPUS;
    }
    if (!check_pool(d, &prefill, "prefill", text) || !check_pool(d, &decode, "decode", text))
        return LIMIT_GPUS;
    enum limit limit = check_layout(&decode, "decode", text);
    return limit != LIMIT_NONE ? limit : check_layout(&prefill, "prefill", text);
}

double pools_min_gpus(const struct deployment *d) {
    if (d->mode == MODE_AGGREGATED)
        return memory_min_gpus(d);
    struct deployment prefill = pools_prefill(d), decode = pools_decode(d);
    return memory_min_gpus(&decode) + memory_min_gpus(&prefill);
}

void pools_fill_memory(const struct deployment *d, struct estimate *out) {
    struct deployment pool = pools_prefill(d);
    struct memory m;
    memory_make(&pool, &m);
    out->prefill_mem_gb = (m.weights + m.kv + m.other) / 1e9;
    out->pools.weights = m.weights;
    out->pools.kv = m.kv;
    out->pools.other = m.other;
    if (out->limit != LIMIT_NONE || m.max_batch >= pool.dp)
        return;
    out->limit = LIMIT_MEMORY;
    out->limit_pool = POOL_PREFILL;
    out->resident = out->rank_batch = NAN;
    snprintf(out->limit_text, sizeof out->limit_text,
             "prefill pool does not fit: weights %.1f + workspace %.1f + one prompt %.2g of %.1f GB", m.weights / 1e9,
             m.other / 1e9, m.kv / 1e9 / ceil((double)pool.batch / pool.dp), out->mem_capacity_gb);
}

/* --- the KV transfer -------------------------------------------------------------------------------------------------- */

/* The prompt's cache goes over once, from the tp*pp GPUs of the attention rank that made it to the tp*pp of the one that
 * decodes it. Each receiver takes what it will read, heads or whole latent of its layers:
 *   t = t0 + max(b, n_d b / n_p) / (eff link), b bytes per receiver, n_d receivers, n_p senders.
 * The link is that inside the node where the whole fleet lies in one, else that between nodes. All of it counts into the
 * first token: engines send when the prompt is through; sending layer by layer (Splitwise) would hide all but
 * the last layer's share. It keeps neither pool from its work, because the link is not what they wait for. */
double pools_transfer_seconds(const struct deployment *d) {
    const struct model *m = d->model;
    bool inside = d->gpus <= d->gpus_per_node;
    struct fabric f = fabric_of(inside ? d->link_up : d->link_out, inside ? d->gpu : NULL);
    const double *v = (inside ? d->up_calibration : d->out_calibration)->of[CAL_STAGE].value;
    double layers = (double)m->n_layers / d->pp;
    double bytes = count_kv_elements(m, d->tp) * d->kv->bytes * count_mean_context(m, d->isl) * layers;
    double receivers = (double)d->tp * d->pp, senders = (double)d->prefill.tp * d->prefill.pp;
    return v[STAGE_T0_US] * 1e-6 + fmax(bytes, bytes * receivers / senders) / (f.rate * v[STAGE_EFF]);
}

/* --- the closed loop -------------------------------------------------------------------------------------------------- */

/* An engine's next batch are the prompts that came during the last one, at least one: n = r T(n), r = u batch / full prompts
 * per second. With T(n) = alone + s (n-1): T = (alone - s) / (1 - r s), which is `full` at u = 1. */
double pools_prefill_seconds(const struct pool_loop *l, double u) {
    if (l->batch <= 1)
        return l->full;
    double s = (l->full - l->alone) / (l->batch - 1), r = u * l->batch / l->full;
    return r * s < 1 ? fmin(fmax(l->alone, (l->alone - s) / (1 - r * s)), fmax(l->alone, l->full)) : l->full;
}

/* A prompt that finds its engine at work waits half a batch on the mean; beyond that an M/D/1 queue at the pool's rate C,
 * u / (2 C (1-u)) (Pollaczek-Khinchine for constant service, as DistServe takes it). */
static double in_flight(const struct pool_loop *l, double u, double batch) {
    return fmin(1, u * l->batch / l->full * batch) * batch / 2;
}

double pools_wait_seconds(const struct pool_loop *l, double u) {
    return in_flight(l, u, pools_prefill_seconds(l, u)) + u / (2 * l->capacity * (1 - u));
}

/* Clients hold N requests over the fleet, each either before its first token or decoding: by Little's law
 *   N = X (wait(u) + prefill(u) + fixed + decode), X = u C.
 * What is held beyond N, times 1-u, which takes the pole at u = 1 away. It rises from -N to 1/2. */
static double held_beyond(const struct pool_loop *l, double u) {
    double batch = pools_prefill_seconds(l, u), held = l->capacity * u * (batch + l->fixed + l->decode);
    return (1 - u) * (held + l->capacity * u * in_flight(l, u, batch) - l->requests) + u * u / 2;
}

/* By false position with halved ends (Dowell and Jarratt's Illinois algorithm). */
double pools_rate(const struct pool_loop *l) {
    double low = 0, high = 1, f_low = -l->requests, f_high = 0.5, u = 0, f = f_low;
    for (int i = 0; i < 60 && fabs(f) > 1e-9 * l->requests * (1 - u); i++) {
        u = (low * f_high - high * f_low) / (f_high - f_low);
        bool was_low = f < 0;
        f = held_beyond(l, u);
        if (f < 0)
            low = u, f_low = f, f_high *= was_low && i > 0 ? 0.5 : 1;
        else
            high = u, f_high = f, f_low *= !was_low && i > 0 ? 0.5 : 1;
    }
    return fmin(u * l->capacity, l->decode > 0 ? l->slots / l->decode : INFINITY);
}

/* --- both pools ------------------------------------------------------------------------------------------------------- */

struct pools {
    struct deployment prefill, decode;
    struct pool_loop loop;
    double rate;      /* requests per second of the fleet */
    double tpot;      /* seconds */
    double factor;    /* of a decode step over its kernels and engine */
    struct round round;
    double transfer;
    double resident;  /* sequences decoding in one engine */
};

static void prefill_make(struct pools *p, struct load_cache *cache, struct estimate *out) {
    const struct deployment *d = &p->prefill;
    struct memory m;
    struct step full;
    double slow = d->pool_first.value[POOL_FIRST_PREFILL];
    memory_make(d, &m);
    double batch = fmin(d->batch, m.max_batch), engines = (double)d->gpus / (d->tp * d->dp * d->pp), pace;
    p->loop.batch = batch;
    p->loop.alone = slow * serving_prefill_step(d, cache, 1, &out->prefill, &pace);
    p->loop.full = slow * serving_prefill_step(d, cache, batch, &full, &pace);
    p->loop.capacity = engines * batch / (slow * pace);
    out->pools.pace = pace;
}

/* A decode step as pools were measured to take it: t (step + ranks sqrt(2 ln dp)). Attention ranks step together, sequences
 * come to them as prompts get done, and the busiest sets the pace: of n like loads the largest lies sqrt(2 ln n) deviations
 * above the mean (Gumbel). Only 1 and 8 ranks were measured. No step beats the datasheet. */
static double step_factor(const struct deployment *d, const struct step *s) {
    const double *v = d->pool_step.value;
    double factor = v[POOL_STEP_FACTOR] + v[POOL_STEP_RANKS] * sqrt(2 * log(d->dp)), mfu, mbu;
    serving_shares(d, s, &mfu, &mbu);
    return fmax(factor, fmax(mfu, mbu));
}

/* The rows of a step take what the step takes. */
static void scale_step(struct step *s, double factor) {
    s->seconds *= factor;
    s->stage_mean *= factor;
    s->stage_max *= factor;
    for (int i = 0; i < OP_COUNT; i++) {
        s->op[i].seconds *= factor;
        for (int b = 0; b < BOUND_COUNT; b++)
            s->op[i].part[b] *= factor;
    }
}

/* What a round of decoding makes of the loop. */
static void close_loop(struct pools *p) {
    const struct deployment *d = &p->decode;
    double round = p->factor * p->round.seconds;
    p->tpot = round / p->round.tokens;
    p->loop.fixed = p->transfer + d->pool_first.value[POOL_FIRST_STEPS] * round;
    p->loop.decode = (d->osl - 1) * p->tpot;
    p->rate = pools_rate(&p->loop);
}

/* A round with p->resident sequences in each engine. Drafts take the same share of each. */
static void decode_make(struct pools *p, struct load_cache *cache, struct estimate *out) {
    struct work w = serving_decode_work(&p->decode, p->resident);
    step_make(&p->decode, &w, step_law(&p->decode, cache, w.engine_tokens, false), &out->decode);
    if (p->round.seconds > 0) {
        p->round.draft *= out->decode.seconds / (p->round.seconds - p->round.draft);
        p->round.seconds = out->decode.seconds + p->round.draft;
    } else {
        p->round = serving_round_make(&p->decode, cache, &w, out->decode.seconds, &out->plain);
    }
    p->factor = step_factor(&p->decode, &out->decode);
    close_loop(p);
}

/* Where the search starts: as many as would decode if a step read weights and caches at half the bandwidth. */
static double first_guess(struct pools *p, double most, double replicas, const struct estimate *out) {
    const struct deployment *d = &p->decode;
    double weights = out->mem_weights_gb * 1e9, cache = out->mem_kv_gb * 1e9 / d->batch, n = most;
    for (int i = 0; i < 3; i++) {
        p->round = (struct round){.seconds = 2 * (weights + n * cache) / d->gpu->mem_bw, .tokens = 1 + d->spec_depth / 2.0};
        p->factor = 1;
        close_loop(p);
        n = fmin(most, p->rate * p->loop.decode / replicas);
    }
    p->round.seconds = 0;
    return ceil(fmax(1, n));
}

/* How many sequences decode follows from the loop, how long they decode from how many they are: secants. What a step takes is
 * nearly straight in its sequences, so the last of them is drawn, not worked out. */
static void settle(struct pools *p, double most, double replicas, struct load_cache *cache, struct estimate *out) {
    enum { ROUNDS = 8, NEAR = 8, SAME = 50 };
    double before = 0, excess_before = 0, tpot_before = 0;
    p->resident = first_guess(p, most, replicas, out);
    for (int i = 0; i < ROUNDS; i++) {
        decode_make(p, cache, out);
        double decoding = fmin(most, fmax(1, p->rate * p->loop.decode / replicas)), now = p->resident, next = decoding;
        double excess = decoding - now, tpot = p->tpot;
        if (fabs(excess) <= fmax(1, now / SAME))
            return;
        if (i == 0) /* where prompts come at a fixed rate n goes with the step, and that with about the root of n */
            next = now * pow(decoding / now, 1 + p->rate / p->loop.capacity);
        else if (excess != excess_before)
            next = now - excess * (now - before) / (excess - excess_before);
        p->resident = ceil(fmin(most, fmax(1, next)));
        if (p->resident == now)
            return;
        if (i > 0 && fabs(p->resident - now) <= now / NEAR) {
            p->factor *= 1 + (tpot / tpot_before - 1) * (p->resident - now) / (now - before) * tpot_before / tpot;
            close_loop(p);
            return;
        }
        before = now;
        excess_before = excess;
        tpot_before = tpot;
    }
    p->resident = before; /* what was worked out last */
}

static void fill_times(const struct deployment *d, const struct pools *p, struct estimate *out) {
    const struct pool_loop *l = &p->loop;
    double u = p->rate / l->capacity, e2e = l->requests / p->rate, ttft = e2e - l->decode; /* Little's law */
    double rest = fmax(0, ttft - l->fixed - pools_prefill_seconds(l, u)); /* in the loop's queues */
    bool full = p->rate * l->decode > l->slots * (1 - 1e-9); /* of sequences: what is left waits for KV room */
    double wait = full ? fmin(rest, pools_wait_seconds(l, u)) : rest, room = rest - wait;
    /* A benchmark of W waves starts with all prompts at once, which wait N/2C on the mean; some waves more stay together. */
    double burst = fmax(0, l->requests / (2 * l->capacity) - wait - room) / BENCHMARK_WAVES;
    out->pools = (struct pools_service){
        .loop = *l, .rate = p->rate, .factor = p->factor, .round = p->factor * p->round.seconds, .pace = out->pools.pace,
        .in_batch = pools_prefill_seconds(l, u), .queue = pools_wait_seconds(l, u), .weights = out->pools.weights,
        .kv = out->pools.kv, .other = out->pools.other};
    if (!full)
        out->notes &= ~(unsigned)NOTE_KV_LIMITED;
    out->resident = p->resident;
    out->rank_batch = ceil(p->resident / d->dp);
    out->decode_step_ms = p->factor * out->decode.seconds * 1e3;
    out->itl_max_ms = p->factor * p->round.seconds * 1e3;
    out->queue_ms = 0; /* of chunks: nothing decodes beside them */
    out->prefill_ms = l->alone * 1e3;
    out->tpot_ms = p->tpot * 1e3;
    out->ttft_ms = ttft * 1e3;
    out->ttft_benchmark_ms = (ttft + d->pool_first.value[POOL_FIRST_BURST] * burst) * 1e3;
    out->wait_ms = room * 1e3;
    out->e2e_s = e2e;
    out->prefill_wait_ms = wait * 1e3;
    out->kv_transfer_ms = p->transfer * 1e3;
    out->prefill_util = u;
    out->prefill_tok_s = l->capacity * d->isl;
}

/* Each pool's rent is what its tokens cost: input the prefill pool's, output the decode pool's. */
static void fill_cost(const struct deployment *d, struct estimate *out) {
    double input = out->service.input = (double)d->prefill.gpus / d->gpus, used = d->utilisation;
    if (isnan(d->price))
        return;
    out->cost_h = d->gpus * d->price;
    out->cost_m_out = law_cost_per_million(out->cost_h * (1 - input), out->out_tok_s * used);
    out->cost_m_in = law_cost_per_million(out->cost_h * input, out->in_tok_s * used);
    out->cost_m_blend = law_cost_per_million(out->cost_h, (out->out_tok_s + out->in_tok_s) * used);
}

/* The decode pool draws what its steps draw; the prefill pool what prefill draws, as much of the time as it works. */
static void fill_energy(const struct pools *p, struct estimate *out) {
    const struct deployment *d = &p->prefill;
    const double *v = d->calibration->of[CAL_POWER].value;
    struct pools_service *s = &out->pools;
    serving_shares(d, &out->prefill, &s->mfu, &s->mbu);
    double prefill = v[POWER_MEMORY_SHARE] * s->mbu + v[POWER_COMPUTE_SHARE] * s->mfu;
    double decode = v[POWER_MEMORY_SHARE] * out->mbu + v[POWER_COMPUTE_SHARE] * out->mfu, idle = v[POWER_IDLE_SHARE];
    double watts = d->gpu->tdp_w * (p->decode.gpus * fmin(1, idle + decode) +
                                    d->gpus * fmin(1, idle + out->prefill_util * fmin(1, prefill)));
    out->service.watts = watts;
    out->joules_tok = watts / out->out_tok_s;
    out->power_cost_h = watts / 1000 * d->power_price;
}

void pools_make(const struct deployment *d, struct load_cache *cache, struct estimate *out) {
    struct pools p = {.prefill = pools_prefill(d), .decode = pools_decode(d), .transfer = pools_transfer_seconds(d)};
    double replicas = out->replicas, most = out->resident;
    p.loop.requests = replicas * d->batch;
    p.loop.slots = replicas * most;
    prefill_make(&p, cache, out);
    settle(&p, most, replicas, cache, out);
    fill_times(d, &p, out);
    out->pool_bound = p.loop.capacity * p.loop.decode < p.loop.slots ? POOL_PREFILL : POOL_DECODE;
    out->out_tok_s = p.rate * d->osl;
    out->in_tok_s = p.rate * d->isl;
    out->tok_s_gpu = out->out_tok_s / d->gpus;
    out->tok_s_user = 1 / p.tpot;
    serving_fill_decode(&p.decode, cache, p.resident, &p.round, out);
    serving_fill_prefill(&p.prefill, out);
    scale_step(&out->decode, p.factor);
    out->step_before_ms *= p.factor;
    out->balanced.seconds *= p.factor;
    out->mfu = fmin(1, out->mfu / p.factor); /* the rows may be those of a few sequences more */
    out->mbu = fmin(1, out->mbu / p.factor);
    fill_cost(d, out);
    fill_energy(&p, out);
    serving_fill_level(d, out);
}
