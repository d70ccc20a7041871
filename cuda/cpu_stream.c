/* Streaming: what memory gives at best, to large reads and to small ones. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda/cpu.h"
#include "cuda/stop.h"

enum { DOT_K = 4096 }; /* row length of the read that multiplies */

struct stream {
    struct cpu *cpu;
    char *base;
    size_t bytes, regions, region; /* bytes of one pass; passes go round the regions */
    uint64_t *sums;                /* one a tile */
    float x[DOT_K];
    struct check_output y;
    bool libc;
};

static size_t stream_tiles(const struct stream *s, size_t bytes) {
    (void)s;
    return (bytes + CPU_TILE - 1) / CPU_TILE;
}

static size_t tile_bytes(size_t bytes, size_t i) {
    size_t left = bytes - i * CPU_TILE;
    return left < CPU_TILE ? left : CPU_TILE;
}

static char *stream_region(const struct stream *s) {
    return s->base + s->region * s->bytes;
}

/* --- read ----------------------------------------------------------------------------------------------- */

static void sum_task(void *context, size_t i) {
    struct stream *s = context;
    s->sums[i] = s->cpu->kernels->sum((const uint64_t *)(const void *)(stream_region(s) + i * CPU_TILE),
                                      tile_bytes(s->bytes, i) / 8);
}

bool cpu_read_work(void *context, uint64_t call) {
    struct stream *s = context;
    s->region = call % s->regions;
    return cpu_pool_run(s->cpu->pool, stream_tiles(s, s->bytes), sum_task, s);
}

/* 0 if the sum is right: that of the filling where the whole block was read, else one made here. */
static double sum_verify(void *context) {
    struct stream *s = context;
    uint64_t have = 0, want = s->cpu->arena_sum;
    for (size_t i = 0; i < stream_tiles(s, s->bytes); i++)
        have += s->sums[i];
    if (s->bytes != s->cpu->arena_bytes) {
        const uint64_t *at = (const uint64_t *)(const void *)stream_region(s);
        want = 0;
        for (size_t i = 0; i < s->bytes / 8; i++)
            want += at[i];
    }
    return have != want;
}

static void sum_spoil(void *context) {
    ((struct stream *)context)->sums[0] ^= 1;
}

/* --- read and multiply: the same stream as a matrix of bf16 rows ---------------------------------------- */

enum { DOT_ROWS = CPU_TILE / (2 * DOT_K) };

static void dot_task(void *context, size_t i) {
    struct stream *s = context;
    const uint16_t *w = (const uint16_t *)(const void *)s->base + i * DOT_ROWS * DOT_K;
    s->cpu->kernels->rows_bf16(w, DOT_ROWS, DOT_K, s->x, 1, s->y.values + i * DOT_ROWS, s->y.n);
}

static bool dot_work(void *context, uint64_t call) {
    struct stream *s = context;
    (void)call;
    return cpu_pool_run(s->cpu->pool, s->bytes / CPU_TILE, dot_task, s);
}

static double dot_verify(void *context) {
    struct stream *s = context;
    struct check_norm norm = {0};
    for (size_t r = 0; r < s->y.n; r += 37)
        check_norm_add(&norm, (double)s->y.values[r],
                       check_dot_bf16((const uint16_t *)(const void *)s->base + r * DOT_K, s->x, DOT_K));
    return check_output_bad(&s->y, s->y.n) ? INFINITY : check_norm_value(&norm);
}

static void dot_spoil(void *context) {
    ((struct stream *)context)->y.values[0] += 1000;
}

/* --- copy: the second half from the first --------------------------------------------------------------- */

static void copy_task(void *context, size_t i) {
    struct stream *s = context;
    size_t half = s->bytes / 2, n = tile_bytes(half, i);
    char *from = s->base + i * CPU_TILE;
    if (s->libc)
        memcpy(from + half, from, n);
    else
        s->cpu->kernels->copy(from + half, from, n);
}

static bool copy_work(void *context, uint64_t call) {
    struct stream *s = context;
    (void)call;
    return cpu_pool_run(s->cpu->pool, stream_tiles(s, s->bytes / 2), copy_task, s);
}

static double copy_verify(void *context) {
    struct stream *s = context;
    return memcmp(s->base, s->base + s->bytes / 2, s->bytes / 2) != 0;
}

static void copy_spoil(void *context) {
    struct stream *s = context;
    s->base[s->bytes - 1] ^= 1;
}

/* --- triad: thirds a = b + 3c --------------------------------------------------------------------------- */

static void triad_task(void *context, size_t i) {
    struct stream *s = context;
    size_t third = s->bytes / 3, n = tile_bytes(third, i);
    char *a = s->base + i * CPU_TILE;
    s->cpu->kernels->triad((void *)a, (const void *)(a + third), (const void *)(a + 2 * third), 3, n / 4);
}

static bool triad_work(void *context, uint64_t call) {
    struct stream *s = context;
    (void)call;
    return cpu_pool_run(s->cpu->pool, stream_tiles(s, s->bytes / 3), triad_task, s);
}

static double triad_verify(void *context) {
    struct stream *s = context;
    size_t n = s->bytes / 3 / sizeof(float);
    const float *a = (const float *)(const void *)s->base, *b = a + n, *c = b + n;
    struct check_norm norm = {0};
    for (size_t i = 0; i < n; i += 101)
        check_norm_add(&norm, (double)a[i], (double)b[i] + 3.0 * (double)c[i]);
    return check_norm_value(&norm);
}

