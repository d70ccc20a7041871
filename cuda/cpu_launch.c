/* What a launch costs on a CPU: every thread is woken, does nothing, and is waited for. */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "cuda/cpu.h"
#include "cuda/stop.h"

enum { SLEEPS = 25 };

struct launch {
    struct cpu *cpu;
    atomic_long ran, wanted;
};

static void launch_task(void *context, size_t i) {
    (void)i;
    atomic_fetch_add_explicit(&((struct launch *)context)->ran, 1, memory_order_relaxed);
}

static bool launch_work(void *context, uint64_t call) {
    struct launch *l = context;
    (void)call;
    atomic_fetch_add(&l->wanted, cpu_pool_threads(l->cpu->pool));
    return cpu_pool_run(l->cpu->pool, (size_t)cpu_pool_threads(l->cpu->pool), launch_task, l);
}

static double launch_verify(void *context) {
    struct launch *l = context;
    return fabs((double)(atomic_load(&l->ran) - atomic_load(&l->wanted)));
}

static void launch_spoil(void *context) {
    atomic_fetch_add(&((struct launch *)context)->ran, 1);
}

int cpu_launch_count(struct run *run) {
    (void)run;
    return 2;
}

/* After a millisecond the threads have gone to sleep. */
static void launch_after_sleep(struct run *run, struct launch *l) {
    double seconds[SLEEPS];
    int n = 0;
    while (n < SLEEPS && !stop_now()) {
        usleep(1000);
        double start = stop_clock();
        if (launch_work(l, 0))
            seconds[n++] = stop_clock() - start;
    }
    if (n)
        run_result(run, "wake_sleeping_s", timing_quantile(seconds, n, 0.5), "s");
}

void cpu_launch_run(struct run *run) {
    struct launch l = {.cpu = cpu_of(run)};
    struct run_case what = {.name = "back to back",
                            .shape = {.op = "launch", .n = cpu_pool_threads(l.cpu->pool)},
                            .work = launch_work,
                            .verify = launch_verify,
                            .spoil = launch_spoil,
                            .context = &l,
                            .metric = "exact",
                            .class = -1};
    struct timing t;
    if (run_next_case(run) && run_measure(run, &what, &t))
        run_result(run, PROTOCOL_WAKE, t.median, "s");
    if (run_next_case(run))
        launch_after_sleep(run, &l);
}
