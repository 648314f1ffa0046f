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
            var all = PassingBeam(keys: keys)
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
                all.offer(rows, distances, kernel, width: width)
                #expect(all.keys == keys && all.held == held && all.nearest == nearest)
                #expect((all.passed + keys.prefix(held)).sorted() == offered.sorted())
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

    @Test(
        arguments: BeamKernel.available.map(\.name),
        [1, 2, 3, 15, 16, 17, 18, 31, 32, 33, 49, 100, 801]
    )
    func `drops who is nearer to the first candidate`(name: String, count: Int) throws {
        var generator = SeededGenerator(seed: testSeed())
        let kernel = try #require(BeamKernel.available.first { $0.name == name })
        for kind in Kind.allCases {
            var places = (0..<count + 3).map { _ in UInt32.random(in: 0...9, using: &generator) }
            var rows = (0..<count + 3).map { Ordinal($0) }
            var own = rows.map { _ in kind.distance(&generator) }
            let other = rows.dropFirst().map { _ in kind.distance(&generator) }
            let before = (places: places, rows: rows, own: own)
            let kept = (1..<count).filter { own[$0] < other[$0 - 1] }
            let left = Self.keep(kernel, &places, &rows, &own, other, count)
            #expect(left == kept.count)
            #expect(places.prefix(left) == kept.map { before.places[$0] }[...])
            #expect(rows.prefix(left) == kept.map { before.rows[$0] }[...])
            #expect(
                own.prefix(left).map(\.bitPattern) == kept.map { before.own[$0].bitPattern }
            )
            #expect(places[count...] == before.places[count...])
        }
    }

    private static func keep(
        _ kernel: BeamKernel,
        _ places: inout [UInt32],
        _ rows: inout [Ordinal],
        _ own: inout [Float],
        _ other: [Float],
        _ count: Int
    ) -> Int {
        var places = places.mutableSpan
        var rows = rows.mutableSpan
        var own = own.mutableSpan
        return kernel.keepNearer(&places, &rows, &own, than: other.span, count: count)
    }

    /// A beam, and what it has passed on.
    private struct PassingBeam {
        var keys: [UInt64]
        var held = 0
        var nearest = 0
        var passed: [UInt64] = []

        mutating func offer(
            _ rows: [Ordinal],
            _ distances: [Float],
            _ kernel: BeamKernel,
            width: Int
        ) {
            var room = passed + [UInt64](repeating: 0, count: rows.count + BeamKernel.padding)
            var count = passed.count
            Self.insert(rows, distances, kernel, width, &keys, &held, &nearest, &room, &count)
            passed = Array(room.prefix(count))
        }

        // Spans of two fields of one value overlap; of two parameters they do not.
        private static func insert(
            _ rows: [Ordinal],
            _ distances: [Float],
            _ kernel: BeamKernel,
            _ width: Int,
            _ keys: inout [UInt64],
            _ held: inout Int,
            _ nearest: inout Int,
            _ room: inout [UInt64],
            _ count: inout Int
        ) {
            var beam = keys.mutableSpan
            var passed = room.mutableSpan
            nearest = kernel.insert(
                rows.span,
                distances.span,
                into: &beam,
                held: &held,
                width: width,
                passing: &passed,
                count: &count
            )
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
