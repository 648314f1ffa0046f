// What the levels share: reading rows, prefetching them, and the last step from sum to distance.
//
// Every level scores `pk_group` rows side by side, so that a piece of the query is read once for
// all of them. Long rows are asked for while that goes on, short ones before.
#pragma once

#include "CPalateKernels.h"

#include <string.h>

// Rows scored side by side.
enum { pk_group = 4 };

#define PK_INLINE static inline __attribute__((always_inline))

// Where the row in position `at` of the list starts.
PK_INLINE const uint8_t *pk_row(const pk_list *list, size_t at) {
    return list->rows + (size_t)list->ordinals[at] * list->stride;
}

// Asks for the row in position `at`, where the list goes that far.
PK_INLINE void pk_ask_on(const pk_list *list, size_t at) {
    if (at < list->count)
        pk_prefetch(pk_row(list, at), list->stride);
}

// Asks for the rows that a list begins with, `ahead` of them; `pk_ask_on` for one from then on.
PK_INLINE void pk_ask_first(const pk_list *list, size_t ahead) {
    for (size_t at = 0; at < ahead; at++)
        pk_ask_on(list, at);
}

// The int32 term of a row of codes.
PK_INLINE int32_t pk_term(const pk_code_query *query, const uint8_t *row) {
    int32_t term;
    memcpy(&term, row + query->term_offset, sizeof term);
    return term;
}

// From the integer product to the distance. Contraction is off: the same bits at every level.
PK_INLINE float pk_code_distance(const pk_code_query *query, int32_t dot, int32_t term) {
#pragma STDC FP_CONTRACT OFF
    int32_t product = query->query_term + query->dot_factor * dot + query->term_factor * term;
    float scaled = query->scale * (float)product;
    float sum = query->sum_scale * (float)(term + query->query_sum);
    return query->offset + (scaled + sum);
}

// The code of one value; see `pk_grid`. The oracle of every level's encoder, and its tail.
PK_INLINE uint8_t pk_code(float value, const pk_grid *grid) {
#pragma STDC FP_CONTRACT OFF
    float scaled = value * grid->unit;
    float code = (scaled - grid->low) * grid->inverse;
    code = code > 0.0f ? code : 0.0f;
    code = code < 255.0f ? code : 255.0f;
    // Floats from 2^23 on are whole: the sum rounds, ties to even.
    return (uint8_t)((code + 0x1p23f) - 0x1p23f);
}

// What a code stands for. The oracle of every level's decoder, and its tail.
PK_INLINE float pk_code_value(uint8_t code, float low, float step) {
#pragma STDC FP_CONTRACT OFF
    float scaled = step * (float)code;
    return low + scaled;
}

// Adds one code to the sums: at most 16,384 * 255^2 = 1.07e9 < 2^31.
PK_INLINE void pk_add_code(pk_code_sums *sums, uint8_t code) {
    sums->sum += (int32_t)code;
    sums->squares += (int32_t)code * (int32_t)code;
}
