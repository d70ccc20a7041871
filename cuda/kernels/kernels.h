/* What is run on the device, as C sees it. Each function puts its work on a stream and returns at once with CUDA's error code;
 * all pointers are the device's. Rows are row-major. */
#ifndef MOESCOPE_CUDA_KERNELS_H
#define MOESCOPE_CUDA_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "cuda/kernels/work.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct CUstream_st *kernel_stream;

/* --- stream.cu: all sizes in 16-byte pieces; blocks: a persistent grid ------------------------------------------------------ */
int kernel_fill(kernel_stream s, int blocks, void *to, size_t words, uint64_t seed, unsigned long long *sum); /* random bf16; *sum += 64-bit words */
int kernel_read(kernel_stream s, int blocks, const void *from, size_t pieces, unsigned long long *sum);       /* *sum += 64-bit words */
int kernel_write(kernel_stream s, int blocks, void *to, size_t pieces, uint64_t value);                       /* word i: value + i */
int kernel_copy(kernel_stream s, int blocks, void *to, const void *from, size_t pieces);
int kernel_triad(kernel_stream s, int blocks, void *to, const void *a, const void *b, size_t pieces);        /* words: to = a + 3 b */
int kernel_poison(kernel_stream s, void *to, size_t words, uint32_t value);
/* *bad += words of 32 bits (wide) or 16 bits (bf16) that are NaN or Inf: the poison is a NaN. */
int kernel_count_bad(kernel_stream s, const void *at, size_t n, int wide, unsigned long long *bad);

/* --- skinny.cu: weights of n x k times m <= 8 vectors; n a multiple of 16, k of 128 ------------------------------------------- */
enum kernel_format { KERNEL_BF16, KERNEL_FP8, KERNEL_INT4 };
/* y (m x n, fp32). x is m x k in bf16 for bf16 weights, else in fp16. scales: fp8: fp32 per 128 x 128; int4: bf16 per row and 128. */
int kernel_skinny(kernel_stream s, enum kernel_format format, const void *w, const void *scales, const void *x, float *y, int m, int n, int k);

/* --- routing.cu --------------------------------------------------------------------------------------------------------------- */
struct kernel_routing {
    const float *logits;      /* tokens x experts */
    int tokens, experts, top_k;
    int sigmoid;              /* weights by sigmoid, made to sum to 1, instead of softmax */
    int32_t *ids;             /* tokens x top_k */
    float *weights;           /* likewise */
    int32_t *counts, *first;  /* experts; experts + 1 */
    int32_t *place;           /* tokens x top_k: where an assignment goes */
    int32_t *token;           /* by place: the token */
    struct work_chunk *chunk; /* the work list; NULL: none. At most work_chunks_max() */
    int32_t *chunks;          /* how many */
};
int kernel_route(kernel_stream s, const struct kernel_routing *r);

/* --- experts.cu: one layer of experts in bf16 for the tokens of a decode step --------------------------------------------------- */
struct kernel_experts {
    const struct kernel_routing *routing;
    const void *gate, *up, *down; /* experts x inter x hidden, twice; experts x hidden x inter */
    const void *x;                /* tokens x hidden, bf16 */
    void *middle;                 /* assignments x inter, bf16 */
    float *part;                  /* assignments x hidden */
    float *y;                     /* tokens x hidden */
    int hidden, inter, blocks;    /* hidden and inter: multiples of 128 */
};
int kernel_run_experts(kernel_stream s, const struct kernel_experts *e);

/* --- attention.cu: one new token per sequence, head width 128, at most 16 query heads a KV head, bf16 --------------------------------- */
struct kernel_attention {
    const void *q, *keys, *values; /* batch x kv_heads x group x 128; batch x kv_heads x context x 128, twice */
    float *part;                   /* batch x kv_heads x splits x 16 x KERNEL_PART */
    float *out;                    /* batch x kv_heads x group x 128 */
    int batch, kv_heads, group, context, splits;
};
enum { KERNEL_HEAD = 128, KERNEL_GROUP_MAX = 16, KERNEL_PART = KERNEL_HEAD + 2 }; /* values, then top and sum */
int kernel_run_attention(kernel_stream s, const struct kernel_attention *a);

/* --- launch.cu ------------------------------------------------------------------------------------------------------------------------ */
int kernel_step(kernel_stream s, unsigned long long *counter); /* one thread adds 1 */

#ifdef __cplusplus
}
#endif

#endif
