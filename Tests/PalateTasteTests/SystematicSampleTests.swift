import PalateTaste
import TestKit
import Testing

@Suite struct SystematicSampleTests {
    /// Weights that are awkward to sample by.
    static let awkward: [[Double]] = [
        [], [1], [0], [1, 1], [1, 2, 3, 4], [5, 0, 0, 5, 1], [0, 0, 0, 0],
        [1e300, 1, 1e-300, 1e-300, 2],
        [.leastNonzeroMagnitude, .leastNormalMagnitude, 1],
        [.infinity, 1, .infinity, 2],
        [.nan, -1, 1, 3, 2], [100, 1, 1, 1, 1, 1, 1], [Double](repeating: 0.1, count: 33),
    ]

    @Test(arguments: awkward)
    func `the size is fixed and probabilities sum to it`(weights: [Double]) {
        for size in [-1, 0, 1, 2, 3, weights.count - 1, weights.count, weights.count + 2] {
            let sample = SystematicSample(weights: weights, size: size)
            let drawn = max(0, min(size, weights.count))
            #expect(sample.size == drawn)
            #expect(sample.count == weights.count)
            let chances = weights.indices.map { sample.probability(of: $0) }
            // Multiples of 2^-40 add without rounding.
            #expect(chances.reduce(0, +) == Double(drawn))
            #expect(chances.allSatisfy { $0 >= 0 && $0 <= 1 })
            for index in weights.indices where drawn > 0 && weights[index] > 0 {
                #expect(chances[index] > 0)
            }
            for seed in 0..<20 as Range<UInt64> {
                let chosen = sample.draw(seed: seed)
                #expect(chosen.count == drawn)
                #expect(Set(chosen).count == drawn)
                #expect(chosen.allSatisfy { chances[$0] > 0 })
                #expect(chosen == sample.draw(seed: seed))
                for index in weights.indices where chances[index] == 1 {
                    #expect(chosen.contains(index))
                }
            }
        }
    }

    @Test func `probabilities are in proportion to weight up to the cap`() {
        let sample = SystematicSample(weights: [10, 1, 2, 1], size: 2)
        // 10 is capped; 1, 2, 1 share the other place.
        let chances = (0..<4).map { sample.probability(of: $0) }
        for (chance, expected) in zip(chances, [1, 0.25, 0.5, 0.25]) {
            #expect(abs(chance - expected) < 1e-11)
        }
        // The second cap follows from the first.
        let twice = SystematicSample(weights: [100, 10, 1, 1], size: 3)
        for (index, expected) in [1, 1, 0.5, 0.5].enumerated() {
            #expect(abs(twice.probability(of: index) - expected) < 1e-11)
        }
    }

    @Test func `weightless candidates fill up evenly where the others are too few`() {
        let sample = SystematicSample(weights: [0, 3, 0, 0, 0], size: 3)
        #expect(sample.probability(of: 1) == 1)
        for index in [0, 2, 3, 4] { #expect(sample.probability(of: index) == 0.5) }
        let thirds = SystematicSample(weights: [0, 0, 0], size: 1)
        for index in 0..<3 { #expect(abs(thirds.probability(of: index) - 1.0 / 3) < 1e-11) }
        #expect(SystematicSample(weights: [0, 3, 0], size: 1).probability(of: 0) == 0)
    }

    @Test(arguments: [1, 4, 9])
    func `over 4,000 seeds everybody is drawn as often as reported`(size: Int) {
        var generator = SeededGenerator(seed: testSeed())
        let weights = (0..<12).map { _ in
            let unit = Double.random(in: 0.05..<1, using: &generator)
            return unit * unit
        }
        let sample = SystematicSample(weights: weights, size: size)
        var counts = [Int](repeating: 0, count: 12)
        let base = generator.next()
        let rounds = 4_000
        for round in 0..<UInt64(rounds) {
            for index in sample.draw(seed: base &+ round) { counts[index] += 1 }
        }
        var statistic = 0.0
        for index in weights.indices {
            let chance = sample.probability(of: index)
            let variance = Double(rounds) * chance * (1 - chance)
            let error = Double(counts[index]) - Double(rounds) * chance
            guard variance > 1e-3 else {
                #expect(error.magnitude < 1)
                continue
            }
            statistic += error * error / variance
            #expect(error * error < 27 * variance, "more than 5.2 deviations")
        }
        // Chi-square with at most 12 degrees: 60 has a chance of 2e-8.
        #expect(statistic < 60)
    }

    @Test func `pairs meet`() {
        // The order is random, so a fixed neighbourhood on the line does not forbid a pair.
        let sample = SystematicSample(weights: [1, 1, 1, 1, 1, 1], size: 2)
        let pairs = Set((0..<400 as Range<UInt64>).map { Set(sample.draw(seed: $0)) })
        #expect(pairs.count == 15)
    }
}
