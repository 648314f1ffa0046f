// Sketches of links with NEON: two registers of signs for each pair of groups, a byte a link.
//
// Looked-up bytes of even places and of odd ones are links side by side once they are parted by
// `uzp`. A link has 16 groups of at most 255: 4,080 < 2^16.
#include "sketch.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#define PK_BODY static inline __attribute__((always_inline))

// Bits of the four links from `first` on that pass, given their sums.
PK_BODY uint32_t passing(const uint8_t *block, const pk_sketch_query *query, size_t first,
                         uint16x4_t sums) {
    static const uint32_t weights[4] = {1, 2, 4, 8};
    float32x4_t e = vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(pk_sketch_e(block, first))));
    float32x4_t f = vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(pk_sketch_f(block, first))));
    float32x4_t sum = vcvtq_f32_u32(vmovl_u16(sums));
    float32x4_t product = vfmaq_f32(vdupq_n_f32(query->shift), vdupq_n_f32(query->scale), sum);
    float32x4_t estimate = vfmsq_f32(e, f, product);
    uint32x4_t failing = vcgtq_f32(estimate, vdupq_n_f32(query->room));
    return vaddvq_u32(vbicq_u32(vld1q_u32(weights), failing)) << first;
}

uint32_t pk_sketch_block_neon(const uint8_t *block, const pk_sketch_query *query) {
    const uint8x16_t lower = vdupq_n_u8(15);
    // Sums of links 0...7, 8...15, 16...23, 24...31.
    uint16x8_t sums[4] = {vdupq_n_u16(0), vdupq_n_u16(0), vdupq_n_u16(0), vdupq_n_u16(0)};
    for (size_t group = 0; group < pk_sketch_groups; group += 2) {
        const uint8x16_t first = vld1q_u8(query->table + 16 * group);
        const uint8x16_t second = vld1q_u8(query->table + 16 * (group + 1));
        uint8x16_t signs[2], low[2], high[2];
        for (size_t part = 0; part < 2; part++) {
            signs[part] = vld1q_u8(block + pk_sketch_half * group + 16 * part);
            low[part] = vqtbl1q_u8(first, vandq_u8(signs[part], lower));
            high[part] = vqtbl1q_u8(second, vshrq_n_u8(signs[part], 4));
        }
        uint8x16_t places[2][2] = {{vuzp1q_u8(low[0], low[1]), vuzp1q_u8(high[0], high[1])},
                                   {vuzp2q_u8(low[0], low[1]), vuzp2q_u8(high[0], high[1])}};
        for (size_t part = 0; part < 2; part++) {
            sums[2 * part] = vaddq_u16(sums[2 * part], vaddl_u8(vget_low_u8(places[part][0]),
                                                                vget_low_u8(places[part][1])));
            sums[2 * part + 1] =
                vaddq_u16(sums[2 * part + 1],
                          vaddl_u8(vget_high_u8(places[part][0]), vget_high_u8(places[part][1])));
        }
    }
    uint32_t result = 0;
    for (size_t part = 0; part < 4; part++) {
        result |= passing(block, query, 8 * part, vget_low_u16(sums[part]));
        result |= passing(block, query, 8 * part + 4, vget_high_u16(sums[part]));
    }
    return result;
}
#endif
