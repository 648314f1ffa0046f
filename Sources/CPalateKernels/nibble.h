// Rows of 4-bit codes at every level; `pk_table` says what they do.
#pragma once

#include "list.h"

void pk_nibble_list_scalar(const pk_list *list, const pk_nibble_query *query, float *out);
void pk_nibble_list_avx2(const pk_list *list, const pk_nibble_query *query, float *out);
void pk_nibble_list_avx512(const pk_list *list, const pk_nibble_query *query, float *out);
void pk_nibble_list_wide(const pk_list *list, const pk_nibble_query *query, float *out);
void pk_nibble_list_dot(const pk_list *list, const pk_nibble_query *query, float *out);

pk_nibble_fit pk_nibble_encode_scalar(const float *vector, size_t count, float factor,
                                      uint8_t *out);
pk_nibble_fit pk_nibble_encode_avx2(const float *vector, size_t count, float factor, uint8_t *out);
pk_nibble_fit pk_nibble_encode_neon(const float *vector, size_t count, float factor, uint8_t *out);

// What is the same for all rows of a list.
typedef struct {
    const uint8_t *bytes;
    size_t half;        // bytes of a row's codes
    size_t term_offset; // of the row's two floats
    int32_t sum;        // of q
    float offset, scale;
} pk_nibbles;

PK_INLINE pk_nibbles pk_nibbles_of(const pk_list *list, const pk_nibble_query *query) {
    pk_nibbles all = {query->bytes,       (list->dimensions + 1) / 2,
                      query->term_offset, query->query_sum,
                      query->offset,      query->scale};
    if (query->is_row) {
        int32_t codes = 0;
        for (size_t at = 0; at < all.half; at++)
            codes += (query->bytes[at] & 15) + (query->bytes[at] >> 4);
        all.sum = 2 * codes - 15 * (int32_t)list->dimensions;
    }
    return all;
}

// Rows asked for ahead of those that are scored: 4,096 bytes of them, a group at least.
//
// Most lists of a graph then wait for memory once, not once a group. Searches of 1,000,000 x 256
// (136 bytes a row) are 4 % faster at beams 16 and 48 than with the next group asked for while one
// is scored, of 60,000 x 784 (400 bytes) 3 % (Zen 5). Rows of 784 bytes and more, of 8-bit codes,
// are asked for piece by piece instead: all at once costs them 5 %.
PK_INLINE size_t pk_nibble_ahead(const pk_list *list) {
    const size_t rows = 4096 / list->stride / pk_group * pk_group;
    return rows > pk_group ? rows : pk_group;
}

// From <q, c> to the distance. Contraction is off: the same bits at every level.
PK_INLINE float pk_nibble_distance(const pk_nibbles *all, int32_t dot, const uint8_t *row) {
#pragma STDC FP_CONTRACT OFF
    float terms[2];
    memcpy(terms, row + all->term_offset, sizeof terms);
    float product = (all->scale * terms[1]) * (float)(2 * dot - 15 * all->sum);
    return (all->offset + terms[0]) - product;
}

// The code of one value.
PK_INLINE uint8_t pk_nibble(float value, float factor) {
#pragma STDC FP_CONTRACT OFF
    float scaled = value * factor;
    float code = scaled + 7.5f;
    code = code > 0.0f ? code : 0.0f;
    code = code < 15.0f ? code : 15.0f;
    // Floats from 2^23 on are whole: the sum rounds, ties to even.
    return (uint8_t)((code + 0x1p23f) - 0x1p23f);
}

// Encodes bytes from `at` on: what is left at other levels.
PK_INLINE void pk_nibble_tail(const float *vector, size_t count, float factor, uint8_t *out,
                              size_t at, pk_nibble_fit *fit) {
    const size_t half = (count + 1) / 2;
    for (; at < half; at++) {
        uint8_t low = pk_nibble(vector[at], factor), high = 0;
        int32_t odd = 2 * low - 15;
        fit->product += vector[at] * (float)odd;
        fit->squares += odd * odd;
        if (half + at < count) {
            high = pk_nibble(vector[half + at], factor);
            odd = 2 * high - 15;
            fit->product += vector[half + at] * (float)odd;
            fit->squares += odd * odd;
        }
        if (out)
            out[at] = (uint8_t)(low | high << 4);
    }
}
