// The NEON level: every 64-bit ARM, with SDOT (ARMv8.2 dotprod) where the processor has it.
//
// Codes with SDOT: row bytes c become the signed c - 128 by flipping the top bit, `sdot` adds
// groups of four products to 4 int32 lanes, and 128 * sum(query) puts back what was taken:
// <c, q> = <c - 128, q> + 128 * sum(q). Without SDOT: bytes are widened to int16 and multiplied
// into int32. A lane gets at most 16,384 / 4 products of magnitude 255 * 128: 1.4e8 < 2^31.
// Floats: 4 float32 lanes with FMA. Tails are element by element.
#include "bits.h"
#include "half.h"
#include "list.h"
#include "nibble.h"
#include "rotation.h"
#include "sketch.h"
#include "thirteen.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#include <sys/auxv.h>
#ifndef HWCAP_ASIMDDP
#define HWCAP_ASIMDDP (1 << 20)
#endif

PK_INLINE float float_at(const uint8_t *floats, size_t at) {
    float value;
    memcpy(&value, floats + at * sizeof value, sizeof value);
    return value;
}

// Through bytes: rows may have any alignment.
PK_INLINE float32x4_t load4(const uint8_t *floats, size_t at) {
    return vreinterpretq_f32_u8(vld1q_u8(floats + at * sizeof(float)));
}

// sum + left * right, or sum + (left - right)^2.
PK_INLINE float32x4_t accumulate(float32x4_t sum, float32x4_t left, float32x4_t right,
                                 int squared) {
    if (!squared)
        return vfmaq_f32(sum, left, right);
    float32x4_t difference = vsubq_f32(left, right);
    return vfmaq_f32(sum, difference, difference);
}

PK_INLINE float float_tail(const uint8_t *left, const uint8_t *right, size_t at, size_t count,
                           int squared) {
    float sum = 0;
    for (; at < count; at++) {
        float value = float_at(left, at), other = float_at(right, at);
        float difference = value - other;
        sum += squared ? difference * difference : value * other;
    }
    return sum;
}

PK_INLINE float float_pair(const uint8_t *left, const uint8_t *right, size_t count, int squared) {
    float32x4_t sums[4] = {vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0)};
    size_t at = 0;
    for (; at + 16 <= count; at += 16)
        for (size_t i = 0; i < 4; i++)
            sums[i] =
                accumulate(sums[i], load4(left, at + 4 * i), load4(right, at + 4 * i), squared);
    for (; at + 4 <= count; at += 4)
        sums[0] = accumulate(sums[0], load4(left, at), load4(right, at), squared);
    return vaddvq_f32(vaddq_f32(vaddq_f32(sums[0], sums[1]), vaddq_f32(sums[2], sums[3]))) +
           float_tail(left, right, at, count, squared);
}

static float inner_product(const void *left, const void *right, size_t count) {
    return float_pair(left, right, count, 0);
}

static float squared_euclidean(const void *left, const void *right, size_t count) {
    return float_pair(left, right, count, 1);
}

#define PK_BODY PK_INLINE
#define PK_TARGET
typedef float32x4_t pk_wide;
enum { pk_wide_lanes = 4, pk_tile_right = 4 };
PK_BODY pk_wide wide_zero(void) { return vdupq_n_f32(0); }
PK_BODY pk_wide wide_load(const float *floats) { return vld1q_f32(floats); }
PK_BODY pk_wide wide_add_product(pk_wide sum, pk_wide left, pk_wide right) {
    return vfmaq_f32(sum, left, right);
}
PK_BODY float wide_sum(pk_wide sum) { return vaddvq_f32(sum); }
#include "table.h"

PK_INLINE void float_list(const pk_list *list, const float *query, float offset, float scale,
                          float *out, int squared) {
    for (size_t at = 0; at < list->count; at++) {
        if (at + 2 < list->count)
            pk_prefetch(pk_row(list, at + 2), list->dimensions * sizeof(float));
        out[at] = offset + scale * float_pair((const uint8_t *)query, pk_row(list, at),
                                              list->dimensions, squared);
    }
}

