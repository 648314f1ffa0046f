import PalateIndex
import PalateModel
import PalateStorage
import TestKit
import Testing

/// What verifying says of damage, beyond that there is some.
@Suite struct VerificationTests {
    private static let generation = "collections/pins.1/gen-000001"

    private func make(rows: Int) throws -> IndexFixture {
        let fixture = IndexFixture(count: rows)
        let (directory, collection) = try fixture.create()
        try write(.upsert(fixture.batch(0..<rows)), to: collection)
        try directory.close()
        return fixture
    }

    private func makeReversed(_ fixture: IndexFixture) throws {
        let (directory, collection) = try fixture.create()
        var batch = fixture.batch(0..<100)
        batch.vectors = Array(batch.vectors.reversed())
        try write(.upsert(batch), to: collection)
        try directory.close()
    }

    private func makeChurned(_ fixture: IndexFixture) throws {
        let (directory, collection) = try fixture.create()
        for _ in 0..<3 {
            try write(.upsert(fixture.batch(0..<400)), to: collection)
            try write(.delete((100..<400).map(IndexFixture.item)), to: collection)
        }
        try directory.close()
    }

    private func change(
        _ name: String,
        in fixture: IndexFixture,
        _ body: (
            Table<[UInt8]>, inout WriteTransaction
        ) throws(StorageError) -> Void
    ) throws {
        try whenFree {
            let environment = try Environment(
                path: "\(fixture.path)/\(Self.generation)",
                mapBytes: 1 << 28,
                tables: 12
            )
            let table = try environment.table(name, key: [UInt8].self)
            try environment.write { transaction throws(StorageError) in
                try body(table, &transaction)
            }
        }
    }

    @Test func `every damaged object is named with what it is and what it should be`() throws {
        let fixture = try make(rows: 200)
        try change("ids", in: fixture) { table, transaction throws(StorageError) in
            try transaction.delete(table, [0, 0, 0, 0, 0, 0, 3, 0xe8])
        }
        try change("rows", in: fixture) { table, transaction throws(StorageError) in
            try transaction.delete(table, [0, 0, 0, 5])
            try transaction.put(table, [0, 0, 0, 9], [1, 2, 3, 4, 5])
        }
        try change("payloads", in: fixture) { table, transaction throws(StorageError) in
            try transaction.delete(table, [0, 0, 0, 7])
        }
        let report = try whenFree { try Verification.run(path: fixture.path) }
        let lines = report.findings.map(\.description)
        #expect(lines.contains("pins: ids[00000000000003e8]: missing, expected row 0"))
        #expect(lines.contains("pins: rows[00000005]: missing, expected an entry"))
        #expect(lines.contains("pins: payloads[00000007]: missing, expected an entry"))
        #expect(lines.contains { $0.hasPrefix("pins: rows[00000009]: checksum ") })
        #expect(
            lines.contains { $0.hasPrefix("pins: meta[counters]: 200 live rows, expected 198") }
        )
        let row = try #require(report.findings.first { $0.key == "00000005" })
        #expect((row.collection, row.table, row.got) == ("pins", "rows", "missing"))
        #expect(report.damageCount == report.findings.count)
        #expect(!report.isClean)
    }

    @Test func `damage beyond the list is counted`() throws {
        let fixture = try make(rows: 1_200)
        try change("ids", in: fixture) { table, transaction throws(StorageError) in
            try transaction.removeAll(table)
        }
        let report = try whenFree { try Verification.run(path: fixture.path) }
        #expect(report.findings.count == VerificationReport.listedMax)
        #expect(report.damageCount == 1_200)
    }

    @Test func `vectors and codes of another write are found, though their seals are good`()
        throws
    {
        let fixture = try make(rows: 100)
        let clean = try whenFree { try Verification.run(path: fixture.path) }
        #expect(clean.isClean)
        #expect(clean.collections[0].comparedCodes == 100)
        #expect(clean.collections[0].vectors == 100)
        // Another directory's first vectors, whole in themselves.
        let other = IndexFixture(count: 100)
        try makeReversed(other)
        let vectors = try whenFree {
            let environment = try Environment(
                path: "\(other.path)/\(Self.generation)",
                mapBytes: 1 << 28,
                tables: 12
            )
            let table = try environment.table("vectors", key: [UInt8].self)
            return try #require(
                try environment.read { transaction throws(StorageError) in
                    try transaction.bytes(table, [0, 0, 0, 0])
                }
            )
        }
        try change("vectors", in: fixture) { table, transaction throws(StorageError) in
            try transaction.put(table, [0, 0, 0, 0], vectors)
        }
        let report = try whenFree { try Verification.run(path: fixture.path) }
        #expect(Set(report.findings.map(\.table)) == ["codes", "vector of rows"])
        #expect(report.findings.contains { $0.table == "codes" && $0.key == "00000000" })
        #expect(report.findings.contains { $0.table == "vector of rows" && $0.key == "00000000" })
    }

    @Test func `a compacted directory is smaller and the same`() throws {
        let fixture = IndexFixture(count: 400)
        try makeChurned(fixture)
        let before = try whenFree { try Verification.run(path: fixture.path) }
        #expect(before.isClean)
        let results = try whenFree { try Compaction.run(path: fixture.path, collection: nil) }
        #expect(
            results.map(\.directory).sorted() == [
                "catalog", Self.generation, "collections/pins.1/taste",
            ]
        )
        for result in results {
            #expect(result.bytesAfter <= result.bytesBefore)
            let file = try readFile("\(fixture.path)/\(result.directory)/data.mdb")
            #expect(file.count == result.bytesAfter)
        }
        let after = try whenFree { try Verification.run(path: fixture.path) }
        #expect(after.isClean)
        #expect(after.collections[0].rows == before.collections[0].rows)
        #expect(after.collections[0].payloads == before.collections[0].payloads)
        #expect(throws: IndexError.request(.unknownCollection(name: "none"))) {
            try whenFree { try Compaction.run(path: fixture.path, collection: "none") }
        }
        let again = try fixture.open()
        let live = try again.collection(named: "pins")
        let got = try live.get((0..<100).map(IndexFixture.item), wantsVectors: false)
        #expect(got.payloads == (0..<100).map(IndexFixture.payload))
        try again.close()
    }
}
