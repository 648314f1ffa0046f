// The AVX-512 level: F, BW, VL, DQ and VNNI (Ice Lake and Zen 4 onwards).
//
// Codes: `vpdpbusd` multiplies 64 unsigned row bytes by 64 signed query bytes and adds each group
// of four to one of 16 int32 lanes, without saturation. A lane gets at most 16,384 / 16 products of
// 255 * 128, and all lanes together 5.4e8 < 2^31. Floats: 16 float32 lanes with FMA, at most
// 16,384 / 16 = 1,024 additions per lane. Tails are masked loads: no byte outside a row is read.
#include "avx512.h"
#include "bits.h"
#include "half.h"
#include "list.h"
#include "nibble.h"
#include "rotation.h"
#include "sketch.h"
#include "thirteen.h"

#if defined(__x86_64__)
// sum + left * right, or sum + (left - right)^2.
PK_BODY __m512 accumulate(__m512 sum, __m512 left, __m512 right, int squared) {
    if (!squared)
        return _mm512_fmadd_ps(left, right, sum);
    __m512 difference = _mm512_sub_ps(left, right);
    return _mm512_fmadd_ps(difference, difference, sum);
}

PK_BODY float float_pair(const uint8_t *left, const uint8_t *right, size_t count, int squared) {
    __m512 sums[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(),
                      _mm512_setzero_ps()};
    size_t at = 0;
    for (; at + 64 <= count; at += 64)
        for (size_t i = 0; i < 4; i++)
            sums[i] = accumulate(sums[i], _mm512_loadu_ps(left + 4 * (at + 16 * i)),
                                 _mm512_loadu_ps(right + 4 * (at + 16 * i)), squared);
    for (; at < count; at += 16) {
        __mmask16 mask = count - at < 16 ? float_mask(count - at) : (__mmask16)0xFFFF;
        sums[0] = accumulate(sums[0], _mm512_maskz_loadu_ps(mask, left + 4 * at),
                             _mm512_maskz_loadu_ps(mask, right + 4 * at), squared);
    }
    return _mm512_reduce_add_ps(
        _mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3])));
}

PK_TARGET static float inner_product(const void *left, const void *right, size_t count) {
    return float_pair(left, right, count, 0);
}

PK_TARGET static float squared_euclidean(const void *left, const void *right, size_t count) {
    return float_pair(left, right, count, 1);
}

typedef __m512 pk_wide;
enum { pk_wide_lanes = 16, pk_tile_right = 4 };
PK_BODY pk_wide wide_zero(void) { return _mm512_setzero_ps(); }
PK_BODY pk_wide wide_load(const float *floats) { return _mm512_loadu_ps(floats); }
PK_BODY pk_wide wide_add_product(pk_wide sum, pk_wide left, pk_wide right) {
    return _mm512_fmadd_ps(left, right, sum);
}
PK_BODY float wide_sum(pk_wide sum) { return _mm512_reduce_add_ps(sum); }
#include "table.h"

PK_TARGET static int32_t code_product(const uint8_t *codes, const int8_t *query, size_t count) {
    __m512i sum = _mm512_setzero_si512();
    size_t at = 0;
    for (; at + 64 <= count; at += 64)
        sum = _mm512_dpbusd_epi32(sum, _mm512_loadu_si512(codes + at),
                                  _mm512_loadu_si512(query + at));
    __mmask64 mask = byte_mask(count - at);
    sum = _mm512_dpbusd_epi32(sum, _mm512_maskz_loadu_epi8(mask, codes + at),
                              _mm512_maskz_loadu_epi8(mask, query + at));
    return _mm512_reduce_add_epi32(sum);
}

