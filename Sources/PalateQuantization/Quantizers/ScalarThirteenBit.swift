internal import PalateKernels
internal import PalateModel

/// Thirteen bits a component: the codes of `sq4` with each of their 16 levels divided by 512.
///
/// Behind `sq4`, as `sq4+sq13`, it keeps the lower nine bits alone and reads the upper four from
/// the codes that searches walk on: 1.125 bytes a component, and more than a float16 tells apart.
/// By itself it keeps all 13.
///
/// The outermost two levels are as wide as the row's largest component needs. As with `sq4`, a row
/// has RaBitQ's factor: x is about centre + s z, turned back, with s = |u|^2 / <u, z>, so that what
/// is lost is orthogonal to u, and its share in a distance shrinks with the distance. Recall@10 of
/// scoring the 60 nearest of 1,000,000 x 256 clustered unit vectors again is 0.9998 by 13 bits,
/// 0.9994 without the factor, 0.9993 by 12 bits and 0.9991 by float16.
///
/// Row: the codes of `sq4`, h = (dimensions + 1) / 2 bytes, unless they lie elsewhere; then what
/// `KernelTable.thirteenBytes` counts, with a as in `sq4`. Queries are floats; distances are those
/// of `sq4`.
package struct ScalarThirteenBit: Quantizer, BaseQuantizer {
    package static let tag: UInt8 = 9
    package static let name = "sq13"

    package let relativeError: Float
    package let codeBytes: Int
    package let scoreList: ScoreList
    package let scorePairs: ScorePairs
    package let isCompleting: Bool
    private let base: ScalarFourBit
    /// Bytes of upper bits in a row.
    private let lowOffset: Int

    package var dimensions: Int { base.dimensions }
    package var metric: any Metric { base.metric }

    private init(_ base: ScalarFourBit, relativeError: Float, isCompleting: Bool) {
        self.base = base
        self.relativeError = relativeError
        self.isCompleting = isCompleting
        let (dimensions, kernels) = (base.dimensions, base.kernels)
        let lowOffset = isCompleting ? 0 : (dimensions + 1) / 2
        self.lowOffset = lowOffset
        let low = KernelTable.thirteenBytes(dimensions: dimensions)
        codeBytes = RowPadding.stride(lowOffset + low)
        scoreList = { query, rows, ordinals, distances in
            kernels.thirteenDistances(
                query.floats.span,
                offset: query.nibbles.offset,
                scale: query.nibbles.scale,
                nibbles: rows.lowest,
                rows.arena,
                at: lowOffset,
                ordinals,
                into: &distances
            )
        }
        let factor = base.layout.productFactor
        scorePairs = { from, rows, ordinals, distances in
            var values = [Float](repeating: 0, count: dimensions)
            var span = values.mutableSpan
            let lowest = rows.lowest
            let terms = Self.values(lowest.row(from), rows.row(from), lowOffset, into: &span)
            kernels.thirteenDistances(
                values.span,
                offset: terms.added,
                scale: factor * terms.size,
                nibbles: lowest,
                rows.arena,
                at: lowOffset,
                ordinals,
                into: &distances
            )
        }
    }

    package func completing(_ codes: any Quantizer) -> (any Quantizer)? {
        guard let codes = codes as? ScalarFourBit, codes.parameters == base.parameters else {
            return nil
        }
        return ScalarThirteenBit(base, relativeError: relativeError, isCompleting: true)
    }

    package func encode(_ vector: Span<Float>, into code: inout MutableRawSpan) {
        precondition(vector.count == dimensions && code.byteCount == codeBytes, "wrong shape")
        var values = [Float](repeating: 0, count: dimensions)
        var residual = values.mutableSpan
        let unit = metric.unit(vector, base.kernels)
        base.layout.turn(vector, by: unit, into: &residual)
        let squares = base.kernels.innerProduct(residual.span, residual.span)
        let factor = base.layout.factor(for: residual.span, squares, base.kernels)
        code.zero(0..<codeBytes)
        if !isCompleting {
            _ = base.kernels.encodeNibbles(residual.span, by: factor, into: &code)
        }
        var low = code._mutatingExtracting(lowOffset..<codeBytes)
        let product = KernelTable.encodeThirteens(residual.span, by: factor, into: &low)
        let isZero = metric.normalises && unit == 0
        let terms = Terms(
            added: base.layout.added(squares, isZero: isZero),
            size: product > 0 ? squares / product : 0
        )
        terms.write(to: &code, at: termOffset)
    }

    package func decode(_ code: RawSpan, into vector: inout MutableSpan<Float>) {
        precondition(!isCompleting, "half of the bits lie elsewhere")
        precondition(code.byteCount == codeBytes && vector.count == dimensions, "wrong shape")
        decode(code, over: code, into: &vector)
    }

    package func decode(
        _ code: RawSpan,
        over codes: RawSpan,
        into vector: inout MutableSpan<Float>
    ) {
        let terms = Self.values(codes, code, lowOffset, into: &vector)
        for position in vector.indices { vector[position] *= terms.size }
        base.layout.turnBack(&vector)
    }

    package func prepare(_ vector: Span<Float>, into query: inout PreparedQuery) {
        precondition(vector.count == dimensions, "wrong shape")
        query.resizeFloats(dimensions)
        let unit = metric.unit(vector, base.kernels)
        var floats = query.floats.mutableSpan
        base.layout.turn(vector, by: unit, into: &floats)
        let squares = base.kernels.innerProduct(floats.span, floats.span)
        let isZero = metric.normalises && unit == 0
        query.nibbles.offset = base.layout.added(squares, isZero: isZero)
        query.nibbles.scale = base.layout.productFactor
    }

    package func prepare(row: RawSpan, into query: inout PreparedQuery) {
        precondition(!isCompleting && row.byteCount == codeBytes, "wrong shape")
        query.resizeFloats(dimensions)
        var floats = query.floats.mutableSpan
        let terms = Self.values(row, row, lowOffset, into: &floats)
        query.nibbles.offset = terms.added
        query.nibbles.scale = base.layout.productFactor * terms.size
    }

    // MARK: Terms

    /// What a row knows beside its codes.
    private struct Terms {
        /// a: one side's share of a distance.
        var added: Float
        /// s: what a cell is.
        var size: Float

        func write(to code: inout MutableRawSpan, at offset: Int) {
            code.setInteger(added.bitPattern, at: offset)
            code.setInteger(size.bitPattern, at: offset + 4)
        }
    }

    private var termOffset: Int { lowOffset + dimensions + (dimensions + 7) / 8 }

    /// Writes z of a row; returns its terms.
    private static func values(
        _ nibbles: RawSpan,
        _ code: RawSpan,
        _ lowOffset: Int,
        into vector: inout MutableSpan<Float>
    ) -> Terms {
        let low = code.extracting(lowOffset..<code.byteCount)
        KernelTable.decodeThirteens(nibbles, low, into: &vector)
        let offset = vector.count + (vector.count + 7) / 8
        return Terms(
            added: Float(bitPattern: low.integer(at: offset)),
            size: Float(bitPattern: low.integer(at: offset + 4))
        )
    }

    // MARK: Training

    /// Of the relative error, before the parameters of `sq4`.
    private static let headBytes = 4

    package var parameters: [UInt8] {
        StoredParameters.bytes([relativeError.bitPattern]) + base.parameters
    }

    package static func train(
        _ sample: Span<Float>,
        count: Int,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) -> ScalarThirteenBit {
        let base = try ScalarFourBit.train(
            sample,
            count: count,
            dimensions: dimensions,
            metric: metric
        )
        let measured = ScalarThirteenBit(base, relativeError: 1, isCompleting: false)
        let measure = SampleError(dimensions: dimensions, metric: metric, kernels: base.kernels)
        var row = [UInt8](repeating: 0, count: measured.codeBytes)
        let error = measure.relative(sample) { vector, decoded in
            var span = row.mutableSpan
            var bytes = span.rawBytes
            measured.encode(vector, into: &bytes)
            measured.decode(bytes.bytes, into: &decoded)
        }
        return ScalarThirteenBit(base, relativeError: error, isCompleting: false)
    }

    package init(
        parameters: RawSpan,
        dimensions: Int,
        metric: any Metric
    ) throws(QuantizationError) {
        guard parameters.byteCount >= Self.headBytes else {
            throw .parameterBytes(got: parameters.byteCount, expected: Self.headBytes)
        }
        let head = try StoredParameters.fields(parameters.extracting(0..<Self.headBytes), count: 1)
        let base: ScalarFourBit
        do {
            base = try ScalarFourBit(
                parameters: parameters.extracting(Self.headBytes..<parameters.byteCount),
                dimensions: dimensions,
                metric: metric
            )
        } catch .parameterBytes(let got, let expected) {
            throw .parameterBytes(got: got + Self.headBytes, expected: expected + Self.headBytes)
        }
        self.init(
            base,
            relativeError: try StoredParameters.relativeError(head[0]),
            isCompleting: false
        )
    }
}
