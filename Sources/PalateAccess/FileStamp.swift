import Glibc

/// What tells one version of a file from the next without reading it.
package struct FileStamp: Equatable, Sendable {
    private let inode: UInt64
    /// When it was changed, since 1970.
    package let seconds: Int
    /// The rest of that.
    package let nanoseconds: Int
    /// Its length.
    package let byteCount: Int

    /// Of the file as it is now; nil where there is none.
    package init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        inode = UInt64(status.st_ino)
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
        byteCount = Int(status.st_size)
    }
}
