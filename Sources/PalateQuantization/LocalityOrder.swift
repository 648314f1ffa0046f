import Dispatch
internal import PalateKernels
package import PalateModel
import Synchronization

/// An order of rows in which neighbours in space are neighbours in memory.
///
/// A search of a million rows spends most of its time on where a row starts: a miss of the cache
/// and of the page table, some 40 ns, whatever the row's size. Rows of one region in a row share
/// pages and lines. Rows are split by k-means into `fanOut` parts, the parts put in a chain of
/// nearest centroids, and each split again until it is of `leafRows`: 8 passes over the vectors
/// for a million rows, all products by OpenBLAS.
package enum LocalityOrder {
    /// Parts of a split; rows of a part that is not split any more.
    private static let fanOut = 16
    private static let leafRows = 32
    /// Rows that centroids are trained on, and rounds of training.
    private static let trainingRows = 1_024
    private static let rounds = 4
    /// Rows whose products are computed at a time.
    private static let blockRows = 256

    /// The order of rows 0 ..< `count`.
    ///
    /// - Parameters:
    ///   - count: rows.
    ///   - dimensions: components of each.
    ///   - threads: workers.
    ///   - read: writes a row's vector, shape [dimensions]; called by all workers.
    /// - Returns: rows in their new order, shape [count]. The same for any number of threads.
    package static func order(
        count: Int,
        dimensions: Int,
        threads: Int,
        read: @escaping @Sendable (_ row: Ordinal, _ vector: inout MutableSpan<Float>) -> Void
    ) -> [Ordinal] {
        let splitter = Splitter(dimensions: dimensions, read: read)
        let parts = splitter.split((0..<Ordinal(count)).map { $0 })
        let finished = Mutex([[Ordinal]](repeating: [], count: parts.count))
        let next = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: max(1, min(threads, parts.count))) { _ in
            while true {
                let part = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard part < parts.count else { return }
                let ordered = splitter.ordered(parts[part], isWhole: parts.count == 1)
                finished.withLock { $0[part] = ordered }
            }
        }
        return finished.withLock { $0.flatMap { $0 } }
    }

    /// Splits sets of rows; a value of its own so that workers share it.
    private struct Splitter: Sendable {
        let dimensions: Int
        let read: @Sendable (_ row: Ordinal, _ vector: inout MutableSpan<Float>) -> Void

        /// The rows of a part, split until the leaves.
        func ordered(_ rows: [Ordinal], isWhole: Bool) -> [Ordinal] {
            guard rows.count > leafRows, !isWhole else { return rows }
            let parts = split(rows)
            return parts.flatMap { ordered($0, isWhole: parts.count == 1) }
        }

        /// The parts of a set, in a chain of nearest centroids; itself where all rows are alike.
        func split(_ rows: [Ordinal]) -> [[Ordinal]] {
            guard rows.count > leafRows else { return [rows] }
            let sample = (0..<min(rows.count, trainingRows)).map {
                rows[$0 * rows.count / min(rows.count, trainingRows)]
            }
            var centroids = load((0..<fanOut).map { sample[$0 * sample.count / fanOut] })
            let vectors = load(sample)
            for _ in 0..<rounds {
                let nearest = assign(vectors, sample.count, centroids)
                centroids = means(vectors, nearest, else: centroids)
            }
            var parts = [[Ordinal]](repeating: [], count: fanOut)
            for start in stride(from: 0, to: rows.count, by: blockRows) {
                let block = rows[start..<min(start + blockRows, rows.count)]
                let nearest = assign(load(Array(block)), block.count, centroids)
                for (row, part) in zip(block, nearest) { parts[part].append(row) }
            }
            return chain(centroids).map { parts[$0] }.filter { !$0.isEmpty }
        }

        /// Vectors, row-major.
        private func load(_ rows: [Ordinal]) -> [Float] {
            var vectors = [Float](repeating: 0, count: rows.count * dimensions)
            var all = vectors.mutableSpan
            for (position, row) in rows.enumerated() {
                var vector = all._mutatingExtracting(
                    position * dimensions..<(position + 1) * dimensions
                )
                read(row, &vector)
            }
            return vectors
        }

        /// The nearest centroid of each vector by squared distance.
        private func assign(_ vectors: [Float], _ count: Int, _ centroids: [Float]) -> [Int] {
            var products = [Float](repeating: 0, count: count * fanOut)
            var span = products.mutableSpan
            Matrix.innerProducts(
                left: vectors.span,
                leftCount: count,
                right: centroids.span,
                rightCount: fanOut,
                dimensions: dimensions,
                into: &span
            )
            let halfNorms = (0..<fanOut).map { part in
                let centroid = centroids[part * dimensions..<(part + 1) * dimensions]
                return centroid.reduce(0) { $0 + $1 * $1 } / 2
            }
            return (0..<count).map { row in
                var best = 0
                var highest = -Float.infinity
                for part in 0..<fanOut {
                    let score = products[row * fanOut + part] - halfNorms[part]
                    if score > highest { (best, highest) = (part, score) }
                }
                return best
            }
        }

        private func means(_ vectors: [Float], _ nearest: [Int], else old: [Float]) -> [Float] {
            var sums = [Float](repeating: 0, count: old.count)
            var counts = [Int](repeating: 0, count: fanOut)
            for (row, part) in nearest.enumerated() {
                counts[part] += 1
                for column in 0..<dimensions {
                    sums[part * dimensions + column] += vectors[row * dimensions + column]
                }
            }
            for part in 0..<fanOut {
                for column in part * dimensions..<(part + 1) * dimensions {
                    sums[column] =
                        counts[part] == 0 ? old[column] : sums[column] / Float(counts[part])
                }
            }
            return sums
        }

        /// Centroids from the first on, each followed by the nearest that is left.
        private func chain(_ centroids: [Float]) -> [Int] {
            func distance(_ left: Int, _ right: Int) -> Float {
                (0..<dimensions).reduce(0) { sum, column in
                    let difference =
                        centroids[left * dimensions + column]
                        - centroids[right * dimensions + column]
                    return sum + difference * difference
                }
            }
            var chain = [0]
            var left = Array(1..<fanOut)
            while let last = chain.last,
                let next = left.min(by: { distance(last, $0) < distance(last, $1) })
            {
                chain.append(next)
                left.removeAll { $0 == next }
            }
            return chain
        }
    }
}
