// Records, in one order, everything a server does to the files of its data directory.
//
// Preloaded, it stands before the functions of the C library that change files or make them
// durable. One lock is held around each call and its record, so that the order of records is the
// order of calls, and a record's time is from before its call: a power cut at that time knows
// nothing of it. `recording.py` reads the log and has the layout; `disk.py` replays it.
//
// PALATE_TRACK_ROOT names the directory, PALATE_RECORD the log. With PALATE_RECORD_SKIP_SYNC=1 no
// file is ever synced: fsync and fdatasync of files do nothing, and O_DSYNC is taken for nothing.
// That is the broken build which the proof must catch. Directories are still synced.
//
// Writes through a shared map are not seen: LMDB makes them to lock.mdb alone, which it does not
// read after a crash. A whole replay is compared with the directory, so that nothing else escapes.

#define _GNU_SOURCE
#include "tracked.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind {
    kind_create = 1,
    kind_write,
    kind_sync,
    kind_sync_directory,
    kind_truncate,
    kind_make_directory,
    kind_rename,
    kind_remove,
};

struct record {
    uint32_t magic;
    uint16_t kind;
    uint16_t is_synced;
    uint64_t begun_nanoseconds;
    uint64_t inode;
    uint64_t offset;
    uint32_t bytes;
    uint16_t path_bytes;
    uint16_t other_bytes;
};

static const uint32_t record_magic = 0x434f5250; // "PROC"
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_descriptor = -1;
static bool skips_sync;

