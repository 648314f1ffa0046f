import Dispatch
import PalateIndex
import PalateModel
import TestKit
import Testing

/// Loads: exactly once by sequence, fenced by epoch, checked at the end.
@Suite struct LoadTests {
    private static let begin = LoadBegin(handle: 1, loaderID: 9, epoch: 1)

    private func load(
        _ sequence: UInt64,
        _ rows: RowBatch,
        to collection: Collection,
        begin: LoadBegin = begin
    ) throws -> LoadAcknowledgement {
        let outcome = try collection.writer.perform(
            .load(LoadData(begin: begin, sequence: sequence, rows: rows))
        )
        guard case .acknowledgement(let acknowledgement) = outcome else {
            throw RequestError.internalFailure(reason: "no acknowledgement")
        }
        return acknowledgement
    }

    private func durableSequence(
        of begin: LoadBegin = begin,
        in collection: Collection
    ) throws -> UInt64 {
        guard case .grant(let grant) = try collection.writer.perform(.beginLoad(begin)) else {
            throw RequestError.internalFailure(reason: "no grant")
        }
        return grant.durableSequence
    }

    /// CRC32C bit by bit, as the loader's side may do it.
    private func checksum(_ ids: [ItemID]) -> UInt32 {
        var sum = UInt32.max
        for id in ids {
            for shift in 0..<8 {
                sum ^= UInt32(UInt8(truncatingIfNeeded: id >> UInt64(8 * shift)))
                for _ in 0..<8 { sum = (sum >> 1) ^ (sum & 1 == 1 ? 0x82f6_3b78 : 0) }
            }
        }
        return ~sum
    }

