import Glibc

extension FileTree {
    /// LMDB's name for the file of an environment.
    package static let dataFileName = "data.mdb"

    /// What is at a path, links followed.
    package enum Kind: Sendable {
        /// Nothing.
        case absent
        /// A directory.
        case directory
        /// A file, or anything else that is no directory.
        case file
    }

    /// What is at `path`.
    package static func kind(of path: String) throws(StorageError) -> Kind {
        var facts = stat()
        // SAFETY: `facts` is ours and the path is copied to C for the call.
        if unsafe stat(path, &facts) == 0 {
            return facts.st_mode & S_IFMT == S_IFDIR ? .directory : .file
        }
        guard errno == ENOENT || errno == ENOTDIR else {
            throw StorageError(errno: errno, "look up", at: path)
        }
        return .absent
    }

    /// Bytes of a file; 0 where there is none.
    package static func byteCount(ofFile path: String) throws(StorageError) -> Int {
        try FileSystem.size(ofFile: path) ?? 0
    }

    /// Gives what is at `source` the name `target`, durably; what had that name is gone at once.
    ///
    /// A directory replaces none but an empty one. The corresponding C function is `rename`.
    package static func rename(_ source: String, to target: String) throws(StorageError) {
        // SAFETY: both paths are copied to C for the call.
        guard unsafe Glibc.rename(source, target) == 0 else {
            throw StorageError(errno: errno, "rename \(source) to", at: target)
        }
        try sync(parent(of: target))
        if parent(of: source) != parent(of: target) { try sync(parent(of: source)) }
    }

    /// Gives the file at `source` a second name, durably.
    ///
    /// The corresponding C function is `link`.
    package static func link(_ source: String, to target: String) throws(StorageError) {
        // SAFETY: both paths are copied to C for the call.
        guard unsafe Glibc.link(source, target) == 0 else {
            throw StorageError(errno: errno, "link \(source) to", at: target)
        }
        try sync(parent(of: target))
    }

    /// Makes the names in a directory durable.
    package static func sync(_ directory: String) throws(StorageError) {
        try FileSystem.sync(directory: directory)
    }

    /// The directory above a path.
    package static func parent(of path: String) -> String {
        let trimmed = path.utf8.last == UInt8(ascii: "/") ? String(path.dropLast()) : path
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }
}
