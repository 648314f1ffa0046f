internal import PalateKernels
internal import PalateModel

/// One byte a component, on one grid for all components.
///
/// x is about low + step * c with c in 0...255. Whole numbers within a span of 255 are lossless.
///
/// Row: dimensions codes, zeros up to a multiple of 4, then two little-endian int32:
/// sum c^2 - 256 * sum c, and sum c. A query is int8 codes, so that one unsigned-by-signed
/// multiply-add serves (`vpdpbusd`):
///
/// - l2: the query lies on the rows' grid as c' = q - 128, and
///   |q - c|^2 = sum q^2 + (sum c^2 - 256 * sum c) - 2 <c, q'> in whole numbers.
/// - cosine: half of that on unit vectors, since 1 - cos = |q - x|^2 / 2. Not 1 - <q, x>: the error
///   of the former shrinks with the distance, the error of the latter does not (recall@10 of 6,089
///   EfficientNet vectors by codes alone: 0.994 against 0.983).
/// - ip: the query has a grid of its own, symmetric around 0, since it may be of any length.
///
/// Subtracting the sample's mean first was tried and left out: 0.993 against 0.994.
///
/// Values outside the grid are clamped, in rows and in l2 and cosine queries.
package struct ScalarEightBit: Quantizer, BaseQuantizer {
    package static let tag: UInt8 = 2
    package static let name = "sq8"

    package let dimensions: Int
    package let metric: any Metric
    package let relativeError: Float
    package let scoreList: ScoreList
    package let scorePairs: ScorePairs
    let grid: CodeGrid
    private let layout: ScalarEightBitLayout
    private let kernels: KernelTable
    private let ones: [Float]

    package var codeBytes: Int { layout.codeBytes }

    init(
        grid: CodeGrid,
        relativeError: Float,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) {
        guard Limits.dimensions.contains(dimensions) else {
            throw .dimensions(got: dimensions, expected: Limits.dimensions)
        }
        let kernels = try selectedKernels()
        let layout = ScalarEightBitLayout(dimensions, metric.geometry, grid)
        self.grid = grid
        self.relativeError = relativeError
        self.dimensions = dimensions
        self.metric = metric
        self.kernels = kernels
        self.layout = layout
        ones = [Float](repeating: 1, count: metric.geometry == .innerProduct ? dimensions : 0)
        scoreList = { query, rows, ordinals, distances in
            kernels.codeDistances(
                query.codes.span,
                query.terms,
                rows.arena,
                ordinals,
                into: &distances
            )
        }
        scorePairs = { from, rows, ordinals, distances in
            kernels.codeDistances(
                from: from,
                dimensions: dimensions,
                layout.pairTerms(rows.row(from)),
                rows.arena,
                ordinals,
                into: &distances
            )
        }
    }

    package func encode(_ vector: Span<Float>, into code: inout MutableRawSpan) {
        precondition(vector.count == dimensions && code.byteCount == codeBytes, "wrong shape")
        var grid = grid
        grid.unit = metric.unit(vector, kernels)
        let sums = kernels.encode(vector, on: grid, into: &code)
        layout.finish(sums, isZero: grid.unit == 0, &code)
    }

    package func decode(_ code: RawSpan, into vector: inout MutableSpan<Float>) {
        precondition(code.byteCount == codeBytes && vector.count == dimensions, "wrong shape")
        kernels.decode(code.extracting(0..<dimensions), on: grid, into: &vector)
    }

    package func prepare(_ vector: Span<Float>, into query: inout PreparedQuery) {
        precondition(vector.count == dimensions, "wrong shape")
        query.resizeCodes(dimensions)
        guard metric.geometry == .innerProduct else {
            var grid = grid
            grid.unit = metric.unit(vector, kernels)
            var span = query.codes.mutableSpan
            var codes = span.rawBytes
            let sums = kernels.encode(vector, on: grid, flip: 0x80, into: &codes)
            query.terms = layout.queryTerms(sums, isZero: grid.unit == 0)
            return
        }
        prepareProduct(vector, into: &query)
    }

    /// The query's own grid: int8 codes q' = round(q / step), step = max |q| / 127.
    ///
    /// With m the middle of the rows' grid, <q, x> = m * sum q + <q, x - m>, and only the last term
    /// uses the codes.
    private func prepareProduct(_ vector: Span<Float>, into query: inout PreparedQuery) {
        var highest: UInt32 = 0
        for position in vector.indices {
            highest = max(highest, vector[position].bitPattern & 0x7fff_ffff)
        }
        let step = max(Float(bitPattern: highest) / 127, GridSearch.stepMinimum)
        var span = query.codes.mutableSpan
        var codes = span.rawBytes
        let own = CodeGrid(low: -128 * step, step: step)
        let sums = kernels.encode(vector, on: own, flip: 0x80, into: &codes)
        let codeSum = Float(sums.codes - 128 * Int32(dimensions))
        let middle = grid.low + 127.5 * grid.step
        let vectorSum = kernels.innerProduct(vector, ones.span)
        var terms = CodeTerms()
        terms.termOffset = layout.sumOffset
        terms.dotFactor = 1
        terms.scale = -(step * grid.step)
        terms.offset = -(middle * vectorSum) - terms.scale * 127.5 * codeSum
        query.terms = terms
    }

    package func prepare(row: RawSpan, into query: inout PreparedQuery) {
        precondition(row.byteCount == codeBytes, "wrong shape")
        query.resizeCodes(dimensions)
        var codes = query.codes.mutableSpan
        KernelTable.flip(row.extracting(0..<dimensions), into: &codes)
        query.terms = layout.pairTerms(row)
    }
}
