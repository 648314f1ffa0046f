// The plain level: every processor has it, every other level is tested against it.
//
// Accumulators: float sums in double, so that the oracle's own rounding is below what it judges;
// products of codes in int32, at most 16,384 * 255 * 128 = 5.4e8 < 2^31.
#include "bits.h"
#include "half.h"
#include "list.h"
#include "nibble.h"
#include "rotation.h"
#include "sketch.h"
#include "thirteen.h"

static float element(const void *floats, size_t at) {
    float value;
    memcpy(&value, (const uint8_t *)floats + at * sizeof value, sizeof value);
    return value;
}

static float inner_product(const void *left, const void *right, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)element(left, i) * (double)element(right, i);
    return (float)sum;
}

static float squared_euclidean(const void *left, const void *right, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double difference = (double)element(left, i) - (double)element(right, i);
        sum += difference * difference;
    }
    return (float)sum;
}

static int32_t code_product(const uint8_t *codes, const int8_t *query, size_t count) {
    int32_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (int32_t)codes[i] * (int32_t)query[i];
    return sum;
}

static void inner_product_list(const pk_list *list, const float *query, float offset, float scale,
                               float *out) {
    for (size_t i = 0; i < list->count; i++)
        out[i] = offset + scale * inner_product(query, pk_row(list, i), list->dimensions);
}

static void squared_euclidean_list(const pk_list *list, const float *query, float offset,
                                   float scale, float *out) {
    for (size_t i = 0; i < list->count; i++)
        out[i] = offset + scale * squared_euclidean(query, pk_row(list, i), list->dimensions);
}

static void inner_product_table(const float *left, size_t left_count, const float *right,
                                size_t right_count, size_t count, float *out) {
    for (size_t l = 0; l < left_count; l++)
        for (size_t r = 0; r < right_count; r++)
            out[l * right_count + r] = inner_product(left + l * count, right + r * count, count);
}

static void code_list(const pk_list *list, const pk_code_query *query, float *out) {
    for (size_t i = 0; i < list->count; i++) {
        const uint8_t *row = pk_row(list, i);
        int32_t dot = 0;
        for (size_t d = 0; d < list->dimensions; d++)
            dot += (int32_t)row[d] * (int32_t)(int8_t)(query->bytes[d] ^ query->flip);
        out[i] = pk_code_distance(query, dot, pk_term(query, row));
    }
}

static pk_code_sums encode(const float *vector, size_t count, const pk_grid *grid, uint8_t flip,
                           uint8_t *out) {
    pk_code_sums sums = {0, 0};
    for (size_t i = 0; i < count; i++) {
        uint8_t code = pk_code(vector[i], grid);
        pk_add_code(&sums, code);
        out[i] = code ^ flip;
    }
    return sums;
}

static void code_decode(const uint8_t *codes, size_t count, float low, float step, float *out) {
    for (size_t i = 0; i < count; i++)
        out[i] = pk_code_value(codes[i], low, step);
}

const pk_table pk_table_scalar = {
    .name = "scalar",
    .level = pk_level_scalar,
    .inner_product = inner_product,
    .squared_euclidean = squared_euclidean,
    .code_product = code_product,
    .inner_product_list = inner_product_list,
    .squared_euclidean_list = squared_euclidean_list,
    .inner_product_table = inner_product_table,
    .code_list = code_list,
    .encode = encode,
    .code_decode = code_decode,
    .half_list = pk_half_list_scalar,
    .half_encode = pk_half_encode_scalar,
    .half_decode = pk_half_decode_scalar,
    .nibble_list = pk_nibble_list_scalar,
    .nibble_encode = pk_nibble_encode_scalar,
    .thirteen_list = pk_thirteen_list_scalar,
    .bit_list = pk_bit_list_scalar,
    .bit_encode = pk_bit_encode_scalar,
    .bit_decode = pk_bit_decode_scalar,
    .flip_signs = pk_flip_signs_scalar,
    .hadamard = pk_hadamard_scalar,
    .mix_halves = pk_mix_halves_scalar,
    .sketch_block = pk_sketch_block_scalar,
};
