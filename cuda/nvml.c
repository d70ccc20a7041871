#include "cuda/nvml.h"

#include <dlfcn.h>
#include <math.h>
#include <stdatomic.h>
#include <unistd.h>

/* The few prototypes that are used; toolkits come without the header. 0 is success, 3 not supported. */
typedef struct nvmlDevice_st *device_handle;
enum { CLOCK_SM = 1, CLOCK_MEMORY = 2, TEMPERATURE_GPU = 0, ECC_UNCORRECTED = 1, ECC_VOLATILE = 0, PROCESSES_MAX = 64 };
struct utilisation {
    unsigned gpu, memory;
};
struct process {
    unsigned pid;
    unsigned long long memory;
    unsigned gpu_instance, compute_instance;
};

static struct {
    void *library;
    device_handle device;
    atomic_bool open;
    int (*shutdown)(void);
    int (*driver)(char *, unsigned);
    int (*clock)(device_handle, int, unsigned *);
    int (*power)(device_handle, unsigned *);
    int (*temperature)(device_handle, int, unsigned *);
    int (*utilisation)(device_handle, struct utilisation *);
    int (*reasons)(device_handle, unsigned long long *);
    int (*errors)(device_handle, int, int, unsigned long long *);
    int (*processes)(device_handle, unsigned *, struct process *);
} nvml;

static void *symbol(const char *newest, const char *older) {
    void *found = dlsym(nvml.library, newest);
    return found || !older ? found : dlsym(nvml.library, older);
}

#define FIND(member, newest, older) (*(void **)&nvml.member = symbol(newest, older))

static void find_all(void) {
    FIND(shutdown, "nvmlShutdown", NULL);
    FIND(driver, "nvmlSystemGetDriverVersion", NULL);
    FIND(clock, "nvmlDeviceGetClockInfo", NULL);
    FIND(power, "nvmlDeviceGetPowerUsage", NULL);
    FIND(temperature, "nvmlDeviceGetTemperature", NULL);
    FIND(utilisation, "nvmlDeviceGetUtilizationRates", NULL);
    FIND(reasons, "nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons");
    FIND(errors, "nvmlDeviceGetTotalEccErrors", NULL);
    FIND(processes, "nvmlDeviceGetComputeRunningProcesses_v3", NULL);
}

bool nvml_open(const char *pci_id) {
    int (*start)(void), (*by_id)(const char *, device_handle *);
    nvml.library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!nvml.library)
        nvml.library = dlopen("libnvidia-ml.so", RTLD_NOW | RTLD_LOCAL);
    if (!nvml.library)
        return false;
    *(void **)&start = symbol("nvmlInit_v2", "nvmlInit");
    *(void **)&by_id = symbol("nvmlDeviceGetHandleByPciBusId_v2", "nvmlDeviceGetHandleByPciBusId");
    find_all();
    bool open = start && by_id && start() == 0 && by_id(pci_id, &nvml.device) == 0;
    atomic_store(&nvml.open, open);
    return open;
}

void nvml_close(void) {
    if (atomic_exchange(&nvml.open, false) && nvml.shutdown)
        nvml.shutdown();
}

static double clock_of(int which) {
    unsigned mhz;
    return nvml.clock && nvml.clock(nvml.device, which, &mhz) == 0 ? mhz * 1e6 : NAN;
}

void nvml_read(struct nvml_state *s) {
    unsigned value;
    unsigned long long bits;
    struct utilisation use;
    *s = (struct nvml_state){NAN, NAN, NAN, NAN, NAN, NAN};
    if (!atomic_load(&nvml.open))
        return;
    s->clock_hz = clock_of(CLOCK_SM);
    s->memory_clock_hz = clock_of(CLOCK_MEMORY);
    if (nvml.power && nvml.power(nvml.device, &value) == 0)
        s->power_w = value / 1000.0;
    if (nvml.temperature && nvml.temperature(nvml.device, TEMPERATURE_GPU, &value) == 0)
        s->temperature_c = value;
    if (nvml.utilisation && nvml.utilisation(nvml.device, &use) == 0)
        s->busy = use.gpu / 100.0;
    if (nvml.reasons && nvml.reasons(nvml.device, &bits) == 0)
        s->throttle = (double)bits;
}

void nvml_driver(char *out, size_t size) {
    *out = 0;
    if (atomic_load(&nvml.open) && nvml.driver && nvml.driver(out, (unsigned)size) != 0)
        *out = 0;
}

int nvml_processes(void) {
    struct process list[PROCESSES_MAX];
    unsigned n = PROCESSES_MAX;
    int others = 0;
    if (!atomic_load(&nvml.open) || !nvml.processes || nvml.processes(nvml.device, &n, list) != 0)
        return -1;
    for (unsigned i = 0; i < n && i < PROCESSES_MAX; i++)
        others += list[i].pid != (unsigned)getpid();
    return others;
}

long long nvml_memory_errors(void) {
    unsigned long long errors;
    if (!atomic_load(&nvml.open) || !nvml.errors || nvml.errors(nvml.device, ECC_UNCORRECTED, ECC_VOLATILE, &errors) != 0)
        return -1;
    return (long long)errors;
}
