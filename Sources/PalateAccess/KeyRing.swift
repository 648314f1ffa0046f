import PalateModel

/// All keys of a server.
package struct KeyRing: Codable, Equatable, Sendable {
    /// Keys there may be, revoked ones counted.
    package static let keysMax = 10_000
    /// Of the file's form.
    static let currentVersion = 1

    /// Of the file's form.
    var version = KeyRing.currentVersion
    /// By creation.
    package private(set) var keys: [KeyRecord] = []

    /// Without keys.
    package init() {}

    /// Makes a key.
    ///
    /// - Parameters:
    ///   - name: for people.
    ///   - scopes: what it is for.
    ///   - collections: where it holds; nil = everywhere.
    ///   - expiry: milliseconds since 1970; nil = it does not expire.
    ///   - now: milliseconds since 1970.
    ///   - generator: of secrets; the system's, but for tests.
    /// - Returns: the key; its text is not to be had again.
    /// - Throws: `badName`, `grantsNothing`, `tooManyKeys`.
    package mutating func create(
        name: String,
        scopes: Scopes,
        collections: [String]?,
        expiry: Int64?,
        now: Int64,
        using generator: inout some RandomNumberGenerator
    ) throws(KeyRingError) -> APIKey {
        guard CollectionSchema.isName(name) else { throw .badName(got: name) }
        guard !scopes.isEmpty else { throw .grantsNothing(what: "scopes") }
        if let collections {
            guard !collections.isEmpty else { throw .grantsNothing(what: "collections") }
            for name in collections where !CollectionSchema.isName(name) {
                throw .badName(got: name)
            }
        }
        guard keys.count < Self.keysMax else { throw .tooManyKeys(expected: Self.keysMax) }
        var key = APIKey(using: &generator)
        while keys.contains(where: { $0.id == key.id }) { key = APIKey(using: &generator) }
        keys.append(
            KeyRecord(
                id: key.id,
                name: name,
                digest: APIKey.hexadecimal(key.digest),
                scopes: scopes.names,
                collections: collections?.sorted(),
                created: now,
                expiry: expiry
            )
        )
        return key
    }

    /// Ends a key at once.
    ///
    /// - Throws: `unknownKey`.
    package mutating func revoke(_ id: String, now: Int64) throws(KeyRingError) {
        keys[try index(of: id)].revoked = now
    }

    /// Gives a key another secret; the one before holds until `graceEnd`.
    ///
    /// - Returns: the key with its new secret.
    /// - Throws: `unknownKey`.
    package mutating func rotate(
        _ id: String,
        graceEnd: Int64,
        using generator: inout some RandomNumberGenerator
    ) throws(KeyRingError) -> APIKey {
        let index = try index(of: id)
        let fresh = APIKey(id: id, using: &generator)
        keys[index].previousDigest = keys[index].digest
        keys[index].previousUntil = graceEnd
        keys[index].digest = APIKey.hexadecimal(fresh.digest)
        return fresh
    }

    private func index(of id: String) throws(KeyRingError) -> Int {
        let found = keys.firstIndex { $0.id == id && $0.revoked == nil }
        guard let found else { throw .unknownKey(id: id) }
        return found
    }

    /// Why this cannot be a ring; nil when it can.
    var defect: String? {
        if keys.count > Self.keysMax { return "it has \(keys.count) keys" }
        if Set(keys.map(\.id)).count != keys.count { return "two keys have the same id" }
        return keys.lazy.compactMap(\.defect).first
    }
}
