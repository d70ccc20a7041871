#include "core/serving.h"

#include <math.h>
#include <string.h>

#include "core/collective.h"
#include "core/laws.h"
#include "core/ledger.h"

/* A pipeline cuts them into pp micro-batches, as far as there are sequences. */
struct work serving_decode_work(const struct deployment *d, double sequences) {
    double micro = fmin(d->pp, fmax(1, floor(sequences / d->dp)));
    double per_rank = ceil(sequences / d->dp) / micro;
    return (struct work){.micro = micro, .decode = per_rank, .context = d->isl + d->osl / 2.0, .passes = d->pp,
                         .drafts = d->spec_depth, .engine_tokens = sequences * (1 + d->spec_depth) / micro};
}

struct round serving_round_make(const struct deployment *d, struct load_cache *cache, const struct work *decode, double step,
                                struct step *plain) {
    struct round r = {.seconds = step, .tokens = 1, .gain = 1};
    struct work w = *decode;
    if (d->spec_depth == 0)
        return r;
    w.drafts = 0;
    w.engine_tokens /= 1 + d->spec_depth;
    step_make(d, &w, step_law(d, cache, w.engine_tokens, false), plain);
    r.draft = d->spec_depth * d->spec_draft_cost * plain->seconds;
    r.seconds += r.draft;
    r.tokens = law_expected_tokens(d->spec_depth, d->spec_acceptance);
    r.gain = plain->seconds * r.tokens / r.seconds;
    return r;
}

/* One request's prefill in chunks; the mean chunk, which stands for all, and what lies in front of the last one. */
struct prompt {
    double chunks, tokens, before, before_last;
    double beside; /* prompts that a step has room for, where one fits whole */
};

/* Prompt tokens that the prefix cache does not hold: they are computed, in sight of those that it does. The last one always
 * is, for the first output token comes of it. Room in the cache is not spared: that sequences share a prefix is not assumed. */
static double fresh_tokens(const struct deployment *d) {
    return fmax(1, d->isl - floor(d->isl * d->prefix_hit));
}

/* Chunks of what the decoding tokens of a step leave of its budget (Agrawal et al., "SARATHI", 2023); without a budget the
 * whole prompt, as far as engines take one at once. */
static struct prompt prompt_make(const struct deployment *d, double decoding) {
    double fresh = fresh_tokens(d), cached = d->isl - fresh;
    double room = d->calibration->of[CAL_MEMORY].value[MEMORY_CHUNK_TOKENS];
    if (d->chunk_tokens > 0)
        room = fmax(1, d->chunk_tokens - ceil(decoding));
    double chunks = ceil(fresh / room);
    /* every token of the whole prompt sees cached + fresh/2 on the mean; of a chunk it sees half by itself */
    return (struct prompt){.chunks = chunks, .tokens = fresh / chunks,
                           .before = cached + fresh / 2 - fresh / chunks / 2,
                           .before_last = cached + fresh - fresh / chunks, .beside = fmax(1, floor(room / fresh))};
}

/* A chunk on top of w's decoding. Latent attention expands what is cached in front of each chunk once more; of a prompt taken
 * whole that is the cached prefix. */
static void work_add_chunk(const struct deployment *d, struct work *w, double tokens, double before) {
    w->prefill = tokens;
    w->before = before;
    w->expanded = d->chunk_tokens > 0 ? before : d->isl - fresh_tokens(d);
    w->engine_tokens += tokens;
}

static struct work prefill_work(const struct deployment *d, const struct prompt *p) {
    struct work w = {.passes = p->chunks + d->pp - 1};
    work_add_chunk(d, &w, p->tokens, p->before);
    return w;
}

/* Seconds by which the mean and the last chunk make a decode step longer, if all of a pipeline's micro-batches had one. */
static void chunk_delays(const struct deployment *d, struct load_cache *cache, const struct prompt *p,
                         const struct work *decode, struct estimate *out) {
    struct service *s = &out->service;
    struct work w = *decode, reach = w;
    work_add_chunk(d, &w, p->tokens, p->before);
    step_make(d, &w, step_law(d, cache, w.engine_tokens, false), &out->mixed);
    s->last_delay = s->delay = fmax(0, out->mixed.seconds - out->decode.seconds);
    if (p->chunks == 1)
        return;
    work_add_chunk(d, &reach, p->tokens, p->before_last);
    s->reach = step_reach_seconds(d, &reach, &out->mixed);
    s->last_delay = fmax(0, s->reach - out->decode.seconds);
}

/* Decoding tokens of a step with a chunk in it. Where a budget holds fewer chunks than the sequences would bring, some of them
 * queue. With r rounds for the output and one for each of `fresh / (budget - n*q)` chunks, n of them decode (Little):
 * n = r / chunks, so n = r * budget / (fresh + q*r); q tokens each. */
