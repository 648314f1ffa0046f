internal import PalateKernels

extension Projection {
    /// Rows copied and multiplied at a time: 1,024 of 1,280 floats are 5 MiB.
    private static let rowsPerBlock = 1_024

    /// Learns a projection from a checked sample; a prefix has nothing to learn.
    ///
    /// Principal components by the moments of the sample (OpenBLAS, on all its threads) about the
    /// mean for l2, about 0 for products, and of unit vectors about 0 for angles: what is kept is
    /// then as much as possible of what the metric compares.
    ///
    /// - Parameters:
    ///   - form: what to learn.
    ///   - sample: shape [count, dimensions], checked.
    ///   - dimensions: components of a vector.
    ///   - metric: what vectors are compared by.
    /// - Returns: the projection.
    /// - Throws: `projection` where the form does not suit the dimensions, or the sample has no
    ///   such directions.
    static func train(
        _ form: ProjectionForm,
        _ sample: Span<Float>,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) -> Projection {
        let kernels = try selectedKernels()
        try check(form, dimensions: dimensions)
        guard case .principal(let count) = form else {
            return try Projection(prefix: form.count, dimensions: dimensions, kernels: kernels)
        }
        let rows = sample.count / dimensions
        let measure = SampleError(dimensions: dimensions, metric: metric, kernels: kernels)
        let centre =
            metric.geometry == .squaredEuclidean
            ? measure.mean(sample, Array(0..<rows)) : [Float](repeating: 0, count: dimensions)
        // Components may be as large as 1e15, and their squares are summed.
        let size = largest(sample)
        let scale = size > 0 ? 1 / size : 1
        var moments = [Float](repeating: 0, count: dimensions * dimensions)
        var block: [Float] = []
        for first in stride(from: 0, to: rows, by: rowsPerBlock) {
            block.removeAll(keepingCapacity: true)
            for row in first..<min(first + rowsPerBlock, rows) {
                let vector = sample.extracting(row * dimensions..<(row + 1) * dimensions)
                let unit = metric.normalises ? metric.unit(vector, kernels) : scale
                let shift = metric.normalises ? 0 : scale
                for column in 0..<dimensions {
                    block.append(vector[column] * unit - centre[column] * shift)
                }
            }
            var span = moments.mutableSpan
            Matrix.addMoments(block.span, dimensions: dimensions, into: &span)
        }
        var span = moments.mutableSpan
        let vectors = Matrix.leadingEigenvectors(of: &span, dimensions: dimensions, count: count)
        guard let vectors else { throw .projection(got: count, expected: 1...dimensions) }
        return try Projection(basis: vectors, centre: centre, count: count, kernels: kernels)
    }

    private static func largest(_ sample: Span<Float>) -> Float {
        var highest: Float = 0
        for position in sample.indices { highest = max(highest, sample[position].magnitude) }
        return highest
    }
}
