// What the files of the AVX2 level share: the target.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>

#define PK_TARGET __attribute__((target("avx2,fma,f16c")))
#define PK_BODY PK_TARGET static inline __attribute__((always_inline))
#endif
