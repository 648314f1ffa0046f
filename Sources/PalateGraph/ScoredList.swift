import PalateModel

/// The rows of an adjacency list, or of the few promising ones of some, and their distances to the
/// query.
struct ScoredList: ~Copyable, Sendable {
    /// With fewer rows than these, those of another list may come behind.
    static let rowsTogether = 20
    private static let rowsMax = rowsTogether + LinkArena.gatherMax

    /// Shape [`rowsMax`].
    var rows = [Ordinal](repeating: 0, count: rowsMax)
    /// Shape [`rowsMax`].
    var distances = [Float](repeating: 0, count: rowsMax)

    /// Scores the first `count` rows in one call.
    mutating func score<S: Scorer & ~Copyable>(count: Int, _ scorer: borrowing S) {
        Self.score(&rows, &distances, count, scorer)
    }

    // Spans of two fields of one value are overlapping accesses; of two parameters they are not.
    private static func score<S: Scorer & ~Copyable>(
        _ rows: inout [Ordinal],
        _ distances: inout [Float],
        _ count: Int,
        _ scorer: borrowing S
    ) {
        var span = distances.mutableSpan
        scorer.score(rows.span.extracting(0..<count), into: &span)
    }

    /// The row at `position` with its distance.
    @inline(__always)
    func key(at position: Int) -> CandidateKey {
        CandidateKey(distance: distances[position], ordinal: rows[position])
    }

    /// The nearest of the first `count` rows; `.last` when there is none.
    func nearest(count: Int) -> CandidateKey {
        var best = CandidateKey.last
        for position in 0..<count { best = min(best, key(at: position)) }
        return best
    }
}
