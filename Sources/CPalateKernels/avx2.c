// The AVX2 level: AVX2, FMA and F16C (Haswell and Zen onwards).
//
// Codes: 16 row bytes and 16 query bytes are widened to int16 and `vpmaddwd` adds products in
// pairs to 8 int32 lanes. `vpmaddubsw` would take half the instructions but saturates at 2^15. A
// lane gets at most 16,384 / 8 products of 255 * 128 = 6.7e7 < 2^31. Floats: 8 float32 lanes with
// FMA, at most 16,384 / 8 = 2,048 additions per lane. Tails are element by element: no byte
// outside a row is read.
#include "avx2.h"
#include "bits.h"
#include "half.h"
#include "list.h"
#include "nibble.h"
#include "rotation.h"
#include "sketch.h"
#include "thirteen.h"

#if defined(__x86_64__)
PK_BODY float float_at(const uint8_t *floats, size_t at) {
    float value;
    memcpy(&value, floats + at * sizeof value, sizeof value);
    return value;
}

PK_BODY __m256 load8(const uint8_t *floats, size_t at) {
    return _mm256_loadu_ps((const float *)(const void *)(floats + at * sizeof(float)));
}

PK_BODY float sum_lanes(__m256 sum) {
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

PK_BODY int32_t sum_int_lanes(__m256i sum) {
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xB1)));
}

// sum + left * right, or sum + (left - right)^2.
PK_BODY __m256 accumulate(__m256 sum, __m256 left, __m256 right, int squared) {
    if (!squared)
        return _mm256_fmadd_ps(left, right, sum);
    __m256 difference = _mm256_sub_ps(left, right);
    return _mm256_fmadd_ps(difference, difference, sum);
}

// The components from `at` on, fewer than 8.
PK_BODY float float_tail(const uint8_t *left, const uint8_t *right, size_t at, size_t count,
                         int squared) {
    float sum = 0;
    for (; at < count; at++) {
        float value = float_at(left, at), other = float_at(right, at);
        float difference = value - other;
        sum += squared ? difference * difference : value * other;
    }
    return sum;
}

PK_BODY float float_pair(const uint8_t *left, const uint8_t *right, size_t count, int squared) {
    __m256 sums[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(),
                      _mm256_setzero_ps()};
    size_t at = 0;
    for (; at + 32 <= count; at += 32)
        for (size_t i = 0; i < 4; i++)
            sums[i] =
                accumulate(sums[i], load8(left, at + 8 * i), load8(right, at + 8 * i), squared);
    for (; at + 8 <= count; at += 8)
        sums[0] = accumulate(sums[0], load8(left, at), load8(right, at), squared);
    return sum_lanes(
               _mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3]))) +
           float_tail(left, right, at, count, squared);
}

PK_TARGET static float inner_product(const void *left, const void *right, size_t count) {
    return float_pair(left, right, count, 0);
}

PK_TARGET static float squared_euclidean(const void *left, const void *right, size_t count) {
    return float_pair(left, right, count, 1);
}

// Raw sums of `rows` rows of floats, while the rows of `next` are asked for.
PK_BODY void float_group(const float *query, size_t count, const uint8_t *const *row,
                         const uint8_t *const *next, size_t rows, int squared, float *sums) {
    __m256 sum[pk_group];
    for (size_t r = 0; r < rows; r++)
        sum[r] = _mm256_setzero_ps();
    size_t at = 0;
    for (; at + 8 <= count; at += 8) {
        __m256 piece = _mm256_loadu_ps(query + at);
        for (size_t r = 0; r < rows; r++) {
            if ((at & 8) == 0)
                __builtin_prefetch(next[r] + 4 * at, 0, 3);
            sum[r] = accumulate(sum[r], piece, load8(row[r], at), squared);
        }
    }
    for (size_t r = 0; r < rows; r++)
        sums[r] =
            sum_lanes(sum[r]) + float_tail((const uint8_t *)query, row[r], at, count, squared);
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
PK_BODY void code_group(const uint8_t *query, uint8_t flip, size_t count, const uint8_t *const *row,
                        const uint8_t *const *next, size_t rows, int32_t *dot) {
    const __m128i flips = _mm_set1_epi8((char)flip);
    __m256i sum[pk_group];
    for (size_t r = 0; r < rows; r++)
        sum[r] = _mm256_setzero_si256();
    size_t at = 0;
    for (; at + 16 <= count; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(query + at));
        __m256i piece = _mm256_cvtepi8_epi16(_mm_xor_si128(bytes, flips));
        for (size_t r = 0; r < rows; r++) {
            if ((at & 48) == 0)
                __builtin_prefetch(next[r] + at, 0, 3);
            __m128i codes = _mm_loadu_si128((const __m128i *)(const void *)(row[r] + at));
            sum[r] =
                _mm256_add_epi32(sum[r], _mm256_madd_epi16(_mm256_cvtepu8_epi16(codes), piece));
        }
    }
    for (size_t r = 0; r < rows; r++) {
        __builtin_prefetch(next[r] + at, 0, 3);
        dot[r] = sum_int_lanes(sum[r]);
        for (size_t rest = at; rest < count; rest++)
            dot[r] += (int32_t)row[r][rest] * (int32_t)(int8_t)(query[rest] ^ flip);
    }
}

