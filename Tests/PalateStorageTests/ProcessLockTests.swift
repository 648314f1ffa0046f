import Glibc
import PalateStorage
import TestKit
import Testing

@Suite struct ProcessLockTests {
    let directory = TemporaryDirectory()
    var path: String { "\(directory.path)/LOCK" }

    @Test func `names the process that holds the lock, until it lets go`() throws {
        do {
            let lock = try ProcessLock(path: path)
            #expect(lock.path == path)
            #expect(throws: StorageError.inUse(path: path, processID: getpid())) {
                try ProcessLock(path: path)
            }
        }
        _ = try ProcessLock(path: path)
    }

    @Test func `keeps another process out, and is free when that process dies`() async throws {
        let path = path
        do {
            let lock = try ProcessLock(path: path)
            let owner = getpid()
            await #expect(processExitsWith: .success) {
                [path = path as String, owner = owner as Int32] in
                do {
                    _ = try ProcessLock(path: path)
                    exit(1)
                } catch StorageError.inUse(path, owner) {}
            }
            _ = lock.path
        }
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let lock = try ProcessLock(path: path)
            kill(getpid(), SIGKILL)
            _ = lock.path
        }
        // The dead owner's number is still in the file; the kernel's lock is gone.
        _ = try ProcessLock(path: path)
    }

    @Test func `reports a directory that is not there`() throws {
        let missing = "\(directory.path)/none/LOCK"
        #expect(throws: StorageError.self) { try ProcessLock(path: missing) }
    }
}
