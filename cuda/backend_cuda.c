/* The CUDA backend: what device there is, its memory, its errors. Kernels are in cuda/kernels. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cuda/gpu.h"
#include "cuda/nvml.h"
#include "cuda/stop.h"

static struct gpu *the_gpu; /* a process has one device, and the timing needs it */

struct gpu *gpu_current(void) {
    return the_gpu;
}

struct gpu *gpu_of(struct run *run) {
    return run->state;
}

/* --- errors ----------------------------------------------------------------------------------------------------------------- */

/* Which word of the protocol an error of CUDA is. Others mean a mistake here or a context that is dead. */
static enum protocol_code error_code(int error) {
    switch (error) {
    case cudaErrorMemoryAllocation:
        return PROTOCOL_CODE_OOM;
    case cudaErrorInsufficientDriver: /* also without any driver: see probe_error */
    case cudaErrorSystemDriverMismatch:
    case cudaErrorCompatNotSupportedOnDevice:
    case cudaErrorCallRequiresNewerDriver:
        return PROTOCOL_CODE_DRIVER_TOO_OLD;
    case cudaErrorNoDevice:
        return PROTOCOL_CODE_NO_DEVICE;
    case cudaErrorDevicesUnavailable:
        return PROTOCOL_CODE_BUSY;
    case cudaErrorSystemNotReady:
        return PROTOCOL_CODE_NOT_READY;
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorUnsupportedPtxVersion:
        return PROTOCOL_CODE_NO_KERNEL_IMAGE;
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorContained:
        return PROTOCOL_CODE_HW_ERROR;
    case cudaErrorLaunchTimeout:
        return PROTOCOL_CODE_TIMEOUT;
    default:
        return PROTOCOL_CODE_FAULT;
    }
}

bool gpu_good(struct gpu *gpu, int error, const char *what) {
    if (error == cudaSuccess)
        return true;
    if (gpu->run->broken) /* said */
        return false;
    gpu->run->broken = true;
    run_say(gpu->run, PROTOCOL_ERROR, error_code(error), "%s: %s (%d)", what, cudaGetErrorString((cudaError_t)error), error);
    return false;
}

static void say_no_memory(struct run *run, size_t bytes) {
    run->partial = true;
    if (!gpu_of(run)->memory_said)
        run_say(run, PROTOCOL_SKIP, PROTOCOL_CODE_OOM, "no device memory for %zu MiB; of what is free, half is taken at most", bytes >> 20);
    gpu_of(run)->memory_said = true;
}

