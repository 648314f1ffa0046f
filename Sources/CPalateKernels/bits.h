// Rows of 1-bit and 2-bit codes at every level; `pk_table` says what they do.
//
// Bit planes and `vpopcnt` were measured against codes moved to the low bits of bytes and
// multiplied (Zen 4, 256 components of 1 bit, ns per row out of the second cache): 8 planes of the
// query 4.2, 4 planes 3.5, multiplied 4.4. Multiplying needs no instruction beyond the level's,
// serves 2 bits at the same price per component and takes the query in its natural order; 4 planes
// would add a tenth to the error of the estimate.
#pragma once

#include "list.h"

void pk_bit_list_scalar(const pk_list *list, const pk_bit_query *query, float *out);
void pk_bit_list_avx2(const pk_list *list, const pk_bit_query *query, float *out);
void pk_bit_list_avx512(const pk_list *list, const pk_bit_query *query, float *out);
void pk_bit_list_wide(const pk_list *list, const pk_bit_query *query, float *out);
void pk_bit_list_dot(const pk_list *list, const pk_bit_query *query, float *out);

pk_bit_fit pk_bit_encode_scalar(const float *vector, size_t count, int32_t bits, float threshold,
                                uint8_t *out);
pk_bit_fit pk_bit_encode_avx2(const float *vector, size_t count, int32_t bits, float threshold,
                              uint8_t *out);

void pk_bit_decode_scalar(const uint8_t *codes, size_t count, int32_t bits, float *out);
void pk_bit_decode_avx2(const uint8_t *codes, size_t count, int32_t bits, float *out);

// Bytes that `count` codes take.
PK_INLINE size_t pk_bit_bytes(size_t count, int32_t bits) {
    const size_t fields = 8 / (size_t)bits;
    return (count + fields - 1) / fields;
}

// The largest code.
PK_INLINE int32_t pk_bit_top(int32_t bits) { return (1 << bits) - 1; }

// Where the last byte of a row's terms lies: two floats and the group.
PK_INLINE size_t pk_bit_last(const pk_bit_query *query) {
    return query->term_offset + 2 * sizeof(float);
}

// Read 16 from the r-th on, they keep the last r of 16 bytes: what is left of a row of at least 16
// is done with bytes that were done before.
static const uint8_t pk_bit_masks[32] = {
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

// Rows asked for ahead of those that are scored: as many as keep a dozen lines or so under way.
// Measured with 4, 8 and 12 on Zen 4, ns per row out of memory: 48-byte rows 23, 19 and 20,
// 128-byte rows 31, 29 and 31, 208-byte rows 50, 64 and 69.
PK_INLINE size_t pk_bit_ahead(const pk_bit_query *query) {
    return pk_bit_last(query) < 2 * pk_line ? 8 : 4;
}

// From <q, c> to the distance. Contraction is off: the same bits at every level.
PK_INLINE float pk_bit_distance(const pk_bit_query *query, int32_t dot, const uint8_t *row) {
#pragma STDC FP_CONTRACT OFF
    float terms[2];
    memcpy(terms, row + query->term_offset, sizeof terms);
    float base = query->table[row[pk_bit_last(query)]];
    int32_t odd = 2 * dot - pk_bit_top(query->bits) * query->query_sum;
    float product = (query->scale * terms[1]) * (float)odd;
    return (base + terms[0]) - product;
}

// <q, c> of the bytes from `at` on.
PK_INLINE int32_t pk_bit_tail(const pk_bit_query *query, size_t bytes, const uint8_t *row,
                              size_t at) {
    const int32_t bits = query->bits, top = pk_bit_top(bits);
    int32_t dot = 0;
    for (; at < bytes; at++)
        for (int32_t field = 0; field * bits < 8; field++)
            dot += (row[at] >> (field * bits) & top) *
                   (int8_t)query->bytes[(size_t)field * bytes + at];
    return dot;
}

// Lanes of the fit: its sums have the same order, and so the same bits, at every level.
enum { pk_bit_lanes = 16 };

// The codes of up to 16 values, and their part of the fit.
PK_INLINE void pk_bit_codes(const float *values, size_t count, int32_t bits, float threshold,
                            uint8_t *codes, float *products, int32_t *squares) {
#pragma STDC FP_CONTRACT OFF
    for (size_t lane = 0; lane < count; lane++) {
        float value = values[lane];
        int32_t code = value > 0.0f;
        if (bits == 2)
            code += (value > -threshold) + (value > threshold);
        int32_t odd = 2 * code - pk_bit_top(bits);
        products[lane] += value * (float)odd;
        squares[lane] += odd * odd;
        codes[lane] = (uint8_t)code;
    }
}

PK_INLINE pk_bit_fit pk_bit_encode(const float *vector, size_t count, int32_t bits, float threshold,
                                   uint8_t *out) {
    const size_t bytes = pk_bit_bytes(count, bits);
    float products[pk_bit_lanes] = {0};
    int32_t squares[pk_bit_lanes] = {0};
    uint8_t codes[pk_bit_lanes];
    if (out)
        memset(out, 0, bytes);
    for (int32_t shift = 0; shift < 8; shift += bits) {
        const size_t start = (size_t)(shift / bits) * bytes;
        const size_t end = start >= count ? 0 : count - start < bytes ? count - start : bytes;
        for (size_t at = 0; at < end; at += pk_bit_lanes) {
            size_t lanes = end - at;
            if (lanes >= pk_bit_lanes) {
                lanes = pk_bit_lanes;
                pk_bit_codes(vector + start + at, pk_bit_lanes, bits, threshold, codes, products,
                             squares);
            } else {
                pk_bit_codes(vector + start + at, lanes, bits, threshold, codes, products, squares);
            }
            for (size_t lane = 0; out && lane < lanes; lane++)
                out[at + lane] |= (uint8_t)(codes[lane] << shift);
        }
    }
    for (size_t half = pk_bit_lanes / 2; half > 0; half /= 2)
        for (size_t lane = 0; lane < half; lane++) {
            products[lane] += products[lane + half];
            squares[lane] += squares[lane + half];
        }
    return (pk_bit_fit){products[0], squares[0]};
}

PK_INLINE void pk_bit_decode(const uint8_t *codes, size_t count, int32_t bits, float *out) {
    const size_t bytes = pk_bit_bytes(count, bits);
    const int32_t top = pk_bit_top(bits);
    for (int32_t shift = 0; shift < 8; shift += bits) {
        const size_t start = (size_t)(shift / bits) * bytes;
        const size_t end = start >= count ? 0 : count - start < bytes ? count - start : bytes;
        for (size_t at = 0; at < end; at++)
            out[start + at] = (float)(2 * (codes[at] >> shift & top) - top);
    }
}