typedef __m256 pk_wide;
enum { pk_wide_lanes = 8, pk_tile_right = 2 };
PK_BODY pk_wide wide_zero(void) { return _mm256_setzero_ps(); }
PK_BODY pk_wide wide_load(const float *floats) { return _mm256_loadu_ps(floats); }
PK_BODY pk_wide wide_add_product(pk_wide sum, pk_wide left, pk_wide right) {
    return _mm256_fmadd_ps(left, right, sum);
}
PK_BODY float wide_sum(pk_wide sum) { return sum_lanes(sum); }
#include "table.h"

PK_TARGET static int32_t code_product(const uint8_t *codes, const int8_t *query, size_t count) {
    int32_t dot;
    code_group((const uint8_t *)query, 0, count, &codes, &codes, 1, &dot);
    return dot;
}

PK_TARGET static void code_list(const pk_list *list, const pk_code_query *query, float *out) {
    const uint8_t *row[pk_group], *next[pk_group];
    int32_t dot[pk_group];
    size_t at = 0;
    for (; at + pk_group <= list->count; at += pk_group) {
        for (size_t r = 0; r < pk_group; r++) {
            row[r] = pk_row(list, at + r);
            next[r] = at + pk_group + r < list->count ? pk_row(list, at + pk_group + r) : row[r];
        }
        code_group(query->bytes, query->flip, list->dimensions, row, next, pk_group, dot);
        for (size_t r = 0; r < pk_group; r++)
            out[at + r] = pk_code_distance(query, dot[r], pk_term(query, row[r]));
    }
    for (; at < list->count; at++) {
        row[0] = pk_row(list, at);
        next[0] = at + 1 < list->count ? pk_row(list, at + 1) : row[0];
        code_group(query->bytes, query->flip, list->dimensions, row, next, 1, dot);
        out[at] = pk_code_distance(query, dot[0], pk_term(query, row[0]));
    }
}

// `vmaxps` returns its second operand when the first is not a number: NaN becomes 0.
PK_BODY __m256i encode8(__m256 values, const pk_grid *grid) {
    __m256 code = _mm256_mul_ps(values, _mm256_set1_ps(grid->unit));
    code = _mm256_sub_ps(code, _mm256_set1_ps(grid->low));
    code = _mm256_mul_ps(code, _mm256_set1_ps(grid->inverse));
    code = _mm256_max_ps(code, _mm256_setzero_ps());
    code = _mm256_min_ps(code, _mm256_set1_ps(255.0f));
    return _mm256_cvtps_epi32(code);
}

PK_TARGET static pk_code_sums encode(const float *vector, size_t count, const pk_grid *grid,
                                     uint8_t flip, uint8_t *out) {
    const __m128i flips = _mm_set1_epi8((char)flip);
    __m256i sum = _mm256_setzero_si256(), squares = _mm256_setzero_si256();
    size_t at = 0;
    for (; at + 8 <= count; at += 8) {
        __m256i code = encode8(_mm256_loadu_ps(vector + at), grid);
        sum = _mm256_add_epi32(sum, code);
        squares = _mm256_add_epi32(squares, _mm256_mullo_epi32(code, code));
        __m128i words =
            _mm_packus_epi32(_mm256_castsi256_si128(code), _mm256_extracti128_si256(code, 1));
        __m128i bytes = _mm_xor_si128(_mm_packus_epi16(words, words), flips);
        _mm_storel_epi64((__m128i *)(void *)(out + at), bytes);
    }
    pk_code_sums sums = {sum_int_lanes(sum), sum_int_lanes(squares)};
    for (; at < count; at++) {
        uint8_t code = pk_code(vector[at], grid);
        pk_add_code(&sums, code);
        out[at] = code ^ flip;
    }
    return sums;
}

// Product and sum apart, not fused: the same bits at every level.
PK_TARGET static void code_decode(const uint8_t *codes, size_t count, float low, float step,
                                  float *out) {
    size_t at = 0;
    for (; at + 8 <= count; at += 8) {
        __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)(codes + at));
        __m256 values = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
        values = _mm256_mul_ps(_mm256_set1_ps(step), values);
        _mm256_storeu_ps(out + at, _mm256_add_ps(_mm256_set1_ps(low), values));
    }
    for (; at < count; at++)
        out[at] = pk_code_value(codes[at], low, step);
}

const pk_table pk_table_avx2 = {
    .name = "avx2",
    .level = pk_level_avx2,
    .inner_product = inner_product,
    .squared_euclidean = squared_euclidean,
    .code_product = code_product,
    .inner_product_list = inner_product_list,
    .squared_euclidean_list = squared_euclidean_list,
    .inner_product_table = inner_product_table,
    .code_list = code_list,
    .encode = encode,
    .code_decode = code_decode,
    .half_list = pk_half_list_avx2,
    .half_encode = pk_half_encode_avx2,
    .half_decode = pk_half_decode_avx2,
    .nibble_list = pk_nibble_list_avx2,
    .nibble_encode = pk_nibble_encode_avx2,
    .thirteen_list = pk_thirteen_list_avx2,
    .bit_list = pk_bit_list_avx2,
    .bit_encode = pk_bit_encode_avx2,
    .bit_decode = pk_bit_decode_avx2,
    .flip_signs = pk_flip_signs_avx2,
    .hadamard = pk_hadamard_avx2,
    .mix_halves = pk_mix_halves_avx2,
    .sketch_block = pk_sketch_block_avx2,
};
#endif
