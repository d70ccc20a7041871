/* Functions that the host and a device compile from the same lines, so that a test on the CPU holds for both. */
#ifndef MOESCOPE_CUDA_BOTH_H
#define MOESCOPE_CUDA_BOTH_H

#ifdef __CUDACC__
#define BOTH static __host__ __device__ inline
#else
#define BOTH static inline
#endif

#endif
