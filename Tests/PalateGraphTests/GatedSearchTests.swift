import PalateGraph
import PalateModel
import TestKit
import Testing

@Suite struct GatedSearchTests {
    @Test(arguments: [0, 1, 10, 50, 90, 99, 100])
    func `returns min(beam, live) rows whatever share is deleted, and the right ones`(
        percent: Int
    ) throws {
        let seed = testSeed()
        let fixture = try Fixture(count: 600, queryCount: 10, seed: seed)
        fixture.linkAll()
        var generator = SeededGenerator(seed: seed)
        let doomed = Set((0..<600).shuffled(using: &generator).prefix(600 * percent / 100))
        for row in doomed { #expect(fixture.graph.delete(Ordinal(row))) }
        let live = 600 - doomed.count
        #expect(fixture.graph.liveCount == live)
        #expect(fixture.graph.deletedCount == doomed.count)
        var scratch = SearchScratch()
        for query in fixture.queries {
            for beamWidth in [1, 10, 600] {
                let found = fixture.search(query: query, beamWidth: beamWidth, scratch: &scratch)
                #expect(found.count == min(beamWidth, live))
                #expect(doomed.isDisjoint(with: found))
            }
        }
        #expect(fixture.recall(k: 10, beamWidth: 600) { !doomed.contains($0) } == 1)
        #expect(fixture.recall(k: 10, beamWidth: 50) { !doomed.contains($0) } >= 0.95)
    }

    @Test func `leaves excluded rows out until the exclusions are cleared`() throws {
        let fixture = try Fixture(count: 400, queryCount: 10, seed: testSeed())
        fixture.linkAll()
        var scratch = SearchScratch()
        // A beam over the whole graph: the searches are exact.
        for query in fixture.queries {
            let nearest = fixture.search(query: query, beamWidth: 400, scratch: &scratch)
            for row in nearest.prefix(20) { scratch.exclude(Ordinal(row)) }
            scratch.exclude(Ordinal(nearest[0]))
            #expect(scratch.exclusionCount == 20)
            let isExcluded = scratch.isExcluded(Ordinal(nearest[3]))
            #expect(isExcluded)
            let others = fixture.search(query: query, beamWidth: 400, scratch: &scratch)
            #expect(others == Array(nearest.dropFirst(20)))
            scratch.clearExclusions()
            #expect(scratch.exclusionCount == 0)
            let again = fixture.search(query: query, beamWidth: 400, scratch: &scratch)
            #expect(again == nearest)
        }
    }

    @Test(arguments: [1, 7, 600], [0, 250, 600])
    func `a scan finds the nearest eligible rows, and what a beam over everything finds`(
        kept: Int,
        doomed: Int
    ) throws {
        let fixture = try Fixture(count: 600, queryCount: 5, seed: testSeed())
        fixture.linkAll()
        for row in 0..<doomed { #expect(fixture.graph.delete(Ordinal(row))) }
        var scratch = SearchScratch()
        scratch.exclude(599)
        for query in fixture.queries {
            fixture.graph.scan(FloatScorer(fixture.rows, query), keeping: kept, scratch: &scratch)
            let scanned = (0..<scratch.count).map { Int(scratch.hit($0).ordinal) }
            let walked = fixture.search(query: query, beamWidth: 600, scratch: &scratch)
            let eligible = max(0, 600 - doomed - (doomed == 600 ? 0 : 1))
            #expect(scanned.count == min(kept, eligible))
            #expect(scanned == Array(walked.prefix(kept)))
        }
    }

    @Test func `finds the only live row behind a graph of deleted ones`() throws {
        let fixture = try Fixture(count: 800, queryCount: 5, seed: testSeed())
        fixture.linkAll()
        for row in 0..<800 where row != 417 { #expect(fixture.graph.delete(Ordinal(row))) }
        var scratch = SearchScratch()
        for query in fixture.queries {
            let found = fixture.search(query: query, beamWidth: 10, scratch: &scratch)
            #expect(found == [417])
        }
        #expect(fixture.graph.delete(417))
        for query in fixture.queries {
            let found = fixture.search(query: query, beamWidth: 10, scratch: &scratch)
            #expect(found == [])
        }
    }

    @Test func `goes on when the entry point is deleted`() throws {
        let fixture = try Fixture(count: 300, seed: testSeed())
        fixture.linkAll()
        let entry = try #require(fixture.graph.entryPoint)
        #expect(fixture.graph.delete(entry))
        #expect(!fixture.graph.delete(entry))
        #expect(fixture.graph.isDeleted(entry))
        #expect(fixture.recall(k: 10, beamWidth: 300) { $0 != Int(entry) } == 1)
    }

    @Test func `takes new rows after everything was deleted`() throws {
        let fixture = try Fixture(count: 500, seed: testSeed())
        fixture.link(upTo: 250)
        for row in 0..<250 { _ = fixture.graph.delete(Ordinal(row)) }
        fixture.linkAll()
        #expect(GraphInvariants.check(fixture.graph) == [])
        #expect(fixture.recall(k: 10, beamWidth: 250) { $0 >= 250 } == 1)
        #expect(fixture.recall(k: 10, beamWidth: 40) { $0 >= 250 } >= 0.95)
    }

    @Test func `costs nothing in order or visits when no row is gated`() throws {
        let fixture = try Fixture(count: 1_000, seed: testSeed())
        fixture.linkAll()
        var plain = SearchScratch()
        var gated = SearchScratch()
        // A row that no search meets: the gate is on, and shuts nothing out.
        gated.exclude(5_000)
        for query in fixture.queries {
            let expected = fixture.search(query: query, beamWidth: 20, scratch: &plain)
            let found = fixture.search(query: query, beamWidth: 20, scratch: &gated)
            #expect(found == expected)
            #expect(plain.visitedCount == gated.visitedCount)
        }
    }
}
