import CLMDB
import Glibc

/// Lets transactions in, lends them pooled readers, and closes when somebody must be alone.
///
/// Entered once per transaction (expect up to 100,000 reads a second), closed a few times in the
/// life of a process (growing the map, closing after a failed commit). One uncontended mutex costs
/// about 15 ns; the critical sections are a counter and an array's end.
@safe
final class TransactionGate: @unchecked Sendable {
    // SAFETY: `state` is allocated and initialised in init, destroyed in deinit, never handed out;
    // everything but the mutex itself is touched only with the mutex held.

    /// What the mutex protects, beside it.
    ///
    /// In raw memory: no exclusivity checks at run time.
    @safe
    private struct State {
        var mutex = unsafe pthread_mutex_t()
        var changed = pthread_cond_t()
        var idle: [Reader] = []
        var openCount = 0
        var isClosed = false
    }

    private let state: UnsafeMutablePointer<State>

    init() {
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(to: State())
        unsafe pthread_mutex_init(&state.pointee.mutex, nil)
        unsafe pthread_cond_init(&state.pointee.changed, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(&state.pointee.changed)
        unsafe pthread_mutex_destroy(&state.pointee.mutex)
        unsafe state.deinitialize(count: 1)
        unsafe state.deallocate()
    }

    /// Waits until the gate is open and counts one transaction in.
    ///
    /// - Parameter wantsReader: whether to take a pooled reader along.
    /// - Returns: an idle reader when one is wanted and there is one.
    func enter(wantsReader: Bool) -> Reader? {
        lock()
        defer { unlock() }
        while unsafe state.pointee.isClosed { wait() }
        unsafe state.pointee.openCount += 1
        return wantsReader ? unsafe state.pointee.idle.popLast() : nil
    }

    /// Counts one transaction out and takes its reader back.
    func leave(returning reader: consuming Reader?) {
        lock()
        defer { unlock() }
        unsafe state.pointee.openCount -= 1
        if let reader { unsafe state.pointee.idle.append(reader) }
        if unsafe state.pointee.isClosed && state.pointee.openCount == 0 { announce() }
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
        lock()
        while unsafe state.pointee.isClosed { wait() }
        unsafe state.pointee.isClosed = true
        while unsafe state.pointee.openCount > 0 { wait() }
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

    private func wait() { unsafe pthread_cond_wait(&state.pointee.changed, &state.pointee.mutex) }

    private func announce() { unsafe pthread_cond_broadcast(&state.pointee.changed) }
}
