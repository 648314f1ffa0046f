// Rows of 2-byte numbers at every level, and single values: the oracle and the tails.
//
// bfloat16 products are computed in float32, from the upper halves: `vdpbf16ps` would take the
// query in bfloat16 too, and so double the error.
#pragma once

#include "list.h"

void pk_half_list_scalar(const pk_list *list, const pk_half_query *query, float *out);
void pk_half_list_avx2(const pk_list *list, const pk_half_query *query, float *out);
void pk_half_list_avx512(const pk_list *list, const pk_half_query *query, float *out);
void pk_half_list_neon(const pk_list *list, const pk_half_query *query, float *out);

void pk_half_encode_scalar(const float *vector, size_t count, float factor, int32_t format,
                           uint8_t *out);
void pk_half_encode_avx2(const float *vector, size_t count, float factor, int32_t format,
                         uint8_t *out);
void pk_half_encode_neon(const float *vector, size_t count, float factor, int32_t format,
                         uint8_t *out);

void pk_half_decode_scalar(const uint8_t *halves, size_t count, float factor, int32_t format,
                           float *out);
void pk_half_decode_avx2(const uint8_t *halves, size_t count, float factor, int32_t format,
                         float *out);
void pk_half_decode_neon(const uint8_t *halves, size_t count, float factor, int32_t format,
                         float *out);

// The largest finite values.
#define PK_BINARY16_MAX 65504.0f
#define PK_BFLOAT16_MAX 0x1.FEp127f
#define PK_INTEGER16_MAX 32767.0f

PK_INLINE float pk_half_limit(int32_t format) {
    switch (format) {
    case pk_half_bfloat16: return PK_BFLOAT16_MAX;
    case pk_half_integer16: return PK_INTEGER16_MAX;
    default: return PK_BINARY16_MAX;
    }
}

PK_INLINE float pk_float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

PK_INLINE uint32_t pk_bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

// The value of the 2-byte number in position `at`.
PK_INLINE float pk_half_value(const uint8_t *halves, size_t at, int32_t format) {
    uint16_t half;
    memcpy(&half, halves + at * sizeof half, sizeof half);
    if (format == pk_half_bfloat16)
        return pk_float_of_bits((uint32_t)half << 16);
    if (format == pk_half_integer16)
        return (float)(int16_t)half;
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16, magnitude = (uint32_t)(half & 0x7FFFu) << 13;
    // Infinity and what is not a number: only damaged rows hold them.
    if (magnitude >= 0x0F800000u)
        return pk_float_of_bits(sign | 0x70000000u | magnitude);
    // The exponents' biases differ by 112; the product is exact, below the normal range too.
    return pk_float_of_bits(sign | pk_bits_of_float(pk_float_of_bits(magnitude) * 0x1p112f));
}

// The 2-byte number nearest to a value, ties to even.
PK_INLINE uint16_t pk_half_of(float value, int32_t format) {
#pragma STDC FP_CONTRACT OFF
    const float limit = pk_half_limit(format);
    value = value > -limit ? value : -limit;
    value = value < limit ? value : limit;
    uint32_t bits = pk_bits_of_float(value);
    if (format == pk_half_bfloat16)
        return (uint16_t)((bits + 0x7FFFu + ((bits >> 16) & 1)) >> 16);
    // Floats from 2^23 to 2^24 are whole numbers, and this one's low bits the number asked for.
    if (format == pk_half_integer16)
        return (uint16_t)pk_bits_of_float(value + 0x1.8p23f);
    uint32_t sign = (bits >> 16) & 0x8000u, magnitude = bits & 0x7FFFFFFFu;
    // Below the normal range: floats from 1/2 on are multiples of 2^-24, as these halves are.
    if (magnitude < 0x38800000u) {
        float sum = pk_float_of_bits(magnitude) + 0.5f;
        return (uint16_t)(sign | (pk_bits_of_float(sum) - 0x3F000000u));
    }
    uint32_t rounded = (magnitude + 0xFFFu + ((magnitude >> 13) & 1)) >> 13;
    return (uint16_t)(sign | (rounded - (112u << 10)));
}

PK_INLINE void pk_half_store(uint8_t *halves, size_t at, float value, int32_t format) {
    uint16_t half = pk_half_of(value, format);
    memcpy(halves + at * sizeof half, &half, sizeof half);
}

// Component `at` of a query.
PK_INLINE float pk_half_component(const pk_half_query *query, size_t at) {
    if (query->is_row)
        return pk_half_value(query->query, at, query->format);
    return ((const float *)query->query)[at];
}
