import Glibc
import PalateModel
import PalateStorage
import Synchronization
import TestKit
import Testing

@Suite struct FailureTests {
    @Test func `deletes and reads while the map is full, and writes again once it has grown`()
        throws
    {
        let fixture = Fixture(mapBytes: 1 << 20)
        let environment = try fixture.open()
        let table = try environment.table("rows", key: UInt64.self, creates: true)
        var written: UInt64 = 0
        let full = #expect(throws: StorageError.self) {
            while true {
                try environment.put(table, written, noise(10_000, seed: written))
                written += 1
            }
        }
        guard case .mapFull(let used, let map) = full else {
            Issue.record("unexpected \(String(describing: full))")
            return
        }
        #expect(map == 1 << 20)
        #expect(Double(used) > 0.8 * Double(map))
        #expect(written > 50)
        // Past the soft limit, up to what LMDB itself refuses.
        let hard = #expect(throws: StorageError.self) {
            while true {
                try environment.put(table, written, noise(10_000, seed: written), .shrink)
                written += 1
            }
        }
        #expect(hard == .mapFull(usedBytes: map, mapBytes: map))
        #expect(try environment.dump(table).count == Int(written))
        #expect(throws: StorageError.mapTooSmall(got: 4_096, expected: map)) {
            try environment.growMap(to: 4_096)
        }
        try environment.write(.shrink) { transaction throws(StorageError) in
            try transaction.delete(table, 0)
        }
        #expect(try environment.value(table, 0) == nil)
        try environment.growMap(to: 4 << 20)
        #expect(try environment.figures().mapBytes == 4 << 20)
        try environment.put(table, 0, [1])
        #expect(try environment.value(table, written - 1) == noise(10_000, seed: written - 1))
    }

    @Test func `reports a full map even when the body swallows it`() throws {
        let fixture = Fixture(mapBytes: 1 << 20)
        let environment = try fixture.open()
        let table = try environment.table("rows", key: UInt64.self, creates: true)
        let map = fixture.mapBytes
        #expect(throws: StorageError.mapFull(usedBytes: map, mapBytes: map)) {
            try environment.write { transaction throws(StorageError) in
                try transaction.put(table, 1, [1])
                do { try transaction.reserve(table, 2, byteCount: 4 << 20) { _ in } } catch {}
            }
        }
        #expect(try environment.dump(table) == [:])
        try environment.put(table, 1, [2])
        #expect(try environment.dump(table) == [1: [2]])
    }

    @Test func `keeps old data when the disk is full, and writes again when it is not`() throws {
        let fixture = Fixture()
        let environment = try fixture.open()
        let table = try environment.table("rows", key: UInt64.self, creates: true)
        try environment.put(table, 1, [1])
        let data = "\(fixture.path)/data.mdb"
        let pages = try #require(descriptors(of: data) { $0 & O_DSYNC == 0 }.first)
        // /dev/full answers every write with ENOSPC.
        try replacing(pages, by: "/dev/full", O_RDWR) {
            for _ in 0..<3 {
                let status = StorageStatus(rawValue: ENOSPC)
                #expect(throws: StorageError.diskFull(status: status)) {
                    try environment.put(table, 2, noise(50_000, seed: 2))
                }
                let kept = try environment.dump(table)
                #expect(kept == [1: [1]])
            }
        }
        try environment.put(table, 2, [2])
        #expect(try environment.dump(table) == [1: [1], 2: [2]])
    }

    @Test func `stops writing for good after a failed flush, and reads on`() throws {
        let fixture = Fixture()
        do {
            let environment = try fixture.open()
            let table = try environment.table("rows", key: UInt64.self, creates: true)
            try environment.put(table, 1, [1])
            let data = "\(fixture.path)/data.mdb"
            let pages = try #require(descriptors(of: data) { $0 & O_DSYNC == 0 }.first)
            // A read-only descriptor refuses the pages with EBADF.
            try replacing(pages, by: data, O_RDONLY) {
                let error = #expect(throws: StorageError.self) {
                    try environment.put(table, 2, [2])
                }
                guard case .ioFailed(_, StorageStatus(rawValue: EBADF)) = error else {
                    Issue.record("unexpected \(String(describing: error))")
                    return
                }
            }
            let stopped = StorageError.failedForWriting(status: StorageStatus(rawValue: EBADF))
            #expect(throws: stopped) { try environment.put(table, 2, [2]) }
            #expect(throws: stopped) { try environment.growMap(to: 64 << 20) }
            #expect(throws: stopped) {
                try environment.table("more", key: UInt64.self, creates: true)
            }
            #expect(try environment.dump(table) == [1: [1]])
        }
        let environment = try fixture.open()
        let table = try environment.table("rows", key: UInt64.self)
        try environment.put(table, 2, [2])
        #expect(try environment.dump(table) == [1: [1], 2: [2]])
    }

    @Test func `takes writes again once it was opened again, without the failed one`() throws {
        let fixture = Fixture()
        let environment = try fixture.open()
        let first = try environment.table("first", key: UInt64.self, creates: true)
        let second = try environment.table("second", key: UInt64.self, creates: true)
        let states = ReadWriteLock<[WriteState]>([])
        environment.observe { health in states.withWriteLock { $0.append(health.state) } }
        let data = "\(fixture.path)/data.mdb"
        // The pages fail in the first round, the meta page in the second, by turns.
        for round in 0..<6 as Range<UInt64> {
            try environment.put(first, round, noise(5_000, seed: round))
            let isMeta = round % 2 == 1
            let descriptor = try #require(
                descriptors(of: data) { flags in
                    (flags & O_DSYNC != 0) == isMeta && flags & O_ACCMODE != O_RDONLY
                }.first
            )
            try replacing(descriptor, by: data, O_RDONLY) {
                _ = #expect(throws: StorageError.self) {
                    try environment.put(second, round, noise(9_000, seed: round))
                }
            }
            #expect(environment.health.state == .failed)
            #expect(throws: StorageError.self) { try environment.put(second, round, [1]) }
            try environment.recover()
            #expect(environment.health.state == .healthy)
            #expect(environment.health.lastFailure != nil)
            #expect(try environment.dump(first).count == Int(round + 1))
            #expect(try environment.dump(second) == [:])
        }
        try environment.put(second, 1, [2])
        #expect(try environment.dump(second) == [1: [2]])
        #expect(states.withWriteLock { $0 } == (0..<6).flatMap { _ in [.failed, .healthy] })
    }

    @Test func `stays failed where the failed commit reached the disk after all`() throws {
        let fixture = Fixture()
        let environment = try fixture.open()
        let table = try environment.table("rows", key: UInt64.self, creates: true)
        try environment.put(table, 1, [1])
        let data = "\(fixture.path)/data.mdb"
        let meta = try #require(descriptors(of: data) { $0 & O_DSYNC != 0 }.first)
        try replacing(meta, by: data, O_RDONLY) {
            _ = #expect(throws: StorageError.self) { try environment.put(table, 1, [9]) }
        }
        let failed = try environment.figures().lastTransaction
        // The other meta page as that commit would have left it: its last page and its number.
        let file = open(data, O_RDWR)
        defer { close(file) }
        var numbers = [64, failed + 1]
        let place = Int((failed + 1) & 1) * 4_096 + 136
        #expect(pwrite(file, &numbers, 16, off_t(place)) == 16)
        let error = #expect(throws: StorageError.self) { try environment.recover() }
        #expect(error == .unacknowledgedCommit(got: failed + 1, expected: failed))
        #expect(environment.health.state == .failed)
        #expect(throws: StorageError.self) { try environment.put(table, 1, [2]) }
    }

    @Test func `reads on with the same tables after the meta page could not be written`() throws {
        let fixture = Fixture()
        do {
            let environment = try fixture.open()
            let first = try environment.table("first", key: UInt64.self, creates: true)
            let second = try environment.table("second", key: UInt64.self, creates: true)
            try environment.put(first, 1, [1])
            try environment.put(second, 2, [2])
            let data = "\(fixture.path)/data.mdb"
            let meta = try #require(descriptors(of: data) { $0 & O_DSYNC != 0 }.first)
            let reading = Latch()
            let failed = Latch()
            let reader = startThread {
                try? environment.read { transaction throws(StorageError) in
                    reading.open()
                    usleep(20_000)
                    #expect(try transaction.bytes(first, 1) == [1])
                }
                failed.open()
            }
            reading.wait()
            // LMDB goes into MDB_PANIC, which refuses reads too, until it is opened again.
            try replacing(meta, by: data, O_RDONLY) {
                let error = #expect(throws: StorageError.self) {
                    try environment.put(first, 1, [9])
                }
                guard case .ioFailed(_, StorageStatus(rawValue: EBADF)) = error else {
                    Issue.record("unexpected \(String(describing: error))")
                    return
                }
            }
            failed.wait()
            reader.join()
            let stopped = StorageError.failedForWriting(status: StorageStatus(rawValue: EBADF))
            #expect(throws: stopped) { try environment.put(first, 1, [9]) }
            #expect(try environment.dump(first) == [1: [1]])
            #expect(try environment.dump(second) == [2: [2]])
            #expect(try environment.tableNames() == ["first", "second"])
        }
        let environment = try fixture.open()
        let first = try environment.table("first", key: UInt64.self)
        try environment.put(first, 1, [9])
        #expect(try environment.dump(first) == [1: [9]])
    }

    @Test func `no read fails while a meta page cannot be written`() throws {
        let fixture = Fixture()
        let environment = try fixture.open()
        let table = try environment.table("rows", key: UInt64.self, creates: true)
        try environment.put(table, 1, [1])
        let data = "\(fixture.path)/data.mdb"
        let failures = ReadWriteLock<[StorageError]>([])
        let isDone = Atomic<Bool>(false)
        let readers = (0..<3).map { _ in
            startThread {
                while !isDone.load(ordering: .relaxed) {
                    do throws(StorageError) {
                        guard try environment.value(table, 1) == [1] else {
                            throw .transactionFailed
                        }
                    } catch {
                        failures.withWriteLock { $0.append(error) }
                    }
                }
            }
        }
        for _ in 0..<100 {
            let meta = try #require(
                descriptors(of: data) { $0 & O_DSYNC != 0 && $0 & O_ACCMODE != O_RDONLY }.first
            )
            try replacing(meta, by: data, O_RDONLY) {
                _ = #expect(throws: StorageError.self) { try environment.put(table, 1, [9]) }
            }
            try environment.recover()
        }
        isDone.store(true, ordering: .relaxed)
        for reader in readers { reader.join() }
        #expect(failures.withReadLock { $0 } == [])
    }

    @Test func `survives the process's own file size limit`() async {
        // The limit holds for the whole process, so the test has one of its own.
        await #expect(processExitsWith: .success) {
            guard try fillToTheLimit() else { exit(1) }
        }
    }
}

/// Writes against RLIMIT_FSIZE, then without it; whether all errors and contents were right.
private func fillToTheLimit() throws -> Bool {
    signal(SIGXFSZ, SIG_IGN)
    let fixture = Fixture()
    let environment = try fixture.open()
    let table = try environment.table("rows", key: UInt64.self, creates: true)
    try environment.put(table, 1, [1])
    let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { return false }
    let before = limit
    limit.rlim_cur = 256 << 10
    guard setrlimit(resource, &limit) == 0 else { return false }
    // One write ends in the middle (EIO from LMDB), the next has no room at all (EFBIG).
    for round in 0..<3 as Range<UInt64> {
        do {
            // What takes away may use the room that is kept for it: it meets the limit itself.
            try environment.put(table, 2, noise(1 << 20, seed: round), .shrink)
            return false
        } catch StorageError.diskFull {
            guard try environment.dump(table) == [1: [1]] else { return false }
        }
    }
    limit = before
    guard setrlimit(resource, &limit) == 0 else { return false }
    let bytes = noise(1 << 20, seed: 9)
    try environment.put(table, 2, bytes)
    return try environment.dump(table) == [1: [1], 2: bytes]
}
