internal import PalateKernels

/// RaBitQ with 2 bits a component: half the error of 1 bit for twice the bytes.
///
/// `RaBitQCodec` has the rows.
package struct RaBitQTwoBit: Quantizer, BaseQuantizer {
    package static let tag: UInt8 = 7
    package static let name = "rq2"

    package let scoreList: ScoreList
    package let scorePairs: ScorePairs
    private let trained: RaBitQParameters

    private var codec: RaBitQCodec { trained.codec }
    package var dimensions: Int { codec.dimensions }
    package var metric: any Metric { codec.metric }
    package var codeBytes: Int { codec.codeBytes }
    package var relativeError: Float { trained.relativeError }
    package var parameters: [UInt8] { trained.bytes }
    package var isFitForBuilding: Bool { false }

    private init(_ trained: RaBitQParameters) {
        self.trained = trained
        let codec = trained.codec
        scoreList = { query, rows, ordinals, distances in
            codec.score(query, rows, ordinals, into: &distances)
        }
        scorePairs = { from, rows, ordinals, distances in
            codec.scorePairs(from: from, rows, ordinals, into: &distances)
        }
    }

    package static func train(
        _ sample: Span<Float>,
        count: Int,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) -> RaBitQTwoBit {
        try checkSample(sample, count: count, dimensions: dimensions)
        let training = try RaBitQTraining(dimensions: dimensions, metric: metric, bits: .two)
        return RaBitQTwoBit(try training.train(sample) { RaBitQTwoBit($0) })
    }

    package init(
        parameters: RawSpan,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) {
        self.init(
            try RaBitQParameters(parameters, .two, dimensions: dimensions, metric: metric)
        )
    }

    package func encode(_ vector: Span<Float>, into code: inout MutableRawSpan) {
        codec.encode(vector, into: &code)
    }

    package func decode(_ code: RawSpan, into vector: inout MutableSpan<Float>) {
        codec.decode(code, into: &vector)
    }

    package func prepare(_ vector: Span<Float>, into query: inout PreparedQuery) {
        codec.prepare(vector, into: &query)
    }

    package func prepare(row: RawSpan, into query: inout PreparedQuery) {
        codec.prepare(row: row, into: &query)
    }

    /// The standard deviation of the distance from a prepared vector to a row, over rotations.
    ///
    /// - Parameters:
    ///   - row: shape [codeBytes].
    ///   - query: of `prepare(_:into:)`.
    /// - Returns: in the unit of distances.
    package func deviation(of row: RawSpan, from query: borrowing PreparedQuery) -> Float {
        codec.deviation(of: row, from: query)
    }
}
