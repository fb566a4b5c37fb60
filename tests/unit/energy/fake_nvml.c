/* A stand-in for libnvidia-ml.so.1 whose cards draw power, loaded by the real pynvml. Contains no NVIDIA source.
 *
 * Power of the first card; the second draws half of it:
 *   FAKE_NVML_W=100            watts, constant
 *   FAKE_NVML_LOW_W, FAKE_NVML_PERIOD_S=1   with these a square wave, high first; its integral is exact
 *   FAKE_NVML_W_PER_CPU=0      and these watts more for each processor this process keeps busy
 *   FAKE_NVML_FILE=path        the watts stand in that file; they hold from one call of the library to the next
 * Time: seconds since the first call, or the number in the file FAKE_NVML_CLOCK.
 * The counter moves every FAKE_NVML_REFRESH_S=0.1, power by the sensor too. Field 186 is power now, 185 the mean of the
 * last second, PowerUsage the same unless FAKE_NVML_CC is 8.0 or lower.
 *   FAKE_NVML_CARDS=2, FAKE_NVML_CC=9.0 (compute capability), FAKE_NVML_LIMIT_W=450, FAKE_NVML_MIG=1, FAKE_NVML_MODULE_W
 *   (the chip shares a module with a processor)
 *   FAKE_NVML_NO=driver,counter,fields,usage,limit,enforced,instant   what answers that it is not there
 *   (instant: field 186 answers 0)
 *   FAKE_NVML_FROZEN_AT_S, FAKE_NVML_RESET_AT_S, FAKE_NVML_LOST_AT_S, FAKE_NVML_BUSY_AT_S  from then on the counter stands
 *   still; starts again at 0; the first card is lost; it answers `timeout` for one second. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OK = 0, UNINITIALIZED = 1, INVALID = 2, NOT_SUPPORTED = 3, DRIVER_NOT_LOADED = 9, TIMEOUT = 10, LOST = 15 };
enum { CARDS = 8, AVERAGE = 185, INSTANT = 186, MODULE_SCOPE = 1 };
static const double BEFORE_J = 123456.789; /* counted before this process */
static int balance;
static double began_s = -1;

/* Children of the app get few variables: settings may also stand in the file `settings` beside the library. */
__attribute__((constructor)) static void read_settings(void) {
  char path[4096], name[256], value[4096];
  const char *folder = getenv("LD_LIBRARY_PATH");
  snprintf(path, sizeof path, "%s/settings", folder ? folder : ".");
  FILE *file = fopen(path, "r");
  while (file && fscanf(file, "%255[^=]=%4095[^\n]\n", name, value) == 2) setenv(name, value, 0);
  if (file) fclose(file);
}

static double number(const char *name, double otherwise) { const char *set = getenv(name); return set && *set ? atof(set) : otherwise; }
static int without(const char *what) { const char *set = getenv("FAKE_NVML_NO"); return set && strstr(set, what) != NULL; }
static void text(char *to, unsigned size, const char *from) { strncpy(to, from, size); if (size) to[size - 1] = 0; }
static double seconds(clockid_t kind) { struct timespec t; clock_gettime(kind, &t); return t.tv_sec + 1e-9 * t.tv_nsec; }
static int from_file(const char *name, double *value) {
  const char *path = getenv(name);
  FILE *file = path && *path ? fopen(path, "r") : NULL;
  int found = file && fscanf(file, "%lf", value) == 1;
  if (file) fclose(file);
  return found;
}
static double now(void) {
  double t;
  if (from_file("FAKE_NVML_CLOCK", &t)) return t;
  if (began_s < 0) began_s = seconds(CLOCK_MONOTONIC);
  return seconds(CLOCK_MONOTONIC) - began_s;
}

