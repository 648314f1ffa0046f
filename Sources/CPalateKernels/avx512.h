// What the files of the AVX-512 level share: the target, and masks for tails.
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
#endif
