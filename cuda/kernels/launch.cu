// The smallest kernel there is: what is left is the launch.
#include <cuda_runtime.h>

#include "cuda/kernels/kernels.h"

static __global__ void step(unsigned long long *counter) {
    ++*counter;
}

int kernel_step(kernel_stream s, unsigned long long *counter) {
    step<<<1, 1, 0, s>>>(counter);
    return cudaGetLastError();
}
