// Which levels there are, and the plain one: the oracle of the others.
#include "beam.h"

static size_t insert_scalar(uint64_t *keys, size_t *held, size_t width, const uint32_t *rows,
                            const float *distances, size_t count) {
    size_t nearest = width;
    for (size_t i = 0; i < count; i++) {
        uint64_t key = pb_key(pb_ordered(distances[i]), rows[i]);
        if (key >= keys[width - 1])
            continue;
        size_t low = 0, length = *held;
        while (length > 0) {
            size_t half = length / 2;
            if (keys[low + half] < key) {
                low += half + 1;
                length -= half + 1;
            } else {
                length = half;
            }
        }
        if (*held < width)
            ++*held;
        memmove(keys + low + 1, keys + low, (*held - 1 - low) * sizeof *keys);
        keys[low] = key;
        if (low < nearest)
            nearest = low;
    }
    return nearest;
}

#if defined(__x86_64__)
size_t pb_insert_avx2(uint64_t *keys, size_t *held, size_t width, const uint32_t *rows,
                      const float *distances, size_t count);
size_t pb_insert_avx512(uint64_t *keys, size_t *held, size_t width, const uint32_t *rows,
                        const float *distances, size_t count);
#endif

pb_insert pb_insert_at(int32_t level) {
    switch (level) {
    case pb_level_scalar: return insert_scalar;
#if defined(__x86_64__)
    case pb_level_avx2:
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") &&
                       __builtin_cpu_supports("bmi")
                   ? pb_insert_avx2
                   : NULL;
    case pb_level_avx512:
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("popcnt") &&
                       __builtin_cpu_supports("bmi")
                   ? pb_insert_avx512
                   : NULL;
#endif
    default: return NULL;
    }
}
