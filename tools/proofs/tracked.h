// Which descriptors are files of the data directory: shared by recorder.c and failing.c.
//
// The directory is named by PALATE_TRACK_ROOT, an absolute path without a slash at its end. The
// server opens files there by absolute paths.

#ifndef PALATE_TRACKED_H
#define PALATE_TRACKED_H

#include <stdbool.h>
#include <stdint.h>

/// An open file or directory below the root.
struct tracked {
    bool is_open;
    bool is_directory;
    /// Opened with O_DSYNC or O_SYNC: a write is durable when it returns.
    bool is_synced;
    uint64_t inode;
    char path[256];
};

/// The function of the C library behind one that is interposed; ends the process where none is.
void *tracked_next(const char *name);

/// Whether a path is the root or below it.
bool tracked_contains(const char *path);

/// Remembers a descriptor that was just opened.
void tracked_opened(int descriptor, const char *path, int flags);

/// Forgets a descriptor that is about to be closed.
void tracked_closing(int descriptor);

/// The file behind a descriptor; null where it is none of ours.
const struct tracked *tracked_file(int descriptor);

/// An environment variable as a number; `otherwise` where it is not set.
long tracked_setting(const char *name, long otherwise);

/// Opens the file that an environment variable names, to append to it, out of the way of others.
int tracked_log(const char *variable);

#endif
