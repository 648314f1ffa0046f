import Dispatch
import PalateModel
import PalateQuery
import Synchronization

/// Threads for what must not run on an event loop, and the scratch of all queries.
///
/// The queue is bounded: what cannot start soon is refused at once rather than late.
final class SearchWorkers: Sendable {
    /// When a refused client may try again.
    static let retryMilliseconds: UInt32 = 50

    // SAFETY: @unchecked Sendable: leased to one query at a time.
    private final class ScratchBox: @unchecked Sendable {
        var scratch = QueryScratch()
    }

    private let queue = DispatchQueue(label: "palate.workers", attributes: .concurrent)
    private let slots: DispatchSemaphore
    private let waiting = Atomic<Int>(0)
    private let waitingMax: Int
    private let idle = Mutex<[ScratchBox]>([])

    init(count: Int, waitingMax: Int) {
        slots = DispatchSemaphore(value: count)
        self.waitingMax = waitingMax
    }

    /// Runs `work` on a worker.
    ///
    /// - Returns: false when too much waits already; then `work` never runs.
    func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        let before = waiting.wrappingAdd(1, ordering: .relaxed).oldValue
        guard before < waitingMax else {
            waiting.wrappingSubtract(1, ordering: .relaxed)
            return false
        }
        queue.async { [self] in
            slots.wait()
            waiting.wrappingSubtract(1, ordering: .relaxed)
            work()
            slots.signal()
        }
        return true
    }

    /// Runs `body` with a scratch that nobody else has.
    func withScratch<Result>(
        _ body: (inout QueryScratch) throws(RequestError) -> Result
    ) throws(RequestError) -> Result {
        let box = idle.withLock { $0.popLast() } ?? ScratchBox()
        defer { idle.withLock { $0.append(box) } }
        return try body(&box.scratch)
    }
}
