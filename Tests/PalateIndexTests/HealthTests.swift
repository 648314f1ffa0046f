import Dispatch
import Glibc
import PalateGraph
import PalateIndex
import PalateModel
import Synchronization
import TestKit
import Testing

/// Maps that grow, stores that fill and fail, and their ways back.
@Suite struct HealthTests {
    private static let rows = 2_000

    /// A collection whose maps begin with 256 KiB, and what was said about its stores.
    private func create(
        _ fixture: IndexFixture,
        most: Int = 1 << 28
    ) throws -> (DataDirectory, Collection, ReadWriteLock<[StoreChange]>) {
        let changes = ReadWriteLock<[StoreChange]>([])
        let directory = try fixture.open(generationMapBytes: most) { options in
            options.mapBytesAtStart = 256 << 10
            options.whenHealthChanges = { change in changes.withWriteLock { $0.append(change) } }
        }
        return (directory, try directory.create(fixture.schema), changes)
    }

    @Test func `a batch larger than the map is written once, whole`() throws {
        let fixture = IndexFixture(count: Self.rows, dimensions: 64)
        try {
            let (directory, collection, changes) = try create(fixture)
            let receipt = try write(.upsert(fixture.batch(0..<Self.rows)), to: collection)
            #expect(receipt.version == 1)
            #expect(receipt.changed == UInt64(Self.rows))
            let stats = try collection.stats()
            #expect(stats.liveItems == UInt64(Self.rows))
            #expect(stats.mapBytes > stats.storedBytes)
            #expect(stats.mapBytesMax == 1 << 28)
            let items = (0..<Self.rows).map(IndexFixture.item)
            #expect(try collection.get(items, wantsVectors: true).vectors == fixture.vectors.values)
            try directory.close()
            #expect(changes.withWriteLock { $0 } == [])
        }()
        #expect(try eventually { try Verification.run(path: fixture.path).findings } == [])
    }

    @Test func `concurrent writers and readers do not notice that maps grow`() throws {
        let fixture = IndexFixture(count: Self.rows, dimensions: 64)
        let (directory, collection, changes) = try create(fixture)
        try write(.upsert(fixture.batch(0..<10)), to: collection)
        let first = try collection.stats().mapBytes
        let isDone = Atomic(false)
        let lost = Atomic(0)
        let group = DispatchGroup()
        for _ in 0..<2 {
            DispatchQueue.global().async(group: group) {
                while !isDone.load(ordering: .relaxed) {
                    let got = try? collection.get([IndexFixture.item(5)], wantsVectors: true)
                    if got?.vectors != Array(fixture.vectors[5]) { lost.add(1, ordering: .relaxed) }
                }
            }
        }
        let writers = DispatchGroup()
        for writer in 0..<2 {
            DispatchQueue.global().async(group: writers) {
                for start in stride(from: 10 + writer * 10, to: Self.rows - 10, by: 20) {
                    let batch = fixture.batch(start..<start + 10)
                    do {
                        _ = try collection.writer.perform(.upsert(batch))
                    } catch {
                        lost.add(1, ordering: .relaxed)
                    }
                }
            }
        }
        writers.wait()
        isDone.store(true, ordering: .relaxed)
        group.wait()
        #expect(lost.load(ordering: .relaxed) == 0)
        #expect(try collection.stats().mapBytes > first)
        #expect(GraphInvariants.check(collection.graph) == [])
        try directory.close()
        #expect(changes.withWriteLock { $0 } == [])
    }

    @Test func `a full store says so, each time once, and takes deletes`() throws {
        let fixture = IndexFixture(count: 20_000, dimensions: 64)
        let (directory, collection, changes) = try create(fixture, most: 2 << 20)
        var rows = 0
        #expect(throws: RequestError.self) {
            while true {
                try write(.upsert(fixture.batch(rows..<rows + 10)), to: collection)
                rows += 10
            }
        }
        #expect(throws: RequestError.self) {
            try write(.upsert(fixture.batch(rows..<rows + 10)), to: collection)
        }
        #expect(try write(.delete([IndexFixture.item(0)]), to: collection).changed == 1)
        collection.tend()
        let stats = try collection.stats()
        #expect(stats.writeState == .full)
        #expect(stats.tasteWriteState == .healthy)
        #expect(stats.repairDebt == 1)
        #expect(stats.lastFailure.contains("2097152"))
        let told = changes.withWriteLock { $0 }
        // A checkpoint may have found no room before, and later upserts some.
        #expect(told.first?.state == .full)
        #expect(told.last?.state == .full)
        #expect(zip(told, told.dropFirst()).allSatisfy { $0.state != $1.state })
        #expect(told.last?.collection == "pins")
        #expect(told.last?.store == "generation 1")
        #expect(told.last?.lastFailure.contains("2097152") == true)
        try? directory.close()
    }

    @Test func `a failed commit is refused for good, and writes go on when the disk does`() throws {
        let fixture = IndexFixture(count: 400)
        try {
            let (directory, collection, changes) = try create(fixture)
            try write(.upsert(fixture.batch(0..<100)), to: collection)
            let data = fixture.path + "/collections/pins.1/gen-000001/data.mdb"
            for round in 0..<2 {
                // The pages of a commit first, then its meta page: LMDB panics there.
                let descriptor = try #require(
                    descriptors(of: data) { flags in
                        (flags & O_DSYNC != 0) == (round == 1) && flags & O_ACCMODE != O_RDONLY
                    }.first
                )
                let rows = fixture.batch(200..<300)
                try replacing(descriptor, by: data, O_RDONLY) {
                    let error = #expect(throws: RequestError.self) {
                        try write(.upsert(rows), to: collection)
                    }
                    guard case .storageFailed = error else {
                        Issue.record("\(String(describing: error))")
                        return
                    }
                }
                #expect(throws: RequestError.self) { try write(.upsert(rows), to: collection) }
                #expect(try collection.stats().writeState == .failed)
                let more = 100 + 10 * round
                #expect(nearest(Array(fixture.vectors[5]), in: collection).count == more)
                collection.tend()
                #expect(try collection.stats().writeState == .healthy)
                try write(.upsert(fixture.batch(more..<more + 10)), to: collection)
            }
            try directory.close()
            let states = changes.withWriteLock { $0.map(\.state) }
            #expect(states == [.failed, .healthy, .failed, .healthy])
        }()
        let directory = try eventually { try fixture.open() }
        let collection = try directory.collection(named: "pins")
        #expect(collection.graph.liveCount == 120)
        let found = try collection.get((0..<400).map(IndexFixture.item), wantsVectors: false).found
        #expect(found == (0..<400).map { $0 < 120 })
        try directory.close()
    }

    @Test func `figures say how far rows were checked, and what a crash would cost`() throws {
        let fixture = IndexFixture(count: 500)
        let (directory, collection, _) = try create(fixture)
        try write(.upsert(fixture.batch(0..<500)), to: collection)
        #expect(try collection.stats().checkedRows == 0)
        // On a slow machine the batch has been checkpointed already.
        let tail = try collection.stats()
        #expect((tail.tailMilliseconds > 0) == (tail.tailRows > 0))
        collection.checkReachability()
        let stats = try collection.stats()
        #expect(stats.checkedRows == 500)
        #expect(stats.unreachableItems == 0)
        try write(.checkpoint, to: collection)
        #expect(try collection.stats().tailMilliseconds == 0)
        #expect(try collection.stats().tailRows == 0)
        try directory.close()
    }
}
