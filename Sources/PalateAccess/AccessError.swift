/// Why a credential is not taken.
///
/// Says nothing that helps to guess, and nothing of the credential.
package enum AccessError: Error, Equatable, Sendable {
    /// Unknown, wrong or revoked: which of them is not said.
    case notAuthenticated
    /// It was good until it expired.
    case expired
    /// The address failed too often.
    case throttled(retryMilliseconds: Int)
    /// Longer or shorter than a credential is.
    case badLength(got: Int, expected: ClosedRange<Int>)
    /// The server takes no tokens.
    case noTokens
    /// The token is not good.
    case tokenRefused(TokenRefusal)
}

/// What a token lacks.
package enum TokenRefusal: String, Sendable, CaseIterable {
    /// It is not three parts of base64url with JSON in them.
    case malformed
    /// Its algorithm is not on the list, or is `none`.
    case algorithm
    /// No key fits it, or its signature is wrong.
    case signature
    /// It has no `exp`.
    case noExpiry = "no expiry"
    /// Its `nbf` is still to come.
    case early = "not valid yet"
    /// Another `iss` than the configured one.
    case issuer
    /// Another `aud` than the configured one.
    case audience
    /// No `sub`, or a scope that does not exist.
    case claims
}

extension AccessError: CustomStringConvertible {
    /// For the peer.
    package var description: String {
        switch self {
        case .notAuthenticated: "the credential is not known"
        case .expired: "the credential has expired"
        case .throttled(let milliseconds): "too many failures, try again in \(milliseconds) ms"
        case .badLength(let got, let expected):
            "the credential has \(got) bytes, expected \(expected.lowerBound) to "
                + "\(expected.upperBound)"
        case .noTokens: "this server takes no tokens"
        case .tokenRefused(let refusal): "the token is refused: \(refusal.rawValue)"
        }
    }
}

/// Why keys cannot be read or changed.
package enum KeyRingError: Error, Equatable, Sendable {
    /// The file cannot be read or written.
    case file(path: String, reason: String)
    /// The file is not what keys are stored as.
    case damaged(path: String, reason: String)
    /// A version of the file that this one does not know.
    case unknownVersion(path: String, got: Int, expected: Int)
    /// A name breaks the rule.
    case badName(got: String)
    /// There is no such scope.
    case unknownScope(got: String, expected: [String])
    /// A key that could do nothing.
    case grantsNothing(what: String)
    /// No key of this id, or a revoked one.
    case unknownKey(id: String)
    /// As many keys as there may be.
    case tooManyKeys(expected: Int)
    /// The file had keys, and has none any more.
    case keysGone(path: String)
    /// A key for tokens cannot be used.
    case badTokenKey(path: String, reason: String)
}

extension KeyRingError: CustomStringConvertible {
    /// One sentence for people.
    package var description: String {
        switch self {
        case .file(let path, let reason): "\(path): \(reason)"
        case .damaged(let path, let reason): "\(path) is damaged: \(reason)"
        case .unknownVersion(let path, let got, let expected):
            "\(path) is of version \(got), expected \(expected)"
        case .badName(let got):
            "\"\(got)\" is not a name: 1 to 64 bytes of a-z A-Z 0-9 _ - . without a leading dot"
        case .unknownScope(let got, let expected):
            "there is no scope \"\(got)\", expected \(expected.joined(separator: ", ")) or all"
        case .grantsNothing(let what): "the key would be good for nothing: it has no \(what)"
        case .unknownKey(let id): "there is no key \(id) that could be changed"
        case .tooManyKeys(let expected): "there are \(expected) keys already"
        case .keysGone(let path): "\(path) had keys and has none; those in memory stay"
        case .badTokenKey(let path, let reason): "cannot use the token key \(path): \(reason)"
        }
    }
}