// Raw sums of `rows` rows of floats, while the rows of `next` are asked for.
PK_BODY void float_group(const float *query, size_t count, const uint8_t *const *row,
                         const uint8_t *const *next, size_t rows, int squared, float *sums) {
    __m512 sum[pk_group];
    for (size_t r = 0; r < rows; r++)
        sum[r] = _mm512_setzero_ps();
    size_t at = 0;
    for (; at + 16 <= count; at += 16) {
        __m512 piece = _mm512_loadu_ps(query + at);
        for (size_t r = 0; r < rows; r++) {
            __builtin_prefetch(next[r] + 4 * at, 0, 3);
            sum[r] = accumulate(sum[r], piece, _mm512_loadu_ps(row[r] + 4 * at), squared);
        }
    }
    if (at < count) {
        __mmask16 mask = float_mask(count - at);
        __m512 piece = _mm512_maskz_loadu_ps(mask, query + at);
        for (size_t r = 0; r < rows; r++) {
            __builtin_prefetch(next[r] + 4 * at, 0, 3);
            sum[r] =
                accumulate(sum[r], piece, _mm512_maskz_loadu_ps(mask, row[r] + 4 * at), squared);
        }
    }
    for (size_t r = 0; r < rows; r++)
        sums[r] = _mm512_reduce_add_ps(sum[r]);
}

PK_BODY void float_list(const pk_list *list, const float *query, float offset, float scale,
                        float *out, int squared) {
    const uint8_t *row[pk_group], *next[pk_group];
    float sums[pk_group];
    size_t at = 0;
    for (; at + pk_group <= list->count; at += pk_group) {
        for (size_t r = 0; r < pk_group; r++) {
            row[r] = pk_row(list, at + r);
            next[r] = at + pk_group + r < list->count ? pk_row(list, at + pk_group + r) : row[r];
        }
        float_group(query, list->dimensions, row, next, pk_group, squared, sums);
        for (size_t r = 0; r < pk_group; r++)
            out[at + r] = offset + scale * sums[r];
    }
    for (; at < list->count; at++) {
        row[0] = pk_row(list, at);
        next[0] = at + 1 < list->count ? pk_row(list, at + 1) : row[0];
        float_group(query, list->dimensions, row, next, 1, squared, sums);
        out[at] = offset + scale * sums[0];
    }
}

PK_TARGET static void inner_product_list(const pk_list *list, const float *query, float offset,
                                         float scale, float *out) {
    float_list(list, query, offset, scale, out, 0);
}

PK_TARGET static void squared_euclidean_list(const pk_list *list, const float *query, float offset,
                                             float scale, float *out) {
    float_list(list, query, offset, scale, out, 1);
}

// Products of `rows` rows of codes with the query, while the rows of `next` are asked for.
PK_BODY void code_group(const pk_code_query *query, size_t count, const uint8_t *const *row,
                        const uint8_t *const *next, size_t rows, __m512i *sum) {
    const __m512i flip = _mm512_set1_epi8((char)query->flip);
    for (size_t r = 0; r < rows; r++)
        sum[r] = _mm512_setzero_si512();
    size_t at = 0;
    for (; at + 64 <= count; at += 64) {
        __m512i piece = _mm512_xor_si512(_mm512_loadu_si512(query->bytes + at), flip);
        for (size_t r = 0; r < rows; r++) {
            __builtin_prefetch(next[r] + at, 0, 3);
            sum[r] = _mm512_dpbusd_epi32(sum[r], _mm512_loadu_si512(row[r] + at), piece);
        }
    }
    __mmask64 mask = byte_mask(count - at);
    __m512i piece = _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, query->bytes + at), flip);
    for (size_t r = 0; r < rows; r++) {
        __builtin_prefetch(next[r] + query->term_offset, 0, 3);
        sum[r] = _mm512_dpbusd_epi32(sum[r], _mm512_maskz_loadu_epi8(mask, row[r] + at), piece);
    }
}

PK_TARGET static void code_list(const pk_list *list, const pk_code_query *query, float *out) {
    const uint8_t *row[pk_group], *next[pk_group];
    __m512i sum[pk_group];
    int32_t dot[pk_group];
    size_t at = 0;
    for (; at + pk_group <= list->count; at += pk_group) {
        for (size_t r = 0; r < pk_group; r++) {
            row[r] = pk_row(list, at + r);
            next[r] = at + pk_group + r < list->count ? pk_row(list, at + pk_group + r) : row[r];
        }
        code_group(query, list->dimensions, row, next, pk_group, sum);
        _mm_storeu_si128((__m128i *)dot, sum_four(sum));
        for (size_t r = 0; r < pk_group; r++)
            out[at + r] = pk_code_distance(query, dot[r], pk_term(query, row[r]));
    }
    for (; at < list->count; at++) {
        row[0] = pk_row(list, at);
        next[0] = at + 1 < list->count ? pk_row(list, at + 1) : row[0];
        code_group(query, list->dimensions, row, next, 1, sum);
        out[at] = pk_code_distance(query, _mm512_reduce_add_epi32(sum[0]), pk_term(query, row[0]));
    }
}

