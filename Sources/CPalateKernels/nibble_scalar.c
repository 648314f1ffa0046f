// Rows of 4-bit codes in plain C: the oracle.
//
// <q, c> is at most 16,384 * 128 * 15 = 3.2e7 < 2^31, and so is what the distance makes of it.
#include "nibble.h"

void pk_nibble_list_scalar(const pk_list *list, const pk_nibble_query *query, float *out) {
    const pk_nibbles all = pk_nibbles_of(list, query);
    for (size_t i = 0; i < list->count; i++) {
        const uint8_t *row = pk_row(list, i);
        int32_t dot = 0;
        for (size_t at = 0; at < all.half; at++) {
            int32_t low = (int8_t)all.bytes[at], high;
            if (query->is_row) {
                low = 2 * (all.bytes[at] & 15) - 15;
                high = 2 * (all.bytes[at] >> 4) - 15;
            } else {
                high = (int8_t)all.bytes[all.half + at];
            }
            dot += low * (row[at] & 15) + high * (row[at] >> 4);
        }
        out[i] = pk_nibble_distance(&all, dot, row);
    }
}

pk_nibble_fit pk_nibble_encode_scalar(const float *vector, size_t count, float factor,
                                      uint8_t *out) {
    pk_nibble_fit fit = {0, 0};
    pk_nibble_tail(vector, count, factor, out, 0, &fit);
    return fit;
}
