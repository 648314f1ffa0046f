// Rows of 2-byte numbers with NEON.
//
// 4 halves become 4 float32 lanes: binary16 by `fcvtl`, bfloat16 by widening and a shift, whole
// numbers by widening and conversion. Sums in float32 with FMA, at most 16,384 / 4 = 4,096
// additions per lane. Tails are element by element.
#include "half.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#define PK_BODY static inline __attribute__((always_inline))

PK_BODY float32x4_t load4(const uint8_t *halves, size_t at, int format) {
    uint16x4_t words = vreinterpret_u16_u8(vld1_u8(halves + 2 * at));
    if (format == pk_half_bfloat16)
        return vreinterpretq_f32_u32(vshll_n_u16(words, 16));
    if (format == pk_half_integer16)
        return vcvtq_f32_s32(vmovl_s16(vreinterpret_s16_u16(words)));
    return vcvt_f32_f16(vreinterpret_f16_u16(words));
}

// sum + left * right, or sum + (left - right)^2.
PK_BODY float32x4_t accumulate(float32x4_t sum, float32x4_t left, float32x4_t right, int squared) {
    if (!squared)
        return vfmaq_f32(sum, left, right);
    float32x4_t difference = vsubq_f32(left, right);
    return vfmaq_f32(sum, difference, difference);
}

PK_BODY float component(const uint8_t *query, size_t at, int is_row, int format) {
    float value;
    memcpy(&value, query + (is_row ? 0 : 4 * at), sizeof value);
    return is_row ? pk_half_value(query, at, format) : value;
}

// Sums of `rows` rows, while the rows of `next` are asked for.
PK_BODY void group(const uint8_t *query, size_t count, const uint8_t *const *row,
                   const uint8_t *const *next, size_t rows, int is_row, int format, int squared,
                   float *sums) {
    float32x4_t sum[pk_group];
    for (size_t r = 0; r < rows; r++)
        sum[r] = vdupq_n_f32(0);
    size_t at = 0;
    for (; at + 4 <= count; at += 4) {
        float32x4_t piece =
            is_row ? load4(query, at, format) : vreinterpretq_f32_u8(vld1q_u8(query + 4 * at));
        for (size_t r = 0; r < rows; r++) {
            if ((at & 28) == 0)
                __builtin_prefetch(next[r] + 2 * at, 0, 3);
            sum[r] = accumulate(sum[r], piece, load4(row[r], at, format), squared);
        }
    }
    for (size_t r = 0; r < rows; r++) {
        sums[r] = vaddvq_f32(sum[r]);
        for (size_t rest = at; rest < count; rest++) {
            float left = component(query, rest, is_row, format);
            float right = pk_half_value(row[r], rest, format), difference = left - right;
            sums[r] += squared ? difference * difference : left * right;
        }
    }
}

#include "half_list.h"

void pk_half_list_neon(const pk_list *list, const pk_half_query *query, float *out) {
    half_list(list, query, out);
}

// `fcmgt` is false for what is not a number, which so becomes -limit.
PK_BODY float32x4_t clamped(float32x4_t values, float limit) {
    float32x4_t low = vdupq_n_f32(-limit);
    return vminq_f32(vbslq_f32(vcgtq_f32(values, low), values, low), vdupq_n_f32(limit));
}

void pk_half_encode_neon(const float *vector, size_t count, float factor, int32_t format,
                         uint8_t *out) {
    size_t at = 0;
    for (; at + 4 <= count; at += 4) {
        float32x4_t values = vmulq_n_f32(vld1q_f32(vector + at), factor);
        values = clamped(values, pk_half_limit(format));
        uint16x4_t words;
        if (format == pk_half_bfloat16) {
            uint32x4_t bits = vreinterpretq_u32_f32(values);
            uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
            words = vshrn_n_u32(vaddq_u32(vaddq_u32(bits, vdupq_n_u32(0x7FFF)), odd), 16);
        } else if (format == pk_half_integer16) {
            words = vreinterpret_u16_s16(vqmovn_s32(vcvtnq_s32_f32(values)));
        } else {
            words = vreinterpret_u16_f16(vcvt_f16_f32(values));
        }
        vst1_u8(out + 2 * at, vreinterpret_u8_u16(words));
    }
    for (; at < count; at++)
        pk_half_store(out, at, vector[at] * factor, format);
}

void pk_half_decode_neon(const uint8_t *halves, size_t count, float factor, int32_t format,
                         float *out) {
    size_t at = 0;
    for (; at + 4 <= count; at += 4) {
        float32x4_t values = load4(halves, at, format);
        vst1q_f32(out + at, vmulq_n_f32(values, factor));
    }
    for (; at < count; at++)
        out[at] = factor * pk_half_value(halves, at, format);
}
#endif
