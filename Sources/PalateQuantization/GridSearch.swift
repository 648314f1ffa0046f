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
            let own = Self.extremes(of: vector.span)
            extremes = (min(extremes.low, own.low), max(extremes.high, own.high))
            isWhole = isWhole && Self.isWhole(vector.span)
        }
        if isWhole, extremes.high - extremes.low <= top {
            return CodeGrid(low: wholeLow(extremes.low, extremes.high), step: 1)
        }
        let values = judgedRows(sample)
        let ends = Self.ends(of: values, Int((Self.clipped.last ?? 0) * Double(values.count)) + 1)
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
                    high = share == 0 ? extremes.high : ends.highest[skipped]
                } else {
                    low = share == 0 ? extremes.low : ends.lowest[skipped]
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
        var target = vector.mutableSpan
        precondition(target.count == source.count, "as many components")
        for column in source.indices { target[column] = source[column] * unit }
    }

    private static func extremes(of values: Span<Float>) -> (low: Float, high: Float) {
        var extremes = (low: Float.infinity, high: -Float.infinity)
        for index in values.indices {
            let value = values[index]
            extremes.low = value < extremes.low ? value : extremes.low
            extremes.high = value > extremes.high ? value : extremes.high
        }
        return extremes
    }

    /// Whether all are whole numbers below 2^24.
    private static func isWhole(_ values: Span<Float>) -> Bool {
        var isWhole = true
        for index in values.indices {
            let magnitude = values[index].magnitude
            // From 2^23 on all floats are; below, adding and taking it away rounds.
            let isRounded = magnitude >= 0x1p23 || (magnitude + 0x1p23) - 0x1p23 == magnitude
            isWhole = isWhole && isRounded && magnitude < 0x1p24
        }
        return isWhole
    }

    /// The so many lowest values, rising, and the highest, falling.
    private static func ends(
        of values: [Float],
        _ count: Int
    ) -> (lowest: [Float], highest: [Float]) {
        // Beyond the values that a sample puts twice as far in as needed, all are sorted.
        let step = max(1, values.count / 4_096)
        let drawn = stride(from: 0, to: values.count, by: step).map { values[$0] }.sorted()
        let inside = min(drawn.count - 1, 2 * count * drawn.count / values.count + 16)
        let (low, high) = (drawn[inside], drawn[drawn.count - 1 - inside])
        var lowest = values.filter { $0 <= low }
        var highest = values.filter { $0 >= high }
        if lowest.count < count { lowest = values }
        if highest.count < count { highest = values }
        lowest.sort()
        highest.sort(by: >)
        return (lowest, highest)
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
            let row = values.span.extracting(start..<start + dimensions)
            // Sums beside each other: one would make every addition wait for the one before.
            var sums = SIMD8<Float>.zero
            var column = 0
            while column + 8 <= dimensions {
                var lanes = SIMD8<Float>.zero
                for lane in 0..<8 { lanes[lane] = row[column + lane] }
                let lost = grid.loss(lanes, inverse, top)
                sums += lost * lost
                column += 8
            }
            var squares = sums.sum()
            while column < dimensions {
                let lost = grid.loss(SIMD8(repeating: row[column]), inverse, top)[0]
                squares += lost * lost
                column += 1
            }
            errors.append(squares)
        }
        errors.sort()
        let kept = errors.count - errors.count / Self.wildRows
        return errors.prefix(kept).reduce(0) { $0 + Double($1) }
    }
}

extension CodeGrid {
    /// What coding loses of values.
    @inline(__always)
    fileprivate func loss(_ values: SIMD8<Float>, _ inverse: Float, _ top: Float) -> SIMD8<Float> {
        let codes = ((values - low) * inverse).clamped(
            lowerBound: .zero,
            upperBound: SIMD8(repeating: top)
        )
        // Adding and taking away 2^23 rounds to a whole number, ties to even.
        let rounded = (codes + 0x1p23) - 0x1p23
        return values - (low + step * rounded)
    }
}
