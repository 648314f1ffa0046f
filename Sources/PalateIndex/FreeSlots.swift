import PalateModel

/// Slots that another row may have: no list names them, in memory and on disk, and no search that
/// could know of them is left.
///
/// A value, so that a failed transaction gives back what it took.
struct FreeSlots {
    /// Falling, so that the lowest is taken first: rows written together share blocks.
    private var slots: [Ordinal] = []

    init() {}

    /// Slots there are.
    var count: Int { slots.count }

    /// Adds slots that are not among them.
    mutating func add(_ more: [Ordinal]) {
        slots += more
        slots.sort(by: >)
    }

    /// The lowest; nil where there is none.
    mutating func take() -> Ordinal? { slots.popLast() }
}

extension [Ordinal] {
    /// Calls `body` for every run of following ordinals: where it starts in the list, its length.
    func forEachRun(_ body: (_ start: Int, _ length: Int) -> Void) {
        var start = 0
        for position in indices
        where position + 1 == count || self[position + 1] != self[position] + 1 {
            body(start, position + 1 - start)
            start = position + 1
        }
    }
}
