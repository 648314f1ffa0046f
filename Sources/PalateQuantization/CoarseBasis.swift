internal import PalateKernels
internal import PalateModel

/// A basis in 8-bit codes, to project queries by.
///
/// A quarter of the bytes that every query reads, and products of whole numbers: the floats of 128
/// of 784 dimensions took 19 % of a run at beam 10, the codes take 6 % at beam 8 (profiles of
/// `pca128.sq8+sq8` on fashion-mnist, the same recall to a thousandth). Rows are projected in full.
struct CoarseBasis: Sendable {
    private let codec: ScalarEightBit
    private let rows: CodeRows
    private let ordinals: [Ordinal]

    /// Encodes a basis.
    ///
    /// - Parameters:
    ///   - basis: shape [count, dimensions].
    ///   - count: its rows.
    ///   - dimensions: their components.
    /// - Throws: `projection` where there is no memory for it, `kernels` as the codes do.
    init(_ basis: Span<Float>, count: Int, dimensions: Int) throws(QuantizationError) {
        var most = GridSearch.stepMinimum
        for position in basis.indices { most = max(most, basis[position].magnitude) }
        codec = try ScalarEightBit(
            grid: CodeGrid(low: -most, step: most / 127.5),
            relativeError: 0,
            dimensions: dimensions,
            metric: InnerProduct()
        )
        guard let rows = CodeRows(codeBytes: codec.codeBytes, capacity: count) else {
            throw .projection(got: count, expected: 1...1)
        }
        codec.store(basis, from: 0, into: rows)
        self.rows = rows
        ordinals = (0..<Ordinal(count)).map { $0 }
    }

    /// Writes the products of a vector with the rows.
    ///
    /// - Parameters:
    ///   - vector: shape [dimensions].
    ///   - products: shape [count].
    ///   - query: scratch.
    func apply(
        _ vector: Span<Float>,
        into products: inout MutableSpan<Float>,
        _ query: inout PreparedQuery
    ) {
        codec.prepare(vector, into: &query)
        codec.scoreList(query, rows, ordinals.span, &products)
        for position in products.indices { products[position] = -products[position] }
    }
}
