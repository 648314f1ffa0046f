// Rows of 13-bit codes with AVX2.
#include "avx2.h"

#if defined(__x86_64__)
#define pk_thirteen_list pk_thirteen_list_avx2
#include "thirteen_body.h"
#endif
