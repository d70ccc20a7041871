#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cuda/cpu.h"
#include "cuda/random.h"
#include "cuda/stop.h"

/* --- what this CPU is ----------------------------------------------------------------------------------- */

/* The value of the first line `key : value` of a file, or "". */
static void file_value(const char *path, const char *key, char *out, size_t size) {
    char line[512];
    FILE *in = fopen(path, "re");
    *out = 0;
    while (in && !*out && fgets(line, sizeof line, in)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, key, strlen(key)) != 0 || !colon)
            continue;
        colon += 1 + strspn(colon + 1, " \t");
        colon[strcspn(colon, "\n")] = 0;
        snprintf(out, size, "%s", colon);
    }
    if (in)
        fclose(in);
}

static double file_number(const char *path) { /* a first word of digits, and perhaps K or M; NAN: none */
    FILE *in = fopen(path, "re");
    double value = NAN;
    char suffix = 0;
    if (!in)
        return NAN;
    if (fscanf(in, "%lf%c", &value, &suffix) < 1)
        value = NAN;
    fclose(in);
    return value * (suffix == 'K' ? 1024 : suffix == 'M' ? 1048576 : 1);
}

static double last_cache_bytes(void) {
    double largest = 0;
    for (int i = 0; i < 8; i++) {
        char path[80];
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/size", i);
        double size = file_number(path);
        if (size > largest)
            largest = size;
    }
    return largest;
}

static double memory_value(const char *key) { /* bytes; 0: unknown */
    char text[64];
    file_value("/proc/meminfo", key, text, sizeof text);
    return atof(text) * 1024;
}

/* Free for this process: what the system has and what a control group leaves. */
static double memory_free(void) {
    double available = memory_value("MemAvailable");
    double limit = file_number("/sys/fs/cgroup/memory.max"),
           used = file_number("/sys/fs/cgroup/memory.current");
    if (limit > 0 && used >= 0 && limit - used < available)
        available = fmax(0, limit - used);
    return available;
}

/* Stable for a machine, telling nothing of it. */
static void device_id(const char *name, char *out, size_t size) {
    char text[256] = "";
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    FILE *in = fopen("/etc/machine-id", "re");
    size_t n = in ? fread(text, 1, 64, in) : 0;
    if (in)
        fclose(in);
    snprintf(text + n, sizeof text - n, "%s", name);
    for (const char *at = text; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001B3);
    snprintf(out, size, "cpu-%016llx", (unsigned long long)hash);
}

static int allowed_cpus(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set);
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

static void device_read(struct device *d) {
    char flags[4096];
    file_value("/proc/cpuinfo", "model name", d->name, sizeof d->name);
    if (!*d->name)
        strcpy(d->name, "CPU");
    device_id(d->name, d->uuid, sizeof d->uuid);
    file_value("/proc/cpuinfo", "flags", flags, sizeof flags);
    d->vm = strstr(flags, " hypervisor") != NULL;
    d->mem_bytes = memory_value("MemTotal");
    d->mem_free = memory_free();
    d->llc_bytes = last_cache_bytes();
    double khz = file_number("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq");
    d->clock_hz = khz > 0 ? khz * 1000 : 0;
}

const struct cpu_kernels *const *cpu_kernels_list(void) {
    static const struct cpu_kernels *list[4];
    int n = 0;
    if (list[0])
        return list;
#ifdef WITH_X86_KERNELS
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        list[n++] = &cpu_kernels_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        list[n++] = &cpu_kernels_avx2;
#endif
    list[n++] = &cpu_kernels_base;
    return list;
}

/* --- the backend ---------------------------------------------------------------------------------------- */

struct cpu *cpu_of(struct run *run) {
    return run->state;
}

static bool cpu_probe(struct run *run, enum protocol_code *code, char *text, size_t size) {
    struct cpu *cpu = calloc(1, sizeof *cpu);
    int threads = run->options->threads ? run->options->threads : allowed_cpus();
    device_read(&run->device);
    run->device.cores = threads;
    if (cpu)
        cpu->pool = cpu_pool_open(threads);
    if (!cpu || !cpu->pool) {
        free(cpu);
        *code = PROTOCOL_CODE_OOM;
        snprintf(text, size, "%d threads cannot be started", threads);
        return false;
    }
    cpu->kernels = cpu_kernels_list()[0];
    cpu->run = run;
    run->state = cpu;
    return true;
}

