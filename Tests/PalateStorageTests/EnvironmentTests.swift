import Glibc
import PalateStorage
import TestKit
import Testing

@Suite struct EnvironmentTests {
    let fixture = Fixture()

    @Test func `keeps what was committed across a reopen`() throws {
        do {
            let environment = try fixture.open()
            let table = try environment.table("rows", key: UInt64.self, creates: true)
            try environment.put(table, 7, [1, 2, 3])
        }
        let environment = try fixture.open()
        let table = try environment.table("rows", key: UInt64.self)
        #expect(try environment.value(table, 7) == [1, 2, 3])
        #expect(try environment.tableNames() == ["rows"])
    }

    @Test func `drops everything when the body throws`() throws {
        let environment = try fixture.open()
        let table = try environment.table("rows", key: UInt64.self, creates: true)
        #expect(throws: StorageError.frameWithoutSize) {
            try environment.write { transaction throws(StorageError) in
                try transaction.put(table, 1, [1])
                throw StorageError.frameWithoutSize
            }
        }
        #expect(try environment.value(table, 1) == nil)
    }

    @Test func `carries the error of the layer above`() throws {
        enum UpperError: Error, StorageFailure, Equatable {
            case storage(StorageError)
            case mine
            init(_ error: StorageError) { self = .storage(error) }
        }
        let environment = try fixture.open()
        let table = try environment.table("rows", key: UInt64.self, creates: true)
        #expect(throws: UpperError.mine) {
            try environment.read(failingWith: UpperError.self) { _ throws(UpperError) in
                throw UpperError.mine
            }
        }
        #expect(throws: UpperError.storage(.nestedTransaction)) {
            try environment.read { _ throws(StorageError) in
                let nested = Result { () throws(UpperError) in
                    try environment.write(failingWith: UpperError.self) { _ throws(UpperError) in }
                }
                return nested
            }.get()
        }
        #expect(try environment.value(table, 1) == nil)
    }

    @Test func `refuses a second open in the same process, by any path`() throws {
        let environment = try fixture.open()
        #expect(throws: StorageError.alreadyOpen(path: fixture.path)) { try fixture.open() }
        let link = "\(fixture.directory.path)/link"
        #expect(symlink(fixture.path, link) == 0)
        #expect(throws: StorageError.alreadyOpen(path: link)) {
            try Environment(path: link, mapBytes: 1 << 20, tables: 1)
        }
        #expect(environment.path == fixture.path)
    }

    @Test func `opens again after it was closed, and after a failed open`() throws {
        for _ in 0..<3 { _ = try fixture.open() }
        let data = "\(fixture.path)/data.mdb"
        #expect(truncate(data, 100) == 0)
        for _ in 0..<2 {
            #expect(throws: StorageError.corrupt(where: "data.mdb meta page 0: cut off")) {
                try fixture.open()
            }
        }
        #expect(truncate(data, 0) == 0)
        _ = try fixture.open()
    }

    @Test func `a new file has its name once it is whole`() throws {
        _ = try fixture.open()
        let data = "\(fixture.path)/data.mdb"
        let draft = "\(fixture.path)/new"
        #expect(mkdir(draft, 0o755) == 0)
        #expect(rename(data, "\(draft)/data.mdb") == 0)
        #expect(truncate("\(draft)/data.mdb", 5_000) == 0)
        #expect(throws: StorageError.notFound(path: data)) { try fixture.open(creates: false) }
        let environment = try fixture.open()
        #expect(access(draft, F_OK) != 0)
        let table = try environment.table("rows", key: UInt64.self, creates: true)
        try environment.put(table, 1, [9])
        #expect(try environment.value(table, 1) == [9])
    }

    @Test func `creates nothing and writes nothing when read-only`() throws {
        #expect(throws: StorageError.notFound(path: fixture.path)) {
            try fixture.open(readOnly: true)
        }
        do {
            let environment = try fixture.open()
            let table = try environment.table("rows", key: UInt64.self, creates: true)
            try environment.put(table, 1, [9])
        }
        let environment = try fixture.open(readOnly: true)
        let table = try environment.table("rows", key: UInt64.self, creates: true)
        #expect(try environment.value(table, 1) == [9])
        #expect(throws: StorageError.readOnly) { try environment.put(table, 2, [9]) }
        #expect(throws: StorageError.unknownTable(name: "none")) {
            try environment.table("none", key: UInt64.self, creates: true)
        }
    }

    @Test func `refuses nesting on one thread, and allows other environments`() throws {
        let environment = try fixture.open()
        let other = Fixture()
        let second = try other.open()
        let table = try environment.table("rows", key: UInt64.self, creates: true)
        let away = try second.table("rows", key: UInt64.self, creates: true)
        let nested = StorageError.nestedTransaction
        try environment.read { _ throws(StorageError) in
            try second.put(away, 1, [1])
            #expect(throws: nested) { try environment.read { _ in () } }
            #expect(throws: nested) { try environment.put(table, 1, [1]) }
            #expect(throws: nested) { try environment.growMap(to: 32 << 20) }
            #expect(throws: nested) { try environment.copy(to: "\(fixture.path)-copy") }
            #expect(throws: nested) { try environment.figures() }
            #expect(throws: nested) { try environment.checkReaders() }
            #expect(throws: nested) { try environment.table("t", key: UInt64.self) }
        }
        try environment.write { transaction throws(StorageError) in
            _ = try second.read { _ throws(StorageError) in
                #expect(throws: nested) { try environment.read { _ in () } }
            }
            try transaction.put(table, 1, [1])
        }
        #expect(try environment.value(table, 1) == [1])
        #expect(try second.value(away, 1) == [1])
    }

    @Test func `refuses the table of another environment`() throws {
        let environment = try fixture.open()
        let other = Fixture()
        let second = try other.open()
        let foreign = try second.table("rows", key: UInt64.self, creates: true)
        #expect(throws: StorageError.foreignTable(name: "rows")) {
            try environment.value(foreign, 1)
        }
        #expect(throws: StorageError.foreignTable(name: "rows")) {
            try environment.put(foreign, 1, [])
        }
    }

    @Test func `counts tables and readers against their limits`() throws {
        let environment = try Environment(
            path: fixture.path,
            mapBytes: 1 << 20,
            tables: 2,
            readers: 2
        )
        _ = try environment.table("one", key: UInt64.self, creates: true)
        _ = try environment.table("two", key: UInt64.self, creates: true)
        _ = try environment.table("two", key: UInt64.self, creates: true)
        #expect(throws: StorageError.tablesFull(limit: 2)) {
            try environment.table("three", key: UInt64.self, creates: true)
        }
        #expect(throws: StorageError.keyLength(got: 0, expected: 1...511)) {
            try environment.table("", key: UInt64.self, creates: true)
        }
        #expect(try environment.figures().readers == 1)
        #expect(try environment.figures().readersMax == 2)
        #expect(try environment.checkReaders() == 0)
    }

    @Test func `reports pages, map and the lag of the oldest reader`() throws {
        let environment = try fixture.open()
        let table = try environment.table("rows", key: UInt64.self, creates: true)
        try environment.put(table, 1, noise(100_000, seed: 1))
        let full = try environment.figures()
        #expect(full.mapBytes == fixture.mapBytes)
        #expect(full.usedBytes > 100_000)
        #expect(full.oldestReaderLag == 0)
        try environment.write { transaction throws(StorageError) in
            try transaction.delete(table, 1)
        }
        let emptied = try environment.figures()
        #expect(emptied.freeBytes >= 100_000)
        #expect(emptied.usedBytes < full.usedBytes)

        let begun = Latch()
        let done = Latch()
        let reader = startThread {
            try? environment.read { _ throws(StorageError) in
                begun.open()
                done.wait()
            }
        }
        begun.wait()
        for round in 0..<3 { try environment.put(table, 2, [UInt8(round)]) }
        #expect(try environment.figures().oldestReaderLag == 3)
        done.open()
        reader.join()
        #expect(try environment.figures().oldestReaderLag == 0)
    }

    @Test(arguments: [true, false])
    func `copies a consistent environment`(compacting: Bool) throws {
        let environment = try fixture.open()
        let table = try environment.table("rows", key: UInt64.self, creates: true)
        for key in 0..<200 as Range<UInt64> {
            try environment.put(table, key, noise(Int(key) * 40, seed: key))
        }
        let target = "\(fixture.directory.path)/a/b/copy"
        try environment.copy(to: target, compacting: compacting)
        #expect(throws: StorageError.self) { try environment.copy(to: target) }
        let copy = try Environment(path: target, mapBytes: 16 << 20, tables: 8)
        let copied = try copy.table("rows", key: UInt64.self)
        #expect(try copy.dump(copied) == environment.dump(table))
        let census = try #require(try PageCensus.take(directory: target))
        #expect(census.entries == 200)
        #expect(census.leakedPages == 0)
    }
}
