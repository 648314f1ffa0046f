import PalateGraph
import PalateModel
import TestKit
import Testing

@Suite struct GraphSearchTests {
    @Test(arguments: [1, 2, 3, 17, 64, 300], [2, 8])
    func `returns the exact neighbours when the beam covers the graph`(
        count: Int,
        neighbours: Int
    ) throws {
        let fixture = try Fixture(
            count: count,
            neighbours: neighbours,
            queryCount: 10,
            seed: testSeed()
        )
        fixture.linkAll()
        #expect(GraphInvariants.check(fixture.graph) == [])
        #expect(fixture.recall(k: count, beamWidth: count) == 1)
    }

    @Test func `finds 95 of 100 neighbours in clustered data at beam 40`() throws {
        let fixture = try Fixture(count: 3_000, dimensions: 16, neighbours: 12, seed: testSeed())
        fixture.linkAll()
        #expect(fixture.recall(k: 10, beamWidth: 40) >= 0.95)
    }

    @Test func `a beam narrower than what is kept scores fewer rows and keeps as many`() throws {
        let fixture = try Fixture(count: 2_000, dimensions: 16, neighbours: 12, seed: testSeed())
        fixture.linkAll()
        var scratch = SearchScratch()
        for query in fixture.queries {
            let wide = fixture.search(query: query, beamWidth: 40, scratch: &scratch)
            let wideCount = scratch.visitedCount
            let narrow = fixture.search(query: query, beamWidth: 4, keeping: 40, scratch: &scratch)
            #expect(narrow.count == 40)
            #expect(Set(narrow).count == 40)
            #expect(scratch.visitedCount < wideCount)
            // The four that were followed are the nearest that a beam of four finds.
            let four = fixture.search(query: query, beamWidth: 4, scratch: &scratch)
            #expect(narrow.prefix(4) == four[...])
            #expect(wide.count == 40)
        }
    }

    @Test func `a search that is told what is wanted ends before its beam, and finds it`() throws {
        let fixture = try Fixture(count: 3_000, dimensions: 16, neighbours: 12, seed: testSeed())
        fixture.linkAll()
        var scratch = SearchScratch()
        var (patient, whole, shared, expected) = (0, 0, 0, 0)
        func compare() {
            for query in fixture.queries {
                let all = fixture.search(query: query, beamWidth: 150, scratch: &scratch)
                whole += scratch.visitedCount
                let found = fixture.search(
                    query: query,
                    beamWidth: 150,
                    keeping: 10,
                    scratch: &scratch
                )
                patient += scratch.visitedCount
                shared += Set(found.prefix(10)).intersection(all.prefix(10)).count
                expected += 10
            }
        }
        compare()
        #expect(patient < whole * 9 / 10)
        #expect(Double(shared) >= 0.98 * Double(expected))
        // Where one in six is deleted, lists bring too little to judge by.
        for row in stride(from: 0, to: 3_000, by: 6) { _ = fixture.graph.delete(Ordinal(row)) }
        (patient, whole) = (0, 0)
        compare()
        #expect(patient == whole)
    }

    @Test(arguments: [0, 60])
    func `a beam of one keeps all there are when so many are asked for`(excluded: Int) throws {
        let fixture = try Fixture(count: 300, seed: testSeed())
        fixture.linkAll()
        var scratch = SearchScratch()
        for row in 0..<Ordinal(excluded) { scratch.exclude(row) }
        for query in fixture.queries {
            let found = fixture.search(query: query, beamWidth: 1, keeping: 300, scratch: &scratch)
            #expect(Set(found) == Set(excluded..<300))
        }
    }

