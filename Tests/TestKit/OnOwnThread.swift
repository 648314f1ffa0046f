import Dispatch

/// Runs what blocks on a thread of its own: the cooperative ones are as few as there are cores, and
/// whoever is waited for may need one.
package func onOwnThread<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue(label: "palate.tests.blocking").async {
            continuation.resume(with: Result { try body() })
        }
    }
}
