// Which levels this build and this processor have. Asked once per process, from Swift.
#include "CPalateKernels.h"

extern const pk_table pk_table_scalar;
#if defined(__x86_64__)
extern const pk_table pk_table_avx2, pk_table_avx512;

// Includes what the operating system saves: __builtin_cpu_supports reads XCR0 too.
static int has_avx2(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("f16c");
}

static int has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vnni");
}
#elif defined(__aarch64__)
const pk_table *pk_table_neon(void);
#endif

const pk_table *pk_table_at(int32_t level) {
    switch (level) {
    case pk_level_scalar: return &pk_table_scalar;
#if defined(__x86_64__)
    case pk_level_avx2: return has_avx2() ? &pk_table_avx2 : NULL;
    case pk_level_avx512: return has_avx512() ? &pk_table_avx512 : NULL;
#elif defined(__aarch64__)
    case pk_level_neon: return pk_table_neon();
#endif
    default: return NULL;
    }
}

const char *pk_level_name(int32_t level) {
    static const char *const names[pk_level_count] = {"scalar", "avx2", "avx512", "neon"};
    return level >= 0 && level < pk_level_count ? names[level] : NULL;
}

int32_t pk_level_best(void) {
    for (int32_t level = pk_level_count - 1; level > pk_level_scalar; level--)
        if (pk_table_at(level))
            return level;
    return pk_level_scalar;
}
