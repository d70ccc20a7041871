/* What a launch costs: chains of the smallest kernel, each behind the last, put on the stream one by one and replayed as a graph. */
#include <math.h>
#include <stdio.h>

#include "cuda/gpu.h"

enum { CHAIN = 200 };

struct launch {
    struct gpu *gpu;
    unsigned long long *counter;
    bool spoilt;
};

static bool launch_work(void *context, uint64_t call) {
    struct launch *l = context;
    (void)call;
    for (int i = 0; i < CHAIN; i++)
        if (!gpu_good(l->gpu, kernel_step(l->gpu->stream, l->counter), "launch"))
            return false;
    return true;
}

/* One more chain: its nodes that did not run. */
static double launch_verify(void *context) {
    struct launch *l = context;
    unsigned long long before = 0, after = 0;
    if (!gpu_get(l->gpu, &before, l->counter, sizeof before) || !launch_work(l, 0) || !gpu_get(l->gpu, &after, l->counter, sizeof after))
        return NAN;
    return fabs((double)(after - before) - CHAIN) + l->spoilt;
}

static void launch_spoil(void *context) {
    ((struct launch *)context)->spoilt = true;
}

int gpu_launch_count(struct run *run) {
    (void)run;
    return 2;
}

void gpu_launch_run(struct run *run) {
    static const char *const names[] = {"stream, chain of 200", "graph, chain of 200"};
    struct gpu *gpu = gpu_of(run);
    for (int i = 0; i < 2 && run_next_case(run); i++) {
        struct launch l = {.gpu = gpu, .counter = gpu->sum};
        struct run_case what = {.name = names[i], .shape = {.op = "launch", .n = CHAIN}, .work = launch_work, .verify = launch_verify,
                                .spoil = launch_spoil, .context = &l, .metric = "exact", .class = -1};
        struct timing t;
        gpu->plain = i == 0;
        if (gpu_measure(run, &what, &t))
            run_result(run, i ? PROTOCOL_WAKE : "launch_stream_s", t.median / CHAIN, "s");
        gpu->plain = false;
    }
}
