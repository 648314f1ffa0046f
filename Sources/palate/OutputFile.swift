import Glibc

/// A file that a command will write at its end, checked at its beginning.
struct OutputFile: Sendable {
    let path: String

    /// Checks that its directory can be written.
    init(path: String) throws(FileError) {
        self.path = path
        let directory = path.lastIndex(of: "/").map { path[...$0] } ?? "."
        guard access(String(directory), W_OK) == 0 else {
            throw .unwritable(path: path, reason: lastFailure())
        }
    }

    /// Replaces what the file holds.
    func write(_ text: String) throws(FileError) {
        let bytes = Array(text.utf8)
        guard let file = fopen(path, "w") else {
            throw .unwritable(path: path, reason: lastFailure())
        }
        let written = fwrite(bytes, 1, bytes.count, file)
        guard fclose(file) == 0, written == bytes.count else {
            throw .unwritable(path: path, reason: lastFailure())
        }
    }
}
