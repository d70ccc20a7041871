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
    return (struct work){.decode = per_rank, .context = d->isl + d->osl / 2.0, .passes = d->pp,
                         .drafts = d->spec_depth, .engine_tokens = sequences * (1 + d->spec_depth) / micro};
}

struct round serving_round_make(const struct deployment *d, struct load_cache *cache, const struct work *decode, double step) {
    struct round r = {.seconds = step, .tokens = 1, .gain = 1};
    struct work w = *decode;
    struct step plain;
    if (d->spec_depth == 0)
        return r;
    w.drafts = 0;
    w.engine_tokens /= 1 + d->spec_depth;
    step_make(d, &w, step_law(d, cache, w.engine_tokens, false), &plain);
    r.draft = d->spec_depth * d->spec_draft_cost * plain.seconds;
    r.seconds += r.draft;
    r.tokens = law_expected_tokens(d->spec_depth, d->spec_acceptance);
    r.gain = plain.seconds * r.tokens / r.seconds;
    return r;
}

/* One request's prefill in chunks; the mean chunk, which stands for all, and what lies in front of the last one. */
struct prompt {
    double chunks, tokens, before, before_last;
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
                           .before_last = cached + fresh - fresh / chunks};
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
                         const struct work *decode, double decode_seconds, double *mean, double *last) {
    struct work w = *decode, reach = w;
    struct step mixed;
    work_add_chunk(d, &w, p->tokens, p->before);
    step_make(d, &w, step_law(d, cache, w.engine_tokens, false), &mixed);
    *last = *mean = fmax(0, mixed.seconds - decode_seconds);
    if (p->chunks == 1)
        return;
    work_add_chunk(d, &reach, p->tokens, p->before_last);
    *last = fmax(0, step_reach_seconds(d, &reach, &mixed) - decode_seconds);
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

/* How the prefills of others and one's own meet decoding. Seconds. */
struct mixing {
    double added;     /* by one request's prefill, over all the steps that it runs inside of */
    double others;    /* to each of the others' tokens */
    double own;       /* of one's own prefill, up to the first token */
    double queue;     /* until one's own begins */
    double longest;   /* between two tokens, at most */
};

/* Whole prompts: each of the other residents adds its prefill once in osl tokens; the own one, `alone`, is as if alone.
 * A budget has room for one chunk in each micro-batch of a round. So a token is late by one chunk at most, and the own
 * prefill takes a round for each of its chunks. Where the residents need more chunks than there are rounds, they queue: in a
 * closed loop a request then takes as long as all the residents' chunks (the bottleneck's bound of operational analysis,
 * Denning and Buzen 1978; rounds as long as if none of them queued). */
static void mixing_make(const struct deployment *d, struct load_cache *cache, const struct work *w, const struct step *decode,
                        const struct round *round, double resident, double alone, struct mixing *out) {
    double slow = d->engine.value[ENGINE_PREFILL]; /* the engine's prefill over its kernels', among others' tokens */
    double first = d->first_token.value[FIRST_PREFILL]; /* and for its own first token */
    struct prompt p = prompt_make(d, decoding_tokens(d, w, round));
    *out = (struct mixing){.added = slow * alone, .own = first * alone, .longest = round->seconds};
    if (resident <= 1)
        return;
    double delay, last;
    chunk_delays(d, cache, &p, w, decode->seconds, &delay, &last);
    double passes = d->pp; /* a chunk delays one of the pp micro-batches of a step */
    out->added = slow * (p.chunks * delay / passes);
    out->others = (resident / d->dp - 1.0 / d->dp) / d->osl * out->added;
    out->longest += slow * last / passes;
    if (d->chunk_tokens == 0)
        return;
    out->others = fmin(out->others, slow * delay / round->tokens);
    out->own = p.chunks * (round->seconds + first * delay / passes);
    double decoding = (d->osl - 1) * (round->seconds / round->tokens + out->others);
    double all = resident / d->dp * p.chunks * (round->seconds + slow * delay) / passes;
    out->queue = fmax(0, all - out->own - decoding);
}

static void fill_routing(const struct deployment *d, const struct load_law *law, const struct work *w,
                         struct estimate *out) {
    struct op balanced;
    if (!law)
        return;
    out->coverage = law->coverage;
    out->load_max_mean = law->max_mean;
    out->load_max_p95 = law->max_p95;
    out->rank_max_mean = law->rank_max_mean;
    out->rank_max_p95 = law->rank_max_p95;
    out->ranks_touched = collective_ranks_touched(d);
    out->imbalance_loss_article = law_article_imbalance_loss(law->max_mean);
    step_balanced_experts(d, w, &balanced);
    const struct op *real = &out->decode.op[OP_EXPERTS];
    double even = out->decode.seconds + real->calls * (balanced.seconds - real->seconds);
    out->imbalance_loss = 1 - even / out->decode.seconds;
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

static enum bound step_bound(const struct step *s) {
    double part[BOUND_COUNT] = {0};
    enum bound best = BOUND_MEMORY;
    for (int i = 0; i < OP_COUNT; i++)
        for (int b = 0; b < BOUND_COUNT; b++)
            part[b] += s->op[i].calls * s->op[i].part[b];
    for (int b = BOUND_MEMORY; b < BOUND_COUNT; b++)
        if (part[b] > part[best])
            best = (enum bound)b;
    return best;
}

/* FLOP rate that the step could reach: the experts' and the other weights' paths may differ; by their shares of the work. */
static double peak_seconds(const struct deployment *d, const struct step *s) {
    double seconds = 0;
    for (int i = 0; i < OP_COUNT; i++) {
        const struct format *f = i == OP_EXPERTS ? d->weights_experts : d->weights;
        seconds += s->op[i].calls * s->op[i].flop / timing_rate(d->gpu, f->path, NULL);
    }
    return seconds;
}

/* Rent split between input and output by the engine time that each takes: per request, its prefill against its share of
 * the decode steps. So in*cost_in + out*cost_out is the rent. */
static void fill_cost(const struct deployment *d, double prefill_s, double decode_s, struct estimate *out) {
    double input = prefill_s / (prefill_s + decode_s), used = d->utilisation;
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
    double load = v[POWER_IDLE_SHARE] + v[POWER_MEMORY_SHARE] * out->mbu + v[POWER_COMPUTE_SHARE] * out->mfu;
    double watts = d->gpus * d->gpu->tdp_w * fmin(1, load);
    out->joules_tok = watts / out->out_tok_s;
    out->power_cost_h = watts / 1000 * d->power_price;
}

void serving_fill_level(const struct deployment *d, struct estimate *out) {
    bool ttft = !isnan(d->slo_ttft_s), tpot = !isnan(d->slo_tpot_s);
    if (ttft || tpot)
        out->slo_ok = (!ttft || out->ttft_ms <= d->slo_ttft_s * 1e3) && (!tpot || out->tpot_ms <= d->slo_tpot_s * 1e3);
}

void serving_make(const struct deployment *d, struct load_cache *cache, struct estimate *out) {
    double resident = out->resident;
    struct work w = serving_decode_work(d, resident);
    struct prompt prompt = prompt_make(d, 0);
    struct work p = prefill_work(d, &prompt);
    const struct load_law *law = step_law(d, cache, w.engine_tokens, true);

    step_make(d, &w, law, &out->decode);
    fill_routing(d, law, &w, out);
    step_make(d, &p, step_law(d, cache, p.engine_tokens, false), &out->prefill);
    double step = out->decode.seconds;
    struct round round = serving_round_make(d, cache, &w, step);
    struct mixing mix;
    mixing_make(d, cache, &w, &out->decode, &round, resident, out->prefill.seconds, &mix);
    double busy = resident * (1 + d->spec_depth) / (w.engine_tokens * d->pp); /* micro-batches over stages: below 1 one is idle */

    double tpot = round.seconds / round.tokens + mix.others;
    double wait = resident < d->batch ? (d->osl * tpot + mix.queue) * (d->batch / resident - 1) : 0;
    /* Steady state: the own prefill, and the steps until it is admitted. A closed-loop benchmark of W waves starts with all
     * requests at once, whose prefills queue: (B-1)/2 of them on the mean, in one wave of W. */
    const double *first = d->first_token.value;
    double steps = first[FIRST_STEPS] + (law ? first[FIRST_MOE_STEPS] : 0) + d->admission_steps;
    double ttft = first[FIRST_REQUEST_MS] * 1e-3 + mix.own + (resident > 1 ? steps * tpot * round.tokens : 0) + wait + mix.queue;
    double queued = first[FIRST_BURST] * mix.own * (resident / d->dp - 1.0 / d->dp) / (2 * BENCHMARK_WAVES);
    out->ttft_benchmark_ms = (ttft + fmax(0, queued)) * 1e3;
    double e2e = ttft + (d->osl - 1) * tpot;

    out->decode_step_ms = step * 1e3;
    out->prefill_ms = d->engine.value[ENGINE_PREFILL] * out->prefill.seconds * 1e3;
    out->tpot_ms = tpot * 1e3;
    out->ttft_ms = ttft * 1e3;
    out->itl_max_ms = mix.longest * 1e3;
    out->wait_ms = wait * 1e3;
    out->queue_ms = mix.queue * 1e3;
    out->e2e_s = e2e;
    out->out_tok_s = out->replicas * (double)d->batch * d->osl / e2e; /* Little's law over the closed loop */
    out->in_tok_s = out->out_tok_s * d->isl / d->osl;
    out->tok_s_gpu = out->out_tok_s / d->gpus;
    out->tok_s_user = 1 / tpot;
    out->spec_tokens = round.tokens;
    out->spec_draft_ms = round.draft * 1e3;
    out->spec_gain = round.gain;
    out->bound = step_bound(&out->decode);
    fill_pipeline(d, busy, prompt.chunks, out);
    out->mfu = busy * peak_seconds(d, &out->decode) / step;
    out->mbu = busy * step_bytes(&out->decode) / d->gpu->mem_bw / step;
    fill_cost(d, mix.added, d->osl * (round.seconds / round.tokens) * d->dp / resident, out);
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
    double busy = resident * (1 + d->spec_depth) / (w.engine_tokens * d->pp); /* micro-batches over stages */
    fill_routing(d, step_law(d, cache, w.engine_tokens, true), &w, out);
    fill_pipeline(d, busy, 1, out);
    serving_shares(d, &out->decode, &out->mfu, &out->mbu);
    out->mfu *= busy;
    out->mbu *= busy;
    out->bound = step_bound(&out->decode);
    out->spec_tokens = round->tokens;
    out->spec_draft_ms = round->draft * 1e3;
    out->spec_gain = round->gain;
    struct deployment settled = *d; /* the loop says how many decode, with or without replicas */
    settled.batch = (int)resident;
    ledger_make(&settled, cache, out);
}

void serving_fill_prefill(const struct deployment *d, struct estimate *out) {
    struct prompt p = prompt_make(d, 0);
    out->prefill_bubble = bubble(&out->prefill, p.chunks / (p.chunks + d->pp - 1));
}
