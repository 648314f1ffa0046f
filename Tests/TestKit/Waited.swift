import Dispatch
package import PalateModel

/// What a completion got, which somebody calls on a queue of theirs.
package func waited<Value: Sendable>(
    _ body: (@escaping @Sendable (Result<Value, RequestError>) -> Void) -> Void
) throws -> Value {
    let done = DispatchSemaphore(value: 0)
    let result = ReadWriteLock<Result<Value, RequestError>>(.failure(.cancelled))
    body { outcome in
        result.withWriteLock { $0 = outcome }
        done.signal()
    }
    done.wait()
    return try result.withReadLock { $0 }.get()
}
