import PalateGraph
import PalateModel
import TestKit
import Testing

@Suite struct GraphBlockTests {
    /// Encoded blocks of a graph.
    struct Stored {
        var links: [[UInt8]] = []
        var upper: [[UInt8]] = []

        init(_ graph: LiveGraph) {
            for block in 0..<LiveGraph.blockCount(count: graph.count) {
                var bytes: [UInt8] = []
                graph.encodeBlock(block, into: &bytes)
                links.append(bytes)
                bytes = []
                graph.encodeUpper(block, into: &bytes)
                upper.append(bytes)
            }
        }

        func decode(into graph: LiveGraph, watermark: Int) throws(GraphError) {
            for block in 0..<LiveGraph.blockCount(count: watermark) {
                let links = links[block]
                let upper = upper[block]
                try graph.decodeBlock(
                    block,
                    from: links.span.bytes,
                    upper: upper.span.bytes,
                    watermark: watermark
                )
            }
        }
    }

    @Test(arguments: [1, 255, 256, 257, 900])
    func `searches alike after a round trip`(count: Int) throws {
        let fixture = try Fixture(count: count, queryCount: 20, seed: testSeed())
        fixture.linkAll()
        for row in stride(from: 0, to: count, by: 7) { _ = fixture.graph.delete(Ordinal(row)) }
        let stored = Stored(fixture.graph)
        let graph = try emptyGraph(seed: fixture.graph.parameters.seed, capacity: count)
        try stored.decode(into: graph, watermark: count)
        try graph.restore(count: count, entryPoint: fixture.graph.entryPoint)
        #expect(GraphInvariants.check(graph) == [])
        #expect(graph.deletedCount == fixture.graph.deletedCount)
        #expect(graph.levelMax == fixture.graph.levelMax)
        #expect(graph.drainDirtyBlocks() == [])
        #expect(Stored(graph).links == stored.links)
        #expect(Stored(graph).upper == stored.upper)
        var scratch = SearchScratch()
        for query in fixture.queries {
            let restored = fixture.search(graph, query: query, beamWidth: 30, scratch: &scratch)
            let original = fixture.search(query: query, beamWidth: 30, scratch: &scratch)
            #expect(restored == original)
        }
    }

    @Test(arguments: [0, 1, 256, 300, 599])
    func `links the tail again beyond any watermark`(watermark: Int) throws {
        let fixture = try Fixture(count: 600, queryCount: 20, seed: testSeed())
        fixture.linkAll()
        let stored = Stored(fixture.graph)
        let graph = try emptyGraph(seed: fixture.graph.parameters.seed, capacity: 600)
        try stored.decode(into: graph, watermark: watermark)
        try graph.restore(count: watermark)
        #expect(GraphInvariants.check(graph) == [])
        let rows = fixture.rows
        GraphBuilder.insert(
            Ordinal(watermark)..<600,
            into: graph,
            makeScorer: { FloatPairScorer(rows) }
        )
        #expect(GraphInvariants.check(graph) == [])
        // What is stored again and what was clean make the whole graph.
        var merged = stored
        for block in graph.drainDirtyBlocks() {
            merged.links[block] = Stored(graph).links[block]
            merged.upper[block] = Stored(graph).upper[block]
        }
        #expect(merged.links == Stored(graph).links)
        #expect(merged.upper == Stored(graph).upper)
        var scratch = SearchScratch()
        for query in fixture.queries {
            let found = fixture.search(graph, query: query, beamWidth: 600, scratch: &scratch)
            #expect(found.count == 600)
        }
    }

    @Test func `marks blocks dirty by inserts and deletes, and again when a commit fails`() throws {
        let fixture = try Fixture(count: 800, seed: testSeed())
        fixture.link(upTo: 700)
        #expect(fixture.graph.drainDirtyBlocks() == [0, 1, 2])
        #expect(fixture.graph.drainDirtyBlocks() == [])
        #expect(fixture.graph.delete(300))
        #expect(fixture.graph.drainDirtyBlocks() == [1])
        fixture.graph.markDirty(blocks: [1, 2])
        #expect(fixture.graph.drainDirtyBlocks() == [1, 2])
        let before = Stored(fixture.graph)
        fixture.linkAll()
        let after = Stored(fixture.graph)
        let changed = (0..<4).filter {
            $0 >= before.links.count || before.links[$0] != after.links[$0]
                || before.upper[$0] != after.upper[$0]
        }
        #expect(Set(changed).isSubset(of: fixture.graph.drainDirtyBlocks()))
    }

