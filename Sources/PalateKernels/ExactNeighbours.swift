package import PalateModel

/// Exact nearest rows of many queries, by blocks of all pairs: ground truth for benchmarks.
package enum ExactNeighbours {
    /// Queries and rows per block: 64 x 4,096 products are 1 MiB, which the second cache holds.
    private static let queriesPerBlock = 64
    private static let rowsPerBlock = 4_096

    /// What to rank by.
    package enum Ranking: Sendable {
        /// |q|^2 + |x|^2 - 2<q, x>, in float: rounding grows with the norms.
        case squaredEuclidean
        /// Minus the inner product. For cosine, normalise both sides first.
        case innerProduct
    }

    /// The `k` nearest rows of every query, nearest first, ties by ordinal.
    ///
    /// - Parameters:
    ///   - k: results per query; at most `rowCount`.
    ///   - queries: row-major, shape [queryCount, dimensions].
    ///   - queryCount: queries.
    ///   - rows: row-major, shape [rowCount, dimensions].
    ///   - rowCount: rows.
    ///   - dimensions: components of a row.
    ///   - ranking: what nearer means.
    /// - Returns: row-major, shape [queryCount, k].
    package static func find(
        _ k: Int,
        queries: Span<Float>,
        queryCount: Int,
        rows: Span<Float>,
        rowCount: Int,
        dimensions: Int,
        ranking: Ranking
    ) -> [Hit] {
        precondition(k >= 1 && k <= rowCount, "k is not in 1...rowCount")
        precondition(queries.count == queryCount * dimensions, "queries of another shape")
        precondition(rows.count == rowCount * dimensions, "rows of another shape")
        let kernels = KernelTable.best
        let rowNorms = squares(rows, rowCount, dimensions, ranking, kernels)
        let queryNorms = squares(queries, queryCount, dimensions, ranking, kernels)
        var pools = [NearestPool](repeating: NearestPool(capacity: k), count: queryCount)
        var products = [Float](repeating: 0, count: queriesPerBlock * rowsPerBlock)
        for firstRow in stride(from: 0, to: rowCount, by: rowsPerBlock) {
            let rowRange = firstRow..<min(firstRow + rowsPerBlock, rowCount)
            for firstQuery in stride(from: 0, to: queryCount, by: queriesPerBlock) {
                let range = firstQuery..<min(firstQuery + queriesPerBlock, queryCount)
                var span = products.mutableSpan
                Matrix.innerProducts(
                    left: queries.extracting(scaled(range, dimensions)),
                    leftCount: range.count,
                    right: rows.extracting(scaled(rowRange, dimensions)),
                    rightCount: rowRange.count,
                    dimensions: dimensions,
                    into: &span
                )
                for query in range {
                    var at = (query - firstQuery) * rowRange.count
                    for row in rowRange {
                        let product = span[at]
                        let distance =
                            switch ranking {
                            case .squaredEuclidean: queryNorms[query] + rowNorms[row] - 2 * product
                            case .innerProduct: -product
                            }
                        pools[query].offer(Hit(ordinal: Ordinal(row), distance: distance))
                        at += 1
                    }
                }
            }
        }
        return pools.flatMap(\.hits)
    }

    private static func scaled(_ range: Range<Int>, _ factor: Int) -> Range<Int> {
        range.lowerBound * factor..<range.upperBound * factor
    }

    /// Squared norms where the ranking needs them.
    private static func squares(
        _ vectors: Span<Float>,
        _ count: Int,
        _ dimensions: Int,
        _ ranking: Ranking,
        _ kernels: KernelTable
    ) -> [Float] {
        guard case .squaredEuclidean = ranking else { return [] }
        return (0..<count).map { row in
            let vector = vectors.extracting(row * dimensions..<(row + 1) * dimensions)
            return kernels.innerProduct(vector, vector)
        }
    }
}

/// The nearest hits so far, sorted; ties by ordinal.
private struct NearestPool {
    let capacity: Int
    private(set) var hits: [Hit] = []

    init(capacity: Int) {
        self.capacity = capacity
    }

    mutating func offer(_ hit: Hit) {
        if hits.count == capacity {
            guard let last = hits.last, Self.isNearer(hit, last) else { return }
            hits.removeLast()
        }
        var low = 0
        var high = hits.count
        while low < high {
            let middle = (low + high) / 2
            if Self.isNearer(hits[middle], hit) { low = middle + 1 } else { high = middle }
        }
        hits.insert(hit, at: low)
    }

    private static func isNearer(_ one: Hit, _ other: Hit) -> Bool {
        (one.distance, one.ordinal) < (other.distance, other.ordinal)
    }
}
