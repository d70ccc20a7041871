/* What measures: a CPU, a CUDA device. One struct of functions each; the rest of the helper knows nothing
 * else of it. */
#ifndef MOESCOPE_CUDA_BACKEND_H
#define MOESCOPE_CUDA_BACKEND_H

#include "cuda/run.h"

struct telemetry { /* NAN: unknown */
    double clock_hz, power_w, temperature_c, throttle, load;
};

struct experiment {
    const char *title;
    int (*count)(struct run *run); /* cases; 0: nothing to do here, said by a skip record */
    void (*run)(struct run *run);
};

struct backend {
    const char *name;
    /* Fills run->device and run->state. False: the code and text why it cannot be used. */
    bool (*probe)(struct run *run, enum protocol_code *code, char *text, size_t size);
    void (*close)(struct run *run);
    void *(*allocate)(size_t bytes); /* on a 64-byte boundary; NULL: none */
    void (*release)(void *memory);
    /* Random bf16 in [-1, 1) by counter. Their sum as 64-bit words in *sum. False: stopped. */
    bool (*fill)(struct run *run, void *memory, size_t bytes, uint64_t seed, uint64_t *sum);
    bool (*time)(const struct timing_plan *plan, timing_work *work, void *context, struct timing *out);
    void (*telemetry)(struct telemetry *t);           /* from another thread */
    struct experiment experiment[PROTOCOL_EXP_COUNT]; /* .run NULL: unsupported, .title says why */
};

extern const struct backend backend_cpu;
extern const struct backend backend_cuda; /* only where built with CUDA */
bool cuda_present(void);                  /* likewise: whether there is a device at all */

#endif
