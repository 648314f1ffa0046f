// Sketches of links in plain C: the oracle.
#include "half.h"
#include "sketch.h"

#include <math.h>

pk_link_signs pk_sketch_signs(const float *from, const float *to) {
    // Lanes of a sum: what compilers make vectors of.
    enum { lanes = 8 };
    float total[lanes] = {0}, along[lanes] = {0};
    pk_link_signs link = {0, 0, 0};
    for (size_t at = 0; at < 4 * pk_sketch_groups; at += lanes) {
        uint8_t positive[lanes];
        for (size_t lane = 0; lane < lanes; lane++) {
            float step = to[at + lane] - from[at + lane];
            positive[lane] = step > 0;
            total[lane] += fabsf(step);
            along[lane] += step > 0 ? from[at + lane] : -from[at + lane];
        }
        for (size_t lane = 0; lane < lanes; lane++)
            link.signs |= (uint64_t)positive[lane] << (at + lane);
    }
    for (size_t lane = 0; lane < lanes; lane++) {
        link.total += total[lane];
        link.along += along[lane];
    }
    return link;
}

uint32_t pk_sketch_block_scalar(const uint8_t *block, const pk_sketch_query *query) {
    uint32_t passing = 0;
    for (size_t link = 0; link < pk_sketch_links; link++) {
        int32_t sum = 0;
        for (size_t group = 0; group < pk_sketch_groups; group += 2) {
            uint8_t signs = block[pk_sketch_links * (group / 2) + pk_sketch_place(link)];
            sum += query->table[16 * group + (signs & 15)];
            sum += query->table[16 * (group + 1) + (signs >> 4)];
        }
        float e = pk_half_value(pk_sketch_e(block, link), 0, pk_half_binary16);
        float f = pk_half_value(pk_sketch_f(block, link), 0, pk_half_binary16);
        // Fused as in the vector units, so that all levels agree.
        float product = fmaf(query->scale, (float)sum, query->shift);
        passing |= (uint32_t) !(fmaf(-f, product, e) > query->room) << link;
    }
    return passing;
}
