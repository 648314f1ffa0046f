// Rows of 1-bit and 2-bit codes in plain C: the oracle.
//
// <q, c> is at most 16,384 * 128 * 3 = 6.3e6, and twice that less three times the sum of q is
// below 2^24: exact as a float.
#include "bits.h"

void pk_bit_list_scalar(const pk_list *list, const pk_bit_query *query, float *out) {
    const size_t bytes = pk_bit_bytes(list->dimensions, query->bits);
    for (size_t i = 0; i < list->count; i++) {
        const uint8_t *row = pk_row(list, i);
        out[i] = pk_bit_distance(query, pk_bit_tail(query, bytes, row, 0), row);
    }
}

pk_bit_fit pk_bit_encode_scalar(const float *vector, size_t count, int32_t bits, float threshold,
                                uint8_t *out) {
    return pk_bit_encode(vector, count, bits, threshold, out);
}

void pk_bit_decode_scalar(const uint8_t *codes, size_t count, int32_t bits, float *out) {
    pk_bit_decode(codes, count, bits, out);
}
