import PalateModel

/// The rows one search has seen: a bit each, and a list of those set.
///
/// A bit a row stays in the second cache up to some millions of rows, where marks of 16 bits, which
/// need no clearing, are read from beyond it. Clearing costs a store per row seen.
struct VisitedRows: Sendable {
    /// Shape [>= rows / 64]; zero but for the rows in `seen`.
    private var words: [UInt64] = []
    /// Rows whose bits are set.
    private var seen: [Ordinal] = []

    /// Rows there is room for; those beyond are newer than the search.
    var limit: Int { words.count * 64 }

    /// Forgets all rows and makes room for `count`.
    mutating func begin(count: Int) {
        if limit < count {
            words = [UInt64](repeating: 0, count: max(count + count / 4, 1_024) / 64 + 1)
        } else {
            for row in seen { words[Int(row >> 6)] = 0 }
        }
        seen.removeAll(keepingCapacity: true)
    }

    /// Marks a row; false when it was, or when it is newer than this search.
    mutating func insert(_ row: Ordinal) -> Bool {
        guard Int(row) < limit else { return false }
        let bit = UInt64(1) << UInt64(row & 63)
        guard words[Int(row >> 6)] & bit == 0 else { return false }
        words[Int(row >> 6)] |= bit
        seen.append(row)
        return true
    }

    /// Lets `body` mark rows in the words and write them behind the first rows of a list.
    ///
    /// - Parameters:
    ///   - first: rows that are there already.
    ///   - rows: receives the rows marked, from `first` on.
    ///   - mark: sets bits and writes their rows, each once; returns how many rows there are then.
    /// - Returns: rows there are.
    @inline(__always)
    mutating func mark(
        behind first: Int,
        of rows: inout [Ordinal],
        _ mark: (_ words: inout MutableSpan<UInt64>, _ rows: inout MutableSpan<Ordinal>) -> Int
    ) -> Int {
        var span = words.mutableSpan
        var marked = rows.mutableSpan
        let end = mark(&span, &marked)
        for position in first..<end { seen.append(marked[position]) }
        return end
    }
}
