import Glibc

/// A readers-writer lock that prefers writers, around a value.
///
/// For state that many queries read for tens of microseconds while one writer changes it in short
/// batches: the taste graph. Never taken inside a search loop. Not recursive.
@safe
package final class ReadWriteLock<Value: ~Copyable>: @unchecked Sendable {
    // SAFETY: `value` is touched only by the closures below, under the lock.
    private var value: Value
    private let lock: UnsafeMutablePointer<pthread_rwlock_t>

    /// Protects `value`.
    package init(_ value: consuming Value) {
        self.value = value
        // SAFETY: allocated and initialised here, destroyed in deinit, never handed out.
        unsafe lock = .allocate(capacity: 1)
        var attributes = pthread_rwlockattr_t()
        unsafe pthread_rwlockattr_init(&attributes)
        // 2 = PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP: readers cannot starve the writer.
        unsafe pthread_rwlockattr_setkind_np(&attributes, 2)
        unsafe pthread_rwlock_init(lock, &attributes)
        unsafe pthread_rwlockattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_rwlock_destroy(lock)
        unsafe lock.deallocate()
    }

    /// Runs `body` with shared access.
    package func withReadLock<Result: ~Copyable, Failure: Error>(
        _ body: (borrowing Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        unsafe pthread_rwlock_rdlock(lock)
        defer { unsafe pthread_rwlock_unlock(lock) }
        return try body(value)
    }

    /// Runs `body` alone.
    package func withWriteLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        unsafe pthread_rwlock_wrlock(lock)
        defer { unsafe pthread_rwlock_unlock(lock) }
        return try body(&value)
    }
}
