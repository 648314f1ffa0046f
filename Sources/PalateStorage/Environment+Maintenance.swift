import CLMDB
import Glibc

/// Figures of an environment, for stats and for the soft limit.
package struct EnvironmentFigures: Equatable, Sendable {
    /// Bytes of the map: the most the file can grow to before the map does.
    package var mapBytes = 0
    /// Most bytes the map may grow to.
    package var mapBytesMax = 0
    /// Bytes up to the last page ever used.
    package var fileBytes = 0
    /// Bytes of pages below that which are free to be used again.
    package var freeBytes = 0
    /// Those of `freeBytes` that no open read sees.
    package var reusableBytes = 0
    /// Bytes of a page.
    package var pageBytes = 0
    /// The number of the last commit.
    package var lastTransaction: UInt64 = 0
    /// Reader slots in use, in all processes, idle pooled ones included.
    package var readers = 0
    /// Most reader slots.
    package var readersMax = 0
    /// How many commits behind the oldest open read is; 0 = none is open, or it is current.
    package var oldestReaderLag: UInt64 = 0
    /// How long the oldest open read of this process has been open; 0 = none is, or some ms.
    package var oldestReaderMilliseconds: UInt64 = 0

    /// Bytes of pages that hold something.
    package var usedBytes: Int { fileBytes - freeBytes }

    /// Bytes of free pages that a write may count on: half, since values take runs of pages.
    var spareBytes: Int { reusableBytes / 2 }

    /// All zero.
    package init() {}
}

extension Environment {
    /// The current figures.
    ///
    /// Walks the list of free pages, some microseconds per thousand commits.
    ///
    /// The corresponding C functions are `mdb_env_info` and `mdb_reader_list`.
    @available(*, noasync, message: "a transaction must not cross a suspension")
    package func figures() throws(StorageError) -> EnvironmentFigures {
        let oldestMilliseconds = gate.oldestMilliseconds
        return try read { transaction throws(StorageError) in
            let handle = try handle.get()
            let info = handle.info
            var figures = EnvironmentFigures()
            figures.mapBytes = info.mapBytes
            figures.mapBytesMax = max(mapBytesMax, info.mapBytes)
            figures.oldestReaderMilliseconds = oldestMilliseconds
            figures.pageBytes = handle.pageBytes
            figures.fileBytes = (info.lastPage + 1) * figures.pageBytes
            figures.lastTransaction = info.lastTransaction
            figures.readersMax = info.readersMax
            let slots = readerSlots(handle)
            figures.readers = slots.count
            let oldest = slots.oldest ?? figures.lastTransaction
            figures.oldestReaderLag = figures.lastTransaction - min(oldest, figures.lastTransaction)
            let free = try freePages(transaction, before: oldest)
            figures.freeBytes = free.all * figures.pageBytes
            figures.reusableBytes = free.reusable * figures.pageBytes
            return figures
        }
    }

    /// Frees the reader slots of processes that died.
    ///
    /// The corresponding C function is `mdb_reader_check`.
    ///
    /// - Returns: how many there were.
    @discardableResult
    @available(*, noasync, message: "a transaction must not cross a suspension")
    package func checkReaders() throws(StorageError) -> Int {
        guard !OpenTransaction.isOpen(token) else { throw .nestedTransaction }
        let entry = gate.enter(.other)
        defer { gate.leave(entry) }
        var dead: Int32 = 0
        // SAFETY: inside the gate the handle is open and stays.
        let code = try unsafe mdb_reader_check(handle.get().raw, &dead)
        guard code == MDB_SUCCESS else {
            throw failure(StorageStatus(rawValue: code), "check readers")
        }
        return Int(dead)
    }

    /// Writes a consistent copy into a new or empty directory while reads and writes go on.
    ///
    /// The copy is flushed before this returns. It holds a read transaction for its whole length,
    /// so pages freed meanwhile are not reused. The corresponding C function is `mdb_env_copy2`.
    ///
    /// - Parameters:
    ///   - path: the copy's directory.
    ///   - compacting: leave free pages out; slower, smaller.
    /// - Throws: `diskFull`, `ioFailed`, and EEXIST as `other` when there is a copy already.
    @available(*, noasync, message: "a transaction must not cross a suspension")
    package func copy(to path: String, compacting: Bool = true) throws(StorageError) {
        guard !OpenTransaction.isOpen(token) else { throw .nestedTransaction }
        _ = try FileSystem.makeDirectory(path)
        let entry = gate.enter(.copy)
        defer { gate.leave(entry) }
        let flags = UInt32(compacting ? MDB_CP_COMPACT : 0)
        // SAFETY: inside the gate the handle is open and the map stays where it is.
        let code = try unsafe mdb_env_copy2(handle.get().raw, path, flags)
        guard code == MDB_SUCCESS else {
            throw StorageError(StorageStatus(rawValue: code), "copy to", at: path)
        }
        try FileSystem.sync(file: DataFile.path(in: path))
        try FileSystem.sync(directory: path)
    }

    /// Pages on the free list, and those of them freed by commits before `oldest`.
    ///
    /// Records are named by the commit and start with their length.
    private func freePages(
        _ transaction: borrowing ReadTransaction,
        before oldest: UInt64
    ) throws(StorageError) -> (all: Int, reusable: Int) {
        // 0 is the table of free pages (FREE_DBI), readable in read transactions.
        let list = Table<[UInt8]>(name: "(free pages)", index: 0, environment: token)
        var pages = (all: 0, reusable: 0)
        var cursor = try transaction.cursor(list)
        defer { cursor.close() }
        while let key = try cursor.next() {
            // SAFETY: bytes have no padding.
            guard let commit = UInt64(nativeOrder: unsafe key.span.bytes),
                let count = UInt64(nativeOrder: cursor.value)
            else { throw .corrupt(where: "\(path): free list") }
            pages.all += Int(clamping: count)
            if commit < oldest { pages.reusable += Int(clamping: count) }
        }
        return pages
    }

    private func readerSlots(_ handle: LMDBHandle) -> (count: Int, oldest: UInt64?) {
        var slots = ReaderSlots()
        // SAFETY: LMDB calls back on this thread before it returns, with NUL-terminated lines and
        // the context given here.
        unsafe withUnsafeMutablePointer(to: &slots) { context in
            unsafe _ = mdb_reader_list(
                handle.raw,
                { line, context in
                    guard let line = unsafe line else { return 0 }
                    let slots = unsafe context?.assumingMemoryBound(to: ReaderSlots.self)
                    unsafe slots?.pointee.add(String(cString: line))
                    return 0
                },
                context
            )
        }
        return (slots.count, slots.oldest)
    }
}

/// LMDB reports readers as text: process, thread, and the commit it sees, or "-" when idle.
private struct ReaderSlots {
    var count = 0
    var oldest: UInt64?

    mutating func add(_ line: String) {
        let columns = line.split(whereSeparator: \.isWhitespace)
        guard columns.count == 3, UInt64(columns[0]) != nil else { return }
        count += 1
        guard let seen = UInt64(columns[2]) else { return }
        oldest = min(oldest ?? seen, seen)
    }
}

extension UInt64 {
    /// The first eight bytes as LMDB writes numbers; nil when there are fewer.
    init?(nativeOrder bytes: RawSpan) {
        guard bytes.byteCount >= 8 else { return nil }
        // SAFETY: the load is the 8 bytes just checked.
        self = unsafe bytes.unsafeLoadUnaligned(as: UInt64.self)
    }
}
