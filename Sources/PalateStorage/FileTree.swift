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
        // `remove` takes files and empty directories; links are removed, not followed.
        // SAFETY: strings are copied to C for the call.
        if unsafe Glibc.remove(path) == 0 || errno == ENOENT { return }
        guard errno == ENOTEMPTY || errno == EEXIST else {
            throw StorageError(StorageStatus(rawValue: errno), "remove", at: path)
        }
        for name in try list(path) { try remove(path + "/" + name) }
        guard unsafe rmdir(path) == 0 || errno == ENOENT else {
            throw StorageError(StorageStatus(rawValue: errno), "remove", at: path)
        }
    }
}
