/* Threads that share out numbered tasks. The caller is one of them. */
#ifndef MOESCOPE_CUDA_CPU_POOL_H
#define MOESCOPE_CUDA_CPU_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct cpu_pool;

/* A task should last well under 50 ms: between tasks each thread looks whether to stop. */
typedef void cpu_task(void *context, size_t index);

struct cpu_pool *cpu_pool_open(int threads); /* NULL: no memory or no threads */
void cpu_pool_close(struct cpu_pool *pool);
int cpu_pool_threads(const struct cpu_pool *pool);

/* Runs tasks 0..n-1. Each thread starts with its own share, always the same for an n (so data stays near),
 * then helps others. False: stopped before all were done. */
bool cpu_pool_run(struct cpu_pool *pool, size_t n, cpu_task *task, void *context);

#endif
