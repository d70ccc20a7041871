/* The greedy of EPLB (DeepSeek-AI 2025, github.com/deepseek-ai/EPLB, global policy), which TensorRT-LLM, vLLM and
 * SGLang follow: one more replica for whichever expert has the most load on each of its own, then every replica, the
 * busiest first, to the least loaded rank with a free slot. */
#include "core/replicas.h"

#include <stdbool.h>

#include "core/loads.h"

/* Replicas of each expert; more than one on each rank would split nothing. Returns how many of the experts, from the
 * most popular one on, have several. */
static int replicate(const double *p, int n, int redundant, int ranks, int *copies) {
    int several = 0;
    for (int e = 0; e < n; e++)
        copies[e] = 1;
    for (; redundant > 0; redundant--) {
        int hottest = -1;
        /* of the experts with one replica, none is more popular than the first */
        for (int e = 0; e <= several && e < n; e++)
            if (copies[e] < ranks && (hottest < 0 || p[e] * copies[hottest] > p[hottest] * copies[e]))
                hottest = e;
        copies[hottest < 0 ? 0 : hottest]++;
        several += hottest == several;
    }
    return several;
}

/* The order of the first n experts by load per replica, falling. */
static void order_experts(const double *p, const int *copies, int n, int *order) {
    for (int i = 0; i < n; i++) {
        int j = i;
        for (; j > 0 && p[order[j - 1]] * copies[i] < p[i] * copies[order[j - 1]]; j--)
            order[j] = order[j - 1];
        order[j] = i;
    }
}

/* Ranks while they fill up. */
struct ranks {
    int n, slots;
    double load[EXPERTS_MAX];
    int used[EXPERTS_MAX], last[EXPERTS_MAX]; /* the expert that came last */
};

/* The least loaded rank with a free slot; -1: none. Replicas of an expert come one behind the other, so that `last`
 * tells whether a rank has one. */
static int least_loaded(const struct ranks *r, int expert, bool again) {
    int best = -1;
    for (int i = 0; i < r->n; i++)
        if (r->used[i] < r->slots && (again || r->last[i] != expert) && (best < 0 || r->load[i] < r->load[best]))
            best = i;
    return best;
}

static int ranks_put(struct ranks *r, int expert, double share) {
    int to = least_loaded(r, expert, false);
    if (to < 0) /* only ranks that have this expert are free: the replica is there for nothing */
        to = least_loaded(r, expert, true);
    r->load[to] += share;
    r->used[to]++;
    r->last[to] = expert;
    return to;
}

void replicas_place(const double *p, int n, int redundant, int ranks, double *share, int *rank) {
    int copies[EXPERTS_MAX], order[EXPERTS_MAX], several = replicate(p, n, redundant, ranks, copies), slot = 0;
    struct ranks r = {.n = ranks, .slots = (n + redundant) / ranks};
    for (int i = 0; i < ranks; i++)
        r.last[i] = -1;
    order_experts(p, copies, several, order);
    /* merges the experts with several replicas and those with one, which fall both */
    for (int i = 0, single = several; i < several || single < n;) {
        bool take_single = i == several || (single < n && p[single] * copies[order[i]] > p[order[i]]);
        int e = take_single ? single++ : order[i++];
        for (int c = 0; c < copies[e]; c++, slot++) {
            share[slot] = p[e] / copies[e];
            rank[slot] = ranks_put(&r, e, share[slot]);
        }
    }
}
