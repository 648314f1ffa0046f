// The AVX-512 level: 16 distances and 8 keys at a time.
//
// A key k goes into a sorted array x as x[j] = max(x[j - 1], min(x[j], k)), for all j: what is
// before it stays, what is behind moves back by one, and k comes between, without a branch that
// depends on where. From the end, so that it stops at the block in which k has its place.
#include "beam.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define PB_TARGET __attribute__((target("avx512f,popcnt,bmi")))

// Puts a key in its place; the last of `blocks` keeps PB_NONE in the lanes of `beyond`.
PB_TARGET PB_INLINE size_t place(uint64_t *keys, size_t blocks, __mmask8 beyond, uint64_t key) {
    const __m512i wanted = _mm512_set1_epi64((long long)key);
    const __m512i none = _mm512_set1_epi64(-1);
    size_t block = blocks - 1;
    __m512i here = _mm512_loadu_si512(keys + 8 * block);
    for (;; block--) {
        __m512i before =
            block ? _mm512_loadu_si512(keys + 8 * (block - 1)) : _mm512_setzero_si512();
        __m512i shifted = _mm512_alignr_epi64(here, before, 7);
        __m512i placed = _mm512_max_epu64(shifted, _mm512_min_epu64(here, wanted));
        if (block == blocks - 1)
            placed = _mm512_mask_mov_epi64(placed, beyond, none);
        _mm512_storeu_si512(keys + 8 * block, placed);
        unsigned nearer = _mm512_cmplt_epu64_mask(here, wanted);
        if (nearer || block == 0)
            return 8 * block + (size_t)__builtin_popcount(nearer);
        here = before;
    }
}

// The keys of 8 rows.
PB_TARGET PB_INLINE __m512i keys_of(__m256i order, __m256i row) {
    __m512i upper = _mm512_slli_epi64(_mm512_cvtepu32_epi64(order), 32);
    return _mm512_or_si512(upper, _mm512_slli_epi64(_mm512_cvtepu32_epi64(row), 1));
}

// Passes on those of 16 rows that `gone` names.
PB_TARGET PB_INLINE void pass_on(pb_passed *passed, unsigned gone, __m512i order, __m512i row) {
    order = _mm512_xor_si512(order, _mm512_set1_epi32(INT32_MIN));
    __m512i lower = keys_of(_mm512_castsi512_si256(order), _mm512_castsi512_si256(row));
    __m512i upper = keys_of(_mm512_extracti64x4_epi64(order, 1), _mm512_extracti64x4_epi64(row, 1));
    __mmask8 first = (__mmask8)gone, second = (__mmask8)(gone >> 8);
    _mm512_storeu_si512(passed->keys + passed->count, _mm512_maskz_compress_epi64(first, lower));
    passed->count += (size_t)__builtin_popcount(first);
    _mm512_storeu_si512(passed->keys + passed->count, _mm512_maskz_compress_epi64(second, upper));
    passed->count += (size_t)__builtin_popcount(second);
}

PB_TARGET PB_INLINE size_t insert(uint64_t *keys, size_t *held, size_t width, const uint32_t *rows,
                                  const float *distances, size_t count, pb_passed *passed) {
    const size_t blocks = (width + 7) / 8;
    const __mmask8 beyond = width % 8 ? (__mmask8)(0xff << width % 8) : 0;
    int32_t ordered[16];
    size_t nearest = width, taken = *held;
    for (size_t at = 0; at < count; at += 16) {
        __mmask16 lanes = count - at < 16 ? (__mmask16)((1u << (count - at)) - 1) : 0xffff;
        __m512i raw = _mm512_maskz_loadu_epi32(lanes, distances + at);
        __m512i magnitude =
            _mm512_and_si512(_mm512_srai_epi32(raw, 31), _mm512_set1_epi32(0x7fffffff));
        __m512i order = _mm512_xor_si512(raw, magnitude);
        __m512i bound = _mm512_set1_epi32(pb_bound(keys[width - 1]));
        unsigned left = _mm512_mask_cmple_epi32_mask(lanes, order, bound);
        if (passed) {
            pass_on(passed, lanes & ~left, order, _mm512_maskz_loadu_epi32(lanes, rows + at));
        }
        if (!left)
            continue;
        _mm512_storeu_si512(ordered, order);
        for (; left; left &= left - 1) {
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

PB_TARGET static size_t insert_avx512(uint64_t *keys, size_t *held, size_t width,
                                      const uint32_t *rows, const float *distances, size_t count) {
    return insert(keys, held, width, rows, distances, count, NULL);
}

PB_TARGET static size_t insert_all_avx512(uint64_t *keys, size_t *held, size_t width,
                                          const uint32_t *rows, const float *distances,
                                          size_t count, uint64_t *passed, size_t *passed_count) {
    pb_passed all = {passed, *passed_count};
    size_t nearest = insert(keys, held, width, rows, distances, count, &all);
    *passed_count = all.count;
    return nearest;
}

// What is written behind what is kept has been read: `kept` never passes `at`.
PB_TARGET static size_t keep(uint32_t *places, uint32_t *rows, float *own, const float *other,
                             size_t open) {
    size_t kept = 0;
    for (size_t at = 1; at < open; at += 16) {
        __mmask16 lanes = open - at < 16 ? (__mmask16)((1u << (open - at)) - 1) : 0xffff;
        __m512i place = _mm512_maskz_loadu_epi32(lanes, places + at);
        __m512i row = _mm512_maskz_loadu_epi32(lanes, rows + at);
        __m512 distance = _mm512_maskz_loadu_ps(lanes, own + at);
        __m512 between = _mm512_maskz_loadu_ps(lanes, other + at - 1);
        __mmask16 nearer = _mm512_mask_cmp_ps_mask(lanes, distance, between, _CMP_LT_OQ);
        _mm512_mask_storeu_epi32(places + kept, lanes, _mm512_maskz_compress_epi32(nearer, place));
        _mm512_mask_storeu_epi32(rows + kept, lanes, _mm512_maskz_compress_epi32(nearer, row));
        _mm512_mask_storeu_ps(own + kept, lanes, _mm512_maskz_compress_ps(nearer, distance));
        kept += (size_t)__builtin_popcount(nearer);
    }
    return kept;
}

const pb_kernels pb_kernels_avx512 = {insert_avx512, insert_all_avx512, keep};
#endif
