import Glibc

/// Retries what fails while a dropped directory's last write is still under way on its queue.
package func eventually<Value>(_ body: () throws -> Value) throws -> Value {
    for _ in 0..<500 {
        if let value = try? body() { return value }
        usleep(10_000)
    }
    return try body()
}
