package import PalateModel

/// What is known of n candidates, one column per term; an empty column is a term that is absent.
package struct CandidateColumns: Equatable, Sendable {
    /// Shape [n].
    package var items: [ItemID]
    /// Similarity to the query, shape [n] or empty.
    package var querySimilarities: [Float] = []
    /// Importance of each medoid, shape [m]; any positive unit.
    package var medoidImportances: [Float] = []
    /// Cosine of every medoid to every candidate, row-major [m, n].
    package var medoidSimilarities: [Float] = []
    /// Weight of each rejected item in 0...1, shape [r].
    package var negativeWeights: [Float] = []
    /// Cosine of every rejected item to every candidate, row-major [r, n].
    package var negativeSimilarities: [Float] = []
    /// Cosine from which each rejected item counts, shape [r] or empty.
    package var negativeThresholds: [Float] = []
    /// Score over item-item edges, shape [n] or empty.
    package var associations: [Float] = []
    /// How tired the person is of each item, in 0..<1, shape [n] or empty.
    package var fatigues: [Float] = []
    /// Sum over pairs of min(0, cosine to the better - cosine to the worse), shape [n] or empty.
    package var contexts: [Float] = []
    /// What the caller adds, shape [n] or empty.
    package var boosts: [Float] = []
    /// How much the person cares for the item's values of a field, shape [n] or empty.
    package var interests: [Float] = []
    /// Score of the walk, shape [n] or empty.
    package var walkScores: [Float] = []
    /// People who like the item, shape [n] or empty.
    package var popularities: [Float] = []

    /// Candidates without any column.
    package init(items: [ItemID]) { self.items = items }

    /// n.
    package var count: Int { items.count }

    /// Checks the shapes above; whoever fills the columns sees to them.
    func check() {
        let optional = [
            querySimilarities.count, walkScores.count, popularities.count, associations.count,
            fatigues.count, contexts.count, boosts.count, interests.count,
        ]
        precondition(optional.allSatisfy { $0 == 0 || $0 == count }, "a column of another length")
        precondition(
            medoidSimilarities.count == medoidImportances.count * count,
            "medoid similarities are [m, n]"
        )
        precondition(
            negativeSimilarities.count == negativeWeights.count * count,
            "negative similarities are [r, n]"
        )
        precondition(
            negativeThresholds.isEmpty || negativeThresholds.count == negativeWeights.count,
            "negative thresholds are [r]"
        )
    }
}
