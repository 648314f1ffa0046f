// Sketches of links with AVX-512: four registers of signs, each of two bytes a link.
//
// `vpshufb` looks up 64 groups of four signs. Bytes are summed as words, whole and shifted down:
// the first sum has those of odd places in its upper halves, which the second takes out again. A
// link has 16 groups of at most 255: 4,080 < 2^16.
#include "avx512.h"
#include "sketch.h"

#if defined(__x86_64__)

// Bits of the 16 links from `first` on that pass, given their sums.
PK_BODY uint32_t passing(const uint8_t *block, const pk_sketch_query *query, size_t first,
                         __m256i sums) {
    __m512 e = _mm512_cvtph_ps(_mm256_loadu_si256((const void *)pk_sketch_e(block, first)));
    __m512 f = _mm512_cvtph_ps(_mm256_loadu_si256((const void *)pk_sketch_f(block, first)));
    __m512 sum = _mm512_cvtepi32_ps(_mm512_cvtepu16_epi32(sums));
    __m512 product =
        _mm512_fmadd_ps(_mm512_set1_ps(query->scale), sum, _mm512_set1_ps(query->shift));
    __m512 estimate = _mm512_fnmadd_ps(f, product, e);
    return _mm512_cmp_ps_mask(estimate, _mm512_set1_ps(query->room), _CMP_NGT_UQ);
}

// Both halves of a register together.
PK_BODY __m256i halves(__m512i sum) {
    return _mm256_add_epi16(_mm512_castsi512_si256(sum), _mm512_extracti64x4_epi64(sum, 1));
}

PK_TARGET uint32_t pk_sketch_block_avx512(const uint8_t *block, const pk_sketch_query *query) {
    const __m512i lower = _mm512_set1_epi8(15);
    __m512i all = _mm512_setzero_si512(), odd = _mm512_setzero_si512();
    for (size_t at = 0; at < pk_sketch_sign_bytes; at += 64) {
        __m512i signs = _mm512_loadu_si512(block + at);
        // Groups 0 and 2 of these four meet lower bits, groups 1 and 3 upper ones.
        __m512i table = _mm512_loadu_si512(query->table + at);
        __m512i first = _mm512_shuffle_epi8(_mm512_shuffle_i64x2(table, table, 0xA0),
                                            _mm512_and_si512(signs, lower));
        __m512i second = _mm512_shuffle_epi8(_mm512_shuffle_i64x2(table, table, 0xF5),
                                             _mm512_and_si512(_mm512_srli_epi16(signs, 4), lower));
        all = _mm512_add_epi16(all, _mm512_add_epi16(first, second));
        odd = _mm512_add_epi16(
            odd, _mm512_add_epi16(_mm512_srli_epi16(first, 8), _mm512_srli_epi16(second, 8)));
    }
    __m256i last = halves(odd);
    __m256i leading = _mm256_sub_epi16(halves(all), _mm256_slli_epi16(last, 8));
    return passing(block, query, 0, leading) | passing(block, query, pk_sketch_half, last)
                                                   << pk_sketch_half;
}
#endif
