/* Searches that answer with a scenario: what meets a goal on a figure, and what comes nearest to another scenario. */
#ifndef MOESCOPE_EXPLORE_GOAL_H
#define MOESCOPE_EXPLORE_GOAL_H

#include "explore/explore.h"

/* A figure and the value that it must keep: at most where lower is better, at least where higher is. */
struct goal {
    const struct estimate_field *figure; /* a number that has a better side */
    double limit;
};

/* What a search has found. */
struct found {
    struct scenario scenario;
    double value;       /* of the figure there */
    double beyond;      /* goal_find_batch: the figure one sequence further; NAN where that does not fit */
    double cost;        /* goal_find_layout: $ per million output tokens; NAN where no price is known */
    bool ends_at_room;  /* goal_find_batch: the room for sequences ends the search, not the goal */
};

/* Whether a scenario is possible, has all its sequences resident, and keeps the goal. *value: the figure, NAN if unknown. */
bool goal_met(struct explorer *x, const struct scenario *s, const struct goal *g, double *value);

/* The largest batch that keeps the goal; the next larger one does not. Exact unless the figure crosses the limit twice
 * within a factor of 1.1. False when no batch does: then out->value is the figure's best. */
bool goal_find_batch(struct explorer *x, const struct scenario *s, const struct goal *g, struct found *out);

/* The layout of tp, pp, dp and ep, in powers of two, whose output tokens cost least of those that keep the goal, at the
 * batch of the scenario; where no price is known, the one with most tokens per GPU. The fleet stays as it is if it is a
 * whole number of the engines, else it becomes one engine. Only where prefill and decode share engines. */
bool goal_find_layout(struct explorer *x, const struct scenario *s, const struct goal *g, struct found *out);

/* Changes one numeric field until the figure comes as near as it can to `target`, in proportion. False when no value
 * of the field gives a figure. `figure` NULL: the field itself is the figure. */
bool goal_find_nearest(struct explorer *x, const struct scenario *s, enum field_id field,
                       const struct estimate_field *figure, double target, struct found *out);

/* What two scenarios can be made equal in, and the fields that may be changed for it: the second where the first leaves
 * them more than EQUAL_ENOUGH apart and the second brings them nearer. */
#define EQUAL_ENOUGH 0.02
struct equal_row {
    const char *id, *help;
    enum field_id field, second;
    enum estimate_field_id figure; /* E_FEASIBLE: the field itself */
};

extern const struct equal_row equal_rows[]; /* ends with id NULL */

/* Changes one field of the row until its figure comes nearest to the target. */
bool goal_make_equal(struct explorer *x, const struct scenario *s, const struct equal_row *row, double target,
                     struct found *out);

#endif
