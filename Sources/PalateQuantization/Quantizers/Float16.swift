internal import PalateKernels

/// IEEE half precision: 2 bytes a component, 11 bits of precision.
///
/// Row: see `HalfRows`. The sample decides the power of two that everything is multiplied with: 1
/// where its largest magnitude suits the format, so that rows hold plain float16 for embeddings as
/// they come; else the one that leaves a factor of 4 above the sample. Values beyond 65,504 / scale
/// become that.
package struct Float16: CodecQuantizer {
    package static let tag: UInt8 = 3
    package static let name = "f16"

    package let relativeError: Float
    package let codec: HalfRows
    private let exponent: Int32

    /// Exponents of the scale: 2^-36 brings the largest magnitude at the edge to 2^14; with 2^60
    /// the square of 1 / scale is still a normal float.
    private static let exponents: ClosedRange<Int32> = -36...60

    /// Binary exponents of the sample's largest magnitude that need no scale.
    private static let plainExponents: ClosedRange<Int32> = -6...13

    /// Where a scale brings the sample's largest magnitude: a factor of 4 below the format's end.
    private static let exponentScaled: Int32 = 13

    private init(
        exponent: Int32,
        relativeError: Float,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) {
        codec = try HalfRows(
            .binary16,
            scale: Float(sign: .plus, exponent: Int(exponent), significand: 1),
            dimensions: dimensions,
            metric: metric
        )
        self.exponent = exponent
        self.relativeError = relativeError
    }

    package var parameters: [UInt8] {
        StoredParameters.bytes([UInt32(bitPattern: exponent), relativeError.bitPattern])
    }

    package static func train(
        _ sample: Span<Float>,
        count: Int,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) -> Float16 {
        try checkSample(sample, count: count, dimensions: dimensions)
        let exponent = metric.normalises ? 0 : Self.exponent(for: sample)
        let plain = try Float16(
            exponent: exponent,
            relativeError: 0,
            dimensions: dimensions,
            metric: metric
        )
        return try Float16(
            exponent: exponent,
            relativeError: plain.codec.relativeError(on: sample),
            dimensions: dimensions,
            metric: metric
        )
    }

    package init(
        parameters: RawSpan,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) {
        let fields = try StoredParameters.fields(parameters, count: 2)
        let exponent = Int32(bitPattern: fields[0])
        guard Self.exponents.contains(exponent) else {
            throw .corruptParameter(name: "exponent", bits: fields[0])
        }
        try self.init(
            exponent: exponent,
            relativeError: StoredParameters.relativeError(fields[1]),
            dimensions: dimensions,
            metric: metric
        )
    }

    /// The exponent of the scale for a checked sample.
    private static func exponent(for sample: Span<Float>) -> Int32 {
        var highest: Float = 0
        for position in sample.indices { highest = max(highest, sample[position].magnitude) }
        guard highest > 0, highest.isNormal else { return 0 }
        let own = Int32(highest.exponent)
        if plainExponents.contains(own) { return 0 }
        return min(max(exponentScaled - own, exponents.lowerBound), exponents.upperBound)
    }
}
