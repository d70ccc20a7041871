/* Questions that take many estimates: where one scenario overtakes another, what would mend an impossible one. */
#ifndef MOESCOPE_EXPLORE_EXPLORE_H
#define MOESCOPE_EXPLORE_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/estimate.h"
#include "core/scenario.h"

/* How explore turns a scenario into a deployment without knowing the catalog. */
typedef bool resolve_fn(void *user, const struct scenario *s, struct deployment *d);

struct explorer {
    resolve_fn *resolve;
    void *user;
    struct load_cache cache;
};

/* One place where the winner changes. */
struct flip {
    double batch;  /* smallest batch at which the winner is the new one */
    int winner;    /* 0 = A, 1 = B, -1 = neither (not feasible, or equal) from this batch on */
};

enum { FLIPS_MAX = 6 };

/* Who wins on one estimate field, at each batch from 1 to `max_batch`, both scenarios at that batch. */
struct crossover {
    int first_winner; /* at batch 1 */
    size_t n_flips;
    struct flip flip[FLIPS_MAX];
};

/* Geometric search, then bisection: flips are exact to one sequence unless two lie within a factor 1.5 of each other. */
void explore_crossover(struct explorer *x, const struct scenario *a, const struct scenario *b,
                       const struct estimate_field *field, int max_batch, struct crossover *out);

/* A change of one or two fields that makes an impossible scenario possible. */
struct mend {
    struct scenario scenario;
    char text[96]; /* "weights fp8", "gpus 4" */
    double cost;   /* how far it is from what was asked, for sorting; 0 = the same */
};

/* The nearest moves, best first; at most `most`. Returns how many. */
size_t explore_mends(struct explorer *x, const struct scenario *s, struct mend *out, size_t most);

/* What one step of one input does to a figure. */
struct mover {
    const struct field *field;
    double from, to;      /* of the input */
    double before, after; /* of the figure */
    double weight;        /* for sorting: relative change, either way */
};

/* The inputs that move a figure most, one natural step up or down (twice or half where the slider doubles), the
 * largest first; at most `most`. Steps to what is not possible do not count. Returns how many: 0 where the figure is
 * unknown or a word. */
size_t explore_movers(struct explorer *x, const struct scenario *s, const struct estimate_field *figure, struct mover *out,
                      size_t most);

/* "batch 32 -> 64: +12 %, to 36.2 ms"; buf[MOVER_TEXT]. Returns buf. */
enum { MOVER_TEXT = 128 };
const char *mover_print(const struct mover *m, const struct estimate_field *figure, char *buf);

#endif
