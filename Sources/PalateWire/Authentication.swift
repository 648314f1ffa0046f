/// Who a client says it is: the body of AUTH.
package struct Authentication: Equatable, Sendable {
    /// What kind of credential it is.
    ///
    /// Raw values are the wire's.
    package enum Kind: UInt8, CaseIterable, Sendable {
        /// One that `palate keys` made.
        case apiKey = 1
        /// A signed JSON Web Token.
        case token = 2
    }

    /// The kind.
    package var kind: Kind
    /// The credential itself; never logged.
    package var secret: String

    /// Bytes of a credential: it must fit the largest body there is before HELLO is answered.
    package static let secretBytes = 1...4_000

    /// A credential of this kind.
    package init(kind: Kind, secret: String) {
        self.kind = kind
        self.secret = secret
    }
}

extension Authentication: CustomStringConvertible, CustomReflectable {
    /// Without the secret.
    package var description: String { "\(kind) of \(secret.utf8.count) bytes" }

    /// Without the secret, for whoever dumps a request.
    package var customMirror: Mirror { Mirror(self, children: ["kind": kind]) }
}

/// What a credential allows, as the server sees it.
package struct AuthenticationReceipt: Equatable, Sendable {
    /// Bits: 1 query, 2 write, 4 events, 8 admin.
    package var scopes: UInt32
    /// The key's id, or the token's subject.
    package var subject: String
    /// Milliseconds since 1970 from which on it holds no more; 0 = it does not expire.
    package var expiryMilliseconds: Int64

    /// Bytes of a subject.
    package static let subjectBytes = 0...256

    /// A receipt.
    package init(scopes: UInt32, subject: String, expiryMilliseconds: Int64) {
        self.scopes = scopes
        self.subject = subject
        self.expiryMilliseconds = expiryMilliseconds
    }
}
