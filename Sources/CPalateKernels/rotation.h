// The steps of a rotation at every level; `pk_table` says what they do.
//
// The same bits everywhere: all levels add the same pairs in the same order (partners 1, 2, 4, ...
// apart), multiply by `scale` once at the end, and contract nothing into FMA but products with 1
// and -1, which are exact.
#pragma once

#include <stddef.h>
#include <stdint.h>

// 1 / sqrt(2).
#define PK_HALF_ROOT 0.70710678118654752440f

void pk_flip_signs_scalar(float *vector, size_t count, const uint64_t *signs);
void pk_hadamard_scalar(float *vector, size_t count, float scale);
void pk_mix_halves_scalar(float *vector, size_t count);

void pk_flip_signs_avx2(float *vector, size_t count, const uint64_t *signs);
void pk_hadamard_avx2(float *vector, size_t count, float scale);
void pk_mix_halves_avx2(float *vector, size_t count);

void pk_flip_signs_avx512(float *vector, size_t count, const uint64_t *signs);
void pk_mix_halves_avx512(float *vector, size_t count);

void pk_flip_signs_neon(float *vector, size_t count, const uint64_t *signs);
void pk_hadamard_neon(float *vector, size_t count, float scale);
void pk_mix_halves_neon(float *vector, size_t count);
