internal import PalateKernels
internal import PalateModel

/// Two bytes a component, on one grid for all components: `ScalarEightBit`'s idea at 256 times the
/// resolution, for codes that refine to recall 0.999 and beyond.
///
/// x is about c / scale with c in -32,767...32,767. Row: see `HalfRows`. A float16 has 11 bits at
/// every magnitude, of which components near zero waste theirs: what a distance is off by comes
/// from the largest ones. For the same bytes the error is 0.25 of float16's on clustered unit
/// vectors of 256 components and 0.73 of it on EfficientNet's 1,280, which have a few large ones.
///
/// The grid ends a quarter beyond the sample's largest magnitude; values beyond are clamped in
/// rows, queries are not.
package struct ScalarSixteenBit: CodecQuantizer {
    package static let tag: UInt8 = 8
    package static let name = "sq16"

    package let relativeError: Float
    package let codec: HalfRows
    private let scale: Float

    /// How far the grid reaches, in units of the sample's largest magnitude.
    private static let headroom: Float = 1.25

    /// With the square of either end, 1 / scale^2 and distances are still normal floats.
    private static let scales: ClosedRange<Float> = 0x1p-50...0x1p60

    private init(_ rows: HalfRows, scale: Float, relativeError: Float) {
        codec = rows
        self.scale = scale
        self.relativeError = relativeError
    }

    package var parameters: [UInt8] {
        StoredParameters.bytes([scale.bitPattern, relativeError.bitPattern])
    }

    package static func train(
        _ sample: Span<Float>,
        count: Int,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) -> ScalarSixteenBit {
        try checkSample(sample, count: count, dimensions: dimensions)
        let kernels = try selectedKernels()
        var highest: Float = 0
        for row in 0..<count {
            let vector = sample.extracting(row * dimensions..<(row + 1) * dimensions)
            let unit = metric.unit(vector, kernels)
            for position in vector.indices {
                highest = max(highest, (vector[position] * unit).magnitude)
            }
        }
        let scale = HalfFormat.integer16.greatestMagnitude / (headroom * highest)
        let isUsable = scale.isFinite && scale > 0
        let clamped = isUsable ? min(max(scale, scales.lowerBound), scales.upperBound) : 1
        let rows = try rows(scale: clamped, dimensions: dimensions, metric: metric)
        let error = rows.relativeError(on: sample)
        return ScalarSixteenBit(rows, scale: clamped, relativeError: error)
    }

    package init(
        parameters: RawSpan,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) {
        let fields = try StoredParameters.fields(parameters, count: 2)
        let scale = Float(bitPattern: fields[0])
        // NaN lies in no range.
        guard Self.scales.contains(scale) else {
            throw .corruptParameter(name: "scale", bits: fields[0])
        }
        self.init(
            try Self.rows(scale: scale, dimensions: dimensions, metric: metric),
            scale: scale,
            relativeError: try StoredParameters.relativeError(fields[1])
        )
    }

    private static func rows(
        scale: Float,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) -> HalfRows {
        try HalfRows(.integer16, scale: scale, dimensions: dimensions, metric: metric)
    }
}
