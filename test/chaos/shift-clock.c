/* Loaded into redis-server by LD_PRELOAD: its wall clock is the machine's, plus the microseconds in the first eight
   bytes of the file that CLOCK_SHIFT names. libfaketime does this too, but Debian's redis-server aborts under it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *shift;

__attribute__((constructor)) static void open_shift(void) {
  const char *path = getenv("CLOCK_SHIFT");
  int file = path ? open(path, O_RDONLY) : -1;
  void *mapped = file < 0 ? MAP_FAILED : mmap(0, 8, PROT_READ, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) abort();
  shift = mapped;
}

static int64_t shifted(void) {
  struct timespec t;
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000 + (shift ? *shift : 0);
}

struct timeval_like { long seconds, microseconds; };

int gettimeofday(void *restrict time, void *restrict zone) {
  (void)zone;
  int64_t now = shifted();
  struct timeval_like *out = time;
  out->seconds = now / 1000000;
  out->microseconds = now % 1000000;
  return 0;
}

time_t time(time_t *out) {
  time_t now = shifted() / 1000000;
  if (out) *out = now;
  return now;
}

int clock_gettime(clockid_t clock, struct timespec *t) {
  if (clock != CLOCK_REALTIME) return syscall(SYS_clock_gettime, clock, t);
  int64_t now = shifted();
  t->tv_sec = now / 1000000;
  t->tv_nsec = now % 1000000 * 1000;
  return 0;
}
