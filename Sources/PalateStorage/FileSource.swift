import Glibc

/// A file read front to back.
package final class FileSource {
    /// The file's path; "-" is standard input.
    package let path: String
    private let descriptor: Int32
    private let isOwned: Bool

    /// Opens a file that is there; "-" takes standard input.
    package init(path: String) throws(StorageError) {
        self.path = path
        isOwned = path != "-"
        // SAFETY: the path is copied to C for the call.
        descriptor = isOwned ? unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO
        guard descriptor >= 0 else {
            throw errno == ENOENT
                ? .notFound(path: path) : StorageError(errno: errno, "open", at: path)
        }
    }

    deinit { if isOwned { close(descriptor) } }

    /// The next `count` bytes; fewer at the end, none behind it.
    package func read(_ count: Int) throws(StorageError) -> [UInt8] {
        var failure: Int32 = 0
        // SAFETY: the array counts only what `read` filled.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let start = unsafe buffer.baseAddress?.advanced(by: filled)
                let length = unsafe Glibc.read(descriptor, start, count - filled)
                if length < 0, errno == EINTR { continue }
                if length < 0 { failure = errno }
                guard length > 0 else { return }
                filled += length
            }
        }
        guard failure == 0 else { throw StorageError(errno: failure, "read", at: path) }
        return bytes
    }
}
