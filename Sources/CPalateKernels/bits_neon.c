// Rows of 1-bit and 2-bit codes with NEON, with SDOT (ARMv8.2 dotprod) where the processor has it;
// encoding is the plain level's, which the compiler vectorises.
//
// Codes fit int8. With SDOT: groups of four products go to 4 int32 lanes. Without: `smull` and
// `smlal` add products of at most 3 * 128 in int16, all codes of two bytes to at most 3,072, and
// these go pairwise to int32. What is left of 16 bytes is done with the bytes before it, masked;
// rows of fewer than 16 go byte by byte.
#include "bits.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#define PK_BODY static inline __attribute__((always_inline))
#define PK_DOT __attribute__((target("dotprod")))

// The codes at `shift` of 16 bytes.
PK_BODY int8x16_t own_codes(uint8x16_t bytes, int shift, int bits) {
    const uint8x16_t low = vdupq_n_u8((uint8_t)((1 << bits) - 1));
    return vreinterpretq_s8_u8(vandq_u8(vshlq_u8(bytes, vdupq_n_s8((int8_t)-shift)), low));
}

// The 16 bytes of a row from `at` on; the last of the row, those before `at` masked, where fewer
// are left. `at` becomes where they start.
PK_BODY uint8x16_t row_piece(const uint8_t *row, size_t bytes, size_t *at) {
    if (*at + 16 <= bytes)
        return vld1q_u8(row + *at);
    const uint8x16_t mask = vld1q_u8(pk_bit_masks + (bytes - *at));
    *at = bytes - 16;
    return vandq_u8(vld1q_u8(row + *at), mask);
}

PK_BODY int8x16_t query_piece(const pk_bit_query *query, size_t bytes, size_t at, int field) {
    return vreinterpretq_s8_u8(vld1q_u8(query->bytes + (size_t)field * bytes + at));
}

PK_BODY int32_t wide_product(const pk_bit_query *query, size_t bytes, int bits,
                             const uint8_t *row) {
    int32x4_t sum = vdupq_n_s32(0);
    size_t at = 0;
    for (; at < bytes && bytes >= 16; at += 16) {
        uint8x16_t codes = row_piece(row, bytes, &at);
        int16x8_t products = vdupq_n_s16(0);
#pragma unroll
        for (int shift = 0; shift < 8; shift += bits) {
            int8x16_t piece = query_piece(query, bytes, at, shift / bits);
            int8x16_t own = own_codes(codes, shift, bits);
            products = vmlal_s8(products, vget_low_s8(own), vget_low_s8(piece));
            products = vmlal_high_s8(products, own, piece);
        }
        sum = vpadalq_s16(sum, products);
    }
    return vaddvq_s32(sum) + pk_bit_tail(query, bytes, row, at);
}

PK_DOT PK_BODY int32_t dot_product(const pk_bit_query *query, size_t bytes, int bits,
                                   const uint8_t *row) {
    int32x4_t sum = vdupq_n_s32(0);
    size_t at = 0;
    for (; at < bytes && bytes >= 16; at += 16) {
        uint8x16_t codes = row_piece(row, bytes, &at);
#pragma unroll
        for (int shift = 0; shift < 8; shift += bits)
            sum = vdotq_s32(sum, own_codes(codes, shift, bits),
                            query_piece(query, bytes, at, shift / bits));
    }
    return vaddvq_s32(sum) + pk_bit_tail(query, bytes, row, at);
}

void pk_bit_list_wide(const pk_list *list, const pk_bit_query *query, float *out) {
    const size_t bytes = pk_bit_bytes(list->dimensions, query->bits);
    pk_ask_first(list, pk_bit_ahead(query));
    for (size_t at = 0; at < list->count; at++) {
        pk_ask_on(list, at + pk_bit_ahead(query));
        const uint8_t *row = pk_row(list, at);
        int32_t dot = query->bits == 2 ? wide_product(query, bytes, 2, row)
                                       : wide_product(query, bytes, 1, row);
        out[at] = pk_bit_distance(query, dot, row);
    }
}

PK_DOT void pk_bit_list_dot(const pk_list *list, const pk_bit_query *query, float *out) {
    const size_t bytes = pk_bit_bytes(list->dimensions, query->bits);
    pk_ask_first(list, pk_bit_ahead(query));
    for (size_t at = 0; at < list->count; at++) {
        pk_ask_on(list, at + pk_bit_ahead(query));
        const uint8_t *row = pk_row(list, at);
        int32_t dot = query->bits == 2 ? dot_product(query, bytes, 2, row)
                                       : dot_product(query, bytes, 1, row);
        out[at] = pk_bit_distance(query, dot, row);
    }
}
#endif
