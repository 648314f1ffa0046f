import PalateIndex
import PalateModel
import PalateQuery
import TestKit
import Testing

@Suite struct PipelineTests {
    @Test(arguments: ["l2", "ip", "cosine"])
    func `an exact beam with rescoring finds what brute force finds`(metric: String) throws {
        var generator = SeededGenerator(seed: 3)
        let vectors = ClusteredVectors(count: 200, dimensions: 12, using: &generator)
        let temporary = TemporaryDirectory()
        var options = DataDirectoryOptions()
        options.generationMapBytes = 1 << 28
        options.tasteMapBytes = 1 << 28
        let directory = try DataDirectory(path: temporary.path + "/data", options: options)
        let collection = try directory.create(
            CollectionSchema(name: "pins", dimensions: 12, metric: metric)
        )
        _ = try collection.writer.perform(
            .upsert(RowBatch(ids: (0..<200).map(ItemID.init), vectors: vectors.values))
        )
        var scratch = QueryScratch()
        for row in stride(from: 0, to: 200, by: 20) {
            let request = SearchRequest(
                handle: collection.info.handle,
                source: .vectors(Array(vectors[row]), count: 1),
                k: 10,
                beamWidth: 200,
                rescoreCount: 200
            )
            let plan = try Planner.plan(request, for: collection)
            let response = try Pipeline.answer(
                request,
                plan: plan,
                in: collection,
                now: 0,
                scratch: &scratch
            )
            let truth = BruteForce.nearest(10, to: vectors[row], in: vectors, metric: metric)
            #expect(BruteForce.recall(response.ids.map(Int.init), truth: truth) == 1)
        }
        try directory.close()
    }
}
