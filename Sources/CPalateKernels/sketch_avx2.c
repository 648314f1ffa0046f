// Sketches of links with AVX2: eight registers of signs, a byte a link in each.
//
// Sums of bytes as in sketch_avx512.c.
#include "avx2.h"
#include "sketch.h"

#if defined(__x86_64__)

// Bits of the 8 links from `first` on that pass, given their sums.
PK_BODY uint32_t passing(const uint8_t *block, const pk_sketch_query *query, size_t first,
                         __m128i sums) {
    __m256 e = _mm256_cvtph_ps(_mm_loadu_si128((const void *)pk_sketch_e(block, first)));
    __m256 f = _mm256_cvtph_ps(_mm_loadu_si128((const void *)pk_sketch_f(block, first)));
    __m256 sum = _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(sums));
    __m256 product =
        _mm256_fmadd_ps(_mm256_set1_ps(query->scale), sum, _mm256_set1_ps(query->shift));
    __m256 estimate = _mm256_fnmadd_ps(f, product, e);
    __m256 passes = _mm256_cmp_ps(estimate, _mm256_set1_ps(query->room), _CMP_NGT_UQ);
    return (uint32_t)_mm256_movemask_ps(passes) << first;
}

PK_BODY __m256i table_of(const pk_sketch_query *query, size_t group) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)(query->table + 16 * group)));
}

PK_TARGET uint32_t pk_sketch_block_avx2(const uint8_t *block, const pk_sketch_query *query) {
    const __m256i lower = _mm256_set1_epi8(15);
    __m256i all = _mm256_setzero_si256(), odd = _mm256_setzero_si256();
    for (size_t group = 0; group < pk_sketch_groups; group += 2) {
        __m256i signs = _mm256_loadu_si256((const void *)(block + pk_sketch_half * group));
        __m256i first = _mm256_shuffle_epi8(table_of(query, group), _mm256_and_si256(signs, lower));
        __m256i second = _mm256_shuffle_epi8(table_of(query, group + 1),
                                             _mm256_and_si256(_mm256_srli_epi16(signs, 4), lower));
        all = _mm256_add_epi16(all, _mm256_add_epi16(first, second));
        odd = _mm256_add_epi16(
            odd, _mm256_add_epi16(_mm256_srli_epi16(first, 8), _mm256_srli_epi16(second, 8)));
    }
    __m256i even = _mm256_sub_epi16(all, _mm256_slli_epi16(odd, 8));
    return passing(block, query, 0, _mm256_castsi256_si128(even)) |
           passing(block, query, 8, _mm256_extracti128_si256(even, 1)) |
           passing(block, query, 16, _mm256_castsi256_si128(odd)) |
           passing(block, query, 24, _mm256_extracti128_si256(odd, 1));
}
#endif
