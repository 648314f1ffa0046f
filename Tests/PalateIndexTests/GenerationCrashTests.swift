import PalateIndex
import PalateModel
import PalateStorage
import TestKit
import Testing

/// The directory as a crash leaves it at every step of a generation's life.
@Suite struct GenerationCrashTests {
    /// What a crash now would leave, opened.
    private func crashed(
        _ fixture: GenerationFixture,
        _ step: String,
        _ body: (DataDirectory, Collection) throws -> Void
    ) throws {
        let path = fixture.pins.temporary.path + "/" + step
        try copyTree(fixture.pins.path, to: path)
        try opened(fixture, path, body)
        #expect(try Verification.run(path: path).findings == [], "\(step)")
    }

    /// Gives the directory's lock back when it returns.
    private func opened(
        _ fixture: GenerationFixture,
        _ path: String,
        _ body: (DataDirectory, Collection) throws -> Void
    ) throws {
        let directory = try fixture.pins.open(path: path)
        try body(directory, try directory.collection(named: "pins"))
        try directory.close()
    }

    @Test func `every step survives a crash`() throws {
        let fixture = GenerationFixture(count: 120)
        let (directory, live) = try fixture.create()
        let handle = live.info.handle
        let candidate = try fixture.load(into: directory, 0..<60)
        try write(.delete([IndexFixture.item(3)]), to: live)
        try crashed(fixture, "loading") { reopened, current in
            #expect(current.info.generation == 1 && current.liveCount == 119)
            let kept = try reopened.collection(handle: candidate.info.handle)
            #expect(kept.info == candidate.info && kept.liveCount == 60)
            // Loading goes on, and the delete from before the crash is not forgotten.
            try write(.upsert(fixture.batch(60..<120)), to: kept)
            try swap(reopened)
            let next = try reopened.collection(handle: handle)
            #expect(next.liveCount == 119)
            #expect(next.directory.ordinal(of: IndexFixture.item(3)) == nil)
        }
        try write(.upsert(fixture.batch(60..<120)), to: candidate)
        try swap(directory)
        try crashed(fixture, "swapped") { reopened, current in
            #expect(current.info.generation == 2 && current.liveCount == 119)
            #expect(current.info.handle == handle)
            try reopened.rollBack(handle, now: 1)
            let first = try reopened.collection(handle: handle)
            #expect(first.info.generation == 1 && first.liveCount == 119)
        }
        try directory.close()
    }

    @Test func `a crash before the catalog knew leaves what was live, and no files`() throws {
        let fixture = GenerationFixture(count: 60)
        let (directory, live) = try fixture.create()
        let home = "/collections/pins.\(live.info.handle)"
        // The catalog of before, beside files of after: made, swapped and dropped half.
        let catalog = fixture.pins.temporary.path + "/catalog"
        try copyTree(fixture.pins.path + "/catalog", to: catalog)
        _ = try fixture.load(into: directory)
        let path = fixture.pins.temporary.path + "/made"
        try copyTree(fixture.pins.path, to: path)
        try removeTree(path + "/catalog")
        try copyTree(catalog, to: path + "/catalog")
        #expect(try listTree(path + home) == ["gen-000001", "gen-000002", "taste"])
        let reopened = try fixture.pins.open(path: path)
        #expect(try listTree(path + home) == ["gen-000001", "taste"])
        #expect(try reopened.generations(of: "pins").map(\.role) == [.live])
        #expect(try fixture.load(into: reopened).info.generation == 2)
        try reopened.close()
        try directory.close()
    }

    @Test func `a crash between catching up and the catalog can be swapped again`() throws {
        let fixture = GenerationFixture(count: 60)
        let (directory, live) = try fixture.create()
        _ = try fixture.load(into: directory)
        try write(.delete([IndexFixture.item(1)]), to: live)
        let catalog = fixture.pins.temporary.path + "/catalog"
        try copyTree(fixture.pins.path + "/catalog", to: catalog)
        try swap(directory)
        let path = fixture.pins.temporary.path + "/half"
        try copyTree(fixture.pins.path, to: path)
        try removeTree(path + "/catalog")
        try copyTree(catalog, to: path + "/catalog")
        let reopened = try fixture.pins.open(path: path)
        #expect(try reopened.collection(named: "pins").info.generation == 1)
        try write(.delete([IndexFixture.item(2)]), to: reopened.collection(named: "pins"))
        try swap(reopened)
        let current = try reopened.collection(named: "pins")
        #expect(current.info.generation == 2 && current.liveCount == 58)
        try reopened.close()
        try directory.close()
    }

    @Test func `a damaged candidate does not keep the live generation from serving`() throws {
        let fixture = GenerationFixture(count: 60)
        let (directory, live) = try fixture.create()
        _ = try fixture.load(into: directory)
        let handle = live.info.handle
        try directory.close()
        let path = fixture.pins.temporary.path + "/damaged"
        try copyTree(fixture.pins.path, to: path)
        try writeFile(
            path + "/collections/pins.\(handle)/gen-000002/data.mdb",
            [UInt8](repeating: 7, count: 8_192)
        )
        let findings = try Verification.run(path: path).findings
        let named = findings.filter { $0.collection == "pins generation 2" }
        #expect(!findings.isEmpty && named == findings)
        let reopened = try fixture.pins.open(path: path)
        #expect(try reopened.collection(named: "pins").liveCount == 60)
        #expect(try reopened.generations(of: "pins").map(\.isDamaged) == [false, true])
        #expect(throws: RequestError.self) { try reopened.candidate(of: handle) }
        try reopened.dropGeneration(.candidate, of: handle)
        #expect(try fixture.load(into: reopened).info.generation == 3)
        try reopened.close()
    }
}