static double decoding_tokens(const struct deployment *d, const struct work *w, const struct round *round) {
    double q = 1 + w->drafts, rounds = d->osl / round->tokens;
    if (d->chunk_tokens == 0)
        return w->decode * q;
    return fmin(w->decode, rounds * d->chunk_tokens / (fresh_tokens(d) + q * rounds)) * q;
}

/* Whole prompts: each of the other residents adds its prefill once in osl tokens; the own one, `alone`, is as if alone.
 * A budget has room for one chunk in each micro-batch of a round, or for some prompts that fit whole. So a token is late by
 * those at most; the own prefill takes a round for each of its chunks, and its last one passes all stages. Where the
 * residents need more chunks than there are rounds, they queue: in a
 * closed loop a request then takes as long as all the residents' chunks (the bottleneck's bound of operational analysis,
 * Denning and Buzen 1978; rounds as long as if none of them queued). */
static void mixing_make(const struct deployment *d, struct load_cache *cache, const struct work *w, const struct round *round,
                        struct estimate *out) {
    struct service *s = &out->service;
    double slow = d->engine.value[ENGINE_PREFILL]; /* the engine's prefill over its kernels', among others' tokens */
    double first = d->first_token.value[FIRST_PREFILL]; /* and for its own first token */
    double resident = out->resident, passes = d->pp; /* a chunk delays one of the pp micro-batches of a step */
    s->mixed_decoding = decoding_tokens(d, w, round);
    struct prompt p = prompt_make(d, s->mixed_decoding);
    s->mixed_chunks = p.chunks;
    s->beside = d->chunk_tokens > 0 ? p.beside : 1;
    s->added = slow * out->prefill.seconds;
    s->own = first * out->prefill.seconds;
    out->itl_max_ms = round->seconds * 1e3;
    if (resident <= 1)
        return;
    chunk_delays(d, cache, &p, w, out);
    s->added = slow * (p.chunks * s->delay / passes);
    s->others = (resident / d->dp - 1.0 / d->dp) / d->osl * s->added;
    if (d->chunk_tokens > 0) {
        s->others = fmin(s->others, slow * s->beside * s->delay / round->tokens);
        s->own = p.chunks * round->seconds + first * s->delay / passes * (p.chunks + passes - 1);
        double decoding = (d->osl - 1) * (round->seconds / round->tokens + s->others);
        double all = resident / d->dp * p.chunks * (round->seconds / s->beside + slow * s->delay) / passes;
        s->queue = fmax(0, all - s->own - decoding);
    }
    /* one chunk, or as many prompts as come on the mean */
    out->itl_max_ms = (round->seconds + fmax(slow * s->last_delay / passes, s->others * round->tokens)) * 1e3;
}

static void fill_routing(const struct deployment *d, const struct load_law *law, const struct work *w,
                         struct estimate *out) {
    struct op *balanced = &out->balanced;
    if (!law)
        return;
    out->coverage = law->coverage;
    out->load_max_mean = law->max_mean;
    out->load_max_p95 = law->max_p95;
    out->rank_max_mean = law->rank_max_mean;
    out->rank_max_p95 = law->rank_max_p95;
    out->ranks_touched = collective_ranks_touched(d);
    out->imbalance_loss_article = law_article_imbalance_loss(law->max_mean);
    step_balanced_experts(d, w, balanced);
    const struct op *real = &out->decode.op[OP_EXPERTS];
    double even = out->decode.seconds + real->calls * (balanced->seconds - real->seconds);
    out->imbalance_loss = 1 - even / out->decode.seconds;
    out->service.rank_distinct = law->rank_distinct;
    out->n_loads = d->model->n_experts;
    for (int e = 0; e < out->n_loads; e++)
        out->loads[e] = law->sorted[e];
}

/* Share of the stages' time that they stand idle: `full` of the passes of a step carry a micro-batch on each stage, and only
 * the slowest stage works all the while. Pipelines that fill and drain: full = m / (m + p - 1) of m micro-batches on p stages. */
static double bubble(const struct step *s, double full) {
    return 1 - full * s->stage_mean / s->stage_max;
}

static void fill_pipeline(const struct deployment *d, double busy, double chunks, struct estimate *out) {
    out->bubble = bubble(&out->decode, busy);
    out->prefill_bubble = bubble(&out->prefill, chunks / (chunks + d->pp - 1));
    out->stage_slowest = out->decode.slowest;
    out->stage_layers_max = out->decode.layers_max;
}

enum bound serving_bound(const struct step *s, double part[BOUND_COUNT]) {
    enum bound best = BOUND_MEMORY;
    for (int b = 0; b < BOUND_COUNT; b++)
        part[b] = 0;
    for (int i = 0; i < OP_COUNT; i++)
        for (int b = 0; b < BOUND_COUNT; b++)
            part[b] += s->op[i].calls * s->op[i].part[b];
    for (int b = BOUND_MEMORY; b < BOUND_COUNT; b++)
        if (part[b] > part[best])
            best = (enum bound)b;
    return best;
}

