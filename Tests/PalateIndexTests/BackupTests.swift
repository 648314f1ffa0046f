import Dispatch
import Glibc
import PalateIndex
import PalateModel
import PalateStorage
import Synchronization
import TestKit
import Testing

/// Backups of running and stopped directories, and what is restored from them.
@Suite struct BackupTests {
    private static let rows = 300

    private func make(_ fixture: IndexFixture) throws -> (DataDirectory, Collection) {
        let (directory, collection) = try fixture.create()
        try write(.upsert(fixture.batch(0..<Self.rows)), to: collection)
        try tell(
            (0..<20).map {
                Event(
                    user: UserID($0 % 5),
                    item: IndexFixture.item($0),
                    type: .save,
                    timeMilliseconds: 1_000
                )
            },
            to: collection
        )
        return (directory, collection)
    }

    /// A stopped directory, for the tests of damage.
    private func closed(_ fixture: IndexFixture) throws {
        let (directory, _) = try make(fixture)
        try directory.close()
    }

    /// Restores a backup; everything it should hold is there.
    private func check(_ backup: String, _ fixture: IndexFixture, rows: Int) throws {
        let path = fixture.temporary.path + "/restored"
        try Restore.run(backup: backup, to: path)
        #expect(try whenFree { try Verification.run(path: path) }.findings == [])
        let directory = try fixture.open(path: path)
        let collection = try directory.collection(named: "pins")
        let got = try collection.get((0..<rows).map(IndexFixture.item), wantsVectors: true)
        #expect(got.found.allSatisfy { $0 })
        #expect(got.vectors == Array(fixture.vectors.values.prefix(rows * 16)))
        #expect(got.payloads == (0..<rows).map(IndexFixture.payload))
        #expect(nearest(Array(fixture.vectors[3]), in: collection).first == IndexFixture.item(3))
        #expect(try collection.stats().events == 20)
        try directory.close()
        try removeTree(path)
    }

    @Test(arguments: BackupForm.allCases)
    func `a backup taken while rows are written holds all that came before`(
        form: BackupForm
    ) throws {
        let fixture = IndexFixture(count: 600)
        let (directory, collection) = try make(fixture)
        let isDone = Atomic(false)
        let writes = Atomic(0)
        let writer = Background {
            for start in stride(from: Self.rows, to: 600, by: 10) {
                if isDone.load(ordering: .relaxed) { return }
                _ = try? write(.upsert(fixture.batch(start..<start + 10)), to: collection)
                writes.wrappingAdd(1, ordering: .relaxed)
            }
        }
        let target = fixture.temporary.path + "/backup"
        let receipt = try directory.backup(BackupOrder(target: target, form: form))
        isDone.store(true, ordering: .relaxed)
        writer.join()
        #expect(receipt.files == 3)
        #expect(receipt.entries > UInt64(3 * Self.rows))
        try directory.close()
        try check(target, fixture, rows: Self.rows)
        #expect(try listTree(fixture.temporary.path) == ["backup", "data"])
    }

    @Test func `a stopped directory is backed up to the same content`() throws {
        let fixture = IndexFixture(count: Self.rows)
        try closed(fixture)
        let target = fixture.temporary.path + "/backup"
        _ = try whenFree {
            try StoppedBackup.run(path: fixture.path, BackupOrder(target: target))
        }
        try check(target, fixture, rows: Self.rows)
    }

