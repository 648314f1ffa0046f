// The C side of Palate's arithmetic: distance kernels per instruction set, and CRC-32C.
//
// One table of functions per level; every level has every function with the same signature. The
// integer kernels are bit-identical across levels; the float kernels differ in the order of sums.
// Nothing here allocates, locks or keeps a pointer.
//
// Files: dispatch.c (which levels this processor has), scalar.c (the oracle), avx2.c, avx512.c,
// neon.c (float32 and 8-bit rows, and the tables), list.h, table.h (what these share), rotation_*.c
// (the steps of a rotation), half_*.c, nibble_*.c, bits_*.c (rows of 2-byte floats, of 4-bit codes,
// of 1-bit and 2-bit codes), thirteen_*.c (of 13-bit codes), sketch_*.c (sketches of links),
// avx2.h, avx512.h (what a level's files share), crc32c.c.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The instruction sets, in order of preference on their own architecture.
enum { pk_level_scalar = 0, pk_level_avx2 = 1, pk_level_avx512 = 2, pk_level_neon = 3 };
enum { pk_level_count = 4 };

// The most components of a vector; the accumulators' bounds are stated for it.
enum { pk_dimensions_max = 16384 };

// A list of stored rows: what one call scores.
typedef struct {
    const uint8_t *rows;      // row r starts at rows + r * stride; any alignment
    size_t stride;            // bytes from one row to the next
    size_t dimensions;        // components of a row
    const uint32_t *ordinals; // shape [count]
    size_t count;
} pk_list;

// A prepared query against rows of 8-bit codes c, each followed somewhere by an int32 term:
//
//   distance = offset + scale * (query_term + dot_factor * <c, q> + term_factor * term)
//                     + sum_scale * (term + query_sum)
//
// Both brackets are int32 sums and the caller sees to it that they do not overflow.
typedef struct {
    const uint8_t *bytes; // shape [dimensions]; q = bytes ^ flip, read as int8
    uint8_t flip;         // 0 for a prepared query, 0x80 when `bytes` is a stored row
    size_t term_offset;   // of the term from the start of its row, in bytes
    int32_t query_term;
    int32_t dot_factor;
    int32_t term_factor;
    int32_t query_sum;
    float offset;
    float scale;
    float sum_scale;
} pk_code_query;

// How a 2-byte number is read: IEEE 754 binary16, the upper half of a float32, or a signed integer.
enum { pk_half_binary16 = 0, pk_half_bfloat16 = 1, pk_half_integer16 = 2 };

// A query against rows of 2-byte numbers: offset + scale * <q, x>, or offset + scale * |q - x|^2.
typedef struct {
    const void *query;  // shape [dimensions]; float32, or 2-byte numbers when it is a stored row
    int32_t is_row;     // whether the query is a stored row
    int32_t format;     // one of the above
    int32_t is_squared; // whether the squared distance is meant, else the product
    float offset;
    float scale;
} pk_half_query;

// A query against rows of 4-bit codes c, each standing for the odd number 2c - 15.
//
// With h = (dimensions + 1) / 2, byte j of a row holds component j in its lower and component h + j
// in its upper four bits (0 where there is none). Two floats a and b follow at `term_offset`:
//
//   distance = (offset + a) - (scale * b) * <q, 2c - 15>
typedef struct {
    const uint8_t *bytes; // shape [2h]: q as int8, 0 where there is none; or a stored row, which
                          // stands for its own odd numbers
    int32_t is_row;       // whether `bytes` is a stored row
    int32_t query_sum;    // the sum of q; not read when it is a stored row
    size_t term_offset;   // of a from the start of its row, in bytes; b follows
    float offset;
    float scale;
} pk_nibble_query;

// How well odd numbers o fit a vector v.
typedef struct {
    float product;   // <v, o>
    int32_t squares; // <o, o>, at most 16,384 * 225
} pk_nibble_fit;

// A query of floats against rows of 13-bit codes: the upper four bits n are those of a row of 4-bit
// codes, here or in rows of their own; the lower nine, m, are a byte of their upper eight for each
// component, in order, and then a bit each, the lowest of a byte first. Behind them are three
// floats a, s and w. With t = (m + 1/2) / 512 a component stands for s times
//
//   z = n - 8 + t,   but 1 - w + w t - 8 where n = 0, and 15 + w t - 8 where n = 15
//
// and distance = (offset + a) - scale * s * <q, z>. The outermost of the 16 cells are w wide, so
// that no component of a row lies outside.
typedef struct {
    const float *query;     // shape [dimensions]
    const uint8_t *nibbles; // upper bits of row r start at nibbles + r * nibble_stride
    size_t nibble_stride;
    size_t low_offset; // of the lower bits from the start of a row
    float offset;
    float scale;
} pk_thirteen_query;

