// Rows of 13-bit codes in plain C, and what makes them: the oracle.
#include "nibble.h"

#include <math.h>

#define PK_TARGET
#define PK_BODY PK_INLINE
#define pk_thirteen_list pk_thirteen_list_scalar
#include "thirteen_body.h"

pk_thirteen_fit pk_thirteen_encode(const float *vector, size_t count, float factor, uint8_t *low) {
    pk_thirteen_fit fit = {0, 1};
    for (size_t i = 0; i < count; i++)
        fit.width = fmaxf(fit.width, fabsf(vector[i] * factor) - 7);
    memset(low, 0, count + (count + 7) / 8);
    for (size_t i = 0; i < count; i++) {
        int32_t nibble = pk_nibble(vector[i], factor);
        float place = vector[i] * factor + 8 - (float)nibble;
        if (nibble == 0)
            place = (place - 1) / fit.width + 1;
        if (nibble == 15)
            place /= fit.width;
        float scaled = fmaxf(0, fminf(place * pk_thirteen_values, pk_thirteen_values - 1));
        int32_t value = (int32_t)scaled;
        low[i] = (uint8_t)(value >> 1);
        low[count + i / 8] |= (uint8_t)((value & 1) << (i % 8));
        fit.product += vector[i] * pk_thirteen_value(nibble, value, fit.width);
    }
    return fit;
}

void pk_thirteen_decode(const uint8_t *nibbles, const uint8_t *low, size_t count, float *out) {
    const size_t half = (count + 1) / 2;
    const uint8_t *plane = low + count;
    float terms[3];
    memcpy(terms, plane + (count + 7) / 8, sizeof terms);
    for (size_t i = 0; i < count; i++) {
        int32_t nibble = i < half ? nibbles[i] & 15 : nibbles[i - half] >> 4;
        int32_t value = 2 * low[i] + ((plane[i / 8] >> (i % 8)) & 1);
        out[i] = pk_thirteen_value(nibble, value, terms[2]);
    }
}
