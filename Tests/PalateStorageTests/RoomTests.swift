import Glibc
import PalateModel
import PalateStorage
import Synchronization
import TestKit
import Testing

/// Maps that grow by themselves, and what is kept for deletes.
@Suite struct RoomTests {
    private static let start = 256 << 10
    private static let most = 8 << 20

    private func open(_ fixture: Fixture, most: Int = most) throws -> Environment {
        try Environment(path: fixture.path, mapBytes: Self.start, mapBytesMax: most, tables: 8)
    }

    @Test func `the map doubles before it is full and ends at its most`() throws {
        let fixture = Fixture()
        let environment = try open(fixture, most: 1 << 20)
        let table = try environment.table("rows", key: UInt64.self, creates: true)
        var sizes: [Int] = []
        var written: UInt64 = 0
        #expect(throws: StorageError.self) {
            while true {
                let size = try environment.figures().mapBytes
                if sizes.last != size { sizes.append(size) }
                try environment.put(table, written, noise(10_000, seed: written))
                written += 1
            }
        }
        #expect(sizes == [256 << 10, 512 << 10, 1 << 20])
        #expect(environment.health.state == .full)
        #expect(try environment.figures().mapBytesMax == 1 << 20)
        #expect(try environment.dump(table).count == Int(written))
    }

    @Test func `a body that the map is too small for runs again once the map has grown`() throws {
        let fixture = Fixture()
        let environment = try open(fixture)
        let table = try environment.table("rows", key: UInt64.self, creates: true)
        let runs = Atomic(0)
        try environment.write { transaction throws(StorageError) in
            runs.add(1, ordering: .relaxed)
            for key in 0..<40 as Range<UInt64> {
                try transaction.put(table, key, noise(50_000, seed: key).span.bytes)
            }
        }
        // 256 KiB, 512 KiB, 1 MiB and 2 MiB hold fewer than 40 values of 52 KiB beside the root.
        #expect(runs.load(ordering: .relaxed) == 5)
        #expect(try environment.figures().mapBytes == 4 << 20)
        #expect(try environment.dump(table).count == 40)
        #expect(environment.health.state == .healthy)
    }

    @Test func `a map grows under readers and writers, who lose nothing`() throws {
        let fixture = Fixture()
        let environment = try open(fixture)
        let table = try environment.table("rows", key: UInt64.self, creates: true)
        try environment.put(table, 0, noise(3_000, seed: 0))
        let isDone = Atomic(false)
        let failures = ReadWriteLock<[String]>([])
        let readers = (0..<3).map { number in
            startThread {
                while !isDone.load(ordering: .relaxed) {
                    do {
                        if try environment.value(table, 0) != noise(3_000, seed: 0) {
                            failures.withWriteLock { $0.append("reader \(number): another value") }
                        }
                    } catch {
                        failures.withWriteLock { $0.append("reader \(number): \(error)") }
                    }
                }
            }
        }
        let writers = (0..<2).map { (number: UInt64) in
            startThread {
                for round in 1...150 as ClosedRange<UInt64> {
                    do {
                        let key = round * 2 + number
                        try environment.put(table, key, noise(10_000, seed: key))
                    } catch {
                        failures.withWriteLock { $0.append("writer \(number): \(error)") }
                    }
                }
            }
        }
        for writer in writers { writer.join() }
        isDone.store(true, ordering: .relaxed)
        for reader in readers { reader.join() }
        #expect(failures.withWriteLock { $0 } == [])
        #expect(try environment.figures().mapBytes == Self.most)
        let rows = try environment.dump(table)
        #expect(rows.count == 301)
        #expect(rows.allSatisfy { key, value in key == 0 || value == noise(10_000, seed: key) })
    }

    @Test func `a read that stays open delays growing and nobody else`() throws {
        let fixture = Fixture()
        let environment = try open(fixture)
        let table = try environment.table("rows", key: UInt64.self, creates: true)
        for key in 0..<8 as Range<UInt64> {
            try environment.put(table, key, noise(10_000, seed: key))
        }
        let (reading, done) = (Latch(), Latch())
        let reader = startThread {
            try? environment.read { _ throws(StorageError) in
                reading.open()
                done.wait()
            }
        }
        reading.wait()
        usleep(50_000)
        // Past half of the map: these would have grown it.
        for key in 20..<24 as Range<UInt64> {
            try environment.put(table, key, noise(10_000, seed: key))
            #expect(try environment.value(table, key) == noise(10_000, seed: key))
        }
        let behind = try environment.figures()
        #expect(behind.mapBytes == Self.start)
        #expect(behind.oldestReaderLag == 4)
        #expect(behind.oldestReaderMilliseconds >= 40)
        done.open()
        reader.join()
        #expect(try environment.figures().oldestReaderLag == 0)
        // Growing is tried again a second after it was given up.
        while try environment.figures().mapBytes == Self.start {
            try environment.put(table, 30, [1])
            usleep(10_000)
        }
        #expect(try environment.figures().mapBytes > Self.start)
    }

    @Test func `a file opened again has twice its size for a map`() throws {
        let fixture = Fixture()
        do {
            let environment = try open(fixture)
            let table = try environment.table("rows", key: UInt64.self, creates: true)
            try environment.put(table, 1, noise(3 << 20, seed: 1))
        }
        let environment = try open(fixture)
        let figures = try environment.figures()
        #expect(figures.mapBytes >= 2 * figures.fileBytes - 65_536)
        #expect(figures.mapBytes <= Self.most)
    }

    @Test func `deletes go on where the disk has no room left, and then what they freed is used`()
        async
    {
        // The limit holds for the whole process, so the test has one of its own.
        await #expect(processExitsWith: .success) {
            guard try deleteAtTheLimit(besideReads: false) else { exit(1) }
        }
    }

    /// Four writes of a MiB would fit under the limit, and leave nothing.
    @Test func `a large write is refused where its commit would take what is kept for deletes`()
        async
    {
        await #expect(processExitsWith: .success) {
            guard try deleteAtTheLimit(besideReads: false, rowsPerWrite: 80) else { exit(1) }
        }
    }

    /// What deletes free is not theirs while a read sees it: more than is kept for them.
    @Test func `deletes on a full disk outlast reads that hold what they freed`() async {
        await #expect(processExitsWith: .success) {
            guard try deleteAtTheLimit(besideReads: true) else { exit(1) }
        }
    }
}

