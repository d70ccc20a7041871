/* Time of one collective: alpha-beta, by link, group and kind. Seconds; `bytes` is the size of one GPU's buffer. */
#ifndef MOESCOPE_CORE_COLLECTIVE_H
#define MOESCOPE_CORE_COLLECTIVE_H

#include "core/deployment.h"

/* All-reduce over n GPUs of one engine; a group larger than a node also crosses link_out. The better of the engine's own
 * kernels and NCCL. n = 1: 0. */
double collective_allreduce(const struct deployment *d, int n, double bytes);

/* All-to-all over n GPUs: each sends `bytes` in all to the others. */
double collective_alltoall(const struct deployment *d, int n, double bytes);

/* All-gather (or reduce-scatter) over n GPUs: each ends up with (starts from) `bytes`. */
double collective_allgather(const struct deployment *d, int n, double bytes);

/* One message to the next pipeline stage, `stage_gpus` away. */
double collective_stage(const struct deployment *d, int stage_gpus, double bytes);

#endif
