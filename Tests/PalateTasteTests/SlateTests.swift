import PalateModel
import PalateTaste
import TestKit
import Testing

@Suite struct SlateTests {
    struct Pool {
        var relevance: [Float]
        var vectors: [Float]
        var dimensions: Int

        init(
            _ count: Int,
            dimensions: Int,
            clusters: Int = 8,
            using generator: inout SeededGenerator
        ) {
            let rows = Vectors(
                ClusteredVectors(
                    count: count,
                    dimensions: dimensions,
                    clusters: clusters,
                    using: &generator
                )
            )
            vectors = rows.units
            self.dimensions = dimensions
            // The first cluster met is the most relevant one, as a search would have it.
            relevance = (0..<count).map { row in
                count == 0 ? 0 : rows.cosine(0, ItemID(row)) + 0.05 * generator.normal()
            }
        }

        func cosine(_ left: Int, _ right: Int) -> Double {
            (0..<dimensions).reduce(0.0) {
                $0 + Double(vectors[left * dimensions + $1])
                    * Double(vectors[right * dimensions + $1])
            }
        }

        func select(_ builder: any SlateBuilder.Type, _ count: Int, _ diversity: Float) -> [Int] {
            var scratch = SlateScratch()
            return builder.select(
                count: count,
                diversity: diversity,
                relevance: relevance.span,
                vectors: vectors.span,
                dimensions: dimensions,
                scratch: &scratch
            )
        }

        /// Mean of 1 - cosine over all pairs.
        func distance(within slate: [Int]) -> Double {
            var sum = 0.0
            for (rank, one) in slate.enumerated() {
                for other in slate[..<rank] { sum += 1 - cosine(one, other) }
            }
            return sum / Double(slate.count * (slate.count - 1) / 2)
        }
    }

    @Test(arguments: SlateRegistry.names, [0, 1, 2, 15, 16, 17, 100])
    func `positions are distinct and as many as asked for`(name: String, count: Int) throws {
        let builder = try #require(SlateRegistry.named(name))
        var generator = SeededGenerator(seed: testSeed())
        for dimensions in [1, 8, 17] {
            let pool = Pool(count, dimensions: dimensions, using: &generator)
            for wanted in [0, 1, 12, count + 1] {
                for diversity in [0.3, 7, -1, .nan] as [Float] {
                    let slate = pool.select(builder, wanted, diversity)
                    #expect(slate.count == min(wanted, count))
                    #expect(Set(slate).count == slate.count)
                    #expect(slate.allSatisfy((0..<count).contains))
                }
            }
        }
    }

    @Test(arguments: SlateRegistry.names)
    func `diversity 0 is the order of relevance, ties by position`(name: String) throws {
        let builder = try #require(SlateRegistry.named(name))
        var generator = SeededGenerator(seed: testSeed())
        var pool = Pool(90, dimensions: 12, using: &generator)
        // Differences far below what normalising keeps, and ties.
        pool.relevance = (0..<90).map { 1 + Float($0 % 30) * Float.ulpOfOne }
        let expected = (0..<90).sorted { ($0 % 30, -$0) > ($1 % 30, -$1) }
        #expect(pool.select(builder, 90, 0) == expected)
    }

    @Test(arguments: SlateRegistry.names)
    func `the knob raises the distance within the slate`(name: String) throws {
        let builder = try #require(SlateRegistry.named(name))
        var generator = SeededGenerator(seed: testSeed())
        let pools = (0..<6).map { _ in Pool(200, dimensions: 24, using: &generator) }
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
        var vectors: [Float] = []
        for row in 0..<30 { for column in 0..<5 { vectors.append(row / 6 == column ? 1 : 0) } }
        let relevance = (0..<30).map { Float(30 - $0) }
        var scratch = SlateScratch()
        for diversity in [0.95, 1] as [Float] {
            let slate = builder.select(
                count: 5,
                diversity: diversity,
                relevance: relevance.span,
                vectors: vectors.span,
                dimensions: 5,
                scratch: &scratch
            )
            #expect(slate == [0, 6, 12, 18, 24])
        }
    }

    @Test(arguments: [Float(0.1), 0.5, 0.9, 1])
    func `sliding spectrum equals projecting the vectors themselves`(diversity: Float) {
        var generator = SeededGenerator(seed: testSeed())
        let pool = Pool(80, dimensions: 20, using: &generator)
        let slate = pool.select(SlidingSpectrum.self, 40, diversity)
        let relevance = TasteScorer.normalised(pool.relevance)
        let share = diversity * diversity
        var left = (0..<80).map { row in
            pool.vectors[row * 20..<row * 20 + 20].map(Double.init)
        }
        var window: [(direction: [Double], shares: [Double])] = []
        func length(_ vector: [Double]) -> Double {
            vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        }
        var chosen: Set<Int> = []
        for next in slate {
            func score(_ row: Int) -> Double {
                Double(1 - share) * Double(relevance[row]) + Double(share)
                    * length(left[row])
            }
            let best = (0..<80).filter { !chosen.contains($0) }.map(score).max() ?? 0
            #expect(score(next) > best - 1e-4)
            chosen.insert(next)
            if window.count == SlidingSpectrum.window {
                let old = window.removeFirst()
                for row in 0..<80 {
                    for column in 0..<20 {
                        left[row][column] += old.shares[row] * old.direction[column]
                    }
                }
            }
            let size = length(left[next])
            guard size > 0.01 else { continue }
            let direction = left[next].map { $0 / size }
            let shares = left.map { vector in
                zip(vector, direction).reduce(0) { $0 + $1.0 * $1.1 }
            }
            for row in 0..<80 {
                for column in 0..<20 { left[row][column] -= shares[row] * direction[column] }
            }
            window.append((direction, shares))
        }
    }

    @Test(arguments: [Float(0.1), 0.5, 0.9, 1])
    func `marginal relevance equals the formula written out`(diversity: Float) {
        var generator = SeededGenerator(seed: testSeed())
        let pool = Pool(80, dimensions: 20, using: &generator)
        let slate = pool.select(MaximalMarginalRelevance.self, 40, diversity)
        let relevance = TasteScorer.normalised(pool.relevance)
        let share = diversity * diversity
        for (rank, next) in slate.enumerated() {
            func score(_ row: Int) -> Double {
                let nearest = slate[..<rank].map { pool.cosine(row, $0) }.max() ?? -1
                return Double(1 - share) * Double(relevance[row]) - Double(share) * nearest
            }
            let best = (0..<80).filter { !slate[..<rank].contains($0) }.map(score).max() ?? 0
            #expect(score(next) > best - 1e-5)
        }
    }

    @Test(arguments: SlateRegistry.names)
    func `a scratch leaves nothing behind`(name: String) throws {
        let builder = try #require(SlateRegistry.named(name))
        var generator = SeededGenerator(seed: testSeed())
        var scratch = SlateScratch()
        for count in [100, 10, 50, 0, 100] {
            let pool = Pool(count, dimensions: 1 + count % 13, using: &generator)
            let slate = builder.select(
                count: 30,
                diversity: 0.6,
                relevance: pool.relevance.span,
                vectors: pool.vectors.span,
                dimensions: pool.dimensions,
                scratch: &scratch
            )
            #expect(slate == pool.select(builder, 30, 0.6))
        }
    }

    @Test func `names are unique and unknown ones are unknown`() {
        #expect(Set(SlateRegistry.names).count == SlateRegistry.all.count)
        #expect(SlateRegistry.named("nonesuch") == nil)
    }
}
