// The AVX2 level: 8 distances and 4 keys at a time; the steps are those of `beam_avx512.c`.
#include "beam.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define PB_TARGET __attribute__((target("avx2,popcnt,bmi")))

// All ones where the unsigned left is below the right; both with their highest bit turned.
PB_TARGET PB_INLINE __m256i below(__m256i left, __m256i right) {
    return _mm256_cmpgt_epi64(right, left);
}

PB_TARGET PB_INLINE size_t place(uint64_t *keys, size_t blocks, __m256i beyond, uint64_t key) {
    const __m256i turn = _mm256_set1_epi64x((long long)(1ull << 63));
    const __m256i wanted = _mm256_set1_epi64x((long long)key);
    const __m256i turned = _mm256_xor_si256(wanted, turn);
    size_t block = blocks - 1;
    __m256i here = _mm256_loadu_si256((const __m256i *)(keys + 4 * block));
    __m256i isBelow = below(_mm256_xor_si256(here, turn), turned);
    for (;; block--) {
        __m256i before = _mm256_setzero_si256();
        if (block)
            before = _mm256_loadu_si256((const __m256i *)(keys + 4 * (block - 1)));
        __m256i wasBelow = below(_mm256_xor_si256(before, turn), turned);
        // One place back: the last lane of the block before, then three of this one.
        __m256i joint = _mm256_permute2x128_si256(before, here, 0x21);
        __m256i shifted = _mm256_alignr_epi8(here, joint, 8);
        __m256i jointBelow = _mm256_permute2x128_si256(wasBelow, isBelow, 0x21);
        __m256i shiftedBelow = _mm256_alignr_epi8(isBelow, jointBelow, 8);
        __m256i placed = _mm256_blendv_epi8(shifted, wanted, shiftedBelow);
        placed = _mm256_blendv_epi8(placed, here, isBelow);
        if (block == blocks - 1)
            placed = _mm256_or_si256(placed, beyond);
        _mm256_storeu_si256((__m256i *)(keys + 4 * block), placed);
        unsigned nearer = (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(isBelow));
        if (nearer || block == 0)
            return 4 * block + (size_t)__builtin_popcount(nearer);
        here = before;
        isBelow = wasBelow;
    }
}

PB_TARGET PB_INLINE size_t insert(uint64_t *keys, size_t *held, size_t width, const uint32_t *rows,
                                  const float *distances, size_t count, pb_passed *passed) {
    const size_t blocks = (width + 3) / 4;
    const __m256i lane = _mm256_setr_epi64x(0, 1, 2, 3);
    const long long inside = width % 4 ? (long long)(width % 4) : 4;
    const __m256i beyond = _mm256_cmpgt_epi64(lane, _mm256_set1_epi64x(inside - 1));
    int32_t ordered[8];
    size_t nearest = width, taken = *held;
    for (size_t at = 0; at < count; at += 8) {
        size_t lanes = count - at < 8 ? count - at : 8;
        __m256i order;
        if (lanes == 8) {
            __m256i raw = _mm256_loadu_si256((const __m256i *)(distances + at));
            __m256i magnitude =
                _mm256_and_si256(_mm256_srai_epi32(raw, 31), _mm256_set1_epi32(0x7fffffff));
            order = _mm256_xor_si256(raw, magnitude);
            _mm256_storeu_si256((__m256i *)ordered, order);
        } else {
            for (size_t i = 0; i < 8; i++)
                ordered[i] = i < lanes ? pb_ordered(distances[at + i]) : INT32_MAX;
            order = _mm256_loadu_si256((const __m256i *)ordered);
        }
        __m256i bound = _mm256_set1_epi32(pb_bound(keys[width - 1]));
        __m256i isBeyond = _mm256_cmpgt_epi32(order, bound);
        unsigned left = ~(unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(isBeyond));
        const unsigned there = (1u << lanes) - 1;
        if (passed) {
            for (unsigned gone = ~left & there; gone; gone &= gone - 1) {
                size_t i = (size_t)__builtin_ctz(gone);
                passed->keys[passed->count++] = pb_key(ordered[i], rows[at + i]);
            }
        }
        for (left &= there; left; left &= left - 1) {
            size_t i = (size_t)__builtin_ctz(left);
            uint64_t key = pb_key(ordered[i], rows[at + i]);
            if (!pb_admits(keys[width - 1], key, passed))
                continue;
            size_t low = place(keys, blocks, beyond, key);
            taken += taken < width;
            nearest = low < nearest ? low : nearest;
        }
    }
    *held = taken;
    return nearest;
}

PB_TARGET static size_t insert_avx2(uint64_t *keys, size_t *held, size_t width,
                                    const uint32_t *rows, const float *distances, size_t count) {
    return insert(keys, held, width, rows, distances, count, NULL);
}

PB_TARGET static size_t insert_all_avx2(uint64_t *keys, size_t *held, size_t width,
                                        const uint32_t *rows, const float *distances, size_t count,
                                        uint64_t *passed, size_t *passed_count) {
    pb_passed all = {passed, *passed_count};
    size_t nearest = insert(keys, held, width, rows, distances, count, &all);
    *passed_count = all.count;
    return nearest;
}

const pb_kernels pb_kernels_avx2 = {insert_avx2, insert_all_avx2, pb_keep_scalar};
#endif
