import Glibc

/// Which slots of a slate explore, and what may go there: the `surprise` of a request.
///
/// The slate keeps its best k - m results in their order; m slots, spread evenly, hold candidates
/// drawn from all the rest, the displaced ones included. Every candidate that may be drawn has a
/// chance above 0 which is reported, so what any other slate would have earned can be estimated
/// from what this one did (`InversePropensity`).
///
/// A candidate's weight is relevance^a * novelty^(b * surprise), relevance brought to 0...1 over
/// the pool: the more surprise, the more lateral; but at least `weightFloor` of the largest
/// weight, which bounds the estimate's variance.
package struct ExplorationPlan: Equatable, Sendable {
    /// 0 = none, 1 = half of the slots, and the most novel candidates preferred.
    package var surprise: Float
    /// The a of the weight.
    package var relevanceExponent: Double = 1
    /// The b of the weight.
    package var noveltyExponent: Double = 4
    /// Least weight beside the largest; above 0.
    package var weightFloor: Double = 0.01

    /// A plan; surprise is clipped to 0...1, not a number counts as 0.
    package init(surprise: Float) { self.surprise = surprise > 0 ? min(surprise, 1) : 0 }

    /// m = ceil(surprise * floor(k / 2)): none at 0, then at least one of two or more, half at 1.
    package func exploredCount(of count: Int) -> Int {
        guard surprise > 0, count > 1 else { return 0 }
        return Int((Double(surprise) * Double(count / 2)).rounded(.up))
    }

    /// Places of the m explored of k slots: the middles of m equal stretches, never the first.
    ///
    /// - Parameters:
    ///   - explored: m, at most half of `count`.
    ///   - count: k.
    /// - Returns: shape [m], rising.
    package static func places(explored: Int, of count: Int) -> [Int] {
        (0..<explored).map { (2 * $0 + 1) * count / (2 * explored) }
    }

    /// Makes an explored slate.
    ///
    /// - Parameters:
    ///   - slate: k results of a builder, best first: what would be shown without exploring.
    ///   - relevance: shape [n].
    ///   - novelty: shape [n], each in 0...1 (`Novelty`).
    ///   - pool: candidates that may be drawn; nil = all. It should hold the results of `slate`,
    ///     or what they earn cannot be estimated.
    ///   - seed: decides the drawn ones, and nothing else.
    /// - Returns: shape [k]; fewer explored slots where the pool runs short.
    package func explore(
        _ slate: [Int],
        relevance: Span<Float>,
        novelty: Span<Float>,
        pool: [Int]? = nil,
        seed: UInt64
    ) -> [ExploredSlot] {
        precondition(relevance.count == novelty.count, "relevance and novelty are [n]")
        let wanted = exploredCount(of: slate.count)
        guard wanted > 0 else { return slate.map { Self.exploited($0) } }
        var isKept = [Bool](repeating: false, count: relevance.count)
        for candidate in slate.prefix(slate.count - wanted) { isKept[candidate] = true }
        let rest = (pool ?? Array(relevance.indices)).filter { !isKept[$0] }
        let weights = weights(of: rest, relevance, novelty)
        let sample = SystematicSample(weights: weights, size: wanted)
        let drawn = sample.draw(seed: seed)
            .sorted { weights[$0] != weights[$1] ? weights[$0] > weights[$1] : $0 < $1 }
            .map {
                ExploredSlot(
                    candidate: rest[$0],
                    propensity: sample.probability(of: $0),
                    isExplored: true
                )
            }
        // Only a pool without the displaced results can be too small; then the slate is shorter.
        return Self.merge(slate.prefix(slate.count - wanted).map(Self.exploited), drawn)
    }

    /// Weights of drawing, all above 0.
    ///
    /// - Parameters:
    ///   - candidates: shape [r], each below n.
    ///   - relevance: shape [n]; not a number counts as the least.
    ///   - novelty: shape [n]; not a number counts as 0.
    /// - Returns: shape [r].
    package func weights(
        of candidates: [Int],
        _ relevance: Span<Float>,
        _ novelty: Span<Float>
    ) -> [Double] {
        var low = Double.infinity
        var high = -Double.infinity
        for candidate in candidates where relevance[candidate].isFinite {
            low = min(low, Double(relevance[candidate]))
            high = max(high, Double(relevance[candidate]))
        }
        let exponent = noveltyExponent * Double(surprise)
        var largest = 0.0
        var weights = candidates.map { candidate in
            let value = Double(relevance[candidate])
            var share = value > 0 && value.isInfinite ? 1.0 : 0
            if value.isFinite { share = high > low ? (value - low) / (high - low) : 1 }
            let far = novelty[candidate] > 0 ? Double(min(novelty[candidate], 1)) : 0
            let weight = pow(share, relevanceExponent) * pow(far, exponent)
            largest = max(largest, weight)
            return weight
        }
        let floor = largest > 0 ? largest * weightFloor : 1
        for index in weights.indices { weights[index] = max(weights[index], floor) }
        return weights
    }

    private static func exploited(_ candidate: Int) -> ExploredSlot {
        ExploredSlot(candidate: candidate, propensity: 1, isExplored: false)
    }

    /// Puts the drawn ones into their places among the kept ones.
    private static func merge(_ kept: [ExploredSlot], _ drawn: [ExploredSlot]) -> [ExploredSlot] {
        var slots = kept
        slots.reserveCapacity(kept.count + drawn.count)
        let places = places(explored: drawn.count, of: kept.count + drawn.count)
        for (place, slot) in zip(places, drawn) { slots.insert(slot, at: min(place, slots.count)) }
        return slots
    }
}