    @Test func `gives sorted distances as the scorer has them, each row once`() throws {
        let fixture = try Fixture(count: 500, seed: testSeed())
        fixture.linkAll()
        var scratch = SearchScratch()
        for query in fixture.queries {
            _ = fixture.search(query: query, beamWidth: 30, scratch: &scratch)
            #expect(scratch.count == 30)
            #expect(scratch.visitedCount >= 30)
            var seen: Set<Ordinal> = []
            var last = -Float.infinity
            for position in scratch.hits.indices {
                let hit = scratch.hits[position]
                #expect(hit == scratch.hit(position))
                #expect(seen.insert(hit.ordinal).inserted)
                #expect(hit.distance >= last)
                last = hit.distance
                let exact = BruteForce.distance("l2", query, fixture.vectors[Int(hit.ordinal)])
                #expect(abs(Double(hit.distance) - exact) <= 1e-4 * max(1, exact))
            }
        }
    }

    @Test func `keeps order with negative, infinite and undefined distances`() throws {
        struct OddScorer: Scorer, PairScorer {
            static let odd: [Float] = [-3, -0.5, 0, 2, .infinity, -.infinity, .nan, -1e-30, 1e30]
            mutating func select(_ ordinal: Ordinal) {}
            func score(_ ordinals: Span<Ordinal>, into distances: inout MutableSpan<Float>) {
                for index in ordinals.indices {
                    distances[index] = Self.odd[Int(ordinals[index]) % Self.odd.count]
                }
            }
            func score(
                from: Ordinal,
                to ordinals: Span<Ordinal>,
                into distances: inout MutableSpan<Float>
            ) {
                score(ordinals, into: &distances)
            }
        }
        let graph = try emptyGraph(capacity: 90)
        GraphBuilder.insert(0..<90, into: graph, makeScorer: { OddScorer() })
        #expect(GraphInvariants.check(graph) == [])
        var scratch = SearchScratch()
        graph.search(OddScorer(), beamWidth: 90, scratch: &scratch)
        #expect(scratch.count == 90)
        let numbers = (0..<80).map { scratch.hit($0).distance }
        #expect(numbers == numbers.sorted())
        #expect(numbers.first == -.infinity)
        #expect((80..<90).allSatisfy { scratch.hit($0).distance.isNaN })
    }

    @Test func `returns nothing from an empty graph`() throws {
        let graph = try emptyGraph(capacity: 10)
        var scratch = SearchScratch()
        graph.search(
            FloatScorer(FloatRows(capacity: 1, dimensions: 1), [0]),
            beamWidth: 5,
            scratch: &scratch
        )
        #expect(scratch.count == 0)
        #expect(graph.entryPoint == nil)
        #expect(graph.levelMax == nil)
        #expect(!graph.delete(0))
        #expect(GraphInvariants.check(graph) == [])
    }

    @Test func `serves graphs of different sizes with one scratch`() throws {
        let small = try Fixture(count: 50, seed: testSeed())
        let large = try Fixture(count: 1_500, seed: testSeed())
        small.linkAll()
        large.linkAll()
        var shared = SearchScratch()
        for (one, other) in zip(small.queries, large.queries) {
            for (fixture, query) in [(small, one), (large, other)] {
                var fresh = SearchScratch()
                let expected = fixture.search(query: query, beamWidth: 20, scratch: &fresh)
                let found = fixture.search(query: query, beamWidth: 20, scratch: &shared)
                #expect(found == expected)
            }
        }
    }

    @Test func `draws levels by the powers of 1 over M, the same for the same seed`() {
        let parameters = GraphParameters(neighbours: 4, seed: testSeed())
        let same = GraphParameters(neighbours: 4, seed: parameters.seed)
        var counts = [Int](repeating: 0, count: GraphParameters.levelMax + 1)
        for ordinal in 0..<Ordinal(64_000) {
            let level = parameters.level(of: ordinal)
            #expect(level == same.level(of: ordinal))
            counts[level] += 1
        }
        // 48,000, 12,000 and 3,000 are expected; five standard deviations of tolerance.
        #expect(abs(counts[0] - 48_000) < 550)
        #expect(abs(counts[1] - 12_000) < 500)
        #expect(abs(counts[2] - 3_000) < 270)
    }
}
