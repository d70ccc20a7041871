#include "cuda/mpi_backend.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mpi.h>

#include "cuda/stop.h"

enum op { OP_END, OP_ALLREDUCE, OP_ALLTOALL, OP_SKEWED };

/* What rank 0 tells the others: `repeat` times this collective over `count` floats a rank. */
struct command {
    int op, count, repeat, open;
};

static int rank, ranks;
static struct {
    float *send, *receive;
    int count, *counts_to, *counts_from, *first_to, *first_from;
} data;

int mpi_start(int *argc, char ***argv) {
    if (MPI_Init(argc, argv) != MPI_SUCCESS)
        return -1;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    return rank;
}

void mpi_finish(void) {
    MPI_Finalize();
}

static void data_close(void) {
    free(data.send), free(data.receive), free(data.counts_to), free(data.counts_from), free(data.first_to),
        free(data.first_from);
    memset(&data, 0, sizeof data);
}

/* Whole numbers, so that sums are exact in any order: element i of rank r is (r + 1) * (i % 64 + 1). */
static float input(int from, int i) {
    return (float)((from + 1) * (i % 64 + 1));
}

/* Skewed: rank 0 receives from each twice what the others do, as a rank with hot experts would. */
static void split(int op, int count) {
    int each = op == OP_SKEWED ? count / (ranks + 1) : count / ranks, from_each;
    for (int r = 0, at = 0; r < ranks; r++) {
        data.counts_to[r] = op == OP_SKEWED && r == 0 ? 2 * each : each;
        data.first_to[r] = at;
        at += data.counts_to[r];
    }
    from_each = data.counts_to[rank];
    for (int r = 0; r < ranks; r++) {
        data.counts_from[r] = from_each;
        data.first_from[r] = r * from_each;
    }
}

