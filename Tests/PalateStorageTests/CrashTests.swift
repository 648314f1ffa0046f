import Glibc
import PalateStorage
import TestKit
import Testing

@Suite struct CrashTests {
    /// The child logs a key after its commit returned; the log is the oracle.
    @Test(arguments: [3, 11, 29, 53])
    func `keeps every acknowledged write of a killed process`(milliseconds: Int) async throws {
        let fixture = Fixture()
        let path = fixture.path
        let log = "\(fixture.directory.path)/log"
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = path as String, log = log as String, milliseconds = milliseconds as Int] in
            try writeUntilKilled(path, log: log, after: milliseconds)
        }
        try check(fixture, log)
    }

    @Test func `a reader of a killed process holds pages until readers are checked`() async throws {
        let fixture = Fixture()
        let environment = try open(fixture)
        let path = fixture.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            try dieReading(path)
        }
        try checkReaders(of: environment)
    }

    private func open(_ fixture: Fixture) throws -> Environment {
        let environment = try fixture.open()
        let table = try environment.table("rows", key: UInt64.self, creates: true)
        try environment.put(table, 1, [1])
        return environment
    }

    /// After a reader of the last commit died in another process.
    private func checkReaders(of environment: Environment) throws {
        let table = try environment.table("rows", key: UInt64.self)
        for value in 0..<5 as Range<UInt8> { try environment.put(table, 1, [value]) }
        #expect(try environment.figures().oldestReaderLag == 5)
        #expect(try environment.checkReaders() == 1)
        #expect(try environment.figures().oldestReaderLag == 0)
    }

    private func check(_ fixture: Fixture, _ log: String) throws {
        let environment = try fixture.open()
        #expect(try environment.checkReaders() == 0)
        let table = try environment.table("rows", key: UInt64.self, creates: true)
        let acknowledged = try acknowledgedKeys(log)
        #expect(!acknowledged.isEmpty)
        let found = try environment.dump(table)
        for key in acknowledged {
            #expect(found[key] == noise(Int(key % 9_000), seed: key))
        }
        // At most the one batch whose commit had not returned is there besides.
        #expect(found.count <= acknowledged.count + 8)
        #expect(found.count.isMultiple(of: 8))
        try environment.put(table, .max, [1])
        #expect(try environment.value(table, .max) == [1])
        let census = try #require(try PageCensus.take(directory: fixture.path))
        #expect(census.leakedPages == 0)
    }
}

/// Opens the environment that another process has open, and is killed inside a read.
private func dieReading(_ path: String) throws {
    let environment = try Environment(path: path, mapBytes: 16 << 20, tables: 8)
    try environment.read { _ throws(StorageError) in
        kill(getpid(), SIGKILL)
        pause()
    }
}

private func acknowledgedKeys(_ log: String) throws -> [UInt64] {
    let file = try #require(fopen(log, "r"))
    defer { fclose(file) }
    var keys: [UInt64] = []
    var key: UInt64 = 0
    while fread(&key, 8, 1, file) == 1 { keys.append(key) }
    return keys
}

/// Commits batches of eight rows and logs them, until a second thread kills the process.
private func writeUntilKilled(_ path: String, log: String, after milliseconds: Int) throws {
    let environment = try Environment(path: path, mapBytes: 1 << 30, tables: 4)
    let table = try environment.table("rows", key: UInt64.self, creates: true)
    let file = open(log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    guard file >= 0 else { exit(1) }
    for batch in 0..<100_000 as Range<UInt64> {
        let keys = (0..<8).map { batch * 8 + $0 }
        try environment.write { transaction throws(StorageError) in
            for key in keys { try transaction.put(table, key, noise(Int(key % 9_000), seed: key)) }
        }
        guard write(file, keys, 64) == 64 else { exit(1) }
        // The clock starts with the first acknowledgement: before it there is nothing to lose.
        if batch == 0 {
            _ = startThread {
                usleep(useconds_t(1_000 * milliseconds))
                kill(getpid(), SIGKILL)
            }
        }
    }
}
