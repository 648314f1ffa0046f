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