double serving_rate(const struct deployment *d, enum op_kind kind) {
    return timing_rate(d->gpu, (kind == OP_EXPERTS ? d->weights_experts : d->weights)->path, NULL);
}

/* Seconds of the step's FLOP at full rate. */
static double peak_seconds(const struct deployment *d, const struct step *s) {
    double seconds = 0;
    for (int i = 0; i < OP_COUNT; i++)
        seconds += s->op[i].calls * s->op[i].flop / serving_rate(d, (enum op_kind)i);
    return seconds;
}

/* Rent split between input and output by the engine time that each takes: per request, its prefill against its share of
 * the decode steps. So in*cost_in + out*cost_out is the rent. */
static void fill_cost(const struct deployment *d, struct estimate *out) {
    struct service *s = &out->service;
    double input = s->input = s->added / (s->added + s->decode), used = d->utilisation;
    if (isnan(d->price))
        return;
    out->cost_h = d->gpus * d->price;
    out->cost_m_out = law_cost_per_million(out->cost_h * (1 - input), out->out_tok_s * used);
    out->cost_m_in = law_cost_per_million(out->cost_h * input, out->in_tok_s * used);
    out->cost_m_blend = law_cost_per_million(out->cost_h, (out->out_tok_s + out->in_tok_s) * used);
}

/* Power between idle and TDP: a share for the bytes moved, a share for the FLOP done, capped at TDP. */
static void fill_energy(const struct deployment *d, struct estimate *out) {
    const double *v = d->calibration->of[CAL_POWER].value;
    struct service *s = &out->service;
    s->load = v[POWER_IDLE_SHARE] + v[POWER_MEMORY_SHARE] * out->mbu + v[POWER_COMPUTE_SHARE] * out->mfu;
    s->watts = d->gpus * d->gpu->tdp_w * fmin(1, s->load);
    out->joules_tok = s->watts / out->out_tok_s;
    out->power_cost_h = s->watts / 1000 * d->power_price;
}

void serving_fill_level(const struct deployment *d, struct estimate *out) {
    bool ttft = !isnan(d->slo_ttft_s), tpot = !isnan(d->slo_tpot_s);
    if (ttft || tpot)
        out->slo_ok = (!ttft || out->ttft_ms <= d->slo_ttft_s * 1e3) && (!tpot || out->tpot_ms <= d->slo_tpot_s * 1e3);
}

/* TTFT, TPOT and what they are made of, from the steps. */
static void fill_times(const struct deployment *d, const struct round *round, bool moe, struct estimate *out) {
    struct service *s = &out->service;
    double resident = out->resident;
    double tpot = round->seconds / round->tokens + s->others;
    double wait = resident < d->batch ? (d->osl * tpot + s->queue) * (d->batch / resident - 1) : 0;
    /* Steady state: the own prefill, and the steps until it is admitted. A closed-loop benchmark of W waves starts with all
     * requests at once, whose prefills queue: (B-1)/2 of them on the mean, in one wave of W. */
    const double *first = d->first_token.value;
    s->admission = first[FIRST_STEPS] + (moe ? first[FIRST_MOE_STEPS] : 0) + d->admission_steps;
    /* nobody waits for more prefills than there are other residents: outputs of a few tokens end sooner than an admission */
    double ahead = fmin(s->admission * round->tokens, d->osl) * s->others;
    double admitted = resident > 1 ? s->admission * round->seconds + ahead : 0;
    double ttft = first[FIRST_REQUEST_MS] * 1e-3 + s->own + admitted + wait + s->queue;
    s->queued = fmax(0, first[FIRST_BURST] * s->own * (resident / d->dp - 1.0 / d->dp) / (2 * BENCHMARK_WAVES));
    s->round = round->seconds;
    s->round_tokens = round->tokens;
    s->decode = d->osl * (round->seconds / round->tokens) * d->dp / resident;

    out->decode_step_ms = out->decode.seconds * 1e3;
    out->prefill_ms = d->engine.value[ENGINE_PREFILL] * out->prefill.seconds * 1e3;
    out->tpot_ms = tpot * 1e3;
    out->tok_s_user = 1 / tpot;
    out->ttft_ms = ttft * 1e3;
    out->ttft_benchmark_ms = (ttft + s->queued) * 1e3;
    out->wait_ms = wait * 1e3;
    out->queue_ms = s->queue * 1e3;
    out->e2e_s = ttft + (d->osl - 1) * tpot;
    out->spec_tokens = round->tokens;
    out->spec_draft_ms = round->draft * 1e3;
    out->spec_gain = round->gain;
}

