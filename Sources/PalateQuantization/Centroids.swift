internal import PalateKernels
internal import PalateModel

/// Points that vectors are taken as residuals to, on one grid of int8 codes.
///
/// The points are rounded before residuals are taken to them, so rounding costs no precision, and
/// a query's products with all of them are whole numbers from one call.
///
/// Row: codes + 128 as bytes, zeros up to a multiple of 4, then int32 sum of code^2: at most
/// 16,384 * 2^14 = 2.7e8.
struct Centroids: Sendable {
    let count: Int
    let dimensions: Int
    /// What one unit of a code is worth.
    let step: Float
    private let rows: RowArena
    private let ordinals: [Ordinal]
    private let termOffset: Int

    /// What is added to a code to make it a byte.
    private static let bias: Int32 = 128

    /// Centroids with these codes.
    ///
    /// - Parameters:
    ///   - codes: shape [count, dimensions], code + 128.
    ///   - dimensions: of a centroid.
    ///   - step: above 0.
    /// - Throws: `outOfAddressSpace`.
    init(codes: Span<UInt8>, dimensions: Int, step: Float) throws(QuantizationError) {
        precondition(!codes.isEmpty && codes.count % dimensions == 0, "not whole centroids")
        count = codes.count / dimensions
        self.dimensions = dimensions
        self.step = step
        termOffset = (dimensions + 3) / 4 * 4
        let stride = (termOffset + 4 + 63) / 64 * 64
        guard let rows = RowArena(stride: stride, capacity: count) else {
            throw .outOfAddressSpace(bytes: stride * count)
        }
        for index in 0..<count {
            var row = [UInt8](repeating: 0, count: stride)
            var squares: Int32 = 0
            for column in 0..<dimensions {
                row[column] = codes[index * dimensions + column]
                let code = Int32(row[column]) - Self.bias
                squares += code * code
            }
            var span = row.mutableSpan
            var bytes = span.rawBytes
            bytes.setInteger(squares, at: termOffset)
            rows.store(Ordinal(index), bytes.bytes)
        }
        self.rows = rows
        ordinals = (0..<Ordinal(count)).map { $0 }
    }

    /// Rounds points to the finest grid that holds them all.
    ///
    /// - Parameters:
    ///   - points: shape [count, dimensions], finite.
    ///   - dimensions: of a point.
    ///   - stepMinimum: the finest step.
    /// - Throws: `outOfAddressSpace`.
    init(
        rounding points: Span<Float>,
        dimensions: Int,
        stepMinimum: Float
    ) throws(QuantizationError) {
        var highest: Float = 0
        for position in points.indices { highest = max(highest, points[position].magnitude) }
        let step = max(highest / 127, stepMinimum)
        var codes = [UInt8](repeating: 0, count: points.count)
        for position in points.indices {
            let code = (points[position] / step).rounded(.toNearestOrEven)
            codes[position] = UInt8(Int32(code) + Self.bias)
        }
        try self.init(codes: codes.span, dimensions: dimensions, step: step)
    }

    /// What the first initialiser takes; shape [count, dimensions].
    var codes: [UInt8] {
        var codes: [UInt8] = []
        codes.reserveCapacity(count * dimensions)
        for index in 0..<count {
            let row = rows.row(Ordinal(index))
            for column in 0..<dimensions { codes.append(row.integer(at: column)) }
        }
        return codes
    }

    /// Adds a multiple of a centroid to a vector.
    ///
    /// - Parameters:
    ///   - index: which; one there is not counts as the last.
    ///   - factor: -1 to subtract it.
    ///   - vector: shape [dimensions].
    func add(_ index: Int, times factor: Float, to vector: inout MutableSpan<Float>) {
        let row = rows.row(Ordinal(min(index, count - 1)))
        KernelTable.add(row.extracting(0..<dimensions), times: factor * step, to: &vector)
    }

    /// What makes `score` give productScale * <q, c> + squaresScale * |c|^2 + offset.
    ///
    /// - Parameters:
    ///   - querySum: the sum of q, which is int8.
    ///   - productScale: what products count, with the worth of one unit of q.
    ///   - squaresScale: what squares count.
    ///   - offset: added to all.
    /// - Returns: the terms.
    func terms(
        querySum: Int32,
        productScale: Float,
        squaresScale: Float,
        offset: Float
    ) -> CodeTerms {
        var terms = CodeTerms()
        terms.termOffset = termOffset
        terms.dotFactor = 1
        // <q, code + 128> less this is <q, code>: at most 2.7e8 in magnitude, the sum 5.4e8.
        terms.queryTerm = -Self.bias * querySum
        terms.scale = productScale * step
        terms.sumScale = squaresScale * (step * step)
        terms.offset = offset
        return terms
    }

    /// Writes what `terms` says for listed centroids c.
    ///
    /// - Parameters:
    ///   - query: q, int8 as bytes; shape [dimensions].
    ///   - terms: of `terms`.
    ///   - listed: indices below `count`, shape [n]; nil = all, in order.
    ///   - kernels: what computes it; the same bits at every level.
    ///   - values: shape [>= n].
    func score(
        _ query: Span<UInt8>,
        _ terms: CodeTerms,
        listed: [Ordinal]? = nil,
        _ kernels: KernelTable,
        into values: inout MutableSpan<Float>
    ) {
        let indices = listed ?? ordinals
        kernels.codeDistances(query, terms, rows, indices.span, into: &values)
    }
}