    @Test func `a backup of one collection has that one alone`() throws {
        let fixture = IndexFixture(count: Self.rows)
        let (directory, _) = try make(fixture)
        var other = fixture.schema
        other.name = "other"
        _ = try directory.create(other)
        let target = fixture.temporary.path + "/backup"
        let receipt = try directory.backup(BackupOrder(target: target, collection: "pins"))
        #expect(receipt.files == 3)
        #expect(throws: IndexError.request(.unknownCollection(name: "none"))) {
            try directory.backup(
                BackupOrder(target: fixture.temporary.path + "/none", collection: "none")
            )
        }
        try directory.close()
        try check(target, fixture, rows: Self.rows)
        #expect(try listTree(target + "/collections") == ["pins.1"])
    }

    @Test func `nothing that is there is overwritten`() throws {
        let fixture = IndexFixture(count: Self.rows)
        let (directory, _) = try make(fixture)
        let target = fixture.temporary.path + "/backup"
        _ = try directory.backup(BackupOrder(target: target))
        #expect(throws: IndexError.request(.backupExists(path: target))) {
            try directory.backup(BackupOrder(target: target))
        }
        #expect(throws: IndexError.request(.backupExists(path: fixture.path))) {
            try Restore.run(backup: target, to: fixture.path)
        }
        try directory.close()
    }

    @Test func `a backup that is cancelled leaves nothing`() throws {
        let fixture = IndexFixture(count: Self.rows)
        let (directory, _) = try make(fixture)
        for form in BackupForm.allCases {
            #expect(throws: IndexError.request(.shuttingDown)) {
                try directory.backup(
                    BackupOrder(
                        target: fixture.temporary.path + "/backup",
                        form: form,
                        isCancelled: { true }
                    )
                )
            }
        }
        #expect(try listTree(fixture.temporary.path) == ["data"])
        try directory.close()
    }

    @Test func `a damaged backup is refused by name and leaves nothing`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let fixture = IndexFixture(count: Self.rows)
        try closed(fixture)
        let target = fixture.temporary.path + "/backup"
        let path = fixture.temporary.path + "/restored"
        _ = try whenFree {
            try StoppedBackup.run(path: fixture.path, BackupOrder(target: target))
        }
        let files = [
            "MANIFEST", "catalog/data.mdb", "collections/pins.1/gen-000001/data.mdb",
            "collections/pins.1/taste/data.mdb",
        ]
        for round in 0..<40 {
            let name = files[round % files.count]
            let whole = try readFile("\(target)/\(name)")
            var bytes = whole
            if round < 20 {
                bytes[Int.random(in: bytes.indices, using: &generator)] ^=
                    1 << UInt8.random(in: 0..<8, using: &generator)
            } else {
                bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator))
            }
            try writeFile("\(target)/\(name)", bytes)
            let error = #expect(throws: IndexError.self) {
                try Restore.run(backup: target, to: path)
            }
            #expect("\(try #require(error))".contains(name), "\(String(describing: error))")
            try writeFile("\(target)/\(name)", whole)
        }
        unlink("\(target)/\(files[2])")
        #expect(throws: IndexError.missing(place: "\(target)/\(files[2])")) {
            try Restore.run(backup: target, to: path)
        }
        #expect(try listTree(fixture.temporary.path) == ["backup", "data"])
    }

    @Test func `a damaged backup file is refused, wherever it is cut or flipped`() throws {
        var generator = SeededGenerator(seed: testSeed())
        let fixture = IndexFixture(count: Self.rows)
        try closed(fixture)
        let target = fixture.temporary.path + "/backup"
        let path = fixture.temporary.path + "/restored"
        _ = try whenFree {
            try StoppedBackup.run(path: fixture.path, BackupOrder(target: target, form: .file))
        }
        let whole = try readFile(target)
        for round in 0..<60 {
            var bytes = whole
            if round % 2 == 0 {
                let place = round < 24 ? round : Int.random(in: bytes.indices, using: &generator)
                bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            } else {
                bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator))
            }
            try writeFile(target, bytes)
            #expect(throws: IndexError.self) { try Restore.run(backup: target, to: path) }
        }
        try writeFile(target, whole + [0])
        #expect(throws: IndexError.self) { try Restore.run(backup: target, to: path) }
        #expect(try listTree(fixture.temporary.path) == ["backup", "data"])
        try writeFile(target, whole)
        try Restore.run(backup: target, to: path)
    }

    @Test func `a manifest cannot lead out of the directory`() throws {
        let fixture = IndexFixture(count: 1)
        let target = fixture.temporary.path + "/backup"
        mkdir(target, 0o755)
        for path in ["../data.mdb", "/etc/data.mdb", "catalog/../../data.mdb", "catalog/passwd"] {
            var text = Array("palate-backup 1\nserver 00\nfile 1 0 0 \(path)\n".utf8)
            text += Array("crc32c \(hex(castagnoli(text)))\n".utf8)
            try writeFile(target + "/MANIFEST", text)
            let error = #expect(throws: IndexError.self) {
                try Restore.run(backup: target, to: fixture.temporary.path + "/restored")
            }
            #expect("\(try #require(error))".contains("path \(path)"))
        }
    }

    /// CRC32C by its definition, an oracle.
    private func castagnoli(_ bytes: [UInt8]) -> UInt32 {
        var crc = ~UInt32(0)
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82f6_3b78 : crc >> 1 }
        }
        return ~crc
    }

    private func hex(_ value: UInt32) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 8 - text.count) + text
    }
}

/// A thread that is waited for.
final class Background: Sendable {
    private let done = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () -> Void) {
        DispatchQueue(label: "test").async {
            body()
            self.done.signal()
        }
    }

    func join() { done.wait() }
}

/// Retries while somebody's last reference still holds a directory or its lock; any other failure
/// is the body's own.
func whenFree<Value>(_ body: () throws -> Value) throws -> Value {
    for _ in 0..<500 {
        do {
            return try body()
        } catch IndexError.storage(.inUse), IndexError.storage(.alreadyOpen),
            StorageError.alreadyOpen
        {
            usleep(10_000)
        }
    }
    return try body()
}
