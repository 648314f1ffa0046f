// CRC-32C (polynomial 0x1EDC6F41, reflected 0x82F63B78), by the processor's own instruction.
//
// x86: SSE4.2 `crc32` takes 3 cycles but starts every cycle, so three blocks run side by side.
// Their CRCs are joined by one carry-less product each: with A followed by n bytes,
// crc(A . B) = crc(A) * x^(8n) + crc(B), and crc32(0, clmul(crc, k)) = crc * k * x^33 for reflected
// 32-bit operands, hence k = x^(8n - 33) mod P. Measured on Zen 4: see PalateChecksum.
// ARMv8: `crc32cx`, one stream. Elsewhere: slicing by eight (Kounavis & Berry, 2005).
//
// Workload: every frame of the wire and of the store, 20 bytes to 64 MiB.
#include "CPalateKernels.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#include <sys/auxv.h>
#ifndef HWCAP_CRC32
#define HWCAP_CRC32 (1 << 7)
#endif
#endif

typedef uint32_t (*crc_function)(uint32_t, const uint8_t *, size_t);

static const uint32_t polynomial = 0x82F63B78u;
static uint32_t tables[8][256];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void fill_tables(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1) ? polynomial : 0);
        tables[0][byte] = crc;
    }
    for (uint32_t byte = 0; byte < 256; byte++)
        for (int slice = 1; slice < 8; slice++) {
            uint32_t before = tables[slice - 1][byte];
            tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xFF];
        }
}

// Slicing by eight: eight look-ups per eight bytes, no dependency between them.
static uint32_t by_table(uint32_t crc, const uint8_t *bytes, size_t count) {
    for (; count >= 8; count -= 8, bytes += 8) {
        uint32_t low = crc ^ ((uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
                              (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24);
        crc = tables[7][low & 0xFF] ^ tables[6][low >> 8 & 0xFF] ^ tables[5][low >> 16 & 0xFF] ^
              tables[4][low >> 24] ^ tables[3][bytes[4]] ^ tables[2][bytes[5]] ^
              tables[1][bytes[6]] ^ tables[0][bytes[7]];
    }
    for (; count > 0; count--, bytes++)
        crc = (crc >> 8) ^ tables[0][(crc ^ *bytes) & 0xFF];
    return crc;
}

#if defined(__x86_64__)

enum { long_block = 4096, short_block = 256 };

// x^(8n - 33) mod P, reflected, for n = 2 and 1 blocks: what moves the first and the second CRC.
static uint32_t long_shift[2], short_shift[2];

static uint32_t power_of_x(uint32_t exponent) {
    uint32_t value = 0x80000000u; // x^0
    for (; exponent > 0; exponent--)
        value = (value >> 1) ^ ((value & 1) ? polynomial : 0);
    return value;
}

static void fill_shifts(void) {
    for (uint32_t i = 0; i < 2; i++) {
        long_shift[i] = power_of_x(8 * long_block * (2 - i) - 33);
        short_shift[i] = power_of_x(8 * short_block * (2 - i) - 33);
    }
}

static inline uint64_t load64(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

__attribute__((target("sse4.2,pclmul"), always_inline)) static inline uint32_t
times(uint32_t crc, uint32_t power) {
    __m128i product =
        _mm_clmulepi64_si128(_mm_cvtsi32_si128((int)crc), _mm_cvtsi32_si128((int)power), 0);
    return (uint32_t)_mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

// Three blocks of `size` bytes, side by side.
__attribute__((target("sse4.2,pclmul"), always_inline)) static inline uint32_t
three_blocks(uint32_t crc, const uint8_t *bytes, size_t size, const uint32_t shift[2]) {
    uint64_t first = crc, second = 0, third = 0;
    for (size_t at = 0; at < size; at += 8) {
        first = _mm_crc32_u64(first, load64(bytes + at));
        second = _mm_crc32_u64(second, load64(bytes + size + at));
        third = _mm_crc32_u64(third, load64(bytes + 2 * size + at));
    }
    return times((uint32_t)first, shift[0]) ^ times((uint32_t)second, shift[1]) ^ (uint32_t)third;
}

__attribute__((target("sse4.2,pclmul"))) static uint32_t
by_instruction(uint32_t crc, const uint8_t *bytes, size_t count) {
    for (; count >= 3 * long_block; count -= 3 * long_block, bytes += 3 * long_block)
        crc = three_blocks(crc, bytes, long_block, long_shift);
    for (; count >= 3 * short_block; count -= 3 * short_block, bytes += 3 * short_block)
        crc = three_blocks(crc, bytes, short_block, short_shift);
    for (; count >= 8; count -= 8, bytes += 8)
        crc = (uint32_t)_mm_crc32_u64(crc, load64(bytes));
    for (; count > 0; count--, bytes++)
        crc = _mm_crc32_u8(crc, *bytes);
    return crc;
}

static crc_function best_function(void) {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("pclmul"))
        return by_table;
    fill_shifts();
    return by_instruction;
}

#elif defined(__aarch64__)

__attribute__((target("crc"))) static uint32_t by_instruction(uint32_t crc, const uint8_t *bytes,
                                                              size_t count) {
    for (; count >= 8; count -= 8, bytes += 8) {
        uint64_t value;
        memcpy(&value, bytes, sizeof value);
        crc = __crc32cd(crc, value);
    }
    for (; count > 0; count--, bytes++)
        crc = __crc32cb(crc, *bytes);
    return crc;
}

static crc_function best_function(void) {
    return (getauxval(AT_HWCAP) & HWCAP_CRC32) ? by_instruction : by_table;
}

#else

static crc_function best_function(void) { return by_table; }

#endif

static _Atomic(crc_function) chosen;
static pthread_once_t chosen_once = PTHREAD_ONCE_INIT;

static void choose(void) {
    pthread_once(&tables_once, fill_tables);
    atomic_store_explicit(&chosen, best_function(), memory_order_release);
}

uint32_t pk_crc32c(uint32_t seed, const void *bytes, size_t count) {
    // Acquire pairs with the release in `choose`: whoever sees the function sees its tables.
    crc_function function = atomic_load_explicit(&chosen, memory_order_acquire);
    if (!function) {
        pthread_once(&chosen_once, choose);
        function = atomic_load_explicit(&chosen, memory_order_acquire);
    }
    return ~function(~seed, bytes, count);
}

uint32_t pk_crc32c_table(uint32_t seed, const void *bytes, size_t count) {
    pthread_once(&tables_once, fill_tables);
    return ~by_table(~seed, bytes, count);
}
