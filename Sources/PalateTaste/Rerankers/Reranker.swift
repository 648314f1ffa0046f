package import PalateModel

/// The candidates in their new order.
package struct Ranking: Equatable, Sendable {
    /// A permutation of 0 ..< n, best first.
    package var order: [Int]
    /// The score's terms by candidate (not by rank), shape [n]; their total is the score.
    package var parts: [TermValues]

    /// Orders by falling total; equals keep their order, so an empty profile changes nothing.
    init(parts: [TermValues]) {
        self.parts = parts
        let totals = parts.map(\.total)
        order = Array(parts.indices)
        order.sort { totals[$0] != totals[$1] ? totals[$0] > totals[$1] : $0 < $1 }
    }

    /// Keeps the order of the candidates.
    init(inOrder parts: [TermValues]) {
        self.parts = parts
        order = Array(parts.indices)
    }
}

/// Puts candidates into a new order.
///
/// It adds none, drops none, and knows no vectors.
///
/// Contract, tested over the registry: the order is a permutation; the total of the parts is the
/// score and falls along the order of every reranker that scores; same input, same answer; when no
/// term distinguishes the candidates, they keep their order.
package protocol Reranker: Sendable {
    /// The name in requests and in the registry.
    static var name: String { get }

    /// Whether the order follows scores; else it is that of the candidates.
    static var scores: Bool { get }

    /// Ranks candidates.
    ///
    /// - Parameters:
    ///   - columns: n candidates, in the order of the search.
    ///   - weights: per term.
    ///   - settings: temperature and threshold.
    /// - Returns: a permutation of the candidates with the terms of each score.
    static func rank(
        _ columns: CandidateColumns,
        weights: TermValues,
        settings: TasteSettings
    ) -> Ranking
}
