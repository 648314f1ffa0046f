import PalateIndex
import PalateModel
import TestKit
import Testing

@Suite struct DumpTests {
    private static func dump(_ path: String) throws -> [DumpRecord] {
        var records: [DumpRecord] = []
        try Dump.run(path: path) { records.append($0) }
        return records
    }

    @Test func `lists live items and events, the same for the same content`() throws {
        let fixture = IndexFixture(count: 40)
        let event = Event(user: 3, item: 1_001, type: .save, timeMilliseconds: 5)
        try {
            let (directory, collection) = try fixture.create()
            try write(.upsert(fixture.batch(0..<40)), to: collection)
            try write(.delete([IndexFixture.item(7)]), to: collection)
            try tell([event], to: collection)
            try directory.close()
        }()
        let before = try eventually { try Self.dump(fixture.path) }
        #expect(before.first == .collection(fixture.schema))
        #expect(before.last == .event(sequence: 0, event))
        var listed: [ItemID] = []
        for case .item(let item, version: 1, payload: _, vector: _, fields: _) in before {
            listed.append(item)
        }
        #expect(listed == (0..<40).filter { $0 != 7 }.map(IndexFixture.item))
        #expect(try Self.dump(fixture.path) == before)

        // Another payload for one of them: its line changes, and no other.
        try {
            let directory = try eventually { try fixture.open() }
            var replaced = fixture.batch(3..<4)
            replaced.payloads = [[1]]
            try write(.upsert(replaced), to: directory.collection(named: "pins"))
            try directory.close()
        }()
        let after = try eventually { try Self.dump(fixture.path) }
        #expect(zip(before, after).filter { $0 != $1 }.count == 1)
        #expect(before.count == after.count)
    }

    @Test func `damage is an error that names it`() throws {
        let fixture = IndexFixture(count: 20)
        try {
            let (directory, collection) = try fixture.create()
            try write(.upsert(fixture.batch(0..<20)), to: collection)
            try directory.close()
        }()
        _ = try eventually { try Self.dump(fixture.path) }
        let file = fixture.path + "/collections/pins.1/gen-000001/data.mdb"
        var bytes = try readFile(file)
        let vector = fixture.vectors[7].withUnsafeBytes { Array($0) }
        let place = try #require(
            bytes.indices.dropLast(64).first { bytes[$0..<$0 + 64].elementsEqual(vector) }
        )
        bytes[place] ^= 1
        try writeFile(file, bytes)
        #expect(throws: IndexError.self) { try Self.dump(fixture.path) }
    }
}
