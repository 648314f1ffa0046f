internal import PalateKernels

extension Metric {
    /// Brings a vector to the form that is encoded: unit length where the metric normalises.
    ///
    /// The zero vector stays zero: it has no direction, and its cosine distance to everything,
    /// itself included, is 1. A norm too small for a float's square (about 1e-19) counts as zero.
    ///
    /// - Parameter vector: shape [dimensions].
    package func normalise(_ vector: inout MutableSpan<Float>) {
        guard normalises else { return }
        let scale = inverseNorm(vector.span, KernelTable.best)
        for position in vector.indices { vector[position] *= scale }
    }

    /// What a vector is multiplied with before it is encoded: 1, or 1 / its norm (0 for zero).
    func unit(_ vector: Span<Float>, _ kernels: KernelTable) -> Float {
        normalises ? inverseNorm(vector, kernels) : 1
    }
}

/// 1 / |vector|; 0 where the norm is zero.
func inverseNorm(_ vector: Span<Float>, _ kernels: KernelTable) -> Float {
    let squares = kernels.innerProduct(vector, vector)
    return squares >= Float.leastNormalMagnitude ? 1 / squares.squareRoot() : 0
}
