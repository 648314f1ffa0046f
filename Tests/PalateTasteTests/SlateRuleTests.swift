import PalateModel
import PalateTaste
import TestKit
import Testing

/// Rules hold whichever builder makes the slate.
@Suite struct SlateRuleTests {
    @Test(arguments: SlateRegistry.names, [0, 1, 2, 5])
    func `no group has more than its cap`(name: String, cap: Int) throws {
        let builder = try #require(SlateRegistry.named(name))
        var generator = SeededGenerator(seed: testSeed())
        var pool = SlatePool(60, dimensions: 8, using: &generator)
        pool.groups = (0..<60).map { _ in Int32.random(in: -1..<6, using: &generator) }
        var rules = SlateRules()
        rules.groupCap = cap
        let free = pool.groups.count { $0 < 0 }
        for diversity in [0, 0.5, 1] as [Float] {
            let slate = pool.select(builder, 60, diversity, rules: rules)
            // Caps are hard: the slate is as long as they let it be, and no longer.
            let most = (0..<6).reduce(free) { sum, group in
                sum + min(cap, pool.groups.count { Int($0) == group })
            }
            #expect(slate.count == most)
            for group in 0..<6 {
                #expect(slate.count { Int(pool.groups[$0]) == group } <= cap)
            }
        }
    }

    @Test(arguments: SlateRegistry.names)
    func `caps at diversity 0 leave the order of relevance`(name: String) throws {
        let builder = try #require(SlateRegistry.named(name))
        var generator = SeededGenerator(seed: testSeed())
        var pool = SlatePool(50, dimensions: 8, using: &generator)
        pool.groups = (0..<50).map { Int32($0 % 7) }
        pool.clusters = (0..<50).map { Int32($0 % 3) - 1 }
        var rules = SlateRules()
        rules.groupCap = 3
        rules.clusterQuotas = [4, 5]
        var expected: [Int] = []
        for next in pool.byRelevance {
            let group = expected.count { pool.groups[$0] == pool.groups[next] }
            let cluster = pool.clusters[next]
            let members = expected.count { pool.clusters[$0] == cluster }
            guard group < 3, cluster < 0 || members < rules.clusterQuotas[Int(cluster)] else {
                continue
            }
            expected.append(next)
        }
        #expect(pool.select(builder, 50, 0, rules: rules) == expected)
        #expect(pool.select(builder, 9, 0, rules: rules) == Array(expected.prefix(9)))
    }

    @Test(arguments: SlateRegistry.names)
    func `pins stand where they were put, and count towards the caps`(name: String) throws {
        let builder = try #require(SlateRegistry.named(name))
        var generator = SeededGenerator(seed: testSeed())
        var pool = SlatePool(40, dimensions: 9, using: &generator)
        pool.groups = [Int32](repeating: -1, count: 40)
        pool.relevance[31] = .nan
        for row in [2, 3, 30, 31] { pool.groups[row] = 4 }
        var rules = SlateRules()
        rules.groupCap = 2
        rules.pins = [SlatePin(position: 7, candidate: 31), SlatePin(position: 0, candidate: 30)]
        for diversity in [0, 0.4, 1] as [Float] {
            let slate = pool.select(builder, 12, diversity, rules: rules)
            #expect(slate.count == 12)
            #expect(Set(slate).count == 12)
            #expect(slate[0] == 30)
            #expect(slate[7] == 31)
            // The pins alone fill the cap.
            #expect(!slate.contains(2) && !slate.contains(3))
        }
    }

    @Test(arguments: SlateRegistry.names)
    func `a slate may be all pins`(name: String) throws {
        let builder = try #require(SlateRegistry.named(name))
        var generator = SeededGenerator(seed: testSeed())
        let pool = SlatePool(9, dimensions: 7, using: &generator)
        var rules = SlateRules()
        rules.groupCap = 1
        rules.pins = (0..<9).map { SlatePin(position: $0, candidate: ($0 * 4 + 5) % 9) }
        try rules.check(count: 9, candidates: 9)
        for diversity in [0, 0.7, 1] as [Float] {
            let slate = pool.select(builder, 9, diversity, rules: rules)
            #expect(slate == (0..<9).map { ($0 * 4 + 5) % 9 })
        }
    }

    @Test(arguments: SlateRegistry.names)
    func `pins close up behind a slate that ran short`(name: String) throws {
        let builder = try #require(SlateRegistry.named(name))
        var pool = SlatePool(rows: [[1], [1], [1], [1]])
        pool.relevance = [4, 3, 2, 1]
        pool.clusters = [0, 0, 0, 0]
        pool.targets = [1]
        var rules = SlateRules()
        rules.pins = [SlatePin(position: 8, candidate: 0), SlatePin(position: 6, candidate: 2)]
        #expect(pool.select(builder, 10, 0.5, rules: rules) == [1, 3, 2, 0])
        pool.groups = [0, 0, 0, 0]
        rules.groupCap = 1
        #expect(pool.select(builder, 10, 0.5, rules: rules) == [2, 0])
    }

