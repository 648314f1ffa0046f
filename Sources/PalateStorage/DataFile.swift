import Glibc

/// `data.mdb` as bytes, read before LMDB maps it.
///
/// LMDB 0.9 has no checksums and trusts what it maps: a wild page number ends the process with
/// SIGBUS. So the file is checked when it is opened (once per start), with `pread`, which fails
/// politely.
struct DataFile {
    /// LMDB's name for the file.
    static func path(in directory: String) -> String { "\(directory)/data.mdb" }

    /// Open for reading.
    let descriptor: Int32
    /// Bytes when it was opened.
    let byteCount: Int

    /// Whether there is no file, or an empty one.
    static func isMissing(directory: String) throws(StorageError) -> Bool {
        try (FileSystem.size(ofFile: path(in: directory)) ?? 0) == 0
    }

    /// Checks meta pages and size; every tree page too when asked, or when the file is short.
    ///
    /// A file shorter than its last page says is sound when only free pages are missing: LMDB
    /// counts pages that a transaction took and gave back, and never writes them. A walk can tell.
    static func check(directory: String, everyPage: Bool) throws(StorageError) {
        let path = path(in: directory)
        guard let byteCount = try FileSystem.size(ofFile: path) else {
            throw .notFound(path: path)
        }
        guard byteCount > 0 else { throw .corrupt(where: "\(path): empty") }
        try open(directory: directory) { file throws(StorageError) in
            let meta = try file.readMeta()
            let isShort = UInt64(file.byteCount) < (meta.lastPage + 1) * UInt64(meta.pageBytes)
            guard everyPage || isShort else { return }
            do throws(StorageError) {
                _ = try PageCensus.walk(file, meta)
            } catch {
                // A live writer in another process may have changed pages under the walk.
                if try file.readMeta() == meta { throw error }
            }
        }
    }

    /// Runs `body` with the file; nil when there is none, or it is empty.
    static func open<Value>(
        directory: String,
        _ body: (DataFile) throws(StorageError) -> Value
    ) throws(StorageError) -> Value? {
        let path = path(in: directory)
        guard let byteCount = try FileSystem.size(ofFile: path), byteCount > 0 else { return nil }
        return try FileSystem.withDescriptor(path, O_RDONLY) { descriptor throws(StorageError) in
            try body(DataFile(descriptor: descriptor, byteCount: byteCount))
        }
    }

    /// Makes certain that commit `number` is the last one on the disk, after a later one failed.
    ///
    /// The other meta page, which the failed commit was to write, is written as it stands, past the
    /// cache; the current one is left alone.
    ///
    /// - Throws: `unacknowledgedCommit` where the failed commit is in the file; what the disk says.
    static func settle(directory: String, at number: UInt64) throws(StorageError) {
        let path = path(in: directory)
        let current = try open(directory: directory) { file throws(StorageError) in
            try file.readMeta()
        }
        guard let current else { throw .notFound(path: path) }
        guard current.transaction == number else {
            throw .unacknowledgedCommit(got: current.transaction, expected: number)
        }
        try FileSystem.withDescriptor(path, O_RDWR | O_DSYNC) { descriptor throws(StorageError) in
            let file = DataFile(descriptor: descriptor, byteCount: 0)
            let offset = number & 1 == 0 ? current.pageBytes : 0
            let stale = try file.read(at: offset, byteCount: MetaPage.byteCount)
            // SAFETY: the buffer has the bytes counted.
            let length = unsafe stale.bytes.withUnsafeBytes { buffer in
                unsafe pwrite(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            }
            guard length == stale.byteCount else {
                throw StorageError(errno: length < 0 ? errno : EIO, "rewrite", at: path)
            }
        }
    }

    /// The newer of the two meta pages.
    ///
    /// A flipped bit that turns commit n into n - 2 in its page cannot be told from a sound file
    /// one commit older; every other change to what matters in the newer page can.
    func readMeta() throws(StorageError) -> MetaPage {
        // Commits of another process may fall between the reads of the pair.
        for _ in 0..<8 {
            let pair = try readMetaPair()
            guard pair.isConsecutive else { continue }
            try pair.newer.checkRoots()
            return pair.newer
        }
        throw .corrupt(where: "data.mdb: the meta pages are not of consecutive commits")
    }

    private func readMetaPair() throws(StorageError) -> MetaPair {
        let first = try MetaPage(read(at: 0, byteCount: MetaPage.byteCount), number: 0)
        let offset = first.pageBytes
        let second = try MetaPage(read(at: offset, byteCount: MetaPage.byteCount), number: 1)
        guard first.pageBytes == second.pageBytes else {
            throw .corrupt(where: "data.mdb: page sizes \(first.pageBytes), \(second.pageBytes)")
        }
        return MetaPair(first: first, second: second)
    }

    /// Reads `count` bytes; fewer at the end of the file.
    ///
    /// The corresponding C function is `pread`.
    func read(at offset: Int, byteCount count: Int) throws(StorageError) -> PageImage {
        var failure: Int32 = 0
        // SAFETY: the array counts only what `pread` filled.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                // SAFETY: the buffer has `count` bytes, `filled` of which are initialised.
                let length = unsafe pread(
                    descriptor,
                    buffer.baseAddress?.advanced(by: filled),
                    count - filled,
                    off_t(offset + filled)
                )
                if length < 0 && errno == EINTR { continue }
                if length < 0 { failure = errno }
                guard length > 0 else { return }
                filled += length
            }
        }
        guard failure == 0 else { throw StorageError(errno: failure, "read", at: "data.mdb") }
        return PageImage(bytes: bytes)
    }
}

/// Both meta pages, as one read of the file saw them.
private struct MetaPair {
    let first: MetaPage
    let second: MetaPage

    var newer: MetaPage { first.transaction < second.transaction ? second : first }

    /// Commits alternate between the pages, so their numbers differ by one; a new file has 0 twice.
    var isConsecutive: Bool {
        let low = min(first.transaction, second.transaction)
        let high = max(first.transaction, second.transaction)
        return high - low == 1 || high == 0
    }
}
