// Rows of 4-bit codes with AVX2.
//
// `vpmaddubsw` adds two products of at most 15 * 128 in an int16, those of the lower and the upper
// codes together are at most 7,680 in magnitude, and `vpmaddwd` widens to 8 int32 lanes of at most
// 16,384 / 8 * 15 * 128 = 3.9e6. Tails are byte by byte.
#include "avx2.h"
#include "nibble.h"

#if defined(__x86_64__)

PK_BODY __m256i load32(const uint8_t *bytes) {
    return _mm256_loadu_si256((const __m256i *)(const void *)bytes);
}

PK_BODY __m256i upper_codes(__m256i bytes) {
    return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(15));
}

// 2c - 15.
PK_BODY __m256i odd_numbers(__m256i codes) {
    return _mm256_sub_epi8(_mm256_add_epi8(codes, codes), _mm256_set1_epi8(15));
}

PK_BODY int32_t sum_lanes(__m256i sum) {
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xB1)));
}

// <q, c> of the bytes from `at` on, fewer than 32.
PK_BODY int32_t tail(const pk_nibbles *all, const uint8_t *row, int is_row, size_t at) {
    int32_t dot = 0;
    for (; at < all->half; at++) {
        int32_t low, high;
        if (is_row) {
            low = 2 * (all->bytes[at] & 15) - 15;
            high = 2 * (all->bytes[at] >> 4) - 15;
        } else {
            low = (int8_t)all->bytes[at];
            high = (int8_t)all->bytes[all->half + at];
        }
        dot += low * (row[at] & 15) + high * (row[at] >> 4);
    }
    return dot;
}

// <q, c> of `rows` rows.
PK_BODY void group(const pk_nibbles *all, const uint8_t *const *row, size_t rows, int is_row,
                   int32_t *dot) {
    const __m256i lower = _mm256_set1_epi8(15), ones = _mm256_set1_epi16(1);
    __m256i sum[pk_group];
    for (size_t r = 0; r < rows; r++)
        sum[r] = _mm256_setzero_si256();
    size_t at = 0;
    for (; at + 32 <= all->half; at += 32) {
        __m256i first = load32(all->bytes + at), second;
        if (is_row) {
            second = odd_numbers(upper_codes(first));
            first = odd_numbers(_mm256_and_si256(first, lower));
        } else {
            second = load32(all->bytes + all->half + at);
        }
        for (size_t r = 0; r < rows; r++) {
            __m256i bytes = load32(row[r] + at);
            __m256i products = _mm256_maddubs_epi16(_mm256_and_si256(bytes, lower), first);
            products = _mm256_add_epi16(products, _mm256_maddubs_epi16(upper_codes(bytes), second));
            sum[r] = _mm256_add_epi32(sum[r], _mm256_madd_epi16(products, ones));
        }
    }
    for (size_t r = 0; r < rows; r++) {
        dot[r] = sum_lanes(sum[r]) + tail(all, row[r], is_row, at);
    }
}

PK_BODY void list_of(const pk_list *list, const pk_nibble_query *query, int is_row, float *out) {
    const pk_nibbles all = pk_nibbles_of(list, query);
    const uint8_t *row[pk_group];
    int32_t dot[pk_group];
    const size_t ahead = pk_nibble_ahead(list);
    size_t at = 0;
    pk_ask_first(list, ahead);
    for (; at + pk_group <= list->count; at += pk_group) {
        for (size_t r = 0; r < pk_group; r++) {
            row[r] = pk_row(list, at + r);
            pk_ask_on(list, at + ahead + r);
        }
        group(&all, row, pk_group, is_row, dot);
        for (size_t r = 0; r < pk_group; r++)
            out[at + r] = pk_nibble_distance(&all, dot[r], row[r]);
    }
    for (; at < list->count; at++) {
        row[0] = pk_row(list, at);
        group(&all, row, 1, is_row, dot);
        out[at] = pk_nibble_distance(&all, dot[0], row[0]);
    }
}

PK_TARGET void pk_nibble_list_avx2(const pk_list *list, const pk_nibble_query *query, float *out) {
    query->is_row ? list_of(list, query, 1, out) : list_of(list, query, 0, out);
}

// Codes of 8 values, and their part of the fit. `vmaxps` returns its second operand when the first
// is not a number.
PK_BODY __m256i encode8(__m256 values, float factor, __m256 *product, __m256i *squares) {
    __m256 code = _mm256_mul_ps(values, _mm256_set1_ps(factor));
    code = _mm256_add_ps(code, _mm256_set1_ps(7.5f));
    code = _mm256_max_ps(code, _mm256_setzero_ps());
    __m256i whole = _mm256_cvtps_epi32(_mm256_min_ps(code, _mm256_set1_ps(15.0f)));
    __m256i odd = _mm256_sub_epi32(_mm256_add_epi32(whole, whole), _mm256_set1_epi32(15));
    *product = _mm256_fmadd_ps(values, _mm256_cvtepi32_ps(odd), *product);
    *squares = _mm256_add_epi32(*squares, _mm256_mullo_epi32(odd, odd));
    return whole;
}

PK_TARGET pk_nibble_fit pk_nibble_encode_avx2(const float *vector, size_t count, float factor,
                                              uint8_t *out) {
    const size_t half = (count + 1) / 2;
    __m256 product = _mm256_setzero_ps();
    __m256i squares = _mm256_setzero_si256();
    size_t at = 0;
    for (; half + at + 8 <= count; at += 8) {
        __m256i low = encode8(_mm256_loadu_ps(vector + at), factor, &product, &squares);
        __m256i high = encode8(_mm256_loadu_ps(vector + half + at), factor, &product, &squares);
        if (!out)
            continue;
        __m256i both = _mm256_or_si256(low, _mm256_slli_epi32(high, 4));
        __m128i words =
            _mm_packus_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
        _mm_storel_epi64((__m128i *)(void *)(out + at), _mm_packus_epi16(words, words));
    }
    __m128 sum = _mm_add_ps(_mm256_castps256_ps128(product), _mm256_extractf128_ps(product, 1));
    sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
    pk_nibble_fit fit = {_mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum))), sum_lanes(squares)};
    pk_nibble_tail(vector, count, factor, out, at, &fit);
    return fit;
}
#endif
