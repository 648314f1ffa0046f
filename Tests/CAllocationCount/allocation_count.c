// An executable's own malloc comes before the C library's, for itself and for every library it
// loads: this one counts and hands on.
#include "CAllocationCount.h"

#include <errno.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define CA_SANITIZED 1
#endif
#endif

#if defined(CA_SANITIZED) || !defined(__GLIBC__)

int ca_is_counting(void) { return 0; }
uint64_t ca_allocations(void) { return 0; }

#else

// Of the C library, under names that nobody takes over.
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

// Initial-exec: the first use of any other thread-local variable allocates.
static __thread uint64_t allocations __attribute__((tls_model("initial-exec")));

int ca_is_counting(void) { return 1; }
uint64_t ca_allocations(void) { return allocations; }

void *malloc(size_t size) {
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
    allocations++;
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
    allocations++;
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    allocations++;
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    allocations++;
    *block = __libc_memalign(alignment, size);
    return *block ? 0 : ENOMEM;
}
#endif
