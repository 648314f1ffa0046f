import PalateAccess
import PalateServer

/// Who may ask over HTTP: the keys and tokens of the protocol, as `Authorization: Bearer`.
struct OperationsAccess: Sendable {
    /// Why somebody may not.
    enum Refusal: Error, Equatable {
        case unauthenticated(reason: String)
        case throttled(milliseconds: Int)
    }

    private static let scheme = "Bearer "

    let access: ServerAccess

    /// What the sender of a request may do.
    ///
    /// - Parameters:
    ///   - header: of the request; nil = it has none.
    ///   - address: where it came from.
    ///   - isLocal: whether that is this machine.
    ///   - now: milliseconds since 1970.
    /// - Returns: its grant.
    /// - Throws: why it may do nothing.
    func grant(
        _ header: String?,
        from address: String,
        isLocal: Bool,
        now: Int64
    ) async throws(Refusal) -> Grant {
        guard let header else {
            guard let grant = access.grant(forAnonymous: isLocal) else {
                throw .unauthenticated(reason: "an Authorization header is needed")
            }
            return grant
        }
        guard let gatekeeper = access.gatekeeper, header.hasPrefix(Self.scheme) else {
            throw .unauthenticated(reason: "Authorization: Bearer KEY_OR_TOKEN is needed")
        }
        let secret = String(header.dropFirst(Self.scheme.count))
        let credential: Credential =
            secret.hasPrefix("plt_") ? .apiKey(secret) : .token(secret)
        do throws(AccessError) {
            return try await gatekeeper.authenticate(credential, from: address, now: now)
        } catch {
            if case .throttled(let milliseconds) = error {
                throw .throttled(milliseconds: milliseconds)
            }
            throw .unauthenticated(reason: "\(error)")
        }
    }
}
