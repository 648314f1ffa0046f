/// Sliding spectrum decomposition (Huang et al., KDD 2021, arXiv:2107.05204).
///
/// Greedy: the next result maximises (1 - share) * relevance + share * (length of what is left of
/// its vector once the directions of the last ten results are taken out), share = diversity^2. A
/// direction comes back when its result leaves the window, so an endless feed stays diverse at
/// constant cost.
///
/// Deviations: one knob in 0...1 in place of gamma = share / (1 - share); the length is not
/// multiplied by the volume spanned so far, so the knob means the same at every position; and
/// vectors are not changed. The directions b of a window are orthogonal, so what is left of v has
/// the squared length |v|^2 - sum (v . b)^2, and v . b follows from cosines as in a Cholesky
/// step: O(k n (d + window)) with one pass over the vectors per result, where projecting them
/// takes three.
package enum SlidingSpectrum: SlateBuilder {
    /// In requests.
    package static let name = "ssd"

    /// Results whose directions are taken out: what somebody still has in view.
    package static let window = 10

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
        SlateScratch.fill(&scratch.ring, with: 0, count: window * relevance.count)
        for candidate in scratch.state.indices {
            scratch.state[candidate] = scratch.squaredLength(of: candidate)
        }
        var chosen: [Int] = []
        chosen.reserveCapacity(wanted)
        while chosen.count < wanted {
            guard let next = best(share: share, scratch: scratch) else { break }
            let slot = chosen.count % window
            chosen.append(next)
            scratch.isChosen[next] = true
            guard chosen.count < wanted else { break }
            takeOut(next, slot: slot, scratch: &scratch)
        }
        return chosen
    }

    /// Gives the direction in `slot` back to everybody, then takes out that of `chosen` instead.
    private static func takeOut(_ chosen: Int, slot: Int, scratch: inout SlateScratch) {
        scratch.measure(to: chosen)
        var shares = SlateScratch.take(&scratch.ring)
        var squares = SlateScratch.take(&scratch.state)
        var products = SlateScratch.take(&scratch.cosines)
        takeOut(chosen, slot: slot, shares: &shares, squares: &squares, products: &products)
        scratch.ring = shares
        scratch.state = squares
        scratch.cosines = products
    }

    /// The same over plain columns.
    ///
    /// - Parameters:
    ///   - chosen: whose direction is taken out.
    ///   - slot: where in the ring it goes.
    ///   - shares: (v . b) of every direction in the window, row-major [window, n].
    ///   - squares: squared length of what is left of every vector, shape [n].
    ///   - products: cosines to the chosen vector, shape [n]; overwritten.
    private static func takeOut(
        _ chosen: Int,
        slot: Int,
        shares: inout [Float],
        squares: inout [Float],
        products: inout [Float]
    ) {
        var ring = shares.mutableSpan
        var left = squares.mutableSpan
        var cosines = products.mutableSpan
        let count = left.count
        // The slot holds the oldest direction, or zeros in the first round.
        for candidate in 0..<count {
            let share = ring[slot * count + candidate]
            left[candidate] += share * share
            ring[slot * count + candidate] = 0
        }
        // A twin of something in the window has no direction of its own.
        let isTwin = left[chosen] <= smallestSquare
        guard !isTwin else { return }
        let scale = 1 / left[chosen].squareRoot()
        for other in 0..<window where other != slot {
            let share = ring[other * count + chosen]
            guard share != 0 else { continue }
            for candidate in 0..<count {
                cosines[candidate] -= share * ring[other * count + candidate]
            }
        }
        for candidate in 0..<count {
            let share = cosines[candidate] * scale
            ring[slot * count + candidate] = share
            left[candidate] -= share * share
        }
    }

    private static func best(share: Float, scratch: SlateScratch) -> Int? {
        var best: (index: Int, score: Float, relevance: Float)?
        for index in scratch.state.indices where !scratch.isChosen[index] {
            let relevance = scratch.relevance[index]
            let length = max(scratch.state[index], 0).squareRoot()
            let score = (1 - share) * relevance + share * length
            if let current = best, (score, relevance) <= (current.score, current.relevance) {
                continue
            }
            best = (index, score, relevance)
        }
        return best?.index
    }

    /// Squared lengths below this are rounding: cosines in Float are good to about 1e-6.
    private static let smallestSquare: Float = 1e-5
}