    @Test(arguments: SlateRegistry.names)
    func `pins that cannot be kept are passed over`(name: String) throws {
        let builder = try #require(SlateRegistry.named(name))
        var generator = SeededGenerator(seed: testSeed())
        let pool = SlatePool(20, dimensions: 8, using: &generator)
        var rules = SlateRules()
        rules.pins = [
            SlatePin(position: 5, candidate: 19), SlatePin(position: 9, candidate: 0),
            SlatePin(position: 1, candidate: 20), SlatePin(position: -1, candidate: 2),
            SlatePin(position: 2, candidate: -1),
        ]
        #expect(
            pool.select(builder, 5, 0.5, rules: rules) == pool.select(builder, 5, 0.5)
        )
        rules.pins = [
            SlatePin(position: 1, candidate: 7), SlatePin(position: 1, candidate: 8),
            SlatePin(position: 2, candidate: 7),
        ]
        let slate = pool.select(builder, 5, 0, rules: rules)
        #expect(slate[1] == 7)
        #expect(
            slate.filter { $0 != 7 } == Array(pool.byRelevance.filter { $0 != 7 }.prefix(4))
        )
    }

    @Test(arguments: SlateRegistry.names, [Float(0), 0.5, 1])
    func `spacing equals the formula written out`(name: String, diversity: Float) throws {
        let builder = try #require(SlateRegistry.named(name))
        // All alike and clusterless, so that relevance and spacing decide alone.
        var generator = SeededGenerator(seed: testSeed())
        var pool = SlatePool(rows: [[Float]](repeating: [1, 0], count: 40))
        pool.relevance = (0..<40).map { _ in Float.random(in: 0..<1, using: &generator) }
        pool.groups = (0..<40).map { _ in Int32.random(in: -1..<4, using: &generator) }
        pool.clusters = [Int32](repeating: -1, count: 40)
        pool.targets = [1]
        var rules = SlateRules()
        rules.spacingWeight = 0.3
        rules.spacingWindow = 4
        rules.pins = [SlatePin(position: 6, candidate: 11)]
        let slate = pool.select(builder, 30, diversity, rules: rules)
        let relevance = TasteScorer.normalised(pool.relevance)
        // Where unlikeness is all that counts, only spacing is left; "mmr" and "ssd" see the
        // first of equals as unlike, which changes nobody's place.
        let square = diversity * diversity
        let share = name == "dpp" ? square * square : diversity * (0.9 + 0.1 * diversity)
        let weight = Double(1 - share)
        for (place, next) in slate.enumerated() where place != 6 {
            func score(_ row: Int) -> Double {
                let group = pool.groups[row]
                var penalty = 0.0
                for back in 1...4 where back <= place && group >= 0 {
                    if pool.groups[slate[place - back]] == group { penalty += 0.3 / Double(back) }
                }
                return weight * Double(relevance[row]) - penalty
            }
            let taken = Set(slate[..<place] + [11])
            let best = (0..<40).filter { !taken.contains($0) }.map(score).max() ?? 0
            #expect(score(next) > best - 1e-5, "place \(place)")
        }
    }

    @Test(arguments: SlateRegistry.names)
    func `spacing keeps a group's results apart without dropping them`(name: String) throws {
        let builder = try #require(SlateRegistry.named(name))
        var pool = SlatePool(rows: [[Float]](repeating: [1], count: 6))
        pool.relevance = [1, 0.99, 0.98, 0.5, 0.4, 0]
        pool.groups = [0, 0, 0, 1, 2, 3]
        var rules = SlateRules()
        #expect(pool.select(builder, 6, 0, rules: rules) == [0, 1, 2, 3, 4, 5])
        rules.spacingWeight = 0.6
        rules.spacingWindow = 1
        #expect(pool.select(builder, 6, 0, rules: rules) == [0, 3, 1, 4, 2, 5])
    }

    @Test func `rules that cannot be kept are refused by name`() throws {
        var rules = SlateRules()
        try rules.check(count: 0, candidates: 0)
        func refusal(_ change: (inout SlateRules) -> Void) -> SlateRuleError? {
            var changed = SlateRules()
            change(&changed)
            do throws(SlateRuleError) {
                try changed.check(count: 10, candidates: 30)
            } catch {
                return error
            }
            return nil
        }
        let pin = SlatePin(position: 3, candidate: 4)
        #expect(refusal { $0.groupCap = -1 } == .negativeCap(got: -1))
        #expect(refusal { $0.clusterQuotas = [3, -2] } == .negativeCap(got: -2))
        #expect(refusal { $0.spacingWeight = -1 } == .badSpacingWeight(got: -1))
        #expect(refusal { $0.spacingWeight = .nan } != nil)
        #expect(refusal { $0.spacingWindow = 65 } == .badSpacingWindow(got: 65, expected: 0...64))
        #expect(
            refusal { $0.pins = [SlatePin(position: 10, candidate: 1)] }
                == .pinOutsideSlate(position: 10, expected: 10)
        )
        #expect(
            refusal { $0.pins = [SlatePin(position: 1, candidate: 30)] }
                == .unknownCandidate(got: 30, expected: 30)
        )
        #expect(
            refusal { $0.pins = [pin, SlatePin(position: 3, candidate: 5)] }
                == .placePinnedTwice(position: 3)
        )
        #expect(
            refusal { $0.pins = [pin, SlatePin(position: 5, candidate: 4)] }
                == .candidatePinnedTwice(candidate: 4)
        )
        rules.pins = [pin]
        rules.groupCap = 0
        try rules.check(count: 10, candidates: 30)
    }
}
