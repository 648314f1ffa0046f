import CLMDB
import PalateModel
import Synchronization

// Healthy, full, failed.
//
//   healthy -> full     a write that adds found no room on the disk or in the map
//   full    -> healthy  one found room again, or `lookForRoom` did, and the map is not about to be
//                       full again
//   any     -> failed   a commit failed while its pages were flushed or its meta page written
//   failed  -> healthy  `recover`: the file was opened again, it ends with the last commit that was
//                       acknowledged, and the disk has taken a write
//
// A failed commit is never tried again: its pages may have left the cache without reaching the
// disk, and a second flush of them would succeed and lie. Its transaction is gone, the commit
// before it stands, and whoever asked for it was told. Later commits write and flush their own
// pages.
extension Environment {
    /// Whether it takes writes, and why it last did not.
    package var health: StoreHealth { condition.withReadLock { $0.health } }

    /// Calls `observer` on every change of state, on the thread that made it: it must not call
    /// back.
    package func observe(_ observer: @escaping @Sendable (StoreHealth) -> Void) {
        condition.withWriteLock { $0.observer = observer }
    }

    /// A full map is called healthy again below this share of it: near the fill limit small writes
    /// pass and larger ones do not.
    private static let healthyLimit = 0.8
    /// A commit calls a store healthy again only so many milliseconds after the last refusal: where
    /// small writes pass and large ones do not, that is how often the state changes.
    private static let fullMilliseconds: UInt64 = 1_000

    /// A write that adds was committed.
    func noteSuccess() {
        reserve.noteSuccess()
        let since = condition.withReadLock { $0.health.state == .full ? $0.refusedAt : .max }
        guard since != .max, CoarseClock.milliseconds >= since + Self.fullMilliseconds else {
            return
        }
        endFullness()
    }

    /// A write that adds could be committed.
    private func endFullness() {
        guard let figures = try? figures(),
            Double(figures.usedBytes) <= Double(figures.mapBytesMax) * Self.healthyLimit,
            hasRoomAgain(figures)
        else { return }
        condition.withWriteLock { condition in
            if condition.health.state == .full { condition.become(.healthy) }
        }
    }

    /// A write was refused; counts where the reason is room.
    func noteRefusal(_ error: StorageError) {
        switch error {
        case .mapFull, .diskFull:
            condition.withWriteLock { condition in
                condition.refusedAt = CoarseClock.milliseconds
                if condition.failure == nil { condition.become(.full, because: error) }
            }
        default: return
        }
    }

    /// Refuses further writes.
    ///
    /// - Parameters:
    ///   - status: what the commit failed with.
    ///   - lastCommit: the number of the commit before it.
    ///   - error: the same for people.
    func stopWriting(
        _ status: StorageStatus,
        after lastCommit: UInt64,
        because error: StorageError
    ) {
        condition.withWriteLock { condition in
            if condition.failure == nil { condition.failure = (status, lastCommit) }
            condition.become(.failed, because: error)
        }
    }

    /// Opens the file again, for reads alone, where a failed commit left LMDB in a panic.
    ///
    /// - Returns: whether there is a handle to ask again: this call or another opened it.
    @discardableResult
    func reopenAfterPanic() -> Bool {
        tables.withLock { names in
            gate.alone { readers in
                if isPanicked { replaceHandle(readOnly: true, tables: names, &readers) }
                return (try? handle.get()) != nil
            }
        }
    }

    /// Looks whether a full store has room again, for whoever does not write meanwhile.
    @available(*, noasync, message: "a transaction must not cross a suspension")
    package func lookForRoom() {
        guard health.state == .full, !OpenTransaction.isOpen(token) else { return }
        do throws(StorageError) {
            _ = try makeRoom()
            endFullness()
        } catch {
            noteRefusal(error)
        }
    }

    /// Takes writes again after a failed commit, where it is certain what the disk holds.
    ///
    /// The file is opened again while no transaction is open. The meta page that the failed commit
    /// was to write is written once more as the reopened file has it, past the cache: then no later
    /// crash can bring the failed commit to light on top of pages that others have reused.
    ///
    /// - Throws: why writes stay refused; reads go on where the file could be opened at all.
    @available(*, noasync, message: "a transaction must not cross a suspension")
    package func recover() throws(StorageError) {
        guard let failure = condition.withReadLock({ $0.failure }) else { return }
        guard !OpenTransaction.isOpen(token) else { throw .nestedTransaction }
        let outcome = tables.withLock { names -> Result<Void, StorageError> in
            gate.alone { readers in
                // Closed first: LMDB must not be open twice, nor see the page change under it.
                let mapBytes = mapBytesInsideGate
                closeHandle(&readers)
                do throws(StorageError) {
                    try DataFile.settle(directory: path, at: failure.lastCommit)
                } catch {
                    openHandle(readOnly: true, mapBytes: mapBytes, tables: names)
                    return .failure(error)
                }
                openHandle(readOnly: false, mapBytes: mapBytes, tables: names)
                return handle.map { _ in }
            }
        }
        try outcome.get()
        reserve.forget()
        condition.withWriteLock { condition in
            condition.failure = nil
            condition.become(.healthy)
        }
    }

    /// Opens the file again, with the same tables; alone in the gate.
    private func replaceHandle(readOnly: Bool, tables: [String], _ readers: inout [Reader]) {
        let mapBytes = mapBytesInsideGate
        closeHandle(&readers)
        openHandle(readOnly: readOnly, mapBytes: mapBytes, tables: tables)
    }

    private func closeHandle(_ readers: inout [Reader]) {
        for reader in readers { reader.end() }
        readers = []
        handle = .failure(.failedForWriting(status: .panic))
    }

    private func openHandle(readOnly: Bool, mapBytes: Int, tables: [String]) {
        var again = settings
        again.readOnly = readOnly
        again.mapBytes = max(mapBytes, settings.mapBytes)
        do throws(StorageError) {
            let fresh = try again.open()
            for (position, name) in tables.enumerated() {
                let index = try again.openTable(name, in: fresh, creates: false)
                // LMDB numbers tables from 2 in the order they are opened.
                guard Int(index) == position + 2 else {
                    throw StorageError.other(
                        operation: "reopen \(name)",
                        status: StorageStatus(rawValue: Int32(clamping: index))
                    )
                }
            }
            handle = .success(fresh)
        } catch {
            handle = .failure(error)
        }
    }
}
