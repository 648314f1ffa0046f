// The C side of Palate's arithmetic: distance kernels per instruction set, and CRC-32C.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// CRC-32C (Castagnoli) of `count` bytes, continuing from `seed`, the CRC of what came before.
uint32_t pk_crc32c(uint32_t seed, const void *bytes, size_t count);

// The same by table alone: the fallback, callable everywhere so that tests reach it.
uint32_t pk_crc32c_table(uint32_t seed, const void *bytes, size_t count);

#ifdef __cplusplus
}
#endif
