import CLMDB
import Glibc

/// Lets transactions in, lends them pooled readers, and closes when somebody must be alone.
///
/// Entered once per transaction (expect up to 100,000 reads a second), closed a few times in the
/// life of a process (growing the map, closing after a failed commit). One uncontended mutex costs
/// about 15 ns; the critical sections are a counter and an array's end.
@safe
final class TransactionGate: @unchecked Sendable {
    // SAFETY: `idle`, `openCount` and `isClosed` are touched only with `mutex` held.
    private var idle: [Reader] = []
    private var openCount = 0
    private var isClosed = false
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>

    init() {
        // SAFETY: allocated and initialised here, destroyed in deinit, never handed out.
        unsafe mutex = .allocate(capacity: 1)
        unsafe changed = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(changed, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(changed)
        unsafe pthread_mutex_destroy(mutex)
        unsafe changed.deallocate()
        unsafe mutex.deallocate()
    }

    /// Waits until the gate is open and counts one transaction in.
    ///
    /// - Returns: an idle reader when one is wanted and there is one.
    func enter(wantsReader: Bool) -> Reader? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while isClosed { unsafe pthread_cond_wait(changed, mutex) }
        openCount += 1
        return wantsReader ? idle.popLast() : nil
    }

    /// Counts one transaction out and takes its reader back.
    func leave(returning reader: Reader?) {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        openCount -= 1
        if let reader { idle.append(reader) }
        if isClosed && openCount == 0 { unsafe pthread_cond_broadcast(changed) }
    }

    /// Runs `body` while no transaction is open, keeping new ones out.
    ///
    /// - Parameter body: gets the idle readers; those it removes are its to end.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws.
    func alone<Result, Failure: Error>(
        _ body: (inout [Reader]) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        unsafe pthread_mutex_lock(mutex)
        while isClosed { unsafe pthread_cond_wait(changed, mutex) }
        isClosed = true
        while openCount > 0 { unsafe pthread_cond_wait(changed, mutex) }
        var readers: [Reader] = []
        swap(&readers, &idle)
        unsafe pthread_mutex_unlock(mutex)
        defer {
            unsafe pthread_mutex_lock(mutex)
            swap(&readers, &idle)
            isClosed = false
            unsafe pthread_cond_broadcast(changed)
            unsafe pthread_mutex_unlock(mutex)
        }
        return try body(&readers)
    }

    /// Idle readers, each holding one of LMDB's reader slots.
    var idleCount: Int {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return idle.count
    }
}
