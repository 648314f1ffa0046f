// Rows of 13-bit codes with NEON, which every 64-bit ARM has.
#include "list.h"

#if defined(__aarch64__)
#define PK_TARGET
#define PK_BODY PK_INLINE
#define pk_thirteen_list pk_thirteen_list_neon
#include "thirteen_body.h"
#endif
