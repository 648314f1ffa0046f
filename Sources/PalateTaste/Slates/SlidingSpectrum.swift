/// Sliding spectrum decomposition (Huang et al., KDD 2021, arXiv:2107.05204).
///
/// Greedy: the next result maximises (1 - share) * relevance + share * (length of what is left of
/// its vector once the directions of the last ten results are taken out), share = diversity^2. A
/// direction comes back when its result leaves the window, so an endless feed stays diverse at
/// constant cost. Seeds are results that came before the first.
///
/// Deviations: one knob in 0...1 in place of gamma = share / (1 - share); the length is not
/// multiplied by the volume spanned so far, so the knob means the same at every position; and
/// vectors are not changed, lengths follow from inner products (`ResidualWindow`).
package enum SlidingSpectrum: SlateBuilder {
    /// In requests.
    package static let name = "ssd"
    /// Yes.
    package static let readsVectors = true

    /// Results whose directions are taken out: what somebody still has in view.
    package static let window = ResidualWindow.length

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
        scratch.lengths.load(share: share, relevance: scratch.ranking.relevance, from: input)
        return GreedySlate.choose(
            count,
            from: input,
            ranking: scratch.ranking,
            rules: &scratch.rules,
            gain: &scratch.lengths
        )
    }
}
