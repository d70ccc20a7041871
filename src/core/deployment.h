/* A deployment: a scenario with every default filled in and every id looked up. This is what the physics reads.
 * "Engine" is one serving instance of tp*dp*pp GPUs; the fleet has `gpus` of them in whole replicas. In disaggregated
 * serving these are the decode pool's engines, and a prefill pool has some of the GPUs for engines of its own. */
#ifndef MOESCOPE_CORE_DEPLOYMENT_H
#define MOESCOPE_CORE_DEPLOYMENT_H

#include "core/calibration.h"
#include "core/preset.h"

enum skew_kind { SKEW_UNIFORM, SKEW_ZIPF, SKEW_PARETO, SKEW_FILE };

enum serving_mode { MODE_AGGREGATED, MODE_DISAGGREGATED };

/* The prefill pool of disaggregated serving. A field is 0 where mode is aggregated and nobody set it. */
struct prefill_pool {
    int gpus;           /* of the fleet's; the decode pool has the others */
    int tp, pp, dp, ep; /* of one prefill engine */
    int batch;          /* prompts that prefill together in one engine, over all its dp ranks */
};

struct deployment {
    const struct model *model;
    const struct gpu *gpu;
    const struct format *weights, *weights_experts, *kv;
    const struct link *link_up, *link_out;
    const struct calibration *calibration;                    /* of the GPU */
    const struct calibration *up_calibration, *out_calibration; /* of the two links */
    struct class_values engine, first_token;
    struct class_values pool_step, pool_first; /* disaggregated: in place of what is mixed in the others */
    double admission_steps; /* decode steps that a request waits because the engine was told to gather or poll; 0: none */
    int gpus, gpus_per_node;
    int tp, pp, dp, ep;
    enum serving_mode mode;
    struct prefill_pool prefill;
    int batch, isl, osl;
    double prefix_hit; /* 0-1 */
    int chunk_tokens;        /* tokens of a step on an attention rank, a chunk of a prompt among them; 0: whole prompts */
    int spec_depth;          /* drafted tokens of a sequence in each step; 0: no speculation */
    double spec_acceptance;  /* chance that one is accepted, 0-1 */
    double spec_draft_cost;  /* of one, as a share of a decode step and of the weights */
    enum skew_kind skew_kind;
    double skew;
    const double *routing; /* popularity of the experts, most popular first, sums to 1; NULL unless skew_kind is file */
    int redundant_experts; /* replicas beyond one of each expert, over the whole engine */
    double price;       /* $/GPU-h; NAN unknown */
    double power_price; /* $/kWh */
    double utilisation; /* (0, 1] */
    double slo_ttft_s, slo_tpot_s; /* NAN: none */
};

/* The default of tp: the largest divisor of the heads and of the GPU count that stays within one node. */
int deployment_default_tp(const struct model *m, int gpus, int gpus_per_node);

/* The default of prefill_gpus: half the fleet, or the next number to it that whole engines of both pools fill; half where
 * no number does. Needs the layouts of both pools. */
int deployment_default_prefill_gpus(const struct deployment *d);

/* Tokens of prompts that one pass takes on an attention rank where nothing decodes beside them. */
double deployment_prefill_budget(const struct deployment *d);

/* The default of prefill_batch: for each dp rank of a prefill engine as many prompts as its token budget takes in one pass. */
int deployment_default_prefill_batch(const struct deployment *d);

/* The value of a scenario field after defaults, as a number (text fields: NAN). */
struct field;
double deployment_number(const struct deployment *d, const struct field *f);

#endif
