import PalateGraph
import PalateModel
import TestKit
import Testing

@Suite struct GraphRepairTests {
    @Test(arguments: [1, 2, 4])
    func `no list names a deleted row any more, and live rows stay in reach`(threads: Int) throws {
        let fixture = try Fixture(count: 1_500, queryCount: 30, seed: testSeed())
        fixture.linkAll()
        let doomed = Set((0..<1_500).filter { $0 % 5 == 2 })
        for row in doomed { _ = fixture.graph.delete(Ordinal(row)) }
        #expect(fixture.repair(threads: threads).map(Int.init) == doomed.sorted())
        #expect(fixture.graph.deletedCount == 0)
        #expect(fixture.graph.vacantCount == doomed.count)
        #expect(fixture.graph.liveCount == 1_500 - doomed.count)
        #expect(GraphInvariants.check(fixture.graph) == [])
        #expect(fixture.recall(k: 10, beamWidth: 40) { !doomed.contains($0) } >= 0.95)
        #expect(fixture.repair() == [])
    }

    @Test(arguments: [2, 3])
    func `mends alike whatever the threads`(threads: Int) throws {
        let seed = testSeed()
        let one = try Fixture(count: 900, neighbours: 4, seed: seed)
        let many = try Fixture(count: 900, neighbours: 4, seed: seed)
        for fixture in [one, many] {
            fixture.linkAll()
            for row in 100..<500 { _ = fixture.graph.delete(Ordinal(row)) }
        }
        for limit in [50, 400] {
            #expect(one.repair(limit: limit) == many.repair(limit: limit, threads: threads))
            expectEqual(one.graph, many.graph)
        }
    }

    @Test func `goes on a few rows at a time`() throws {
        let fixture = try Fixture(count: 600, queryCount: 20, seed: testSeed())
        fixture.linkAll()
        for row in 0..<200 { _ = fixture.graph.delete(Ordinal(row)) }
        for round in 1...4 {
            #expect(fixture.repair(limit: 50).count == 50)
            #expect(fixture.graph.deletedCount == 200 - 50 * round)
            #expect(GraphInvariants.check(fixture.graph) == [])
        }
        #expect(fixture.recall(k: 10, beamWidth: 40) { $0 >= 200 } >= 0.95)
    }

