import Glibc
import PalateGraph
import PalateModel
import TestKit
import Testing

@Suite(.serialized) struct SearchAllocationTests {
    @Test(arguments: [false, true])
    func `keeps no byte of the heap per query after warming up`(isGated: Bool) throws {
        let fixture = try Fixture(count: 1_000, seed: testSeed())
        fixture.linkAll()
        if isGated {
            for row in stride(from: 0, to: 1_000, by: 3) { _ = fixture.graph.delete(Ordinal(row)) }
        }
        let scorers = fixture.queries.map { FloatScorer(fixture.rows, $0) }
        let heap = try #require(HeapReport())
        var scratch = SearchScratch()
        for scorer in scorers { fixture.graph.search(scorer, beamWidth: 50, scratch: &scratch) }
        // Other suites allocate meanwhile: one quiet round in many proves that searches do not.
        var isQuiet = false
        for _ in 0..<2_000 where !isQuiet {
            heap.take()
            for scorer in scorers.prefix(5) {
                fixture.graph.search(scorer, beamWidth: 50, scratch: &scratch)
            }
            isQuiet = heap.takeIsUnchanged()
        }
        #expect(isQuiet)
    }
}
