import PalateKernels
import PalateModel
import PalateQuantization

/// The exact nearest rows of every query, read or computed.
struct ExactTruth {
    /// Row-major, shape [queries, columns].
    private let rows: [Int]
    private let columns: Int
    private let count: Int

    /// Computes the neighbours with OpenBLAS.
    init(k: Int, rows file: NumpyFile, queries: NumpyFile, metric: String) throws {
        count = queries.count
        columns = k
        rows = try Self.compute(k, file, queries, metric)
    }

    /// Reads `path`.
    init(path: String, k: Int, queries: NumpyFile) throws {
        count = queries.count
        let stored = try NumpyFile(path: path)
        guard stored.count == queries.count, stored.columns >= k else {
            throw CommandFailure(
                "\(path) is \(stored.count) x \(stored.columns), "
                    + "expected \(queries.count) x >= \(k)"
            )
        }
        columns = stored.columns
        rows = try stored.integers()
    }

    /// recall@k: the share of the k nearest rows that were found.
    ///
    /// - Parameters:
    ///   - found: shape [queries, k].
    ///   - k: results per query.
    /// - Returns: 0 to 1.
    func recall(of found: [Int32], k: Int) -> Double {
        let wanted = min(k, columns)
        var hits = 0
        for query in 0..<count {
            let nearest = Set(rows[(query * columns)..<(query * columns + wanted)])
            for rank in 0..<k where nearest.contains(Int(found[query * k + rank])) { hits += 1 }
        }
        return Double(hits) / Double(count * wanted)
    }

    private static func compute(
        _ k: Int,
        _ file: NumpyFile,
        _ queries: NumpyFile,
        _ metric: String
    ) throws -> [Int] {
        let metric = try MetricRegistry.named(metric)
        var rows = file.floats
        var questions = queries.floats
        normalise(&rows, file.columns, metric)
        normalise(&questions, file.columns, metric)
        let hits = ExactNeighbours.find(
            k,
            queries: questions.span,
            queryCount: queries.count,
            rows: rows.span,
            rowCount: file.count,
            dimensions: file.columns,
            ranking: metric.geometry == .squaredEuclidean ? .squaredEuclidean : .innerProduct
        )
        return hits.map { Int($0.ordinal) }
    }

    private static func normalise(
        _ values: inout [Float],
        _ dimensions: Int,
        _ metric: any Metric
    ) {
        for row in 0..<values.count / dimensions {
            var all = values.mutableSpan
            var vector = all._mutatingExtracting((row * dimensions)..<((row + 1) * dimensions))
            metric.normalise(&vector)
        }
    }
}
