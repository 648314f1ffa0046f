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

    private func values(
        of table: String,
        _ keys: [[UInt8]],
        in path: String
    ) throws -> [[UInt8]] {
        let environment = try eventually {
            try Environment(path: path, mapBytes: 1 << 28, tables: 12)
        }
        let table = try environment.table(table, key: [UInt8].self)
        return try environment.read { transaction throws(StorageError) in
            var values: [[UInt8]] = []
            for key in keys { values.append(try transaction.get(table, key)?.copied ?? []) }
            return values
        }
    }

    private func put(
        _ values: [[UInt8]],
        into table: String,
        _ keys: [[UInt8]],
        in path: String
    ) throws {
        let environment = try eventually {
            try Environment(path: path, mapBytes: 1 << 28, tables: 12)
        }
        let table = try environment.table(table, key: [UInt8].self)
        try environment.write { transaction throws(StorageError) in
            for (key, value) in zip(keys, values) {
                try transaction.put(table, key, value)
            }
        }
    }

    @Test(arguments: [
        (
            generation, "meta", ["counters", "graph"].map { Array($0.utf8) },
            "rows[0000001e]: an entry"
        ),
        (taste, "users", [[0, 0, 0, 0, 0, 0, 0, 2]], "users: sum"),
    ])
    func `is refused by a server and named by verify`(
        _ store: String,
        _ table: String,
        _ keys: [[UInt8]],
        _ finding: String
    ) throws {
        let fixture = IndexFixture(count: 60)
        let path = fixture.path + "/" + store
        try write(0..<30, to: fixture)
        let older = try values(of: table, keys, in: path)
        try write(30..<60, to: fixture)
        #expect(try eventually { try Verification.run(path: fixture.path) }.findings == [])
        let newer = try values(of: table, keys, in: path)
        #expect(newer != older)
        try put(older, into: table, keys, in: path)
        #expect {
            try fixture.open()
        } throws: { error in
            guard case .corrupt(let place, _) = error as? IndexError else { return false }
            return place == (table == "meta" ? "meta[counters]" : "users")
        }
        let findings = try fixture.findings()
        #expect(findings.contains { $0.contains(finding) }, "\(findings)")
        try put(newer, into: table, keys, in: path)
        try eventually { try fixture.open().close() }
    }

    @Test func `a vector that is sound and not its row's is refused, and named by verify`() throws {
        let (fixture, other) = (IndexFixture(count: 60), IndexFixture(count: 60))
        try write(0..<30, to: fixture)
        try write(30..<60, to: other)
        // A slot that is used again has another item's vector in an older page.
        let block: [[UInt8]] = [[0, 0, 0, 0]]
        let older = try values(of: "vectors", block, in: other.path + "/" + Self.generation)
        let path = fixture.path + "/" + Self.generation
        let newer = try values(of: "vectors", block, in: path)
        #expect(newer != older)
        try put(older, into: "vectors", block, in: path)
        let findings = try fixture.findings()
        #expect(findings.contains { $0.contains("vector of rows[00000003]") }, "\(findings)")

        let directory = try eventually { try fixture.open() }
        let collection = try directory.collection(named: "pins")
        func read(_ ordinal: Ordinal) throws -> [Float] {
            var vector = [Float](repeating: 0, count: fixture.schema.dimensions)
            try collection.store.environment.read(failingWith: IndexError.self) {
                transaction throws(IndexError) in
                var span = vector.mutableSpan
                try collection.store.readVector(ordinal, transaction, into: &span)
            }
            return vector
        }
        #expect {
            try read(3)
        } throws: { error in
            guard case .corrupt(let place, _) = error as? IndexError else { return false }
            return place == "vector of rows[00000003]"
        }
        // Rows written since are known as they are.
        try PalateIndexTests.write(.upsert(fixture.batch(30..<40)), to: collection)
        #expect(try read(33) == Array(fixture.vectors[33]))
        try directory.close()
    }
}
