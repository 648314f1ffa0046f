import Dispatch
package import PalateModel
import PalateStorage

/// The one writer of a collection: group commits, then the graph, then the acknowledgements.
///
/// Operations queue up while a batch commits and go together into the next one; the queue is
/// serial, so everything in `WriterCore` belongs to it alone.
package final class CollectionWriter: Sendable {
    /// Bytes of LOAD_DATA one loader may have unacknowledged.
    package static let creditBytes = 32 << 20
    /// Bytes of one group commit; a transaction stays below LMDB's 64 MiB of comfort.
    static let groupBytes = 32 << 20
    /// Bytes that may wait; beyond, operations are refused at once.
    static let backlogBytes = 512 << 20
    /// When a refused writer may try again.
    static let retryMilliseconds: UInt32 = 100

    private struct Waiting {
        var operation: WriteOperation
        var completion: WriteCompletion
    }

    private struct Backlog {
        var waiting: [Waiting] = []
        var bytes = 0
        var isScheduled = false
        /// Whether something left to do is scheduled for a quiet moment.
        var hasChoreTimer = false
        /// Groups written.
        var groups = 0
        var isClosed = false
        /// Another generation is taking over.
        var isSuspended = false
    }

    private let queue: DispatchQueue
    /// Quiet time after which the writer looks for something left to do.
    private let quietSeconds: Double
    private let backlog = ReadWriteLock(Backlog())
    private let core: WriterCore

    init(
        parts: CollectionParts,
        taste: TasteStore,
        options: DataDirectoryOptions,
        pace: LinkPace
    ) throws(IndexError) {
        quietSeconds = options.quietSeconds
        queue = DispatchQueue(label: "palate.writer.\(parts.store.schema.name)")
        core = try WriterCore(parts: parts, taste: taste, options: options, pace: pace)
        // What was left to do when the collection was closed.
        queue.async { self.scheduleChores() }
    }

    /// Queues one operation.
    ///
    /// - Parameters:
    ///   - operation: what to do.
    ///   - completion: called once: on the writer's queue after the commit, or at once by the
    ///     caller's own thread where the operation is refused.
    package func submit(_ operation: WriteOperation, completion: @escaping WriteCompletion) {
        let bytes = operation.byteCount
        let refusal: RequestError? = backlog.withWriteLock { backlog in
            guard !backlog.isSuspended else {
                return .overloaded(retryMilliseconds: Self.retryMilliseconds)
            }
            guard !backlog.isClosed else { return .shuttingDown }
            guard backlog.bytes + bytes <= Self.backlogBytes || backlog.waiting.isEmpty else {
                return .overloaded(retryMilliseconds: Self.retryMilliseconds)
            }
            backlog.bytes += bytes
            backlog.waiting.append(Waiting(operation: operation, completion: completion))
            if !backlog.isScheduled {
                backlog.isScheduled = true
                queue.async { self.drain() }
            }
            return nil
        }
        if let refusal { completion(.failure(refusal)) }
    }

    /// Queues one operation and waits for it; not for event loops.
    @available(*, noasync, message: "blocks the thread")
    package func perform(_ operation: WriteOperation) throws(RequestError) -> WriteOutcome {
        let done = DispatchSemaphore(value: 0)
        let result = ReadWriteLock<Result<WriteOutcome, RequestError>>(.failure(.shuttingDown))
        submit(operation) { outcome in
            result.withWriteLock { $0 = outcome }
            done.signal()
        }
        done.wait()
        return try result.withWriteLock { $0 }.get()
    }

    /// Finishes what waits, checkpoints, and refuses everything after.
    func close() throws(IndexError) {
        stop()
        try queue.sync { core.checkpointIfNeeded(force: true) }.get()
    }

    /// Finishes what waits, and refuses everything after.
    func stop() {
        backlog.withWriteLock { $0.isClosed = true }
        queue.sync { drain() }
    }

    /// Finishes what waits, and asks everybody after to try again: by then another generation may
    /// have taken over.
    func suspend() {
        backlog.withWriteLock { $0.isSuspended = true }
        queue.sync { drain() }
    }

    /// Goes on after `suspend`.
    func resume() { backlog.withWriteLock { $0.isSuspended = false } }

    /// Writes groups until nothing waits; on the queue.
    private func drain() {
        while true {
            let group: [Waiting] = backlog.withWriteLock { backlog in
                var count = 0
                var bytes = 0
                for waiting in backlog.waiting {
                    let next = waiting.operation.byteCount
                    let isAlone = waiting.operation.isAlone
                    if count > 0, isAlone || bytes + next > Self.groupBytes { break }
                    count += 1
                    bytes += next
                    if isAlone { break }
                }
                let group = Array(backlog.waiting.prefix(count))
                backlog.waiting.removeFirst(count)
                backlog.bytes -= bytes
                if group.isEmpty { backlog.isScheduled = false } else { backlog.groups += 1 }
                return group
            }
            if group.isEmpty { break }
            write(group)
        }
        scheduleChores()
    }

    /// Looks again after a quiet moment, where something is left to do; on the queue.
    private func scheduleChores() {
        guard core.hasChores else { return }
        let groups: Int? = backlog.withWriteLock { backlog in
            guard !backlog.isClosed, !backlog.hasChoreTimer else { return nil }
            backlog.hasChoreTimer = true
            return backlog.groups
        }
        guard let groups else { return }
        // Weakly: a closed collection must not hold its files open until then.
        queue.asyncAfter(deadline: .now() + quietSeconds) { [weak self] in
            self?.doChores(unlessWrittenSince: groups)
        }
    }

    /// Does what is left, a part at a time while nothing else waits; on the queue.
    private func doChores(unlessWrittenSince groups: Int) {
        var isQuiet = backlog.withWriteLock { backlog in
            backlog.hasChoreTimer = false
            return backlog.groups == groups
        }
        while isQuiet, core.hasChores {
            guard backlog.withReadLock({ $0.waiting.isEmpty && !$0.isClosed }) else { return }
            isQuiet = core.doChore()
        }
        scheduleChores()
    }

    /// Commits a group; when the store refuses it, each operation by itself, so that one that is
    /// too large for the disk does not take others with it.
    private func write(_ group: [Waiting]) {
        let operations = group.map(\.operation)
        do throws(IndexError) {
            try core.write(operations) { index, result in group[index].completion(result) }
        } catch  where group.count == 1 {
            group[0].completion(.failure(RequestError(error)))
        } catch {
            for waiting in group { write([waiting]) }
        }
    }
}
