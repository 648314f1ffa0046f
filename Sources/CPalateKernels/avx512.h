// What the files of the AVX-512 level share: the target, masks for tails, and sums over lanes.
#pragma once

#include <stddef.h>

#if defined(__x86_64__)
#include <immintrin.h>

#define PK_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma")))
#define PK_BODY PK_TARGET static inline __attribute__((always_inline))

// The first `count` of 16 lanes.
PK_BODY __mmask16 float_mask(size_t count) { return (__mmask16)((1u << count) - 1); }

// The first `count` bytes, fewer than 64.
PK_BODY __mmask64 byte_mask(size_t count) { return (__mmask64)((1ull << count) - 1); }

// Four sums of 16 lanes each, as the four lanes of one register.
PK_BODY __m128i sum_four(const __m512i *sum) {
    __m128i part[4];
    for (size_t r = 0; r < 4; r++) {
        __m256i half =
            _mm256_add_epi32(_mm512_castsi512_si256(sum[r]), _mm512_extracti64x4_epi64(sum[r], 1));
        part[r] = _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    }
    return _mm_hadd_epi32(_mm_hadd_epi32(part[0], part[1]), _mm_hadd_epi32(part[2], part[3]));
}
#endif
