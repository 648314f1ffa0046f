import PalateModel
import Synchronization

/// A few rows that are linked together, and the links chosen for each.
// SAFETY: @unchecked Sendable: a worker writes only the links of a position that it took, and
// what all read is written between two phases.
final class RowChunk: @unchecked Sendable {
    /// Rows at most.
    ///
    /// Few, since each is scored against those before it; enough that threads which wait for each
    /// other at its end do so seldom.
    static let capacity = 256

    /// The rows, in the order in which they count as inserted.
    private(set) var rows: [Ordinal] = []
    private var links: [RowLinksBox] = []
    private let upcoming = Atomic<Int>(0)

    /// Takes the next rows in.
    func begin(_ rows: ArraySlice<Ordinal>) {
        self.rows = Array(rows)
        while links.count < rows.count { links.append(RowLinksBox()) }
        upcoming.store(0, ordering: .relaxed)
    }

    /// A position that nobody has taken; nil when all are.
    func takeNext() -> Int? {
        let position = upcoming.wrappingAdd(1, ordering: .relaxed).oldValue
        return position < rows.count ? position : nil
    }

    /// The links of the row at a position.
    func links(at position: Int) -> RowLinksBox { links[position] }
}

/// The links of one row of a chunk.
// SAFETY: @unchecked Sendable: see `RowChunk`.
final class RowLinksBox: @unchecked Sendable {
    /// The links.
    var links = RowLinks()
}
