/// The item id of every ordinal, readable while one writer appends.
///
/// A value is stored before the graph publishes its ordinal (a release store) and never changes
/// after, so a reader that got the ordinal from the graph (an acquire load) sees the value.
@safe
package final class ItemColumn: @unchecked Sendable {
    // SAFETY: a slot is written once, by the one writer, before its ordinal is published.
    private let storage: ReservedBytes
    /// Ordinals there is room for.
    package let capacity: Int

    /// Reserves room for `capacity` ids; nil when the address space is refused.
    package init?(capacity: Int) {
        guard let storage = ReservedBytes(capacity: capacity * 8) else { return nil }
        self.storage = storage
        self.capacity = capacity
    }

    /// The item behind a published ordinal.
    package subscript(ordinal: Ordinal) -> ItemID {
        get {
            precondition(Int(ordinal) < capacity, "ordinal beyond capacity")
            // SAFETY: inside the mapping by the line above; aligned; written before publication.
            return unsafe storage.base.load(fromByteOffset: Int(ordinal) * 8, as: ItemID.self)
        }
        set {
            precondition(Int(ordinal) < capacity, "ordinal beyond capacity")
            // SAFETY: inside the mapping by the line above; only the one writer stores.
            unsafe storage.base.storeBytes(
                of: newValue,
                toByteOffset: Int(ordinal) * 8,
                as: ItemID.self
            )
        }
    }

    /// Where the item behind a published ordinal is, for who wants it in the cache ahead.
    @_lifetime(borrow self)
    package func place(of ordinal: Ordinal) -> Span<ItemID> {
        precondition(Int(ordinal) < capacity, "ordinal beyond capacity")
        let start = unsafe storage.base.advanced(by: Int(ordinal) * 8)
        // SAFETY: inside the mapping, which lives as long as self; written before publication.
        let place = unsafe Span<ItemID>(
            _unsafeStart: start.assumingMemoryBound(to: ItemID.self),
            count: 1
        )
        return unsafe _overrideLifetime(place, borrowing: self)
    }
}