    @Test func `refuses every truncation by name`() throws {
        let fixture = try Fixture(count: 300, neighbours: 2, seed: testSeed())
        fixture.linkAll()
        let stored = Stored(fixture.graph)
        for length in 0..<stored.links[1].count {
            var damaged = stored
            damaged.links[1].removeLast(stored.links[1].count - length)
            #expect(throws: GraphError.self) { try restore(damaged, count: 300) }
        }
        for length in 0..<stored.upper[1].count {
            var damaged = stored
            damaged.upper[1].removeLast(stored.upper[1].count - length)
            #expect(throws: GraphError.self) { try restore(damaged, count: 300) }
        }
        var longer = stored
        longer.links[0].append(0)
        #expect(throws: GraphError.self) { try restore(longer, count: 300) }
        longer = stored
        longer.upper[0].append(0)
        #expect(throws: GraphError.self) { try restore(longer, count: 300) }
    }

    @Test func `makes of every flipped bit an error or a graph that can be searched`() throws {
        let fixture = try Fixture(
            count: 40,
            dimensions: 4,
            neighbours: 2,
            queryCount: 1,
            seed: testSeed()
        )
        fixture.linkAll()
        let stored = Stored(fixture.graph)
        let query = try #require(fixture.queries.first)
        var refused = 0
        var accepted = 0
        var scratch = SearchScratch()
        for isUpper in [false, true] {
            let bytes = isUpper ? stored.upper[0] : stored.links[0]
            for bit in 0..<bytes.count * 8 {
                var damaged = stored
                if isUpper {
                    damaged.upper[0][bit / 8] ^= 1 << UInt8(bit % 8)
                } else {
                    damaged.links[0][bit / 8] ^= 1 << UInt8(bit % 8)
                }
                do {
                    let graph = try restore(damaged, count: 40)
                    accepted += 1
                    // Links may lead elsewhere and rows out of reach, nothing worse.
                    let wrong = GraphInvariants.check(graph).filter {
                        !$0.contains("no other end") && !$0.contains("not reachable")
                    }
                    #expect(wrong == [])
                    let found = fixture.search(
                        graph,
                        query: query,
                        beamWidth: 40,
                        scratch: &scratch
                    )
                    #expect(found.allSatisfy { $0 < 40 })
                } catch is GraphError {
                    refused += 1
                }
            }
        }
        #expect(refused > 0)
        #expect(accepted > 0)
    }

    @Test func `names what is wrong`() throws {
        let fixture = try Fixture(count: 300, seed: testSeed())
        fixture.linkAll()
        let stored = Stored(fixture.graph)
        let empty: [UInt8] = []

        var graph = try emptyGraph(capacity: 300)
        #expect(throws: GraphError.blockOutOfRange(got: 2, expected: 0..<2)) {
            try graph.decodeBlock(
                2,
                from: empty.span.bytes,
                upper: empty.span.bytes,
                watermark: 300
            )
        }
        #expect(throws: GraphError.countOutOfRange(got: 301, expected: 0...300)) {
            try stored.decode(into: graph, watermark: 301)
        }
        try stored.decode(into: graph, watermark: 300)
        #expect(throws: GraphError.blockDecodedTwice(block: 0)) {
            try stored.decode(into: graph, watermark: 300)
        }
        graph = try emptyGraph(capacity: 300)
        #expect(throws: GraphError.missingBlock(block: 0)) { try graph.restore(count: 300) }
        graph = try emptyGraph(neighbours: 9, capacity: 300)
        #expect(throws: GraphError.wrongNeighbours(block: 0, got: 8, expected: 9)) {
            try stored.decode(into: graph, watermark: 300)
        }
        #expect(throws: GraphError.notEmpty(got: 300)) {
            try stored.decode(into: fixture.graph, watermark: 300)
        }
        graph = try emptyGraph(capacity: 300)
        try stored.decode(into: graph, watermark: 300)
        #expect(throws: GraphError.badEntryPoint(got: 300)) {
            try graph.restore(count: 300, entryPoint: 300)
        }
    }

    @discardableResult
    private func restore(_ stored: Stored, count: Int) throws -> LiveGraph {
        let graph = try emptyGraph(neighbours: 2, capacity: count)
        try stored.decode(into: graph, watermark: count)
        try graph.restore(count: count)
        return graph
    }
}
