#pragma once
#include <lmdb.h>
// statfs(2), which Swift's Glibc module leaves out: LMDB must not be used on network file systems.
#include <sys/statfs.h>
