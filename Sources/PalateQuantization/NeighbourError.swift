internal import PalateKernels
internal import PalateModel

/// How well codes order near neighbours: what a choice between two forms of codes is made by.
///
/// For some rows of the sample as queries and the nearest others by exact distance: the deviation
/// of (distance by codes - exact distance) over the deviation of the exact distances, each around
/// its mean for the query. Mean over the queries. It ranked plain, centred and turned 4-bit codes
/// of EfficientNet vectors and of fashion-mnist as their recall@10 did; the reconstruction error
/// did not.
struct NeighbourError {
    private let queries: [Query]
    private let vectors: [Float]
    private let dimensions: Int

    /// Rows of the sample that are searched, and those that are queries.
    private static let rowsMax = 2_048
    private static let queriesMax = 48
    /// Nearest rows judged for each query.
    private static let neighbours = 32

    private struct Query {
        let row: Int
        let neighbours: [Ordinal]
        let distances: [Float]
    }

    /// Finds the exact neighbours within a checked sample, shape [count, dimensions].
    init(
        _ sample: Span<Float>,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) {
        let rows = SampleError.spread(Self.rowsMax, over: sample.count / dimensions)
        var vectors: [Float] = []
        vectors.reserveCapacity(rows.count * dimensions)
        for row in rows {
            for column in 0..<dimensions { vectors.append(sample[row * dimensions + column]) }
        }
        var exact = try ExactQuery(metric: metric)
        queries = SampleError.spread(Self.queriesMax, over: rows.count).map { row in
            func vector(_ index: Int) -> Range<Int> {
                index * dimensions..<(index + 1) * dimensions
            }
            exact.prepare(vectors.span.extracting(vector(row)))
            let nearest = rows.indices.filter { $0 != row }
                .map { other in
                    let distance = exact.distance(to: vectors.span.extracting(vector(other)))
                    return Hit(ordinal: Ordinal(other), distance: distance)
                }
                .sorted { ($0.distance, $0.ordinal) < ($1.distance, $1.ordinal) }
                .prefix(Self.neighbours)
            return Query(
                row: row,
                neighbours: nearest.map(\.ordinal),
                distances: nearest.map(\.distance)
            )
        }
        self.vectors = vectors
        self.dimensions = dimensions
    }

    /// The error of a quantizer for this metric; infinite where there is no memory for its rows.
    func error(of quantizer: some Quantizer) -> Double {
        let count = vectors.count / dimensions
        guard let rows = CodeRows(codeBytes: quantizer.codeBytes, capacity: count) else {
            return .infinity
        }
        quantizer.store(vectors.span, from: 0, into: rows)
        var prepared = PreparedQuery()
        var total = 0.0
        for query in queries where !query.neighbours.isEmpty {
            let start = query.row * dimensions
            quantizer.prepare(
                vectors.span.extracting(start..<start + dimensions),
                into: &prepared
            )
            var distances = query.distances
            var span = distances.mutableSpan
            quantizer.scoreList(prepared, rows, query.neighbours.span, &span)
            let errors = zip(distances, query.distances).map { Double($0) - Double($1) }
            let spread = Self.deviation(query.distances.map { Double($0) })
            total += Self.deviation(errors) / max(spread, .leastNormalMagnitude)
        }
        return total / Double(max(queries.count, 1))
    }

    private static func deviation(_ values: [Double]) -> Double {
        let mean = values.reduce(0, +) / Double(values.count)
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (squares / Double(values.count)).squareRoot()
    }
}
