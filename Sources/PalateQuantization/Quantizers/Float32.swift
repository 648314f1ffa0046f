internal import PalateKernels
internal import PalateModel

/// Vectors as they are: 4 bytes a component, no training, no loss.
///
/// Row: shape [dimensions] of little-endian float32, of unit length where the metric normalises.
package struct Float32: Quantizer, BaseQuantizer {
    package static let tag: UInt8 = 1
    package static let name = "float32"

    package let dimensions: Int
    package let metric: any Metric
    package let scoreList: ScoreList
    package let scorePairs: ScorePairs
    private let kernels: KernelTable

    package var codeBytes: Int { 4 * dimensions }
    package var relativeError: Float { 0 }
    package var parameters: [UInt8] { [] }

    private init(dimensions: Int, metric: any Metric) throws(QuantizationError) {
        guard Limits.dimensions.contains(dimensions) else {
            throw .dimensions(got: dimensions, expected: Limits.dimensions)
        }
        let kernels = try selectedKernels()
        self.kernels = kernels
        self.dimensions = dimensions
        self.metric = metric
        let isSquared = metric.geometry == .squaredEuclidean
        let offset: Float = metric.geometry == .angular ? 1 : 0
        let scale: Float = isSquared ? 1 : -1
        if isSquared {
            scoreList = { query, rows, ordinals, distances in
                kernels.squaredEuclideans(
                    query.floats.span,
                    rows.arena,
                    offset: offset,
                    scale: scale,
                    ordinals,
                    into: &distances
                )
            }
        } else {
            scoreList = { query, rows, ordinals, distances in
                kernels.innerProducts(
                    query.floats.span,
                    rows.arena,
                    offset: offset,
                    scale: scale,
                    ordinals,
                    into: &distances
                )
            }
        }
        scorePairs = { from, rows, ordinals, distances in
            kernels.floatDistances(
                from: from,
                dimensions: dimensions,
                isSquared: isSquared,
                rows.arena,
                offset: offset,
                scale: scale,
                ordinals,
                into: &distances
            )
        }
    }

    package static func train(
        _ sample: Span<Float>,
        count: Int,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) -> Float32 {
        try checkSample(sample, count: count, dimensions: dimensions)
        return try Float32(dimensions: dimensions, metric: metric)
    }

    package init(
        parameters: RawSpan,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) {
        guard parameters.byteCount == 0 else {
            throw .parameterBytes(got: parameters.byteCount, expected: 0)
        }
        try self.init(dimensions: dimensions, metric: metric)
    }

    package func encode(_ vector: Span<Float>, into code: inout MutableRawSpan) {
        precondition(vector.count == dimensions && code.byteCount == codeBytes, "wrong shape")
        KernelTable.scale(vector, by: metric.unit(vector, kernels), into: &code)
    }

    package func decode(_ code: RawSpan, into vector: inout MutableSpan<Float>) {
        precondition(code.byteCount == codeBytes && vector.count == dimensions, "wrong shape")
        KernelTable.load(code, into: &vector)
    }

    package func prepare(_ vector: Span<Float>, into query: inout PreparedQuery) {
        precondition(vector.count == dimensions, "wrong shape")
        query.resizeFloats(dimensions)
        let unit = metric.unit(vector, kernels)
        var floats = query.floats.mutableSpan
        for position in vector.indices { floats[position] = vector[position] * unit }
    }

    package func prepare(row: RawSpan, into query: inout PreparedQuery) {
        query.resizeFloats(dimensions)
        var floats = query.floats.mutableSpan
        decode(row, into: &floats)
    }
}
