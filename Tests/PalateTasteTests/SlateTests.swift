import PalateKernels
import PalateModel
import PalateTaste
import TestKit
import Testing

/// The contract of `SlateBuilder`, over the registry.
@Suite struct SlateTests {
    @Test(arguments: SlateRegistry.names, [0, 1, 2, 15, 16, 17, 100])
    func `positions are distinct and as many as asked for`(name: String, count: Int) throws {
        let builder = try #require(SlateRegistry.named(name))
        var generator = SeededGenerator(seed: testSeed())
        for dimensions in [1, 7, 8, 9, 129] where dimensions < 100 || count < 20 {
            var pool = SlatePool(count, dimensions: dimensions, using: &generator)
            for wanted in [-1, 0, 1, 12, count + 1] {
                for diversity in [0.3, 7, -1, .nan] as [Float] {
                    let slate = pool.select(builder, wanted, diversity)
                    #expect(slate.count == max(0, min(wanted, count)))
                    #expect(Set(slate).count == slate.count)
                    #expect(slate.allSatisfy((0..<count).contains))
                }
                pool.seeds = Array(pool.vectors.suffix(3 * dimensions))
            }
        }
    }

    @Test(arguments: SlateRegistry.names)
    func `diversity 0 is the order of relevance, ties by position`(name: String) throws {
        let builder = try #require(SlateRegistry.named(name))
        var generator = SeededGenerator(seed: testSeed())
        var pool = SlatePool(90, dimensions: 12, using: &generator)
        pool.seeds = pool.row(1)
        // Differences far below what normalising keeps, and ties.
        pool.relevance = (0..<90).map { 1 + Float($0 % 30) * Float.ulpOfOne }
        let expected = (0..<90).sorted { ($0 % 30, -$0) > ($1 % 30, -$1) }
        #expect(pool.select(builder, 90, 0) == expected)
        #expect(pool.select(builder, 7, 0) == Array(expected.prefix(7)))
    }

