// Rows of 4-bit codes with AVX-512 VNNI; encoding is the AVX2 level's.
//
// 64 row bytes are 128 codes: the lower four bits and the upper ones, left where they are (16 times
// their value), meet 64 query bytes each in `vpdpbusd`. All lanes of the upper sum together hold at
// most 8,192 * 240 * 128 = 2.5e8 < 2^31. Tails are masked loads: no byte outside a row is read.
#include "avx512.h"
#include "nibble.h"

#if defined(__x86_64__)

// The 64 query bytes for the lower and the upper codes of bytes `at` and on.
PK_BODY void load_query(const pk_nibbles *all, size_t at, __mmask64 mask, int is_row, __m512i *low,
                        __m512i *high) {
    if (!is_row) {
        *low = _mm512_maskz_loadu_epi8(mask, all->bytes + at);
        *high = _mm512_maskz_loadu_epi8(mask, all->bytes + all->half + at);
        return;
    }
    const __m512i lower = _mm512_set1_epi8(15), base = _mm512_set1_epi8(15);
    __m512i bytes = _mm512_maskz_loadu_epi8(mask, all->bytes + at);
    __m512i first = _mm512_and_si512(bytes, lower);
    __m512i second = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), lower);
    *low = _mm512_sub_epi8(_mm512_add_epi8(first, first), base);
    *high = _mm512_sub_epi8(_mm512_add_epi8(second, second), base);
}

// <q, c> of `rows` rows as sums of 16 lanes.
PK_BODY void group(const pk_nibbles *all, const uint8_t *const *row, size_t rows, int is_row,
                   __m512i *sum) {
    const __m512i lower = _mm512_set1_epi8(15);
    __m512i low[pk_group], high[pk_group], first, second;
    for (size_t r = 0; r < rows; r++)
        low[r] = high[r] = _mm512_setzero_si512();
    size_t at = 0;
    for (; at + 64 <= all->half; at += 64) {
        load_query(all, at, ~0ull, is_row, &first, &second);
        for (size_t r = 0; r < rows; r++) {
            __m512i bytes = _mm512_loadu_si512(row[r] + at);
            low[r] = _mm512_dpbusd_epi32(low[r], _mm512_and_si512(bytes, lower), first);
            high[r] = _mm512_dpbusd_epi32(high[r], _mm512_andnot_si512(lower, bytes), second);
        }
    }
    __mmask64 mask = byte_mask(all->half - at);
    load_query(all, at, mask, is_row, &first, &second);
    for (size_t r = 0; r < rows; r++) {
        __m512i bytes = _mm512_maskz_loadu_epi8(mask, row[r] + at);
        low[r] = _mm512_dpbusd_epi32(low[r], _mm512_and_si512(bytes, lower), first);
        high[r] = _mm512_dpbusd_epi32(high[r], _mm512_andnot_si512(lower, bytes), second);
        sum[r] = _mm512_add_epi32(low[r], _mm512_srai_epi32(high[r], 4));
    }
}

PK_BODY void list_of(const pk_list *list, const pk_nibble_query *query, int is_row, float *out) {
    const pk_nibbles all = pk_nibbles_of(list, query);
    const uint8_t *row[pk_group];
    __m512i sum[pk_group];
    int32_t dot[pk_group];
    const size_t ahead = pk_nibble_ahead(list);
    size_t at = 0;
    pk_ask_first(list, ahead);
    for (; at + pk_group <= list->count; at += pk_group) {
        for (size_t r = 0; r < pk_group; r++) {
            row[r] = pk_row(list, at + r);
            pk_ask_on(list, at + ahead + r);
        }
        group(&all, row, pk_group, is_row, sum);
        _mm_storeu_si128((__m128i *)dot, sum_four(sum));
        for (size_t r = 0; r < pk_group; r++)
            out[at + r] = pk_nibble_distance(&all, dot[r], row[r]);
    }
    for (; at < list->count; at++) {
        row[0] = pk_row(list, at);
        group(&all, row, 1, is_row, sum);
        out[at] = pk_nibble_distance(&all, _mm512_reduce_add_epi32(sum[0]), row[0]);
    }
}

PK_TARGET void pk_nibble_list_avx512(const pk_list *list, const pk_nibble_query *query,
                                     float *out) {
    query->is_row ? list_of(list, query, 1, out) : list_of(list, query, 0, out);
}
#endif
