internal import PalateKernels
internal import PalateModel

/// Where RaBitQ takes residuals: vectors less a centre, turned, near one of some centroids.
struct RaBitQSpace: Sendable {
    let geometry: Geometry
    /// Subtracted first; shape [dimensions].
    ///
    /// Queries are then short and their int8 steps fine. 0 for products, which it would change.
    let centre: [Float]
    let rotation: Rotation
    /// In the turned space.
    let centroids: Centroids

    var dimensions: Int { centre.count }

    /// What a distance takes products of vectors times.
    var productFactor: Float { geometry == .squaredEuclidean ? 2 : 1 }

    /// The share of squares in a distance.
    var squaresShare: Float {
        switch geometry {
        case .squaredEuclidean: 1
        case .innerProduct: 0
        case .angular: 0.5
        }
    }

    /// What a zero vector adds to its distances: to another zero vector it is then 1.
    static let zeroAdded: Float = 0.5

    /// Writes (vector * unit - centre), turned.
    func turn(_ vector: Span<Float>, by unit: Float, into turned: inout MutableSpan<Float>) {
        Self.turn(vector, by: unit, centre.span, rotation, into: &turned)
    }

    /// The same before there are centroids.
    static func turn(
        _ vector: Span<Float>,
        by unit: Float,
        _ centre: Span<Float>,
        _ rotation: Rotation,
        into turned: inout MutableSpan<Float>
    ) {
        for position in vector.indices {
            turned[position] = vector[position] * unit - centre[position]
        }
        rotation.apply(&turned)
    }

    /// The way back: turned, then the centre is added.
    func turnBack(_ vector: inout MutableSpan<Float>) {
        rotation.applyInverse(&vector)
        let centre = centre.span
        for position in vector.indices { vector[position] += centre[position] }
    }

    /// From `query.floats`, turned: the codes, and the table of the centroids' parts of distances.
    ///
    /// With q the value of the codes and c a centroid, an entry is the distance from q to c, its
    /// squares times the metric's share, plus `added`.
    ///
    /// - Parameters:
    ///   - query: its floats are read; codes, table, and the terms that hang on the codes written.
    ///   - bits: of the rows' codes: decides how many zeros follow the query's.
    ///   - added: to every entry.
    ///   - isSquared: squared distances whatever the metric: to find the nearest centroid.
    ///   - groups: the entries to write; nil = all.
    ///   - kernels: what computes it; the same bits at every level.
    func place(
        _ query: inout PreparedQuery,
        _ bits: CodeBits,
        added: Float = 0,
        isSquared: Bool = false,
        groups: [Ordinal]? = nil,
        _ kernels: KernelTable
    ) {
        query.resizeTable(BitTerms.groups)
        let rounded = encode(&query, bits, kernels)
        let share = isSquared ? 1 : squaresShare
        let terms = centroids.terms(
            querySum: query.bits.querySum,
            productScale: (isSquared ? -2 : -productFactor) * rounded.step,
            squaresScale: share,
            offset: share * rounded.squares + added
        )
        let codes = query.codes
        let own = codes.span.extracting(0..<dimensions)
        guard let groups else {
            var table = query.table.mutableSpan
            centroids.score(own, terms, kernels, into: &table)
            return
        }
        var listed = [Float](repeating: 0, count: groups.count)
        var values = listed.mutableSpan
        centroids.score(own, terms, listed: groups, kernels, into: &values)
        for (position, group) in groups.enumerated() { query.table[Int(group)] = listed[position] }
    }

    /// Rounds `query.floats` to int8 codes.
    ///
    /// - Returns: the codes' step, and the squared length of what they stand for.
    private func encode(
        _ query: inout PreparedQuery,
        _ bits: CodeBits,
        _ kernels: KernelTable
    ) -> (step: Float, squares: Float) {
        query.resizeCodes(bits.byteCount(dimensions) * bits.perByte)
        // A second reference, not a copy: it is gone before the floats are written again.
        let values = query.floats
        let step = Self.step(for: values.span)
        var span = query.codes.mutableSpan
        var bytes = span.rawBytes
        let grid = CodeGrid(low: -128 * step, step: step)
        let sums = kernels.encode(values.span, on: grid, flip: 0x80, into: &bytes)
        bytes.zero(dimensions..<bytes.byteCount)
        query.bits = BitTerms(bits: bits)
        query.bits.querySum = sums.codes - 128 * Int32(dimensions)
        query.bits.scale = productFactor * step
        // Of code - 128; at most 16,384 * 128^2 = 2.7e8.
        let squares = Int(sums.squares) - 256 * Int(sums.codes) + dimensions << 14
        return (step, step * step * Float(squares))
    }

    /// The centroid nearest to a turned vector.
    ///
    /// - Parameters:
    ///   - scratch: its floats hold the vector; the rest is written.
    ///   - bits: of the rows' codes.
    ///   - kernels: what computes it.
    /// - Returns: its index.
    func nearest(
        to scratch: inout PreparedQuery,
        _ bits: CodeBits,
        _ kernels: KernelTable
    ) -> Int {
        guard centroids.count > 1 else { return 0 }
        place(&scratch, bits, isSquared: true, kernels)
        var best = 0
        for index in 1..<centroids.count where scratch.table[index] < scratch.table[best] {
            best = index
        }
        return best
    }

    /// The step of int8 codes that hold every component.
    private static func step(for vector: Span<Float>) -> Float {
        var highest: UInt32 = 0
        for position in vector.indices {
            highest = max(highest, vector[position].bitPattern & 0x7fff_ffff)
        }
        return max(Float(bitPattern: highest) / 127, GridSearch.stepMinimum)
    }
}
