import CLMDB
import Glibc

/// The few things about directories that durability needs.
enum FileSystem {
    /// Makes the directory and those above it; true when the last one is new.
    static func makeDirectory(_ path: String) throws(StorageError) -> Bool {
        // SAFETY: strings are copied to C for the call, here and below.
        if unsafe mkdir(path, 0o755) == 0 {
            try sync(directory: parent(of: path))
            return true
        }
        if errno == EEXIST { return false }
        let above = parent(of: path)
        guard errno == ENOENT, above != path else {
            throw StorageError(errno: errno, "create", at: path)
        }
        _ = try makeDirectory(above)
        guard unsafe mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw StorageError(errno: errno, "create", at: path)
        }
        try sync(directory: above)
        return true
    }

    /// Makes the entries of a directory durable: LMDB flushes its file, not the name of its file.
    static func sync(directory path: String) throws(StorageError) {
        try withDescriptor(path, O_RDONLY | O_DIRECTORY) { descriptor throws(StorageError) in
            guard fsync(descriptor) == 0 else {
                throw StorageError(errno: errno, "flush", at: path)
            }
        }
    }

    /// Makes the content of a file durable.
    static func sync(file path: String) throws(StorageError) {
        try withDescriptor(path, O_RDONLY) { descriptor throws(StorageError) in
            guard fsync(descriptor) == 0 else {
                throw StorageError(errno: errno, "flush", at: path)
            }
        }
    }

    /// Gives a file another name, in place of a file that has it.
    static func rename(_ path: String, to name: String) throws(StorageError) {
        // SAFETY: the paths are copied to C for the call.
        guard unsafe Glibc.rename(path, name) == 0 else {
            throw StorageError(errno: errno, "rename", at: path)
        }
    }

    /// Runs `body` with an open file and closes it.
    static func withDescriptor<Result>(
        _ path: String,
        _ flags: Int32,
        _ body: (Int32) throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        // SAFETY: the path is copied to C for the call.
        let descriptor = unsafe Glibc.open(path, flags | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw errno == ENOENT
                ? .notFound(path: path) : StorageError(errno: errno, "open", at: path)
        }
        defer { close(descriptor) }
        return try body(descriptor)
    }

    /// Refuses file systems whose locks and maps are not coherent.
    static func checkIsLocal(_ path: String) throws(StorageError) {
        var facts = statfs()
        // SAFETY: `facts` is ours and the path is copied to C for the call, here and below.
        guard unsafe statfs(path, &facts) == 0 else {
            throw StorageError(errno: errno, "look up", at: path)
        }
        // The magic numbers of statfs(2).
        let kinds: [UInt32: String] = [
            0x6969: "nfs", 0x517b: "smb", 0xff53_4d42: "cifs", 0xfe53_4d42: "smb2",
            0x0102_1997: "9p", 0x00c3_6400: "ceph", 0x5346_414f: "afs",
        ]
        if let kind = kinds[UInt32(truncatingIfNeeded: facts.f_type)] {
            throw .networkFileSystem(path: path, kind: kind)
        }
    }

    /// Bytes that may still be written below `path`; nil when the system does not say.
    static func availableBytes(_ path: String) -> Int? {
        var facts = statvfs()
        // SAFETY: as above.
        guard unsafe statvfs(path, &facts) == 0 else { return nil }
        return Int(clamping: UInt64(facts.f_bavail) &* UInt64(facts.f_frsize))
    }

    /// The largest file this process may write (RLIMIT_FSIZE).
    static var fileBytesMax: Int {
        var limit = rlimit()
        // SAFETY: as above.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else {
            return .max
        }
        return Int(clamping: limit.rlim_cur)
    }

    /// Gives a file the blocks of a range, whose content and the file's size stay as they are.
    ///
    /// The corresponding C function is `fallocate`.
    ///
    /// - Returns: false where the file system cannot.
    /// - Throws: `diskFull` where there is no room.
    static func allocate(
        _ range: Range<Int>,
        of path: String,
        creates: Bool = false
    ) throws(StorageError) -> Bool {
        let flags = creates ? O_RDWR | O_CREAT : O_RDWR
        return try withDescriptor(path, flags) { descriptor throws(StorageError) in
            while fallocate(descriptor, FALLOC_FL_KEEP_SIZE, range.lowerBound, range.count) != 0 {
                switch errno {
                case EINTR: continue
                case EOPNOTSUPP, ENOSYS, EINVAL: return false
                default: throw StorageError(errno: errno, "allocate", at: path)
                }
            }
            return true
        }
    }

    /// Size of a file; nil when there is none.
    static func size(ofFile path: String) throws(StorageError) -> Int? {
        var facts = stat()
        // SAFETY: as above.
        if unsafe stat(path, &facts) == 0 { return Int(facts.st_size) }
        guard errno == ENOENT else { throw StorageError(errno: errno, "look up", at: path) }
        return nil
    }

    private static func parent(of path: String) -> String {
        let trimmed = path.utf8.last == UInt8(ascii: "/") ? String(path.dropLast()) : path
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }
}
