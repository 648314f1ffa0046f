/// Maximal marginal relevance (Carbonell & Goldstein, SIGIR 1998, doi:10.1145/290941.291025).
///
/// Greedy: the next result maximises (1 - share) * relevance - share * (largest cosine to a seed or
/// to what was chosen), share = diversity^2. The largest cosine only grows, so a candidate is
/// measured against the rest of the slate only while it can still come first: O(n k d) at most.
package enum MaximalMarginalRelevance: SlateBuilder {
    /// In requests.
    package static let name = "mmr"
    /// Yes.
    package static let readsVectors = true

    /// As `SlateBuilder.select`.
    package static func select(
        count: Int,
        diversity: Float,
        from input: SlateInput,
        rules: SlateRules,
        scratch: inout SlateScratch
    ) -> [Int] {
        let share = unlikenessShare(diversity)
        guard share > 0 else {
            return byRelevance(count: count, from: input, rules: rules, scratch: &scratch)
        }
        scratch.load(count: count, from: input, rules: rules)
        scratch.cosines.load(share: share, relevance: scratch.ranking.relevance, from: input)
        return GreedySlate.choose(
            count,
            from: input,
            ranking: scratch.ranking,
            rules: &scratch.rules,
            gain: &scratch.cosines
        )
    }
}