    @Test(arguments: SlateRegistry.names)
    func `the knob raises the distance within the slate`(name: String) throws {
        let builder = try #require(SlateRegistry.named(name))
        var generator = SeededGenerator(seed: testSeed())
        let pools = (0..<6).map { _ in SlatePool(200, dimensions: 24, using: &generator) }
        let distances = [0, 0.25, 0.5, 0.75, 1].map { (diversity: Float) in
            pools.reduce(0.0) { $0 + $1.distance(within: $1.select(builder, 20, diversity)) } / 6
        }
        for (less, more) in zip(distances, distances.dropFirst()) { #expect(more > less - 0.01) }
        #expect(distances[4] > distances[0] + 0.1)
        #expect(distances[3] > distances[0] + 0.02)
    }

    @Test(arguments: SlateRegistry.names)
    func `twins are kept apart at full diversity`(name: String) throws {
        let builder = try #require(SlateRegistry.named(name))
        // Five directions, six copies each, the copies next to each other in relevance.
        var pool = SlatePool(
            rows: (0..<30).map { row in (0..<5).map { $0 == row / 6 ? 1 : 0 } }
        )
        pool.relevance = (0..<30).map { Float(30 - $0) }
        pool.clusters = (0..<30).map { Int32($0 / 6) }
        pool.targets = [1, 1, 1, 1, 1]
        for diversity in [0.97, 1] as [Float] {
            #expect(pool.select(builder, 5, diversity) == [0, 6, 12, 18, 24])
        }
        // Copies come last, but they come.
        #expect(Set(pool.select(builder, 30, 1)) == Set(0..<30))
    }

    @Test(arguments: SlateRegistry.names.filter { $0 != "calibrated" })
    func `a slate keeps away from its seeds`(name: String) throws {
        let builder = try #require(SlateRegistry.named(name))
        var pool = SlatePool(
            rows: (0..<12).map { row in (0..<4).map { $0 == row / 3 ? 1 : 0 } }
        )
        pool.relevance = (0..<12).map { 1 - Float($0) / 100 }
        // The last seen weigh as much as the first, and only so many are in view.
        pool.seeds = pool.row(9) + pool.row(0) + pool.row(1)
        #expect(pool.select(builder, 2, 0.9) == [3, 6])
        pool.seeds = []
        #expect(pool.select(builder, 2, 0.9) == [0, 3])
    }

    @Test(arguments: SlateRegistry.names)
    func `what is not a number comes last and breaks nothing`(name: String) throws {
        let builder = try #require(SlateRegistry.named(name))
        var generator = SeededGenerator(seed: testSeed())
        var pool = SlatePool(40, dimensions: 9, using: &generator)
        for row in [3, 17, 18] { pool.relevance[row] = .nan }
        pool.relevance[5] = .infinity
        pool.relevance[6] = -.infinity
        for column in 0..<9 {
            pool.vectors[7 * 9 + column] = 0
            pool.vectors[8 * 9 + column] = column == 4 ? .nan : 0.3
            pool.vectors[9 * 9 + column] = .infinity
        }
        #expect(pool.select(builder, 40, 0) == pool.byRelevance)
        for diversity in [0.2, 0.6, 1] as [Float] {
            let slate = pool.select(builder, 40, diversity)
            #expect(Set(slate) == Set(0..<40))
            #expect(pool.select(builder, 40, diversity) == slate)
        }
        pool.relevance = [Float](repeating: .nan, count: 40)
        #expect(pool.select(builder, 40, 0) == Array(0..<40))
        #expect(Set(pool.select(builder, 40, 0.5)) == Set(0..<40))
        pool.seeds = [Float](repeating: .nan, count: 18)
        #expect(Set(pool.select(builder, 40, 0.5)) == Set(0..<40))
    }

    @Test(arguments: SlateRegistry.names)
    func `a scratch leaves nothing behind`(name: String) throws {
        let builder = try #require(SlateRegistry.named(name))
        var generator = SeededGenerator(seed: testSeed())
        var scratch = SlateScratch()
        for count in [100, 10, 50, 0, 100] {
            var pool = SlatePool(count, dimensions: 1 + count % 13, using: &generator)
            if count == 50 {
                pool.seeds = pool.row(2)
                pool.groups = (0..<50).map { Int32($0 / 5) }
            }
            var rules = SlateRules()
            rules.groupCap = 2
            rules.clusterQuotas = [1, 2]
            let slate = pool.select(builder, 30, 0.6, rules: rules, scratch: &scratch)
            #expect(slate == pool.select(builder, 30, 0.6, rules: rules))
        }
    }

    @Test(arguments: SlateRegistry.names)
    func `every kernel level makes the same slate`(name: String) throws {
        let builder = try #require(SlateRegistry.named(name))
        var generator = SeededGenerator(seed: testSeed())
        let pool = SlatePool(60, dimensions: 33, using: &generator)
        var scratch = SlateScratch()
        for diversity in [0.3, 0.6] as [Float] {
            let slates = KernelTable.available.map {
                pool.select(builder, 20, diversity, kernels: $0, scratch: &scratch)
            }
            #expect(Set(slates).count == 1)
        }
    }

    @Test func `only calibration does without vectors`() {
        for builder in SlateRegistry.all {
            #expect(builder.readsVectors == (builder.name != "calibrated"))
        }
        var pool = SlatePool(rows: [[1], [1], [1]])
        pool.vectors = []
        #expect(pool.select(Calibration.self, 3, 0.5) == [0, 1, 2])
        #expect(pool.select(SlidingSpectrum.self, 3, 0) == [0, 1, 2])
    }

    @Test func `names are unique and unknown ones are unknown`() {
        let names = SlateRegistry.names
        #expect(names == ["ssd", "mmr", "dpp", "calibrated"])
        #expect(SlateRegistry.named("nothing") == nil)
        for name in names { #expect(SlateRegistry.named(name)?.name == name) }
    }
}
