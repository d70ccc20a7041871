/* The rules of thumb of article A ("MoE vs dense: serving cost"): its decision matrix, its decision sentences, its table of
 * operations, and what its text claims; each with the numbers that make it true or false for two scenarios, and where that
 * turns. Nothing is allocated. */
#ifndef MOESCOPE_EXPLORE_RULES_H
#define MOESCOPE_EXPLORE_RULES_H

#include "explore/explore.h"

enum rule_group { RULES_MOE, RULES_DENSE, RULES_EITHER, RULES_DECIDE, RULES_OPERATE, RULES_TEXT, RULE_GROUPS };

enum rule_verdict { RULE_SILENT /* does not apply, or cannot be judged */, RULE_TRUE, RULE_FALSE };

/* What is changed to find where a verdict turns: the batch of both scenarios; the GPUs of the MoE, in powers of two and the
 * default layout; the price of the MoE's GPUs. */
enum rule_axis { RULE_BATCH, RULE_GPUS, RULE_PRICE, RULE_AXES };

enum { RULE_BATCH_MAX = 4096, RULE_GPUS_MAX = 64, RULE_WHY = 560 };

/* How far the search for turns may go: until they are exact; or as many batches as a screen can wait for, fewer where the
 * routing laws are dear, the rest is then left between two batches. */
enum rule_effort { RULES_QUICK, RULES_EXACT };
enum { RULE_BATCHES = 160 };

/* The nearest place where the verdict turns: it differs between `before` and `from`, and holds on one side. A batch is
 * exact (from = before + 1) unless the search was cut short; a price has before = from. */
struct rule_flip {
    double before, from; /* NAN: it does not turn, or was not looked for */
    bool holds_from;     /* true from `from` on */
    bool above;          /* the present value lies below it */
};

struct rule_result {
    enum rule_verdict verdict;
    bool certain;    /* false: the figures compared overlap within their intervals */
    double value[2]; /* of A and B, in the rule's unit; NAN unknown, or no such figure */
    int batch[2];    /* that the rule was judged at: the scenario's, or the nearest that the rule speaks of */
    struct rule_flip flip[RULE_AXES];
    bool searched[RULE_AXES];
    enum rule_verdict at_one_batch; /* where no batch turns it: the verdict with both scenarios at the same one */
    char why[RULE_WHY]; /* in words, made from the figures */
};

struct contest;
struct rule;
typedef double rule_value(const struct contest *c, int slot);
typedef void rule_judge(const struct contest *c, const struct rule *rule, struct rule_result *r);

struct rule {
    const char *id;
    enum rule_group group;
    const char *says;     /* the article, in few words */
    const char *compares; /* what the two figures are */
    const char *unit;
    rule_value *value;            /* NULL: the estimate field `field` */
    enum estimate_field_id field; /* whose interval the figure follows */
    rule_judge *judge;
    bool dense;         /* the rule speaks for the dense model */
    bool higher;        /* the larger figure is the better one */
    bool exact;         /* counted, or a share that has no interval */
    bool any_pair;      /* needs no MoE beside a dense model */
    int batch[2];       /* batches that the rule speaks of; 0: all */
    double bound[2];    /* what the figure, or the ratio of the figures, has to lie between */
    unsigned axes;      /* bit set of rule_axis */
};

enum { RULE_COUNT = 36 };
extern const struct rule rules[RULE_COUNT];
extern const char *const rule_group_names[RULE_GROUPS];
extern const char *const rule_verdict_names[]; /* "n/a", "true", "false" */

struct rule_results {
    int moe, dense; /* slots; -1 where A and B are not one of each */
    struct rule_result rule[RULE_COUNT];
    int estimates; /* that the search for flips took */
};

/* Judges every rule. False when a scenario does not resolve; *out then holds no verdict. */
bool rules_make(struct explorer *x, const struct scenario *a, const struct scenario *b, enum rule_effort effort,
                struct rule_results *out);

/* "batch 212+, <=8 GPUs, above 3.10 $/h": where a verdict turns, nearest first as the axes stand; "-" if nowhere. buf[size].
 * Returns buf. */
const char *rule_flips_print(const struct rule_result *r, char *buf, size_t size);

#endif
