// Sketches of links at every level; `pk_table` says what they do.
#pragma once

#include "list.h"

uint32_t pk_sketch_block_scalar(const uint8_t *block, const pk_sketch_query *query);
uint32_t pk_sketch_block_avx2(const uint8_t *block, const pk_sketch_query *query);
uint32_t pk_sketch_block_avx512(const uint8_t *block, const pk_sketch_query *query);
uint32_t pk_sketch_block_neon(const uint8_t *block, const pk_sketch_query *query);

enum { pk_sketch_half = pk_sketch_links / 2 };

// Where the numbers e and f of a link start.
PK_INLINE const uint8_t *pk_sketch_e(const uint8_t *block, size_t link) {
    return block + pk_sketch_sign_bytes + 2 * link;
}

PK_INLINE const uint8_t *pk_sketch_f(const uint8_t *block, size_t link) {
    return pk_sketch_e(block, pk_sketch_links + link);
}
