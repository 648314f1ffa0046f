internal import PalateKernels

/// Lloyd's algorithm, with the products by OpenBLAS: for training, never a query's path.
///
/// Deterministic but for the last bits of OpenBLAS's sums, which differ between processors.
enum KMeans {
    /// Rounds at most; the mean squared distance falls by less than `gainMinimum` before as a rule.
    private static let roundsMax = 12
    private static let gainMinimum = 0.002

    /// Rows whose products are computed at once: 512 x 256 of them are 512 KiB.
    private static let rowsPerBlock = 512

    /// Centroids of rows.
    ///
    /// - Parameters:
    ///   - rows: shape [n, dimensions], finite.
    ///   - dimensions: of a row.
    ///   - clusters: in 1...n.
    ///   - seed: decides which rows it starts from.
    ///   - kernels: for the squares of the rows.
    /// - Returns: shape [clusters, dimensions].
    static func centroids(
        of rows: Span<Float>,
        dimensions: Int,
        clusters: Int,
        seed: UInt64,
        kernels: KernelTable
    ) -> [Float] {
        let count = rows.count / dimensions
        precondition(clusters >= 1 && clusters <= count, "more clusters than rows")
        var centroids: [Float] = []
        for row in distinct(clusters, below: count, seed: seed) {
            for column in 0..<dimensions { centroids.append(rows[row * dimensions + column]) }
        }
        let energy = (0..<count).reduce(0.0) { sum, row in
            let own = rows.extracting(row * dimensions..<(row + 1) * dimensions)
            return sum + Double(kernels.innerProduct(own, own))
        }
        var last = Double.infinity
        for roundIndex in 0..<roundsMax {
            var round = Round(clusters: clusters, dimensions: dimensions)
            let distance =
                energy + round.assign(rows, to: centroids.span, perBlock: rowsPerBlock)
            for cluster in 0..<clusters where round.counts[cluster] == 0 {
                // Nobody's: it starts anew from any row.
                let drawn = Rotation.mixed(seed, UInt64(count + roundIndex * clusters + cluster))
                let row = Int(drawn % UInt64(count)) * dimensions
                for column in 0..<dimensions {
                    round.sums[cluster * dimensions + column] = rows[row + column]
                }
                round.counts[cluster] = 1
            }
            for position in centroids.indices {
                centroids[position] =
                    round.sums[position] / Float(round.counts[position / dimensions])
            }
            if distance >= last * (1 - gainMinimum) { break }
            last = distance
        }
        return centroids
    }

    /// So many different numbers.
    private static func distinct(_ count: Int, below bound: Int, seed: UInt64) -> [Int] {
        var numbers = Array(0..<bound)
        for position in 0..<count {
            let drawn = Rotation.mixed(seed, UInt64(position)) % UInt64(bound - position)
            numbers.swapAt(position, position + Int(drawn))
        }
        return Array(numbers.prefix(count))
    }
}

/// One round: the rows go to their nearest centroids.
private struct Round {
    let clusters: Int
    let dimensions: Int
    /// Of the rows of each cluster; shape [clusters, dimensions].
    var sums: [Float]
    /// Rows of each cluster.
    var counts: [Int]

    init(clusters: Int, dimensions: Int) {
        self.clusters = clusters
        self.dimensions = dimensions
        sums = [Float](repeating: 0, count: clusters * dimensions)
        counts = [Int](repeating: 0, count: clusters)
    }

    /// Adds every row to the sum of its nearest centroid.
    ///
    /// - Returns: the sum of the squared distances, but for the squares of the rows.
    mutating func assign(
        _ rows: Span<Float>,
        to centroids: Span<Float>,
        perBlock: Int
    ) -> Double {
        let count = rows.count / dimensions
        var squares = [Float](repeating: 0, count: clusters)
        for position in centroids.indices {
            squares[position / dimensions] += centroids[position] * centroids[position]
        }
        var products = [Float](repeating: 0, count: min(perBlock, count) * clusters)
        var total = 0.0
        for first in stride(from: 0, to: count, by: perBlock) {
            let block = min(perBlock, count - first)
            var span = products.mutableSpan
            Matrix.innerProducts(
                left: rows.extracting(first * dimensions..<(first + block) * dimensions),
                leftCount: block,
                right: centroids,
                rightCount: clusters,
                dimensions: dimensions,
                into: &span
            )
            for row in 0..<block {
                let own = span.span.extracting(row * clusters..<(row + 1) * clusters)
                total += Double(add(rows, first + row, products: own, squares: squares.span))
            }
        }
        return total
    }

    private mutating func add(
        _ rows: Span<Float>,
        _ row: Int,
        products: Span<Float>,
        squares: Span<Float>
    ) -> Float {
        var best = (cluster: 0, distance: Float.infinity)
        for cluster in products.indices {
            let distance = squares[cluster] - 2 * products[cluster]
            if distance < best.distance { best = (cluster, distance) }
        }
        counts[best.cluster] += 1
        let own = rows.extracting(row * dimensions..<(row + 1) * dimensions)
        let start = best.cluster * dimensions
        var span = sums.mutableSpan
        for column in own.indices { span[start + column] += own[column] }
        return best.distance
    }
}
