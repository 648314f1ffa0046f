import Crypto

/// One key as the file has it: everything but the secret.
package struct KeyRecord: Codable, Equatable, Sendable {
    /// Names the key.
    package var id: String
    /// For people: 1 to 64 bytes by the rule of collections.
    package var name: String
    /// SHA-256 of the secret, 64 hexadecimal digits.
    package var digest: String
    /// SHA-256 of the secret before a rotation, good until `previousUntil`.
    package var previousDigest: String?
    /// Milliseconds since 1970.
    package var previousUntil: Int64?
    /// Names of scopes, with commas.
    package var scopes: String
    /// Collections it is good for; nil = all.
    package var collections: [String]?
    /// Milliseconds since 1970.
    package var created: Int64
    /// Milliseconds since 1970; nil = it does not expire.
    package var expiry: Int64?
    /// Milliseconds since 1970; nil = it holds.
    package var revoked: Int64?

    /// Why the record cannot be one; nil when it can.
    var defect: String? {
        if id.utf8.count != APIKey.idBytes { return "key \(id) has an id of another length" }
        if APIKey.digestBytes(digest) == nil { return "key \(id) has no digest" }
        if let previousDigest, APIKey.digestBytes(previousDigest) == nil {
            return "key \(id) has no earlier digest"
        }
        if (try? Scopes(scopes)) == nil { return "key \(id) has an unknown scope" }
        return nil
    }

    /// What the key allows until `expiry`.
    func grant(until expiry: Int64?) -> Grant {
        Grant(
            source: .key,
            subject: id,
            scopes: (try? Scopes(scopes)) ?? [],
            collections: collections.map { .named(Set($0)) } ?? .all,
            expiry: expiry
        )
    }

    /// Whether a presented secret is the stored one; takes the same time wherever they differ.
    func matches(_ presented: SHA256.Digest, earlier: Bool) -> Bool {
        guard let stored = (earlier ? previousDigest : digest).flatMap(APIKey.digestBytes) else {
            return false
        }
        return presented == stored
    }
}
