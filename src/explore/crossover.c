#include "explore/crossover.h"

#include <math.h>

/* One contest: both scenarios at the same batch. */
struct contest {
    struct load_cache *cache;
    struct deployment side[2];
    const struct estimate_field *field;
};

/* Who wins at this batch: the better figure; the only feasible one; -1 when neither can or they are equal. */
static int contest_winner(struct contest *c, int batch) {
    double value[2];
    struct estimate e;
    for (int i = 0; i < 2; i++) {
        c->side[i].batch = batch;
        estimate(&c->side[i], c->cache, &e);
        value[i] = e.feasible ? estimate_number(&e, c->field) : NAN;
    }
    if (isnan(value[0]) || isnan(value[1]))
        return isnan(value[0]) ? (isnan(value[1]) ? -1 : 1) : 0;
    if (value[0] == value[1])
        return -1;
    return (value[0] < value[1]) == (c->field->better == BETTER_LOWER) ? 0 : 1;
}

/* The smallest batch in (low, high] at which the winner is no longer `before`. */
static int find_flip(struct contest *c, int low, int high, int before) {
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (contest_winner(c, middle) == before)
            low = middle;
        else
            high = middle;
    }
    return high;
}

void crossover_find(const struct deployment side[2], struct load_cache *cache, const struct estimate_field *field,
                    int max_batch, struct crossover *out) {
    struct contest c = {.cache = cache, .side = {side[0], side[1]}, .field = field};
    int winner = contest_winner(&c, 1);
    *out = (struct crossover){.first_winner = winner};
    for (int low = 1; low < max_batch && out->n_flips < FLIPS_MAX;) {
        int high = (int)fmin(max_batch, fmax(low + 1, floor(low * 1.5)));
        if (contest_winner(&c, high) != winner) {
            high = find_flip(&c, low, high, winner);
            winner = contest_winner(&c, high);
            out->flip[out->n_flips++] = (struct flip){.batch = high, .winner = winner};
        }
        low = high;
    }
}

void explore_crossover(struct explorer *x, const struct scenario *a, const struct scenario *b,
                       const struct estimate_field *field, int max_batch, struct crossover *out) {
    struct deployment side[2];
    *out = (struct crossover){.first_winner = -1};
    if (x->resolve(x->user, a, &side[0]) && x->resolve(x->user, b, &side[1]))
        crossover_find(side, &x->cache, field, max_batch, out);
}
