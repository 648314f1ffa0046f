import Dispatch
internal import PalateKernels
package import PalateModel
import Synchronization

/// An order of rows in which neighbours in space are neighbours in memory.
///
/// A search of a million rows waits for memory: 14 ns for a random row's first line, whatever the
/// row's size, and 8 for each line more. Rows of one region side by side share pages and lines.
/// Rows are split by k-means into `fanOut` parts, the parts put in a chain of nearest centroids,
/// and each split again until it is of `leafRows`: four levels for a million rows.
package enum LocalityOrder {
    /// Parts of a split; rows of a part that is not split any more.
    private static let fanOut = 16
    private static let leafRows = 32
    /// Rows that centroids are trained on.
    private static let trainingRows = 1_024
    /// Rounds of training: with 12 a build of 300,000 x 256 takes 1 to 4 % longer, for the same
    /// searches.
    private static let rounds = 4
    /// Rows loaded at a time.
    private static let blockRows = 512

    /// The order of rows 0 ..< `count`.
    ///
    /// - Parameters:
    ///   - count: rows.
    ///   - dimensions: components of each.
    ///   - threads: workers.
    ///   - read: writes a row's vector, shape [dimensions]; called by all workers.
    /// - Returns: rows in their new order, shape [count]. The same for any number of threads.
    /// - Throws: `kernels` when `PALATE_KERNELS` asks for what is not there.
    package static func order(
        count: Int,
        dimensions: Int,
        threads: Int,
        read: @escaping @Sendable (_ row: Ordinal, _ vector: inout MutableSpan<Float>) -> Void
    ) throws(QuantizationError) -> [Ordinal] {
        let splitter = Splitter(
            dimensions: dimensions,
            kernels: try selectedKernels(),
            read: read
        )
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
        let kernels: KernelTable
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
            let sample = load(SampleError.spread(trainingRows, over: rows.count).map { rows[$0] })
            let centroids = KMeans.centroids(
                of: sample.span,
                dimensions: dimensions,
                clusters: fanOut,
                seed: UInt64(rows.count),
                rounds: rounds,
                kernels: kernels
            )
            var parts = [[Ordinal]](repeating: [], count: fanOut)
            for start in stride(from: 0, to: rows.count, by: blockRows) {
                let block = Array(rows[start..<min(start + blockRows, rows.count)])
                KMeans.forEachNearest(
                    of: load(block).span,
                    among: centroids.span,
                    dimensions: dimensions,
                    kernels
                ) { row, part, _ in parts[part].append(block[row]) }
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

        /// Centroids from the first on, each followed by the nearest that is left.
        private func chain(_ centroids: [Float]) -> [Int] {
            func distance(_ left: Int, _ right: Int) -> Float {
                kernels.squaredEuclidean(
                    centroids.span.extracting(left * dimensions..<(left + 1) * dimensions),
                    centroids.span.extracting(right * dimensions..<(right + 1) * dimensions)
                )
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
