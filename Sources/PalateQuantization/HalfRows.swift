internal import PalateKernels
internal import PalateModel

/// Rows of 2-byte numbers: what float16, bfloat16 and 16-bit grids have in common.
///
/// Row: shape [dimensions] of little-endian halves of x * scale, of unit length where the metric
/// normalises, then zeros up to the next row. For floats `scale` is a power of two: it costs no
/// precision.
package struct HalfRows: RowCodec {
    package let dimensions: Int
    package let metric: any Metric
    package let codeBytes: Int
    package let scoreList: ScoreList
    package let scorePairs: ScorePairs
    private let format: HalfFormat
    private let scale: Float
    private let kernels: KernelTable

    init(
        _ format: HalfFormat,
        scale: Float = 1,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) {
        guard Limits.dimensions.contains(dimensions) else {
            throw .dimensions(got: dimensions, expected: Limits.dimensions)
        }
        let kernels = try selectedKernels()
        self.format = format
        self.scale = scale
        self.dimensions = dimensions
        self.metric = metric
        self.kernels = kernels
        codeBytes = RowPadding.stride(2 * dimensions)
        let inverse = 1 / (scale * scale)
        let isSquared = metric.geometry == .squaredEuclidean
        let terms = HalfTerms(
            format: format,
            isSquared: isSquared,
            offset: metric.geometry == .angular ? 1 : 0,
            scale: isSquared ? inverse : -inverse
        )
        scoreList = { query, rows, ordinals, distances in
            kernels.halfDistances(query.floats.span, terms, rows.arena, ordinals, into: &distances)
        }
        scorePairs = { from, rows, ordinals, distances in
            kernels.halfDistances(
                from: from,
                dimensions: dimensions,
                terms,
                rows.arena,
                ordinals,
                into: &distances
            )
        }
    }

    package func encode(_ vector: Span<Float>, into code: inout MutableRawSpan) {
        precondition(vector.count == dimensions && code.byteCount == codeBytes, "wrong shape")
        let factor = metric.unit(vector, kernels) * scale
        kernels.encodeHalves(vector, by: factor, format, into: &code)
        code.zero(2 * dimensions..<codeBytes)
    }

    package func decode(_ code: RawSpan, into vector: inout MutableSpan<Float>) {
        precondition(code.byteCount == codeBytes && vector.count == dimensions, "wrong shape")
        load(code, by: 1 / scale, into: &vector)
    }

    package func prepare(_ vector: Span<Float>, into query: inout PreparedQuery) {
        precondition(vector.count == dimensions, "wrong shape")
        query.resizeFloats(dimensions)
        let factor = metric.unit(vector, kernels) * scale
        var floats = query.floats.mutableSpan
        for position in vector.indices { floats[position] = vector[position] * factor }
    }

    package func prepare(row: RawSpan, into query: inout PreparedQuery) {
        precondition(row.byteCount == codeBytes, "wrong shape")
        query.resizeFloats(dimensions)
        var floats = query.floats.mutableSpan
        load(row, by: 1, into: &floats)
    }

    /// `SampleError.relative` of these rows.
    func relativeError(on sample: Span<Float>) -> Float {
        let measure = SampleError(dimensions: dimensions, metric: metric, kernels: kernels)
        var row = [UInt8](repeating: 0, count: codeBytes)
        return measure.relative(sample) { vector, decoded in
            var span = row.mutableSpan
            var bytes = span.rawBytes
            encode(vector, into: &bytes)
            decode(bytes.bytes, into: &decoded)
        }
    }

    private func load(_ code: RawSpan, by factor: Float, into vector: inout MutableSpan<Float>) {
        let halves = code.extracting(0..<2 * dimensions)
        kernels.decodeHalves(halves, by: factor, format, into: &vector)
    }
}
