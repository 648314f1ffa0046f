internal import PalateKernels

/// The upper halves of float32: 2 bytes a component, 8 bits of precision, every magnitude.
///
/// Row: see `HalfRows`, with scale 1. An eighth of the precision of float16; for vectors whose
/// components differ by more than its range, and for models that give bfloat16.
package struct BFloat16: CodecQuantizer {
    package static let tag: UInt8 = 4
    package static let name = "bf16"

    package let relativeError: Float
    package let codec: HalfRows

    private init(_ rows: HalfRows, relativeError: Float) {
        codec = rows
        self.relativeError = relativeError
    }

    package var parameters: [UInt8] { StoredParameters.bytes([relativeError.bitPattern]) }

    package static func train(
        _ sample: Span<Float>,
        count: Int,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) -> BFloat16 {
        try checkSample(sample, count: count, dimensions: dimensions)
        let rows = try HalfRows(.bfloat16, dimensions: dimensions, metric: metric)
        return BFloat16(rows, relativeError: rows.relativeError(on: sample))
    }

    package init(
        parameters: RawSpan,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) {
        let fields = try StoredParameters.fields(parameters, count: 1)
        self.init(
            try HalfRows(.bfloat16, dimensions: dimensions, metric: metric),
            relativeError: try StoredParameters.relativeError(fields[0])
        )
    }
}