// `vmaxps` returns its second operand when the first is not a number: NaN becomes 0.
PK_BODY __m512i encode16(__m512 values, const pk_grid *grid) {
    __m512 code = _mm512_mul_ps(values, _mm512_set1_ps(grid->unit));
    code = _mm512_sub_ps(code, _mm512_set1_ps(grid->low));
    code = _mm512_mul_ps(code, _mm512_set1_ps(grid->inverse));
    code = _mm512_max_ps(code, _mm512_setzero_ps());
    code = _mm512_min_ps(code, _mm512_set1_ps(255.0f));
    return _mm512_cvtps_epi32(code);
}

PK_TARGET static pk_code_sums encode(const float *vector, size_t count, const pk_grid *grid,
                                     uint8_t flip, uint8_t *out) {
    const __m128i flips = _mm_set1_epi8((char)flip);
    __m512i sum = _mm512_setzero_si512(), squares = _mm512_setzero_si512();
    for (size_t at = 0; at < count; at += 16) {
        __mmask16 mask = count - at < 16 ? float_mask(count - at) : (__mmask16)0xFFFF;
        __m512i code = encode16(_mm512_maskz_loadu_ps(mask, vector + at), grid);
        code = _mm512_maskz_mov_epi32(mask, code);
        sum = _mm512_add_epi32(sum, code);
        squares = _mm512_add_epi32(squares, _mm512_mullo_epi32(code, code));
        __m128i bytes = _mm_xor_si128(_mm512_cvtepi32_epi8(code), flips);
        _mm_mask_storeu_epi8(out + at, mask, bytes);
    }
    return (pk_code_sums){_mm512_reduce_add_epi32(sum), _mm512_reduce_add_epi32(squares)};
}

// Product and sum apart, not fused: the same bits at every level.
PK_TARGET static void code_decode(const uint8_t *codes, size_t count, float low, float step,
                                  float *out) {
    for (size_t at = 0; at < count; at += 16) {
        __mmask16 mask = count - at < 16 ? float_mask(count - at) : (__mmask16)0xFFFF;
        __m128i bytes = _mm_maskz_loadu_epi8(mask, codes + at);
        __m512 values = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
        values = _mm512_mul_ps(_mm512_set1_ps(step), values);
        _mm512_mask_storeu_ps(out + at, mask, _mm512_add_ps(_mm512_set1_ps(low), values));
    }
}

const pk_table pk_table_avx512 = {
    .name = "avx512",
    .level = pk_level_avx512,
    .inner_product = inner_product,
    .squared_euclidean = squared_euclidean,
    .code_product = code_product,
    .inner_product_list = inner_product_list,
    .squared_euclidean_list = squared_euclidean_list,
    .inner_product_table = inner_product_table,
    .code_list = code_list,
    .encode = encode,
    .code_decode = code_decode,
    .half_list = pk_half_list_avx512,
    .half_encode = pk_half_encode_avx2,
    .half_decode = pk_half_decode_avx2,
    .nibble_list = pk_nibble_list_avx512,
    .nibble_encode = pk_nibble_encode_avx2,
    .thirteen_list = pk_thirteen_list_avx512,
    .bit_list = pk_bit_list_avx512,
    .bit_encode = pk_bit_encode_avx2,
    .bit_decode = pk_bit_decode_avx2,
    .flip_signs = pk_flip_signs_avx512,
    .hadamard = pk_hadamard_avx2,
    .mix_halves = pk_mix_halves_avx512,
    .sketch_block = pk_sketch_block_avx512,
};
#endif
