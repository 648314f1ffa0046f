import PalateKernels
import PalateModel

/// The leading eigenpairs of damped co-occurrence, by subspace iteration with a Rayleigh-Ritz step
/// (Halko, Martinsson & Tropp, SIAM Review 2011, doi:10.1137/090771806).
///
/// The matrix is never formed: one pass over the likes applies it. 768 bytes an item, twice.
struct Spectrum {
    /// SIMD blocks of a row: 192 columns, of which the last 32 help the others converge.
    static let blocks = 12
    /// Eigenpairs that are worth having.
    static let count = 160
    private static let width = 16 * blocks
    /// On pinterest37k 4 give Recall@20 0.1550 and 8 0.1553.
    private static let iterations = 8
    /// People per product of a block.
    private static let rowsPerBatch = 1_024
    /// Eigenvalues below this share of the largest are rounding.
    private static let smallest: Float = 1e-7

    /// Largest first, above 0.
    private(set) var values: [Float] = []
    /// Row-major [items, blocks]; columns beyond `values` are zero.
    private(set) var vectors: [SIMD16<Float>] = []

    /// Nil where there are too few items, or it was cancelled.
    init?(_ likes: Interactions, isCancelled: () -> Bool) {
        guard likes.itemCount > 2 * Self.width else { return nil }
        let matrix = LikesMatrix(likes)
        vectors = Self.random(rows: likes.itemCount)
        for _ in 0..<Self.iterations {
            guard !isCancelled() else { return nil }
            vectors = matrix.apply(vectors)
            guard Self.orthonormalise(&vectors) != nil else { return nil }
        }
        var moments = matrix.moments(vectors, rowsPerBatch: Self.rowsPerBatch)
        guard let values = Self.rotate(&vectors, by: &moments) else { return nil }
        self.values = Array(values.prefix(Self.count).prefix { $0 > Self.smallest * values[0] })
        keepColumns(self.values.count)
    }

    private mutating func keepColumns(_ count: Int) {
        for index in vectors.indices {
            let first = index % Self.blocks * 16
            for lane in 0..<16 where first + lane >= count { vectors[index][lane] = 0 }
        }
    }

    private static func random(rows: Int) -> [SIMD16<Float>] {
        (0..<rows * blocks).map { index in
            var lanes = SIMD16<Float>()
            for lane in 0..<16 {
                let bits = SplitMix64.number(UInt64(index * 16 + lane), seed: 7)
                lanes[lane] = Float(bits >> 40) / Float(1 << 23) - 1
            }
            return lanes
        }
    }

    /// Makes the columns orthonormal, by the eigenvectors of their inner products.
    private static func orthonormalise(_ vectors: inout [SIMD16<Float>]) -> [Float]? {
        let rows = flat(vectors)
        var moments = [Float](repeating: 0, count: width * width)
        var span = moments.mutableSpan
        Matrix.addMoments(rows.span, dimensions: width, into: &span)
        guard let values = rotate(&vectors, by: &moments) else { return nil }
        var scales = [SIMD16<Float>](repeating: .zero, count: blocks)
        for (column, value) in values.enumerated() where value > smallest * values[0] {
            scales[column / 16][column % 16] = 1 / value.squareRoot()
        }
        for index in vectors.indices { vectors[index] *= scales[index % blocks] }
        return values
    }

    /// Turns the columns by the eigenvectors of a symmetric matrix.
    ///
    /// - Returns: its eigenvalues, largest first; nil where it has none that are finite.
    private static func rotate(
        _ vectors: inout [SIMD16<Float>],
        by moments: inout [Float]
    ) -> [Float]? {
        var span = moments.mutableSpan
        guard
            let (values, basis) = Matrix.leadingEigenpairs(
                of: &span,
                dimensions: width,
                count: width
            )
        else { return nil }
        let rows = flat(vectors)
        var products = [Float](repeating: 0, count: rows.count)
        var output = products.mutableSpan
        Matrix.innerProducts(
            left: rows.span,
            leftCount: vectors.count / blocks,
            right: basis.span,
            rightCount: width,
            dimensions: width,
            into: &output
        )
        for index in vectors.indices {
            for lane in 0..<16 { vectors[index][lane] = products[index * 16 + lane] }
        }
        return values[0] > 0 ? values : nil
    }

    private static func flat(_ vectors: [SIMD16<Float>]) -> [Float] {
        var values: [Float] = []
        values.reserveCapacity(vectors.count * 16)
        for lanes in vectors { for lane in 0..<16 { values.append(lanes[lane]) } }
        return values
    }
}

/// M = D_u^-a X D_p^-b, applied without being formed.
private struct LikesMatrix {
    let likes: Interactions
    let rowWeights: [Float]
    let columnWeights: [Float]

    init(_ likes: Interactions) {
        let counts = CoOccurrence(
            likes,
            rowExponent: SpectralEdges.rowExponent,
            columnExponent: SpectralEdges.columnExponent,
            pseudoCount: SpectralEdges.pseudoCount
        )
        self.likes = likes
        rowWeights = counts.rowWeights
        columnWeights = counts.columnWeights
    }

    /// One person's row of M Y.
    private func row(_ person: Int, _ vectors: Span<SIMD16<Float>>, _ sum: inout [SIMD16<Float>]) {
        let blocks = Spectrum.blocks
        for block in 0..<blocks { sum[block] = .zero }
        for place in likes.row(person) {
            let item = Int(likes.items[place])
            let weight = columnWeights[item]
            for block in 0..<blocks { sum[block] += weight * vectors[item * blocks + block] }
        }
        for block in 0..<blocks { sum[block] *= rowWeights[person] }
    }

    /// M^T M Y.
    func apply(_ vectors: [SIMD16<Float>]) -> [SIMD16<Float>] {
        let blocks = Spectrum.blocks
        var result = [SIMD16<Float>](repeating: .zero, count: vectors.count)
        var sum = [SIMD16<Float>](repeating: .zero, count: blocks)
        for person in 0..<likes.peopleCount {
            row(person, vectors.span, &sum)
            for place in likes.row(person) {
                let item = Int(likes.items[place])
                let weight = columnWeights[item] * rowWeights[person]
                for block in 0..<blocks { result[item * blocks + block] += weight * sum[block] }
            }
        }
        return result
    }

    /// (M Y)^T (M Y), the part right of the diagonal.
    func moments(_ vectors: [SIMD16<Float>], rowsPerBatch: Int) -> [Float] {
        let width = 16 * Spectrum.blocks
        var moments = [Float](repeating: 0, count: width * width)
        var sum = [SIMD16<Float>](repeating: .zero, count: Spectrum.blocks)
        var batch: [Float] = []
        batch.reserveCapacity(rowsPerBatch * width)
        for person in 0..<likes.peopleCount {
            row(person, vectors.span, &sum)
            for lanes in sum { for lane in 0..<16 { batch.append(lanes[lane]) } }
            guard batch.count == rowsPerBatch * width || person == likes.peopleCount - 1 else {
                continue
            }
            var span = moments.mutableSpan
            Matrix.addMoments(batch.span, dimensions: width, into: &span)
            batch.removeAll(keepingCapacity: true)
        }
        return moments
    }
}
