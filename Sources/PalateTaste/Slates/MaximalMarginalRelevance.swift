/// Maximal marginal relevance (Carbonell & Goldstein, SIGIR 1998, doi:10.1145/290941.291025).
///
/// Greedy: the next result maximises (1 - share) * relevance - share * (largest cosine to what was
/// chosen), share = diversity^2. The largest cosine is kept per candidate, so a slate costs
/// O(n k d).
package enum MaximalMarginalRelevance: SlateBuilder {
    /// In requests.
    package static let name = "mmr"

    /// As `SlateBuilder.select`.
    package static func select(
        count: Int,
        diversity: Float,
        relevance: Span<Float>,
        vectors: Span<Float>,
        dimensions: Int,
        scratch: inout SlateScratch
    ) -> [Int] {
        let share = SlateScratch.unlikenessShare(diversity)
        guard share > 0 else { return SlateScratch.byRelevance(relevance, count: count) }
        let wanted = min(max(count, 0), relevance.count)
        scratch.load(relevance: relevance, vectors: vectors, dimensions: dimensions)
        // Before anything is chosen nothing is alike: -1 for everybody.
        SlateScratch.fill(&scratch.state, with: -1, count: relevance.count)
        var chosen: [Int] = []
        chosen.reserveCapacity(wanted)
        while chosen.count < wanted {
            guard let next = best(share: share, scratch: scratch) else { break }
            chosen.append(next)
            scratch.isChosen[next] = true
            guard chosen.count < wanted else { break }
            scratch.measure(to: next)
            for candidate in scratch.state.indices {
                scratch.state[candidate] = max(scratch.state[candidate], scratch.cosines[candidate])
            }
        }
        return chosen
    }

    private static func best(share: Float, scratch: SlateScratch) -> Int? {
        var best: (index: Int, score: Float, relevance: Float)?
        for index in scratch.state.indices where !scratch.isChosen[index] {
            let relevance = scratch.relevance[index]
            let score = (1 - share) * relevance - share * scratch.state[index]
            if let current = best, (score, relevance) <= (current.score, current.relevance) {
                continue
            }
            best = (index, score, relevance)
        }
        return best?.index
    }
}
