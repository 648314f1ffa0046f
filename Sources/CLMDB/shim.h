#pragma once
#include <lmdb.h>
// statfs(2), which Swift's Glibc module leaves out: LMDB must not be used on network file systems.
#include <sys/statfs.h>
// fallocate(2), which glibc shows to GNU sources only: room is taken before it is needed.
#include <linux/falloc.h>
#include <sys/types.h>
extern int fallocate(int descriptor, int mode, off_t offset, off_t count);
