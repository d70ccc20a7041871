/* What a rule is judged on: both scenarios with their estimates, and variants of them. Private to rule*.c. */
#ifndef MOESCOPE_EXPLORE_CONTEST_H
#define MOESCOPE_EXPLORE_CONTEST_H

#include "explore/rules.h"

struct side {
    const struct scenario *scenario;
    struct deployment d;
    struct estimate e;
};

/* A scenario's variants on 1, 2, 4 ... GPUs, once they have been asked for. */
enum { SPREADS = 7 };
struct spreads {
    struct spread {
        bool made, resolves;
        struct deployment d;
    } of[2][SPREADS];
};

struct contest {
    struct explorer *x;
    struct spreads *spreads;
    const struct side *side[2];
    int moe, dense; /* slots; -1 where A and B are not one of each */
    bool telling;   /* write the words too */
};

/* --- variants (rules.c). False where they do not resolve; d.batch is the scenario's own. */

/* On another number of GPUs in the default layout, and in another weight format (NULL: its own). */
bool contest_spread(const struct contest *c, int slot, double gpus, const char *weights, struct deployment *d);

/* The same in four bits, as far as the weights are not as narrow already. */
bool contest_quantise(const struct contest *c, int slot, double gpus, struct deployment *d);

/* --- words (rules.c) */

extern const char *const contest_names[2]; /* "A", "B" */
void contest_tell(const struct contest *c, struct rule_result *r, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* --- judges (rule_judges.c): the verdict on one rule, from the sides' estimates */

rule_judge judge_better;    /* the favoured side has the better figure (and, with a bound, stays within it) */
rule_judge judge_bound;     /* the MoE's figure lies within the bounds */
rule_judge judge_ratio;     /* the dense one's figure over the MoE's does */
rule_judge judge_level;     /* the intervals overlap */
rule_judge judge_competes;  /* the favoured side is not worse beyond doubt */
rule_judge judge_quality;   /* cannot be judged */
rule_judge judge_fits;      /* the MoE fits its GPUs' memory */
rule_judge judge_spread;    /* as judge_better, for a figure that needs several GPUs */
rule_judge judge_only_fit;  /* as judge_better; who does not run loses */
rule_judge judge_large;     /* as judge_ratio, for large models that need many GPUs */
rule_judge judge_quantised; /* as judge_better, where weights are quantised at all */
rule_judge judge_loss;      /* the loss follows the article's law */
rule_judge judge_active;    /* a step reads no more than the active share */
rule_judge judge_compute;   /* both steps are bound by compute */

#endif
