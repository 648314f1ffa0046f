import Glibc
import PalateModel

/// A file written front to back; durable once `finish` returns.
package final class FileSink {
    /// The file's path; "-" is standard output.
    package let path: String
    /// Bytes written.
    package private(set) var byteCount = 0
    private let descriptor: Int32
    private let isOwned: Bool

    /// Makes a file that must not be there yet; "-" takes standard output.
    package init(path: String) throws(StorageError) {
        self.path = path
        isOwned = path != "-"
        // SAFETY: the path is copied to C for the call.
        descriptor =
            isOwned
            ? unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
            : STDOUT_FILENO
        guard descriptor >= 0 else { throw StorageError(errno: errno, "create", at: path) }
    }

    deinit { if isOwned { close(descriptor) } }

    /// Appends bytes.
    package func write(_ bytes: RawSpan) throws(StorageError) {
        var failure: Int32 = 0
        // SAFETY: the pointer stays inside the closure, and every write inside the buffer.
        unsafe bytes.withUnsafeBytes { buffer in
            var written = 0
            while written < buffer.count {
                let start = unsafe buffer.baseAddress?.advanced(by: written)
                let length = unsafe Glibc.write(descriptor, start, buffer.count - written)
                if length < 0, errno == EINTR { continue }
                guard length > 0 else {
                    failure = length < 0 ? errno : EIO
                    return
                }
                written += length
            }
        }
        guard failure == 0 else { throw StorageError(errno: failure, "write", at: path) }
        byteCount += bytes.byteCount
    }

    /// Takes back what was written after the first `byteCount` bytes.
    ///
    /// The corresponding C function is `ftruncate`; standard output refuses it.
    package func truncate(to byteCount: Int) throws(StorageError) {
        guard byteCount < self.byteCount else { return }
        guard ftruncate(descriptor, off_t(byteCount)) == 0,
            lseek(descriptor, off_t(byteCount), SEEK_SET) >= 0
        else { throw StorageError(errno: errno, "truncate", at: path) }
        self.byteCount = byteCount
    }

    /// Makes the content durable; the name is the directory's.
    package func finish() throws(StorageError) {
        guard isOwned else { return }
        guard fsync(descriptor) == 0 else { throw StorageError(errno: errno, "flush", at: path) }
    }
}
