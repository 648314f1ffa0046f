import CLMDB
import Glibc

/// Lets transactions in, lends them pooled readers, and closes when somebody must be alone.
///
/// Entered once per transaction (expect up to 100,000 reads a second), closed a few times in the
/// life of a process (growing the map, closing after a failed commit). One uncontended mutex costs
/// about 15 ns and the coarse clock 5; the critical sections are a counter and two arrays' ends.
@safe
final class TransactionGate: @unchecked Sendable {
    // SAFETY: `state` is allocated and initialised in init, destroyed in deinit, never handed out;
    // everything but the mutex itself is touched only with the mutex held.

    /// What is let in.
    enum Purpose {
        /// Pins the pages of the last commit, and takes a pooled reader along.
        case read
        /// Pins the pages of the last commit with a reader of its own.
        case copy
        /// Neither.
        case other
    }

    /// A transaction that was let in.
    struct Entry {
        /// Where its start is kept.
        let slot: Int
        /// An idle reader where one was wanted and there was one.
        let reader: Reader?
    }

    /// What the mutex protects, beside it.
    ///
    /// In raw memory: no exclusivity checks at run time.
    @safe
    private struct State {
        var mutex = unsafe pthread_mutex_t()
        var changed = pthread_cond_t()
        var idle: [Reader] = []
        /// Per slot: when a transaction began that pins pages, in coarse milliseconds; else 0.
        var starts: [UInt64] = []
        var freeSlots: [Int] = []
        var openCount = 0
        var isClosed = false
    }

    private let state: UnsafeMutablePointer<State>

    init() {
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(to: State())
        unsafe pthread_mutex_init(&state.pointee.mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(&state.pointee.changed, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(&state.pointee.changed)
        unsafe pthread_mutex_destroy(&state.pointee.mutex)
        unsafe state.deinitialize(count: 1)
        unsafe state.deallocate()
    }

    /// Waits until the gate is open and counts one transaction in.
    func enter(_ purpose: Purpose) -> Entry {
        lock()
        defer { unlock() }
        while unsafe state.pointee.isClosed { _ = wait(until: nil) }
        unsafe state.pointee.openCount += 1
        let start = purpose == .other ? 0 : CoarseClock.milliseconds
        let slot: Int
        if let free = unsafe state.pointee.freeSlots.popLast() {
            slot = free
            unsafe state.pointee.starts[slot] = start
        } else {
            slot = unsafe state.pointee.starts.count
            unsafe state.pointee.starts.append(start)
        }
        let reader = purpose == .read ? unsafe state.pointee.idle.popLast() : nil
        return Entry(slot: slot, reader: reader)
    }

    /// Counts one transaction out and takes its reader back.
    func leave(_ entry: Entry, returning reader: consuming Reader? = nil) {
        lock()
        defer { unlock() }
        unsafe state.pointee.openCount -= 1
        unsafe state.pointee.starts[entry.slot] = 0
        unsafe state.pointee.freeSlots.append(entry.slot)
        if let reader { unsafe state.pointee.idle.append(reader) }
        if unsafe state.pointee.isClosed && state.pointee.openCount == 0 { announce() }
    }

    /// How long the oldest open transaction that pins pages has been open; 0 where there is none.
    var oldestMilliseconds: UInt64 {
        lock()
        defer { unlock() }
        let oldest = unsafe state.pointee.starts.lazy.filter { $0 != 0 }.min()
        return oldest.map { CoarseClock.milliseconds - $0 } ?? 0
    }

    /// Whether somebody waits to be alone: a long read should give way.
    var isWanted: Bool {
        lock()
        defer { unlock() }
        return unsafe state.pointee.isClosed
    }

    /// Runs `body` while no transaction is open, keeping new ones out.
    ///
    /// - Parameter body: gets the idle readers; those it removes are its to end.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws.
    func alone<Result, Failure: Error>(
        _ body: (inout [Reader]) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        _ = close(within: nil)
        return try runClosed(body)
    }

    /// As `alone`, but opens again and gives up where a transaction stays open for longer than
    /// `patience`: nobody else can begin one meanwhile.
    ///
    /// - Returns: what `body` returns; nil where it did not run.
    func alone<Result, Failure: Error>(
        within patience: Duration,
        _ body: (inout [Reader]) throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        guard close(within: patience) else { return nil }
        return try runClosed(body)
    }

    /// Keeps new transactions out and waits for the open ones to end.
    ///
    /// - Returns: false, with the gate open, when that took too long.
    private func close(within patience: Duration?) -> Bool {
        let deadline = patience.map(CoarseClock.deadline)
        lock()
        defer { unlock() }
        while unsafe state.pointee.isClosed {
            guard wait(until: deadline) else { return false }
        }
        unsafe state.pointee.isClosed = true
        while unsafe state.pointee.openCount > 0 {
            guard wait(until: deadline) else {
                unsafe state.pointee.isClosed = false
                announce()
                return false
            }
        }
        return true
    }

    private func runClosed<Result, Failure: Error>(
        _ body: (inout [Reader]) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        lock()
        var readers: [Reader] = []
        unsafe swap(&readers, &state.pointee.idle)
        unlock()
        defer {
            lock()
            unsafe swap(&readers, &state.pointee.idle)
            unsafe state.pointee.isClosed = false
            announce()
            unlock()
        }
        return try body(&readers)
    }

    private func lock() { unsafe pthread_mutex_lock(&state.pointee.mutex) }

    private func unlock() { unsafe pthread_mutex_unlock(&state.pointee.mutex) }

    /// Waits for a change.
    ///
    /// - Returns: false when the deadline has passed.
    private func wait(until deadline: timespec?) -> Bool {
        guard var deadline else {
            unsafe pthread_cond_wait(&state.pointee.changed, &state.pointee.mutex)
            return true
        }
        let code = unsafe pthread_cond_timedwait(
            &state.pointee.changed,
            &state.pointee.mutex,
            &deadline
        )
        return code != ETIMEDOUT
    }

    private func announce() { unsafe pthread_cond_broadcast(&state.pointee.changed) }
}
