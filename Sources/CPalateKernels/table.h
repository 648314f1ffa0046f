// All pairs of two small tables of float32 rows: included where a level has defined `pk_wide`,
// several floats side by side, how many they are, `wide_zero`, `wide_load`, `wide_add_product` and
// `wide_sum`, with its PK_BODY and PK_TARGET.
//
// A tile is pk_tile_left rows against pk_tile_right rows, as many as keep their sums in registers:
// a loaded piece serves several sums, so additions are the limit and not loads.
#pragma once

enum { pk_tile_left = 4 };

// Sums of `rows` rows times `columns` rows, `stride` results apart.
PK_BODY void tile(const float *left, size_t rows, const float *right, size_t columns, size_t count,
                  float *out, size_t stride) {
    pk_wide sum[pk_tile_left][pk_tile_right], piece[pk_tile_right];
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            sum[r][c] = wide_zero();
    size_t at = 0;
    for (; at + pk_wide_lanes <= count; at += pk_wide_lanes) {
        for (size_t c = 0; c < columns; c++)
            piece[c] = wide_load(right + c * count + at);
        for (size_t r = 0; r < rows; r++) {
            pk_wide row = wide_load(left + r * count + at);
            for (size_t c = 0; c < columns; c++)
                sum[r][c] = wide_add_product(sum[r][c], row, piece[c]);
        }
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++) {
            float total = wide_sum(sum[r][c]);
            for (size_t rest = at; rest < count; rest++)
                total += left[r * count + rest] * right[c * count + rest];
            out[r * stride + c] = total;
        }
}

// `rows` rows of the left table against the whole right one.
PK_BODY void tiles(const float *left, size_t rows, const float *right, size_t right_count,
                   size_t count, float *out) {
    size_t at = 0;
    for (; at + pk_tile_right <= right_count; at += pk_tile_right)
        tile(left, rows, right + at * count, pk_tile_right, count, out + at, right_count);
    for (; at < right_count; at++)
        tile(left, rows, right + at * count, 1, count, out + at, right_count);
}

PK_TARGET static void inner_product_table(const float *left, size_t left_count, const float *right,
                                          size_t right_count, size_t count, float *out) {
    size_t at = 0;
    for (; at + pk_tile_left <= left_count; at += pk_tile_left)
        tiles(left + at * count, pk_tile_left, right, right_count, count, out + at * right_count);
    for (; at < left_count; at++)
        tiles(left + at * count, 1, right, right_count, count, out + at * right_count);
}
