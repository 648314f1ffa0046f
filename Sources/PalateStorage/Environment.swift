import CLMDB
import PalateModel
import Synchronization

// PalateStorage: safe LMDB and zstd, the only target that touches either.
//
// | file | what it holds |
// |---|---|
// | `Environment.swift` | one LMDB file: opening, reading, writing, tables |
// | `Environment+Commit.swift` | a write's end, and what its failure means |
// | `Environment+Room.swift`, `SpaceReserve.swift` | the map grows; what is kept for deletes |
// | `Environment+Health.swift`, `StoreHealth.swift` | healthy, full, failed, and the ways back |
// | `Environment+Maintenance.swift` | copying, stale readers, figures |
// | `Environment+Snapshot.swift`, `Pace.swift` | a copy as a stream, at a bounded rate |
// | `LMDBHandle.swift` | LMDB's own handle, pooled readers, how to open |
// | `Transaction.swift`, `WriteTransaction.swift`, `Cursor.swift` | what a body can do |
// | `Table.swift`, `TableKey.swift` | typed names, big-endian keys |
// | `TransactionGate.swift` | the reader pool, and being alone |
// | `CoarseClock.swift` | how long transactions have been open |
// | `OpenTransaction.swift` | finding nested transactions before they deadlock |
// | `DataFile.swift`, `MetaPage.swift` | the file and its two meta pages, read with `pread` |
// | `PageCensus.swift`, `PageWalk.swift`, `TreePage.swift` | every page, before LMDB trusts it |
// | `PageSalvage.swift` | what a damaged file still gives |
// | `ProcessLock.swift`, `OpenEnvironments.swift` | one process, one handle |
// | `FileSystem.swift`, `FileTree.swift` | directories: made, flushed, listed, removed |
// | `FileTree+Swaps.swift`, `FileSink.swift`, `FileSource.swift` | files: written, read, swapped |
// | `PayloadCompressor.swift`, `PayloadDecompressor.swift` | zstd frames |
// | `PayloadDictionary.swift` | zstd dictionaries |
// | `StorageError.swift`, `StorageStatus.swift` | what can go wrong, by name |