/// Fills a file to RLIMIT_FSIZE, deletes, and writes again; whether all went as promised.
private func deleteAtTheLimit(besideReads: Bool, rowsPerWrite: UInt64 = 1) throws -> Bool {
    signal(SIGXFSZ, SIG_IGN)
    let fixture = Fixture()
    let environment = try fixture.open()
    let table = try environment.table("rows", key: UInt64.self, creates: true)
    let states = ReadWriteLock<[WriteState]>([])
    environment.observe { health in states.withWriteLock { $0.append(health.state) } }
    let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { return false }
    limit.rlim_cur = 4 << 20
    guard setrlimit(resource, &limit) == 0 else { return false }
    var written: UInt64 = 0
    var refusal: StorageError?
    while refusal == nil {
        do throws(StorageError) {
            try environment.write { transaction throws(StorageError) in
                for key in written..<written + rowsPerWrite {
                    try transaction.put(table, key, noise(10_000, seed: key).span.bytes)
                }
            }
            written += rowsPerWrite
        } catch {
            refusal = error
        }
    }
    // A MiB is kept.
    guard refusal == .diskFull(status: StorageStatus(rawValue: EFBIG)),
        (150...260).contains(written), environment.health.state == .full,
        try environment.figures().fileBytes <= (3 << 20) + (64 << 10)
    else { return false }
    environment.lookForRoom()
    guard environment.health.state == .full else { return false }
    let reads = ReadWriteLock(besideReads)
    let reader = startThread {
        while reads.withReadLock({ $0 }) {
            try? environment.read { _ throws(StorageError) in _ = usleep(100_000) }
        }
    }
    usleep(10_000)
    defer {
        reads.withWriteLock { $0 = false }
        reader.join()
    }
    for key in 0..<written where key % 2 == 0 {
        try environment.write(.shrink) { transaction throws(StorageError) in
            try transaction.delete(table, key)
        }
    }
    guard try environment.dump(table).count == Int(written / 2) else { return false }
    limit.rlim_cur = 16 << 20
    guard setrlimit(resource, &limit) == 0 else { return false }
    environment.lookForRoom()
    guard environment.health.state == .healthy else { return false }
    for key in 0..<written { try environment.put(table, key, noise(10_000, seed: key)) }
    return try environment.dump(table).count == Int(written)
        && states.withWriteLock { $0 } == [.full, .healthy]
}