/* [J] from 0 to t by the settings */
static double wave_j(double t) {
  double high = number("FAKE_NVML_W", 100), low = number("FAKE_NVML_LOW_W", high), period = number("FAKE_NVML_PERIOD_S", 1);
  double whole = floor(t / period), rest = t - whole * period, half = period / 2;
  return whole * (high + low) * half + (rest < half ? high * rest : high * half + low * (rest - half));
}
static double wave_w(double t) {
  double high = number("FAKE_NVML_W", 100), period = number("FAKE_NVML_PERIOD_S", 1);
  return fmod(t, period) < period / 2 ? high : number("FAKE_NVML_LOW_W", high);
}
/* Points of time and energy seen by calls: what follows a file or the processor has no formula. */
enum { POINTS = 4096 };
static struct { double t, j; } seen[POINTS];
static int num_seen;
static double file_w, file_j, last_t = -1;
static double energy_now(double t) {
  if (getenv("FAKE_NVML_FILE")) {
    if (last_t >= 0) file_j += file_w * (t - last_t);
    last_t = t;
    from_file("FAKE_NVML_FILE", &file_w);
    return file_j;
  }
  return wave_j(t) + number("FAKE_NVML_W_PER_CPU", 0) * seconds(CLOCK_PROCESS_CPUTIME_ID);
}
static int has_formula(void) { return !getenv("FAKE_NVML_FILE") && number("FAKE_NVML_W_PER_CPU", 0) == 0; }
static void look(void) {
  double t = now(), j = energy_now(t);
  seen[num_seen % POINTS].t = t;
  seen[num_seen++ % POINTS].j = j;
}
/* [J] until t, not later than now */
static double energy_j(double t) {
  if (t <= 0) return 0;
  if (has_formula()) return wave_j(t);
  for (int i = num_seen - 1; i >= 0 && i > num_seen - POINTS; i--) if (seen[i % POINTS].t <= t) return seen[i % POINTS].j;
  return seen[num_seen > POINTS ? num_seen % POINTS : 0].j;
}
static double refreshed(double t) {
  double step = number("FAKE_NVML_REFRESH_S", 0.1);
  return step > 0 ? floor(t / step + 1e-9) * step : t;
}
static double mean_w(double t, double window) {
  double from = t > window ? t - window : 0;
  return t > from ? (energy_j(t) - energy_j(from)) / (t - from) : number("FAKE_NVML_W", 100);
}
static double instant_w(double t) {
  if (getenv("FAKE_NVML_FILE")) return file_w;
  return has_formula() ? wave_w(t) : mean_w(t, 0.2);
}

static int index_of(void *device) { return (int)(unsigned long)device - 1; }
static double share(void *device) { return index_of(device) ? 0.5 : 1; }
static int state(void *device) {
  double t = now(), busy = number("FAKE_NVML_BUSY_AT_S", -1), lost = number("FAKE_NVML_LOST_AT_S", -1);
  if (balance <= 0) return UNINITIALIZED;
  look();
  if (index_of(device) == 0 && lost >= 0 && t >= lost) return LOST;
  return busy >= 0 && t >= busy && t < busy + 1 ? TIMEOUT : OK;
}

