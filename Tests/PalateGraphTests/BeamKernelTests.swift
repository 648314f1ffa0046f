import PalateGraph
import PalateModel
import TestKit
import Testing

/// The oracle sorts all that was offered and takes the first.
struct BeamKernelTests {
    @Test(
        arguments: BeamKernel.available.map(\.name),
        [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 257]
    )
    func `keeps the nearest, sorted, of lists of every length`(name: String, width: Int) throws {
        var generator = SeededGenerator(seed: testSeed())
        let kernel = try #require(BeamKernel.available.first { $0.name == name })
        for kind in Kind.allCases {
            var keys = [UInt64](
                repeating: BeamKernel.none,
                count: width + BeamKernel.padding
            )
            var (held, offered): (Int, [UInt64]) = (0, [])
            for round in 0..<40 {
                let count = Int.random(in: 0...40, using: &generator)
                let rows = (0..<count).map { Ordinal(100 * round + $0) }.shuffled(using: &generator)
                let distances = rows.map { _ in kind.distance(&generator) }
                let former = offered.sorted().prefix(width)
                offered += zip(distances, rows).map { key($0, $1) }
                let expected = offered.sorted().prefix(width)
                var beam = keys.mutableSpan
                let nearest = kernel.insert(
                    rows.span,
                    distances.span,
                    into: &beam,
                    held: &held,
                    width: width
                )
                #expect(held == expected.count)
                #expect(Array(keys.prefix(held)) == Array(expected))
                #expect(keys[held..<width].allSatisfy { $0 == BeamKernel.none })
                // A place counts when it was taken, though another newcomer may have it now.
                let changed = zip(former, expected).enumerated().first { $1.0 != $1.1 }?.offset
                let first = changed ?? (former.count < expected.count ? former.count : width)
                #expect(nearest == first)
            }
        }
    }

    /// Which distances are drawn.
    enum Kind: CaseIterable {
        case positive, ofBothSigns, few, special

        func distance(_ generator: inout SeededGenerator) -> Float {
            switch self {
            case .positive: .random(in: 0...1, using: &generator)
            case .ofBothSigns: .random(in: -1...1, using: &generator)
            case .few: Float(Int.random(in: -1...1, using: &generator))
            case .special:
                [0, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude, .nan, 1]
                    .randomElement(using: &generator) ?? 0
            }
        }
    }

    /// As `CandidateKey` packs it.
    private func key(_ distance: Float, _ row: Ordinal) -> UInt64 {
        let raw = distance.bitPattern
        let ordered = raw >> 31 == 0 ? raw | 1 << 31 : ~raw
        return UInt64(ordered) << 32 | UInt64(row) << 1
    }
}
