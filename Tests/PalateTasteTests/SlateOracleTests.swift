import PalateModel
import PalateTaste
import TestKit
import Testing

/// Every builder against its formula written out in Double.
///
/// Each test walks the builder's slate: at every place nothing may score better than what was
/// chosen, but for the rounding of Float.
@Suite struct SlateOracleTests {
    /// What a candidate scores when these were chosen before it, in order.
    typealias Score = (_ candidate: Int, _ chosen: [Int]) -> Double

    static func expectGreedy(
        _ slate: [Int],
        of count: Int,
        tolerance: Double = 1e-5,
        _ score: Score
    ) {
        for (rank, next) in slate.enumerated() {
            let chosen = Array(slate[..<rank])
            let rest = Set(0..<count).subtracting(chosen)
            let best = rest.map { score($0, chosen) }.max() ?? 0
            #expect(score(next, chosen) > best - tolerance, "place \(rank)")
        }
    }

    static let knobs: [Float] = [0.1, 0.5, 0.9, 1]

    @Test(arguments: knobs, [0, 1, 3])
    func `marginal relevance equals the formula written out`(diversity: Float, seeds: Int) {
        var generator = SeededGenerator(seed: testSeed())
        var pool = SlatePool(60, dimensions: 9, using: &generator)
        pool.seeds = Array(pool.vectors.suffix(seeds * 9))
        let slate = pool.select(MaximalMarginalRelevance.self, 25, diversity)
        let relevance = TasteScorer.normalised(pool.relevance)
        let share = Double(diversity * (0.9 + 0.1 * diversity))
        Self.expectGreedy(slate, of: 60) { row, chosen in
            let shown = chosen.map { pool.cosine(row, $0) }
            let seen = (60 - seeds..<60).map { pool.cosine(row, $0) }
            return (1 - share) * Double(relevance[row]) - share * ((shown + seen).max() ?? -1)
        }
    }

    @Test(arguments: knobs, [0, 3, 14])
    func `sliding spectrum equals projecting the vectors themselves`(diversity: Float, seeds: Int) {
        var generator = SeededGenerator(seed: testSeed())
        var pool = SlatePool(60, dimensions: 16, using: &generator)
        pool.seeds = Array(pool.vectors.suffix(seeds * 16))
        let slate = pool.select(SlidingSpectrum.self, 24, diversity)
        let relevance = TasteScorer.normalised(pool.relevance)
        let share = Double(diversity * (0.9 + 0.1 * diversity))
        var spectrum = Spectrum(pool)
        // Of more seeds than are in view the oldest are passed over.
        for row in 60 - min(seeds, SlidingSpectrum.window)..<60 { spectrum.add(pool.row(row)) }
        var added = 0
        Self.expectGreedy(slate, of: 60, tolerance: 1e-4) { row, chosen in
            while added < chosen.count {
                spectrum.add(pool.row(chosen[added]))
                added += 1
            }
            let length = spectrum.length(of: row)
            return (1 - share) * Double(relevance[row]) + share * length
        }
    }

    @Test(arguments: [Float(0.2), 0.5, 0.8, 1], [0, 2])
    func `the point process maximises determinants within its window`(
        diversity: Float,
        seeds: Int
    ) {
        var generator = SeededGenerator(seed: testSeed())
        var pool = SlatePool(25 + seeds, dimensions: 12, using: &generator)
        let seen = (25..<25 + seeds).map { pool.row($0) }
        pool.seeds = seen.flatMap { $0 }
        pool.keepFirst(25)
        let window = DeterminantalPointProcess.window
        let slate = pool.select(DeterminantalPointProcess.self, window + 1 - seeds, diversity)
        let relevance = TasteScorer.normalised(pool.relevance).map(Double.init)
        let share = Double(diversity * diversity * diversity * diversity)
        var known = (place: -1, logDeterminant: 0.0)
        Self.expectGreedy(slate, of: 25, tolerance: 1e-3) { row, chosen in
            // log det of q_i q_j cos(i, j) = 2 sum log q + log det of the cosines.
            if known.place != chosen.count {
                known = (chosen.count, logDeterminant(seen + chosen.map { pool.row($0) }))
            }
            let after = logDeterminant(seen + (chosen + [row]).map { pool.row($0) })
            let growth = max(after - known.logDeterminant, 1e-5.logarithm)
            return (1 - share) * relevance[row] + share * growth / 2
        }
    }

