// Which levels there are, and the plain one: the oracle of the others.
#include "beam.h"

PB_INLINE size_t place(uint64_t *keys, size_t held, size_t width, uint64_t key) {
    size_t low = 0, length = held;
    while (length > 0) {
        size_t half = length / 2;
        if (keys[low + half] < key) {
            low += half + 1;
            length -= half + 1;
        } else {
            length = half;
        }
    }
    size_t last = held < width ? held : width - 1;
    memmove(keys + low + 1, keys + low, (last - low) * sizeof *keys);
    keys[low] = key;
    return low;
}

PB_INLINE size_t insert(uint64_t *keys, size_t *held, size_t width, const uint32_t *rows,
                        const float *distances, size_t count, pb_passed *passed) {
    size_t nearest = width;
    for (size_t i = 0; i < count; i++) {
        uint64_t key = pb_key(pb_ordered(distances[i]), rows[i]);
        if (!pb_admits(keys[width - 1], key, passed))
            continue;
        size_t low = place(keys, *held, width, key);
        *held += *held < width;
        nearest = low < nearest ? low : nearest;
    }
    return nearest;
}

static size_t insert_scalar(uint64_t *keys, size_t *held, size_t width, const uint32_t *rows,
                            const float *distances, size_t count) {
    return insert(keys, held, width, rows, distances, count, NULL);
}

static size_t insert_all_scalar(uint64_t *keys, size_t *held, size_t width, const uint32_t *rows,
                                const float *distances, size_t count, uint64_t *passed,
                                size_t *passed_count) {
    pb_passed all = {passed, *passed_count};
    size_t nearest = insert(keys, held, width, rows, distances, count, &all);
    *passed_count = all.count;
    return nearest;
}

size_t pb_keep_scalar(uint32_t *places, uint32_t *rows, float *own, const float *other,
                      size_t open) {
    size_t kept = 0;
    for (size_t i = 1; i < open; i++) {
        float distance = own[i];
        places[kept] = places[i];
        rows[kept] = rows[i];
        own[kept] = distance;
        kept += distance < other[i - 1];
    }
    return kept;
}

static const pb_kernels scalar = {insert_scalar, insert_all_scalar, pb_keep_scalar};

const pb_kernels *pb_kernels_at(int32_t level) {
    switch (level) {
    case pb_level_scalar: return &scalar;
#if defined(__x86_64__)
    case pb_level_avx2:
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") &&
                       __builtin_cpu_supports("bmi")
                   ? &pb_kernels_avx2
                   : NULL;
    case pb_level_avx512:
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("popcnt") &&
                       __builtin_cpu_supports("bmi")
                   ? &pb_kernels_avx512
                   : NULL;
#endif
    default: return NULL;
    }
}
