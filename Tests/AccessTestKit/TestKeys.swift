package import PalateAccess

/// A moment that tests count from: 2026-01-01.
package let noon: Int64 = 1_767_225_600_000

extension KeyFile {
    /// Makes a key in the file.
    ///
    /// - Parameters:
    ///   - scopes: what it is good for.
    ///   - collections: nil = all of them.
    ///   - expiry: milliseconds since 1970; nil = it has none.
    /// - Returns: the key, with its secret.
    /// - Throws: what is wrong with the file, or with such a key.
    package func make(
        _ scopes: Scopes = .all,
        collections: [String]? = nil,
        expiry: Int64? = nil
    ) throws(KeyRingError) -> APIKey {
        try update { ring throws(KeyRingError) in
            var generator = SystemRandomNumberGenerator()
            return try ring.create(
                name: "test",
                scopes: scopes,
                collections: collections,
                expiry: expiry,
                now: noon,
                using: &generator
            )
        }
    }
}
