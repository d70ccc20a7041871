/* Who works on what: lists that the device builds and a test on the CPU repeats. */
#ifndef MOESCOPE_CUDA_WORK_H
#define MOESCOPE_CUDA_WORK_H

#include <stdint.h>

#include "cuda/both.h"

enum { WORK_TOKENS = 8, WORK_ROWS = 16 }; /* of a tile of the skinny kernels */

/* Up to WORK_TOKENS assignments of one expert, neighbours in the permuted order. */
struct work_chunk {
    int32_t expert, first, count;
};

BOTH int work_chunks_of(int count) {
    return (count + WORK_TOKENS - 1) / WORK_TOKENS;
}

BOTH int work_chunks_max(int assignments, int experts) { /* every expert may have one that is not full */
    return assignments / WORK_TOKENS + (assignments < experts ? assignments : experts);
}

/* The chunks of one expert, whose assignments begin at `first`, into the list from `at` on. */
BOTH void work_fill(struct work_chunk *list, int at, int expert, int first, int count) {
    for (int i = 0; i < work_chunks_of(count); i++) {
        int left = count - i * WORK_TOKENS;
        list[at + i].expert = expert;
        list[at + i].first = first + i * WORK_TOKENS;
        list[at + i].count = left < WORK_TOKENS ? left : WORK_TOKENS;
    }
}

/* Item `at` of chunks x tiles. Chunks of one tile are neighbours, so that an expert's rows are still in the cache when its next
 * chunk wants them. */
BOTH void work_item(int at, int chunks, int *chunk, int *tile) {
    *chunk = at % chunks;
    *tile = at / chunks;
}

/* Part `i` of `parts` of n things in pieces of `piece`: [*from, *to). */
BOTH void work_split(int n, int piece, int i, int parts, int *from, int *to) {
    int pieces = (n + piece - 1) / piece, each = (pieces + parts - 1) / parts;
    *from = i * each * piece < n ? i * each * piece : n;
    *to = (i + 1) * each * piece < n ? (i + 1) * each * piece : n;
}

/* Whether logit a of expert i comes before logit b of expert j: the larger, on a tie the lower id. */
BOTH int work_before(float a, int i, float b, int j) {
    return a > b || (a == b && i < j);
}

#endif
