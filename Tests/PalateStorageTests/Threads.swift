import Glibc
import Synchronization

/// Opens once; waiting blocks until then.
final class Latch: Sendable {
    private let isOpen = Atomic(false)

    func open() { isOpen.store(true, ordering: .releasing) }

    func wait() {
        while !isOpen.load(ordering: .acquiring) { usleep(200) }
    }
}

/// A thread of its own: transactions block, which the cooperative pool must not.
struct StartedThread {
    private let handle: pthread_t

    fileprivate init(handle: pthread_t) { self.handle = handle }

    func join() { pthread_join(handle, nil) }
}

private final class Work {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

func startThread(_ body: @escaping @Sendable () -> Void) -> StartedThread {
    var handle = pthread_t()
    let work = Unmanaged.passRetained(Work(body)).toOpaque()
    let code = pthread_create(
        &handle,
        nil,
        { argument in
            if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
            return nil
        },
        work
    )
    precondition(code == 0)
    return StartedThread(handle: handle)
}
