import PalateIndex
import PalateModel
import PalateStorage
import TestKit
import Testing

/// A sound value of an earlier commit, as a page that never reached the disk leaves it.
@Suite struct OlderValueTests {
    private static let generation = "collections/pins.1/gen-000001"
    private static let taste = "collections/pins.1/taste"

    /// Writes rows and events; the directory is closed before and after.
    private func write(_ rows: Range<Int>, to fixture: IndexFixture) throws {
        let directory = try eventually { try fixture.open() }
        let collection =
            try (try? directory.collection(named: "pins")) ?? directory.create(fixture.schema)
        try PalateIndexTests.write(.upsert(fixture.batch(rows)), to: collection)
        let events = rows.map { row in
            Event(
                user: UserID(row % 3),
                item: IndexFixture.item(row),
                type: .save,
                timeMilliseconds: Int64(row)
            )
        }
        try tell(events, to: collection)
        try directory.close()
    }

    private func value(
        of table: String,
        _ key: [UInt8],
        in path: String
    ) throws -> [UInt8] {
        let environment = try eventually {
            try Environment(path: path, mapBytes: 1 << 28, tables: 12)
        }
        let table = try environment.table(table, key: [UInt8].self)
        return try environment.read { transaction throws(StorageError) in
            try transaction.get(table, key)?.copied ?? []
        }
    }

    private func put(
        _ value: [UInt8],
        into table: String,
        _ key: [UInt8],
        in path: String
    ) throws {
        let environment = try eventually {
            try Environment(path: path, mapBytes: 1 << 28, tables: 12)
        }
        let table = try environment.table(table, key: [UInt8].self)
        try environment.write { transaction throws(StorageError) in
            try transaction.put(table, key, value.span.bytes)
        }
    }

    @Test(arguments: [
        (generation, "meta", Array("counters".utf8), "meta[counters]"),
        (taste, "users", [0, 0, 0, 0, 0, 0, 0, 2], "users"),
    ])
    func `is refused by a server and named by verify`(
        _ store: String,
        _ table: String,
        _ key: [UInt8],
        _ place: String
    ) throws {
        let fixture = IndexFixture(count: 60)
        let path = fixture.path + "/" + store
        try write(0..<30, to: fixture)
        let older = try value(of: table, key, in: path)
        try write(30..<60, to: fixture)
        #expect(try eventually { try Verification.run(path: fixture.path) }.findings == [])
        let newer = try value(of: table, key, in: path)
        #expect(newer != older)
        try put(older, into: table, key, in: path)
        #expect {
            try fixture.open()
        } throws: { error in
            guard case .corrupt(let got, _) = error as? IndexError else { return false }
            return got == place
        }
        let findings = try Verification.run(path: fixture.path).findings
        #expect(findings.contains { $0.contains(place) })
        try put(newer, into: table, key, in: path)
        try eventually { try fixture.open().close() }
    }
}
