#define _GNU_SOURCE
#include "tracked.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { descriptors_max = 65536, first_log_descriptor = 900 };

static struct tracked files[descriptors_max];

static const char *root(void) {
    static const char *known;
    if (!known)
        known = getenv("PALATE_TRACK_ROOT");
    return known ? known : "/nonexistent";
}

void *tracked_next(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) {
        fprintf(stderr, "preloaded: no function %s\n", name);
        _exit(97);
    }
    return found;
}

bool tracked_contains(const char *path) {
    size_t length = strlen(root());
    return path && strncmp(path, root(), length) == 0 &&
           (path[length] == '/' || path[length] == '\0');
}

void tracked_opened(int descriptor, const char *path, int flags) {
    struct stat facts;
    if (descriptor < 0 || descriptor >= descriptors_max || !tracked_contains(path) ||
        fstat(descriptor, &facts) != 0)
        return;
    struct tracked *file = &files[descriptor];
    file->is_directory = S_ISDIR(facts.st_mode);
    // O_SYNC has the bit of O_DSYNC.
    file->is_synced = (flags & O_DSYNC) != 0;
    file->inode = facts.st_ino;
    snprintf(file->path, sizeof file->path, "%s", path);
    file->is_open = true;
}

void tracked_closing(int descriptor) {
    if (descriptor >= 0 && descriptor < descriptors_max)
        files[descriptor].is_open = false;
}

const struct tracked *tracked_file(int descriptor) {
    if (descriptor < 0 || descriptor >= descriptors_max || !files[descriptor].is_open)
        return NULL;
    return &files[descriptor];
}

long tracked_setting(const char *name, long otherwise) {
    const char *text = getenv(name);
    return text ? strtol(text, NULL, 10) : otherwise;
}

int tracked_log(const char *variable) {
    const char *path = getenv(variable);
    // Past the interposed functions: the log is not to be recorded.
    long opened =
        syscall(SYS_openat, AT_FDCWD, path ? path : "", O_WRONLY | O_APPEND | O_CREAT, 0640);
    if (opened < 0) {
        fprintf(stderr, "preloaded: %s is no file to write to\n", variable);
        _exit(97);
    }
    int moved = fcntl((int)opened, F_DUPFD_CLOEXEC, first_log_descriptor);
    syscall(SYS_close, opened);
    return moved;
}