// How 13-bit codes fit a vector v.
typedef struct {
    float product; // <v, z>
    float width;   // w
} pk_thirteen_fit;

// A query against rows of codes c of 1 or 2 bits that stand for the odd numbers o = 2c - top, top =
// 1 or 3. With f = 8 / bits codes to a byte and h = (dimensions + f - 1) / f, byte i of a row holds
// component j * h + i in its bits from j * bits on, 0 where there is none. Somewhere behind them
// are two floats a and b, and a byte g:
//
//   distance = (table[g] + a) - (scale * b) * <q, o>
typedef struct {
    const uint8_t *bytes; // shape [f * h]; q, read as int8; 0 past the components
    const float *table;   // shape [256]
    int32_t bits;         // 1 or 2
    int32_t query_sum;    // of q
    size_t term_offset;   // of a from the start of its row, in bytes; b and g follow
    float scale;
} pk_bit_query;

// How well the odd numbers o of a vector's codes fit the vector v.
typedef struct {
    float product;   // <v, o>
    int32_t squares; // <o, o>
} pk_bit_fit;

// The affine grid of 8-bit codes: code = round((value * unit - low) * inverse), ties to even,
// clamped to 0...255; a value that is not a number becomes 0.
typedef struct {
    float unit;    // what a vector is multiplied with first: 1, or 1 / its norm
    float low;     // what code 0 stands for
    float inverse; // codes per unit of value
} pk_grid;

// Exact sums over the codes of one vector.
typedef struct {
    int32_t sum;
    int32_t squares;
} pk_code_sums;

// Sketches of 32 links: 256 bytes of signs, then 32 binary16 numbers e and 32 binary16 numbers f,
// by link. The 64 signs of a link are 16 groups of four bits. Byte 32 p + pk_sketch_place(j) holds
// the groups 2p (lower four bits) and 2p + 1 (upper four bits) of link j, so that one shuffle looks
// up as many groups as a register has bytes, and sums of 16 bits are those of links side by side.
enum { pk_sketch_links = 32, pk_sketch_groups = 16, pk_sketch_sign_bytes = 256 };
enum { pk_sketch_bytes = pk_sketch_sign_bytes + 4 * pk_sketch_links };

static inline size_t pk_sketch_place(size_t link) {
    return link < pk_sketch_links / 2 ? 2 * link : 2 * link - pk_sketch_links + 1;
}

// A query against sketches. A link passes unless
//
//   e - f * (scale * sum + shift) > room,   sum = table[g][signs of group g] over the 16 groups
typedef struct {
    const uint8_t *table; // shape [pk_sketch_groups][16]
    float scale;
    float shift;
    float room;
} pk_sketch_query;

