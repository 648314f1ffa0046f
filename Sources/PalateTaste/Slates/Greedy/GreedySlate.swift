/// What a builder adds to the greedy loop: how much a candidate gains the slate as it stands.
///
/// The loop asks for gains lazily (Minoux 1978): a bound that only an exact gain can beat saves
/// measuring most candidates against most of the slate, with the same slate as a full count.
protocol MarginalGain {
    /// Never below the gain of a candidate.
    func bound(of candidate: Int) -> Float

    /// Never below the gain of a candidate, nor of any that is less relevant.
    func ceiling(of candidate: Int) -> Float

    /// The gain of a candidate, or nil once it is known to lie below `floor`.
    mutating func gain(of candidate: Int, from floor: Float, in input: SlateInput) -> Float?

    /// A candidate goes into the next place.
    mutating func take(_ candidate: Int, from input: SlateInput)
}

/// The one loop of all builders: place by place, the pin or the best candidate the rules admit.
///
/// Ties go to the more relevant candidate, then to the earlier position.
enum GreedySlate {
    /// Chooses up to `count` candidates.
    static func choose<Gain: MarginalGain>(
        _ count: Int,
        from input: SlateInput,
        ranking: SlateRanking,
        rules: inout SlateRuleState,
        gain: inout Gain
    ) -> [Int] {
        let wanted = min(max(count, 0), input.count)
        var slate: [Int] = []
        slate.reserveCapacity(wanted)
        while slate.count < wanted {
            let next: Int
            let isPinned: Bool
            if let pin = rules.pin(at: slate.count) {
                (next, isPinned) = (pin, true)
            } else if let free = best(from: input, ranking, rules, &gain) {
                (next, isPinned) = (free, false)
            } else if let pin = rules.nextPin() {
                (next, isPinned) = (pin, true)
            } else {
                break
            }
            slate.append(next)
            rules.place(next, isPinned: isPinned, in: input)
            if slate.count < wanted { gain.take(next, from: input) }
        }
        return slate
    }

    private static func best<Gain: MarginalGain>(
        from input: SlateInput,
        _ ranking: SlateRanking,
        _ rules: SlateRuleState,
        _ gain: inout Gain
    ) -> Int? {
        guard let first = mostPromising(input, ranking, rules, gain) else { return nil }
        var best = first.rank
        let candidate = Int(ranking.order[best])
        let exact = gain.gain(of: candidate, from: -.infinity, in: input) ?? -.infinity
        var highest = exact - rules.penalty(of: candidate, in: input)
        for rank in ranking.order.indices {
            let candidate = Int(ranking.order[rank])
            if rank > best && gain.ceiling(of: candidate) <= highest { break }
            guard rules.isOpen[candidate] else { continue }
            let penalty = rules.penalty(of: candidate, in: input)
            let bound = gain.bound(of: candidate) - penalty
            guard bound > highest || bound == highest && rank < best else { continue }
            guard let exact = gain.gain(of: candidate, from: highest + penalty, in: input) else {
                continue
            }
            let score = exact - penalty
            guard score > highest || score == highest && rank < best else { continue }
            (highest, best) = (score, rank)
        }
        return Int(ranking.order[best])
    }

    /// The open candidate of the highest bound: measured first, it rules out the most others.
    private static func mostPromising<Gain: MarginalGain>(
        _ input: SlateInput,
        _ ranking: SlateRanking,
        _ rules: SlateRuleState,
        _ gain: Gain
    ) -> (rank: Int, bound: Float)? {
        var found: (rank: Int, bound: Float)?
        for rank in ranking.order.indices {
            let candidate = Int(ranking.order[rank])
            if let found, gain.ceiling(of: candidate) <= found.bound { break }
            guard rules.isOpen[candidate] else { continue }
            let bound = gain.bound(of: candidate) - rules.penalty(of: candidate, in: input)
            if let found, bound <= found.bound { continue }
            found = (rank, bound)
        }
        return found
    }
}

/// By relevance alone.
struct RelevanceGain: MarginalGain {
    /// Shape [n].
    let relevance: [Float]

    func bound(of candidate: Int) -> Float { relevance[candidate] }

    func ceiling(of candidate: Int) -> Float { relevance[candidate] }

    mutating func gain(of candidate: Int, from floor: Float, in input: SlateInput) -> Float? {
        relevance[candidate]
    }

    mutating func take(_ candidate: Int, from input: SlateInput) {}
}
