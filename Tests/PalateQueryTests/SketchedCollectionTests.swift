import Glibc
import PalateGraph
import PalateIndex
import PalateModel
import PalateQuery
import TestKit
import Testing

/// Collections that keep sketches of their links.
@Suite struct SketchedCollectionTests {
    private func fixture(
        count: Int,
        dimensions: Int = 24,
        quantizer: String = "sq8",
        metric: String = "l2",
        sketched: Set<String> = ["pins"],
        stored: Int? = nil,
        quietSeconds: Double = 0.01
    ) throws -> QueryFixture {
        try QueryFixture(
            count: count,
            dimensions: dimensions,
            metric: metric,
            quantizer: quantizer,
            stored: stored
        ) { options in
            options.sketchedCollections = sketched
            options.quietSeconds = quietSeconds
            options.buildThreads = 2
        }
    }

    /// Lists that are searched whole.
    private func unsketched(_ collection: Collection) -> Int {
        collection.graph.unestimatedLists(of: 0..<Ordinal(collection.graph.count)).count
    }

    private func waitForSketches(_ collection: Collection) throws {
        try eventually {
            guard collection.codes?.sketches != nil, unsketched(collection) == 0 else {
                throw RequestError.internalFailure(reason: "\(unsketched(collection)) to sketch")
            }
        }
    }

    @Test func `links are sketched in quiet moments, and again where lists were written`() throws {
        let fixture = try fixture(count: 900)
        try waitForSketches(fixture.collection)
        let bytes = fixture.collection.indexBytes
        try fixture.upsert(100..<140)
        let delete = (0..<50).map(ItemID.init)
        _ = try fixture.collection.writer.perform(.delete(delete))
        try waitForSketches(fixture.collection)
        #expect(fixture.collection.indexBytes > bytes)
        for row in [100, 139, 500, 899] {
            let answer = try fixture.answer(fixture.request([row], k: 3))
            #expect(answer.ids.first == ItemID(row))
        }
        #expect(try fixture.answer(fixture.request([10], k: 50)).ids.allSatisfy { $0 >= 50 })
    }

    @Test func `codes that are trained again get sketches of their own`() throws {
        let fixture = try fixture(count: 600, stored: 60)
        try waitForSketches(fixture.collection)
        let first = try #require(fixture.collection.codes)
        try fixture.upsert(60..<600)
        let second = try #require(fixture.collection.codes)
        #expect(second !== first)
        #expect(second.sketches == nil || unsketched(fixture.collection) > 300)
        try waitForSketches(fixture.collection)
        for row in [0, 59, 60, 599] {
            #expect(try fixture.answer(fixture.request([row], k: 1)).ids == [ItemID(row)])
        }
    }

    @Test func `a write sketches some lists where there are no quiet moments`() throws {
        let fixture = try fixture(count: 400, quietSeconds: 3_600)
        var left: [Int] = []
        for _ in 0..<8 {
            try fixture.upsert(7..<8)
            left.append(unsketched(fixture.collection))
        }
        #expect(left.last ?? 400 < 100, "\(left)")
        #expect(fixture.collection.codes?.sketches != nil)
    }

    @Test(arguments: zip(["sq8", "rq1"], [["shoes"], ["*"]]))
    func `others have none`(quantizer: String, sketched: [String]) throws {
        let fixture = try fixture(count: 200, quantizer: quantizer, sketched: Set(sketched))
        for _ in 0..<3 { try fixture.upsert(3..<4) }
        usleep(100_000)
        #expect(fixture.collection.codes?.sketches == nil)
        #expect(try fixture.answer(fixture.request([5], k: 1)).ids == [5])
    }

    @Test(.enabled(if: isOptimisedBuild), arguments: ["sq8", "sq4+sq13", "pca72.sq8+f16"])
    func `score a tenth fewer rows, and keep 0.98 of what was found without`(
        quantizer: String
    ) throws {
        let (count, dimensions) = (6_000, 100)
        let plain = try fixture(
            count: count,
            dimensions: dimensions,
            quantizer: quantizer,
            sketched: []
        )
        let sketched = try fixture(count: count, dimensions: dimensions, quantizer: quantizer)
        try waitForSketches(sketched.collection)
        var (found, kept, all, scored) = (0, 0, 0, 0)
        for row in stride(from: 0, to: count, by: 30) {
            let before = try plain.answer(plain.request([row], k: 10))
            let after = try sketched.answer(sketched.request([row], k: 10))
            found += before.ids.count
            kept += Set(before.ids).intersection(after.ids).count
            all += Int(before.visitedCount)
            scored += Int(after.visitedCount)
        }
        print("\(quantizer): \(scored) of \(all) rows, \(kept) of \(found) found")
        #expect(Double(scored) < 0.9 * Double(all))
        #expect(Double(kept) > 0.98 * Double(found))
    }
}
