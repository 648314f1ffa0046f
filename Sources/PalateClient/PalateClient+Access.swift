import NIOCore
import PalateModel
import PalateWire

// Who the client is: AUTH right behind HELLO, and again before it expires.
extension PalateClient {
    /// What a credential allows, as the server sees it.
    public struct Access: Equatable, Sendable {
        /// The key's id, or the token's subject.
        public var subject: String
        /// Of query, write, events and admin.
        public var scopes: Set<String>
        /// Milliseconds since 1970; nil = it does not expire.
        public var expiryMilliseconds: Int64?

        init(_ receipt: AuthenticationReceipt) {
            subject = receipt.subject
            let names = ["query", "write", "events", "admin"]
            scopes = Set(
                names.enumerated().filter { receipt.scopes >> $0.offset & 1 == 1 }.map(\.element)
            )
            expiryMilliseconds =
                receipt.expiryMilliseconds == 0 ? nil : receipt.expiryMilliseconds
        }
    }

    /// Says who the client is from now on, over every connection.
    ///
    /// A credential that is refused takes nothing away: connections keep what they had.
    ///
    /// - Throws: `refused` with `notAuthenticated`; with `overloaded` after too many failures.
    @discardableResult
    public func authenticate(
        _ credential: ClientCredential
    ) async throws(PalateClientError) -> Access {
        Access(try await pool.authenticate(credential))
    }
}

extension Connection {
    /// Sends a credential over this connection.
    func authenticate(
        _ credential: ClientCredential,
        _ options: ClientOptions
    ) async throws(PalateClientError) -> AuthenticationReceipt {
        let secret: String
        do {
            secret = try await credential.secret()
        } catch {
            throw .connectFailed(reason: "the source of tokens failed")
        }
        let kind: Authentication.Kind = credential.kind == .apiKey ? .apiKey : .token
        let receipt = try await say(Authentication(kind: kind, secret: secret), options)
        let isRenewed = kind == .token && receipt.expiryMilliseconds != 0
        setRenewal(
            isRenewed
                ? Renewal.start(
                    on: self,
                    credential,
                    options,
                    secret: secret,
                    expiry: receipt.expiryMilliseconds
                ) : nil
        )
        return receipt
    }

    /// Sends AUTH.
    func say(
        _ said: Authentication,
        _ options: ClientOptions
    ) async throws(PalateClientError) -> AuthenticationReceipt {
        guard Authentication.secretBytes.contains(said.secret.utf8.count) else {
            throw .invalidRequest(
                .outOfRange(
                    field: "bytes of the credential",
                    got: said.secret.utf8.count,
                    expected: Authentication.secretBytes
                )
            )
        }
        let reply = await call(.authenticate(said), timeout: options.requestTimeout)
        guard case .authenticated(let receipt) = try reply.result.get() else {
            throw .unexpectedResponse(opcode: Opcode.authenticate.rawValue)
        }
        return receipt
    }
}