// The functions of one level. `left`, `right` and rows may have any alignment.
typedef struct {
    const char *name;
    int32_t level;
    // Sum of left[i] * right[i].
    float (*inner_product)(const void *left, const void *right, size_t count);
    // Sum of (left[i] - right[i])^2.
    float (*squared_euclidean)(const void *left, const void *right, size_t count);
    // Exact sum of codes[i] * query[i]; count <= pk_dimensions_max.
    int32_t (*code_product)(const uint8_t *codes, const int8_t *query, size_t count);
    // out[i] = offset + scale * <query, row i>, rows of float32.
    void (*inner_product_list)(const pk_list *list, const float *query, float offset, float scale,
                               float *out);
    // out[i] = offset + scale * |query - row i|^2, rows of float32.
    void (*squared_euclidean_list)(const pk_list *list, const float *query, float offset,
                                   float scale, float *out);
    // out[l * right_count + r] = <left row l, right row r>, rows of `count` float32 side by side.
    void (*inner_product_table)(const float *left, size_t left_count, const float *right,
                                size_t right_count, size_t count, float *out);
    // out[i] = the distance of `pk_code_query`, rows of 8-bit codes.
    void (*code_list)(const pk_list *list, const pk_code_query *query, float *out);
    // out[i] = code of vector[i] ^ flip; the sums are over the codes before the flip.
    pk_code_sums (*encode)(const float *vector, size_t count, const pk_grid *grid, uint8_t flip,
                           uint8_t *out);
    // out[i] = low + step * codes[i]. The same bits at every level.
    void (*code_decode)(const uint8_t *codes, size_t count, float low, float step, float *out);
    // out[i] = the distance of `pk_half_query`, rows of 2-byte numbers.
    void (*half_list)(const pk_list *list, const pk_half_query *query, float *out);
    // Writes vector[i] * factor as little-endian 2-byte floats: to nearest, ties to even, clamped
    // to the largest finite value; what is not a number becomes minus that.
    void (*half_encode)(const float *vector, size_t count, float factor, int32_t format,
                        uint8_t *out);
    // out[i] = factor * the 2-byte float i.
    void (*half_decode)(const uint8_t *halves, size_t count, float factor, int32_t format,
                        float *out);
    // out[i] = the distance of `pk_nibble_query`. The same bits at every level.
    void (*nibble_list)(const pk_list *list, const pk_nibble_query *query, float *out);
    // Codes c = round(vector[i] * factor + 7.5), ties to even, clamped to 0...15, packed as in
    // `pk_nibble_query`; with NULL as `out` only the fit is computed. The same codes at every
    // level.
    pk_nibble_fit (*nibble_encode)(const float *vector, size_t count, float factor, uint8_t *out);
    // out[i] = the distance of `pk_thirteen_query`. The same bits at every level.
    void (*thirteen_list)(const pk_list *list, const pk_thirteen_query *query, float *out);
    // out[i] = the distance of `pk_bit_query`. The same bits at every level.
    void (*bit_list)(const pk_list *list, const pk_bit_query *query, float *out);
    // Codes of 1 bit: whether vector[i] > 0; of 2 bits: how many of -threshold, 0, threshold it is
    // above. Packed as in `pk_bit_query`; with NULL as `out` only the fit is computed. The same
    // bits at every level, of the fit too.
    pk_bit_fit (*bit_encode)(const float *vector, size_t count, int32_t bits, float threshold,
                             uint8_t *out);
    // out[i] = the odd number of code i.
    void (*bit_decode)(const uint8_t *codes, size_t count, int32_t bits, float *out);
    // Turns the sign of vector[i] where bit i of `signs` is set: 64 to a word, the lowest first.
    void (*flip_signs)(float *vector, size_t count, const uint64_t *signs);
    // vector = scale * H vector, H the Walsh-Hadamard matrix of ones and minus ones in natural
    // order. `count` is a power of two. The same bits at every level.
    void (*hadamard)(float *vector, size_t count, float scale);
    // (x, y) = (x + y, x - y) / sqrt(2) for the first and the last count / 2 components; the
    // middle one of an odd count stays. The same bits at every level.
    void (*mix_halves)(float *vector, size_t count);
    // Bit j: link j of a block of sketches passes. The same bits at every level.
    uint32_t (*sketch_block)(const uint8_t *block, const pk_sketch_query *query);
} pk_table;

// Bytes of a cache line.
enum { pk_line = 64 };

// Asks for `bytes` from `start`, into every level of the cache; nobody waits for them.
static inline void pk_prefetch(const void *start, size_t bytes) {
    for (size_t at = 0; at < bytes; at += pk_line)
        __builtin_prefetch((const uint8_t *)start + at, 0, 3);
}

// What a link c -> d is sketched by.
typedef struct {
    uint64_t signs; // bit i: component i of d is larger than that of c
    float total;    // sum of |d - c|
    float along;    // sum of c, each component with its sign
} pk_link_signs;

// Of 64 components.
pk_link_signs pk_sketch_signs(const float *from, const float *to);

// Writes the lower nine bits of the codes whose upper four `nibble_encode` makes: shape
// [count + (count + 7) / 8].
pk_thirteen_fit pk_thirteen_encode(const float *vector, size_t count, float factor, uint8_t *low);

// Writes z of one row; `nibbles` and `low` are its upper and lower bits.
void pk_thirteen_decode(const uint8_t *nibbles, const uint8_t *low, size_t count, float *out);

// The table of a level; NULL when this processor or this build has no such level.
const pk_table *pk_table_at(int32_t level);

// The name of a level, supported or not; NULL when there is no such level.
const char *pk_level_name(int32_t level);

// The best level of this processor.
int32_t pk_level_best(void);

// CRC-32C (Castagnoli) of `count` bytes, continuing from `seed`, the CRC of what came before.
uint32_t pk_crc32c(uint32_t seed, const void *bytes, size_t count);

// Its ways, slowest first: by table everywhere, the processor's CRC32 instruction, carry-less
// products of 512 bits.
typedef enum {
    pk_crc32c_table,
    pk_crc32c_instruction,
    pk_crc32c_folding,
} pk_crc32c_method;

enum { pk_crc32c_method_count = 3 };

// Whether this processor has a way.
bool pk_crc32c_has(pk_crc32c_method method);

// The same as `pk_crc32c` by one way, so that tests reach all; by table where there is no such way.
uint32_t pk_crc32c_by(pk_crc32c_method method, uint32_t seed, const void *bytes, size_t count);

#ifdef __cplusplus
}
#endif
