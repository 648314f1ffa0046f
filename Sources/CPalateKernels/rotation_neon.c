// The steps of a rotation with NEON.
//
// The transform: up to 16 registers of 4 floats at a time take the first 6 stages (partners up to
// 32 apart) in registers, 2 of them inside a register; what is left goes up to 4 stages a pass, 16
// registers `step` floats apart at a time.
#include "rotation.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#define PK_BODY static inline __attribute__((always_inline))

enum { lanes = 4, registers_max = 16 };

// The stages inside a register: partners 1 and 2 lanes apart. The upper partner becomes
// lower - upper: its neighbour plus itself times -1.
PK_BODY float32x4_t lane_stages(float32x4_t value) {
    const float32x4_t by_1 = {1, -1, 1, -1}, by_2 = {1, 1, -1, -1};
    value = vfmaq_f32(vrev64q_f32(value), value, by_1);
    return vfmaq_f32(vextq_f32(value, value, 2), value, by_2);
}

// All stages of `registers` registers, `step` floats apart.
PK_BODY void pass(float *start, size_t step, size_t registers, int inside, float scale) {
    float32x4_t value[registers_max];
    for (size_t r = 0; r < registers; r++) {
        value[r] = vld1q_f32(start + r * step);
        if (inside)
            value[r] = lane_stages(value[r]);
    }
#pragma clang loop unroll(full)
    for (size_t apart = 1; apart < registers; apart *= 2)
#pragma clang loop unroll(full)
        for (size_t r = 0; r < registers; r++)
            if ((r & apart) == 0) {
                float32x4_t one = value[r], other = value[r + apart];
                value[r] = vaddq_f32(one, other);
                value[r + apart] = vsubq_f32(one, other);
            }
    for (size_t r = 0; r < registers; r++)
        vst1q_f32(start + r * step, vmulq_n_f32(value[r], scale));
}

PK_BODY void pass_of(float *start, size_t step, size_t registers, int inside, float scale) {
    switch (registers) {
    case 1: pass(start, step, 1, inside, scale); break;
    case 2: pass(start, step, 2, inside, scale); break;
    case 4: pass(start, step, 4, inside, scale); break;
    case 8: pass(start, step, 8, inside, scale); break;
    default: pass(start, step, 16, inside, scale);
    }
}

void pk_hadamard_neon(float *vector, size_t count, float scale) {
    if (count < lanes) {
        pk_hadamard_scalar(vector, count, scale);
        return;
    }
    size_t registers = count / lanes < registers_max ? count / lanes : registers_max;
    size_t done = registers * lanes;
    for (size_t start = 0; start < count; start += done)
        pass_of(vector + start, lanes, registers, 1, done == count ? scale : 1.0f);
    while (done < count) {
        registers = count / done < registers_max ? count / done : registers_max;
        float factor = done * registers == count ? scale : 1.0f;
        for (size_t start = 0; start < count; start += done * registers)
            for (size_t at = start; at < start + done; at += lanes)
                pass_of(vector + at, done, registers, 0, factor);
        done *= registers;
    }
}

void pk_flip_signs_neon(float *vector, size_t count, const uint64_t *signs) {
    const uint32x4_t bit = {1, 2, 4, 8}, top = vdupq_n_u32(0x80000000u);
    size_t at = 0;
    for (; at + lanes <= count; at += lanes) {
        uint32x4_t flips = vdupq_n_u32((uint32_t)(signs[at / 64] >> (at % 64)));
        uint32x4_t turn = vandq_u32(vtstq_u32(flips, bit), top);
        uint32x4_t bits = vreinterpretq_u32_f32(vld1q_f32(vector + at));
        vst1q_f32(vector + at, vreinterpretq_f32_u32(veorq_u32(bits, turn)));
    }
    for (; at < count; at++)
        vector[at] = (signs[at / 64] >> (at % 64)) & 1 ? -vector[at] : vector[at];
}

void pk_mix_halves_neon(float *vector, size_t count) {
    const size_t half = count / 2;
    float *upper = vector + (count - half);
    size_t at = 0;
    for (; at + lanes <= half; at += lanes) {
        float32x4_t one = vld1q_f32(vector + at), other = vld1q_f32(upper + at);
        vst1q_f32(vector + at, vmulq_n_f32(vaddq_f32(one, other), PK_HALF_ROOT));
        vst1q_f32(upper + at, vmulq_n_f32(vsubq_f32(one, other), PK_HALF_ROOT));
    }
    for (; at < half; at++) {
        float one = vector[at], other = upper[at];
        vector[at] = (one + other) * PK_HALF_ROOT;
        upper[at] = (one - other) * PK_HALF_ROOT;
    }
}
#endif
