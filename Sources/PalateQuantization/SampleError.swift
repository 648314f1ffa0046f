internal import PalateKernels

/// What a quantizer's codes lose, measured on the sample it was trained on.
struct SampleError {
    let dimensions: Int
    let metric: any Metric
    let kernels: KernelTable

    /// Rows the error is measured on, spread over the sample.
    static let rowsMeasured = 2_048

    /// Mean |x - decoded x| over mean |x - mean| on rows of the sample.
    ///
    /// - Parameters:
    ///   - sample: shape [count, dimensions], checked.
    ///   - roundTrip: writes the decoded form of a vector that is as callers gave it.
    /// - Returns: 0 where nothing is lost.
    func relative(
        _ sample: Span<Float>,
        roundTrip: (_ vector: Span<Float>, _ decoded: inout MutableSpan<Float>) -> Void
    ) -> Float {
        let count = sample.count / dimensions
        let rows = Self.spread(Self.rowsMeasured, over: count)
        let mean = mean(sample, rows)
        var vector = [Float](repeating: 0, count: dimensions)
        var decoded = vector
        var error = 0.0
        var spread = 0.0
        for index in rows {
            let source = sample.extracting(index * dimensions..<(index + 1) * dimensions)
            let unit = metric.unit(source, kernels)
            for column in 0..<dimensions { vector[column] = source[column] * unit }
            var values = decoded.mutableSpan
            roundTrip(source, &values)
            error += Double(kernels.squaredEuclidean(vector.span, decoded.span).squareRoot())
            spread += Double(kernels.squaredEuclidean(vector.span, mean.span).squareRoot())
        }
        guard error > 0 else { return 0 }
        return spread > 0 ? Float(error / spread) : 1
    }

    /// The mean of listed rows as they are encoded; shape [dimensions].
    func mean(_ sample: Span<Float>, _ rows: [Int]) -> [Float] {
        var sums = [Double](repeating: 0, count: dimensions)
        for index in rows {
            let source = sample.extracting(index * dimensions..<(index + 1) * dimensions)
            let unit = metric.unit(source, kernels)
            for column in 0..<dimensions { sums[column] += Double(source[column] * unit) }
        }
        return sums.map { Float($0 / Double(max(rows.count, 1))) }
    }

    /// At most `limit` of `count` rows, at even distances.
    static func spread(_ limit: Int, over count: Int) -> [Int] {
        Array(stride(from: 0, to: count, by: max(1, (count + limit - 1) / limit)))
    }
}
