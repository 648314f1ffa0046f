internal import PalateKernels
internal import PalateModel

/// Lloyd's algorithm, with the products by OpenBLAS: for training, never a query's path.
///
/// Deterministic but for the last bits of OpenBLAS's sums, which differ between processors.
enum KMeans {
    /// Rounds at most; the mean squared distance falls by less than `gainMinimum` before as a rule.
    static let roundsMax = 12
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
    ///   - rounds: at most, at least 1.
    ///   - kernels: for the squares of the rows.
    /// - Returns: shape [clusters, dimensions].
    static func centroids(
        of rows: Span<Float>,
        dimensions: Int,
        clusters: Int,
        seed: UInt64,
        rounds: Int = roundsMax,
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
        for roundIndex in 0..<rounds {
            var sums = [Float](repeating: 0, count: centroids.count)
            var counts = [Int](repeating: 0, count: clusters)
            var distance = energy
            forEachNearest(of: rows, among: centroids.span, dimensions: dimensions, kernels) {
                row,
                cluster,
                apart in
                counts[cluster] += 1
                distance += Double(apart)
                let own = cluster * dimensions..<(cluster + 1) * dimensions
                var all = sums.mutableSpan
                var sum = all._mutatingExtracting(own)
                Matrix.add(
                    rows.extracting(row * dimensions..<(row + 1) * dimensions),
                    to: &sum
                )
            }
            for cluster in 0..<clusters where counts[cluster] == 0 {
                // Nobody's: it starts anew from any row.
                let drawn = SplitMix64.number(
                    UInt64(count + roundIndex * clusters + cluster),
                    seed: seed
                )
                let row = Int(drawn % UInt64(count)) * dimensions
                for column in 0..<dimensions {
                    sums[cluster * dimensions + column] = rows[row + column]
                }
                counts[cluster] = 1
            }
            for position in centroids.indices {
                centroids[position] = sums[position] / Float(counts[position / dimensions])
            }
            if distance >= last * (1 - gainMinimum) { break }
            last = distance
        }
        return centroids
    }

    /// Finds the nearest centroid of every row, in order.
    ///
    /// - Parameters:
    ///   - rows: shape [n, dimensions].
    ///   - centroids: shape [clusters, dimensions].
    ///   - dimensions: of a row.
    ///   - kernels: for the squares of the centroids.
    ///   - visit: gets a row, its centroid, and their squared distance less the row's squares.
    static func forEachNearest(
        of rows: Span<Float>,
        among centroids: Span<Float>,
        dimensions: Int,
        _ kernels: KernelTable,
        _ visit: (_ row: Int, _ cluster: Int, _ distance: Float) -> Void
    ) {
        let count = rows.count / dimensions
        let clusters = centroids.count / dimensions
        let squares = (0..<clusters).map { cluster in
            let own = centroids.extracting(cluster * dimensions..<(cluster + 1) * dimensions)
            return kernels.innerProduct(own, own)
        }
        var products = [Float](repeating: 0, count: min(rowsPerBlock, count) * clusters)
        for first in stride(from: 0, to: count, by: rowsPerBlock) {
            let block = min(rowsPerBlock, count - first)
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
                var best = (cluster: 0, distance: Float.infinity)
                for cluster in 0..<clusters {
                    let distance = squares[cluster] - 2 * span[row * clusters + cluster]
                    if distance < best.distance { best = (cluster, distance) }
                }
                visit(first + row, best.cluster, best.distance)
            }
        }
    }

    /// So many different numbers.
    private static func distinct(_ count: Int, below bound: Int, seed: UInt64) -> [Int] {
        var numbers = Array(0..<bound)
        for position in 0..<count {
            let drawn = SplitMix64.number(UInt64(position), seed: seed) % UInt64(bound - position)
            numbers.swapAt(position, position + Int(drawn))
        }
        return Array(numbers.prefix(count))
    }
}
