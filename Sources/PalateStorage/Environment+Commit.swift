import CLMDB
import Glibc
import PalateModel

/// Why a write did not commit, and what that means for the next one.
enum CommitError<Failure: StorageFailure>: Error {
    /// The body threw; its changes are gone.
    case body(Failure)
    /// The map of so many bytes had no room; nothing was changed.
    case noRoom(Failure, mapBytes: Int)
    /// The store refused; nothing was changed, and the next write may succeed.
    case store(StorageError)
    /// The disk failed while committing: whether it holds more than the commit before is not known.
    case lost(StorageError)
}

extension Environment {
    /// Enters the gate with a reader begun.
    ///
    /// Opens the file again where a commit has just failed and left LMDB refusing reads as well:
    /// the reader may get here before its writer does.
    func enterReading() throws(StorageError) -> (TransactionGate.Entry, Reader) {
        while true {
            let entry = gate.enter(.read)
            do {
                return (entry, try beginReading(entry.reader))
            } catch {
                gate.leave(entry)
                guard case .failedForWriting = error else { throw error }
                guard reopenAfterPanic() else { throw error }
            }
        }
    }

    /// Begins `reader`, or a new one.
    private func beginReading(_ reader: Reader?) throws(StorageError) -> Reader {
        let handle = try handle.get()
        if let reader {
            // SAFETY: the reader is ours alone, and is reset.
            let code = unsafe mdb_txn_renew(reader.handle)
            if code == MDB_SUCCESS { return reader }
            reader.end()
            throw failure(StorageStatus(rawValue: code), "read")
        }
        var begun: OpaquePointer?
        // SAFETY: LMDB fills the pointer; the reader that owns it ends it.
        let code = unsafe mdb_txn_begin(handle.raw, nil, UInt32(MDB_RDONLY), &begun)
        guard code == MDB_SUCCESS, let begun = unsafe begun else {
            throw failure(StorageStatus(rawValue: code), "read")
        }
        return unsafe Reader(handle: begun, environment: token)
    }

    /// Ends all idle readers, once no transaction is open.
    func endReaders() {
        gate.alone { readers in
            for reader in readers { reader.end() }
            readers = []
        }
    }

    /// Refuses a write that cannot be made.
    func checkWritable() throws(StorageError) {
        guard !isReadOnly else { throw .readOnly }
        if let status = condition.withReadLock({ $0.stopped }) {
            throw .failedForWriting(status: status)
        }
    }

    /// One write transaction, begun and ended; one that adds may count on `spare` bytes of free
    /// pages inside the file.
    func commit<Value: ~Copyable, Failure: StorageFailure>(
        _ intent: WriteIntent,
        spare: Int,
        _ body: (inout WriteTransaction) throws(Failure) -> Value
    ) throws(CommitError<Failure>) -> Value {
        let begun: OpaquePointer
        let entry = gate.enter(.other)
        defer { gate.leave(entry) }
        do {
            // SAFETY: ended once: by an abort below, or by the commit.
            unsafe begun = try beginWriting()
        } catch {
            throw .store(error)
        }
        let mapBytes = mapBytesInsideGate
        var transaction = unsafe WriteTransaction(
            access: TransactionAccess(handle: begun, environment: token),
            mapBytes: mapBytes
        )
        let value: Value
        do {
            let record = OpenTransaction(environment: token)
            value = try record.whileOpen { () throws(Failure) in try body(&transaction) }
        } catch {
            unsafe mdb_txn_abort(begun)
            if case .mapFull = transaction.failure { throw .noRoom(error, mapBytes: mapBytes) }
            throw .body(error)
        }
        if let failure = transaction.failure {
            unsafe mdb_txn_abort(begun)
            guard case .mapFull = failure else { throw .store(failure) }
            throw .noRoom(Failure(failure), mapBytes: mapBytes)
        }
        do {
            if intent == .grow { try checkRoom(for: transaction, spare: spare) }
        } catch {
            unsafe mdb_txn_abort(begun)
            throw .store(error)
        }
        let lastCommit = UInt64(unsafe mdb_txn_id(begun)) - 1
        let status = StorageStatus(rawValue: unsafe mdb_txn_commit(begun))
        guard status == .success else {
            let error: CommitError<Failure> = classify(status)
            // Before others are let in: whoever finds the file opened again finds the reason.
            if case .lost(let failure) = error {
                stopWriting(status, after: lastCommit, because: failure)
            }
            throw error
        }
        return value
    }

