internal import PalateKernels

/// RaBitQ's signs: 1 bit a component, with an unbiased estimate of every distance.
///
/// For walking a graph whose best hits are scored again by finer codes: of clustered vectors of 256
/// components, the best 50 by these codes hold 0.998 of the 10 nearest. `RaBitQCodec` has the rows.
package struct RaBitQOneBit: Quantizer, BaseQuantizer {
    package static let tag: UInt8 = 6
    package static let name = "rq1"

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
    ) throws(QuantizationError) -> RaBitQOneBit {
        try checkSample(sample, count: count, dimensions: dimensions)
        let training = try RaBitQTraining(dimensions: dimensions, metric: metric, bits: .one)
        return RaBitQOneBit(try training.train(sample) { RaBitQOneBit($0) })
    }

    package init(
        parameters: RawSpan,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) {
        self.init(
            try RaBitQParameters(parameters, .one, dimensions: dimensions, metric: metric)
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
