// The beam of a search in C: a sorted array of keys takes a scored list in.
//
// A key is a distance in the order of unsigned integers (32 bits), the row (31 bits) and a mark
// (the lowest bit). Every level gives the same bits.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The instruction sets.
enum { pb_level_scalar = 0, pb_level_avx2 = 1, pb_level_avx512 = 2, pb_level_count = 3 };

// Keys that every level may write behind the beam's width, and behind what is passed on.
enum { pb_padding = 8 };

// What every place of the beam holds that no candidate has taken.
#define PB_NONE UINT64_MAX

// What one instruction set does.
typedef struct pb_kernels {
    // Offers `count` rows to the `width` nearest so far.
    //
    // `keys` is sorted, shape [width + pb_padding]; places from `held` on are PB_NONE, and stay so
    // beyond the width. Rows have 31 bits. Returns the nearest place taken, the width where none
    // was.
    size_t (*insert)(uint64_t *keys, size_t *held, size_t width, const uint32_t *rows,
                     const float *distances, size_t count);
    // The same, and `passed` gets the keys that found no place or lost theirs: `*passed_count` of
    // them are there before, and at most `count` more after.
    size_t (*insert_all)(uint64_t *keys, size_t *held, size_t width, const uint32_t *rows,
                         const float *distances, size_t count, uint64_t *passed,
                         size_t *passed_count);
    // Drops the first of `open` candidates, and all that are not nearer to their own end than to
    // it: those whose `own` is not below `other`, which has shape [open - 1]; `places`, `rows` and
    // `own` have shape [open]. The others move up, in their order. Returns how many they are.
    size_t (*keep)(uint32_t *places, uint32_t *rows, float *own, const float *other, size_t open);
} pb_kernels;

// The functions of a level; NULL when this processor or this build has no such level.
const pb_kernels *pb_kernels_at(int32_t level);

#ifdef __cplusplus
}
#endif
