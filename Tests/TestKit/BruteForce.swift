/// The oracle of every search: all rows, in doubles, sorted.
package enum BruteForce {
    /// Metrics by registry name.
    package static func distance(
        _ metric: String,
        _ left: some Collection<Float>,
        _ right: some Collection<Float>
    ) -> Double {
        var product = 0.0
        var squares = 0.0
        var leftNorm = 0.0
        var rightNorm = 0.0
        for (one, other) in zip(left, right) {
            product += Double(one) * Double(other)
            squares += (Double(one) - Double(other)) * (Double(one) - Double(other))
            leftNorm += Double(one) * Double(one)
            rightNorm += Double(other) * Double(other)
        }
        switch metric {
        case "l2": return squares
        case "ip": return -product
        case "cosine":
            let norm = (leftNorm * rightNorm).squareRoot()
            return norm > 0 ? 1 - product / norm : 1
        default: preconditionFailure("unknown metric \(metric)")
        }
    }

    /// The `k` nearest rows for which `isEligible` holds, nearest first, ties by row.
    package static func nearest(
        _ k: Int,
        to query: some Collection<Float>,
        in rows: ClusteredVectors,
        metric: String,
        where isEligible: (Int) -> Bool = { _ in true }
    ) -> [Int] {
        (0..<rows.count).filter(isEligible)
            .map { (row: $0, distance: distance(metric, query, rows[$0])) }
            .sorted { ($0.distance, $0.row) < ($1.distance, $1.row) }
            .prefix(k).map(\.row)
    }

    /// The share of `truth` that `found` holds: recall@k with k = truth.count.
    package static func recall(_ found: some Sequence<Int>, truth: [Int]) -> Double {
        truth.isEmpty ? 1 : Double(Set(found).intersection(truth).count) / Double(truth.count)
    }
}
