import Dispatch
import Glibc
import PalateAccess
import Synchronization

/// What people show to be let in.
enum TokenTarget {
    private static let now: Int64 = 1_790_000_000_000
    /// Knows a secret that nobody else does.
    private static let verifier: TokenVerifier? = blocking { () async -> TokenVerifier? in
        let path = "/tmp/palate-fuzz-secret-\(getpid())"
        guard let file = fopen(path, "wx") else { return nil }
        for _ in 0..<4 { fputs(String(UInt64.random(in: 1 << 60 ... .max), radix: 16), file) }
        fclose(file)
        defer { unlink(path) }
        return try? await TokenVerifier(TokenSettings(algorithms: [.hs256], secretFile: path))
    }

    /// A token: none is taken, for nobody could sign it.
    static func token(_ bytes: [UInt8]) -> Bool {
        guard let verifier else { preconditionFailure("no verifier") }
        let token = String(decoding: bytes, as: UTF8.self)
        let refusal: AccessError? = blocking { () async -> AccessError? in
            do throws(AccessError) {
                _ = try await verifier.grant(for: token, now: now)
                return nil
            } catch {
                return error
            }
        }
        precondition(refusal != nil, "took a token that nobody signed: \(token)")
        // Its form was understood where only the signature was wrong.
        return refusal == .tokenRefused(.signature)
    }

    private static func blocking<Value: Sendable>(
        _ body: @escaping @Sendable () async -> Value?
    ) -> Value? {
        let result = Box<Value>()
        let done = DispatchSemaphore(value: 0)
        Task {
            let value = await body()
            result.value.withLock { $0 = value }
            done.signal()
        }
        done.wait()
        return result.value.withLock { $0 }
    }

    private final class Box<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }
}
