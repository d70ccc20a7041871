/* One step of an engine as rows of operators: FLOP, bytes, seconds and what bounds each. Every total is a sum of rows. */
#ifndef MOESCOPE_CORE_STEP_H
#define MOESCOPE_CORE_STEP_H

#include "core/estimate.h"

/* What a step works on, for one attention rank. */
struct work {
    double decode;         /* sequences that decode one token each */
    double context;        /* cached tokens that each of them reads */
    double drafts;         /* drafted tokens that each of them verifies beside its own */
    double prefill;        /* prompt tokens processed in this step */
    double prompts;        /* that they belong to, side by side; 0 stands for one */
    double before;         /* cached tokens in front of them, on the mean */
    double expanded;       /* of those, whose latents are expanded to heads once more */
    double engine_tokens;  /* tokens that a layer's experts see, over the whole engine */
    double micro;          /* micro-batches that the sequences are cut into */
    double passes;         /* times that the slowest stage runs: micro-batches through the pipeline */
};

/* What the routing law of this much work is asked. */
struct load_query step_query(const struct deployment *d, double engine_tokens, bool per_expert);

/* Routing law of this much work; NULL for a dense model. `per_expert`: with the loads of single experts. */
const struct load_law *step_law(const struct deployment *d, struct load_cache *cache, double engine_tokens,
                                bool per_expert);

void step_make(const struct deployment *d, const struct work *w, const struct load_law *law, struct step *out);

/* Seconds of *like, a step of *w but for what is cached in front of its prompt tokens: that makes only attention longer. */
double step_reach_seconds(const struct deployment *d, const struct work *w, const struct step *like);

/* The experts' row alone, as in step_make. */
void step_experts(const struct deployment *d, const struct work *w, const struct load_law *law, struct op *out);

/* The experts' row when every expert gets the same number of tokens (round-robin: also the most experts read). */
void step_balanced_experts(const struct deployment *d, const struct work *w, struct op *out);

/* All-reduces that one token takes part in on its way through all layers, in this layout. */
double step_allreduces(const struct deployment *d);

/* Bytes that one token sends between GPUs at the experts' dispatch and combine, over all layers, in this layout. */
double step_exchange_bytes(const struct deployment *d);

/* GPU work of a step, for utilisation and energy: sums over the rows. */
double step_flop(const struct step *s);
double step_bytes(const struct step *s);

#endif
