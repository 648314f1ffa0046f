/// Chooses and orders a few of many candidates so that they are good and unlike each other.
///
/// Contract, tested over the registry: distinct positions, as many as asked for, as there are or as
/// the rules admit; diversity 0 is the order of relevance exactly, ties by position, but for the
/// rules; same input, same answer; more diversity does not make a slate of clustered vectors more
/// alike; the rules are kept (`GreedySlate` keeps them for every builder).
package protocol SlateBuilder: Sendable {
    /// The name in requests and in the registry.
    static var name: String { get }

    /// Whether it looks at vectors; else the input may come without.
    static var readsVectors: Bool { get }

    /// Selects a slate.
    ///
    /// - Parameters:
    ///   - count: k, results wanted.
    ///   - diversity: the one knob, clipped to 0...1; not a number counts as 0. At 0 vectors are
    ///     not read.
    ///   - input: the candidates.
    ///   - rules: what the slate must keep to; pins outside the slate are passed over.
    ///   - scratch: reused memory.
    /// - Returns: positions of the candidates, best first.
    static func select(
        count: Int,
        diversity: Float,
        from input: SlateInput,
        rules: SlateRules,
        scratch: inout SlateScratch
    ) -> [Int]
}

extension SlateBuilder {
    /// What unlikeness counts beside relevance, both in 0...1: d * (0.9 + 0.1 d) for a knob d.
    ///
    /// 0 = by relevance alone, 1 = by unlikeness alone. The first third of the knob is the cheap
    /// part: on pinterest37k, sliding spectrum, a share of 0.25 gives 14 % more intra-list distance
    /// for 0.4 % of Recall@20, one of 0.36 gives 27 % for 2 %.
    ///
    /// - Parameter diversity: clipped to 0...1; not a number counts as 0.
    /// - Returns: in 0...1.
    static func unlikenessShare(_ diversity: Float) -> Float {
        guard diversity > 0 else { return 0 }
        let knob = min(diversity, 1)
        return knob * (0.9 + 0.1 * knob)
    }

    /// The slate of diversity 0.
    static func byRelevance(
        count: Int,
        from input: SlateInput,
        rules: SlateRules,
        scratch: inout SlateScratch
    ) -> [Int] {
        scratch.load(count: count, from: input, rules: rules)
        var gain = RelevanceGain(relevance: scratch.ranking.relevance)
        return GreedySlate.choose(
            count,
            from: input,
            ranking: scratch.ranking,
            rules: &scratch.rules,
            gain: &gain
        )
    }
}
