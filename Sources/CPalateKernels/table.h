// All pairs of two small tables of float32 rows: included where a level has defined `tile`, and
// how many rows of the right table one tile holds, with its PK_BODY.
//
// A tile is pk_tile_left rows against pk_tile_right rows whose sums stay in registers: a loaded
// piece serves several sums, so additions are the limit and not loads.
#pragma once

enum { pk_tile_left = 4 };

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
