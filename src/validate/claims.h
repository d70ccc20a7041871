/* What the two articles claim, judged by what was measured: one sentence each. A = "MoE vs Dense: serving cost". */
#ifndef MOESCOPE_VALIDATE_CLAIMS_H
#define MOESCOPE_VALIDATE_CLAIMS_H

#include "validate/validation.h"

enum claim_id {
    CLAIM_SKEW_DECODE, CLAIM_SKEW_PREFILL, CLAIM_INT4, CLAIM_ACTIVE_ONE, CLAIM_ACTIVE_BATCH,
    CLAIM_COUNT
};

enum claim_verdict { CLAIM_UNTESTED, CLAIM_HOLDS, CLAIM_FAILS };

struct claim {
    const char *id, *says;
    double claimed, predicted, measured; /* ratios of times; NAN: not measured */
    int pairs;                           /* of samples that were compared */
    enum claim_verdict verdict;
    char text[300];
};

extern const char *const claim_verdict_names[];

void claims_make(const struct validation *v, struct claim out[CLAIM_COUNT]);

#endif
