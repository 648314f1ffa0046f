// The steps of a rotation in plain C: the oracle, and what is left over at other levels.
#include "rotation.h"

void pk_flip_signs_scalar(float *vector, size_t count, const uint64_t *signs) {
    for (size_t i = 0; i < count; i++)
        vector[i] = (signs[i / 64] >> (i % 64)) & 1 ? -vector[i] : vector[i];
}

void pk_hadamard_scalar(float *vector, size_t count, float scale) {
#pragma STDC FP_CONTRACT OFF
    for (size_t apart = 1; apart < count; apart *= 2)
        for (size_t start = 0; start < count; start += 2 * apart)
            for (size_t i = start; i < start + apart; i++) {
                float one = vector[i], other = vector[i + apart];
                vector[i] = one + other;
                vector[i + apart] = one - other;
            }
    for (size_t i = 0; i < count; i++)
        vector[i] *= scale;
}

void pk_mix_halves_scalar(float *vector, size_t count) {
#pragma STDC FP_CONTRACT OFF
    const size_t half = count / 2;
    float *upper = vector + (count - half);
    for (size_t i = 0; i < half; i++) {
        float one = vector[i], other = upper[i];
        vector[i] = (one + other) * PK_HALF_ROOT;
        upper[i] = (one - other) * PK_HALF_ROOT;
    }
}
