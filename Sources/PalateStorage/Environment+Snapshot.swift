import CLMDB
import Dispatch
import Glibc
import PalateModel

/// What a snapshot held.
package struct SnapshotFigures: Equatable, Sendable {
    /// Bytes of the copied file.
    package var bytes = 0
    /// Entries of all tables.
    package var entries = 0
}

extension Environment {
    /// Bytes handed over at a time.
    package static let snapshotChunkBytes = 1 << 20
    /// Copies begun before giving up: the map grows a few times in the life of a process.
    private static let snapshotAttempts = 8

    /// Streams a compacted copy of the last commit while reads and writes go on.
    ///
    /// The copy is one snapshot, without free pages, so it is a sound `data.mdb`. It holds a read
    /// transaction for its whole length: pages freed meanwhile are not reused, so the live file
    /// grows by about what is written while the copy runs. Whoever must be alone (growing the map)
    /// need not wait for that: the copy gives way and begins again. The corresponding C function
    /// is `mdb_env_copyfd2`.
    ///
    /// - Parameters:
    ///   - failingWith: the error of `restart` and `body`.
    ///   - restart: drop what came so far; the copy begins again.
    ///   - body: takes the next bytes, at most `snapshotChunkBytes`; may sleep.
    /// - Returns: what was copied.
    /// - Throws: what `body` throws, `copyInterrupted`, `corrupt`.
    @available(*, noasync, message: "a transaction must not cross a suspension")
    package func streamSnapshot<Failure: StorageFailure>(
        failingWith: Failure.Type,
        restarting restart: () throws(Failure) -> Void,
        _ body: (RawSpan) throws(Failure) -> Void
    ) throws(Failure) -> SnapshotFigures {
        for _ in 0..<Self.snapshotAttempts {
            if let figures = try copyOnce(body) { return figures }
            reopenAfterPanic()
            try restart()
        }
        throw Failure(.copyInterrupted(path: path))
    }

    /// One copy; nil when somebody wants to be alone, or a commit has just failed.
    private func copyOnce<Failure: StorageFailure>(
        _ body: (RawSpan) throws(Failure) -> Void
    ) throws(Failure) -> SnapshotFigures? {
        guard !OpenTransaction.isOpen(token) else { throw Failure(.nestedTransaction) }
        let entry = gate.enter(.copy)
        defer { gate.leave(entry) }
        let copy: PipedCopy
        do throws(StorageError) {
            copy = try PipedCopy(of: handle.get(), at: path)
        } catch {
            throw Failure(error)
        }
        var probe = SnapshotProbe()
        var buffer: [UInt8] = []
        while try copy.fill(&buffer, failingWith: Failure.self) {
            if gate.isWanted { return nil }
            probe.note(buffer)
            try body(buffer.span.rawBytes)
        }
        do throws(StorageError) {
            try copy.finish()
            return try probe.figures()
        } catch {
            if case .failedForWriting = error { return nil }
            throw Failure(error)
        }
    }
}

/// LMDB copying into a pipe on a queue of its own; ends when the object does.
private final class PipedCopy {
    /// Written by the copying queue before `done` is signalled, read after it was waited for.
    // SAFETY: @unchecked Sendable: the semaphore orders the one write before the one read.
    private final class Outcome: @unchecked Sendable {
        var status = StorageStatus.success
        let done = DispatchSemaphore(value: 0)
    }

    private let path: String
    private let reading: Int32
    private let outcome = Outcome()
    private var isOpen = true

