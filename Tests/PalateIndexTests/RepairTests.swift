import Glibc
import PalateIndex
import PalateModel
import PalateStorage
import TestKit
import Testing

/// Damage that is healed from what is whole, and damage that can only be dropped.
@Suite struct RepairTests {
    private static let rows = 150
    /// Deleted rows before them.
    private static let deleted = 200
    private static let generation = "collections/pins.1/gen-000001"
    private static let taste = "collections/pins.1/taste"

    private static func make() throws -> IndexFixture {
        try IndexFixture.closed(rows: rows, behind: deleted)
    }

    /// Opens and reads everything; all but `lost` items are there and whole.
    private func check(
        _ path: String,
        _ fixture: IndexFixture,
        lost: Set<ItemID> = [],
        events: UInt64 = 30,
        _ comment: Comment
    ) throws {
        let directory = try whenFree { try fixture.open(path: path) }
        let collection = try directory.collection(named: "pins")
        let ids = (0..<Self.rows).map(IndexFixture.item).filter { !lost.contains($0) }
        let got = try collection.get(ids, wantsVectors: true)
        #expect(got.found.allSatisfy { $0 }, comment)
        let rows = (0..<Self.rows).filter { !lost.contains(IndexFixture.item($0)) }
        #expect(got.vectors == rows.flatMap { Array(fixture.vectors[$0]) }, comment)
        #expect(got.payloads == rows.map(IndexFixture.payload), comment)
        #expect(Set(nearest(Array(fixture.vectors[7]), in: collection)) == Set(ids), comment)
        #expect(try collection.stats().events == events, comment)
        #expect(try collection.stats().users == 5, comment)
        try write(.upsert(fixture.batch(0..<3)), to: collection)
        try directory.close()
    }

    private func repair(_ path: String, dropsDamaged: Bool = false) throws -> RepairPlan {
        let plan = try autoreleased {
            let repair = try whenFree { try Repair(path: path) }
            _ = try repair.run(dropsDamaged: dropsDamaged, buildThreads: 2)
            return repair.plan
        }
        #expect(try whenFree { try Verification.run(path: path) }.findings == [])
        return plan
    }

    /// Lets everything that the body made go before it returns.
    private func autoreleased<Value>(_ body: () throws -> Value) rethrows -> Value { try body() }

    /// Tables whose every value can be made again from others.
    static let healed = ["rows", "ids", "codes", "links0", "linksN", "meta", "loaders"]

    @Test(arguments: healed)
    func `a flipped bit in a table that follows from others is healed`(table: String) throws {
        let fixture = try Self.make()
        let places = table == "meta" ? 3 : 4
        for index in 0..<places {
            let path = fixture.temporary.path + "/flipped"
            try copyTree(fixture.path, to: path)
            guard try flip(table, index: index, in: "\(path)/\(Self.generation)") else { continue }
            #expect(!(try Verification.run(path: path).isClean))
            let plan = try repair(path)
            #expect(plan.parts.map(\.directory) == [Self.generation])
            #expect(!plan.hasLosses)
            try check(path, fixture, "\(table) \(index)")
            try removeTree(path)
        }
    }

    @Test(arguments: healed)
    func `a table that follows from others is healed when it is empty`(table: String) throws {
        let fixture = try Self.make()
        try whenFree { try empty(table, in: "\(fixture.path)/\(Self.generation)") }
        let plan = try repair(fixture.path)
        #expect(!plan.hasLosses)
        #expect(plan.parts.count == (table == "loaders" ? 0 : 1))
        try check(fixture.path, fixture, "\(table)")
    }

