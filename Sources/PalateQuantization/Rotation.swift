package import PalateKernels
internal import PalateModel

/// A random rotation of vectors in O(n log n): signs and Walsh-Hadamard transforms, in turns.
///
/// The construction of Andoni et al. (Practical and optimal LSH for angular distance,
/// arXiv:1509.02897): H D3 H D2 H D1, with D a diagonal of random signs and H the orthogonal
/// Hadamard matrix. It makes the components of any vector look like draws from one normal
/// distribution, so that one grid fits them all, and keeps lengths, distances and products.
///
/// Deviation, for n that is not a power of two: H works on the largest power of two that fits, at
/// the start and at the end in turns, and halfway the first half of the vector is mixed with the
/// last. Without the mixing, little passes between the ends where they hardly overlap: of 1,023
/// components, none would ever gather more than half of the vector. With it the energy of any one
/// component is spread over all n within a factor of 0.93 to 1.12 (computed for 3...1,023).
///
/// The same bits at every kernel level. Orthogonal to float rounding: norms are kept within 1e-6.
package struct Rotation: Sendable {
    /// Components of a vector.
    package let dimensions: Int

    private let kernels: KernelTable
    /// Sign bits, shape [rounds, words].
    private let signs: [UInt64]
    private let words: Int
    private let rounds: Int
    private let block: Int
    private let scale: Float

    /// Rounds where n is a power of two; else so many before the mixing, and again after it.
    private static let roundsWhole = 3
    private static let roundsPerSide = 2

    /// The rotation of a seed: the same on every machine.
    ///
    /// - Parameters:
    ///   - dimensions: components of a vector; at least 1.
    ///   - seed: any number.
    ///   - kernels: what it runs on.
    package init(dimensions: Int, seed: UInt64, kernels: KernelTable) {
        precondition(dimensions >= 1, "a vector has components")
        self.dimensions = dimensions
        self.kernels = kernels
        words = (dimensions + 63) / 64
        block = 1 << (Int.bitWidth - 1 - dimensions.leadingZeroBitCount)
        rounds = block == dimensions ? Self.roundsWhole : 2 * Self.roundsPerSide
        scale = 1 / Float(block).squareRoot()
        signs = (0..<rounds * words).map { SplitMix64.number(UInt64($0), seed: seed) }
    }

    /// Rotates in place; allocates nothing.
    ///
    /// - Parameter vector: shape [dimensions].
    package func apply(_ vector: inout MutableSpan<Float>) {
        precondition(vector.count == dimensions, "wrong shape")
        for round in 0..<rounds {
            if round == mixingRound { kernels.mixHalves(&vector) }
            kernels.flipSigns(&vector, signs(of: round))
            kernels.hadamard(&vector, range(of: round), scale: scale)
        }
    }

    /// Rotates back in place; allocates nothing.
    ///
    /// - Parameter vector: shape [dimensions].
    package func applyInverse(_ vector: inout MutableSpan<Float>) {
        precondition(vector.count == dimensions, "wrong shape")
        for round in (0..<rounds).reversed() {
            kernels.hadamard(&vector, range(of: round), scale: scale)
            kernels.flipSigns(&vector, signs(of: round))
            if round == mixingRound { kernels.mixHalves(&vector) }
        }
    }

    /// The round before which the halves are mixed; none where the blocks cover everything.
    private var mixingRound: Int { block == dimensions ? -1 : Self.roundsPerSide }

    /// Where a round's transform works: at the start and at the end in turns.
    private func range(of round: Int) -> Range<Int> {
        let start = round.isMultiple(of: 2) ? 0 : dimensions - block
        return start..<start + block
    }

    @_lifetime(borrow self)
    private func signs(of round: Int) -> Span<UInt64> {
        signs.span.extracting(round * words..<(round + 1) * words)
    }
}
