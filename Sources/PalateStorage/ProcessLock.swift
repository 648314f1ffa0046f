import Glibc

/// One process per data directory: an exclusive `flock` that dies with the process.
///
/// The file holds the owner's process id for the error message only; the kernel's lock decides.
package final class ProcessLock: Sendable {
    /// The lock file.
    package let path: String
    private let descriptor: Int32

    /// Takes the lock, or says who has it.
    ///
    /// The corresponding C function is `flock`.
    ///
    /// - Parameter path: a file in an existing directory, created when missing and never removed:
    ///   removing it would let two processes lock two files of one name.
    /// - Throws: `inUse` with the owner's process id.
    package init(path: String) throws(StorageError) {
        // SAFETY: the path is copied to C for the call.
        let opened = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard opened >= 0 else { throw StorageError(errno: errno, "open", at: path) }
        do throws(StorageError) {
            try Self.lock(opened, path)
            try Self.write(String(getpid()), to: opened, path)
        } catch {
            close(opened)
            throw error
        }
        self.path = path
        descriptor = opened
    }

    deinit {
        ftruncate(descriptor, 0)
        // Not left to `close`: a child being spawned may hold a copy of the descriptor still.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static func lock(_ descriptor: Int32, _ path: String) throws(StorageError) {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            switch errno {
            case EINTR: continue
            case EWOULDBLOCK: throw .inUse(path: path, processID: owner(descriptor))
            default: throw StorageError(errno: errno, "lock", at: path)
            }
        }
    }

    private static func owner(_ descriptor: Int32) -> Int32 {
        var text = [UInt8](repeating: 0, count: 16)
        // SAFETY: the buffer has the 16 bytes asked for.
        let length = unsafe text.withUnsafeMutableBytes { buffer in
            unsafe pread(descriptor, buffer.baseAddress, buffer.count, 0)
        }
        guard length > 0 else { return 0 }
        return Int32(String(decoding: text.prefix(length), as: UTF8.self)) ?? 0
    }

    private static func write(
        _ text: String,
        to descriptor: Int32,
        _ path: String
    ) throws(StorageError) {
        let bytes = Array(text.utf8)
        guard ftruncate(descriptor, 0) == 0 else {
            throw StorageError(errno: errno, "truncate", at: path)
        }
        // SAFETY: the buffer has the bytes counted.
        let length = unsafe bytes.withUnsafeBytes { buffer in
            unsafe pwrite(descriptor, buffer.baseAddress, buffer.count, 0)
        }
        guard length == bytes.count else { throw StorageError(errno: errno, "write", at: path) }
    }
}
