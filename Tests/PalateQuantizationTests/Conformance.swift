import PalateModel
import PalateQuantization
import TestKit
import Testing

/// A quantizer and a metric by registry name: what every conformance test runs over.
struct Pairing: CustomTestStringConvertible, Sendable {
    let quantizer: any BaseQuantizer.Type
    let metric: any Metric
    /// What is in front, at full width: `pca` then turns, `prefix` copies, and nothing is lost.
    var projection: String?

    var testDescription: String {
        "\(projection.map { "\($0)." } ?? "")\(quantizer.name)/\(metric.name)"
    }

    /// The recipe for vectors of these dimensions.
    func recipe(_ dimensions: Int) throws -> QuantizerRecipe {
        let front = projection.map { "\($0)\(dimensions)." } ?? ""
        return try QuantizerRegistry.named(front + quantizer.name)
    }

    /// The most that `relativeError` may be on clustered vectors.
    var errorMax: Double {
        switch quantizer.name {
        case "sq4": 0.15
        case "rq2": 0.45
        case "rq1": 0.85
        default: 0.05
        }
    }

    /// The least recall@10 by codes alone among 200 clustered vectors.
    var recallMin: Double {
        switch quantizer.name {
        case "sq4": 0.85
        case "rq2": 0.6
        case "rq1": 0.4
        default: 0.95
        }
    }

    /// Whether rows are compared as they are, not one of them decoded and rounded again.
    var isSymmetric: Bool { !["rq1", "rq2"].contains(quantizer.name) }

    /// Every quantizer of the registry alone.
    static let base = QuantizerRegistry.all.flatMap { quantizer in
        MetricRegistry.all.map { Pairing(quantizer: quantizer, metric: $0) }
    }

    /// These, and four behind projections.
    static let all =
        base
        + MetricRegistry.all.flatMap { metric in
            [
                Pairing(quantizer: Float32.self, metric: metric, projection: "pca"),
                Pairing(quantizer: ScalarEightBit.self, metric: metric, projection: "pca"),
                Pairing(quantizer: ScalarFourBit.self, metric: metric, projection: "prefix"),
                Pairing(quantizer: RaBitQOneBit.self, metric: metric, projection: "pca"),
            ]
        }
}

/// A trained quantizer with its sample stored as rows 0 ..< count.
struct Trained {
    let quantizer: any Quantizer
    let rows: CodeRows
    let sample: ClusteredVectors
    /// The largest |x - decoded x| of the sample.
    private(set) var worstError = 0.0

    init(_ pairing: Pairing, _ sample: ClusteredVectors) throws {
        quantizer = try pairing.recipe(sample.dimensions).train(
            sample.values.span,
            count: sample.count,
            dimensions: sample.dimensions,
            metric: pairing.metric
        )
        rows = try #require(CodeRows(codeBytes: quantizer.codeBytes, capacity: sample.count + 8))
        quantizer.store(sample.values.span, from: 0, into: rows)
        self.sample = sample
        for row in 0..<sample.count {
            let vector = normalised(sample[row], pairing.metric)
            worstError = max(worstError, norm(zip(vector, decoded(row)).map { $0 - $1 }))
        }
    }

    var ordinals: [Ordinal] { Array(0..<Ordinal(sample.count)) }

    /// The vector that row `ordinal` stands for.
    func decoded(_ ordinal: Int) -> [Float] {
        var vector = [Float](repeating: .nan, count: sample.dimensions)
        var span = vector.mutableSpan
        quantizer.decode(rows.row(Ordinal(ordinal)), into: &span)
        return vector
    }

    /// Distances from `vector` to all rows.
    func distances(to vector: some Sequence<Float>) -> [Float] {
        var query = PreparedQuery()
        quantizer.prepare(Array(vector).span, into: &query)
        return score(quantizer.makeScorer(query, over: rows))
    }

    /// Distances of a scorer to all rows.
    func score(_ scorer: some Scorer) -> [Float] {
        var distances = [Float](repeating: .nan, count: sample.count)
        var span = distances.mutableSpan
        scorer.score(ordinals.span, into: &span)
        return distances
    }
}

/// The bytes of a row.
func bytes(_ span: RawSpan) -> [UInt8] {
    (0..<span.byteCount).map { span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
}

/// The Euclidean norm in doubles.
func norm(_ vector: some Sequence<Float>) -> Double {
    vector.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
}

/// Vectors as they are encoded: of unit length where the metric normalises.
func normalised(_ vector: some Sequence<Float>, _ metric: any Metric) -> [Float] {
    var copy = Array(vector)
    var span = copy.mutableSpan
    metric.normalise(&span)
    return copy
}
