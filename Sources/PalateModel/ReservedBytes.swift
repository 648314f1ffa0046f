import Glibc

/// Zeroed memory at a fixed address that can be filled up to its capacity while others read.
///
/// Address space is reserved at once and backed by the kernel page by page on first touch, so an
/// arena grows without moving: readers never meet a stale base. Pages are asked to be huge.
@safe
package final class ReservedBytes: @unchecked Sendable {
    // SAFETY: the mapping lives from init to deinit, and its bounds never change; those who write
    // into it state their own publication protocol.

    /// The base, aligned to 4 KiB.
    ///
    /// Whoever writes states its own publication protocol.
    package let base: UnsafeMutableRawPointer
    /// Bytes reserved.
    package let capacity: Int

    /// Reserves `capacity` bytes; nil when the address space is refused.
    package init?(capacity: Int) {
        let size = max(capacity, 1)
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        // SAFETY: a fresh private mapping, unmapped once in deinit.
        let mapped = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, flags, -1, 0)
        guard let address = unsafe mapped, unsafe address != MAP_FAILED else { return nil }
        unsafe madvise(address, size, 14)  // MADV_HUGEPAGE; a hint, so its result is ignored
        unsafe base = address
        self.capacity = size
    }

    deinit {
        unsafe munmap(base, capacity)
    }
}
