/* A stand-in for libnvidia-ml.so.1, compiled by the test and loaded by the real pynvml. Contains no NVIDIA source.
 *
 * Two boards. FAKE_NVML selects what goes wrong: "no-driver" (initialisation fails), "shared" (no memory of its own, as
 * chips that share the main memory answer), "bare" (nothing but the name is supported), "lost" (the second board fell off). */
#include <stdlib.h>
#include <string.h>

enum { OK = 0, NOT_SUPPORTED = 3, DRIVER_NOT_LOADED = 9, GPU_IS_LOST = 15 };
typedef struct { unsigned long long total, free, used; } Memory;

static int mode(const char *name) { const char *set = getenv("FAKE_NVML"); return set && !strcmp(set, name); }
static void text(char *to, unsigned size, const char *from) { strncpy(to, from, size); if (size) to[size - 1] = 0; }

int nvmlInitWithFlags(unsigned flags) { (void)flags; return mode("no-driver") ? DRIVER_NOT_LOADED : OK; }
int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
int nvmlShutdown(void) { return OK; }
const char *nvmlErrorString(int status) { return status == NOT_SUPPORTED ? "Not Supported" : status == DRIVER_NOT_LOADED ? "Driver Not Loaded" : "Error"; }
int nvmlSystemGetDriverVersion(char *to, unsigned size) { if (mode("bare")) return NOT_SUPPORTED; text(to, size, "999.10.01"); return OK; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 2; return OK; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
  if (mode("lost") && index) return GPU_IS_LOST;
  *device = (void *)(unsigned long)(index + 1);
  return OK;
}
static int second(void *device) { return (unsigned long)device == 2; }
int nvmlDeviceGetName(void *device, char *to, unsigned size) { text(to, size, second(device) ? "Example RTX 1000" : "Example H1"); return OK; }
int nvmlDeviceGetMemoryInfo(void *device, Memory *memory) {
  if (mode("bare") || mode("shared")) return NOT_SUPPORTED;
  memory->total = (second(device) ? 8ULL : 80ULL) << 30;
  memory->free = (second(device) ? 7ULL : 79ULL) << 30;
  memory->used = 1ULL << 30;
  return OK;
}
int nvmlDeviceGetMaxClockInfo(void *device, int kind, unsigned *mhz) {
  if (mode("bare") || kind != 2) return NOT_SUPPORTED; /* 2 is the memory clock */
  *mhz = second(device) ? 8001 : 2619;
  return OK;
}
int nvmlDeviceGetMemoryBusWidth(void *device, unsigned *bits) { if (mode("bare")) return NOT_SUPPORTED; *bits = second(device) ? 128 : 5120; return OK; }
int nvmlDeviceGetEnforcedPowerLimit(void *device, unsigned *mw) { if (mode("bare")) return NOT_SUPPORTED; *mw = second(device) ? 115000 : 700000; return OK; }
