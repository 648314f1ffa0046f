// Counts what a thread takes from the heap, in the executable that links it.
#pragma once

#include <stdint.h>

// Whether calls are counted: not where a sanitizer has its own heap.
int ca_is_counting(void);

// Calls of malloc, calloc, realloc and the aligned ones by this thread so far.
uint64_t ca_allocations(void);
