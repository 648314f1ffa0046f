import PalateQuantization
import TestKit
import Testing

/// The heap under searches by every quantizer: preparing, walking, refining.
@Suite struct SearchAllocationTests {
    /// Every quantizer by itself, and forms with something before or behind it.
    static let names =
        QuantizerRegistry.all.map { $0.name }
        + ["sq4+f16", "sq4+sq13", "rq1+sq8", "pca16.sq8+f16", "prefix16.rq2"]

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

    @Test(.enabled(if: isOptimisedBuild), arguments: ["sq8", "pca16.sq4+f16"], ["l2", "ip"])
    func `nor does one by sketches of links`(name: String, metric: String) throws {
        var index = try SmallIndex(quantizer: name, metric: metric, seed: testSeed())
        try index.sketch()
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
