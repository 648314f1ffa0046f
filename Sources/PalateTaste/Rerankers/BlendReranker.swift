package import PalateModel

/// By the weighted sum of normalised terms: what `TasteScorer` says.
package enum BlendReranker: Reranker {
    /// In requests.
    package static let name = "blend"
    /// Yes.
    package static let scores = true

    /// As `Reranker.rank`.
    package static func rank(
        _ columns: CandidateColumns,
        weights: TermValues,
        settings: TasteSettings
    ) -> Ranking {
        Ranking(parts: TasteScorer.parts(columns, weights: weights, settings: settings))
    }
}