void serving_make(const struct deployment *d, struct load_cache *cache, struct estimate *out) {
    struct service *s = &out->service;
    struct work w = serving_decode_work(d, out->resident);
    struct prompt prompt = prompt_make(d, 0);
    struct work p = prefill_work(d, &prompt);
    const struct load_law *law = step_law(d, cache, w.engine_tokens, true);
    double part[BOUND_COUNT];

    s->micro = w.micro;
    s->rank_sequences = w.decode;
    s->tokens = w.engine_tokens;
    s->fresh = fresh_tokens(d);
    s->chunks = prompt.chunks;
    step_make(d, &w, law, &out->decode);
    fill_routing(d, law, &w, out);
    step_make(d, &p, step_law(d, cache, p.engine_tokens, false), &out->prefill);
    struct round round = serving_round_make(d, cache, &w, out->decode.seconds, &out->plain);
    mixing_make(d, cache, &w, &round, out);
    fill_times(d, &round, law != NULL, out);
    out->out_tok_s = out->replicas * (double)d->batch * d->osl / out->e2e_s; /* Little's law over the closed loop */
    out->in_tok_s = out->out_tok_s * d->isl / d->osl;
    out->tok_s_gpu = out->out_tok_s / d->gpus;
    out->bound = serving_bound(&out->decode, part);
    /* micro-batches over stages: below 1 one is idle */
    s->busy = out->resident * (1 + d->spec_depth) / (w.engine_tokens * d->pp);
    s->peak = peak_seconds(d, &out->decode);
    fill_pipeline(d, s->busy, prompt.chunks, out);
    out->mfu = s->busy * s->peak / out->decode.seconds;
    out->mbu = s->busy * step_bytes(&out->decode) / d->gpu->mem_bw / out->decode.seconds;
    fill_cost(d, out);
    fill_energy(d, out);
    serving_fill_level(d, out);
    ledger_make(d, cache, out);
}

/* --- engines that do only one of the two ------------------------------------------------------------------------------- */

/* Each rank runs its prompts side by side as far as the engine's token budget takes them, the others after them. */
double serving_prefill_step(const struct deployment *d, struct load_cache *cache, double prompts, struct step *out,
                            double *pace) {
    struct prompt p = prompt_make(d, 0);
    double rounds = ceil(ceil(prompts / d->dp) / fmax(1, floor(deployment_prefill_budget(d) / p.tokens)));
    double beside = ceil(ceil(prompts / d->dp) / rounds);
    struct work w = prefill_work(d, &p);
    w.prompts = beside;
    w.prefill = beside * p.tokens;
    w.expanded *= beside;
    w.engine_tokens = fmin(prompts, beside * d->dp) * p.tokens;
    w.passes = rounds * p.chunks + d->pp - 1;
    step_make(d, &w, step_law(d, cache, w.engine_tokens, false), out);
    *pace = out->seconds * rounds * p.chunks / w.passes;
    return out->seconds;
}

void serving_shares(const struct deployment *d, const struct step *s, double *mfu, double *mbu) {
    *mfu = peak_seconds(d, s) / s->seconds;
    *mbu = step_bytes(s) / d->gpu->mem_bw / s->seconds;
}

void serving_fill_decode(const struct deployment *d, struct load_cache *cache, double resident, const struct round *round,
                         struct estimate *out) {
    struct work w = serving_decode_work(d, resident);
    struct service *s = &out->service;
    double part[BOUND_COUNT];
    s->micro = w.micro;
    s->rank_sequences = w.decode;
    s->tokens = w.engine_tokens;
    s->busy = resident * (1 + d->spec_depth) / (w.engine_tokens * d->pp); /* micro-batches over stages */
    s->peak = peak_seconds(d, &out->decode);
    s->round_tokens = round->tokens;
    fill_routing(d, step_law(d, cache, w.engine_tokens, true), &w, out);
    fill_pipeline(d, s->busy, 1, out);
    serving_shares(d, &out->decode, &out->mfu, &out->mbu);
    out->mfu *= s->busy;
    out->mbu *= s->busy;
    out->bound = serving_bound(&out->decode, part);
    out->spec_tokens = round->tokens;
    out->spec_draft_ms = round->draft * 1e3;
    out->spec_gain = round->gain;
    struct deployment settled = *d; /* the loop says how many decode, with or without replicas */
    settled.batch = (int)resident;
    ledger_make(&settled, cache, out);
}

void serving_fill_prefill(const struct deployment *d, struct estimate *out) {
    struct prompt p = prompt_make(d, 0);
    out->service.fresh = fresh_tokens(d);
    out->service.chunks = p.chunks;
    out->prefill_bubble = bubble(&out->prefill, p.chunks / (p.chunks + d->pp - 1));
}
