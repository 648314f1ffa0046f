import Dispatch
package import PalateModel
import PalateStorage

/// The one writer of a collection: group commits, then the graph, then the acknowledgements.
///
/// Operations queue up while a batch commits and go together into the next one; the queue is
/// serial, so everything in `WriterCore` belongs to it alone. Loads and other writes wait in lanes
/// of their own that take turns by groups: however many loaders there are, a row that somebody
/// writes waits for one of their groups.
package final class CollectionWriter: Sendable {
    /// Bytes of LOAD_DATA one loader may have unacknowledged.
    package static let creditBytes = 32 << 20
    /// Bytes of one group commit; a transaction stays below LMDB's 64 MiB of comfort.
    static let groupBytes = 32 << 20
    /// When a refused writer may try again.
    static let retryMilliseconds: UInt32 = 100

    private struct State {
        var backlog = WriteBacklog(groupBytes: CollectionWriter.groupBytes)
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
    /// Bytes of a lane that may wait; beyond, operations are refused at once.
    private let backlogBytesMax: Int
    private let state = ReadWriteLock(State())
    private let core: WriterCore

    init(
        parts: CollectionParts,
        taste: TasteStore,
        options: DataDirectoryOptions,
        pace: LinkPace
    ) throws(IndexError) {
        quietSeconds = options.quietSeconds
        backlogBytesMax = options.writeBacklogBytes
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
        let refusal: RequestError? = state.withWriteLock { state in
            guard !state.isSuspended else {
                return .overloaded(
                    by: .swapsAtOnce,
                    expected: 1,
                    retryMilliseconds: Self.retryMilliseconds
                )
            }
            guard !state.isClosed else { return .shuttingDown }
            guard state.backlog.append(operation, bytesMax: backlogBytesMax, completion) else {
                return .overloaded(
                    by: .writeBacklog,
                    expected: backlogBytesMax,
                    retryMilliseconds: Self.retryMilliseconds
                )
            }
            if !state.isScheduled {
                state.isScheduled = true
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
        state.withWriteLock { $0.isClosed = true }
        queue.sync { drain() }
    }

    /// Finishes what waits, and asks everybody after to try again: by then another generation may
    /// have taken over.
    func suspend() {
        state.withWriteLock { $0.isSuspended = true }
        queue.sync { drain() }
    }

    /// Goes on after `suspend`.
    func resume() { state.withWriteLock { $0.isSuspended = false } }

    /// Writes groups until nothing waits; on the queue.
    private func drain() {
        while true {
            let group = state.withWriteLock { state in
                let group = state.backlog.takeGroup()
                if group.isEmpty { state.isScheduled = false } else { state.groups += 1 }
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
        let groups: Int? = state.withWriteLock { state in
            guard !state.isClosed, !state.hasChoreTimer else { return nil }
            state.hasChoreTimer = true
            return state.groups
        }
        guard let groups else { return }
        // Weakly: a closed collection must not hold its files open until then.
        queue.asyncAfter(deadline: .now() + quietSeconds) { [weak self] in
            self?.doChores(unlessWrittenSince: groups)
        }
    }

    /// Does what is left, a part at a time while nothing else waits; on the queue.
    private func doChores(unlessWrittenSince groups: Int) {
        var isQuiet = state.withWriteLock { state in
            state.hasChoreTimer = false
            return state.groups == groups
        }
        while isQuiet, core.hasChores {
            guard state.withReadLock({ $0.backlog.isEmpty && !$0.isClosed }) else { return }
            isQuiet = core.doChore()
        }
        scheduleChores()
    }

    /// Commits a group; when the store refuses it, each operation by itself, so that one that is
    /// too large for the disk does not take others with it.
    private func write(_ group: [WriteBacklog.Waiting]) {
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