static void triad_spoil(void *context) {
    *(float *)(void *)((struct stream *)context)->base += 1e6F;
}

/* --- the experiments ------------------------------------------------------------------------------------ */

static const struct stream_case {
    struct run_case what;
    double moved; /* bytes over those of the block */
    const char *result;
    bool libc;
} stream_cases[] = {
    {{.name = "read sum", .work = cpu_read_work, .verify = sum_verify, .spoil = sum_spoil, .metric = "exact"},
     1,
     NULL,
     false},
    {{.name = "read dot",
      .work = dot_work,
      .verify = dot_verify,
      .spoil = dot_spoil,
      .metric = "relf",
      .limit = CHECK_LIMIT_FP32},
     1,
     NULL,
     false},
    {{.name = "copy", .work = copy_work, .verify = copy_verify, .spoil = copy_spoil, .metric = "exact"},
     1,
     PROTOCOL_COPY,
     false},
    {{.name = "memcpy", .work = copy_work, .verify = copy_verify, .spoil = copy_spoil, .metric = "exact"},
     1,
     PROTOCOL_MEMCPY,
     true},
    {{.name = "triad",
      .work = triad_work,
      .verify = triad_verify,
      .spoil = triad_spoil,
      .metric = "relf",
      .limit = 1e-6},
     1,
     PROTOCOL_TRIAD,
     false},
};
enum { STREAM_CASES = sizeof stream_cases / sizeof *stream_cases };

int cpu_stream_count(struct run *run) {
    (void)run;
    return STREAM_CASES;
}

static void stream_measure(struct run *run, struct stream *s, const struct stream_case *sc) {
    struct run_case c = sc->what;
    struct timing t;
    bool reads = !sc->result;
    c.shape =
        (struct shape){.op = "stream", .bytes = sc->moved * (double)s->bytes, .scaled = s->cpu->arena_small};
    c.context = s;
    c.class = reads && c.work == cpu_read_work ? PROTOCOL_CLASS_STREAM : -1;
    c.amount = c.shape.bytes;
    s->libc = sc->libc;
    if (!run_measure(run, &c, &t))
        return;
    if (reads)
        run->best_read = fmax(run->best_read, c.shape.bytes / t.median);
    else
        run_result(run, sc->result, c.shape.bytes / t.median, "byte/s");
}

static struct stream *stream_open(struct run *run) {
    struct cpu *cpu = cpu_of(run);
    void *arena = cpu_arena(run);
    struct stream *s = arena ? cpu_allocate(run, sizeof *s) : NULL;
    if (!s)
        return NULL;
    *s = (struct stream){.cpu = cpu, .base = arena, .bytes = cpu->arena_bytes, .regions = 1};
    s->sums = cpu_allocate(run, stream_tiles(s, s->bytes) * sizeof *s->sums);
    cpu_random(s->x, DOT_K, 2);
    if (s->sums && cpu_output(run, &s->y, s->bytes / (2 * DOT_K)))
        return s;
    free(s->sums);
    free(s);
    return NULL;
}

void cpu_read_close(struct stream *s) {
    check_output_close(&s->y);
    free(s->sums);
    free(s);
}

struct stream *cpu_read_open(struct run *run, size_t bytes) {
    struct stream *s = stream_open(run);
    if (s) {
        s->bytes = bytes / 64 * 64;
        s->regions = s->cpu->arena_bytes / s->bytes;
    }
    return s;
}

void cpu_stream_run(struct run *run) {
    struct stream *s = stream_open(run);
    for (int i = 0; s && i < STREAM_CASES && run_next_case(run); i++) {
        stream_measure(run, s, &stream_cases[i]);
        if (i == 1 && run->best_read > 0)
            run_result(run, PROTOCOL_READ, run->best_read, "byte/s");
        if (i >= 2) /* written to */
            s->cpu->arena_good = false;
    }
    if (s)
        cpu_read_close(s);
}

enum { SWEEP_FIRST = 1 << 20 };

int cpu_sweep_count(struct run *run) {
    int n = 0;
    struct cpu *cpu = cpu_of(run);
    if (!cpu_arena(run))
        return 0;
    for (size_t size = SWEEP_FIRST; size <= cpu->arena_bytes / 2; size *= 2)
        n++;
    return n;
}

void cpu_sweep_run(struct run *run) {
    struct stream *s = stream_open(run);
    size_t size = SWEEP_FIRST;
    for (; s && run_next_case(run); size *= 2) {
        char name[32];
        struct timing t;
        s->bytes = size;
        s->regions = s->cpu->arena_bytes / size;
        snprintf(name, sizeof name, "read %zu MiB", size >> 20);
        struct run_case c = {.name = name,
                             .shape = {.op = "stream", .bytes = (double)size},
                             .work = cpu_read_work,
                             .context = s,
                             .metric = "exact",
                             .verify = sum_verify,
                             .spoil = sum_spoil,
                             .class = PROTOCOL_CLASS_STREAM,
                             .amount = (double)size};
        run_measure(run, &c, &t);
    }
    if (s)
        cpu_read_close(s);
    run_fit(run, PROTOCOL_CLASS_STREAM);
}
