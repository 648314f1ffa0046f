internal import PalateKernels

/// Exact distances of one query to rows of floats as they are stored, for rescoring.
///
/// Stored vectors are as callers gave them; for cosine a row's norm is computed on the fly.
package struct ExactQuery: Sendable {
    private let geometry: Geometry
    private let kernels: KernelTable
    private var query: [Float] = []

    /// A scratch for queries of one metric.
    ///
    /// - Throws: `kernels` when `PALATE_KERNELS` asks for what is not there.
    package init(metric: any Metric) throws(QuantizationError) {
        geometry = metric.geometry
        kernels = try selectedKernels()
    }

    /// Makes a vector the query; allocates only when the length changes.
    ///
    /// - Parameter vector: shape [dimensions], as the caller gave it.
    package mutating func prepare(_ vector: Span<Float>) {
        if query.count != vector.count { query = [Float](repeating: 0, count: vector.count) }
        let unit = geometry == .angular ? inverseNorm(vector, kernels) : 1
        var span = query.mutableSpan
        for position in vector.indices { span[position] = vector[position] * unit }
    }

    /// The distance to one row.
    ///
    /// - Parameter row: shape [dimensions].
    /// - Returns: in the metric's unit; smaller is nearer.
    package func distance(to row: Span<Float>) -> Float {
        switch geometry {
        case .squaredEuclidean: kernels.squaredEuclidean(query.span, row)
        case .innerProduct: -kernels.innerProduct(query.span, row)
        case .angular:
            1 - kernels.innerProduct(query.span, row) * inverseNorm(row, kernels)
        }
    }

    /// The distance to one row in raw bytes.
    ///
    /// - Parameter row: `dimensions` little-endian floats, any alignment.
    /// - Returns: in the metric's unit; smaller is nearer.
    package func distance(to row: RawSpan) -> Float {
        switch geometry {
        case .squaredEuclidean: return kernels.squaredEuclidean(query.span, row)
        case .innerProduct: return -kernels.innerProduct(query.span, row)
        case .angular:
            let squares = kernels.squaredNorm(row)
            guard squares >= Float.leastNormalMagnitude else { return 1 }
            return 1 - kernels.innerProduct(query.span, row) / squares.squareRoot()
        }
    }
}

/// The kernels `PALATE_KERNELS` asks for, else the best.
func selectedKernels() throws(QuantizationError) -> KernelTable {
    do { return try KernelTable.selected() } catch { throw .kernels(error) }
}
