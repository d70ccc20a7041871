/* How the measured rows of expert layers were routed: tokens per expert by round-robin, or drawn from a bounded Pareto law
 * (ai-dynamo/aiconfigurator's collector). The timed rank is the busiest. */
#ifndef MOESCOPE_TESTS_FIDELITY_ROUTING_H
#define MOESCOPE_TESTS_FIDELITY_ROUTING_H

struct drawn_rank {
    double distinct, rows; /* experts that get any, and token-expert pairs, of the timed rank */
    double reused;         /* experts touched between two uses: the same each time, or five draws in turn */
};

struct drawn_rank routing_balanced(double tokens, int top_k, int experts, int ranks);

/* Mean over fixed draws. `neighbours`: what rounding leaves over goes to neighbouring experts (the A100 rows' older collector,
 * inferred from their times). */
struct drawn_rank routing_power_law(double tokens, int top_k, int experts, int ranks, double exponent, int neighbours);

#endif
