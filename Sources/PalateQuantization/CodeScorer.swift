import PalateKernels
package import PalateModel

/// A prepared query over stored rows: what a search is given.
package struct CodeScorer: Scorer, Sendable {
    private let query: PreparedQuery
    private let rows: CodeRows
    private let scoreList: ScoreList

    init(query: PreparedQuery, rows: CodeRows, scoreList: @escaping ScoreList) {
        self.query = query
        self.rows = rows
        self.scoreList = scoreList
    }

    package borrowing func score(
        _ ordinals: Span<Ordinal>,
        into distances: inout MutableSpan<Float>
    ) {
        scoreList(query, rows, ordinals, &distances)
    }

    package borrowing func prefetch(_ ordinals: Span<Ordinal>) { rows.arena.prefetch(ordinals) }
}
