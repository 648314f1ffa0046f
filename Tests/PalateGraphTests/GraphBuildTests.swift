import PalateGraph
import PalateModel
import Synchronization
import TestKit
import Testing

@Suite struct GraphBuildTests {
    @Test(arguments: [1, 2, 4])
    func `holds its invariants whatever the threads`(threads: Int) throws {
        let fixture = try Fixture(count: 1_200, queryCount: 20, seed: testSeed())
        fixture.linkAll(threads: threads)
        #expect(fixture.graph.count == 1_200)
        #expect(GraphInvariants.check(fixture.graph) == [])
        #expect(fixture.recall(k: 10, beamWidth: 60) >= 0.95)
    }

    /// So many that the last chunks are larger than those of rows without an order.
    @Test(arguments: [2, 3])
    func `links rows in an order of space alike, whatever the threads`(threads: Int) throws {
        let seed = testSeed()
        let fixtures = try (0..<2).map { _ in
            try Fixture(
                count: 6_000,
                dimensions: 4,
                neighbours: 6,
                buildBeamWidth: 20,
                queryCount: 40,
                seed: seed
            )
        }
        for (fixture, threads) in zip(fixtures, [1, threads]) {
            let rows = fixture.rows
            GraphBuilder.insert(
                0..<6_000,
                into: fixture.graph,
                threads: threads,
                isOrdered: true,
                makeScorer: { FloatPairScorer(rows) }
            )
        }
        expectEqual(fixtures[0].graph, fixtures[1].graph)
        #expect(GraphInvariants.check(fixtures[0].graph) == [])
        #expect(fixtures[0].recall(k: 10, beamWidth: 60) >= 0.95)
    }

    @Test(arguments: [2, 3, 8])
    func `gives the same links for the same ranges, whatever the threads`(threads: Int) throws {
        let seed = testSeed()
        let one = try Fixture(count: 1_500, seed: seed)
        let many = try Fixture(count: 1_500, seed: seed)
        for end in [1, 2, 3, 100, 101, 350, 1_500] {
            one.link(upTo: end)
            many.link(upTo: end, threads: threads)
        }
        expectEqual(one.graph, many.graph)
    }

    @Test func `fills the lists of level 0`() throws {
        let fixture = try Fixture(count: 1_000, seed: testSeed())
        fixture.linkAll()
        let links = (0..<Ordinal(1_000)).reduce(0) { $0 + fixture.graph.neighbours(of: $1).count }
        #expect(links >= 1_000 * 15)
        #expect(fixture.graph.byteCount >= 1_000 * 17 * 4)
        #expect(
            fixture.graph.byteCount
                == LiveGraph.byteCount(count: 1_000, parameters: fixture.graph.parameters)
        )
    }

    @Test func `reaches every one of many equal rows`() throws {
        let graph = try emptyGraph(neighbours: 4, buildBeamWidth: 20, capacity: 500)
        let rows = FloatRows(capacity: 500, dimensions: 2)
        for row in 0..<500 {
            rows.store(row < 400 ? [1, 1] : [Float(row), 0], at: row)
        }
        GraphBuilder.insert(0..<500, into: graph, makeScorer: { FloatPairScorer(rows) })
        #expect(GraphInvariants.check(graph) == [])
        var scratch = SearchScratch()
        graph.search(FloatScorer(rows, [1, 1]), beamWidth: 500, scratch: &scratch)
        #expect(scratch.count == 500)
    }

    @Test func `reports progress up to the last row`() throws {
        let fixture = try Fixture(
            count: 2_500,
            dimensions: 2,
            neighbours: 4,
            buildBeamWidth: 8,
            seed: testSeed()
        )
        let rows = fixture.rows
        let reports = Mutex<[Int]>([])
        GraphBuilder.insert(
            0..<2_500,
            into: fixture.graph,
            threads: 2,
            makeScorer: { FloatPairScorer(rows) },
            progress: { linked in reports.withLock { $0.append(linked) } }
        )
        #expect(reports.withLock { $0.sorted() } == [1_024, 2_048, 2_500])
    }

    @Test func `keeps its recall through ten rounds of replacing a tenth`() throws {
        let seed = testSeed()
        let fixture = try Fixture(count: 3_000, queryCount: 40, seed: seed)
        fixture.link(upTo: 1_500)
        var generator = SeededGenerator(seed: seed)
        var live = Set(0..<1_500)
        for _ in 0..<10 {
            for row in live.sorted().shuffled(using: &generator).prefix(150) {
                live.remove(row)
                #expect(fixture.graph.delete(Ordinal(row)))
            }
            let end = fixture.graph.count + 150
            live.formUnion(fixture.graph.count..<end)
            fixture.link(upTo: end)
        }
        #expect(GraphInvariants.check(fixture.graph) == [])
        #expect(fixture.graph.liveCount == live.count)
        #expect(fixture.recall(k: 10, beamWidth: 40) { live.contains($0) } >= 0.95)
    }

    @Test(.timeLimit(.minutes(5)))
    func `agrees with a naive set through random programs`() throws {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<6 {
            let fixture = try Fixture(
                count: 400,
                neighbours: Int.random(in: 2...8, using: &generator),
                buildBeamWidth: 30,
                queryCount: 10,
                seed: generator.next()
            )
            var live: Set<Int> = []
            var scratch = SearchScratch()
            while fixture.graph.count < 400 {
                let step = Int.random(in: 1...60, using: &generator)
                let end = min(400, fixture.graph.count + step)
                live.formUnion(fixture.graph.count..<end)
                fixture.link(upTo: end, threads: Int.random(in: 1...2, using: &generator))
                for _ in 0..<Int.random(in: 0...40, using: &generator) {
                    let row = Int.random(in: 0..<400, using: &generator)
                    #expect(fixture.graph.delete(Ordinal(row)) == (live.remove(row) != nil))
                }
                for slot in fixture.repair(limit: Int.random(in: 0...30, using: &generator))
                where Bool.random(using: &generator) {
                    fixture.link([slot])
                    live.insert(Int(slot))
                }
                #expect(GraphInvariants.check(fixture.graph) == [])
                #expect(fixture.graph.liveCount == live.count)
                let excluded = Set((0..<20).map { _ in Int.random(in: 0..<400, using: &generator) })
                scratch.clearExclusions()
                for row in excluded { scratch.exclude(Ordinal(row)) }
                let query = fixture.queries[Int.random(in: 0..<10, using: &generator)]
                let found = fixture.search(query: query, beamWidth: 400, scratch: &scratch)
                let wrong = live.subtracting(excluded).symmetricDifference(found)
                #expect(wrong.isEmpty)
            }
        }
    }
}