/// One LMDB file and its tables, open once per process.
///
/// Reads see the last commit and never wait for the writer. A write is durable when `write`
/// returns. Both are synchronous: LMDB never crosses an `await`.
@safe
package final class Environment: @unchecked Sendable {
    // SAFETY: all state but `handle` is constant or locked; `handle` is read inside the gate and
    // replaced only when alone in it.

    /// The largest value: a block of vectors is 64 KiB, a snapshot of links some MiB.
    package static let valueBytesMax = 1 << 30
    /// Split a larger write: LMDB spills pages above, and refuses 131,072 of them.
    package static let transactionBytes = 64 << 20
    /// The part of the map that `.grow` writes may fill; the rest is kept for deletes.
    package static let fillLimit = 0.85

    /// The directory of `data.mdb`.
    package let path: String
    /// Whether writes are refused.
    package let isReadOnly: Bool
    /// A failure when LMDB had to be closed after a failed commit and could not be opened again.
    var handle: Result<LMDBHandle, StorageError>
    let gate = TransactionGate()
    let token = OpenEnvironments.makeToken()
    let settings: LMDBSettings
    private let identity: OpenEnvironments.Identity
    /// Most bytes the map may grow to.
    let mapBytesMax: Int
    let reserve: SpaceReserve
    /// When a growth that waited for an open transaction in vain may be tried again, in coarse ms.
    let nextGrowth = Atomic<UInt64>(0)
    /// Whether it takes writes.
    // Not a Mutex: ThreadSanitizer does not see the one of Synchronization.
    let condition = ReadWriteLock(StoreCondition())
    /// Opened tables in order, so that a reopened handle gives them the same indexes.
    let tables = Mutex<[String]>([])

    /// Opens the environment in a directory, which is made where it may be.
    ///
    /// Checks the file before LMDB maps it: its meta pages and size always, every tree page as well
    /// with `checksPages`. The corresponding C function is `mdb_env_open`.
    ///
    /// - Parameters:
    ///   - path: a directory of a local file system.
    ///   - mapBytes: bytes of the map to begin with; address space, not memory. At least twice
    ///     those of a file that exists, as far as `mapBytesMax` allows, and never less than those.
    ///   - mapBytesMax: most bytes the map may grow to; nil = it does not grow by itself.
    ///   - tables: most tables.
    ///   - readers: most concurrent reads, in all processes.
    ///   - readOnly: refuse writes, and make nothing.
    ///   - creates: make directory and file where there are none; else a lost file is an error.
    ///   - checksPages: walk all tree pages first (some 3 us each); without it, a damaged tree
    ///     page can end the process.
    /// - Throws: `notFound`, `alreadyOpen`, `networkFileSystem`, `corrupt`, `versionMismatch`, and
    ///   what the system refuses.
    package init(
        path: String,
        mapBytes: Int,
        mapBytesMax: Int? = nil,
        tables: Int,
        readers: Int = 512,
        readOnly: Bool = false,
        creates: Bool = true,
        checksPages: Bool = true
    ) throws(StorageError) {
        let creates = creates && !readOnly
        if creates { _ = try FileSystem.makeDirectory(path) }
        let identity = try OpenEnvironments.claim(path)
        var settings = LMDBSettings(
            path: path,
            mapBytes: mapBytes,
            tables: tables,
            readers: readers,
            readOnly: readOnly
        )
        do {
            try FileSystem.checkIsLocal(path)
            if creates, try DataFile.isMissing(directory: path) { try settings.makeFile() }
            try DataFile.check(directory: path, everyPage: checksPages)
            if let mapBytesMax {
                let fileBytes = try FileSystem.size(ofFile: DataFile.path(in: path)) ?? 0
                settings.mapBytes = min(max(mapBytes, 2 * fileBytes), mapBytesMax)
            }
            try settings.reserveLockFile()
            handle = .success(try settings.open())
            if !readOnly { try FileSystem.sync(directory: path) }
        } catch {
            OpenEnvironments.release(identity)
            throw error
        }
        self.path = path
        self.identity = identity
        self.settings = settings
        self.mapBytesMax = max(mapBytesMax ?? 0, settings.mapBytes)
        reserve = SpaceReserve(directory: path)
        isReadOnly = readOnly
    }

    deinit {
        // Nobody else holds `self`, so no transaction is open. Readers end before their handle.
        endReaders()
        handle = .failure(.notFound(path: path))
        OpenEnvironments.release(identity)
    }

    /// Runs `body` over a consistent view of the last commit.
    ///
    /// Begins and ends in 100 to 200 ns: the transaction is pooled. Keep it to milliseconds. The
    /// corresponding C functions are `mdb_txn_renew` and `mdb_txn_reset`.
    @available(*, noasync, message: "a transaction must not cross a suspension")
    package func read<Value: ~Copyable>(
        _ body: (borrowing ReadTransaction) throws(StorageError) -> Value
    ) throws(StorageError) -> Value {
        try read(failingWith: StorageError.self, body)
    }

    /// As `read`, for a body with an error of the layer above.
    @available(*, noasync, message: "a transaction must not cross a suspension")
    package func read<Value: ~Copyable, Failure: StorageFailure>(
        failingWith: Failure.Type,
        _ body: (borrowing ReadTransaction) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        guard !OpenTransaction.isOpen(token) else { throw Failure(.nestedTransaction) }
        let entry: TransactionGate.Entry
        let reader: Reader
        do throws(StorageError) {
            (entry, reader) = try enterReading()
        } catch {
            throw Failure(error)
        }
        defer { gate.leave(entry, returning: reader) }
        // SAFETY: the reader was begun just now, on this thread, and is ours until it is returned.
        defer { unsafe mdb_txn_reset(reader.handle) }
        let transaction = unsafe ReadTransaction(
            access: TransactionAccess(handle: reader.handle, environment: token)
        )
        return try reader.record.whileOpen { () throws(Failure) in
            try body(transaction)
        }
    }

    /// Runs `body` and commits: on return its changes are visible and on disk.
    ///
    /// A thrown error drops all changes. One writer runs at a time; others wait. The corresponding
    /// C functions are `mdb_txn_begin` and `mdb_txn_commit`.
    ///
    /// - Parameters:
    ///   - intent: `.grow` is refused with `mapFull` above `fillLimit`, and with `diskFull` where
    ///     it would take the reserve; `.shrink` is not.
    ///   - body: what to change. Runs again from the start where the map had to grow for it, so it
    ///     must forget what an earlier run did.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws, `mapFull`, `diskFull`, `ioFailed`; after that
    ///   `failedForWriting`.
    @discardableResult
    @available(*, noasync, message: "a transaction must not cross a suspension")
    package func write<Value: ~Copyable>(
        _ intent: WriteIntent = .grow,
        _ body: (inout WriteTransaction) throws(StorageError) -> Value
    ) throws(StorageError) -> Value {
        try write(intent, failingWith: StorageError.self, body)
    }

    /// As `write`, for a body with an error of the layer above.
    @discardableResult
    @available(*, noasync, message: "a transaction must not cross a suspension")
    package func write<Value: ~Copyable, Failure: StorageFailure>(
        _ intent: WriteIntent = .grow,
        failingWith: Failure.Type,
        _ body: (inout WriteTransaction) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        guard !OpenTransaction.isOpen(token) else { throw Failure(.nestedTransaction) }
        var spare: Int?
        do {
            try checkWritable()
            if intent == .grow { spare = try makeRoom() }
        } catch {
            noteRefusal(error)
            throw Failure(error)
        }
        while true {
            do {
                let value = try commit(intent, spare: spare ?? 0, body)
                if intent == .grow { noteSuccess() }
                return value
            } catch {
                if spare == nil, case .store(.diskFull) = error {
                    // Once more, into pages inside the file.
                    if intent == .shrink { outlastReaders() }
                    spare = spareBytes
                    continue
                }
                try resolve(error)
            }
        }
    }

    /// Returns where the write may run again; throws what it failed with elsewhere.
    private func resolve<Failure>(_ error: CommitError<Failure>) throws(Failure) {
        switch error {
        case .body(let failure): throw failure
        case .noRoom(let failure, let mapBytes):
            if growMap(beyond: mapBytes) { return }
            noteRefusal(.mapFull(usedBytes: mapBytes, mapBytes: mapBytes))
            throw failure
        case .store(let failure):
            noteRefusal(failure)
            throw Failure(failure)
        case .lost(let failure):
            reopenAfterPanic()
            throw Failure(failure)
        }
    }

    /// Opens a table by name.
    ///
    /// The corresponding C function is `mdb_dbi_open`.
    ///
    /// - Parameters:
    ///   - name: 1 to 511 bytes.
    ///   - key: the type of its keys.
    ///   - creates: make it when it is not there; ignored where writes are refused by `readOnly`.
    /// - Returns: a handle, valid until the environment closes.
    /// - Throws: `unknownTable`, `tablesFull`, `keyLength` for the name.
    @available(*, noasync, message: "a transaction must not cross a suspension")
    package func table<Key: TableKey>(
        _ name: String,
        key: Key.Type,
        creates: Bool = false
    ) throws(StorageError) -> Table<Key> {
        guard tableKeyBytes.contains(name.utf8.count) else {
            throw .keyLength(got: name.utf8.count, expected: tableKeyBytes)
        }
        guard !OpenTransaction.isOpen(token) else { throw .nestedTransaction }
        let creates = creates && !isReadOnly
        if creates { try checkWritable() }
        let outcome = tables.withLock { names -> Result<UInt32, StorageError> in
            let entry = gate.enter(.other)
            defer { gate.leave(entry) }
            do throws(StorageError) {
                let index = try settings.openTable(name, in: handle.get(), creates: creates)
                if !names.contains(name) { names.append(name) }
                return .success(index)
            } catch {
                return .failure(error)
            }
        }
        return Table(name: name, index: try outcome.get(), environment: token)
    }

    /// The names of all tables in the file.
    @available(*, noasync, message: "a transaction must not cross a suspension")
    package func tableNames() throws(StorageError) -> [String] {
        // 1 is the unnamed table that lists the named ones (MAIN_DBI).
        let list = Table<String>(name: "(tables)", index: 1, environment: token)
        return try read { transaction throws(StorageError) in
            var names: [String] = []
            var cursor = try transaction.cursor(list)
            defer { cursor.close() }
            while let name = try cursor.next() { names.append(name) }
            return names
        }
    }
}

/// Whether a write adds more than it takes away.
package enum WriteIntent: Sendable {
    /// Adds: refused above the fill limit.
    case grow
    /// Deletes, or must not fail: may use the rest of the map.
    case shrink
}
