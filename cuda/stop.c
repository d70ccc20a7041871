#include "cuda/stop.h"

#include <math.h>
#include <stdatomic.h>
#include <time.h>

static atomic_bool requested;
static _Atomic double deadline = INFINITY;

double stop_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void stop_request(void) {
    atomic_store(&requested, true);
}

bool stop_requested(void) {
    return atomic_load_explicit(&requested, memory_order_relaxed);
}

void stop_set_deadline(double at) {
    atomic_store(&deadline, at);
}

bool stop_now(void) {
    return stop_requested() || stop_clock() > atomic_load_explicit(&deadline, memory_order_relaxed);
}
