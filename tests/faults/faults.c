// A disk that fails on purpose: loaded into the gateway by LD_PRELOAD, it counts the calls that write below one folder, and
// lets those fail that a test names. The test and this library share the file FAULTS_CONTROL as memory, so that a test can
// count, break and heal the disk of a running program; see tests/journeys/lib/faulty_disk.mjs.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// In the order of faulty_disk.mjs.
struct control {
  _Atomic int64_t calls;     // that could have failed
  _Atomic int64_t syncs;     // fdatasync among them: the database's; files that follow it in the background use fsync
  _Atomic int64_t fail_from; // the number of the first call that fails; 0: none
  _Atomic int64_t fail_to;   // and of the first one after it that does not
  _Atomic int64_t error;     // errno of a failing call; with ENOSPC only what needs space fails
  _Atomic int64_t delay_us;  // that each sync takes longer
  _Atomic int64_t failed;    // calls that failed so
};

static struct control* control;
static char folder[PATH_MAX];
static size_t folder_size;

__attribute__((constructor)) static void begin(void) {
  const char* path = getenv("FAULTS_CONTROL");
  const char* below = getenv("FAULTS_BELOW");
  if (!path || !below || !realpath(below, folder)) return;
  folder_size = strlen(folder);
  const int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void* memory = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (memory != MAP_FAILED) control = memory;
}

static int is_below(const char* path) {
  return strncmp(path, folder, folder_size) == 0 && (path[folder_size] == '/' || path[folder_size] == '\0');
}

static int fd_is_below(int fd) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size <= 0) return 0;
  path[size] = '\0';
  return is_below(path);
}

// A path relative to a descriptor is below the folder when the descriptor is.
static int path_is_below(int fd, const char* path) {
  if (path[0] == '/') return is_below(path);
  if (fd != AT_FDCWD) return fd_is_below(fd);
  char current[PATH_MAX];
  return getcwd(current, sizeof current) && is_below(current);
}

// True when this call is to fail; errno is set then.
static int fails(int needs_space) {
  const int64_t number = atomic_fetch_add(&control->calls, 1) + 1;
  const int64_t from = atomic_load(&control->fail_from);
  if (from == 0 || number < from || number >= atomic_load(&control->fail_to)) return 0;
  const int error = (int)atomic_load(&control->error);
  if (error == ENOSPC && !needs_space) return 0;
  atomic_fetch_add(&control->failed, 1);
  errno = error;
  return 1;
}

#define REAL(name) \
  static __typeof__(name)* real; \
  if (!real) real = (__typeof__(name)*)dlsym(RTLD_NEXT, #name)
#define FAIL_FD(fd, needs_space) \
  if (control && fd_is_below(fd) && fails(needs_space)) return -1

ssize_t write(int fd, const void* bytes, size_t size) {
  REAL(write);
  FAIL_FD(fd, 1);
  return real(fd, bytes, size);
}
ssize_t writev(int fd, const struct iovec* parts, int count) {
  REAL(writev);
  FAIL_FD(fd, 1);
  return real(fd, parts, count);
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  REAL(pwrite);
  FAIL_FD(fd, 1);
  return real(fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  REAL(pwrite64);
  FAIL_FD(fd, 1);
  return real(fd, bytes, size, at);
}
int ftruncate(int fd, off_t size) {
  REAL(ftruncate);
  FAIL_FD(fd, 1);
  return real(fd, size);
}
int ftruncate64(int fd, off64_t size) {
  REAL(ftruncate64);
  FAIL_FD(fd, 1);
  return real(fd, size);
}

static int sync_fails(int fd, int counted) {
  if (!control || !fd_is_below(fd)) return 0;
  if (counted) atomic_fetch_add(&control->syncs, 1);
  const int64_t delay = atomic_load(&control->delay_us);
  if (delay > 0) {
    const struct timespec wait = {delay / 1000000, delay % 1000000 * 1000};
    nanosleep(&wait, NULL);
  }
  return fails(0);
}
int fsync(int fd) {
  REAL(fsync);
  return sync_fails(fd, 0) ? -1 : real(fd);
}
int fdatasync(int fd) {
  REAL(fdatasync);
  return sync_fails(fd, 1) ? -1 : real(fd);
}

int rename(const char* from, const char* to) {
  REAL(rename);
  if (control && path_is_below(AT_FDCWD, to) && fails(1)) return -1;
  return real(from, to);
}
int mkdir(const char* path, mode_t mode) {
  REAL(mkdir);
  if (control && path_is_below(AT_FDCWD, path) && fails(1)) return -1;
  return real(path, mode);
}

static int creating_fails(int fd, const char* path, int flags) {
  struct stat there;
  return control && (flags & O_CREAT) && path_is_below(fd, path) && fails(fstatat(fd, path, &there, 0) != 0);
}
#define MODE_OF(flags) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | O_TMPFILE)) { \
    va_list rest; \
    va_start(rest, flags); \
    mode = va_arg(rest, mode_t); \
    va_end(rest); \
  }
int open(const char* path, int flags, ...) {
  REAL(open);
  MODE_OF(flags)
  return creating_fails(AT_FDCWD, path, flags) ? -1 : real(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  REAL(open64);
  MODE_OF(flags)
  return creating_fails(AT_FDCWD, path, flags) ? -1 : real(path, flags, mode);
}
int openat(int fd, const char* path, int flags, ...) {
  REAL(openat);
  MODE_OF(flags)
  return creating_fails(fd, path, flags) ? -1 : real(fd, path, flags, mode);
}
