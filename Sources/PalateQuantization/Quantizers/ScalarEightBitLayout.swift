internal import PalateKernels

/// Where a row's terms lie, and what they make of an integer product.
///
/// Nothing overflows 32 bits: with n at most 16,384 codes of at most 255, sum c^2 is below 1.07e9,
/// sum c^2 - 256 * sum c in -2.7e8...0, twice a product below 1.07e9, and the bias of a zero vector
/// at most 2^28.
struct ScalarEightBitLayout: Sendable {
    let codeBytes: Int
    let sumOffset: Int
    private let normOffset: Int
    private let codesEnd: Int
    private let dimensions: Int
    private let geometry: Geometry
    private let grid: CodeGrid

    init(_ dimensions: Int, _ geometry: Geometry, _ grid: CodeGrid) {
        self.dimensions = dimensions
        self.geometry = geometry
        self.grid = grid
        codesEnd = dimensions
        normOffset = (dimensions + 3) / 4 * 4
        sumOffset = normOffset + 4
        codeBytes = RowPadding.stride(sumOffset + 4)
    }

    /// In squared steps, what makes a zero vector count as one of unit length.
    ///
    /// Then |q - 0|^2 / 2 is 1 as it should be for cosine. Grids for cosine have steps of at least
    /// `GridSearch.unitStepMinimum`, so this is at most 2^28.
    private var zeroBias: Int32 {
        geometry == .angular ? Int32((1 / (grid.step * grid.step)).rounded()) : 0
    }

    /// Writes what follows the codes.
    func finish(_ sums: CodeGrid.Sums, isZero: Bool, _ code: inout MutableRawSpan) {
        code.zero(codesEnd..<normOffset)
        let norm = sums.squares - 256 * sums.codes + (isZero ? zeroBias : 0)
        code.setInteger(norm, at: normOffset)
        code.setInteger(sums.codes, at: sumOffset)
        code.zero(sumOffset + 4..<codeBytes)
    }

    /// For a query on the rows' grid, by squared distance.
    func queryTerms(_ sums: CodeGrid.Sums, isZero: Bool) -> CodeTerms {
        squaredTerms(sums.squares + (isZero ? zeroBias : 0))
    }

    /// For a stored row as the query.
    ///
    /// ip: <a, b> = step^2 * sum ca * cb + step * low * (sum ca + sum cb) + n * low^2, and
    /// sum ca * cb = <cb, ca - 128> + 128 * sum cb. Symmetric to the bit: both brackets are exact.
    func pairTerms(_ row: RawSpan) -> CodeTerms {
        let sum: Int32 = row.integer(at: sumOffset)
        guard geometry == .innerProduct else {
            let norm: Int32 = row.integer(at: normOffset)
            // Wrapping: a damaged row gives a wrong distance, not a trap.
            return squaredTerms(norm &+ 256 &* sum)
        }
        var terms = CodeTerms()
        terms.termOffset = sumOffset
        terms.dotFactor = 1
        terms.termFactor = 128
        terms.querySum = sum
        terms.scale = -(grid.step * grid.step)
        terms.sumScale = -(grid.step * grid.low)
        terms.offset = -(Float(dimensions) * grid.low * grid.low)
        return terms
    }

    private func squaredTerms(_ norm: Int32) -> CodeTerms {
        var terms = CodeTerms()
        terms.termOffset = normOffset
        terms.queryTerm = norm
        terms.dotFactor = -2
        terms.termFactor = 1
        terms.scale = grid.step * grid.step * (geometry == .angular ? 0.5 : 1)
        return terms
    }
}
