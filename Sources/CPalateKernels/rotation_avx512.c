// The steps of a rotation with AVX-512, but for the transform, which AVX2 does as fast.
#include "avx512.h"
#include "rotation.h"

#if defined(__x86_64__)

enum { lanes = 16 };

// The sign bits of the 16 components from `at` on.
PK_BODY __mmask16 sign_mask(const uint64_t *signs, size_t at) {
    return (__mmask16)(signs[at / 64] >> (at % 64));
}

PK_TARGET void pk_flip_signs_avx512(float *vector, size_t count, const uint64_t *signs) {
    const __m512i top = _mm512_set1_epi32((int32_t)0x80000000u);
    size_t at = 0;
    for (; at + lanes <= count; at += lanes) {
        __m512i bits = _mm512_loadu_si512(vector + at);
        bits = _mm512_mask_xor_epi32(bits, sign_mask(signs, at), bits, top);
        _mm512_storeu_si512(vector + at, bits);
    }
    if (at < count) {
        __mmask16 mask = float_mask(count - at);
        __m512i bits = _mm512_maskz_loadu_epi32(mask, vector + at);
        bits = _mm512_mask_xor_epi32(bits, sign_mask(signs, at), bits, top);
        _mm512_mask_storeu_epi32(vector + at, mask, bits);
    }
}

PK_TARGET void pk_mix_halves_avx512(float *vector, size_t count) {
    const __m512 root = _mm512_set1_ps(PK_HALF_ROOT);
    const size_t half = count / 2;
    float *upper = vector + (count - half);
    size_t at = 0;
    for (; at + lanes <= half; at += lanes) {
        __m512 one = _mm512_loadu_ps(vector + at), other = _mm512_loadu_ps(upper + at);
        _mm512_storeu_ps(vector + at, _mm512_mul_ps(_mm512_add_ps(one, other), root));
        _mm512_storeu_ps(upper + at, _mm512_mul_ps(_mm512_sub_ps(one, other), root));
    }
    if (at < half) {
        __mmask16 mask = float_mask(half - at);
        __m512 one = _mm512_maskz_loadu_ps(mask, vector + at);
        __m512 other = _mm512_maskz_loadu_ps(mask, upper + at);
        _mm512_mask_storeu_ps(vector + at, mask, _mm512_mul_ps(_mm512_add_ps(one, other), root));
        _mm512_mask_storeu_ps(upper + at, mask, _mm512_mul_ps(_mm512_sub_ps(one, other), root));
    }
}
#endif
