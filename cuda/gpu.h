/* The CUDA backend's parts. One device, one stream, one large block of random weights that the experiments share. */
#ifndef MOESCOPE_CUDA_GPU_H
#define MOESCOPE_CUDA_GPU_H

#include <cuda_runtime_api.h>

#include "cuda/backend.h"
#include "cuda/kernels/kernels.h"

struct gpu {
    struct run *run;
    cudaStream_t stream;
    cudaEvent_t begin, end;
    int blocks;         /* of a persistent grid */
    int arch;           /* 10 x compute capability, as in sm_90 */
    size_t cache_bytes; /* L2 */
    bool plain;         /* the running case is timed without a graph */
    double bytes, flop; /* of one call of the running case; a rate past the limits is a mistake in counting */
    const char *case_name;
    void *arena;
    size_t arena_bytes;
    uint64_t arena_sum; /* of its 64-bit words */
    unsigned long long *sum; /* on the device */
    bool memory_said;
};

struct gpu *gpu_of(struct run *run);

/* False: says what failed, and that the device cannot be used any more where that is so. */
bool gpu_good(struct gpu *gpu, int error, const char *what);
/* Waits for the stream, without blocking. False: stopped, or failed (said). */
bool gpu_finish(struct gpu *gpu);
/* Device memory, half of what is free at most; NULL: none (said, the run is partial). */
void *gpu_allocate(struct run *run, size_t bytes);
/* Copies; after gpu_finish. */
bool gpu_get(struct gpu *gpu, void *host, const void *device, size_t bytes);
bool gpu_put(struct gpu *gpu, void *device, const void *host, size_t bytes);
/* The block, random bf16 in [-1, 1), or NULL (said). */
const uint16_t *gpu_arena(struct run *run);
/* Random bytes that serve as INT4 and as e4m3, whose two NaN are made 0x7E and 0xFE; cudaFree() it. NULL: none (said). */
char *gpu_codes_open(struct run *run, size_t bytes);
/* run_measure for a device's case. */
bool gpu_measure(struct run *run, const struct run_case *c, struct timing *out);

/* n values between guard bands on the device, filled with a NaN that no kernel makes. */
struct gpu_output {
    uint32_t *block;
    void *values;
    size_t n;
    bool wide; /* fp32, else bf16 */
};
bool gpu_output_open(struct gpu_output *o, struct run *run, size_t n, bool wide);
void gpu_output_close(struct gpu_output *o);
/* NaN, Inf and poison among all values, and touched bands; then poisons anew. Infinite: the copy failed. */
double gpu_output_bad(struct gpu *gpu, struct gpu_output *o);

bool gpu_time(const struct timing_plan *plan, timing_work *work, void *context, struct timing *out);
/* On the device's stream, for gpu_time. */
struct gpu *gpu_current(void);

int gpu_stream_count(struct run *run);
void gpu_stream_run(struct run *run);
int gpu_sweep_count(struct run *run);
void gpu_sweep_run(struct run *run);
int gpu_gemm_count(struct run *run);
void gpu_gemm_run(struct run *run);
int gpu_gemv_count(struct run *run);
void gpu_gemv_run(struct run *run);
int gpu_dequant_count(struct run *run);
void gpu_dequant_run(struct run *run);
int gpu_routing_count(struct run *run);
void gpu_routing_run(struct run *run);
int gpu_experts_count(struct run *run);
void gpu_experts_run(struct run *run);
int gpu_attention_count(struct run *run);
void gpu_attention_run(struct run *run);
int gpu_launch_count(struct run *run);
void gpu_launch_run(struct run *run);

#endif