    init(of handle: LMDBHandle, at path: String) throws(StorageError) {
        var ends: [Int32] = [0, 0]
        // SAFETY: the array has the two places that the system fills.
        let code = unsafe ends.withUnsafeMutableBufferPointer { unsafe pipe($0.baseAddress) }
        guard code == 0 else { throw StorageError(errno: errno, "open a pipe for", at: path) }
        // A child that keeps an end open would keep the copy waiting.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        self.path = path
        reading = ends[0]
        let (writing, outcome) = (ends[1], outcome)
        DispatchQueue(label: "palate.copy").async {
            // SAFETY: the gate, entered until `deinit` has waited for this, keeps handle and map.
            let code = unsafe mdb_env_copyfd2(handle.raw, writing, UInt32(MDB_CP_COMPACT))
            close(writing)
            outcome.status = StorageStatus(rawValue: code)
            outcome.done.signal()
        }
    }

    deinit { endReading() }

    /// Replaces `buffer` by the next bytes; false at the end.
    func fill<Failure: StorageFailure>(
        _ buffer: inout [UInt8],
        failingWith: Failure.Type
    ) throws(Failure) -> Bool {
        var failure: Int32 = 0
        let count = Environment.snapshotChunkBytes
        buffer.removeAll(keepingCapacity: true)
        // SAFETY: the array counts only what `read` filled.
        buffer = unsafe [UInt8](unsafeUninitializedCapacity: count) { bytes, filled in
            while filled < count {
                let start = unsafe bytes.baseAddress?.advanced(by: filled)
                let length = unsafe read(reading, start, count - filled)
                if length < 0, errno == EINTR { continue }
                if length < 0 { failure = errno }
                guard length > 0 else { return }
                filled += length
            }
        }
        guard failure == 0 else { throw Failure(StorageError(errno: failure, "copy", at: path)) }
        return !buffer.isEmpty
    }

    /// Waits for LMDB's own word on the copy.
    func finish() throws(StorageError) {
        endReading()
        guard outcome.status == .success else {
            // A page that is neither used nor free cannot be left out of a compacted copy.
            throw StorageError(outcome.status, "copy", at: path)
        }
    }

    /// Closes the pipe, which ends a copy that is still running: LMDB blocks SIGPIPE in its writer.
    private func endReading() {
        guard isOpen else { return }
        isOpen = false
        close(reading)
        outcome.done.wait()
    }
}

/// Looks at a copied file as it passes: its meta page says how long it must be, and its last page,
/// the root of the list of tables, how much it holds.
private struct SnapshotProbe {
    private var head: [UInt8] = []
    private var tail: [UInt8] = []
    private var byteCount = 0

    mutating func note(_ chunk: [UInt8]) {
        let pageBytesMax = MetaPage.pageSizes.upperBound
        byteCount += chunk.count
        if head.count < 2 * pageBytesMax { head += chunk.prefix(2 * pageBytesMax - head.count) }
        tail = (chunk.count < pageBytesMax ? tail : []) + chunk.suffix(pageBytesMax)
        tail = Array(tail.suffix(pageBytesMax))
    }

    func figures() throws(StorageError) -> SnapshotFigures {
        let first = try MetaPage(PageImage(bytes: head), number: 0)
        let bytes = first.pageBytes
        let meta = try MetaPage(PageImage(bytes: Array(head.dropFirst(bytes))), number: 1)
        let expected = (Int(clamping: meta.lastPage) + 1) * bytes
        guard byteCount == expected else {
            throw .corrupt(where: "copy of data.mdb: \(byteCount) bytes, expected \(expected)")
        }
        guard meta.main.root != TreeRecord.noRoot else {
            return SnapshotFigures(bytes: byteCount, entries: 0)
        }
        let image = PageImage(bytes: Array(tail.suffix(bytes)))
        let page = try TreePage(image, number: meta.main.root, pageBytes: bytes)
        var entries = 0
        for index in 0..<page.count {
            guard page.isLeaf, page.nodeFlags(index) == NodeFlags.table,
                page.valueByteCount(index) == TreeRecord.byteCount
            else { throw page.damage("node \(index) is no table") }
            entries += Int(clamping: TreeRecord(image, at: page.valueOffset(index)).entries)
        }
        return SnapshotFigures(bytes: byteCount, entries: entries)
    }
}
