#include "routing.h"

#include <math.h>
#include <stdint.h>

#include "core/loads.h"

enum { DRAWS = 16, DRAWS_OF_A_ROW = 5 };

struct drawn_rank routing_balanced(double tokens, int top_k, int experts, int ranks) {
    double held = (double)experts / ranks, pairs = tokens * top_k;
    double distinct = fmin(held, fmax(1, ceil(fmin(pairs, experts) / ranks)));
    return (struct drawn_rank){distinct, fmax(distinct, pairs / ranks), distinct};
}

/* Tokens per expert by inverse CDF of density x^-exponent on [1, 0.8 T], or [0.01, 2] where there are fewer pairs than
 * experts, scaled to T*k and rounded. Returns what rounding left over. */
static long draw(double tokens, long pairs, int experts, double exponent, int cap, uint32_t *seed, long *count) {
    double x[EXPERTS_MAX], sum = 0, b = 1 - exponent;
    double low = pairs > experts ? 1 : 0.01, high = pairs > experts ? fmax(0.8 * tokens, 1.01) : 2;
    double pl = pow(low, b), ph = pow(high, b);
    long left = pairs;
    for (int e = 0; e < experts; e++) {
        *seed = *seed * 1664525u + 1013904223u;
        double u = ((*seed >> 8) + 0.5) / 16777216.0;
        sum += x[e] = pow((ph - pl) * u + pl, 1 / b);
    }
    for (int e = 0; e < experts; e++) {
        long n = (long)floor(x[e] / sum * (double)pairs + 0.5);
        count[e] = cap && n > tokens ? (long)tokens : n;
        left -= count[e];
    }
    return left;
}

/* One to the least loaded expert of each rank in turn, or one off the most loaded. */
static void level_ranks(long *count, long left, double tokens, int ranks, int held) {
    for (int moved = 1; left != 0 && moved;) {
        int step = left > 0 ? 1 : -1;
        moved = 0;
        for (int r = 0; r < ranks && left != 0; r++) {
            int at = -1;
            for (int i = r * held; i < (r + 1) * held; i++)
                if ((step > 0 && count[i] < tokens && (at < 0 || count[i] < count[at])) ||
                    (step < 0 && count[i] > 0 && (at < 0 || count[i] > count[at])))
                    at = i;
            if (at >= 0) {
                count[at] += step;
                left -= step;
                moved = 1;
            }
        }
    }
}

/* To the least loaded experts from the last one down, or off the most loaded. */
static void level_neighbours(long *count, long left, int experts) {
    for (; left != 0; left += left > 0 ? -1 : 1) {
        int at = experts - 1;
        for (int i = experts - 1; i >= 0; i--)
            if (left > 0 ? count[i] < count[at] : count[i] > count[at])
                at = i;
        count[at] += left > 0 ? 1 : -1;
    }
}

struct drawn_rank routing_power_law(double tokens, int top_k, int experts, int ranks, double exponent, int neighbours) {
    struct drawn_rank mean = {0};
    int held = experts / ranks;
    uint32_t seed = 1;
    long count[EXPERTS_MAX], pairs = (long)(tokens * top_k);
    for (int d = 0; d < DRAWS; d++) {
        long left = draw(tokens, pairs, experts, exponent, !neighbours, &seed, count), most = -1;
        int busiest = 0;
        if (neighbours)
            level_neighbours(count, left, experts);
        else
            level_ranks(count, left, tokens, ranks, held);
        for (int r = 0; r < ranks; r++) {
            long sum = 0;
            for (int i = r * held; i < (r + 1) * held; i++)
                sum += count[i];
            if (sum > most)
                most = sum, busiest = r;
        }
        mean.rows += (double)most / DRAWS;
        for (int i = busiest * held; i < (busiest + 1) * held; i++)
            mean.distinct += (count[i] > 0) / (double)DRAWS;
    }
    mean.reused = held * (1 - pow(1 - fmin(mean.distinct / held, 1), DRAWS_OF_A_ROW));
    return mean;
}
