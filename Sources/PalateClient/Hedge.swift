import NIOCore
import PalateWire

/// A read asked a second time when its answer is late; the first answer counts.
enum Hedge {
    private enum Outcome {
        case answer(Result<Response, PalateClientError>)
        case late
    }

    /// Makes a call, and once more when its answer is late; the other one is cancelled then.
    ///
    /// - Parameters:
    ///   - delay: until the second call leaves.
    ///   - call: makes the call, over the connection that has the least to do.
    /// - Returns: what the first answer is. A failure counts before the second call leaves;
    ///   afterwards, only where both fail.
    static func first(
        after delay: TimeAmount,
        of call: @escaping @Sendable () async -> Result<Response, PalateClientError>
    ) async -> Result<Response, PalateClientError> {
        await withTaskGroup(of: Outcome.self) { group in
            group.addTask { .answer(await call()) }
            group.addTask {
                try? await Task.sleep(nanoseconds: UInt64(max(0, delay.nanoseconds)))
                return .late
            }
            defer { group.cancelAll() }
            var running = 1
            while let outcome = await group.next() {
                switch outcome {
                case .late where !Task.isCancelled:
                    running += 1
                    group.addTask { .answer(await call()) }
                case .late: continue
                case .answer(.success(let response)): return .success(response)
                case .answer(.failure(let error)):
                    running -= 1
                    if running == 0 { return .failure(error) }
                }
            }
            return .failure(.cancelled)
        }
    }
}
