// Rows of 13-bit codes with AVX-512.
#include "avx512.h"

#if defined(__x86_64__)
#define pk_thirteen_list pk_thirteen_list_avx512
#include "thirteen_body.h"
#endif
