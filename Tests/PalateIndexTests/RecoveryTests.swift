import PalateGraph
import PalateIndex
import PalateModel
import TestKit
import Testing

/// What opening makes of rows, codes and links of different ages.
@Suite struct RecoveryTests {
    @Test(arguments: [0, 1, 63, 64, 65, 200])
    func `rows behind the last checkpoint are linked again`(checkpointed: Int) throws {
        let fixture = IndexFixture(count: 260)
        let (directory, collection) = try fixture.create()
        if checkpointed > 0 {
            try write(.upsert(fixture.batch(0..<checkpointed)), to: collection)
            try write(.checkpoint, to: collection)
        }
        try write(.upsert(fixture.batch(checkpointed..<260)), to: collection)
        let crashed = fixture.temporary.path + "/crashed"
        try copyTree(fixture.path, to: crashed)
        #expect(try collection.stats().tailRows == UInt64(260 - checkpointed))
        let reopened = try fixture.open(path: crashed)
        let again = try reopened.collection(named: "pins")
        #expect(try again.stats().tailRows == UInt64(260 - checkpointed))
        #expect(again.graph.liveCount == 260)
        #expect(GraphInvariants.check(again.graph) == [])
        for row in stride(from: 0, to: 260, by: 13) {
            #expect(
                nearest(Array(fixture.vectors[row]), in: again).prefix(3)
                    .contains(IndexFixture.item(row))
            )
        }
        try reopened.close()
        #expect(try again.stats().tailRows == 0)
        try directory.close()
    }

    @Test func `a crash between commit and checkpoint loses neither rows nor deletions`() throws {
        let fixture = IndexFixture(count: 120)
        let (directory, collection) = try fixture.create()
        try write(.upsert(fixture.batch(0..<100)), to: collection)
        try write(.checkpoint, to: collection)
        try write(.delete((0..<10).map(IndexFixture.item)), to: collection)
        try write(.upsert(fixture.batch(5..<20)), to: collection)
        try write(.delete((100..<120).map(IndexFixture.item)), to: collection)
        let crashed = fixture.temporary.path + "/crashed"
        try copyTree(fixture.path, to: crashed)
        let reopened = try fixture.open(path: crashed)
        let again = try reopened.collection(named: "pins")
        let expected = Set((5..<100).map(IndexFixture.item))
        #expect(Set(nearest(Array(fixture.vectors[0]), in: again)) == expected)
        #expect(nearest(Array(fixture.vectors[0]), in: again).count == expected.count)
        #expect(again.appliedVersion == collection.appliedVersion)
        try reopened.close()
        try directory.close()
    }

    @Test(arguments: ["float32", "sq8"])
    func `searches are right before and after every training`(quantizer: String) throws {
        let fixture = IndexFixture(count: 600, quantizer: quantizer)
        let (directory, collection) = try fixture.create()
        var written = 0
        // Trained at 1, 8, 64 and 512 rows: the steps stand right before and right at each.
        for count in [1, 7, 8, 9, 63, 64, 65, 511, 512, 600] {
            try write(.upsert(fixture.batch(written..<count)), to: collection)
            written = count
            for row in stride(from: 0, to: count, by: max(1, count / 7)) {
                let found = nearest(Array(fixture.vectors[row]), in: collection)
                #expect(found.count == count)
                #expect(found.prefix(5).contains(IndexFixture.item(row)))
            }
        }
        try directory.close()
    }

    @Test func `a tail that outgrew its codes is not linked by them`() throws {
        let fixture = IndexFixture(count: 400)
        let (directory, collection) = try fixture.create()
        try write(.upsert(fixture.batch(0..<1)), to: collection)
        try write(.checkpoint, to: collection)
        try write(.upsert(fixture.batch(1..<400)), to: collection)
        let crashed = fixture.temporary.path + "/crashed"
        try copyTree(fixture.path, to: crashed)
        try {
            let reopened = try fixture.open(path: crashed)
            let again = try reopened.collection(named: "pins")
            for row in stride(from: 0, to: 400, by: 20) {
                let vector = Array(fixture.vectors[row])
                let truth = BruteForce.nearest(10, to: vector, in: fixture.vectors, metric: "l2")
                let found = nearest(vector, in: again).prefix(20).map { Int($0) - 1_000 }
                #expect(BruteForce.recall(found, truth: truth) >= 0.9)
            }
            try reopened.close()
        }()
        #expect(try Verification.run(path: crashed).findings == [])
        try directory.close()
    }

    @Test(arguments: ["l2", "ip", "cosine"], ["float32", "sq8"])
    func `identical and zero vectors are stored, linked and found`(
        metric: String,
        quantizer: String
    ) throws {
        let fixture = IndexFixture(count: 1, metric: metric, quantizer: quantizer)
        let (directory, collection) = try fixture.create()
        let zero = [Float](repeating: 0, count: 16)
        let one = [Float](repeating: 0.25, count: 16)
        try write(.upsert(RowBatch(ids: [1], vectors: zero)), to: collection)
        #expect(nearest(one, in: collection) == [1])
        let ids = (2...80).map(ItemID.init)
        let vectors = ids.flatMap { $0 % 2 == 0 ? zero : one }
        try write(.upsert(RowBatch(ids: ids, vectors: vectors)), to: collection)
        #expect(Set(nearest(one, in: collection)) == Set(1...80))
        #expect(Set(nearest(zero, in: collection)) == Set(1...80))
        #expect(GraphInvariants.check(collection.graph) == [])
        let crashed = fixture.temporary.path + "/crashed"
        try copyTree(fixture.path, to: crashed)
        let reopened = try fixture.open(path: crashed)
        let again = try reopened.collection(named: "pins")
        #expect(Set(nearest(one, in: again)) == Set(1...80))
        try reopened.close()
        try directory.close()
    }
}
