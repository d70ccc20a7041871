/* NVIDIA's management library, opened at run time; it only reads. Every figure may be missing. */
#ifndef MOESCOPE_CUDA_NVML_H
#define MOESCOPE_CUDA_NVML_H

#include <stdbool.h>
#include <stddef.h>

struct nvml_state { /* NAN: unknown */
    double clock_hz, memory_clock_hz, power_w, temperature_c, busy; /* busy: 0-1 */
    double throttle; /* bits: 0x4 power cap, 0x8 slowdown by hardware, 0x20 and 0x40 heat, 0x80 power brake */
};

/* By PCI id, as CUDA's order of devices is another. Not for two threads at once; the others are. */
bool nvml_open(const char *pci_id);
void nvml_close(void);
void nvml_read(struct nvml_state *s);
void nvml_driver(char *out, size_t size); /* "": unknown */
/* Other processes that compute on the device; -1: unknown. */
int nvml_processes(void);
/* Uncorrected memory errors since the driver was loaded; -1: unknown. */
long long nvml_memory_errors(void);

#endif
