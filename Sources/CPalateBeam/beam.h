// What the levels share: keys.
#pragma once

#include "CPalateBeam.h"

#include <string.h>

#define PB_INLINE static inline __attribute__((always_inline))

// A distance as an integer of the same order: a negative float orders backwards.
PB_INLINE int32_t pb_ordered(float distance) {
    int32_t raw;
    memcpy(&raw, &distance, sizeof raw);
    return raw ^ ((raw >> 31) & 0x7fffffff);
}

PB_INLINE uint64_t pb_key(int32_t ordered, uint32_t row) {
    return (uint64_t)((uint32_t)ordered ^ 0x80000000u) << 32 | (uint64_t)row << 1;
}

// The order of the last key's distance: rows beyond are passed over.
PB_INLINE int32_t pb_bound(uint64_t last) {
    return (int32_t)((uint32_t)(last >> 32) ^ 0x80000000u);
}

// Keys that found no place in the beam or lost theirs; levels write up to `pb_padding` behind them.
typedef struct pb_passed {
    uint64_t *keys;
    size_t count;
} pb_passed;

// Whether a key comes before the last one; the one of the two that the beam has no room for is
// passed on, where `passed` is not NULL.
PB_INLINE int pb_admits(uint64_t last, uint64_t key, pb_passed *passed) {
    if (passed && last != PB_NONE)
        passed->keys[passed->count++] = key > last ? key : last;
    return key < last;
}

size_t pb_keep_scalar(uint32_t *places, uint32_t *rows, float *own, const float *other,
                      size_t open);

#if defined(__x86_64__)
extern const pb_kernels pb_kernels_avx2, pb_kernels_avx512;
#endif
