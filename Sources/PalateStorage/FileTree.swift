import Glibc

/// Directories as the index needs them: made, listed, removed.
package enum FileTree {
    /// Makes the directory and those above it, synced; one that exists is fine.
    package static func makeDirectory(_ path: String) throws(StorageError) {
        _ = try FileSystem.makeDirectory(path)
    }

    /// Names in a directory, sorted, without `.` and `..`.
    package static func list(_ path: String) throws(StorageError) -> [String] {
        // SAFETY: the stream is closed on every way out; names are copied before the next read.
        guard let stream = unsafe opendir(path) else {
            throw StorageError(StorageStatus(rawValue: errno), "list", at: path)
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
                unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) { start in
                    unsafe String(cString: start)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a file, or a directory with all below it; what does not exist is fine.
    package static func remove(_ path: String) throws(StorageError) {
        // SAFETY: the string is copied to C for the call; no link is followed.
        let status = unsafe nftw(
            path,
            { entry, _, _, _ in unsafe entry.map { unsafe Glibc.remove($0) } ?? 0 },
            16, FTW_DEPTH | FTW_PHYS)
        guard status == 0 || errno == ENOENT else {
            throw StorageError(StorageStatus(rawValue: errno), "remove", at: path)
        }
    }
}
