import Synchronization

/// A checksum of every ordinal that has one, readable while one writer sets them.
@safe
package final class ChecksumColumn: @unchecked Sendable {
    private let storage: ReservedBytes
    // SAFETY: the base of `storage`, which lives as long as this value; zeroed memory is a valid
    // `Atomic` of zero, and is only ever accessed as one.
    private let sums: UnsafeMutablePointer<Atomic<UInt32>>
    /// Ordinals there is room for.
    package let capacity: Int

    /// Reserves room for `capacity` checksums; nil when the address space is refused.
    package init?(capacity: Int) {
        guard let storage = ReservedBytes(capacity: capacity * 4) else { return nil }
        self.storage = storage
        self.capacity = capacity
        // SAFETY: the mapping is aligned to 4 KiB and zeroed; nothing else uses it.
        unsafe sums = storage.base.assumingMemoryBound(to: Atomic<UInt32>.self)
    }

    /// The checksum of an ordinal; 0 where none is known.
    ///
    /// Each is a word of its own: nothing is ordered by it.
    package subscript(ordinal: Ordinal) -> UInt32 {
        get {
            precondition(Int(ordinal) < capacity, "ordinal beyond capacity")
            // SAFETY: inside the mapping by the line above.
            return unsafe sums[Int(ordinal)].load(ordering: .relaxed)
        }
        set {
            precondition(Int(ordinal) < capacity, "ordinal beyond capacity")
            // SAFETY: inside the mapping by the line above.
            unsafe sums[Int(ordinal)].store(newValue, ordering: .relaxed)
        }
    }
}
