internal import PalateKernels
internal import PalateModel

/// Vectors to rows of 1-bit or 2-bit RaBitQ codes and back, and to queries for them.
///
/// RaBitQ (Gao and Long, arXiv:2405.12497; Gao et al., arXiv:2409.09913, for more bits): a vector
/// less a centroid, r = x - c, turned at random, is kept as the signs of its components (with two
/// bits as the odd numbers -3, -1, 1, 3 of a grid), o, and one factor b = |r|^2 / <r, o>. Then
/// e = r - b * o is orthogonal to r, and
///
///     <q - c, r> is about b * <q - c, o>, off by <q - c, e>
///
/// whose mean over rotations is 0 and whose deviation is |q - c| |e| / sqrt(dimensions - 1) at
/// most; |e| is 0.75 |r| for one bit, 0.37 |r| for two.
///
/// Deviations from the papers:
/// - The query is not taken less the centroid. What the metric and <q - c, o> need of c alone is in
///   the row's constant a, and what they need of c and q together in a table with an entry per
///   centroid: one query of int8 codes serves all rows, and the error is that of <q - c, e> still.
/// - Centroids are at most 256, and int8 codes themselves, so that one call fills the table.
/// - The query has 8 bits, rounded to nearest, not 4 rounded at random.
/// - Two bits: the best of some thresholds per row, not the best of all.
///
/// Row: the codes (`KernelTable+Bits.swift` has their order), zeros up to a multiple of 4, float32
/// a and b, the centroid u8, flags u8 (1: the zero vector of a metric that normalises), |e| as the
/// upper half of a float32, rounded up. The distance is (table[centroid] + a) - scale * b * <q, o>:
///
/// - l2: |q - c|^2 + |r|^2 - 2 <q - c, r>, so a = |r|^2 + 2b <c, o>.
/// - cosine: half of that on unit vectors; the zero vector adds 1/2, so that its distance is 1.
/// - ip: -<q, c> - <c, r> - <q - c, r>, so a = b <c, o> - <c, r>.
package struct RaBitQCodec: RowCodec {
    package let metric: any Metric
    let space: RaBitQSpace
    let bits: CodeBits
    package let codeBytes: Int
    package let scoreList: ScoreList
    private let kernels: KernelTable
    private let termOffset: Int

    package var dimensions: Int { space.dimensions }

    package var scorePairs: ScorePairs {
        { from, rows, ordinals, distances in
            self.scorePairs(from: from, rows, ordinals, into: &distances)
        }
    }

    /// Where the fields of a row's terms lie, and how long they are together.
    private enum Field {
        static let added = 0
        static let factor = 4
        static let centroid = 8
        static let flags = 9
        static let error = 10
        static let bytes = 12
    }

    /// Of the zero vector of a metric that normalises.
    private static let zeroFlag: UInt8 = 1

    /// Thresholds tried for two bits, relative to the deviation of a residual's components.
    ///
    /// The largest cosine of r and o wins. The best for normal components is 0.98.
    private static let thresholds: [Float] = [0.8, 0.88, 0.96, 1.04, 1.12, 1.2]

    init(space: RaBitQSpace, bits: CodeBits, metric: any Metric, kernels: KernelTable) {
        self.space = space
        self.bits = bits
        self.metric = metric
        self.kernels = kernels
        termOffset = (bits.byteCount(space.dimensions) + 3) / 4 * 4
        codeBytes = RowPadding.shortStride(termOffset + Field.bytes)
        let dimensions = space.dimensions
        scoreList = { query, rows, ordinals, distances in
            kernels.bitDistances(
                query.codes.span,
                table: query.table.span,
                dimensions: dimensions,
                query.bits,
                rows.arena,
                ordinals,
                into: &distances
            )
        }
    }

    package func encode(_ vector: Span<Float>, into code: inout MutableRawSpan) {
        precondition(vector.count == dimensions && code.byteCount == codeBytes, "wrong shape")
        var scratch = PreparedQuery()
        scratch.resizeFloats(dimensions)
        let unit = metric.unit(vector, kernels)
        var turned = scratch.floats.mutableSpan
        space.turn(vector, by: unit, into: &turned)
        let centroid = space.nearest(to: &scratch, bits, kernels)
        let whole = scratch.floats
        var residual = scratch.floats.mutableSpan
        space.centroids.add(centroid, times: -1, to: &residual)
        let squares = kernels.innerProduct(residual.span, residual.span)
        let threshold = threshold(for: residual.span, squares)
        let fit = kernels.encodeBits(residual.span, bits, threshold: threshold, into: &code)
        code.zero(bits.byteCount(dimensions)..<codeBytes)
        // <r, o> is positive for all residuals but 0.
        let factor = fit.product > 0 ? squares / fit.product : 0
        var numbers = [Float](repeating: 0, count: dimensions)
        var odd = numbers.mutableSpan
        kernels.oddNumbers(
            code.bytes.extracting(0..<bits.byteCount(dimensions)),
            bits,
            into: &odd
        )
        // <c, o> and <c, r> from x = c + r: x is at hand.
        let centroidOdd = kernels.innerProduct(whole.span, odd.span) - fit.product
        let centroidResidual = kernels.innerProduct(whole.span, residual.span) - squares
        let isZero = metric.normalises && unit == 0
        var added = factor * centroidOdd - centroidResidual
        if metric.geometry != .innerProduct {
            added = space.squaresShare * (squares + 2 * factor * centroidOdd)
        }
        if isZero { added += RaBitQSpace.zeroAdded }
        let error = max(0, factor * factor * Float(fit.squares) - squares).squareRoot()
        code.setInteger(added.bitPattern, at: termOffset + Field.added)
        code.setInteger(factor.bitPattern, at: termOffset + Field.factor)
        code.setInteger(UInt8(centroid), at: termOffset + Field.centroid)
        code.setInteger(isZero ? Self.zeroFlag : 0, at: termOffset + Field.flags)
        code.setInteger(Self.roundedUp(error), at: termOffset + Field.error)
    }

    package func decode(_ code: RawSpan, into vector: inout MutableSpan<Float>) {
        decodeTurned(code, into: &vector)
        space.turnBack(&vector)
    }

    package func prepare(_ vector: Span<Float>, into query: inout PreparedQuery) {
        precondition(vector.count == dimensions, "wrong shape")
        query.resizeFloats(dimensions)
        let unit = metric.unit(vector, kernels)
        var floats = query.floats.mutableSpan
        space.turn(vector, by: unit, into: &floats)
        let isZero = metric.normalises && unit == 0
        space.place(&query, bits, added: isZero ? RaBitQSpace.zeroAdded : 0, kernels)
        query.bits.termOffset = termOffset
    }

    package func prepare(row: RawSpan, into query: inout PreparedQuery) {
        prepare(row: row, groups: nil, into: &query)
    }

    /// The row decoded, its length corrected by what is known of its error.
    ///
    /// - Parameters:
    ///   - row: shape [codeBytes].
    ///   - groups: the centroids of the rows that will be scored; nil = any.
    ///   - query: scratch.
    private func prepare(row: RawSpan, groups: [Ordinal]?, into query: inout PreparedQuery) {
        query.resizeFloats(dimensions)
        var floats = query.floats.mutableSpan
        decodeTurned(row, into: &floats)
        // What is decoded is x - e: its squared distance from any y is |y - x|^2 + 2 <y - x, e> +
        // |e|^2, and the mean of the product over rotations is 0.
        let error = error(of: row)
        let flags: UInt8 = row.integer(at: termOffset + Field.flags)
        let zero = flags & Self.zeroFlag != 0 ? RaBitQSpace.zeroAdded : 0
        let added = zero - space.squaresShare * error * error
        space.place(&query, bits, added: added, groups: groups, kernels)
        query.bits.termOffset = termOffset
    }

    /// A stored row's distances to listed rows: those of the query that `prepare(row:)` makes.
    private func scorePairs(
        from: Ordinal,
        _ rows: CodeRows,
        _ ordinals: Span<Ordinal>,
        into distances: inout MutableSpan<Float>
    ) {
        var query = PreparedQuery()
        var groups: [Ordinal]?
        if ordinals.count < space.centroids.count {
            var listed: [Ordinal] = []
            listed.reserveCapacity(ordinals.count)
            for position in ordinals.indices {
                listed.append(Ordinal(centroid(of: rows.row(ordinals[position]))))
            }
            groups = listed
        }
        prepare(row: rows.row(from), groups: groups, into: &query)
        scoreList(query, rows, ordinals, &distances)
    }

    /// The standard deviation, over rotations, of the distance from a query to a row.
    ///
    /// |q - c| |e| / sqrt(dimensions - 1) times what the metric counts products; the share of it
    /// that lies along r is left in, and the query's own rounding (a seventieth of it) left out.
    func deviation(of row: RawSpan, from query: borrowing PreparedQuery) -> Float {
        var apart = query.floats
        var span = apart.mutableSpan
        space.centroids.add(centroid(of: row), times: -1, to: &span)
        let length = kernels.innerProduct(apart.span, apart.span).squareRoot()
        let directions = Float(max(1, dimensions - 1)).squareRoot()
        return space.productFactor * length * error(of: row) / directions
    }

    /// c + b * o.
    private func decodeTurned(_ code: RawSpan, into vector: inout MutableSpan<Float>) {
        precondition(code.byteCount == codeBytes && vector.count == dimensions, "wrong shape")
        kernels.oddNumbers(code.extracting(0..<bits.byteCount(dimensions)), bits, into: &vector)
        let factor = Float(bitPattern: code.integer(at: termOffset + Field.factor))
        for position in vector.indices { vector[position] *= factor }
        space.centroids.add(centroid(of: code), times: 1, to: &vector)
    }

    /// Of a row; of a damaged one the last there is.
    private func centroid(of row: RawSpan) -> Int {
        let index: UInt8 = row.integer(at: termOffset + Field.centroid)
        return min(Int(index), space.centroids.count - 1)
    }

    /// |e|, at most 1/128 too long.
    private func error(of row: RawSpan) -> Float {
        let half: UInt16 = row.integer(at: termOffset + Field.error)
        return Float(bitPattern: UInt32(half) << 16)
    }

    /// The upper half of a float that is not below the value.
    private static func roundedUp(_ value: Float) -> UInt16 {
        UInt16(truncatingIfNeeded: (value.bitPattern + 0xffff) >> 16)
    }

    private func threshold(for residual: Span<Float>, _ squares: Float) -> Float {
        guard bits == .two else { return 0 }
        let deviation = (squares / Float(dimensions)).squareRoot()
        var best = (cosine: -Float.infinity, threshold: deviation)
        for tried in Self.thresholds {
            let fit = kernels.bitFit(residual, bits, threshold: tried * deviation)
            let cosine = fit.product / Float(fit.squares).squareRoot()
            if cosine > best.cosine { best = (cosine, tried * deviation) }
        }
        return best.threshold
    }
}
