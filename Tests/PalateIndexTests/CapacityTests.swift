import Dispatch
import PalateGraph
import PalateIndex
import PalateModel
import TestKit
import Testing

/// A map with no room left.
@Suite struct CapacityTests {
    private static let mapBytes = 1 << 20

    /// Writes until the store refuses; returns how many rows it took.
    private func fill(_ collection: Collection, _ fixture: IndexFixture) throws -> Int {
        var rows = 0
        while rows + 10 <= fixture.vectors.count {
            do {
                try write(.upsert(fixture.batch(rows..<rows + 10)), to: collection)
            } catch RequestError.storageFull {
                return rows
            }
            rows += 10
        }
        Issue.record("the map never filled")
        return rows
    }

    @Test func `a full map refuses rows by name, and reads and deletes go on`() throws {
        let fixture = IndexFixture(count: 20_000, dimensions: 64)
        let (directory, collection) = try fixture.create(generationMapBytes: Self.mapBytes)
        let rows = try fill(collection, fixture)
        #expect(rows > 100)
        let version = collection.appliedVersion
        let got = try collection.get((0..<rows).map(IndexFixture.item), wantsVectors: true)
        #expect(got.found.allSatisfy { $0 })
        #expect(got.vectors == Array(fixture.vectors.values.prefix(rows * 64)))
        #expect(nearest(Array(fixture.vectors[5]), in: collection).first == IndexFixture.item(5))
        let receipt = try write(.delete((0..<50).map(IndexFixture.item)), to: collection)
        #expect(receipt.changed == 50)
        #expect(receipt.version == version + 1)
        #expect(collection.graph.liveCount == rows - 50)
        #expect(nearest(Array(fixture.vectors[5]), in: collection).count == rows - 50)
        try? directory.close()
    }

    @Test func `one operation that is too large does not take its group with it`() throws {
        let fixture = IndexFixture(count: 4_000, dimensions: 64)
        let (directory, collection) = try fixture.create(generationMapBytes: Self.mapBytes)
        let outcomes = ReadWriteLock<[Int: Result<WriteOutcome, RequestError>]>([:])
        let done = DispatchGroup()
        func submit(_ number: Int, _ operation: WriteOperation) {
            done.enter()
            collection.writer.submit(operation) { outcome in
                outcomes.withWriteLock { $0[number] = outcome }
                done.leave()
            }
        }
        // The first keeps the writer busy while the others gather behind it.
        submit(0, .upsert(fixture.batch(0..<100)))
        submit(1, .upsert(fixture.batch(100..<110)))
        submit(2, .upsert(fixture.batch(200..<4_000)))
        submit(3, .upsert(fixture.batch(110..<120)))
        submit(4, .delete([IndexFixture.item(0)]))
        done.wait()
        let all = outcomes.withWriteLock { $0 }
        for number in [0, 1, 3, 4] { #expect(throws: Never.self) { try all[number]?.get() } }
        guard case .failure(.storageFull) = all[2] else {
            Issue.record("\(String(describing: all[2]))")
            return
        }
        #expect(collection.graph.liveCount == 119)
        #expect(GraphInvariants.check(collection.graph) == [])
        try? directory.close()
    }

    @Test func `a checkpoint that fails fails nobody else and is tried again`() throws {
        let fixture = IndexFixture(count: 20_000, dimensions: 64)
        try {
            let (directory, collection) = try fixture.create(generationMapBytes: Self.mapBytes)
            let rows = try fill(collection, fixture)
            #expect(throws: RequestError.self) { try write(.checkpoint, to: collection) }
            #expect(try write(.delete([IndexFixture.item(1)]), to: collection).changed == 1)
            #expect(throws: IndexError.self) { try directory.close() }
            #expect(collection.graph.liveCount == rows - 1)
        }()
        // With a larger map the same directory opens, links its tail, and takes the checkpoint.
        try {
            let directory = try eventually { try fixture.open(generationMapBytes: 1 << 26) }
            let collection = try directory.collection(named: "pins")
            #expect(try collection.stats().tailRows > 0)
            try write(.upsert(fixture.batch(0..<10)), to: collection)
            try write(.checkpoint, to: collection)
            #expect(try collection.stats().tailRows == 0)
            try directory.close()
        }()
        #expect(try Verification.run(path: fixture.path).findings == [])
    }
}
