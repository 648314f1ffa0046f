#ifndef CPALATE_PREFETCH_H
#define CPALATE_PREFETCH_H

/// Starts loading the cache line at `address`, which need not be mapped; nobody waits for it.
///
/// Swift has no prefetch. A plain load in its place fills the reorder buffer until the line is
/// there: 13 % of a search's time on 100,000 x 128 bytes.
static inline void palate_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

#endif
