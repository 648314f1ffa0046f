import Glibc

/// A directory that is gone when the last reference is.
package final class TemporaryDirectory: Sendable {
    /// Absolute path.
    package let path: String

    /// Makes a fresh directory below `TMPDIR` or /tmp.
    package init() {
        let root = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(root)/palate-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { preconditionFailure("mkdtemp failed: \(errno)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        nftw(
            path,
            { entry, _, _, _ in entry.map { remove($0) } ?? 0 },
            16,
            FTW_DEPTH | FTW_PHYS
        )
    }
}
