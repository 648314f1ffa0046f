import Glibc
import PalateModel
import PalateStorage
import TestKit
import Testing

/// Copies that stream out while the environment is used.
@Suite struct SnapshotTests {
    private static let rows: UInt32 = 400

    private func filled(_ fixture: Fixture) throws -> (Environment, Table<UInt32>) {
        let environment = try fixture.open()
        let table = try environment.table("rows", key: UInt32.self, creates: true)
        try environment.write { transaction throws(StorageError) in
            for row in 0..<Self.rows {
                try transaction.put(table, row, noise(4_000, seed: UInt64(row)))
            }
        }
        return (environment, table)
    }

    /// Streams a copy into a directory, calling `each` before every portion.
    private func copy(
        _ environment: Environment,
        to directory: String,
        each: () throws(StorageError) -> Void = {}
    ) throws -> SnapshotFigures {
        try FileTree.makeDirectory(directory)
        let sink = try FileSink(path: directory + "/" + FileTree.dataFileName)
        let figures = try environment.streamSnapshot(
            failingWith: StorageError.self,
            restarting: { () throws(StorageError) in try sink.truncate(to: 0) }
        ) { bytes throws(StorageError) in
            try each()
            try sink.write(bytes)
        }
        try sink.finish()
        #expect(sink.byteCount == figures.bytes)
        return figures
    }

    private func contents(_ directory: String) throws -> [UInt32: [UInt8]] {
        let environment = try Environment(path: directory, mapBytes: 1 << 20, tables: 8)
        return try environment.dump(try environment.table("rows", key: UInt32.self))
    }

    @Test func `a copy is the commit it began with, whatever is written meanwhile`() throws {
        let fixture = Fixture()
        let (environment, table) = try filled(fixture)
        let before = try environment.dump(table)
        var row: UInt32 = 0
        let target = fixture.directory.path + "/copy"
        let figures = try copy(environment, to: target) { () throws(StorageError) in
            try environment.put(table, row, [1, 2, 3])
            row += 1
        }
        #expect(row > 1)
        #expect(figures.entries == Int(Self.rows))
        #expect(try contents(target) == before)
        #expect(try environment.value(table, 0) == [1, 2, 3])
    }

    @Test func `a copy leaves free pages out, and its census is clean`() throws {
        let fixture = Fixture()
        let (environment, table) = try filled(fixture)
        try environment.write(.shrink) { transaction throws(StorageError) in
            for row in 1..<Self.rows { try transaction.delete(table, row) }
        }
        let target = fixture.directory.path + "/copy"
        let figures = try copy(environment, to: target)
        #expect(figures.bytes < 100_000)
        let census = try #require(try PageCensus.take(directory: target))
        #expect(census.entries == 1)
        #expect(census.freePages == 0)
    }

    @Test func `an environment without tables has a copy of two pages`() throws {
        let fixture = Fixture()
        let target = fixture.directory.path + "/copy"
        let figures = try copy(try fixture.open(), to: target)
        #expect((figures.bytes, figures.entries) == (8_192, 0))
        _ = try Environment(path: target, mapBytes: 1 << 20, tables: 8)
    }

    @Test func `a copy gives way to a growing map and begins again`() throws {
        let fixture = Fixture()
        let (environment, table) = try filled(fixture)
        let (grown, began) = (Latch(), Latch())
        let grower = startThread {
            began.wait()
            try? environment.growMap(to: 64 << 20)
            grown.open()
        }
        let target = fixture.directory.path + "/copy"
        // The first portion gives the other thread time to come to the gate; were the copy not to
        // give way there, the later ones would wait for ever.
        var portions = 0
        let figures = try copy(environment, to: target) { () throws(StorageError) in
            portions += 1
            began.open()
            if portions == 1 { usleep(200_000) } else { grown.wait() }
        }
        grower.join()
        #expect(try environment.figures().mapBytes == 64 << 20)
        #expect(figures.entries == Int(Self.rows))
        #expect(try contents(target) == environment.dump(table))
    }

    @Test func `a copy that is given up ends, and the environment goes on`() throws {
        let fixture = Fixture()
        let (environment, table) = try filled(fixture)
        for _ in 0..<3 {
            #expect(throws: StorageError.readOnly) {
                try copy(
                    environment,
                    to: fixture.directory.path + "/copy-\(UInt32.random(in: 0 ... .max))"
                ) { () throws(StorageError) in throw .readOnly }
            }
        }
        try environment.put(table, 0, [7])
        // Alone in the gate: no copy has stayed behind.
        try environment.growMap(to: 64 << 20)
        #expect(try environment.value(table, 0) == [7])
    }
}

/// What a damaged file still gives.
@Suite struct PageSalvageTests {
    private typealias Entries = [String: [[UInt8]: [UInt8]]]

    private func fill(_ fixture: Fixture) throws {
        let environment = try fixture.open()
        for name in ["large", "small"] {
            let table = try environment.table(name, key: UInt32.self, creates: true)
            try environment.write { transaction throws(StorageError) in
                for row in 0..<UInt32(300) {
                    let bytes = noise(name == "large" ? 9_000 : 60, seed: UInt64(row))
                    try transaction.put(table, row, bytes)
                }
            }
        }
    }

    private func read(_ path: String) throws -> (Entries, PageSalvage) {
        var entries: Entries = [:]
        let salvage = try PageSalvage.read(directory: path, failingWith: StorageError.self) {
            entry throws(StorageError) in
            entries[entry.table, default: [:]][entry.key] = entry.value
        }
        return (entries, salvage)
    }

    @Test func `a whole file gives every entry and no damage`() throws {
        let fixture = Fixture()
        try fill(fixture)
        let (entries, salvage) = try read(fixture.path)
        #expect(salvage.damages == [])
        #expect(salvage.tables == ["large": 300, "small": 300])
        #expect(entries["large"]?.count == 300)
        #expect(entries["small"]?.count == 300)
        #expect(entries["large"]?[[0, 0, 0, 9]] == noise(9_000, seed: 9))
    }

    @Test func `whatever page is zeroed, nothing wrong is read and what is missing is named`()
        throws
    {
        let fixture = Fixture()
        try fill(fixture)
        let (whole, _) = try read(fixture.path)
        let file = fixture.path + "/data.mdb"
        let bytes = try FileSource(path: file).read(1 << 30)
        var named = 0
        for page in stride(from: 0, to: bytes.count / 4_096, by: 7) {
            var damaged = bytes
            for index in page * 4_096..<(page + 1) * 4_096 { damaged[index] = 0 }
            let directory = fixture.directory.path + "/damaged-\(page)"
            try FileTree.makeDirectory(directory)
            try FileSink(path: directory + "/data.mdb").write(damaged.span.bytes)
            let (entries, salvage) = try read(directory)
            named += salvage.damages.isEmpty ? 0 : 1
            var missing = 0
            for (table, rows) in whole {
                for (key, value) in rows {
                    // Zeros inside a value are for its checksum to find.
                    guard let got = entries[table]?[key] else {
                        missing += 1
                        continue
                    }
                    #expect(got == value || table == "large", "page \(page)")
                }
            }
            #expect(missing == 0 || !salvage.damages.isEmpty, "page \(page)")
            #expect(salvage.damageCount == salvage.damages.count)
            try FileTree.remove(directory)
        }
        #expect(named > 0)
    }
}
