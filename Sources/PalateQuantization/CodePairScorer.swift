package import PalateModel

/// Stored rows over stored rows: what building is given.
///
/// Distances are symmetric to the last bit for codes, and for floats of the same level.
package struct CodePairScorer: PairScorer, Sendable {
    private let rows: CodeRows
    private let scorePairs: ScorePairs
    private var selected: Ordinal = 0

    init(rows: CodeRows, scorePairs: @escaping ScorePairs) {
        self.rows = rows
        self.scorePairs = scorePairs
    }

    package mutating func select(_ ordinal: Ordinal) {
        selected = ordinal
    }

    package borrowing func score(
        _ ordinals: Span<Ordinal>,
        into distances: inout MutableSpan<Float>
    ) {
        scorePairs(selected, rows, ordinals, &distances)
    }

    package borrowing func score(
        from: Ordinal,
        to ordinals: Span<Ordinal>,
        into distances: inout MutableSpan<Float>
    ) {
        scorePairs(from, rows, ordinals, &distances)
    }
}