__attribute__((constructor)) static void begin(void) {
    log_descriptor = tracked_log("PALATE_RECORD");
    skips_sync = tracked_setting("PALATE_RECORD_SKIP_SYNC", 0) != 0;
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

// Appends one record; ends the process where it cannot, since a gap would be a wrong proof.
static void append(struct record record, const char *path, const char *other,
                   const struct iovec *data, int data_count) {
    record.magic = record_magic;
    record.path_bytes = (uint16_t)(path ? strlen(path) : 0);
    record.other_bytes = (uint16_t)(other ? strlen(other) : 0);
    size_t total = sizeof record + record.path_bytes + record.other_bytes + record.bytes;
    char *buffer = malloc(total);
    char *end = buffer;
    memcpy(end, &record, sizeof record);
    end += sizeof record;
    memcpy(end, path ? path : "", record.path_bytes);
    end += record.path_bytes;
    memcpy(end, other ? other : "", record.other_bytes);
    end += record.other_bytes;
    size_t left = record.bytes;
    for (int index = 0; index < data_count && left > 0; index += 1) {
        size_t part = data[index].iov_len < left ? data[index].iov_len : left;
        memcpy(end, data[index].iov_base, part);
        end += part;
        left -= part;
    }
    if (syscall(SYS_write, log_descriptor, buffer, total) != (long)total) {
        fprintf(stderr, "recorder: the log cannot be written\n");
        _exit(97);
    }
    free(buffer);
}

// MARK: Files

static int record_open(int directory, const char *path, int flags, mode_t mode) {
    int (*next)(int, const char *, int, ...) = tracked_next("openat");
    if (!tracked_contains(path))
        return next(directory, path, flags, mode);
    pthread_mutex_lock(&lock);
    struct stat facts;
    bool is_new = stat(path, &facts) != 0;
    struct record record = {.kind = kind_create, .begun_nanoseconds = now()};
    int opened = next(directory, path, flags, mode);
    int error = errno;
    if (opened >= 0) {
        tracked_opened(opened, path, flags);
        record.inode = tracked_file(opened)->inode;
        if (is_new) {
            append(record, path, NULL, NULL, 0);
        } else if (flags & O_TRUNC) {
            record.kind = kind_truncate;
            append(record, NULL, NULL, NULL, 0);
        }
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return opened;
}

static mode_t mode_of(int flags, va_list arguments) {
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

#define OPEN(function)                                                                             \
    int function(const char *path, int flags, ...) {                                               \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        mode_t mode = mode_of(flags, arguments);                                                   \
        va_end(arguments);                                                                         \
        return record_open(AT_FDCWD, path, flags, mode);                                           \
    }

#define OPENAT(function)                                                                           \
    int function(int directory, const char *path, int flags, ...) {                                \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        mode_t mode = mode_of(flags, arguments);                                                   \
        va_end(arguments);                                                                         \
        return record_open(directory, path, flags, mode);                                          \
    }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int close(int descriptor) {
    int (*next)(int) = tracked_next("close");
    tracked_closing(descriptor);
    return next(descriptor);
}

// MARK: Writing

// Where a write without an offset of its own goes.
static const off_t at_position = -1;

static ssize_t record_write(int descriptor, const struct iovec *data, int count, off_t offset) {
    ssize_t (*next)(int, const struct iovec *, int) = tracked_next("writev");
    ssize_t (*next_at)(int, const struct iovec *, int, off_t) = tracked_next("pwritev");
    const struct tracked *file = tracked_file(descriptor);
    if (!file)
        return offset == at_position ? next(descriptor, data, count)
                                     : next_at(descriptor, data, count, offset);
    pthread_mutex_lock(&lock);
    struct record record = {
        .kind = kind_write,
        .is_synced = file->is_synced && !skips_sync,
        .begun_nanoseconds = now(),
        .inode = file->inode,
    };
    off_t start = offset == at_position ? lseek(descriptor, 0, SEEK_CUR) : offset;
    ssize_t written = offset == at_position ? next(descriptor, data, count)
                                            : next_at(descriptor, data, count, offset);
    int error = errno;
    if (written > 0) {
        record.offset = (uint64_t)start;
        record.bytes = (uint32_t)written;
        append(record, NULL, NULL, data, count);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return written;
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    struct iovec data = {(void *)bytes, count};
    return record_write(descriptor, &data, 1, at_position);
}

ssize_t writev(int descriptor, const struct iovec *data, int count) {
    return record_write(descriptor, data, count, at_position);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    struct iovec data = {(void *)bytes, count};
    return record_write(descriptor, &data, 1, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t offset) {
    struct iovec data = {(void *)bytes, count};
    return record_write(descriptor, &data, 1, offset);
}

ssize_t pwritev(int descriptor, const struct iovec *data, int count, off_t offset) {
    return record_write(descriptor, data, count, offset);
}

ssize_t pwritev64(int descriptor, const struct iovec *data, int count, off_t offset) {
    return record_write(descriptor, data, count, offset);
}

static int record_truncate(int descriptor, off_t size) {
    int (*next)(int, off_t) = tracked_next("ftruncate");
    const struct tracked *file = tracked_file(descriptor);
    if (!file)
        return next(descriptor, size);
    pthread_mutex_lock(&lock);
    struct record record = {
        .kind = kind_truncate,
        .begun_nanoseconds = now(),
        .inode = file->inode,
        .offset = (uint64_t)size,
    };
    int result = next(descriptor, size);
    int error = errno;
    if (result == 0)
        append(record, NULL, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int ftruncate(int descriptor, off_t size) { return record_truncate(descriptor, size); }

int ftruncate64(int descriptor, off_t size) { return record_truncate(descriptor, size); }

// MARK: Barriers

static int record_sync(const char *name, int descriptor) {
    int (*next)(int) = tracked_next(name);
    const struct tracked *file = tracked_file(descriptor);
    if (!file)
        return next(descriptor);
    if (skips_sync && !file->is_directory)
        return 0;
    pthread_mutex_lock(&lock);
    struct record record = {
        .kind = file->is_directory ? kind_sync_directory : kind_sync,
        .begun_nanoseconds = now(),
        .inode = file->inode,
    };
    int result = next(descriptor);
    int error = errno;
    if (result == 0)
        append(record, file->is_directory ? file->path : NULL, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int fsync(int descriptor) { return record_sync("fsync", descriptor); }

int fdatasync(int descriptor) { return record_sync("fdatasync", descriptor); }

// MARK: Names

// Runs a call on one or two paths and records it when it succeeds.
#define RECORD_NAMES(what, path, other, call)                                                      \
    if (!tracked_contains(path))                                                                   \
        return call;                                                                               \
    pthread_mutex_lock(&lock);                                                                     \
    struct record record = {.kind = what, .begun_nanoseconds = now()};                             \
    int result = call;                                                                             \
    int error = errno;                                                                             \
    if (result == 0)                                                                               \
        append(record, path, other, NULL, 0);                                                      \
    pthread_mutex_unlock(&lock);                                                                   \
    errno = error;                                                                                 \
    return result;

int mkdir(const char *path, mode_t mode) {
    int (*next)(const char *, mode_t) = tracked_next("mkdir");
    RECORD_NAMES(kind_make_directory, path, NULL, next(path, mode))
}

int rename(const char *path, const char *other) {
    int (*next)(const char *, const char *) = tracked_next("rename");
    RECORD_NAMES(kind_rename, path, other, next(path, other))
}

int unlink(const char *path) {
    int (*next)(const char *) = tracked_next("unlink");
    RECORD_NAMES(kind_remove, path, NULL, next(path))
}

int rmdir(const char *path) {
    int (*next)(const char *) = tracked_next("rmdir");
    RECORD_NAMES(kind_remove, path, NULL, next(path))
}

int remove(const char *path) {
    int (*next)(const char *) = tracked_next("remove");
    RECORD_NAMES(kind_remove, path, NULL, next(path))
}
