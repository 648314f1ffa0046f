package import PalateModel

/// By reciprocal rank fusion (Cormack, Clarke & Buettcher, SIGIR 2009,
/// doi:10.1145/1571941.1572114): for terms whose values say nothing about each other's.
///
///     s(i) = sum over terms t of w_t * (c + 1) / (c + rank_t(i))
///
/// Deviations: terms have weights; the best of a term counts 1 rather than 1 / (c + 1), so that
/// weights mean what they mean to `BlendReranker`; equals share the better rank; and a candidate
/// that walk, edges, popularity or interests know nothing of gets nothing for them. What is
/// subtracted, and what the caller adds, counts as it does there.
package enum FusionReranker: Reranker {
    /// In requests.
    package static let name = "rrf"
    /// Yes.
    package static let scores = true

    /// As `Reranker.rank`.
    package static func rank(
        _ columns: CandidateColumns,
        weights: TermValues,
        settings: TasteSettings
    ) -> Ranking {
        let constant = settings.fusionConstant
        return Ranking(
            parts: TasteScorer.parts(columns, weights: weights, settings: settings) {
                reciprocalRanks($0, of: $1, constant: constant)
            }
        )
    }

    /// (c + 1) / (c + rank) of every value; all 0 where they do not differ or are not finite.
    package static func reciprocalRanks(
        _ values: [Float],
        of term: ScoreTerm,
        constant: Float
    ) -> [Float] {
        var ranks = [Float](repeating: 0, count: values.count)
        guard let first = values.first, values.allSatisfy(\.isFinite),
            values.contains(where: { $0 != first })
        else { return ranks }
        let isFound = [.graph, .association, .popularity, .interest].contains(term)
        var order = Array(values.indices)
        order.sort { values[$0] > values[$1] }
        var rank = 0
        for (place, candidate) in order.enumerated() {
            if place == 0 || values[candidate] < values[order[place - 1]] { rank = place + 1 }
            if isFound, values[candidate] <= 0 { break }
            ranks[candidate] = (constant + 1) / (constant + Float(rank))
        }
        return ranks
    }
}
