internal import PalateKernels
internal import PalateModel

/// Chooses the grid of 8-bit or 4-bit codes from a sample.
///
/// Whole numbers within a span of 255 (15) get step 1 and no loss. Otherwise each end of the grid
/// is one of a few quantiles, chosen in turn to minimise the mean |x - decoded x|^2 without the
/// worst row in 256: clipping makes the step finer for all others, and one wild vector must not
/// make it coarse. Not the mean of |x - decoded x|: it clips more, and EfficientNet vectors lost
/// recall@10 by it (0.989 against 0.993).
struct GridSearch {
    let dimensions: Int
    let metric: any Metric
    let kernels: KernelTable
    /// The highest code: 255, or 15 for codes of four bits.
    let top: Float
    private var vector: [Float]

    /// The finest step: its square is still a normal float.
    static let stepMinimum: Float = 1e-15

    /// The finest step on unit vectors, so that 1 / step^2 is at most 2^28.
    static let unitStepMinimum: Float = 0x1p-14

    /// Values the search judges a grid by, in whole rows and at least so many of them.
    private static let valuesJudged = 1 << 20
    private static let rowsJudgedMin = 64

    /// One row in so many may be as bad as it likes.
    private static let wildRows = 256

    /// Rows the reported error is measured on.
    private static let rowsMeasured = 2_048

    /// Shares of the values that may lie beyond one end; 0 is the sample's extreme.
    private static let clipped = [0, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2]

    init(dimensions: Int, metric: any Metric, kernels: KernelTable, top: Float = 255) {
        self.top = top
        self.dimensions = dimensions
        self.metric = metric
        self.kernels = kernels
        vector = [Float](repeating: 0, count: dimensions)
    }

    /// The steps that training makes and that stored parameters may have.
    static func steps(for metric: any Metric) -> ClosedRange<Float> {
        let minimum = metric.normalises ? unitStepMinimum : stepMinimum
        return minimum...(2 * Limits.componentMagnitude)
    }

    /// The best grid for a sample, shape [count, dimensions], checked.
    mutating func grid(for sample: Span<Float>) -> CodeGrid {
        let count = sample.count / dimensions
        var extremes = (low: Float.infinity, high: -Float.infinity)
        var isWhole = true
        for index in 0..<count {
            load(sample, index)
            for value in vector {
                extremes = (min(extremes.low, value), max(extremes.high, value))
                isWhole = isWhole && value.magnitude < 0x1p24 && value == Float(Int32(value))
            }
        }
        if isWhole, extremes.high - extremes.low <= top {
            return CodeGrid(low: wholeLow(extremes.low, extremes.high), step: 1)
        }
        let values = judgedRows(sample)
        let sorted = values.sorted()
        let start = makeGrid(extremes.low, extremes.high)
        var best = (
            error: error(of: start, on: values), low: extremes.low, high: extremes.high
        )
        for isHigh in [true, false, true] {
            for share in Self.clipped {
                let skipped = Int(share * Double(values.count))
                var low = best.low
                var high = best.high
                if isHigh {
                    high = share == 0 ? extremes.high : sorted[values.count - 1 - skipped]
                } else {
                    low = share == 0 ? extremes.low : sorted[skipped]
                }
                guard low < high else { continue }
                let error = error(of: makeGrid(low, high), on: values)
                if error < best.error { best = (error, low, high) }
            }
        }
        return makeGrid(best.low, best.high)
    }

    /// Mean |x - decoded x| over mean |x - mean| on rows spread over the sample, for 8-bit codes.
    mutating func relativeError(of grid: CodeGrid, on sample: Span<Float>) -> Float {
        let count = sample.count / dimensions
        let stride = (count + Self.rowsMeasured - 1) / Self.rowsMeasured
        let rows = Array(Swift.stride(from: 0, to: count, by: stride))
        var mean = [Float](repeating: 0, count: dimensions)
        for index in rows {
            load(sample, index)
            for column in 0..<dimensions { mean[column] += vector[column] / Float(rows.count) }
        }
        var error = 0.0
        var spread = 0.0
        var row = [UInt8](repeating: 0, count: dimensions)
        var decoded = [Float](repeating: 0, count: dimensions)
        for index in rows {
            load(sample, index)
            var rowSpan = row.mutableSpan
            var codes = rowSpan.rawBytes
            _ = kernels.encode(vector.span, on: grid, into: &codes)
            var values = decoded.mutableSpan
            kernels.decode(codes.bytes, on: grid, into: &values)
            error += Double(kernels.squaredEuclidean(vector.span, decoded.span).squareRoot())
            spread += Double(kernels.squaredEuclidean(vector.span, mean.span).squareRoot())
        }
        guard error > 0 else { return 0 }
        return spread > 0 ? Float(error / spread) : 1
    }

    /// Whole numbers: 0 where codes fit, -128 (-8) where signed codes fit, else the smallest.
    private func wholeLow(_ low: Float, _ high: Float) -> Float {
        if low >= 0, high <= top { return 0 }
        let signed = -(top + 1) / 2
        return low >= signed && high <= signed + top ? signed : low
    }

    /// One vector of the sample as it will be encoded.
    private mutating func load(_ sample: Span<Float>, _ index: Int) {
        let source = sample.extracting(index * dimensions..<(index + 1) * dimensions)
        let unit = metric.unit(source, kernels)
        for column in 0..<dimensions { vector[column] = source[column] * unit }
    }

    /// Whole rows spread over the sample, as they will be encoded; shape [rows, dimensions].
    private mutating func judgedRows(_ sample: Span<Float>) -> [Float] {
        let count = sample.count / dimensions
        let rows = min(count, max(Self.valuesJudged / dimensions, Self.rowsJudgedMin))
        var values: [Float] = []
        values.reserveCapacity(rows * dimensions)
        for drawn in 0..<rows {
            load(sample, drawn * count / rows)
            values += vector
        }
        return values
    }

    private func makeGrid(_ low: Float, _ high: Float) -> CodeGrid {
        // A step below the spacing of floats at the ends would give codes without a value.
        let spacing = max(low.magnitude, high.magnitude) * 0x1p-20
        let steps = Self.steps(for: metric)
        let step = max((high - low) / top, spacing, steps.lowerBound)
        return CodeGrid(low: low, step: min(step, steps.upperBound))
    }

    /// The sum over judged rows of |x - x on the grid|^2, without the worst rows.
    private func error(of grid: CodeGrid, on values: [Float]) -> Double {
        let inverse = 1 / grid.step
        var errors: [Float] = []
        errors.reserveCapacity(values.count / dimensions)
        for start in stride(from: 0, to: values.count, by: dimensions) {
            var squares: Float = 0
            for position in start..<start + dimensions {
                let value = values[position]
                let code = min(max((value - grid.low) * inverse, 0), top)
                // Adding and taking away 2^23 rounds to a whole number, ties to even.
                let rounded = (code + 0x1p23) - 0x1p23
                let difference = value - (grid.low + grid.step * rounded)
                squares += difference * difference
            }
            errors.append(squares)
        }
        errors.sort()
        let kept = errors.count - errors.count / Self.wildRows
        return errors.prefix(kept).reduce(0) { $0 + Double($1) }
    }
}
