import Dispatch
import Glibc
import PalateIndex
import PalateModel
import PalateStorage
import TestKit
import Testing

/// Creating, dropping, and dying in the middle of either.
@Suite struct DataDirectoryTests {
    private static func schema(_ name: String) -> CollectionSchema {
        CollectionSchema(name: name, dimensions: 4, metric: "l2")
    }

    @Test func `the same schema again answers the same collection, another is refused`() throws {
        let fixture = IndexFixture(count: 1)
        let directory = try fixture.open()
        let first = try directory.create(Self.schema("a"))
        #expect(try directory.create(Self.schema("a")) === first)
        var other = Self.schema("a")
        other.dimensions = 5
        #expect(throws: RequestError.collectionExists(name: "a")) { try directory.create(other) }
        #expect(try directory.collection(handle: first.info.handle) === first)
        try directory.close()
        #expect(throws: RequestError.shuttingDown) { try directory.create(Self.schema("b")) }
    }

    @Test(arguments: ["", ".a", "a/b", "a b", "ä", String(repeating: "x", count: 65)])
    func `a name that could leave the directory is refused`(name: String) throws {
        let fixture = IndexFixture(count: 1)
        let directory = try fixture.open()
        #expect(throws: RequestError.badName(got: name)) {
            try directory.create(Self.schema(name))
        }
        try directory.close()
    }

    @Test func `a dropped name is free again and its handle never given twice`() throws {
        let fixture = IndexFixture(count: 1)
        try {
            let directory = try fixture.open()
            let old = try directory.create(Self.schema("a"))
            try write(.upsert(RowBatch(ids: [1], vectors: [1, 2, 3, 4])), to: old)
            try directory.drop(named: "a")
            #expect(throws: RequestError.unknownHandle(got: old.info.handle)) {
                try directory.collection(handle: old.info.handle)
            }
            #expect(throws: RequestError.shuttingDown) {
                try write(.upsert(RowBatch(ids: [2], vectors: [1, 2, 3, 4])), to: old)
            }
            // Who still holds it can read it to the end.
            #expect(try old.get([1], wantsVectors: true).vectors == [1, 2, 3, 4])
            let new = try directory.create(Self.schema("a"))
            #expect(new.info.handle != old.info.handle)
            #expect(try new.get([1], wantsVectors: false).found == [false])
            try directory.close()
        }()
        let again = try eventually { try fixture.open() }
        #expect(again.collections.map(\.info.schema.name) == ["a"])
        #expect(try listTree(fixture.path + "/collections").count == 1)
        try again.close()
    }

    @Test func `what dying while creating or dropping left behind is removed`() throws {
        let fixture = IndexFixture(count: 20)
        try {
            let (directory, collection) = try fixture.create()
            try write(.upsert(fixture.batch(0..<20)), to: collection)
            try directory.close()
        }()
        // Killed before the catalog's entry was written, or after it was removed: files alone.
        let collections = fixture.path + "/collections"
        try copyTree(collections + "/pins.1", to: collections + "/pins.2")
        try copyTree(collections + "/pins.1", to: collections + "/gone.3")
        let directory = try eventually { try fixture.open() }
        #expect(try listTree(collections) == ["pins.1"])
        #expect(try directory.collection(named: "pins").stats().liveItems == 20)
        try directory.close()
    }

    @Test func `a lost catalog is refused, not taken for an empty directory`() throws {
        let fixture = IndexFixture(count: 20)
        try {
            let (directory, collection) = try fixture.create()
            try write(.upsert(fixture.batch(0..<20)), to: collection)
            try directory.close()
        }()
        let catalog = fixture.path + "/catalog"
        let kept = fixture.temporary.path + "/kept"
        try eventually { try fixture.open().close() }
        try copyTree(catalog, to: kept)
        try removeTree(catalog)
        #expect(throws: IndexError.storage(.notFound(path: catalog))) { try fixture.open() }
        #expect(mkdir(catalog, 0o755) == 0)
        try writeFile(catalog + "/data.mdb", [])
        #expect(throws: IndexError.self) { try fixture.open() }
        #expect(try listTree(fixture.path + "/collections") == ["pins.1"])
        try removeTree(catalog)
        try copyTree(kept, to: catalog)
        let directory = try fixture.open()
        #expect(try directory.collection(named: "pins").stats().liveItems == 20)
        try directory.close()
    }

    @Test(arguments: ["gen-000001", "taste"])
    func `a lost file of a collection is refused, not made anew`(_ name: String) throws {
        let fixture = IndexFixture(count: 20)
        try {
            let (directory, collection) = try fixture.create()
            try write(.upsert(fixture.batch(0..<20)), to: collection)
            try directory.close()
        }()
        let directory = fixture.path + "/collections/pins.1/" + name
        let file = directory + "/data.mdb"
        #expect(try eventually { try Verification.run(path: fixture.path) }.findings == [])
        try writeFile(file, [])
        let empty = IndexError.storage(.corrupt(where: "\(file): empty"))
        #expect(throws: empty) { try fixture.open() }
        let findings = try fixture.findings()
        #expect(findings == ["pins: \(file): empty"])
        try removeTree(file)
        #expect(throws: IndexError.storage(.notFound(path: file))) { try fixture.open() }
        try removeTree(directory)
        #expect(throws: IndexError.storage(.notFound(path: directory))) { try fixture.open() }
    }

    @Test func `a directory belongs to one owner at a time`() throws {
        let fixture = IndexFixture(count: 1)
        let directory = try fixture.open()
        #expect {
            try fixture.open()
        } throws: { error in
            guard let error = error as? IndexError,
                case .storage(.inUse(_, let processID)) = error
            else { return false }
            return processID == getpid()
        }
        #expect(throws: IndexError.self) { try Verification.run(path: fixture.path) }
        try directory.close()
    }

    @Test func `its identity outlives reopening and differs between directories`() throws {
        let (one, other) = (IndexFixture(count: 1), IndexFixture(count: 1))
        let first = try one.open().serverID
        let second = try eventually { try one.open() }.serverID
        #expect(first == second)
        #expect(try other.open().serverID != first)
    }

    @Test func `dropping while others read and write ends well for all`() throws {
        let fixture = IndexFixture(count: 200)
        let directory = try fixture.open()
        let unexpected = ReadWriteLock<[String]>([])
        for _ in 0..<4 {
            let collection = try directory.create(fixture.schema)
            try write(.upsert(fixture.batch(0..<100)), to: collection)
            DispatchQueue.concurrentPerform(iterations: 3) { thread in
                do {
                    switch thread {
                    case 0:
                        try directory.drop(named: "pins")
                    case 1:
                        for row in 100..<140 {
                            try write(.upsert(fixture.batch(row..<row + 1)), to: collection)
                        }
                    default:
                        for row in 0..<40 {
                            let item = IndexFixture.item(row)
                            let found = nearest(Array(fixture.vectors[row]), in: collection)
                            let got = try collection.get([item], wantsVectors: true)
                            if !found.contains(item) || !got.found[0] {
                                unexpected.withWriteLock { $0.append("row \(row) is gone") }
                            }
                        }
                    }
                } catch RequestError.shuttingDown {
                } catch {
                    unexpected.withWriteLock { $0.append("\(error)") }
                }
            }
        }
        #expect(unexpected.withWriteLock { $0 } == [])
        try directory.close()
    }
}