static void cpu_close(struct run *run) {
    struct cpu *cpu = cpu_of(run);
    cpu_pool_close(cpu->pool);
    free(cpu->arena);
    free(cpu);
    run->state = NULL;
}

/* Large pages where the system has them: a walk through a gigabyte in 4 KiB steps measures the page tables
 * too. */
static void *memory_allocate(size_t bytes) {
    size_t page = bytes >= 4 << 20 ? 2 << 20 : 64;
    void *memory = aligned_alloc(page, (bytes + page - 1) / page * page);
    if (memory && page > 64)
        madvise(memory, bytes, MADV_HUGEPAGE);
    return memory;
}

struct filling {
    const struct cpu *cpu;
    uint64_t *to, seed, *sums;
    size_t words;
};

enum { FILL_WORDS = CPU_TILE / 8 };

static void fill_task(void *context, size_t i) {
    struct filling *f = context;
    size_t first = i * FILL_WORDS, n = f->words - first < FILL_WORDS ? f->words - first : FILL_WORDS;
    f->sums[i] = f->cpu->kernels->fill(f->to + first, n, f->seed, first);
}

static bool cpu_fill(struct run *run, void *memory, size_t bytes, uint64_t seed, uint64_t *sum) {
    struct cpu *cpu = cpu_of(run);
    size_t tiles = (bytes / 8 + FILL_WORDS - 1) / FILL_WORDS;
    struct filling f = {cpu, memory, seed, calloc(tiles, sizeof *f.sums), bytes / 8};
    bool done = f.sums && cpu_pool_run(cpu->pool, tiles, fill_task, &f);
    *sum = 0;
    for (size_t i = 0; done && i < tiles; i++)
        *sum += f.sums[i];
    free(f.sums);
    return done;
}

static void cpu_telemetry(struct telemetry *t) {
    double load, khz = file_number("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq");
    double milli = file_number("/sys/class/thermal/thermal_zone0/temp");
    if (khz > 0)
        t->clock_hz = khz * 1000;
    if (milli > 0)
        t->temperature_c = milli / 1000;
    if (getloadavg(&load, 1) == 1)
        t->load = load;
}

/* --- for the experiments -------------------------------------------------------------------------------- */

static void say_no_memory(struct run *run, size_t bytes) {
    run->partial = true;
    if (!cpu_of(run)->memory_said)
        run_say(run, PROTOCOL_SKIP, PROTOCOL_CODE_OOM,
                "no memory for %zu MiB; of what is free, half is taken at most", bytes >> 20);
}

void *cpu_allocate(struct run *run, size_t bytes) {
    void *memory = run_memory_fails(run) || (double)bytes > run->device.mem_free / 2
                       ? NULL
                       : memory_allocate(bytes ? bytes : 1);
    if (!memory)
        say_no_memory(run, bytes);
    return memory;
}

bool cpu_output(struct run *run, struct check_output *o, size_t n) {
    if (!run_memory_fails(run) && check_output_open(o, n))
        return true;
    say_no_memory(run, n * sizeof(float));
    return false;
}

/* Four times the last-level cache, so that little of it is near when it is read again, within the level's
 * time and memory. */
static size_t arena_size(const struct run *run) {
    static const double low[] = {64 << 20, 256 << 20, 1 << 30},
                        high[] = {192 << 20, 1 << 30, 4.0 * (1 << 30)};
    static const double caches[] = {4, 8, 16};
    enum level level = run->options->level;
    double bytes = fmin(high[level], fmax(low[level], caches[level] * run->device.llc_bytes));
    bytes = fmin(bytes, run->device.mem_free / 4);
    return (size_t)(bytes / (3 << 20)) * (3 << 20);
}

uint16_t *cpu_arena(struct run *run) {
    struct cpu *cpu = cpu_of(run);
    if (!cpu->arena) {
        cpu->arena_bytes = arena_size(run);
        cpu->arena_small = (double)cpu->arena_bytes < 4 * run->device.llc_bytes;
        cpu->arena = cpu->arena_bytes ? cpu_allocate(run, cpu->arena_bytes) : NULL;
    } else if (run_memory_fails(run)) {
        say_no_memory(run, cpu->arena_bytes);
        return NULL;
    }
    if (cpu->arena && !cpu->arena_good)
        cpu->arena_good = cpu_fill(run, cpu->arena, cpu->arena_bytes, 1, &cpu->arena_sum);
    return cpu->arena_good ? cpu->arena : NULL;
}