    @Test func `rows that lost their vectors or payloads are named, and dropped when asked`() throws
    {
        let fixture = try Self.make()
        // The last rows are the live ones.
        let (first, last) = (Ordinal(Self.deleted), Ordinal(Self.deleted + Self.rows - 1))
        for (table, ordinal) in [("vectors", last), ("payloads", first)] {
            let path = fixture.temporary.path + "/lost"
            try copyTree(fixture.path, to: path)
            try whenFree {
                try damage(table, ordinal: ordinal, in: "\(path)/\(Self.generation)")
            }
            let before = try readFile("\(path)/\(Self.generation)/data.mdb")
            let item = IndexFixture.item(Int(ordinal) - Self.deleted)
            let plan = try whenFree { try Repair(path: path) }.plan
            #expect(plan.parts.flatMap(\.losses).map(\.item) == [item])
            #expect(throws: IndexError.self) {
                try whenFree { try Repair(path: path) }
                    .run(dropsDamaged: false, buildThreads: 1)
            }
            #expect(try readFile("\(path)/\(Self.generation)/data.mdb") == before)
            _ = try repair(path, dropsDamaged: true)
            let kept = try readFile("\(path)/damaged/1/\(Self.generation)/data.mdb")
            #expect(kept == before)
            try check(path, fixture, lost: [item], "\(table)")
            try removeTree(path)
        }
    }

    @Test func `a lost vector of a deleted row is no loss`() throws {
        let fixture = try Self.make()
        try whenFree {
            try damage("vectors", ordinal: 7, in: "\(fixture.path)/\(Self.generation)")
        }
        let plan = try repair(fixture.path)
        #expect(!plan.hasLosses)
        try check(fixture.path, fixture, "vectors")
    }

    @Test func `a person's record is made again from events`() throws {
        let fixture = try Self.make()
        #expect(try whenFree { try flip("users", index: 2, in: "\(fixture.path)/\(Self.taste)") })
        let plan = try repair(fixture.path)
        #expect(plan.parts.map(\.directory) == [Self.taste])
        #expect(!plan.hasLosses)
        try check(fixture.path, fixture, "users")
    }

    @Test func `a lost event is named, and the others close ranks`() throws {
        let fixture = try Self.make()
        #expect(
            try whenFree { try flip("events", index: 4, in: "\(fixture.path)/\(Self.taste)") }
        )
        #expect(throws: IndexError.self) {
            try whenFree { try Repair(path: fixture.path) }
                .run(dropsDamaged: false, buildThreads: 1)
        }
        let plan = try repair(fixture.path, dropsDamaged: true)
        #expect(plan.parts.flatMap(\.losses).map(\.reason) == ["1 events"])
        try check(fixture.path, fixture, events: 29, "events")
    }

    @Test func `a page that is gone is healed, dropped, or refused; never half done`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let fixture = try Self.make()
        var outcomes = (healed: 0, dropped: 0, refused: 0)
        for round in 0..<24 {
            let path = fixture.temporary.path + "/paged"
            try copyTree(fixture.path, to: path)
            let file = path + "/" + (round % 4 == 3 ? Self.taste : Self.generation) + "/data.mdb"
            var bytes = try readFile(file)
            let page = Int.random(in: 0..<bytes.count / 4_096, using: &generator) * 4_096
            for index in page..<page + 4_096 { bytes[index] = 0 }
            try writeFile(file, bytes)
            do {
                let plan = try autoreleased { try whenFree { try Repair(path: path) }.plan }
                _ = try repair(path, dropsDamaged: true)
                let lost = plan.parts.flatMap(\.losses).compactMap(\.item)
                if lost.isEmpty, !plan.hasLosses {
                    outcomes.healed += 1
                    try check(path, fixture, "round \(round)")
                } else {
                    outcomes.dropped += 1
                }
            } catch let error as IndexError {
                outcomes.refused += 1
                #expect(try readFile(file) == bytes, "round \(round): \(error)")
            }
            try removeTree(path)
        }
        print("pages zeroed: \(outcomes)")
        #expect(outcomes.healed > 0)
    }

    @Test func `a file that gives nothing is refused by name, and stands`() throws {
        let fixture = try Self.make()
        let file = "\(fixture.path)/\(Self.generation)/data.mdb"
        var bytes = try readFile(file)
        for index in 8_192..<bytes.count { bytes[index] = 0 }
        try writeFile(file, bytes)
        let error = #expect(throws: IndexError.self) {
            try whenFree { try Repair(path: fixture.path) }
        }
        #expect("\(try #require(error))".contains("expected rows and vectors"))
        #expect(try readFile(file) == bytes)
    }

    @Test(arguments: [0, 1])
    func `a damaged meta page may have cost a commit, which is said`(page: Int) throws {
        let fixture = try Self.make()
        let file = "\(fixture.path)/\(Self.generation)/data.mdb"
        var bytes = try readFile(file)
        for index in 0..<4_096 { bytes[4_096 * page + index] = 0 }
        try writeFile(file, bytes)
        let plan = try whenFree { try Repair(path: fixture.path) }.plan
        #expect(plan.parts.flatMap(\.losses).map(\.reason).contains { $0.contains("last commit") })
        _ = try repair(fixture.path, dropsDamaged: true)
    }

    @Test func `a whole directory needs no repair, and planning changes nothing`() throws {
        let fixture = try Self.make()
        let before = try readFile("\(fixture.path)/\(Self.generation)/data.mdb")
        #expect(try whenFree { try Repair(path: fixture.path) }.plan.parts.isEmpty)
        #expect(try flip("ids", index: 1, in: "\(fixture.path)/\(Self.generation)"))
        let damaged = try readFile("\(fixture.path)/\(Self.generation)/data.mdb")
        #expect(damaged != before)
        let plan = try whenFree { try Repair(path: fixture.path) }.plan
        #expect(plan.parts.count == 1)
        #expect(plan.parts[0].actions == ["ids: made again from rows, 150 items"])
        #expect(try readFile("\(fixture.path)/\(Self.generation)/data.mdb") == damaged)
        #expect(throws: IndexError.request(.unknownCollection(name: "none"))) {
            try whenFree { try Repair(path: fixture.path, collection: "none") }
        }
    }

    // MARK: Damage

    private func empty(_ name: String, in path: String) throws {
        let environment = try openTables(path)
        let table = try environment.table(name, key: [UInt8].self)
        try environment.write { transaction throws(StorageError) in
            try transaction.removeAll(table)
        }
    }

    /// Damages the vector or payload of one row.
    private func damage(_ name: String, ordinal: Ordinal, in path: String) throws {
        let environment = try openTables(path)
        let table = try environment.table(name, key: UInt32.self)
        let stride = 16 * 4 + 4
        let perBlock = Ordinal(32_752 / stride)
        let key = name == "vectors" ? ordinal / perBlock : ordinal
        let place = name == "vectors" ? Int(ordinal % perBlock) * stride : 3
        try environment.write { transaction throws(StorageError) in
            guard var bytes = try transaction.bytes(table, key) else { return }
            bytes[place] ^= 0x20
            try transaction.put(table, key, bytes)
        }
    }
}
