import PalateModel

/// A set of rows that is emptied for every query and grows to thousands: epoch marks.
struct Exclusions: ~Copyable, Sendable {
    /// Shape [> the highest row ever inserted]: a member where equal to `epoch`.
    private var marks: [UInt16] = []
    private var epoch: UInt16 = 1
    /// Members.
    private(set) var count = 0

    /// Whether a row is a member.
    @inline(__always)
    func contains(_ ordinal: Ordinal) -> Bool {
        Int(ordinal) < marks.count && marks[Int(ordinal)] == epoch
    }

    /// Adds a row; once more changes nothing.
    mutating func insert(_ ordinal: Ordinal) {
        let position = Int(ordinal)
        precondition(position < Limits.itemsPerCollection, "no such row")
        if position >= marks.count {
            let grown = max(position + 1, marks.count * 2, 1_024)
            marks.append(contentsOf: repeatElement(0, count: grown - marks.count))
        }
        guard marks[position] != epoch else { return }
        marks[position] = epoch
        count += 1
    }

    /// Empties the set; clears the marks once in 65,534 times.
    mutating func removeAll() {
        count = 0
        if epoch == .max {
            for position in marks.indices { marks[position] = 0 }
            epoch = 0
        }
        epoch += 1
    }
}
