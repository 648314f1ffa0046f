import PalateIndex
import PalateModel
import PalateStorage
import TestKit
import Testing

/// Damage found while the directory is in use.
@Suite struct ScrubberTests {
    /// LMDB frees cursors of read transactions only when they are closed: 130 KB/s were lost.
    @Test func `rounds of scrubbing leave no cursor open`() throws {
        let fixture = IndexFixture(count: 300)
        let (directory, collection) = try fixture.create()
        try write(.upsert(fixture.batch(0..<300)), to: collection)
        let scrubber = Scrubber(directory: directory) { _ in }
        let before = OpenCursors.count
        for _ in 0..<50 { while !scrubber.step(byteCount: 1_000) {} }
        // Other tests have some of their own; a round here opens more than twenty.
        #expect(OpenCursors.count < before + 100)
        try directory.close()
    }

    @Test func `a scrubber reads everything, in rounds, and names each damaged value once`() throws
    {
        let fixture = IndexFixture(count: 1_200)
        let (directory, collection) = try fixture.create()
        try write(.upsert(fixture.batch(0..<1_200)), to: collection)
        let found = ReadWriteLock<[String]>([])
        let scrubber = Scrubber(directory: directory) { finding in
            found.withWriteLock { $0.append("\(finding.table)[\(finding.key)]") }
        }
        var steps = 1
        while !scrubber.step(byteCount: 20_000) { steps += 1 }
        // Vectors alone are 81,600 bytes.
        #expect(scrubber.scrubbedBytes > 81_600)
        #expect(steps > 4)
        #expect(scrubber.damagedObjects == 0)
        let environment = collection.store.environment
        try damage("vectors", key: [0, 0, 0, 1], at: 5, in: environment)
        try damage("payloads", key: [0, 0, 4, 0], at: 9, in: environment)
        for _ in 0..<2 { while !scrubber.step(byteCount: 20_000) {} }
        #expect(found.withReadLock { $0.sorted() } == ["payloads[00000400]", "vectors[00000001]"])
        #expect(scrubber.damagedObjects == 2)
        try write(.upsert(fixture.batch(0..<3)), to: collection)
        try directory.close()
    }

    private func damage(
        _ name: String,
        key: [UInt8],
        at place: Int,
        in environment: Environment
    ) throws {
        let table = try environment.table(name, key: [UInt8].self)
        try environment.write { transaction throws(StorageError) in
            guard var bytes = try transaction.bytes(table, key) else { return }
            bytes[place] ^= 1
            try transaction.put(table, key, bytes)
        }
    }
}
