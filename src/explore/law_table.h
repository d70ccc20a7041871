/* The laws of article B ("MoE vs dense models in inference") as live figures of two scenarios, the article's own version
 * beside them; and what the MoE gains as GPUs are added. Nothing is allocated. */
#ifndef MOESCOPE_EXPLORE_LAW_TABLE_H
#define MOESCOPE_EXPLORE_LAW_TABLE_H

#include "explore/explore.h"

enum law_group { LAWS_BATCH, LAWS_NETWORK, LAWS_DEPTH, LAWS_ATTENTION, LAW_GROUPS };

struct law_side {
    struct deployment d;
    struct estimate e;
};

typedef double law_value(const struct law_side *s); /* NAN: the model has no such figure */

struct law {
    const char *id;
    enum law_group group;
    const char *label, *unit;
    law_value *here, *article; /* article: as it has the law; NULL: it does not */
    const char *help;          /* the equation and where it comes from */
};

enum { LAW_COUNT = 22, LAW_SERIES = 7 }; /* 1, 2, 4 ... 64 GPUs */
extern const struct law laws[LAW_COUNT];
extern const char *const law_group_names[LAW_GROUPS];

/* Both scenarios as one engine over n GPUs, each layer cut n ways. NAN where that is not possible. */
struct law_point {
    int gpus;
    double rate[2]; /* output tokens per second and GPU */
    double tpot_ms[2];
    bool certain; /* the intervals of the rates do not overlap */
};

struct law_results {
    double here[LAW_COUNT][2], article[LAW_COUNT][2];
    struct law_point series[LAW_SERIES];
};

/* False when a scenario does not resolve. */
bool laws_make(struct explorer *x, const struct scenario *a, const struct scenario *b, struct law_results *out);

/* What the series says, in words made from its figures; buf[size]. Returns buf. */
const char *laws_tell_series(const struct law_results *r, char *buf, size_t size);

#endif
