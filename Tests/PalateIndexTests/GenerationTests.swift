import PalateIndex
import PalateModel
import PalateStorage
import TestKit
import Testing

/// A generation beside the live one, in its place, and back.
@Suite struct GenerationTests {
    private func rows(of name: GenerationRole, in directory: DataDirectory) throws -> UInt64? {
        try directory.generations(of: "pins").first { $0.role == name }?.liveItems
    }

    @Test func `a candidate is loaded while the live one answers and is written to`() throws {
        let fixture = GenerationFixture(count: 200)
        let (directory, live) = try fixture.create()
        let candidate = try fixture.load(into: directory)
        #expect(candidate.info.generation == 2)
        #expect(candidate.info.handle != live.info.handle)
        #expect(try directory.collection(named: "pins") === live)
        try write(.delete([IndexFixture.item(0)]), to: live)
        #expect(nearest(Array(fixture.pins.vectors[5]), in: live).first == IndexFixture.item(5))
        #expect(candidate.directory.ordinal(of: IndexFixture.item(0)) != nil)
        #expect(try directory.generations(of: "pins").map(\.role) == [.live, .candidate])
        #expect(try rows(of: .live, in: directory) == 199)
        #expect(try rows(of: .candidate, in: directory) == 200)
        try directory.close()
    }