    @Test(arguments: [Float(0.5), 0.9])
    func `the point process gives the oldest direction back beyond its window`(diversity: Float) {
        var generator = SeededGenerator(seed: testSeed())
        let pool = SlatePool(50, dimensions: 24, using: &generator)
        let slate = pool.select(DeterminantalPointProcess.self, 30, diversity)
        let relevance = TasteScorer.normalised(pool.relevance)
        let share = Double(diversity * diversity * diversity * diversity)
        var spectrum = Spectrum(pool)
        var added = 0
        Self.expectGreedy(slate, of: 50, tolerance: 1e-3) { row, chosen in
            while added < chosen.count {
                spectrum.add(pool.row(chosen[added]))
                added += 1
            }
            let length = max(spectrum.length(of: row), 1e-5.squareRoot())
            return (1 - share) * Double(relevance[row]) + share * length.logarithm
        }
    }

    @Test(arguments: knobs)
    func `calibration equals the divergence written out`(diversity: Float) {
        var generator = SeededGenerator(seed: testSeed())
        var pool = SlatePool(60, dimensions: 4, using: &generator)
        pool.clusters = (0..<60).map { _ in Int32.random(in: -1..<5, using: &generator) }
        pool.targets = [3, 0, 1, 2, 0.5]
        let slate = pool.select(Calibration.self, 30, diversity)
        let relevance = TasteScorer.normalised(pool.relevance)
        let share = Double(diversity * (0.9 + 0.1 * diversity))
        Self.expectGreedy(slate, of: 60) { row, chosen in
            var divergence = 0.0
            for cluster in pool.targets.indices where pool.targets[cluster] > 0 {
                let wanted = Double(pool.targets[cluster]) / 6.5
                let members = (chosen + [row]).filter { pool.clusters[$0] == Int32(cluster) }
                let actual = Double(members.count) / Double(chosen.count + 1)
                divergence += wanted * (wanted / (0.99 * actual + 0.01 * wanted)).logarithm
            }
            return (1 - share) * Double(relevance[row]) - share * divergence
        }
    }

    @Test func `a calibrated slate has the shares asked for`() {
        var generator = SeededGenerator(seed: testSeed())
        var pool = SlatePool(200, dimensions: 4, using: &generator)
        pool.clusters = (0..<200).map { Int32($0 % 4) }
        pool.targets = [0.5, 0.3, 0.2, 0]
        let slate = pool.select(Calibration.self, 20, 1)
        let counts = (0..<4).map { cluster in
            slate.count { pool.clusters[$0] == Int32(cluster) }
        }
        #expect(counts == [10, 6, 4, 0])
        // Within a cluster relevance decides.
        for cluster in 0..<3 {
            let members = slate.filter { pool.clusters[$0] == Int32(cluster) }
            let best = pool.byRelevance.filter { pool.clusters[$0] == Int32(cluster) }
            #expect(members == Array(best.prefix(members.count)))
        }
        // Targets that say nothing leave the order of relevance.
        pool.targets = [0, -1, .nan, 0]
        #expect(pool.select(Calibration.self, 20, 0.8) == Array(pool.byRelevance.prefix(20)))
    }
}

/// What is left of every vector, the vectors themselves projected.
private struct Spectrum {
    private var left: [[Double]]
    private var window: [(direction: [Double], shares: [Double])] = []

    init(_ pool: SlatePool) { left = (0..<pool.count).map { pool.row($0).map(Double.init) } }

    func length(of row: Int) -> Double { Self.length(left[row]) }

    mutating func add(_ vector: [Float]) {
        if window.count == SlidingSpectrum.window {
            let old = window.removeFirst()
            for row in left.indices where !old.direction.isEmpty {
                for column in old.direction.indices {
                    left[row][column] += old.shares[row] * old.direction[column]
                }
            }
        }
        var rest = vector.map(Double.init)
        for (direction, _) in window where !direction.isEmpty {
            let share = Self.product(rest, direction)
            for column in rest.indices { rest[column] -= share * direction[column] }
        }
        let size = Self.length(rest)
        guard size * size > 1e-5 else { return window.append(([], [])) }
        let direction = rest.map { $0 / size }
        let shares = left.map { Self.product($0, direction) }
        for row in left.indices {
            for column in rest.indices { left[row][column] -= shares[row] * direction[column] }
        }
        window.append((direction, shares))
    }

    private static func length(_ vector: [Double]) -> Double {
        product(vector, vector).squareRoot()
    }

    private static func product(_ left: [Double], _ right: [Double]) -> Double {
        zip(left, right).reduce(0) { $0 + $1.0 * $1.1 }
    }
}
