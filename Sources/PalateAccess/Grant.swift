/// The collections that a credential is good for.
package enum CollectionAccess: Sendable, Equatable {
    /// Every one, and those to come.
    case all
    /// These alone.
    case named(Set<String>)

    /// Whether a collection is among them.
    package func allows(_ name: String) -> Bool {
        switch self {
        case .all: true
        case .named(let names): names.contains(name)
        }
    }
}

/// What an authenticated peer may do.
package struct Grant: Sendable, Equatable {
    /// What vouches for it.
    package enum Source: Sendable, Equatable {
        /// A key of the ring, by its id.
        case key
        /// A signed token.
        case token
        /// Nothing: the server has nothing to authenticate by.
        case nobody
    }

    /// What vouches for it.
    package var source: Source
    /// The key's id, or the token's `sub`.
    package var subject: String
    /// What it is for.
    package var scopes: Scopes
    /// Where it holds.
    package var collections: CollectionAccess
    /// Milliseconds since 1970 from which it holds no more; nil = it does not expire.
    package var expiry: Int64?

    /// A grant.
    package init(
        source: Source,
        subject: String,
        scopes: Scopes,
        collections: CollectionAccess,
        expiry: Int64? = nil
    ) {
        self.source = source
        self.subject = subject
        self.scopes = scopes
        self.collections = collections
        self.expiry = expiry
    }

    /// Of a server without keys and tokens.
    package static let everything = Grant(
        source: .nobody,
        subject: "anonymous",
        scopes: .all,
        collections: .all
    )

    /// Whether it has not expired.
    package func isCurrent(at now: Int64) -> Bool { expiry.map { now < $0 } ?? true }
}

/// Who a peer says it is.
package enum Credential: Sendable {
    /// A key of the ring, as it was printed.
    case apiKey(String)
    /// A JSON Web Token.
    case token(String)

    /// Bytes of a credential.
    package static let byteCount = 1...4_000
}

extension Credential: CustomStringConvertible, CustomReflectable {
    /// Without the secret.
    package var description: String {
        switch self {
        case .apiKey: "an API key"
        case .token: "a token"
        }
    }

    /// Without the secret.
    package var customMirror: Mirror { Mirror(self, children: ["kind": description]) }
}
