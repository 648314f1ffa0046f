package import NIOCore
package import PalateAccess
import PalateModel
import PalateWire

/// Who may come: the keys and tokens of the server, and what holds while there are none.
package struct ServerAccess: Sendable {
    /// Whom a server without keys and tokens lets in.
    package enum Anonymous: String, CaseIterable, Sendable {
        /// Peers on this machine: loopback addresses and Unix sockets.
        case loopback
        /// Nobody.
        case refuse
        /// Everybody: for networks that are closed otherwise.
        case everywhere
    }

    /// Asked about credentials; nil = there is no file of keys and no key for tokens to look at.
    package var gatekeeper: Gatekeeper?
    /// Whom to let in while there is nothing to authenticate by.
    package var anonymous: Anonymous

    /// Without a gatekeeper, as a library's tests have it.
    package init(gatekeeper: Gatekeeper? = nil, anonymous: Anonymous = .loopback) {
        self.gatekeeper = gatekeeper
        self.anonymous = anonymous
    }

    /// What a peer may do that has not said who it is; nil = nothing.
    ///
    /// - Parameter isLocal: whether it is on this machine.
    /// - Returns: everything, or nothing.
    package func grant(forAnonymous isLocal: Bool) -> Grant? {
        guard gatekeeper?.isOpen ?? true else { return nil }
        return switch anonymous {
        case .refuse: nil
        case .everywhere: .everything
        case .loopback: isLocal ? .everything : nil
        }
    }

    /// Whether a grant made earlier still holds: a key may be revoked or expire, and the first key
    /// ends what was open to everybody.
    func stillHolds(_ grant: Grant, now: Int64) -> Bool {
        guard let gatekeeper else { return true }
        return gatekeeper.stillHolds(grant, now: now)
    }

    /// What a credential allows.
    ///
    /// - Throws: `notAuthenticated`; `overloaded` for an address that failed too often.
    func authenticate(
        _ said: Authentication,
        at address: SocketAddress?
    ) async throws(RequestError) -> Grant {
        guard let gatekeeper else {
            throw .notAuthenticated(reason: "the server has no keys")
        }
        let credential: Credential =
            switch said.kind {
            case .apiKey: .apiKey(said.secret)
            case .token: .token(said.secret)
            }
        do throws(AccessError) {
            return try await gatekeeper.authenticate(
                credential,
                from: address?.ipAddress ?? Self.unixAddress,
                now: nowMilliseconds()
            )
        } catch {
            if case .throttled(let milliseconds) = error {
                throw .overloaded(
                    by: .failures,
                    expected: gatekeeper.freeFailures,
                    retryMilliseconds: UInt32(clamping: milliseconds)
                )
            }
            throw .notAuthenticated(reason: "\(error)")
        }
    }

    /// What all peers on a Unix socket count as.
    private static let unixAddress = "unix"
}

extension Grant {
    /// Whether it was given to whoever came.
    var isAnonymous: Bool { source == .nobody }
}

extension SocketAddress {
    /// Whether the peer is on this machine.
    package var isLocal: Bool {
        switch self {
        case .unixDomainSocket: true
        case .v4: ipAddress?.hasPrefix("127.") == true
        case .v6: ipAddress == "::1" || ipAddress?.hasPrefix("::ffff:127.") == true
        }
    }
}
