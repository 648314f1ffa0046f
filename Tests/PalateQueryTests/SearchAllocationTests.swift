import PalateGraph
import PalateModel
import PalateQuantization
import TestKit
import Testing

/// The heap under searches by every quantizer: preparing, walking, refining.
@Suite struct SearchAllocationTests {
    /// Every quantizer by itself, and forms with something before or behind it.
    static let names =
        QuantizerRegistry.all.map { $0.name }
        + ["sq4+f16", "rq1+sq8", "pca16.sq8+f16", "prefix16.rq2"]

    @Test(.enabled(if: isOptimisedBuild), arguments: names, ["l2", "ip", "cosine"])
    func `a search takes nothing from the heap once it is warm`(
        name: String,
        metric: String
    ) throws {
        let index = try SmallIndex(quantizer: name, metric: metric, seed: testSeed())
        var searcher = SmallIndex.Searcher()
        for query in 0..<20 { searcher.search(index, query) }
        let taken = allocations { for query in 0..<20 { searcher.search(index, query) } }
        #expect(taken ?? 0 == 0)
        #expect(searcher.hits.count >= 10)
    }

    @Test func `the count sees an allocation`() {
        var kept: [[Int]] = []
        kept.reserveCapacity(1)
        let taken = allocations { kept.append([Int](repeating: 1, count: 100)) }
        #expect(taken ?? 1 == 1)
        #expect(kept.count == 1)
    }
}

/// 600 clustered vectors, encoded and linked; some are deleted.
private struct SmallIndex {
    static let dimensions = 24

    let vectors: ClusteredVectors
    let stack: CodeStack
    let rows: StackRows
    let graph: LiveGraph

    init(quantizer: String, metric: String, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let vectors = ClusteredVectors(count: 600, dimensions: Self.dimensions, using: &generator)
        let stack = try CodeStack.train(
            named: quantizer,
            vectors.values.span,
            count: 600,
            dimensions: Self.dimensions,
            metric: MetricRegistry.named(metric)
        )
        let rows = try #require(stack.makeRows(capacity: 600))
        stack.store(vectors.values.span, from: 0, into: rows)
        let graph = try #require(LiveGraph(parameters: GraphParameters(), capacity: 600))
        GraphBuilder.insert(
            0..<600,
            into: graph,
            makeScorer: { stack.makePairScorer(over: rows) }
        )
        self.vectors = vectors
        self.stack = stack
        self.rows = rows
        self.graph = graph
        for row in stride(from: 0, to: 600, by: 7) { _ = graph.delete(Ordinal(row)) }
    }

    /// What one thread reuses from query to query.
    struct Searcher: ~Copyable {
        var scratch = SearchScratch()
        var prepared = PreparedQuery()
        var refine = RefineScratch()
        var hits: [Hit] = []

        mutating func search(_ index: SmallIndex, _ query: Int) {
            let start = query * SmallIndex.dimensions
            let vector = index.vectors.values.span
                .extracting(start..<start + SmallIndex.dimensions)
            index.stack.codes.prepare(vector, into: &prepared)
            let scorer = index.stack.makeScorer(prepared, over: index.rows)
            let kept = index.stack.keptCount(for: 10)
            index.graph.search(scorer, beamWidth: 40, keeping: kept, scratch: &scratch)
            hits.removeAll(keepingCapacity: true)
            for position in 0..<scratch.count { hits.append(scratch.hit(position)) }
            index.stack.refine(&hits, for: vector, k: 10, rows: index.rows, &refine)
        }
    }
}