    @Test func `the same candidate again answers the one there, another is refused`() throws {
        let fixture = GenerationFixture(count: 30)
        let (directory, live) = try fixture.create()
        let candidate = try fixture.load(into: directory)
        var create = GenerationCreate(
            handle: live.info.handle,
            schema: fixture.schema,
            model: "renewed 2"
        )
        #expect(try directory.createGeneration(create) == candidate.info)
        create.model = "renewed 3"
        #expect(throws: RequestError.candidateExists(generation: 2)) {
            try directory.createGeneration(create)
        }
        create.schema.name = "other"
        #expect(throws: RequestError.badName(got: "other")) {
            try directory.createGeneration(create)
        }
        try directory.close()
    }

    @Test func `swapping keeps handle and version order and applies deletes`() throws {
        let fixture = GenerationFixture(count: 200)
        let (directory, live) = try fixture.create()
        let handle = live.info.handle
        let candidate = try fixture.load(into: directory)
        for row in 0..<5 { try write(.delete([IndexFixture.item(row)]), to: live) }
        // Deleted and written again: it stays.
        let back = try write(.upsert(fixture.pins.batch(4..<5)), to: live)
        let info = try swap(directory)
        #expect(info == CollectionInfo(handle: handle, generation: 2, schema: fixture.schema))
        let current = try directory.collection(handle: handle)
        #expect(current.info == info)
        #expect(try directory.collection(named: "pins") === current)
        #expect(current.taste === live.taste)
        #expect(current.appliedVersion >= back.version)
        for row in 0..<4 {
            #expect(current.directory.ordinal(of: IndexFixture.item(row)) == nil, "\(row)")
        }
        #expect(current.directory.ordinal(of: IndexFixture.item(4)) != nil)
        #expect(throws: RequestError.unknownHandle(got: candidate.info.handle)) {
            try directory.collection(handle: candidate.info.handle)
        }
        // Who holds the old one still reads it, and is asked to write again.
        #expect(nearest(Array(fixture.pins.vectors[9]), in: live).first == IndexFixture.item(9))
        #expect(
            throws: RequestError.overloaded(by: .swapsAtOnce, expected: 1, retryMilliseconds: 100)
        ) {
            try live.writer.perform(.delete([IndexFixture.item(9)]))
        }
        let roles = try directory.generations(of: "pins")
        #expect(roles.map(\.role) == [.live, .previous])
        #expect(roles[0].model == "renewed 2" && roles[0].liveSinceMilliseconds > 0)
        #expect(roles[1].liveItems == 196)
        try directory.close()
    }

    @Test func `rolling back and forth keeps deletes and refuses what is not there`() throws {
        let fixture = GenerationFixture(count: 100)
        let (directory, handle) = try swapped(fixture)
        let deleted = try write(
            .delete([IndexFixture.item(7)]),
            to: directory.collection(handle: handle)
        )
        try directory.rollBack(handle, now: 2)
        try rolledBack(fixture, directory, handle, deleted.version)
        try directory.rollBack(handle, now: 3)
        let second = try directory.collection(handle: handle)
        #expect(second.info.generation == 2 && second.liveCount == 98)
        try directory.close()
    }

    // Files of a generation are free for a rollback once nobody holds its collection: so these are
    // functions of their own.

    private func swapped(_ fixture: GenerationFixture) throws -> (DataDirectory, UInt32) {
        let (directory, live) = try fixture.create()
        #expect(throws: RequestError.noGeneration(role: .previous)) {
            try directory.rollBack(live.info.handle, now: 1)
        }
        _ = try fixture.load(into: directory)
        try swap(directory)
        return (directory, live.info.handle)
    }

    private func rolledBack(
        _ fixture: GenerationFixture,
        _ directory: DataDirectory,
        _ handle: UInt32,
        _ version: UInt64
    ) throws {
        let first = try directory.collection(handle: handle)
        #expect(first.info.generation == 1)
        #expect(first.info.schema == fixture.pins.schema)
        #expect(first.directory.ordinal(of: IndexFixture.item(7)) == nil)
        #expect(first.liveCount == 99)
        #expect(first.appliedVersion >= version)
        try write(.delete([IndexFixture.item(8)]), to: first)
    }

    @Test func `a swap that is not of what was checked is refused`() throws {
        let fixture = GenerationFixture(count: 60)
        let (directory, live) = try fixture.create()
        let candidate = try fixture.load(into: directory, 0..<30)
        let checked = CheckedCandidate(candidate)
        try write(.upsert(fixture.batch(30..<60)), to: candidate)
        #expect(throws: RequestError.candidateChanged(got: 2, expected: 1)) {
            try directory.swap(live.info.handle, to: checked, isForced: false, now: 1)
        }
        #expect(try directory.collection(named: "pins") === live)
        try write(.upsert(fixture.pins.batch(0..<1)), to: live)
        try swap(directory, isForced: true)
        #expect(try directory.generations(of: "pins")[0].isForced)
        try directory.close()
    }

    @Test func `dropping removes files and keeps numbers from coming again`() throws {
        let fixture = GenerationFixture(count: 40)
        let (directory, live) = try fixture.create()
        let candidate = try fixture.load(into: directory)
        try directory.dropGeneration(.candidate, of: live.info.handle)
        #expect(throws: RequestError.noGeneration(role: .candidate)) {
            try directory.dropGeneration(.candidate, of: live.info.handle)
        }
        #expect(throws: RequestError.unknownHandle(got: candidate.info.handle)) {
            try directory.collection(handle: candidate.info.handle)
        }
        #expect(try fixture.load(into: directory).info.generation == 3)
        try swap(directory)
        let home = fixture.pins.path + "/collections/pins.\(live.info.handle)"
        #expect(try listTree(home) == ["gen-000001", "gen-000003", "taste"])
        try directory.dropGeneration(.previous, of: live.info.handle)
        #expect(try listTree(home) == ["gen-000003", "taste"])
        #expect(throws: RequestError.noGeneration(role: .previous)) {
            try directory.rollBack(live.info.handle, now: 1)
        }
        try directory.close()
    }

    @Test func `a new candidate takes the place of the previous generation`() throws {
        let fixture = GenerationFixture(count: 40)
        let (directory, live) = try fixture.create()
        _ = try fixture.load(into: directory)
        try swap(directory)
        _ = try fixture.load(into: directory)
        let roles = try directory.generations(of: "pins")
        #expect(roles.map(\.role) == [.live, .candidate])
        let home = fixture.pins.path + "/collections/pins.\(live.info.handle)"
        #expect(try listTree(home) == ["gen-000002", "gen-000003", "taste"])
        try directory.drop(named: "pins")
        #expect(try listTree(fixture.pins.path + "/collections").isEmpty)
        try directory.close()
    }
}