static void inner_product_list(const pk_list *list, const float *query, float offset, float scale,
                               float *out) {
    float_list(list, query, offset, scale, out, 0);
}

static void squared_euclidean_list(const pk_list *list, const float *query, float offset,
                                   float scale, float *out) {
    float_list(list, query, offset, scale, out, 1);
}

// The bytes from `at` on, fewer than 16.
PK_INLINE int32_t code_tail(const uint8_t *codes, const uint8_t *query, uint8_t flip, size_t at,
                            size_t count) {
    int32_t sum = 0;
    for (; at < count; at++)
        sum += (int32_t)codes[at] * (int32_t)(int8_t)(query[at] ^ flip);
    return sum;
}

PK_INLINE int32_t wide_product(const uint8_t *codes, const uint8_t *query, uint8_t flip,
                               size_t count) {
    const uint8x16_t flips = vdupq_n_u8(flip);
    int32x4_t low = vdupq_n_s32(0), high = vdupq_n_s32(0);
    size_t at = 0;
    for (; at + 16 <= count; at += 16) {
        uint8x16_t row = vld1q_u8(codes + at);
        int8x16_t piece = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(query + at), flips));
        int16x8_t row_low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(row)));
        int16x8_t row_high = vreinterpretq_s16_u16(vmovl_u8(vget_high_u8(row)));
        int16x8_t piece_low = vmovl_s8(vget_low_s8(piece));
        int16x8_t piece_high = vmovl_s8(vget_high_s8(piece));
        low = vmlal_s16(low, vget_low_s16(row_low), vget_low_s16(piece_low));
        high = vmlal_s16(high, vget_high_s16(row_low), vget_high_s16(piece_low));
        low = vmlal_s16(low, vget_low_s16(row_high), vget_low_s16(piece_high));
        high = vmlal_s16(high, vget_high_s16(row_high), vget_high_s16(piece_high));
    }
    return vaddvq_s32(vaddq_s32(low, high)) + code_tail(codes, query, flip, at, count);
}

#define PK_DOT __attribute__((target("dotprod"), always_inline)) static inline

PK_DOT int32_t dot_product(const uint8_t *codes, const uint8_t *query, uint8_t flip, size_t count) {
    const uint8x16_t flips = vdupq_n_u8(flip), top = vdupq_n_u8(0x80);
    const int8x16_t ones = vdupq_n_s8(1);
    int32x4_t sum = vdupq_n_s32(0), query_sum = vdupq_n_s32(0);
    size_t at = 0;
    for (; at + 16 <= count; at += 16) {
        int8x16_t row = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(codes + at), top));
        int8x16_t piece = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(query + at), flips));
        sum = vdotq_s32(sum, row, piece);
        query_sum = vdotq_s32(query_sum, ones, piece);
    }
    return vaddvq_s32(sum) + 128 * vaddvq_s32(query_sum) + code_tail(codes, query, flip, at, count);
}

static int32_t code_product_wide(const uint8_t *codes, const int8_t *query, size_t count) {
    return wide_product(codes, (const uint8_t *)query, 0, count);
}

__attribute__((target("dotprod"))) static int32_t
code_product_dot(const uint8_t *codes, const int8_t *query, size_t count) {
    return dot_product(codes, (const uint8_t *)query, 0, count);
}

static void code_list_wide(const pk_list *list, const pk_code_query *query, float *out) {
    for (size_t at = 0; at < list->count; at++) {
        if (at + 2 < list->count)
            pk_prefetch(pk_row(list, at + 2), list->dimensions);
        const uint8_t *row = pk_row(list, at);
        int32_t dot = wide_product(row, query->bytes, query->flip, list->dimensions);
        out[at] = pk_code_distance(query, dot, pk_term(query, row));
    }
}

__attribute__((target("dotprod"))) static void
code_list_dot(const pk_list *list, const pk_code_query *query, float *out) {
    for (size_t at = 0; at < list->count; at++) {
        if (at + 2 < list->count)
            pk_prefetch(pk_row(list, at + 2), list->dimensions);
        const uint8_t *row = pk_row(list, at);
        int32_t dot = dot_product(row, query->bytes, query->flip, list->dimensions);
        out[at] = pk_code_distance(query, dot, pk_term(query, row));
    }
}

