// Rows of 2-byte numbers in plain C: the oracle. Sums in double, as in scalar.c.
#include "half.h"

void pk_half_list_scalar(const pk_list *list, const pk_half_query *query, float *out) {
    for (size_t i = 0; i < list->count; i++) {
        const uint8_t *row = pk_row(list, i);
        double sum = 0;
        for (size_t d = 0; d < list->dimensions; d++) {
            double left = pk_half_component(query, d);
            double right = pk_half_value(row, d, query->format);
            sum += query->is_squared ? (left - right) * (left - right) : left * right;
        }
        out[i] = query->offset + query->scale * (float)sum;
    }
}

void pk_half_encode_scalar(const float *vector, size_t count, float factor, int32_t format,
                           uint8_t *out) {
    for (size_t i = 0; i < count; i++)
        pk_half_store(out, i, vector[i] * factor, format);
}

void pk_half_decode_scalar(const uint8_t *halves, size_t count, float factor, int32_t format,
                           float *out) {
    for (size_t i = 0; i < count; i++)
        out[i] = factor * pk_half_value(halves, i, format);
}
