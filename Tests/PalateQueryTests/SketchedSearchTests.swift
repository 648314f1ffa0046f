import PalateGraph
import PalateKernels
import PalateModel
import PalateQuantization
import TestKit
import Testing

/// Searches that pass over rows by the sketches of their links.
@Suite struct SketchedSearchTests {
    /// Shorter than the signs, longer, and behind a projection.
    private static let forms = [
        (24, "sq8"), (100, "sq8"), (100, "f16"), (200, "sq4+f16"), (100, "pca72.sq8+f16"),
        (96, "prefix48.sq4+sq8"),
    ]

    @Test(.enabled(if: isOptimisedBuild), arguments: forms, ["l2", "ip", "cosine"])
    func `score a tenth fewer rows, and keep 0.98 of what was found without`(
        form: (dimensions: Int, name: String),
        metric: String
    ) throws {
        let count = 6_000
        let plain = try SmallIndex(
            count: count,
            dimensions: form.dimensions,
            quantizer: form.name,
            metric: metric,
            seed: testSeed()
        )
        var sketched = plain
        try sketched.sketch(threads: 2)
        var generator = SeededGenerator(seed: testSeed())
        var searcher = SmallIndex.Searcher()
        var (found, kept, all, scored) = (0, 0, 0, 0)
        for _ in 0..<200 {
            let source = Int.random(in: 0..<count, using: &generator)
            let query = plain.vectors[source].map { $0 + 0.1 * generator.normal() }
            searcher.search(plain, query.span)
            let before = Set(searcher.hits.prefix(10).map(\.ordinal))
            all += searcher.scratch.visitedCount
            searcher.search(sketched, query.span)
            found += before.count
            kept += searcher.hits.prefix(10).filter { before.contains($0.ordinal) }.count
            scored += searcher.scratch.visitedCount
        }
        print("\(form) \(metric): \(scored) of \(all) rows, \(kept) of \(found) found")
        #expect(Double(scored) < 0.9 * Double(all))
        #expect(Double(kept) > 0.98 * Double(found))
    }

    @Test(arguments: ["rq1", "rq2+f16"])
    func `codes too coarse to link by have no sketches`(name: String) throws {
        var index = try SmallIndex(quantizer: name, metric: "l2", seed: 1)
        let codes = index.stack.codes.name
        #expect(throws: QuantizationError.notForSketches(got: codes)) { try index.sketch() }
    }

    @Test func `are the same for any number of threads`() throws {
        let plain = try SmallIndex(dimensions: 70, quantizer: "sq8", metric: "l2", seed: 3)
        var (one, three) = (plain, plain)
        try one.sketch()
        try three.sketch(threads: 3)
        let (first, second) = (try #require(one.sketches), try #require(three.sketches))
        var different = 0
        for node in 0..<Ordinal(plain.graph.count) {
            let left = first[node]
            let right = second[node]
            for place in 0..<first.bytesPerNode {
                let bytes: (UInt8, UInt8) = (left.integer(at: place), right.integer(at: place))
                if bytes.0 != bytes.1 { different += 1 }
            }
        }
        #expect(different == 0)
    }

    @Test func `links of no length pass whatever the bound allows`() throws {
        // Eight places, each 100 times: most links have no length.
        var generator = SeededGenerator(seed: testSeed())
        let places = ClusteredVectors(count: 8, dimensions: 30, using: &generator).values
        let repeated = ClusteredVectors((0..<100).flatMap { _ in places }, dimensions: 30)
        let plain = try SmallIndex(repeated, quantizer: "sq8", metric: "l2")
        var sketched = plain
        try sketched.sketch()
        var searcher = SmallIndex.Searcher()
        for place in 0..<8 {
            searcher.search(plain, place)
            let found = searcher.hits.prefix(10).map(\.distance)
            searcher.search(sketched, place)
            #expect(searcher.hits.prefix(10).map(\.distance) == found)
        }
    }
}
