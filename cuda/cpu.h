/* The CPU backend's parts: threads, kernels, and one large block of random weights that the experiments
 * share. */
#ifndef MOESCOPE_CUDA_CPU_H
#define MOESCOPE_CUDA_CPU_H

#include "cuda/backend.h"
#include "cuda/check.h"
#include "cuda/cpu_kernels.h"
#include "cuda/cpu_pool.h"

struct cpu {
    struct cpu_pool *pool;
    const struct cpu_kernels *kernels;
    struct run *run;
    void *arena;
    size_t arena_bytes;           /* a multiple of 3 MiB */
    uint64_t arena_sum;           /* of its 64-bit words; holds while `arena_good` */
    bool arena_good, arena_small; /* small: below four times the last-level cache, so some reads may hit it */
    bool memory_said;
};

enum { CPU_TILE = 256 << 10 }; /* bytes of weights in a task */

struct cpu *cpu_of(struct run *run);

/* The block, filled with random bf16 in [-1, 1); NULL: stopped, or no memory (said). */
uint16_t *cpu_arena(struct run *run);
/* Memory for an experiment's own data; NULL: none (said, the run is partial). free() it. */
void *cpu_allocate(struct run *run, size_t bytes);
bool cpu_output(struct run *run, struct check_output *o, size_t n);
/* n random floats in [-1, 1). */
void cpu_random(float *to, size_t n, uint64_t seed);

/* At least 1: rows of a matrix that make a task. */
size_t cpu_tile_rows(size_t bytes_per_row, size_t rows, int threads);

/* How long `a` takes over how long `b` takes: the median over rounds that time both in turn, so that a
 * machine whose speed wanders does not decide it. NAN: stopped. Uses up to half of what is left for the
 * running case. */
double cpu_paired(struct run *run, timing_work *a, void *context_a, timing_work *b, void *context_b);

/* Plain reading of `bytes` at a time, round the block, to compare with. NULL: no memory, or stopped. */
struct stream;
struct stream *cpu_read_open(struct run *run, size_t bytes);
bool cpu_read_work(void *context, uint64_t call);
void cpu_read_close(struct stream *s);

/* bf16 products of a matrix too large to be near: GEMV, skinny and prefill. */
struct cpu_rows {
    struct cpu *cpu;
    const char *format;  /* bf16, fp8-block128, int4-gptq-sym-g128 */
    const void *weights; /* `slots` matrices one behind the other */
    const void *scales;  /* likewise */
    size_t n, k, m, slots, slot, tile;
    size_t matrix, matrix_scales; /* bytes of one */
    float *x;                     /* m x k */
    struct check_output y;        /* m x n */
    struct check_norm *norm;      /* one a tile */
    size_t stride;                /* of the rows that are verified */
};
bool cpu_rows_work(void *context, uint64_t call);
double cpu_rows_verify(void *context);
void cpu_rows_spoil(void *context);
/* Whole matrices of n x k in this many bytes; opens x, y, norm. False: none fit, or no memory (said). */
bool cpu_rows_open(struct cpu_rows *c, struct run *run, size_t n, size_t k, size_t m);
void cpu_rows_close(struct cpu_rows *c);
double cpu_rows_bytes(const struct cpu_rows *c); /* weights, scales, x and y, once each */
double cpu_rows_over_read(
    struct cpu_rows *c); /* its bytes/s over those of plain reading as much, in turn; NAN: not known */

int cpu_stream_count(struct run *run);
void cpu_stream_run(struct run *run);
int cpu_sweep_count(struct run *run);
void cpu_sweep_run(struct run *run);
int cpu_gemm_count(struct run *run);
void cpu_gemm_run(struct run *run);
int cpu_gemv_count(struct run *run);
void cpu_gemv_run(struct run *run);
int cpu_dequant_count(struct run *run);
void cpu_dequant_run(struct run *run);
int cpu_routing_count(struct run *run);
void cpu_routing_run(struct run *run);
int cpu_coverage_count(struct run *run);
void cpu_coverage_run(struct run *run);
int cpu_experts_count(struct run *run);
void cpu_experts_run(struct run *run);
int cpu_attention_count(struct run *run);
void cpu_attention_run(struct run *run);
int cpu_launch_count(struct run *run);
void cpu_launch_run(struct run *run);

#endif
