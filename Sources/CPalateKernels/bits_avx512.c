// Rows of 1-bit and 2-bit codes with AVX-512 VNNI; encoding is the AVX2 level's.
//
// A code is moved to the low bits of its byte and meets its query byte in `vpdpbusd`: three
// instructions for 64 components. All lanes together hold at most 16,384 * 3 * 128 = 6.3e6. What
// is left of 32 bytes or fewer is done in half registers: 256 components of 1 bit are one. Tails
// are masked loads: no byte outside a row is read. The four distances of a group are computed side
// by side, which took 256 components of 1 bit from 6.0 to 4.4 ns out of the second cache.
#include "avx512.h"
#include "bits.h"

#if defined(__x86_64__)

// Adds <q, c> of up to 64 bytes from `at` on.
PK_BODY void whole_piece(const pk_bit_query *query, size_t bytes, const uint8_t *const *row,
                         size_t rows, int bits, size_t at, __m512i *sum) {
    const __m512i low = _mm512_set1_epi8((char)((1 << bits) - 1));
    const __mmask64 mask = bytes - at < 64 ? byte_mask(bytes - at) : ~0ull;
    __m512i codes[pk_group];
    for (size_t r = 0; r < rows; r++)
        codes[r] = _mm512_maskz_loadu_epi8(mask, row[r] + at);
#pragma unroll
    for (int shift = 0; shift < 8; shift += bits) {
        const uint8_t *start = query->bytes + (size_t)(shift / bits) * bytes + at;
        __m512i piece = _mm512_maskz_loadu_epi8(mask, start);
        for (size_t r = 0; r < rows; r++) {
            __m512i own = _mm512_and_si512(_mm512_srli_epi16(codes[r], (unsigned)shift), low);
            sum[r] = _mm512_dpbusd_epi32(sum[r], own, piece);
        }
    }
}

// The same for up to 32 bytes.
PK_BODY void half_piece(const pk_bit_query *query, size_t bytes, const uint8_t *const *row,
                        size_t rows, int bits, size_t at, __m256i *sum) {
    const __m256i low = _mm256_set1_epi8((char)((1 << bits) - 1));
    const __mmask32 mask = (__mmask32)((1ull << (bytes - at)) - 1);
    __m256i codes[pk_group];
    for (size_t r = 0; r < rows; r++)
        codes[r] = _mm256_maskz_loadu_epi8(mask, row[r] + at);
#pragma unroll
    for (int shift = 0; shift < 8; shift += bits) {
        const uint8_t *start = query->bytes + (size_t)(shift / bits) * bytes + at;
        __m256i piece = _mm256_maskz_loadu_epi8(mask, start);
        for (size_t r = 0; r < rows; r++) {
            __m256i own = _mm256_and_si256(_mm256_srli_epi16(codes[r], (unsigned)shift), low);
            sum[r] = _mm256_dpbusd_epi32(sum[r], own, piece);
        }
    }
}

// <q, c> of `rows` rows, in 8 lanes each.
PK_BODY void group(const pk_bit_query *query, size_t bytes, const uint8_t *const *row, size_t rows,
                   int bits, __m256i *sum) {
    for (size_t r = 0; r < rows; r++)
        sum[r] = _mm256_setzero_si256();
    size_t at = 0;
    if (bytes > 32) {
        __m512i wide[pk_group];
        for (size_t r = 0; r < rows; r++)
            wide[r] = _mm512_setzero_si512();
        for (; at + 32 < bytes; at += 64)
            whole_piece(query, bytes, row, rows, bits, at, wide);
        for (size_t r = 0; r < rows; r++)
            sum[r] = _mm256_add_epi32(_mm512_castsi512_si256(wide[r]),
                                      _mm512_extracti64x4_epi64(wide[r], 1));
    }
    if (at < bytes)
        half_piece(query, bytes, row, rows, bits, at, sum);
}

// Four sums of 8 lanes each, as the four lanes of one register.
PK_BODY __m128i sum_four_halves(const __m256i *sum) {
    __m128i part[4];
    for (size_t r = 0; r < 4; r++)
        part[r] =
            _mm_add_epi32(_mm256_castsi256_si128(sum[r]), _mm256_extracti128_si256(sum[r], 1));
    return _mm_hadd_epi32(_mm_hadd_epi32(part[0], part[1]), _mm_hadd_epi32(part[2], part[3]));
}

PK_BODY __m128 load_terms(const uint8_t *one, const uint8_t *other) {
    __m128d low = _mm_load_sd((const double *)(const void *)one);
    return _mm_castpd_ps(_mm_loadh_pd(low, (const double *)(const void *)other));
}

// `pk_bit_distance` of four rows: the same operations in the same order.
PK_BODY __m128 distances(const pk_bit_query *query, __m128i dot, const uint8_t *const *row) {
    const size_t terms = query->term_offset, last = pk_bit_last(query);
    __m128 first = load_terms(row[0] + terms, row[1] + terms);
    __m128 second = load_terms(row[2] + terms, row[3] + terms);
    __m128 added = _mm_shuffle_ps(first, second, 0x88);
    __m128 factor = _mm_shuffle_ps(first, second, 0xDD);
    __m128 base = _mm_setr_ps(query->table[row[0][last]], query->table[row[1][last]],
                              query->table[row[2][last]], query->table[row[3][last]]);
    __m128i sums = _mm_set1_epi32(pk_bit_top(query->bits) * query->query_sum);
    __m128 odd = _mm_cvtepi32_ps(_mm_sub_epi32(_mm_add_epi32(dot, dot), sums));
    __m128 product = _mm_mul_ps(_mm_mul_ps(_mm_set1_ps(query->scale), factor), odd);
    return _mm_sub_ps(_mm_add_ps(base, added), product);
}

PK_BODY int32_t sum_lanes(__m256i sum) {
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xB1)));
}

PK_BODY void list_of(const pk_list *list, const pk_bit_query *query, int bits, float *out) {
    const size_t bytes = pk_bit_bytes(list->dimensions, bits);
    const uint8_t *row[pk_group];
    __m256i sum[pk_group];
    size_t at = 0;
    pk_ask_first(list, pk_bit_ahead(query));
    for (; at + pk_group <= list->count; at += pk_group) {
        for (size_t r = 0; r < pk_group; r++) {
            row[r] = pk_row(list, at + r);
            pk_ask_on(list, at + r + pk_bit_ahead(query));
        }
        group(query, bytes, row, pk_group, bits, sum);
        _mm_storeu_ps(out + at, distances(query, sum_four_halves(sum), row));
    }
    for (; at < list->count; at++) {
        row[0] = pk_row(list, at);
        group(query, bytes, row, 1, bits, sum);
        out[at] = pk_bit_distance(query, sum_lanes(sum[0]), row[0]);
    }
}

PK_TARGET void pk_bit_list_avx512(const pk_list *list, const pk_bit_query *query, float *out) {
    query->bits == 2 ? list_of(list, query, 2, out) : list_of(list, query, 1, out);
}
#endif