static bool data_open(const struct command *c) {
    size_t n = (size_t)c->count, all = (size_t)ranks;
    int good, everywhere;
    data_close();
    data.count = c->count;
    data.send = malloc(n * sizeof(float));
    data.receive = malloc(2 * n * sizeof(float)); /* skewed: more than is sent */
    data.counts_to = malloc(all * sizeof(int));
    data.counts_from = malloc(all * sizeof(int));
    data.first_to = malloc(all * sizeof(int));
    data.first_from = malloc(all * sizeof(int));
    good =
        data.send && data.receive && data.counts_to && data.counts_from && data.first_to && data.first_from;
    MPI_Allreduce(&good, &everywhere, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (!everywhere)
        return false;
    split(c->op, c->count);
    for (int i = 0; i < c->count; i++)
        data.send[i] = input(rank, i);
    for (size_t i = 0; i < 2 * n; i++)
        data.receive[i] = -1;
    return true;
}

static void collective(int op) {
    if (op == OP_ALLREDUCE)
        MPI_Allreduce(data.send, data.receive, data.count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    else
        MPI_Alltoallv(data.send, data.counts_to, data.first_to, MPI_FLOAT, data.receive, data.counts_from,
                      data.first_from, MPI_FLOAT, MPI_COMM_WORLD);
}

/* Wrong elements of this rank. */
static double wrong_here(int op) {
    double wrong = 0, sum = 0.5 * ranks * (ranks + 1);
    for (int i = 0; op == OP_ALLREDUCE && i < data.count; i++)
        wrong += (double)data.receive[i] != sum * (i % 64 + 1);
    for (int r = 0; op != OP_ALLREDUCE && r < ranks; r++) {
        int first = op == OP_SKEWED && rank > 0
                        ? (rank + 1) * data.counts_from[r]
                        : rank * data.counts_from[r]; /* where rank r keeps what is for this one */
        for (int i = 0; i < data.counts_from[r]; i++)
            wrong += data.receive[data.first_from[r] + i] != input(r, first + i);
    }
    return wrong;
}

/* Done by all ranks alike. The seconds of one collective, the slowest rank's; with repeat 0 the wrong
 * elements of all ranks; NAN: no memory. */
static double obey(const struct command *c) {
    double mine = 0, all = NAN;
    if (c->open && !data_open(c))
        return NAN;
    if (c->repeat == 0) {
        mine = wrong_here(c->op);
        MPI_Allreduce(&mine, &all, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
        return all;
    }
    MPI_Barrier(MPI_COMM_WORLD);
    double start = stop_clock();
    for (int i = 0; i < c->repeat; i++)
        collective(c->op);
    mine = (stop_clock() - start) / c->repeat;
    MPI_Allreduce(&mine, &all, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    return all;
}

static double tell(struct command c) {
    MPI_Bcast(&c, (int)(sizeof c / sizeof(int)), MPI_INT, 0, MPI_COMM_WORLD);
    return c.op == OP_END ? 0 : obey(&c);
}

void mpi_follow(void) {
    struct command c;
    signal(SIGTERM, SIG_IGN); /* the starter signals every rank; rank 0 decides */
    signal(SIGINT, SIG_IGN);
    for (;;) {
        MPI_Bcast(&c, (int)(sizeof c / sizeof(int)), MPI_INT, 0, MPI_COMM_WORLD);
        if (c.op == OP_END)
            break;
        obey(&c);
    }
    data_close();
}

/* --- the experiment, on rank 0 -------------------------------------------------------------------------- */

struct mpi_case {
    struct command command;
    bool spoilt;
};

static bool mpi_work(void *context, uint64_t call) {
    struct mpi_case *m = context;
    struct command c = m->command;
    (void)call;
    c.repeat = 1;
    c.open = m->command.open;
    m->command.open = 0;
    return !isnan(tell(c)) && !stop_now();
}

static double mpi_verify(void *context) {
    struct mpi_case *m = context;
    struct command c = m->command;
    c.repeat = 0;
    c.open = 0;
    return tell(c) + m->spoilt;
}

static void mpi_spoil(void *context) {
    ((struct mpi_case *)context)->spoilt = true;
}

/* Batches of at most 50 ms, all ranks starting together; the slowest rank counts. */
static bool mpi_time(const struct timing_plan *plan, timing_work *work, void *context, struct timing *out) {
    struct mpi_case *m = context;
    double values[2][TIMING_SAMPLES_MAX / 2], all[TIMING_SAMPLES_MAX], start = stop_clock(), median[2];
    struct command c = m->command;
    (void)work;
    c.repeat = 1;
    double once = tell(c);
    c.repeat = (int)fmax(1, fmin(fmin(plan->sample_s, 0.05) / fmax(once, 1e-7), 1e5));
    out->n = 0;
    for (int r = 0; r < 2; r++) {
        int n = 0;
        double until = start + plan->budget_s * (r + 1) / 2;
        for (; n < plan->samples && (n == 0 || stop_clock() < until); n++) {
            if (stop_now())
                return false;
            values[r][n] = tell(c);
        }
        memcpy(all + out->n, values[r], (size_t)n * sizeof *all);
        out->n += n;
        median[r] = timing_quantile(values[r], n, 0.5);
    }
    out->median = timing_quantile(all, out->n, 0.5);
    out->p10 = timing_quantile(all, out->n, 0.1);
    out->p90 = timing_quantile(all, out->n, 0.9);
    out->best = all[0];
    out->spread = fmin(1, fabs(median[0] - median[1]) / out->median);
    return true;
}

static const int kib[] = {1, 4, 16, 64, 256, 1024, 4096, 16384, 65536};
static const int level_sizes[] = {7, 8, 9};

static int mpi_count(struct run *run) {
    return 3 * level_sizes[run->options->level];
}

/* bytes: what each rank must send at least, of a message of S bytes: 2 S (n-1)/n to reduce and spread again,
 * S (n-1)/n to exchange (nccl-tests' bus bandwidth). */
static void mpi_measure(struct run *run, enum op op, int size) {
    static const char *const names[] = {"", "all-reduce", "all-to-all", "all-to-all, skewed"};
    struct mpi_case m = {{op, size / 4 / ranks / (ranks + 1) * ranks * (ranks + 1), 0, 1}, false};
    char name[64];
    struct timing t;
    double message = 4.0 * m.command.count, share = (double)(ranks - 1) / ranks;
    if (m.command.count == 0)
        return;
    snprintf(name, sizeof name, "%s %.0f B", names[op], message);
    struct run_case what = {
        .name = name,
        .work = mpi_work,
        .verify = mpi_verify,
        .spoil = mpi_spoil,
        .context = &m,
        .metric = "exact",
        .class = op == OP_ALLREDUCE  ? (int)PROTOCOL_CLASS_ALLREDUCE
                 : op == OP_ALLTOALL ? (int)PROTOCOL_CLASS_ALLTOALL
                                     : -1,
        .shape = {.op = op == OP_ALLREDUCE ? "allreduce" : "alltoall",
                  .n = m.command.count,
                  .ranks = ranks,
                  .skew = op == OP_SKEWED     ? "file"
                          : op == OP_ALLTOALL ? "balanced"
                                              : NULL},
    };
    what.shape.bytes = what.amount = message * share * (op == OP_ALLREDUCE ? 2 : 1);
    run_measure(run, &what, &t);
}

static void mpi_collectives(struct run *run) {
    int sizes = level_sizes[run->options->level];
    for (int i = 0; run_next_case(run); i++)
        mpi_measure(run, (enum op)(OP_ALLREDUCE + i / sizes), kib[i % sizes] << 10);
    run_fit(run, PROTOCOL_CLASS_ALLREDUCE);
    run_fit(run, PROTOCOL_CLASS_ALLTOALL);
}

/* --- the backend ---------------------------------------------------------------------------------------- */

static bool mpi_probe(struct run *run, enum protocol_code *code, char *text, size_t size) {
    int length = 0;
    char library[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    if (ranks < 2) {
        *code = PROTOCOL_CODE_UNSUPPORTED;
        snprintf(text, size, "one rank has nobody to exchange data with: start it with mpirun -n 2 or more");
        return false;
    }
    MPI_Get_library_version(library, &length);
    library[strcspn(library, ",\n")] = 0;
    snprintf(run->device.name, sizeof run->device.name, "%d ranks, %.90s", ranks, library);
    snprintf(run->device.uuid, sizeof run->device.uuid, "mpi-%d", ranks);
    run->device.cores = ranks;
    return true;
}

static void mpi_close(struct run *run) {
    (void)run;
    data_close();
}

void mpi_dismiss(void) {
    tell((struct command){.op = OP_END});
}

static void mpi_telemetry(struct telemetry *t) {
    double load;
    if (getloadavg(&load, 1) == 1)
        t->load = load;
}

#define ELSEWHERE                                                                                            \
    { "moescope-validate measures it", NULL, NULL }
const struct backend backend_mpi = {
    .name = "cpu",
    .probe = mpi_probe,
    .close = mpi_close,
    .allocate = malloc,
    .release = free,
    .time = mpi_time,
    .telemetry = mpi_telemetry,
    .experiment =
        {
            [PROTOCOL_EXP_PROBE] = ELSEWHERE,
            [PROTOCOL_EXP_STREAM] = ELSEWHERE,
            [PROTOCOL_EXP_SWEEP] = ELSEWHERE,
            [PROTOCOL_EXP_GEMM] = ELSEWHERE,
            [PROTOCOL_EXP_GEMV] = ELSEWHERE,
            [PROTOCOL_EXP_DEQUANT] = ELSEWHERE,
            [PROTOCOL_EXP_ROUTING] = ELSEWHERE,
            [PROTOCOL_EXP_COVERAGE] = ELSEWHERE,
            [PROTOCOL_EXP_EXPERTS] = ELSEWHERE,
            [PROTOCOL_EXP_ATTENTION] = ELSEWHERE,
            [PROTOCOL_EXP_LAUNCH] = ELSEWHERE,
            [PROTOCOL_EXP_COLLECTIVES] = {"collectives between ranks", mpi_count, mpi_collectives},
        },
};