/* Why no device can be had; the driver's version tells an absent one from an old one. */
static enum protocol_code probe_error(int error, char *text, size_t size) {
    int driver = 0, runtime = 0;
    cudaDriverGetVersion(&driver);
    cudaRuntimeGetVersion(&runtime);
    if (driver == 0) {
        snprintf(text, size, "no NVIDIA driver; --backend cpu measures this machine's CPU");
        return PROTOCOL_CODE_NO_DRIVER;
    }
    snprintf(text, size, "%s (%d); the driver is for CUDA %d.%d, this program was built with %d.%d", cudaGetErrorString((cudaError_t)error), error,
             driver / 1000, driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
    return error_code(error);
}

/* --- what this device is ---------------------------------------------------------------------------------------------------------- */

/* Peaks of the datasheets (dense bf16), where clock times width says something else or nothing. */
static const struct peak {
    const char *name;
    double mem_bw, rate_bf16;
} peaks[] = {
    {"H200", 4.8e12, 989.4e12}, {"H100 80GB HBM3", 3.35e12, 989.4e12}, {"H100 PCIe", 2.0e12, 756e12}, {"A100-SXM4-80GB", 2.039e12, 312e12},
};

static double attribute(enum cudaDeviceAttr which) {
    int value = 0;
    return cudaDeviceGetAttribute(&value, which, 0) == cudaSuccess ? value : 0;
}

static void uuid_write(const struct cudaDeviceProp *p, char *out, size_t size) {
    const unsigned char *u = (const unsigned char *)p->uuid.bytes;
    snprintf(out, size, "GPU-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7],
             u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

static void device_read(struct gpu *gpu, struct device *d, const struct cudaDeviceProp *p) {
    size_t free_bytes = 0, all = 0;
    cudaMemGetInfo(&free_bytes, &all);
    snprintf(d->name, sizeof d->name, "%.127s", p->name);
    uuid_write(p, d->uuid, sizeof d->uuid);
    d->gpu = true;
    d->sms = p->multiProcessorCount;
    d->mem_bytes = (double)all;
    d->mem_free = (double)free_bytes;
    d->llc_bytes = p->l2CacheSize;
    d->clock_hz = attribute(cudaDevAttrClockRate) * 1e3;
    d->mem_bw = attribute(cudaDevAttrMemoryClockRate) * 1e3 * 2 * attribute(cudaDevAttrGlobalMemoryBusWidth) / 8;
    for (size_t i = 0; i < sizeof peaks / sizeof *peaks; i++)
        if (strstr(p->name, peaks[i].name)) {
            d->mem_bw = peaks[i].mem_bw;
            d->rate_bf16 = peaks[i].rate_bf16;
        }
    gpu->cache_bytes = (size_t)p->l2CacheSize;
    gpu->arch = 10 * p->major + p->minor;
    gpu->blocks = 2 * p->multiProcessorCount;
}

bool cuda_present(void) {
    int n = 0;
    return cudaGetDeviceCount(&n) == cudaSuccess && n > 0;
}

static bool is_free(const char *pci_id, char *text, size_t size) {
    struct nvml_state s;
    if (!nvml_open(pci_id))
        return true;
    nvml_read(&s);
    int others = nvml_processes();
    if (others <= 0 && !(s.busy > 0.1))
        return true;
    snprintf(text, size, "%d other processes compute on the device, it is %.0f %% busy: times would mean nothing", others > 0 ? others : 0,
             isnan(s.busy) ? 0 : 100 * s.busy);
    return false;
}

/* Every step may be the first that fails: contexts are made late. */
static int device_open(struct gpu *gpu) {
    void *sum = NULL;
    int error = cudaStreamCreateWithFlags(&gpu->stream, cudaStreamNonBlocking);
    if (error == cudaSuccess)
        error = cudaEventCreate(&gpu->begin);
    if (error == cudaSuccess)
        error = cudaEventCreate(&gpu->end);
    if (error == cudaSuccess)
        error = cudaMalloc(&sum, 64);
    gpu->sum = sum;
    if (error == cudaSuccess)
        error = kernel_step(gpu->stream, gpu->sum); /* is there code for this device? */
    return error == cudaSuccess ? (int)cudaStreamSynchronize(gpu->stream) : error;
}

static bool cuda_probe(struct run *run, enum protocol_code *code, char *text, size_t size) {
    struct cudaDeviceProp p;
    char pci_id[32] = "";
    int n = 0, error = cudaGetDeviceCount(&n);
    struct gpu *gpu = calloc(1, sizeof *gpu);
    *code = PROTOCOL_CODE_OOM;
    if (error == cudaSuccess && gpu)
        error = cudaGetDeviceProperties(&p, 0);
    if (error == cudaSuccess && gpu) {
        cudaDeviceGetPCIBusId(pci_id, sizeof pci_id, 0);
        *code = PROTOCOL_CODE_BUSY;
        if (!is_free(pci_id, text, size)) {
            free(gpu);
            return false;
        }
        error = device_open(gpu);
    }
    if (error != cudaSuccess || !gpu) {
        *code = error == cudaSuccess ? PROTOCOL_CODE_OOM : probe_error(error, text, size);
        free(gpu);
        return false;
    }
    device_read(gpu, &run->device, &p);
    gpu->run = run;
    run->state = the_gpu = gpu;
    return true;
}

static void cuda_close(struct run *run) {
    struct gpu *gpu = gpu_of(run);
    cudaFree(gpu->arena);
    cudaFree(gpu->sum);
    cudaEventDestroy(gpu->begin);
    cudaEventDestroy(gpu->end);
    cudaStreamDestroy(gpu->stream);
    nvml_close();
    the_gpu = NULL;
    free(gpu);
    run->state = NULL;
}

static void cuda_telemetry(struct telemetry *t) {
    struct nvml_state s;
    nvml_read(&s);
    *t = (struct telemetry){s.clock_hz, s.power_w, s.temperature_c, s.throttle, s.busy};
}

/* --- memory ------------------------------------------------------------------------------------------------------------------------- */

static void *memory_allocate(size_t bytes) {
    void *memory = NULL;
    if (cudaMalloc(&memory, bytes) == cudaSuccess)
        return memory;
    cudaGetLastError(); /* want of memory is no lasting error */
    return NULL;
}

static void memory_release(void *memory) {
    cudaFree(memory);
}

void *gpu_allocate(struct run *run, size_t bytes) {
    void *memory = run_memory_fails(run) || (double)bytes > run->device.mem_free / 2 ? NULL : memory_allocate(bytes ? bytes : 1);
    if (!memory)
        say_no_memory(run, bytes);
    return memory;
}

bool gpu_finish(struct gpu *gpu) {
    cudaError_t state;
    while ((state = cudaStreamQuery(gpu->stream)) == cudaErrorNotReady && !stop_now())
        usleep(20);
    if (state == cudaErrorNotReady)
        return false;
    return gpu_good(gpu, state, "work on the device");
}

bool gpu_get(struct gpu *gpu, void *host, const void *device, size_t bytes) {
    return gpu_finish(gpu) && gpu_good(gpu, cudaMemcpy(host, device, bytes, cudaMemcpyDeviceToHost), "copy from the device");
}

bool gpu_put(struct gpu *gpu, void *device, const void *host, size_t bytes) {
    return gpu_good(gpu, cudaMemcpy(device, host, bytes, cudaMemcpyHostToDevice), "copy to the device");
}

static bool cuda_fill(struct run *run, void *memory, size_t bytes, uint64_t seed, uint64_t *sum) {
    struct gpu *gpu = gpu_of(run);
    unsigned long long have = 0;
    bool done = gpu_good(gpu, cudaMemsetAsync(gpu->sum, 0, sizeof have, gpu->stream), "clearing") &&
                gpu_good(gpu, kernel_fill(gpu->stream, gpu->blocks, memory, bytes / 8, seed, gpu->sum), "filling") &&
                gpu_get(gpu, &have, gpu->sum, sizeof have);
    *sum = have;
    return done;
}

static size_t arena_size(const struct run *run) {
    static const double bytes[] = {1.0 * (1 << 30), 6.0 * (1 << 30), 12.0 * (1 << 30)};
    double size = fmin(bytes[run->options->level], run->device.mem_free / 4);
    return (size_t)(size / (3 << 20)) * (3 << 20);
}

const uint16_t *gpu_arena(struct run *run) {
    struct gpu *gpu = gpu_of(run);
    if (run_memory_fails(run)) {
        say_no_memory(run, arena_size(run));
        return NULL;
    }
    if (gpu->arena)
        return gpu->arena;
    gpu->arena_bytes = arena_size(run);
    gpu->arena = gpu_allocate(run, gpu->arena_bytes);
    if (gpu->arena && !cuda_fill(run, gpu->arena, gpu->arena_bytes, 1, &gpu->arena_sum)) {
        cudaFree(gpu->arena);
        gpu->arena = NULL;
    }
    return gpu->arena;
}

/* --- outputs ------------------------------------------------------------------------------------------------------------------------ */

enum { BAND = 64 };                        /* words of 32 bits on either side */
static const uint32_t POISON = 0x7FC17FC1; /* a NaN in fp32 and, twice, in bf16 */

static size_t output_words(const struct gpu_output *o) {
    return o->wide ? o->n : (o->n + 1) / 2;
}

bool gpu_output_open(struct gpu_output *o, struct run *run, size_t n, bool wide) {
    *o = (struct gpu_output){.n = n, .wide = wide};
    o->block = gpu_allocate(run, (output_words(o) + 2 * BAND) * sizeof *o->block);
    o->values = o->block ? o->block + BAND : NULL;
    return o->block && gpu_good(gpu_of(run), kernel_poison(gpu_of(run)->stream, o->block, output_words(o) + 2 * BAND, POISON), "poison");
}

void gpu_output_close(struct gpu_output *o) {
    cudaFree(o->block);
    o->block = NULL;
}

double gpu_output_bad(struct gpu *gpu, struct gpu_output *o) {
    uint32_t band[2][BAND];
    unsigned long long bad = 0;
    if (!gpu_good(gpu, cudaMemsetAsync(gpu->sum, 0, sizeof bad, gpu->stream), "clearing") ||
        !gpu_good(gpu, kernel_count_bad(gpu->stream, o->values, o->n, o->wide, gpu->sum), "looking for NaN") ||
        !gpu_get(gpu, &bad, gpu->sum, sizeof bad) || !gpu_get(gpu, band[0], o->block, sizeof band[0]) ||
        !gpu_get(gpu, band[1], o->block + BAND + output_words(o), sizeof band[1]))
        return INFINITY;
    for (int i = 0; i < 2 * BAND; i++)
        bad += band[i / BAND][i % BAND] != POISON;
    return gpu_good(gpu, kernel_poison(gpu->stream, o->block, output_words(o) + 2 * BAND, POISON), "poison") ? (double)bad : INFINITY;
}

/* --- probe -------------------------------------------------------------------------------------------------------------------------- */

static int probe_count(struct run *run) {
    (void)run;
    return 1;
}

static void probe_run(struct run *run) {
    struct nvml_state s;
    if (!run_next_case(run))
        return;
    nvml_read(&s);
    run_result(run, "compute_capability", gpu_of(run)->arch / 10.0, "");
    run_result(run, "memory_free", run->device.mem_free, "byte");
    run_result(run, "memory_clock_hz", s.memory_clock_hz, "Hz");
    run_result(run, "idle_power_w", s.power_w, "W");
    if (s.throttle > 1) /* 1: idle */
        run_say(run, PROTOCOL_WARN, PROTOCOL_CODE_BUSY, "clocks are held down before the start (reasons %#x)", (unsigned)s.throttle);
    if (nvml_memory_errors() > 0)
        run_say(run, PROTOCOL_WARN, PROTOCOL_CODE_HW_ERROR, "%lld uncorrected memory errors since the driver was loaded", nvml_memory_errors());
    if (attribute(cudaDevAttrKernelExecTimeout) > 0)
        run_say(run, PROTOCOL_WARN, PROTOCOL_CODE_BUSY, "a display may be attached: it takes its share of the device");
}

const struct backend backend_cuda = {
    .name = "cuda",
    .probe = cuda_probe,
    .close = cuda_close,
    .allocate = memory_allocate,
    .release = memory_release,
    .fill = cuda_fill,
    .time = gpu_time,
    .telemetry = cuda_telemetry,
    .experiment = {
        [PROTOCOL_EXP_PROBE] = {"what this device is", probe_count, probe_run},
        [PROTOCOL_EXP_STREAM] = {"streaming from memory", gpu_stream_count, gpu_stream_run},
        [PROTOCOL_EXP_SWEEP] = {"reading by size", gpu_sweep_count, gpu_sweep_run},
        [PROTOCOL_EXP_GEMM] = {"prefill products", gpu_gemm_count, gpu_gemm_run},
        [PROTOCOL_EXP_GEMV] = {"dense decode", gpu_gemv_count, gpu_gemv_run},
        [PROTOCOL_EXP_DEQUANT] = {"quantised weights", gpu_dequant_count, gpu_dequant_run},
        [PROTOCOL_EXP_ROUTING] = {"the router", gpu_routing_count, gpu_routing_run},
        [PROTOCOL_EXP_COVERAGE] = {"counting experts needs no device; --backend cpu does it", NULL, NULL},
        [PROTOCOL_EXP_EXPERTS] = {"an expert layer", gpu_experts_count, gpu_experts_run},
        [PROTOCOL_EXP_ATTENTION] = {"attention over a cache", gpu_attention_count, gpu_attention_run},
        [PROTOCOL_EXP_LAUNCH] = {"launching kernels", gpu_launch_count, gpu_launch_run},
        [PROTOCOL_EXP_COLLECTIVES] = {"one process has nobody to exchange data with", NULL, NULL},
    },
};
