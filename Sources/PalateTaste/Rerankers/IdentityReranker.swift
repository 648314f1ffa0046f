package import PalateModel

/// The order of the search, with its similarity as the score.
package enum IdentityReranker: Reranker {
    /// In requests.
    package static let name = "none"
    /// No.
    package static let scores = false

    /// As `Reranker.rank`.
    package static func rank(
        _ columns: CandidateColumns,
        weights: TermValues,
        settings: TasteSettings
    ) -> Ranking {
        columns.check()
        var parts = [TermValues](repeating: TermValues(), count: columns.count)
        for (index, similarity) in columns.querySimilarities.enumerated() {
            parts[index][.query] = similarity
        }
        return Ranking(inOrder: parts)
    }
}
