import Glibc
import PalateGraph
import PalateIndex
import PalateModel
import PalateStorage
import PalateTaste
import TestKit
import Testing

/// Data directories of every format ever released open forever.
///
/// `Tests/Fixtures/format-1/README.md` says how the first was made: by the second test below.
@Suite struct FormatFixtureTests {
    private static let dimensions = 8
    private static let schema = CollectionSchema(
        name: "pins",
        dimensions: dimensions,
        metric: "cosine",
        neighbours: 4,
        buildBeamWidth: 40
    )
    private static let environments = [
        "catalog", "collections/pins.1/gen-000001", "collections/pins.1/taste",
    ]
    private static let words = [
        "garden", "sea", "cat", "lamp", "wood", "linen", "blue", "paper", "window", "stone",
        "moss", "brick", "river", "chair", "bowl", "thread",
    ]

    // Everything below follows from the row alone, so that the test knows what to expect.

    private static func item(_ row: Int) -> ItemID { ItemID(row) << 32 | 7 }

    private static func vector(_ row: Int, _ revision: Int = 0) -> [Float] {
        (0..<dimensions).map { column in
            Float((row * 31 + column * column * 17 + revision * 5) % 23) / 8 - 1
        }
    }

    private static func payload(_ row: Int, _ revision: Int = 0) -> [UInt8] {
        var state = UInt32(truncatingIfNeeded: row * 977 + revision * 131 + 1)
        var text = "row \(row) revision \(revision):"
        for _ in 0..<(row < 30 ? 1_000 : 9) {
            state = state &* 1_664_525 &+ 1_013_904_223
            text += " " + words[Int(state >> 28)]
        }
        return Array(text.utf8)
    }

    private static func batch(_ rows: some Sequence<Int>, _ revision: Int = 0) -> RowBatch {
        let rows = Array(rows)
        return RowBatch(
            ids: rows.map(item),
            vectors: rows.flatMap { vector($0, revision) },
            payloads: rows.map { $0 % 5 == 4 ? [] : payload($0, revision) }
        )
    }

    private static let load = LoadBegin(handle: 1, loaderID: 77, epoch: 3)

    private static var events: [Event] {
        (0..<40).map { index in
            Event(
                user: UserID(index % 4 + 1),
                item: item(index % 17 + 3),
                type: EventType.allCases[index % EventType.allCases.count],
                timeMilliseconds: 1_700_000_000_000 + Int64(index) * 60_000
            )
        }
    }

    /// Rows that live, and their revision.
    private static let revisions: [Int: Int] = {
        var all: [Int: Int] = [:]
        for row in 4..<40 where row != 6 { all[row] = (10..<14).contains(row) ? 1 : 0 }
        return all
    }()

    @Test func `the directory of format 1 opens and holds what was written`() throws {
        let temporary = TemporaryDirectory()
        let path = temporary.path + "/data"
        try copyTree(Self.fixturePath, to: path)
        #expect(try Verification.run(path: path).findings == [])
        #expect(try Inspection.run(path: path).map { $0.dictionaryID != 0 } == [true])
        try {
            let directory = try DataDirectory(path: path)
            let collection = try directory.collection(named: "pins")
            try check(collection)
            #expect(collection.info.schema == Self.schema)
            // It takes writes as well.
            try write(.upsert(Self.batch(40..<44)), to: collection)
            #expect(collection.graph.liveCount == Self.revisions.count + 4)
            try directory.close()
        }()
        let report = try eventually { try Verification.run(path: path) }
        #expect(report.findings == [])
        #expect(report.collections.map(\.events) == [40])
    }

    private func check(_ collection: Collection) throws {
        let rows = Array(0..<40)
        let got = try collection.get(rows.map(Self.item), wantsVectors: true)
        for row in rows {
            let revision = Self.revisions[row]
            #expect(got.found[row] == (revision != nil))
            guard let revision else { continue }
            let range = row * Self.dimensions..<(row + 1) * Self.dimensions
            #expect(Array(got.vectors[range]) == Self.vector(row, revision))
            #expect(got.payloads[row] == (row % 5 == 4 ? [] : Self.payload(row, revision)))
        }
        #expect(Set(got.versions) == [0, 1, 3, 4, 6])
        #expect(collection.appliedVersion == 7)
        #expect(GraphInvariants.check(collection.graph) == [])
        let expected = Set(Self.revisions.keys.map(Self.item))
        #expect(Set(nearest(Self.vector(20), in: collection)) == expected)
        #expect(nearest(Self.vector(20), in: collection).first == Self.item(20))
        let stats = try collection.stats()
        #expect(stats.liveItems == UInt64(expected.count))
        #expect(stats.tailRows == 8)
        #expect(stats.events == 40)
        #expect(stats.users == 4)
        let loaded = try collection.writer.perform(.beginLoad(Self.load))
        guard case .grant(let grant) = loaded else {
            Issue.record("\(loaded)")
            return
        }
        #expect(grant.durableSequence == 1)
        // Hide and report are events 11 and 12 of 13: users 4 and 1, items 14 and 15 first.
        #expect(collection.taste.read { $0.hiddenItems(of: 4) }.contains(Self.item(14)))
        #expect(collection.taste.read { $0.hiddenItems(of: 1) }.contains(Self.item(15)))
        #expect(collection.taste.read { $0.seenItems(of: 2) }.contains(Self.item(4)))
    }

    /// Writes a new fixture; only where `PALATE_WRITE_FIXTURE` says so, once per format.
    @Test(.enabled(if: getenv("PALATE_WRITE_FIXTURE") != nil))
    func `write the fixture`() throws {
        let temporary = TemporaryDirectory()
        var options = DataDirectoryOptions()
        options.generationMapBytes = 1 << 26
        options.tasteMapBytes = 1 << 26
        let directory = try DataDirectory(path: temporary.path + "/data", options: options)
        let collection = try directory.create(Self.schema)
        try write(.upsert(Self.batch(0..<24)), to: collection)
        try write(.delete((0..<4).map(Self.item)), to: collection)
        try write(.upsert(Self.batch(10..<14, 1)), to: collection)
        _ = try collection.writer.perform(
            .load(LoadData(begin: Self.load, sequence: 1, rows: Self.batch(24..<32)))
        )
        try write(.checkpoint, to: collection)
        try write(.delete([Self.item(6)]), to: collection)
        try write(.upsert(Self.batch(32..<40)), to: collection)
        try tell(Self.events, to: collection)
        try write(.delete([Self.item(9_999)]), to: collection)
        // As a crash would leave it, with a tail; then each file without its free pages.
        let crashed = temporary.path + "/crashed"
        try copyTree(temporary.path + "/data", to: crashed)
        let target = Self.fixturePath
        for name in Self.environments {
            mkdir(target, 0o755)
            mkdir(target + "/collections", 0o755)
            mkdir(target + "/collections/pins.1", 0o755)
            let environment = try Environment(
                path: crashed + "/" + name,
                mapBytes: 1 << 26,
                tables: 12
            )
            try environment.copy(to: target + "/" + name)
        }
        try directory.close()
    }

    private static var fixturePath: String {
        let tests = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        return "/\(tests)/Fixtures/format-1/data"
    }
}