int fake_nvml_balance(void) { return balance; } /* starts less ends */
int nvmlInitWithFlags(unsigned flags) {
  (void)flags;
  if (without("driver")) return DRIVER_NOT_LOADED;
  now();
  balance++;
  return OK;
}
int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
int nvmlShutdown(void) { if (balance <= 0) return UNINITIALIZED; balance--; return OK; }
const char *nvmlErrorString(int status) { (void)status; return "Error"; }
int nvmlSystemGetDriverVersion(char *to, unsigned size) { text(to, size, "999.10.01"); return OK; }
int nvmlDeviceGetCount_v2(unsigned *count) { if (balance <= 0) return UNINITIALIZED; *count = (unsigned)number("FAKE_NVML_CARDS", 2); return OK; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
  *device = (void *)(unsigned long)(index + 1);
  if (balance <= 0) return UNINITIALIZED;
  return index >= number("FAKE_NVML_CARDS", 2) ? INVALID : state(*device);
}
int nvmlDeviceGetName(void *device, char *to, unsigned size) { text(to, size, index_of(device) ? "Example RTX 1000" : "Example H1"); return state(device); }
int nvmlDeviceGetUUID(void *device, char *to, unsigned size) { text(to, size, index_of(device) ? "GPU-1" : "GPU-0"); return state(device); }
int nvmlDeviceGetMemoryInfo(void *device, unsigned long long *sizes) { sizes[0] = 80ULL << 30; sizes[1] = 79ULL << 30; sizes[2] = 1ULL << 30; return state(device); }
int nvmlDeviceGetCudaComputeCapability(void *device, int *major, int *minor) {
  const char *set = getenv("FAKE_NVML_CC");
  if (sscanf(set ? set : "9.0", "%d.%d", major, minor) != 2) return NOT_SUPPORTED;
  return state(device);
}
int nvmlDeviceGetMigMode(void *device, unsigned *current, unsigned *pending) {
  *current = *pending = (unsigned)number("FAKE_NVML_MIG", 0);
  return getenv("FAKE_NVML_MIG") ? state(device) : NOT_SUPPORTED;
}
int nvmlDeviceGetEnforcedPowerLimit(void *device, unsigned *mw) {
  if (without("limit") || without("enforced")) return NOT_SUPPORTED;
  *mw = (unsigned)(1000 * share(device) * number("FAKE_NVML_LIMIT_W", 450));
  return state(device);
}
int nvmlDeviceGetPowerManagementLimitConstraints(void *device, unsigned *least, unsigned *most) {
  if (without("limit")) return NOT_SUPPORTED;
  *least = 50000;
  *most = (unsigned)(1000 * share(device) * number("FAKE_NVML_LIMIT_W", 450));
  return state(device);
}
int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *mj) {
  int status = state(device);
  double t = now(), reset = number("FAKE_NVML_RESET_AT_S", -1), frozen = number("FAKE_NVML_FROZEN_AT_S", -1), j;
  if (without("counter")) return NOT_SUPPORTED;
  if (frozen >= 0 && t > frozen) t = frozen;
  j = energy_j(refreshed(t));
  j = reset >= 0 && t >= reset ? j - energy_j(reset) : j + BEFORE_J;
  *mj = (unsigned long long)(1000 * share(device) * (j > 0 ? j : 0)); /* the last refresh may lie before the reset */
  return status;
}
int nvmlDeviceGetPowerUsage(void *device, unsigned *mw) {
  int status = state(device), major = 9, minor = 0;
  double t = refreshed(now());
  if (without("usage")) return NOT_SUPPORTED;
  nvmlDeviceGetCudaComputeCapability(device, &major, &minor);
  *mw = (unsigned)(1000 * share(device) * (major < 8 || (major == 8 && minor == 0) ? instant_w(t) : mean_w(t, 1)));
  return status;
}

typedef struct {
  unsigned field, scope;
  long long timestamp, latency;
  int kind, status;
  union { double d; unsigned ui; unsigned long ul; unsigned long long ull; } value;
} Field;
int nvmlDeviceGetFieldValues(void *device, int num, Field *fields) {
  int status = state(device);
  double t = refreshed(now()), module = number("FAKE_NVML_MODULE_W", 0);
  for (int i = 0; i < num; i++) {
    double w = fields[i].field == INSTANT ? instant_w(t) : mean_w(t, 1);
    int known = (fields[i].field == INSTANT || fields[i].field == AVERAGE) && !without("fields");
    if (fields[i].scope == MODULE_SCOPE) { known = known && module > 0; w += module; }
    else if (fields[i].scope) known = 0;
    fields[i].kind = 1; /* unsigned int */
    fields[i].status = known ? OK : NOT_SUPPORTED;
    if (fields[i].field == INSTANT && without("instant")) w = 0;
    fields[i].value.ui = known ? (unsigned)(1000 * share(device) * w) : 0;
  }
  return status;
}
