import PalateGraph
import PalateIndex
import PalateModel
import TestKit
import Testing

@Suite struct PatchTests {
    private let fixture = IndexFixture(count: 120)

    @Test func `a payload is replaced, taken away and given`() throws {
        try fixture.use { collection in
            try write(.upsert(fixture.batch(0..<50)), to: collection)
            let ids = [3, 4].map(IndexFixture.item)
            let receipt = try write(
                .patch(PatchBatch(ids: ids, payloads: [Array("new".utf8), []])),
                to: collection
            )
            #expect(receipt.changed == 2)
            let got = try collection.get(ids, wantsVectors: true)
            #expect(got.payloads == [Array("new".utf8), []])
            #expect(got.versions == [receipt.version, receipt.version])
            #expect(Array(got.vectors.prefix(16)) == Array(fixture.vectors[3]))
            // The slot stays: nothing is linked again.
            #expect(collection.graph.count == 50)
            #expect(collection.graph.deletedCount == 0)
        }
        #expect(try fixture.findings() == [])
    }

    @Test func `a vector is replaced, and the payload goes with it`() throws {
        try fixture.use { collection in
            try write(.upsert(fixture.batch(0..<50)), to: collection)
            let moved = Array(fixture.vectors[110])
            try write(
                .patch(PatchBatch(ids: [IndexFixture.item(3)], vectors: moved)),
                to: collection
            )
            let got = try collection.get([IndexFixture.item(3)], wantsVectors: true)
            #expect(got.payloads == [IndexFixture.payload(3)])
            #expect(got.vectors == moved)
            #expect(nearest(moved, in: collection).first == IndexFixture.item(3))
            #expect(nearest(moved, in: collection).count == 50)
        }
        #expect(try fixture.findings() == [])
    }

    @Test func `another version than expected changes nothing`() throws {
        try fixture.use { collection in
            let first = try write(.upsert(fixture.batch(0..<10)), to: collection)
            let second = try write(.upsert(fixture.batch(5..<6)), to: collection)
            let ids = [4, 5].map(IndexFixture.item)
            var patch = PatchBatch(
                ids: ids,
                versions: [first.version, first.version],
                payloads: [[1], [2]]
            )
            #expect(
                throws: RequestError.versionConflict(
                    id: ids[1],
                    got: first.version,
                    expected: second.version
                )
            ) { try write(.patch(patch), to: collection) }
            #expect(collection.appliedVersion == second.version)
            #expect(
                try collection.get(ids, wantsVectors: false).payloads[0] == IndexFixture.payload(4)
            )
            patch.versions = [0, second.version]
            try write(.patch(patch), to: collection)
            #expect(try collection.get(ids, wantsVectors: false).payloads == [[1], [2]])
        }
    }

    @Test func `columns of other lengths are refused`() throws {
        try fixture.use { collection in
            try write(.upsert(fixture.batch(0..<10)), to: collection)
            let ids = [4, 5].map(IndexFixture.item)
            for (patch, field, got, expected) in [
                (PatchBatch(ids: ids, vectors: [1, 2, 3]), "vectors", 3, 32),
                (PatchBatch(ids: ids, payloads: [[1]]), "payloads", 1, 2),
                (PatchBatch(ids: ids, versions: [1], payloads: [[1], []]), "versions", 1, 2),
            ] {
                #expect(
                    throws: RequestError.unequalColumns(field: field, got: got, expected: expected)
                ) { try write(.patch(patch), to: collection) }
            }
        }
    }
}
