package import PalateModel

/// Item id to ordinal, in memory: four bytes a slot, the ids stay in the item column.
///
/// Open addressing with linear probing at a load of at most one half. One readers-writer lock
/// around it, taken once per look-up list and never inside a search loop: searches on several
/// threads do not wait for each other.
package final class ItemDirectory: Sendable {
    private struct Slots: ~Copyable {
        var ordinals: [Ordinal]
        var used = 0
    }

    private static let empty = Ordinal.max
    private static let removed = Ordinal.max - 1

    private let column: ItemColumn
    // Not a Mutex: ThreadSanitizer does not see the one of Synchronization.
    private let slots: ReadWriteLock<Slots>

    /// An empty directory over the ids in `column`.
    package init(column: ItemColumn) {
        self.column = column
        slots = ReadWriteLock(Slots(ordinals: Array(repeating: Self.empty, count: 64)))
    }

    /// The row of `item`, nil where there is none.
    package func ordinal(of item: ItemID) -> Ordinal? {
        slots.withReadLock { slots in
            Self.position(of: item, in: slots.ordinals, column).map { slots.ordinals[$0] }
        }
    }

    /// Appends the rows of `items` that exist, in order, to `ordinals`.
    package func appendOrdinals(of items: [ItemID], to ordinals: inout [Ordinal]) {
        slots.withReadLock { slots in
            for item in items {
                if let position = Self.position(of: item, in: slots.ordinals, column) {
                    ordinals.append(slots.ordinals[position])
                }
            }
        }
    }

    /// The row of each of `items`; `Ordinal.max` where there is none.
    package func ordinals(of items: [ItemID]) -> [Ordinal] {
        slots.withReadLock { slots in
            items.map { item in
                Self.position(of: item, in: slots.ordinals, column)
                    .map { slots.ordinals[$0] } ?? Ordinal.max
            }
        }
    }

    /// Points `item`, already in the column at `ordinal`, to that row; returns the row it had.
    @discardableResult
    package func insert(_ item: ItemID, at ordinal: Ordinal) -> Ordinal? {
        slots.withWriteLock { slots in
            if let position = Self.position(of: item, in: slots.ordinals, column) {
                defer { slots.ordinals[position] = ordinal }
                return slots.ordinals[position]
            }
            if 2 * (slots.used + 1) > slots.ordinals.count { grow(&slots) }
            var position = Self.start(item, slots.ordinals.count)
            while slots.ordinals[position] < Self.removed {
                position = (position + 1) & (slots.ordinals.count - 1)
            }
            if slots.ordinals[position] == Self.empty { slots.used += 1 }
            slots.ordinals[position] = ordinal
            return nil
        }
    }

    /// Forgets `item`; returns the row it had.
    @discardableResult
    package func remove(_ item: ItemID) -> Ordinal? {
        slots.withWriteLock { slots in
            guard let position = Self.position(of: item, in: slots.ordinals, column) else {
                return nil
            }
            defer { slots.ordinals[position] = Self.removed }
            return slots.ordinals[position]
        }
    }

    /// Bytes of the slots.
    package var byteCount: Int { slots.withReadLock { $0.ordinals.count * 4 } }

    private func grow(_ slots: inout Slots) {
        let live = slots.ordinals.filter { $0 < Self.removed }
        var count = 64
        while count < 4 * (live.count + 1) { count *= 2 }
        var ordinals = Array(repeating: Self.empty, count: count)
        for ordinal in live {
            var position = Self.start(column[ordinal], count)
            while ordinals[position] != Self.empty { position = (position + 1) & (count - 1) }
            ordinals[position] = ordinal
        }
        slots.ordinals = ordinals
        slots.used = live.count
    }

    private static func start(_ item: ItemID, _ count: Int) -> Int {
        // Fibonacci hashing: the top bits of the product are well mixed, the count a power of two.
        let mixed = (item ^ (item >> 32)) &* 0x9e37_79b9_7f4a_7c15
        return Int(mixed >> 32) & (count - 1)
    }

    private static func position(
        of item: ItemID,
        in ordinals: [Ordinal],
        _ column: ItemColumn
    ) -> Int? {
        var position = start(item, ordinals.count)
        while true {
            let ordinal = ordinals[position]
            if ordinal == empty { return nil }
            if ordinal != removed, column[ordinal] == item { return position }
            position = (position + 1) & (ordinals.count - 1)
        }
    }
}
