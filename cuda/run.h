/* One run: which experiments, how much time each, what is said about them. */
#ifndef MOESCOPE_CUDA_RUN_H
#define MOESCOPE_CUDA_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "cuda/fit.h"
#include "cuda/options.h"
#include "cuda/protocol.h"
#include "cuda/timing.h"

struct backend;

struct device {
    char name[128], uuid[64], build[64];
    bool gpu, vm;
    int cores, sms;
    double mem_bytes, mem_free, llc_bytes; /* bytes */
    double mem_bw, clock_hz, rate_bf16;    /* datasheet: bytes/s, Hz, FLOP/s; 0: unknown */
};

/* The shape of a case; what is 0 or NULL is not part of it. */
struct shape {
    const char *op, *format, *skew;
    int64_t m, n, k, batch, experts, top_k, hidden, inter, distinct, assignments, heads, kv_heads, head_dim,
        context, ranks;
    double exponent, bytes, flop;
    bool scaled; /* smaller than the scenario's */
};

struct run {
    const struct options *options;
    const struct backend *backend;
    void *state; /* the backend's */
    struct device device;
    enum protocol_experiment exp; /* the running one */
    double deadline;              /* of the running experiment, on stop_clock */
    int cases, case_at;           /* of the running experiment; case_at counts those begun */
    double case_end;
    struct fit_point points[PROTOCOL_CLASS_COUNT][FIT_POINTS_MAX];
    int n_points[PROTOCOL_CLASS_COUNT];
    double best_read; /* bytes/s of the best streaming read so far */
    double best_gemm; /* FLOP/s likewise */
    int experiments, checks, failed;
    bool partial, broken; /* broken: the device cannot be used any more */
};

/* Runs all; returns the exit status (protocol.h). The end record is not sent yet: nothing may come after it.
 */
int run_all(struct run *run);
void run_end(struct run *run, int status);

/* --- for backends --------------------------------------------------------------------------------------- */

/* Begins the next case. False: none may begin, as time is over or the run is to stop; its experiment returns.
 */
bool run_next_case(struct run *run);

/* How to time the running case within what is left for it. */
struct timing_plan run_timing_plan(const struct run *run);

/* Something to measure: run once, verified, timed, verified again. */
struct run_case {
    const char *name;
    struct shape shape;
    timing_work *work;
    void *context;
    const char *metric;              /* relf, exact, sum */
    double limit;                    /* `verify` returns at most this */
    double (*verify)(void *context); /* of the last call of `work`; NAN: stopped */
    void (*spoil)(void *context);    /* alters one value of the output: an injected fault */
    int class;                       /* enum protocol_class of the fit that the point belongs to; -1: none */
    double amount;                   /* its bytes or FLOP */
};

/* False: stopped, out of time or wrong (each said already); then *out means nothing. */
bool run_measure(struct run *run, const struct run_case *c, struct timing *out);

/* One check record; counts. */
bool run_check(struct run *run, const char *name, const char *metric, double value, double limit);
void run_result(struct run *run, const char *name, double value, const char *unit);
void run_fit(struct run *run, enum protocol_class class);
void run_say(struct run *run, const char *kind, enum protocol_code code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* malloc and the like may be made to fail, for a test. */
bool run_memory_fails(const struct run *run);
bool run_has_fault(const struct run *run, enum fault fault);

#endif
