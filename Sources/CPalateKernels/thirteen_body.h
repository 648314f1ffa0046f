// Rows of 13-bit codes in plain C: included by each level with its PK_TARGET, PK_BODY and the name
// `pk_thirteen_list`. Loops over sixteen lanes are what compilers make vectors of.
#include "thirteen.h"

// Adds q z of components first...end, whose upper bits are at `shift` of the bytes from `nibbles`.
PK_BODY void add_run(const uint8_t *nibbles, int shift, const uint8_t *low, const uint8_t *plane,
                     const float *query, size_t first, size_t end, float width, float *sum) {
#pragma STDC FP_CONTRACT OFF
    size_t at = first;
    for (; at + pk_thirteen_lanes <= end; at += pk_thirteen_lanes) {
        const uint8_t *upper = nibbles + (at - first), *bytes = low + at;
        const float *q = query + at;
        const uint32_t bits = pk_thirteen_bits(plane, at);
        for (int lane = 0; lane < pk_thirteen_lanes; lane++) {
            int32_t nibble = (upper[lane] >> shift) & 15;
            int32_t value = 2 * bytes[lane] + (int32_t)((bits >> lane) & 1);
            sum[lane] += q[lane] * pk_thirteen_value(nibble, value, width);
        }
    }
    for (int lane = 0; at < end; at++, lane++) {
        int32_t nibble = (nibbles[at - first] >> shift) & 15;
        int32_t value = 2 * low[at] + ((plane[at / 8] >> (at % 8)) & 1);
        sum[lane] += query[at] * pk_thirteen_value(nibble, value, width);
    }
}

PK_TARGET void pk_thirteen_list(const pk_list *list, const pk_thirteen_query *query, float *out) {
#pragma STDC FP_CONTRACT OFF
    const size_t half = (list->dimensions + 1) / 2, plane_bytes = (list->dimensions + 7) / 8;
    for (size_t i = 0; i < list->count; i++) {
        if (i % pk_group == 0)
            for (size_t ahead = i ? pk_group : 0; ahead < 2 * pk_group; ahead++)
                pk_ask_on(list, i + ahead);
        const uint8_t *low = pk_row(list, i) + query->low_offset;
        const uint8_t *plane = low + list->dimensions;
        const uint8_t *nibbles = query->nibbles + (size_t)list->ordinals[i] * query->nibble_stride;
        float terms[3], sum[pk_thirteen_lanes] = {0};
        memcpy(terms, plane + plane_bytes, sizeof terms);
        add_run(nibbles, 0, low, plane, query->query, 0, half, terms[2], sum);
        add_run(nibbles, 4, low, plane, query->query, half, list->dimensions, terms[2], sum);
        for (int step = pk_thirteen_lanes / 2; step > 0; step /= 2)
            for (int lane = 0; lane < step; lane++)
                sum[lane] += sum[lane + step];
        out[i] = (query->offset + terms[0]) - (query->scale * terms[1]) * sum[0];
    }
}
