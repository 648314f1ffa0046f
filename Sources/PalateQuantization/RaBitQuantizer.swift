package import PalateKernels

/// What the quantizers of RaBitQ codes share: all but the bits a component.
package protocol RaBitQuantizer: CodecQuantizer {
    /// A component's.
    static var bits: CodeBits { get }
    /// Codec and error.
    var trained: RaBitQParameters { get }
    /// Takes what was learnt or read.
    init(_ trained: RaBitQParameters)
}

extension RaBitQuantizer {
    package var codec: RaBitQCodec { trained.codec }
    package var relativeError: Float { trained.relativeError }
    package var parameters: [UInt8] { trained.bytes }
    package var isFitForBuilding: Bool { false }

    /// The standard deviation, over rotations, of the distance from a prepared vector to a row.
    ///
    /// The error bound of the estimate; tests hold the codes to it.
    ///
    /// - Parameters:
    ///   - row: shape [codeBytes].
    ///   - query: of `prepare(_:into:)`.
    /// - Returns: in the unit of distances.
    package func deviation(of row: RawSpan, from query: borrowing PreparedQuery) -> Float {
        codec.deviation(of: row, from: query)
    }

    package static func train(
        _ sample: Span<Float>,
        count: Int,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) -> Self {
        try checkSample(sample, count: count, dimensions: dimensions)
        let training = try RaBitQTraining(dimensions: dimensions, metric: metric, bits: bits)
        return Self(try training.train(sample) { Self($0) })
    }

    package init(
        parameters: RawSpan,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) {
        self.init(
            try RaBitQParameters(parameters, Self.bits, dimensions: dimensions, metric: metric)
        )
    }
}
