// Rows of 2-byte numbers with AVX2, FMA and F16C.
//
// 8 halves become 8 float32 lanes: binary16 by `vcvtph2ps`, bfloat16 by widening and a shift, whole
// numbers by widening and conversion. Sums in float32 with FMA, at most 16,384 / 8 = 2,048
// additions per lane. Tails are element by element.
#include "avx2.h"
#include "half.h"

#if defined(__x86_64__)

PK_BODY __m256 load8(const uint8_t *halves, size_t at, int format) {
    __m128i words = _mm_loadu_si128((const __m128i *)(const void *)(halves + 2 * at));
    if (format == pk_half_bfloat16)
        return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(words), 16));
    if (format == pk_half_integer16)
        return _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(words));
    return _mm256_cvtph_ps(words);
}

PK_BODY float sum_lanes(__m256 sum) {
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

// sum + left * right, or sum + (left - right)^2.
PK_BODY __m256 accumulate(__m256 sum, __m256 left, __m256 right, int squared) {
    if (!squared)
        return _mm256_fmadd_ps(left, right, sum);
    __m256 difference = _mm256_sub_ps(left, right);
    return _mm256_fmadd_ps(difference, difference, sum);
}

PK_BODY float component(const uint8_t *query, size_t at, int is_row, int format) {
    float value;
    memcpy(&value, query + (is_row ? 0 : 4 * at), sizeof value);
    return is_row ? pk_half_value(query, at, format) : value;
}

// Sums of `rows` rows, while the rows of `next` are asked for.
PK_BODY void group(const uint8_t *query, size_t count, const uint8_t *const *row,
                   const uint8_t *const *next, size_t rows, int is_row, int format, int squared,
                   float *sums) {
    __m256 sum[pk_group];
    for (size_t r = 0; r < rows; r++)
        sum[r] = _mm256_setzero_ps();
    size_t at = 0;
    for (; at + 8 <= count; at += 8) {
        __m256 piece = is_row ? load8(query, at, format)
                              : _mm256_loadu_ps((const float *)(const void *)(query + 4 * at));
        for (size_t r = 0; r < rows; r++) {
            if ((at & 24) == 0)
                __builtin_prefetch(next[r] + 2 * at, 0, 3);
            sum[r] = accumulate(sum[r], piece, load8(row[r], at, format), squared);
        }
    }
    for (size_t r = 0; r < rows; r++) {
        sums[r] = sum_lanes(sum[r]);
        for (size_t rest = at; rest < count; rest++) {
            float left = component(query, rest, is_row, format);
            float right = pk_half_value(row[r], rest, format), difference = left - right;
            sums[r] += squared ? difference * difference : left * right;
        }
    }
}

#include "half_list.h"

PK_TARGET void pk_half_list_avx2(const pk_list *list, const pk_half_query *query, float *out) {
    half_list(list, query, out);
}

// `vmaxps` returns its second operand when the first is not a number.
PK_BODY __m256 clamped(__m256 values, float limit) {
    return _mm256_min_ps(_mm256_max_ps(values, _mm256_set1_ps(-limit)), _mm256_set1_ps(limit));
}

PK_TARGET void pk_half_encode_avx2(const float *vector, size_t count, float factor, int32_t format,
                                   uint8_t *out) {
    const __m256i ones = _mm256_set1_epi32(1), below = _mm256_set1_epi32(0x7FFF);
    size_t at = 0;
    for (; at + 8 <= count; at += 8) {
        __m256 values = _mm256_mul_ps(_mm256_loadu_ps(vector + at), _mm256_set1_ps(factor));
        values = clamped(values, pk_half_limit(format));
        __m128i words;
        if (format == pk_half_bfloat16) {
            __m256i bits = _mm256_castps_si256(values);
            __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), ones);
            bits = _mm256_add_epi32(_mm256_add_epi32(bits, below), odd);
            bits = _mm256_srli_epi32(bits, 16);
            words =
                _mm_packus_epi32(_mm256_castsi256_si128(bits), _mm256_extracti128_si256(bits, 1));
        } else if (format == pk_half_integer16) {
            __m256i whole = _mm256_cvtps_epi32(values);
            words =
                _mm_packs_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
        } else {
            words = _mm256_cvtps_ph(values, _MM_FROUND_TO_NEAREST_INT);
        }
        _mm_storeu_si128((__m128i *)(void *)(out + 2 * at), words);
    }
    for (; at < count; at++)
        pk_half_store(out, at, vector[at] * factor, format);
}

PK_TARGET void pk_half_decode_avx2(const uint8_t *halves, size_t count, float factor,
                                   int32_t format, float *out) {
    size_t at = 0;
    for (; at + 8 <= count; at += 8) {
        __m256 values = load8(halves, at, format);
        _mm256_storeu_ps(out + at, _mm256_mul_ps(values, _mm256_set1_ps(factor)));
    }
    for (; at < count; at++)
        out[at] = factor * pk_half_value(halves, at, format);
}
#endif
