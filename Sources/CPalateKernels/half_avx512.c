// Rows of 2-byte numbers with AVX-512; encoding and decoding are the AVX2 level's.
//
// 16 halves become 16 float32 lanes: binary16 by `vcvtph2ps`, bfloat16 by widening and a shift,
// whole numbers by widening and conversion. Sums in float32 with FMA, at most 16,384 / 16 = 1,024
// additions per lane. Tails are masked loads.
#include "avx512.h"
#include "half.h"

#if defined(__x86_64__)

PK_BODY __m512 widened(__m256i halves, int format) {
    if (format == pk_half_bfloat16)
        return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
    if (format == pk_half_integer16)
        return _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(halves));
    return _mm512_cvtph_ps(halves);
}

PK_BODY __m512 load16(const uint8_t *halves, size_t at, int format) {
    return widened(_mm256_loadu_si256((const __m256i *)(const void *)(halves + 2 * at)), format);
}

PK_BODY __m512 load_masked(const uint8_t *halves, size_t at, __mmask16 mask, int format) {
    return widened(_mm256_maskz_loadu_epi16(mask, halves + 2 * at), format);
}

// sum + left * right, or sum + (left - right)^2.
PK_BODY __m512 accumulate(__m512 sum, __m512 left, __m512 right, int squared) {
    if (!squared)
        return _mm512_fmadd_ps(left, right, sum);
    __m512 difference = _mm512_sub_ps(left, right);
    return _mm512_fmadd_ps(difference, difference, sum);
}

// Sums of `rows` rows, while the rows of `next` are asked for.
PK_BODY void group(const uint8_t *query, size_t count, const uint8_t *const *row,
                   const uint8_t *const *next, size_t rows, int is_row, int format, int squared,
                   float *sums) {
    __m512 sum[pk_group];
    for (size_t r = 0; r < rows; r++)
        sum[r] = _mm512_setzero_ps();
    size_t at = 0;
    for (; at + 16 <= count; at += 16) {
        __m512 piece = is_row ? load16(query, at, format) : _mm512_loadu_ps(query + 4 * at);
        for (size_t r = 0; r < rows; r++) {
            if ((at & 16) == 0)
                __builtin_prefetch(next[r] + 2 * at, 0, 3);
            sum[r] = accumulate(sum[r], piece, load16(row[r], at, format), squared);
        }
    }
    if (at < count) {
        __mmask16 mask = float_mask(count - at);
        __m512 piece = is_row ? load_masked(query, at, mask, format)
                              : _mm512_maskz_loadu_ps(mask, query + 4 * at);
        for (size_t r = 0; r < rows; r++) {
            __builtin_prefetch(next[r] + 2 * at, 0, 3);
            sum[r] = accumulate(sum[r], piece, load_masked(row[r], at, mask, format), squared);
        }
    }
    for (size_t r = 0; r < rows; r++)
        sums[r] = _mm512_reduce_add_ps(sum[r]);
}

#include "half_list.h"

PK_TARGET void pk_half_list_avx512(const pk_list *list, const pk_half_query *query, float *out) {
    half_list(list, query, out);
}
#endif
