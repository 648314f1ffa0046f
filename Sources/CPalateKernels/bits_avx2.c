// Rows of 1-bit and 2-bit codes with AVX2.
//
// `vpmaddubsw` adds two products of at most 3 * 128 in an int16; the 4 or 8 codes of a byte add up
// there to at most 3,072 in magnitude, and `vpmaddwd` widens to 8 int32 lanes. Tails are 16 bytes,
// the last of them with those before masked; rows of fewer than 16 go byte by byte.
#include "avx2.h"
#include "bits.h"

#if defined(__x86_64__)

// <q, c> of 32 bytes from `at` on, in int16.
PK_BODY __m256i products(const pk_bit_query *query, size_t bytes, size_t at, int bits,
                         __m256i codes) {
    const __m256i low = _mm256_set1_epi8((char)((1 << bits) - 1));
    __m256i sum = _mm256_setzero_si256();
#pragma unroll
    for (int shift = 0; shift < 8; shift += bits) {
        const uint8_t *start = query->bytes + (size_t)(shift / bits) * bytes + at;
        __m256i piece = _mm256_loadu_si256((const __m256i *)(const void *)start);
        __m256i own = _mm256_and_si256(_mm256_srli_epi16(codes, shift), low);
        sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(own, piece));
    }
    return sum;
}

// The same of 16 bytes.
PK_BODY __m128i half_products(const pk_bit_query *query, size_t bytes, size_t at, int bits,
                              __m128i codes) {
    const __m128i low = _mm_set1_epi8((char)((1 << bits) - 1));
    __m128i sum = _mm_setzero_si128();
#pragma unroll
    for (int shift = 0; shift < 8; shift += bits) {
        const uint8_t *start = query->bytes + (size_t)(shift / bits) * bytes + at;
        __m128i piece = _mm_loadu_si128((const __m128i *)(const void *)start);
        __m128i own = _mm_and_si128(_mm_srli_epi16(codes, shift), low);
        sum = _mm_add_epi16(sum, _mm_maddubs_epi16(own, piece));
    }
    return sum;
}

PK_BODY int32_t dot_product(const pk_bit_query *query, size_t bytes, int bits, const uint8_t *row) {
    __m256i sum = _mm256_setzero_si256();
    size_t at = 0;
    for (; at + 32 <= bytes; at += 32) {
        __m256i codes = _mm256_loadu_si256((const __m256i *)(const void *)(row + at));
        __m256i pairs = products(query, bytes, at, bits, codes);
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    }
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    while (at < bytes && bytes >= 16) {
        const size_t start = bytes - at < 16 ? bytes - 16 : at, left = start + 16 - at;
        const uint8_t *mask = pk_bit_masks + left;
        __m128i codes = _mm_loadu_si128((const __m128i *)(const void *)(row + start));
        codes = _mm_and_si128(codes, _mm_loadu_si128((const __m128i *)(const void *)mask));
        __m128i pairs = half_products(query, bytes, start, bits, codes);
        half = _mm_add_epi32(half, _mm_madd_epi16(pairs, _mm_set1_epi16(1)));
        at += left;
    }
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
    int32_t dot = _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xB1)));
    return dot + pk_bit_tail(query, bytes, row, at);
}

PK_BODY void list_of(const pk_list *list, const pk_bit_query *query, int bits, float *out) {
    const size_t bytes = pk_bit_bytes(list->dimensions, bits);
    pk_ask_first(list, pk_bit_ahead(query));
    for (size_t at = 0; at < list->count; at++) {
        pk_ask_on(list, at + pk_bit_ahead(query));
        const uint8_t *row = pk_row(list, at);
        out[at] = pk_bit_distance(query, dot_product(query, bytes, bits, row), row);
    }
}

PK_TARGET void pk_bit_list_avx2(const pk_list *list, const pk_bit_query *query, float *out) {
    query->bits == 2 ? list_of(list, query, 2, out) : list_of(list, query, 1, out);
}

PK_TARGET pk_bit_fit pk_bit_encode_avx2(const float *vector, size_t count, int32_t bits,
                                        float threshold, uint8_t *out) {
    return bits == 2 ? pk_bit_encode(vector, count, 2, threshold, out)
                     : pk_bit_encode(vector, count, 1, threshold, out);
}

PK_TARGET void pk_bit_decode_avx2(const uint8_t *codes, size_t count, int32_t bits, float *out) {
    bits == 2 ? pk_bit_decode(codes, count, 2, out) : pk_bit_decode(codes, count, 1, out);
}
#endif
