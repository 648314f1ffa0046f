internal import PalateKernels

/// From a vector to what is rounded, and from its terms to those of a distance.
///
/// Turned layouts round u / |u| on grids for normal components; plain ones round u on one grid.
struct ScalarFourBitLayout: Sendable {
    let geometry: Geometry
    /// Subtracted first; shape [dimensions].
    let centre: [Float]
    /// The difference of neighbouring codes' values on plain layouts; not read on turned ones.
    let step: Float
    let rotation: Rotation?

    /// The step with the least mean square error for 16 levels of a standard normal value.
    private static let normalStep: Float = 0.335

    /// Steps tried for every row, relative to that: the largest cosine of u and o wins.
    ///
    /// The trial took the mean error of 256 dimensions from 0.1063 to 0.1039 of |u|, and exhaustive
    /// recall@10 on 1,000,000 clustered vectors from 0.921 to 0.925.
    private static let stepsTried: [Float] = [0.8, 0.9, 1, 1.1, 1.2]

    /// Writes (vector * unit - centre), turned.
    func turn(_ vector: Span<Float>, by unit: Float, into residual: inout MutableSpan<Float>) {
        let centre = centre.span
        for position in vector.indices {
            residual[position] = vector[position] * unit - centre[position]
        }
        rotation?.apply(&residual)
    }

    /// The way back: turned, then the centre is added.
    func turnBack(_ residual: inout MutableSpan<Float>) {
        rotation?.applyInverse(&residual)
        let centre = centre.span
        for position in residual.indices { residual[position] += centre[position] }
    }

    /// Codes per unit of value for one row.
    func factor(for residual: Span<Float>, _ squares: Float, _ kernels: KernelTable) -> Float {
        guard rotation != nil else { return 1 / step }
        guard squares >= Float.leastNormalMagnitude else { return 0 }
        let size = (Float(residual.count) / squares).squareRoot() / Self.normalStep
        var best = (cosine: -Float.infinity, factor: size)
        for tried in Self.stepsTried {
            let fit = kernels.nibbleFit(residual, by: size / tried)
            let cosine = fit.product / Float(fit.squares).squareRoot()
            if cosine > best.cosine { best = (cosine, size / tried) }
        }
        return best.factor
    }

    /// What a distance takes products of u times; a power of two, so that pairs are symmetric.
    var productFactor: Float { geometry == .squaredEuclidean ? 2 : 1 }

    /// What is added for a zero vector, so that two of them are at distance 1.
    private static let zeroAdded: Float = 0.5

    /// The share of |u|^2 that a distance adds.
    private var squaresShare: Float {
        switch geometry {
        case .squaredEuclidean: 1
        case .innerProduct: 0
        case .angular: 0.5
        }
    }

    /// What one side of a distance adds: the row's float a, or the query's offset.
    func added(_ squares: Float, isZero: Bool) -> Float {
        squaresShare * squares + (isZero ? Self.zeroAdded : 0)
    }

    /// The terms of a query whose codes + 128 have these sums.
    ///
    /// Its length is that of its codes: the error of the distance then shrinks with the distance.
    func queryTerms(
        _ sums: CodeGrid.Sums,
        count: Int,
        step: Float,
        isZero: Bool
    ) -> NibbleTerms {
        // Of code - 128; at most 16,384 * 128^2 = 2.7e8.
        let squares = Int(sums.squares) - 256 * Int(sums.codes) + count << 14
        var terms = NibbleTerms()
        terms.querySum = sums.codes - 128 * Int32(count)
        terms.offset = added(step * step * Float(squares), isZero: isZero)
        terms.scale = productFactor * step
        return terms
    }

    /// The step of a query's int8 codes.
    ///
    /// Where rows are lossless, half the rows' step divided by a power of two, as long as the query
    /// fits: whole numbers then have no error either.
    func queryStep(_ residual: Span<Float>, isLossless: Bool) -> Float {
        var highest: UInt32 = 0
        for position in residual.indices {
            highest = max(highest, residual[position].bitPattern & 0x7fff_ffff)
        }
        let needed = max(Float(bitPattern: highest) / 127, GridSearch.stepMinimum)
        guard isLossless, rotation == nil else { return needed }
        var exact = step / 2
        guard exact >= needed else { return needed }
        while exact / 2 >= needed { exact /= 2 }
        return exact
    }
}