    private func beginWriting() throws(StorageError) -> OpaquePointer {
        // Asked again inside the gate: another writer may have failed in the meantime.
        try checkWritable()
        let handle = try handle.get()
        var begun: OpaquePointer?
        // SAFETY: LMDB fills the pointer; `commit` ends the transaction on every path.
        let code = unsafe mdb_txn_begin(handle.raw, nil, 0, &begun)
        guard code == MDB_SUCCESS, let begun = unsafe begun else {
            throw failure(StorageStatus(rawValue: code), "write")
        }
        do {
            // And once more holding the writer's lock, which the failed writer held before.
            try checkWritable()
        } catch {
            unsafe mdb_txn_abort(begun)
            throw error
        }
        return unsafe begun
    }

    /// What a failed commit means.
    ///
    /// LMDB 0.9 writes pages, flushes, then writes a meta page.
    ///
    /// - A full map or disk fails in the first step: the old state stands, and a retry is sound.
    /// - A short write is reported as EIO, although it usually means that the disk is full.
    /// - A failed flush may have dropped dirty pages: the same flush would succeed when retried,
    ///   and lie. Never retried here.
    /// - A failed meta write leaves LMDB in `MDB_PANIC`, for reads too.
    private func classify<Failure>(_ status: StorageStatus) -> CommitError<Failure> {
        switch status {
        case .mapFull:
            let failure = Failure(failure(status, "commit"))
            return .noRoom(failure, mapBytes: mapBytesInsideGate)
        case .badTransaction, .transactionFull: return .store(failure(status, "commit"))
        case _ where status.isDiskFull && !isPanicked: return .store(.diskFull(status: status))
        case StorageStatus(rawValue: EIO) where !isPanicked && isDiskFull:
            return .store(.diskFull(status: StorageStatus(rawValue: ENOSPC)))
        case StorageStatus(rawValue: ENOMEM) where !isPanicked: return .store(.outOfMemory)
        default:
            return .lost(.ioFailed(operation: "commit \(path)", status: status))
        }
    }

    /// Whether LMDB refuses every transaction since a meta page could not be written.
    var isPanicked: Bool {
        guard case .success(let handle) = handle else { return false }
        var probe: OpaquePointer?
        // SAFETY: inside the gate; the probe is aborted at once.
        let code = unsafe mdb_txn_begin(handle.raw, nil, 0, &probe)
        if code == MDB_SUCCESS { unsafe mdb_txn_abort(probe) }
        return StorageStatus(rawValue: code) == .panic
    }

    /// Whether the file system, or the process's own limit, has no room for another large page run.
    private var isDiskFull: Bool {
        let chunk = 64 << 10
        if let available = FileSystem.availableBytes(path), available < chunk { return true }
        guard let size = try? FileSystem.size(ofFile: DataFile.path(in: path)) else { return false }
        return size + chunk > FileSystem.fileBytesMax
    }

    /// Adds what the environment knows to a status.
    func failure(_ status: StorageStatus, _ operation: String) -> StorageError {
        switch status {
        case .readersFull: .readersFull(limit: settings.readers)
        case .tablesFull: .tablesFull(limit: settings.tables)
        case .mapFull: .mapFull(usedBytes: mapBytesInsideGate, mapBytes: mapBytesInsideGate)
        default: StorageError(status, operation, at: path)
        }
    }

    /// The size of the map; call inside the gate.
    var mapBytesInsideGate: Int {
        guard case .success(let handle) = handle else { return 0 }
        return handle.info.mapBytes
    }
}
