internal import PalateKernels
internal import PalateModel

extension ScalarEightBit {
    /// low, step and relativeError, float32 each.
    private static let parameterBytes = 12

    package var parameters: [UInt8] {
        [grid.low, grid.step, relativeError].flatMap { value in
            (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) }
        }
    }

    package static func train(
        _ sample: Span<Float>,
        count: Int,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) -> ScalarEightBit {
        try checkSample(sample, count: count, dimensions: dimensions)
        let kernels = try selectedKernels()
        var search = GridSearch(dimensions: dimensions, metric: metric, kernels: kernels)
        let grid = search.grid(for: sample)
        let error = search.relativeError(of: grid, on: sample)
        return try ScalarEightBit(
            grid: grid,
            relativeError: error,
            dimensions: dimensions,
            metric: metric
        )
    }

    package init(
        parameters: RawSpan,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) {
        guard parameters.byteCount == Self.parameterBytes else {
            throw .parameterBytes(got: parameters.byteCount, expected: Self.parameterBytes)
        }
        let bits: [UInt32] = [0, 4, 8].map { parameters.integer(at: $0) }
        let grid = CodeGrid(low: Float(bitPattern: bits[0]), step: Float(bitPattern: bits[1]))
        let error = Float(bitPattern: bits[2])
        // As wide as the magnitudes that the edge lets in; NaN fails every comparison.
        guard grid.low.magnitude <= 2 * Limits.componentMagnitude else {
            throw .corruptParameter(name: "low", bits: bits[0])
        }
        guard GridSearch.steps(for: metric).contains(grid.step) else {
            throw .corruptParameter(name: "step", bits: bits[1])
        }
        guard error >= 0, error.isFinite else {
            throw .corruptParameter(name: "relativeError", bits: bits[2])
        }
        try self.init(grid: grid, relativeError: error, dimensions: dimensions, metric: metric)
    }
}
