// Rows of 4-bit codes with NEON, with SDOT (ARMv8.2 dotprod) where the processor has it.
//
// Codes fit int8. With SDOT: groups of four products go to 4 int32 lanes. Without: `smull` gives
// int16 products of at most 15 * 128, four of them are added there (at most 7,680) and then
// pairwise to int32. Tails are byte by byte.
#include "nibble.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#define PK_BODY static inline __attribute__((always_inline))

// 2c - 15.
PK_BODY int8x16_t odd_numbers(uint8x16_t codes) {
    return vsubq_s8(vreinterpretq_s8_u8(vaddq_u8(codes, codes)), vdupq_n_s8(15));
}

// The 16 query bytes for the lower and the upper codes of bytes `at` and on.
PK_BODY int8x16x2_t load_query(const pk_nibbles *all, int is_row, size_t at) {
    uint8x16_t bytes = vld1q_u8(all->bytes + at);
    int8x16x2_t query;
    if (is_row) {
        query.val[0] = odd_numbers(vandq_u8(bytes, vdupq_n_u8(15)));
        query.val[1] = odd_numbers(vshrq_n_u8(bytes, 4));
    } else {
        query.val[0] = vreinterpretq_s8_u8(bytes);
        query.val[1] = vreinterpretq_s8_u8(vld1q_u8(all->bytes + all->half + at));
    }
    return query;
}

PK_BODY int8x16x2_t load_codes(const uint8_t *row, size_t at) {
    uint8x16_t bytes = vld1q_u8(row + at);
    int8x16x2_t codes;
    codes.val[0] = vreinterpretq_s8_u8(vandq_u8(bytes, vdupq_n_u8(15)));
    codes.val[1] = vreinterpretq_s8_u8(vshrq_n_u8(bytes, 4));
    return codes;
}

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

PK_BODY int32_t wide_product(const pk_nibbles *all, const uint8_t *row, int is_row) {
    int32x4_t sum = vdupq_n_s32(0);
    size_t at = 0;
    for (; at + 16 <= all->half; at += 16) {
        int8x16x2_t query = load_query(all, is_row, at), codes = load_codes(row, at);
        int16x8_t products = vmull_s8(vget_low_s8(codes.val[0]), vget_low_s8(query.val[0]));
        products = vmlal_high_s8(products, codes.val[0], query.val[0]);
        products = vmlal_s8(products, vget_low_s8(codes.val[1]), vget_low_s8(query.val[1]));
        products = vmlal_high_s8(products, codes.val[1], query.val[1]);
        sum = vpadalq_s16(sum, products);
    }
    return vaddvq_s32(sum) + tail(all, row, is_row, at);
}

#define PK_DOT __attribute__((target("dotprod")))

PK_DOT PK_BODY int32_t dot_product(const pk_nibbles *all, const uint8_t *row, int is_row) {
    int32x4_t sum = vdupq_n_s32(0);
    size_t at = 0;
    for (; at + 16 <= all->half; at += 16) {
        int8x16x2_t query = load_query(all, is_row, at), codes = load_codes(row, at);
        sum = vdotq_s32(sum, codes.val[0], query.val[0]);
        sum = vdotq_s32(sum, codes.val[1], query.val[1]);
    }
    return vaddvq_s32(sum) + tail(all, row, is_row, at);
}

void pk_nibble_list_wide(const pk_list *list, const pk_nibble_query *query, float *out) {
    const pk_nibbles all = pk_nibbles_of(list, query);
    for (size_t at = 0; at < list->count; at++) {
        if (at + 2 < list->count)
            pk_prefetch(pk_row(list, at + 2), all.half);
        const uint8_t *row = pk_row(list, at);
        int32_t dot = query->is_row ? wide_product(&all, row, 1) : wide_product(&all, row, 0);
        out[at] = pk_nibble_distance(&all, dot, row);
    }
}

PK_DOT void pk_nibble_list_dot(const pk_list *list, const pk_nibble_query *query, float *out) {
    const pk_nibbles all = pk_nibbles_of(list, query);
    for (size_t at = 0; at < list->count; at++) {
        if (at + 2 < list->count)
            pk_prefetch(pk_row(list, at + 2), all.half);
        const uint8_t *row = pk_row(list, at);
        int32_t dot = query->is_row ? dot_product(&all, row, 1) : dot_product(&all, row, 0);
        out[at] = pk_nibble_distance(&all, dot, row);
    }
}

PK_BODY uint32x4_t encode4(float32x4_t values, float factor, float32x4_t *product,
                           int32x4_t *squares) {
    // Two roundings, as everywhere: no FMA.
    float32x4_t code = vmulq_n_f32(values, factor);
    code = vmaxnmq_f32(vaddq_f32(code, vdupq_n_f32(7.5f)), vdupq_n_f32(0));
    int32x4_t whole = vcvtnq_s32_f32(vminq_f32(code, vdupq_n_f32(15)));
    int32x4_t odd = vsubq_s32(vaddq_s32(whole, whole), vdupq_n_s32(15));
    *product = vfmaq_f32(*product, values, vcvtq_f32_s32(odd));
    *squares = vmlaq_s32(*squares, odd, odd);
    return vreinterpretq_u32_s32(whole);
}

pk_nibble_fit pk_nibble_encode_neon(const float *vector, size_t count, float factor, uint8_t *out) {
    const size_t half = (count + 1) / 2;
    float32x4_t product = vdupq_n_f32(0);
    int32x4_t squares = vdupq_n_s32(0);
    size_t at = 0;
    for (; half + at + 4 <= count; at += 4) {
        uint32x4_t low = encode4(vld1q_f32(vector + at), factor, &product, &squares);
        uint32x4_t high = encode4(vld1q_f32(vector + half + at), factor, &product, &squares);
        if (!out)
            continue;
        uint16x4_t words = vmovn_u32(vorrq_u32(low, vshlq_n_u32(high, 4)));
        uint8x8_t bytes = vmovn_u16(vcombine_u16(words, words));
        uint32_t four = vget_lane_u32(vreinterpret_u32_u8(bytes), 0);
        memcpy(out + at, &four, sizeof four);
    }
    pk_nibble_fit fit = {vaddvq_f32(product), vaddvq_s32(squares)};
    pk_nibble_tail(vector, count, factor, out, at, &fit);
    return fit;
}
#endif