// `fmaxnm` prefers the number: NaN becomes 0. `fcvtns` rounds ties to even.
static pk_code_sums encode(const float *vector, size_t count, const pk_grid *grid, uint8_t flip,
                           uint8_t *out) {
    pk_code_sums sums = {0, 0};
    size_t at = 0;
    for (; at + 4 <= count; at += 4) {
        float32x4_t code = vmulq_n_f32(vld1q_f32(vector + at), grid->unit);
        code = vmulq_n_f32(vsubq_f32(code, vdupq_n_f32(grid->low)), grid->inverse);
        code = vminnmq_f32(vmaxnmq_f32(code, vdupq_n_f32(0)), vdupq_n_f32(255));
        int32x4_t codes = vcvtnq_s32_f32(code);
        sums.sum += vaddvq_s32(codes);
        sums.squares += vaddvq_s32(vmulq_s32(codes, codes));
        uint16x4_t words = vqmovun_s32(codes);
        uint8x8_t bytes = veor_u8(vqmovn_u16(vcombine_u16(words, words)), vdup_n_u8(flip));
        vst1_lane_u32((uint32_t *)(void *)(out + at), vreinterpret_u32_u8(bytes), 0);
    }
    for (; at < count; at++) {
        uint8_t code = pk_code(vector[at], grid);
        pk_add_code(&sums, code);
        out[at] = code ^ flip;
    }
    return sums;
}

// Product and sum apart, not fused: the same bits at every level.
static void code_decode(const uint8_t *codes, size_t count, float low, float step, float *out) {
    size_t at = 0;
    for (; at + 8 <= count; at += 8) {
        uint16x8_t words = vmovl_u8(vld1_u8(codes + at));
        float32x4_t first = vcvtq_f32_u32(vmovl_u16(vget_low_u16(words)));
        float32x4_t last = vcvtq_f32_u32(vmovl_u16(vget_high_u16(words)));
        vst1q_f32(out + at, vaddq_f32(vdupq_n_f32(low), vmulq_n_f32(first, step)));
        vst1q_f32(out + at + 4, vaddq_f32(vdupq_n_f32(low), vmulq_n_f32(last, step)));
    }
    for (; at < count; at++)
        out[at] = pk_code_value(codes[at], low, step);
}

#define PK_TABLE(product, codes, nibbles, bits)                                                    \
    {                                                                                              \
        .name = "neon", .level = pk_level_neon, .inner_product = inner_product,                    \
        .squared_euclidean = squared_euclidean, .code_product = product,                           \
        .inner_product_list = inner_product_list, .inner_product_table = inner_product_table,      \
        .squared_euclidean_list = squared_euclidean_list, .code_list = codes, .encode = encode,    \
        .code_decode = code_decode, .half_list = pk_half_list_neon,                                \
        .half_encode = pk_half_encode_neon, .half_decode = pk_half_decode_neon,                    \
        .nibble_list = nibbles, .nibble_encode = pk_nibble_encode_neon,                            \
        .thirteen_list = pk_thirteen_list_neon, .bit_list = bits,                                  \
        .bit_encode = pk_bit_encode_scalar, .bit_decode = pk_bit_decode_scalar,                    \
        .flip_signs = pk_flip_signs_neon, .hadamard = pk_hadamard_neon,                            \
        .mix_halves = pk_mix_halves_neon, .sketch_block = pk_sketch_block_neon,                    \
    }

static const pk_table table_wide =
    PK_TABLE(code_product_wide, code_list_wide, pk_nibble_list_wide, pk_bit_list_wide);
static const pk_table table_dot =
    PK_TABLE(code_product_dot, code_list_dot, pk_nibble_list_dot, pk_bit_list_dot);

const pk_table *pk_table_neon(void);

const pk_table *pk_table_neon(void) {
    return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) ? &table_dot : &table_wide;
}
#endif
