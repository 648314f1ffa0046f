import Glibc

/// Retries what fails while work is still under way on some queue.
package func eventually<Value>(
    within seconds: Int = 5,
    _ body: () throws -> Value
) throws -> Value {
    for _ in 0..<seconds * 100 {
        if let value = try? body() { return value }
        usleep(10_000)
    }
    return try body()
}