    @Test(arguments: [2, 3, 8])
    func `takes the last row out, and new ones in`(neighbours: Int) throws {
        let fixture = try Fixture(
            count: 300,
            neighbours: neighbours,
            queryCount: 10,
            seed: testSeed()
        )
        fixture.linkAll()
        for row in 0..<300 { _ = fixture.graph.delete(Ordinal(row)) }
        #expect(fixture.repair().count == 300)
        #expect(fixture.graph.entryPoint == nil)
        #expect(GraphInvariants.check(fixture.graph) == [])
        var scratch = SearchScratch()
        #expect(fixture.search(query: fixture.queries[0], beamWidth: 9, scratch: &scratch) == [])
        fixture.link((0..<300).filter { $0 % 3 != 0 }.map { Ordinal($0) }.reversed())
        #expect(fixture.graph.liveCount == 200)
        #expect(GraphInvariants.check(fixture.graph) == [])
        #expect(
            fixture.search(query: fixture.queries[0], beamWidth: 300, scratch: &scratch).count
                == 200
        )
    }

    /// Whole clusters leave: no neighbour of a deleted row is live.
    @Test func `finds its way where whole regions are gone`() throws {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        let fixture = try Fixture(count: 2_000, clusters: 25, queryCount: 40, seed: seed)
        fixture.linkAll()
        var live = Set(0..<2_000)
        for _ in 0..<6 {
            let center = Int.random(in: 0..<2_000, using: &generator)
            let region = BruteForce.nearest(
                200,
                to: fixture.vectors[center],
                in: fixture.vectors,
                metric: "l2"
            ) { $0 < 2_000 }
            for row in region where live.remove(row) != nil {
                _ = fixture.graph.delete(Ordinal(row))
            }
            _ = fixture.repair()
            #expect(GraphInvariants.check(fixture.graph) == [])
        }
        #expect(fixture.recall(k: 10, beamWidth: 40) { live.contains($0) } >= 0.95)
    }

    @Test func `keeps its recall through twenty rounds of replacing a tenth`() throws {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        let fixture = try Fixture(count: 4_000, clusters: 40, queryCount: 60, seed: seed)
        let rows = fixture.rows
        fixture.link(upTo: 2_000)
        // The vector that each slot stands for now; those of 2,000..<4,000 wait for their turn.
        var standsFor = Array(0..<2_000)
        var upcoming = Array(2_000..<4_000)
        for round in 0..<20 {
            let doomed = (0..<2_000).shuffled(using: &generator).prefix(200)
            for row in doomed { #expect(fixture.graph.delete(Ordinal(row))) }
            let slots = fixture.repair(threads: 1 + round % 2)
            #expect(slots.map(Int.init) == doomed.sorted())
            for slot in slots {
                let former = standsFor[Int(slot)]
                standsFor[Int(slot)] = upcoming.removeFirst()
                upcoming.append(former)
                rows.store(fixture.vectors[standsFor[Int(slot)]], at: Int(slot))
            }
            fixture.link(slots, threads: 1 + round % 2)
            #expect(GraphInvariants.check(fixture.graph) == [])
        }
        #expect(fixture.graph.count == 2_000)
        let live = Set(standsFor)
        var scratch = SearchScratch()
        var (aged, fresh) = (0.0, 0.0)
        let again = try emptyGraph(seed: seed, capacity: 2_000)
        GraphBuilder.insert(0..<2_000, into: again, makeScorer: { FloatPairScorer(rows) })
        for query in fixture.queries {
            let truth = BruteForce.nearest(10, to: query, in: fixture.vectors, metric: "l2") {
                live.contains($0)
            }
            for isFresh in [false, true] {
                let found = fixture.search(
                    isFresh ? again : fixture.graph,
                    query: query,
                    beamWidth: 20,
                    scratch: &scratch
                )
                let recall = BruteForce.recall(
                    found.prefix(10).map { standsFor[$0] },
                    truth: truth
                )
                if isFresh { fresh += recall / 60 } else { aged += recall / 60 }
            }
        }
        print("recall after churn \(aged), of a fresh graph \(fresh)")
        #expect(aged >= fresh - 0.02)
    }

    /// In many dimensions some rows are nearly nobody's neighbours: the first to be forgotten.
    @Test func `leaves no row that hardly anybody names`() throws {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        let fixture = try Fixture(count: 1_500, dimensions: 32, clusters: 1, seed: seed)
        fixture.linkAll()
        let before = rarelyNamed(fixture.graph)
        for _ in 0..<6 {
            // No rows come in their place: these would be linked from scratch.
            let live = (0..<Ordinal(1_500)).filter { !fixture.graph.isVacant($0) }
            for row in live.shuffled(using: &generator).prefix(100) {
                _ = fixture.graph.delete(row)
            }
            _ = fixture.repair()
        }
        let after = rarelyNamed(fixture.graph)
        print("rows with less than M/2 links to them: \(before) at first, \(after) after")
        // A quarter or so; without `LonelyRows` more than before.
        #expect(after < max(before, 1))
    }

    /// Rows that less than M/2 others name on level 0.
    private func rarelyNamed(_ graph: LiveGraph) -> Int {
        let rows = (0..<Ordinal(graph.count)).filter { !graph.isVacant($0) }
        var links = [Int](repeating: 0, count: graph.count)
        for row in rows {
            for other in graph.neighbours(of: row, level: 0) { links[Int(other)] += 1 }
        }
        return rows.count { links[Int($0)] < graph.parameters.neighbours / 2 }
    }

    @Test func `stores vacant slots and reads them back`() throws {
        let fixture = try Fixture(count: 700, queryCount: 20, seed: testSeed())
        fixture.linkAll()
        for row in 100..<420 { _ = fixture.graph.delete(Ordinal(row)) }
        _ = fixture.repair(limit: 200)
        let stored = GraphBlockTests.Stored(fixture.graph)
        let graph = try emptyGraph(seed: fixture.graph.parameters.seed, capacity: 700)
        try stored.decode(into: graph, watermark: 700)
        try graph.restore(count: 700, entryPoint: fixture.graph.entryPoint)
        #expect(graph.vacantCount == 200)
        #expect(graph.deletedCount == 120)
        #expect(GraphInvariants.check(graph) == [])
        expectEqualOutsideVacantSlots(graph, fixture.graph)
    }

    private func expectEqualOutsideVacantSlots(_ one: LiveGraph, _ other: LiveGraph) {
        for row in 0..<Ordinal(one.count) where !one.isVacant(row) {
            for level in 0...one.level(of: row) {
                #expect(
                    one.neighbours(of: row, level: level)
                        == other.neighbours(of: row, level: level)
                )
            }
        }
    }
}
