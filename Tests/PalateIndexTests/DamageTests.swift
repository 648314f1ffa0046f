import Glibc
import PalateIndex
import PalateModel
import PalateStorage
import TestKit
import Testing

/// Bits that flip, pages that vanish, values that move: named, never a trap, never a wrong answer.
@Suite struct DamageTests {
    private static let rows = 150
    private static let generation = "collections/pins.1/gen-000001"
    private static let taste = "collections/pins.1/taste"

    /// A closed directory with something in every table.
    private static func make() throws -> IndexFixture {
        // Enough payload bytes to train a dictionary, which then compresses the live rows.
        try IndexFixture.closed(rows: rows, behind: 3_000)
    }

    /// Opens and reads everything: what is answered is right, or an error says what is damaged.
    private func probe(_ path: String, _ fixture: IndexFixture) -> [String] {
        do {
            let directory = try fixture.open(path: path)
            let collection = try directory.collection(named: "pins")
            let ids = (0..<Self.rows).map(IndexFixture.item)
            let got = try collection.get(ids, wantsVectors: true)
            #expect(got.found.allSatisfy { $0 })
            #expect(got.vectors == Array(fixture.vectors.values.prefix(Self.rows * 16)))
            #expect(got.payloads == (0..<Self.rows).map(IndexFixture.payload))
            let found = nearest(Array(fixture.vectors[7]), in: collection)
            #expect(Set(found) == Set(ids))
            #expect(try collection.stats().events == 30)
            return []
        } catch {
            return ["\(error)"]
        }
    }

    @Test func `random damage to any file is named, or did not matter`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let fixture = try Self.make()
        #expect(try eventually { try Verification.run(path: fixture.path) }.findings == [])
        let files = ["catalog", Self.generation, Self.taste].map { $0 + "/data.mdb" }
        for round in 0..<90 {
            let path = fixture.temporary.path + "/damaged"
            try copyTree(fixture.path, to: path)
            let file = path + "/" + files[round % 10 < 7 ? 1 : round % 10 < 9 ? 2 : 0]
            var bytes = try readFile(file)
            switch round % 3 {
            case 0:
                for _ in 0..<4 {
                    bytes[Int.random(in: bytes.indices, using: &generator)] ^=
                        1 << UInt8.random(in: 0..<8, using: &generator)
                }
            case 1:
                let page = Int.random(in: 0..<bytes.count / 4_096, using: &generator) * 4_096
                for index in page..<page + 4_096 { bytes[index] = 0 }
            default:
                bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator))
            }
            try writeFile(file, bytes)
            var problems: [String] = []
            do {
                problems = try Verification.run(path: path).findings.map(\.description)
            } catch {
                problems = ["\(error)"]
            }
            // Where verifying is content, everything must be as it was; it may find more than
            // reading meets.
            let met = probe(path, fixture)
            if problems.isEmpty { #expect(met == [], "round \(round)") }
            try removeTree(path)
        }
    }

    /// The tables of every environment, and what each holds.
    static let tables: [(environment: String, table: String)] =
        ["meta", "collections"].map { ("catalog", $0) }
        + [
            "meta", "rows", "ids", "vectors", "codes", "links0", "linksN", "payloads", "dict",
            "loaders",
        ].map { (generation, $0) }
        + ["meta", "events", "users"].map { (taste, $0) }

    @Test func `a flipped bit in a value of any table is found and the table named`() throws {
        let fixture = try Self.make()
        for (environment, table) in Self.tables {
            let path = fixture.temporary.path + "/flipped"
            try copyTree(fixture.path, to: path)
            let value = try eventually { try values(of: table, in: path + "/" + environment)[0] }
            let file = path + "/" + environment + "/data.mdb"
            var bytes = try readFile(file)
            let places = occurrences(of: value.value, in: bytes)
            #expect(!places.isEmpty, "\(table)")
            for place in places { bytes[place + value.value.count / 2] ^= 0x10 }
            try writeFile(file, bytes)
            let text = findings(path)
            let name = table == "meta" ? "meta" : "\(table)["
            #expect(text.contains(name), "\(environment) \(table): \(text)")
            try removeTree(path)
        }
    }

    @Test func `two values of any table that changed places are found`() throws {
        let fixture = try Self.make()
        for (environment, table) in Self.tables {
            let path = fixture.temporary.path + "/swapped"
            try copyTree(fixture.path, to: path)
            let isSwapped = try eventually {
                try swapValues(of: table, in: path + "/" + environment)
            }
            if isSwapped {
                let text = findings(path)
                #expect(text.contains(table == "meta" ? "meta" : "\(table)["), "\(table): \(text)")
            }
            try removeTree(path)
        }
    }

    @Test func `an entry too many or too few in any table is found`() throws {
        let fixture = try Self.make()
        for table in ["rows", "ids", "vectors", "links0", "linksN", "payloads", "dict", "codes"] {
            let path = fixture.temporary.path + "/removed"
            try copyTree(fixture.path, to: path)
            try eventually { try removeLast(of: table, in: path + "/" + Self.generation) }
            #expect(findings(path).contains(table), "\(table)")
            try removeTree(path)
        }
    }

    // MARK: Access below the index

    private func findings(_ path: String) -> String {
        do {
            return try Verification.run(path: path).findings.map(\.description)
                .joined(separator: "\n")
        } catch {
            return "\(error)"
        }
    }

    private func open(_ path: String) throws -> Environment {
        try Environment(path: path, mapBytes: 1 << 28, tables: 12)
    }

    private func values(
        of table: String,
        in path: String
    ) throws -> [(key: [UInt8], value: [UInt8])] {
        let environment = try open(path)
        let table = try environment.table(table, key: [UInt8].self)
        return try environment.read { transaction throws(StorageError) in
            var all: [(key: [UInt8], value: [UInt8])] = []
            var cursor = try transaction.cursor(table)
            while let key = try cursor.next() { all.append((key, cursor.value.copied)) }
            return all
        }
    }

    /// False where the table has a single entry.
    private func swapValues(of name: String, in path: String) throws -> Bool {
        let all = try values(of: name, in: path)
        guard let first = all.first, let last = all.last, first.key != last.key else {
            return false
        }
        let environment = try open(path)
        let table = try environment.table(name, key: [UInt8].self)
        try environment.write { transaction throws(StorageError) in
            try transaction.put(table, first.key, last.value)
            try transaction.put(table, last.key, first.value)
        }
        return true
    }

    private func removeLast(of name: String, in path: String) throws {
        guard let last = try values(of: name, in: path).last else { return }
        let environment = try open(path)
        let table = try environment.table(name, key: [UInt8].self)
        _ = try environment.write { transaction throws(StorageError) in
            try transaction.delete(table, last.key)
        }
    }

    /// Where `needle` stands in `bytes`: LMDB keeps old copies of pages too.
    private func occurrences(of needle: [UInt8], in bytes: [UInt8]) -> [Int] {
        bytes.withUnsafeBytes { haystack in
            guard let base = haystack.baseAddress else { return [] }
            return stride(from: 0, through: haystack.count - needle.count, by: 1).filter { place in
                haystack[place] == needle[0] && memcmp(base + place, needle, needle.count) == 0
            }
        }
    }
}