/* One sample: calls until it has lasted long enough. */
static double paired_sample(timing_work *work, void *context, double least, uint64_t *call) {
    double start = stop_clock(), now = start;
    int n = 0;
    for (; n == 0 || now - start < least; n++, now = stop_clock())
        if (!work(context, (*call)++) || stop_now())
            return NAN;
    return (now - start) / n;
}

double cpu_paired(struct run *run, timing_work *a, void *context_a, timing_work *b, void *context_b) {
    enum { ROUNDS_MAX = 25, ROUNDS_MIN = 3 };
    double ratio[ROUNDS_MAX], until = stop_clock() + (run->case_end - stop_clock()) / 2;
    double least = run_timing_plan(run).sample_s;
    uint64_t call_a = 0, call_b = 0;
    int n = 0;
    for (; n < ROUNDS_MAX && (n < ROUNDS_MIN || stop_clock() < until); n++) {
        double seconds_a = paired_sample(a, context_a, least, &call_a),
               seconds_b = paired_sample(b, context_b, least, &call_b);
        ratio[n] = seconds_a / seconds_b;
        if (isnan(ratio[n]))
            return NAN;
    }
    return timing_quantile(ratio, n, 0.5);
}

void cpu_random(float *to, size_t n, uint64_t seed) {
    for (size_t i = 0; i < n; i++)
        to[i] = random_signed(seed, i);
}

size_t cpu_tile_rows(size_t bytes_per_row, size_t rows, int threads) {
    size_t tile = CPU_TILE / (bytes_per_row ? bytes_per_row : 1), most = rows / (4 * (size_t)threads);
    if (tile > most) /* enough tasks for every thread to help the last one */
        tile = most;
    tile -= tile % 4;
    return tile ? tile : 4;
}

static int probe_count(struct run *run) {
    (void)run;
    return 1;
}

static void probe_run(struct run *run) {
    struct cpu *cpu = cpu_of(run);
    double load;
    if (!run_next_case(run))
        return;
    run_result(run, "threads", cpu_pool_threads(cpu->pool), "");
    run_result(run, "vector_bits",
               cpu->kernels == &cpu_kernels_base         ? 128
               : strcmp(cpu->kernels->name, "avx2") == 0 ? 256
                                                         : 512,
               "bit");
    run_result(run, "memory_free", run->device.mem_free, "byte");
    if (getloadavg(&load, 1) == 1 && load > 0.5 * allowed_cpus())
        run_say(run, PROTOCOL_WARN, PROTOCOL_CODE_BUSY,
                "load %.1f on %d processors before the start: times will be long and spread", load,
                allowed_cpus());
}

const struct backend backend_cpu = {
    .name = "cpu",
    .probe = cpu_probe,
    .close = cpu_close,
    .allocate = memory_allocate,
    .release = free,
    .fill = cpu_fill,
    .time = timing_measure,
    .telemetry = cpu_telemetry,
    .experiment =
        {
            [PROTOCOL_EXP_PROBE] = {"what this CPU is", probe_count, probe_run},
            [PROTOCOL_EXP_STREAM] = {"streaming from memory", cpu_stream_count, cpu_stream_run},
            [PROTOCOL_EXP_SWEEP] = {"reading by size", cpu_sweep_count, cpu_sweep_run},
            [PROTOCOL_EXP_GEMM] = {"prefill products", cpu_gemm_count, cpu_gemm_run},
            [PROTOCOL_EXP_GEMV] = {"dense decode", cpu_gemv_count, cpu_gemv_run},
            [PROTOCOL_EXP_DEQUANT] = {"quantised weights", cpu_dequant_count, cpu_dequant_run},
            [PROTOCOL_EXP_ROUTING] = {"the router", cpu_routing_count, cpu_routing_run},
            [PROTOCOL_EXP_COVERAGE] = {"experts that a batch reads", cpu_coverage_count, cpu_coverage_run},
            [PROTOCOL_EXP_EXPERTS] = {"an expert layer", cpu_experts_count, cpu_experts_run},
            [PROTOCOL_EXP_ATTENTION] = {"attention over a cache", cpu_attention_count, cpu_attention_run},
            [PROTOCOL_EXP_LAUNCH] = {"waking the threads", cpu_launch_count, cpu_launch_run},
            [PROTOCOL_EXP_COLLECTIVES] =
                {"one process has nobody to exchange data with; moescope-validate-mpi measures it", NULL,
                 NULL},
        },
};
