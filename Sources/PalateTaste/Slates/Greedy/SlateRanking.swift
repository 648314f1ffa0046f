/// The candidates by relevance: the order of a slate of diversity 0, and of every tie.
struct SlateRanking: Sendable {
    /// A permutation of 0 ..< n: falling relevance, equals by position, not-a-number last.
    private(set) var order: [Int32] = []
    /// Shape [n], by candidate: relevance brought to 0...1 over the finite values.
    private(set) var relevance: [Float] = []

    /// Ranks.
    ///
    /// - Parameter values: shape [n].
    mutating func load(_ values: Span<Float>) {
        order.removeAll(keepingCapacity: true)
        order.append(contentsOf: 0..<Int32(values.count))
        relevance.removeAll(keepingCapacity: true)
        var isSorted = true
        var low = Float.infinity
        var high = -Float.infinity
        for index in values.indices {
            let value = values[index].isNaN ? -.infinity : values[index]
            if index > 0 && value > relevance[index - 1] { isSorted = false }
            relevance.append(value)
            guard value.isFinite else { continue }
            low = min(low, value)
            high = max(high, value)
        }
        // A caller that ranks hands the candidates over in order.
        if !isSorted {
            let keys = relevance
            order.sort {
                let (left, right) = (keys[Int($0)], keys[Int($1)])
                return left != right ? left > right : $0 < $1
            }
        }
        normalise(low, high)
    }

    /// As `TasteScorer.normalised`, with the infinities at the ends.
    private mutating func normalise(_ low: Float, _ high: Float) {
        let width = high - low
        let scale = width > 0 && width.isFinite ? 1 / width : 0
        for index in relevance.indices {
            let value = relevance[index]
            if value.isFinite {
                relevance[index] = scale == 0 ? 0 : min((value - low) / width, 1)
            } else {
                relevance[index] = value > 0 ? 1 : 0
            }
        }
    }
}