    @Test func `a repeated sequence is acknowledged and ignored, a gap is refused`() throws {
        let fixture = IndexFixture(count: 60)
        let (directory, collection) = try fixture.create()
        #expect(try durableSequence(in: collection) == 0)
        #expect(try load(1, fixture.batch(0..<20), to: collection).durableSequence == 1)
        #expect(try load(2, fixture.batch(20..<40), to: collection).durableSequence == 2)
        for sequence: UInt64 in [1, 2] {
            // Other rows under an old number: were they applied, the count would show it.
            let again = try load(sequence, fixture.batch(40..<60), to: collection)
            #expect(again == LoadAcknowledgement(receivedSequence: 2, durableSequence: 2))
        }
        #expect(throws: RequestError.loadSequence(got: 4, expected: 3)) {
            try load(4, fixture.batch(40..<60), to: collection)
        }
        try write(.checkpoint, to: collection)
        #expect(try collection.stats().liveItems == 40)
        try directory.close()
    }

    @Test func `an older epoch is refused and a newer one starts over`() throws {
        let fixture = IndexFixture(count: 30)
        let (directory, collection) = try fixture.create()
        let second = LoadBegin(handle: 1, loaderID: 9, epoch: 2)
        _ = try load(1, fixture.batch(0..<10), to: collection)
        #expect(try durableSequence(of: second, in: collection) == 0)
        // The question alone changes nothing: the first epoch goes on until the second has rows.
        #expect(try load(2, fixture.batch(10..<20), to: collection).durableSequence == 2)
        #expect(
            try load(1, fixture.batch(0..<10), to: collection, begin: second).durableSequence == 1
        )
        #expect(throws: RequestError.staleEpoch(got: 1, expected: 2)) {
            try load(3, fixture.batch(20..<30), to: collection)
        }
        #expect(throws: RequestError.staleEpoch(got: 1, expected: 2)) {
            try durableSequence(in: collection)
        }
        // Another loader is not concerned.
        let other = LoadBegin(handle: 1, loaderID: 10, epoch: 1)
        #expect(try durableSequence(of: other, in: collection) == 0)
        try directory.close()
    }

    @Test func `a commit compares count and checksum and checkpoints`() throws {
        let fixture = IndexFixture(count: 40)
        let (directory, collection) = try fixture.create()
        _ = try load(1, fixture.batch(0..<25), to: collection)
        _ = try load(2, fixture.batch(25..<40), to: collection)
        let sum = checksum((0..<40).map(IndexFixture.item))
        #expect(throws: RequestError.loadMismatch(field: "rows", got: 39, expected: 40)) {
            try collection.writer.perform(
                .commitLoad(LoadCommit(begin: Self.begin, expectedRows: 39, idChecksum: sum))
            )
        }
        #expect(
            throws: RequestError.loadMismatch(
                field: "id checksum",
                got: UInt64(sum ^ 1),
                expected: UInt64(sum)
            )
        ) {
            try collection.writer.perform(
                .commitLoad(LoadCommit(begin: Self.begin, expectedRows: 40, idChecksum: sum ^ 1))
            )
        }
        let receipt = try write(
            .commitLoad(LoadCommit(begin: Self.begin, expectedRows: 40, idChecksum: sum)),
            to: collection
        )
        #expect(receipt.changed == 40)
        #expect(try collection.stats().tailRows == 0)
        try directory.close()
    }

    @Test func `a loader resumes behind its last durable frame after a crash`() throws {
        let fixture = IndexFixture(count: 60)
        let (directory, collection) = try fixture.create()
        _ = try load(1, fixture.batch(0..<20), to: collection)
        _ = try load(2, fixture.batch(20..<40), to: collection)
        let crashed = fixture.temporary.path + "/crashed"
        try copyTree(fixture.path, to: crashed)
        let reopened = try fixture.open(path: crashed)
        let again = try reopened.collection(named: "pins")
        #expect(try durableSequence(in: again) == 2)
        _ = try load(2, fixture.batch(20..<40), to: again)
        _ = try load(3, fixture.batch(40..<60), to: again)
        let sum = checksum((0..<60).map(IndexFixture.item))
        try write(
            .commitLoad(LoadCommit(begin: Self.begin, expectedRows: 60, idChecksum: sum)),
            to: again
        )
        #expect(try again.stats().liveItems == 60)
        try reopened.close()
        try directory.close()
    }

    @Test func `writes from several threads are all applied and answered once`() throws {
        let fixture = IndexFixture(count: 320)
        let (directory, collection) = try fixture.create()
        let versions = ReadWriteLock<[UInt64]>([])
        let failures = ReadWriteLock<[RequestError]>([])
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            for step in 0..<8 {
                let first = thread * 80 + step * 10
                do throws(RequestError) {
                    let outcome = try collection.writer.perform(
                        .upsert(fixture.batch(first..<first + 10))
                    )
                    guard case .receipt(let receipt) = outcome else { continue }
                    versions.withWriteLock { $0.append(receipt.version) }
                    // What is acknowledged is visible.
                    let item = IndexFixture.item(first)
                    let isThere = collection.directory.ordinal(of: item) != nil
                    if !isThere || collection.appliedVersion < receipt.version {
                        throw .unknownItem(id: item)
                    }
                } catch {
                    failures.withWriteLock { $0.append(error) }
                }
            }
        }
        #expect(failures.withWriteLock { $0 } == [])
        #expect(versions.withWriteLock { $0.sorted() } == (1...32).map(UInt64.init))
        #expect(try collection.stats().liveItems == 320)
        try directory.close()
    }

    @Test func `closing answers every operation that was submitted`() throws {
        let fixture = IndexFixture(count: 200)
        let (directory, collection) = try fixture.create()
        let outcomes = ReadWriteLock<(written: Int, refused: Int)>((0, 0))
        let done = DispatchGroup()
        for thread in 0..<4 {
            DispatchQueue.global().async(group: done) {
                for row in thread * 50..<(thread + 1) * 50 {
                    done.enter()
                    collection.writer.submit(.upsert(fixture.batch(row..<row + 1))) { outcome in
                        outcomes.withWriteLock { outcomes in
                            switch outcome {
                            case .success: outcomes.written += 1
                            case .failure: outcomes.refused += 1
                            }
                        }
                        done.leave()
                    }
                }
            }
        }
        try directory.close()
        done.wait()
        let (written, refused) = outcomes.withWriteLock { $0 }
        #expect(written + refused == 200)
        #expect(try collection.stats().liveItems == UInt64(written))
        #expect(throws: RequestError.shuttingDown) {
            try collection.writer.perform(.upsert(fixture.batch(0..<1)))
        }
    }
}
