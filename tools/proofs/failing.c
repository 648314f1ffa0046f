// Lets the n-th call that writes or syncs a file of the data directory fail, once.
//
// PALATE_TRACK_ROOT names the directory, PALATE_FAIL_CALL the number of the call (from 1; 0 counts
// only), PALATE_FAIL_ERRNO the error. PALATE_FAIL_LOG gets a line per call: its number, the time
// (CLOCK_MONOTONIC in ns), the function, whether it makes its data durable, the path, and whether
// it failed. A failed call does nothing: pages that could not be written are dropped, as the kernel
// drops them.

#define _GNU_SOURCE
#include "tracked.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_descriptor = -1;
static long failing_call;
static int failing_errno;
static long calls;

__attribute__((constructor)) static void begin(void) {
    log_descriptor = tracked_log("PALATE_FAIL_LOG");
    failing_call = tracked_setting("PALATE_FAIL_CALL", 0);
    failing_errno = (int)tracked_setting("PALATE_FAIL_ERRNO", EIO);
}

// Counts a call on a descriptor of ours; true where it is the one to fail, with errno set.
static bool fails(const char *function, int descriptor, bool syncs) {
    const struct tracked *file = tracked_file(descriptor);
    if (!file)
        return false;
    pthread_mutex_lock(&lock);
    calls += 1;
    bool is_durable = syncs || file->is_synced;
    bool is_failing = calls == failing_call;
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    char line[400];
    int length =
        snprintf(line, sizeof line, "%ld %lld%09ld %s %d %s %s\n", calls, (long long)time.tv_sec,
                 time.tv_nsec, function, is_durable, file->path, is_failing ? "failed" : "ok");
    syscall(SYS_write, log_descriptor, line, (size_t)length);
    pthread_mutex_unlock(&lock);
    if (is_failing)
        errno = failing_errno;
    return is_failing;
}

static mode_t mode_of(int flags, va_list arguments) {
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

#define OPEN(function)                                                                             \
    int function(const char *path, int flags, ...) {                                               \
        int (*next)(const char *, int, ...) = tracked_next(#function);                             \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        int opened = next(path, flags, mode_of(flags, arguments));                                 \
        va_end(arguments);                                                                         \
        tracked_opened(opened, path, flags);                                                       \
        return opened;                                                                             \
    }

OPEN(open)
OPEN(open64)

int close(int descriptor) {
    int (*next)(int) = tracked_next("close");
    tracked_closing(descriptor);
    return next(descriptor);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    ssize_t (*next)(int, const void *, size_t) = tracked_next("write");
    return fails("write", descriptor, false) ? -1 : next(descriptor, bytes, count);
}

ssize_t writev(int descriptor, const struct iovec *data, int count) {
    ssize_t (*next)(int, const struct iovec *, int) = tracked_next("writev");
    return fails("writev", descriptor, false) ? -1 : next(descriptor, data, count);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    ssize_t (*next)(int, const void *, size_t, off_t) = tracked_next("pwrite");
    return fails("pwrite", descriptor, false) ? -1 : next(descriptor, bytes, count, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t offset) {
    ssize_t (*next)(int, const void *, size_t, off_t) = tracked_next("pwrite64");
    return fails("pwrite", descriptor, false) ? -1 : next(descriptor, bytes, count, offset);
}

ssize_t pwritev(int descriptor, const struct iovec *data, int count, off_t offset) {
    ssize_t (*next)(int, const struct iovec *, int, off_t) = tracked_next("pwritev");
    return fails("pwritev", descriptor, false) ? -1 : next(descriptor, data, count, offset);
}

ssize_t pwritev64(int descriptor, const struct iovec *data, int count, off_t offset) {
    ssize_t (*next)(int, const struct iovec *, int, off_t) = tracked_next("pwritev64");
    return fails("pwritev", descriptor, false) ? -1 : next(descriptor, data, count, offset);
}

int ftruncate(int descriptor, off_t size) {
    int (*next)(int, off_t) = tracked_next("ftruncate");
    return fails("ftruncate", descriptor, false) ? -1 : next(descriptor, size);
}

int ftruncate64(int descriptor, off_t size) {
    int (*next)(int, off_t) = tracked_next("ftruncate64");
    return fails("ftruncate", descriptor, false) ? -1 : next(descriptor, size);
}

int fsync(int descriptor) {
    int (*next)(int) = tracked_next("fsync");
    return fails("fsync", descriptor, true) ? -1 : next(descriptor);
}

int fdatasync(int descriptor) {
    int (*next)(int) = tracked_next("fdatasync");
    return fails("fdatasync", descriptor, true) ? -1 : next(descriptor);
}
