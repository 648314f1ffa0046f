// Rows of 13-bit codes at every level; `pk_table` says what they do.
#pragma once

#include "list.h"

void pk_thirteen_list_scalar(const pk_list *list, const pk_thirteen_query *query, float *out);
void pk_thirteen_list_avx2(const pk_list *list, const pk_thirteen_query *query, float *out);
void pk_thirteen_list_avx512(const pk_list *list, const pk_thirteen_query *query, float *out);
void pk_thirteen_list_neon(const pk_list *list, const pk_thirteen_query *query, float *out);

// Values of the lower nine bits, and places of a sum: as many at every level, so that all agree.
enum { pk_thirteen_values = 512, pk_thirteen_lanes = 16 };

// What a code stands for, in units of s. Contraction is off: the same bits at every level.
PK_INLINE float pk_thirteen_value(int32_t nibble, int32_t low, float width) {
#pragma STDC FP_CONTRACT OFF
    float t = ((float)low + 0.5f) * (1.0f / pk_thirteen_values);
    float z = (float)(nibble - 8) + t;
    float first = (1.0f - t) * (1.0f - width), last = t * (width - 1.0f);
    return z + (nibble == 0 ? first : 0.0f) + (nibble == 15 ? last : 0.0f);
}

// Sixteen bits of the plane of lowest bits, from component `at` on. Floats follow the plane: the
// bytes read lie inside the row.
PK_INLINE uint32_t pk_thirteen_bits(const uint8_t *plane, size_t at) {
    uint32_t word;
    memcpy(&word, plane + at / 8, sizeof word);
    return word >> (at % 8);
}
