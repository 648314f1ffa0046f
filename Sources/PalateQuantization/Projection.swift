internal import PalateKernels
internal import PalateModel

/// Vectors to fewer dimensions, trained: what stands in front of another quantizer.
///
/// A prefix copies. Principal components are y = B (x - centre), with rows of B orthonormal, so
/// that distances between projected vectors are at most those between the vectors, and the way back
/// is centre + B^T y. The centre is the mean for l2; for products and angles it is 0.
package struct Projection: Sendable {
    /// What it is.
    package let form: ProjectionForm
    /// Components of a vector.
    package let dimensions: Int
    /// Components of a projected vector.
    package var count: Int { form.count }

    /// B, shape [count, dimensions] in an arena; nil for a prefix.
    private let basis: RowArena?
    /// B in codes, where it is large.
    private let coarse: CoarseBasis?
    /// Shape [dimensions]; empty for a prefix.
    let centre: [Float]
    /// B centre; shape [count].
    private let shifts: [Float]
    private let ordinals: [Ordinal]
    private let kernels: KernelTable

    /// Below, a basis lies in the first cache, and the codes' errors are of too few components to
    /// cancel out.
    private static let coarseFloatsMin = 1 << 14

    /// Floats of the largest basis: 16 MiB, as 1,024 of 4,096 dimensions.
    static let basisFloatsMax = 1 << 22

    /// A prefix.
    ///
    /// - Throws: `projection` where there are not so many components.
    init(
        prefix count: Int,
        dimensions: Int,
        kernels: KernelTable
    ) throws(QuantizationError) {
        try Self.check(.prefix(count), dimensions: dimensions)
        form = .prefix(count)
        self.dimensions = dimensions
        self.kernels = kernels
        basis = nil
        coarse = nil
        centre = []
        shifts = []
        ordinals = []
    }

    /// Principal components.
    ///
    /// - Parameters:
    ///   - basis: shape [count, dimensions], rows orthonormal.
    ///   - centre: shape [dimensions].
    ///   - count: rows of the basis.
    ///   - kernels: what it runs on.
    /// - Throws: `projection` where the shape is out of bounds or there is no memory for it.
    init(
        basis: [Float],
        centre: [Float],
        count: Int,
        kernels: KernelTable
    ) throws(QuantizationError) {
        dimensions = centre.count
        form = .principal(count)
        try Self.check(form, dimensions: dimensions)
        precondition(basis.count == count * dimensions, "not [count, dimensions]")
        guard let arena = RowArena(stride: 4 * dimensions, capacity: count) else {
            throw .projection(got: count, expected: 1...1)
        }
        for row in 0..<count {
            let values = basis.span.extracting(row * dimensions..<(row + 1) * dimensions)
            var bytes = [UInt8](repeating: 0, count: 4 * dimensions)
            var span = bytes.mutableSpan
            var raw = span.rawBytes
            KernelTable.scale(values, by: 1, into: &raw)
            arena.store(Ordinal(row), raw.bytes)
        }
        self.basis = arena
        coarse =
            basis.count < Self.coarseFloatsMin
            ? nil : try CoarseBasis(basis.span, count: count, dimensions: dimensions)
        self.centre = centre
        self.kernels = kernels
        ordinals = (0..<Ordinal(count)).map { $0 }
        var shifts = [Float](repeating: 0, count: count)
        for row in 0..<count {
            let values = basis.span.extracting(row * dimensions..<(row + 1) * dimensions)
            shifts[row] = kernels.innerProduct(values, centre.span)
        }
        self.shifts = shifts
    }

    /// Whether vectors of these dimensions can be projected so.
    ///
    /// - Throws: `projection` with what would be possible.
    static func check(
        _ form: ProjectionForm,
        dimensions: Int
    ) throws(QuantizationError) {
        guard Limits.dimensions.contains(dimensions) else {
            throw .dimensions(got: dimensions, expected: Limits.dimensions)
        }
        var most = dimensions
        if case .principal = form { most = min(most, max(1, basisFloatsMax / dimensions)) }
        guard (1...most).contains(form.count) else {
            throw .projection(got: form.count, expected: 1...most)
        }
    }

    /// Projects; allocates nothing.
    ///
    /// - Parameters:
    ///   - vector: shape [dimensions].
    ///   - projected: shape [count].
    package func apply(_ vector: Span<Float>, into projected: inout MutableSpan<Float>) {
        precondition(vector.count == dimensions && projected.count == count, "wrong shape")
        guard let basis else {
            for position in 0..<count { projected[position] = vector[position] }
            return
        }
        kernels.innerProducts(
            vector,
            basis,
            offset: 0,
            scale: 1,
            ordinals.span,
            into: &projected
        )
        subtractShifts(from: &projected)
    }

    /// Projects a query, by the coarse basis where there is one; allocates nothing but scratch.
    ///
    /// - Parameters:
    ///   - vector: shape [dimensions].
    ///   - projected: shape [count].
    ///   - query: scratch.
    func apply(
        query vector: Span<Float>,
        into projected: inout MutableSpan<Float>,
        _ query: inout PreparedQuery
    ) {
        guard let coarse else { return apply(vector, into: &projected) }
        coarse.apply(vector, into: &projected, &query)
        subtractShifts(from: &projected)
    }

    private func subtractShifts(from projected: inout MutableSpan<Float>) {
        let shifts = shifts.span
        for position in 0..<count { projected[position] -= shifts[position] }
    }

    /// Writes the nearest vector that a projected one may come from.
    ///
    /// - Parameters:
    ///   - projected: shape [count].
    ///   - vector: shape [dimensions].
    package func applyInverse(_ projected: Span<Float>, into vector: inout MutableSpan<Float>) {
        precondition(vector.count == dimensions && projected.count == count, "wrong shape")
        guard let basis else {
            for position in vector.indices {
                vector[position] = position < count ? projected[position] : 0
            }
            return
        }
        let centre = centre.span
        for position in vector.indices { vector[position] = centre[position] }
        var row = [Float](repeating: 0, count: dimensions)
        for index in 0..<count {
            var values = row.mutableSpan
            KernelTable.load(basis.row(Ordinal(index)), into: &values)
            for position in vector.indices {
                vector[position] += projected[index] * values[position]
            }
        }
    }

    /// B as fields of parameters; none for a prefix.
    var basisFields: [UInt32] {
        guard let basis else { return [] }
        let bytes = basis.rows(0..<count)
        return (0..<count * dimensions).map { bytes.integer(at: 4 * $0) }
    }
}
