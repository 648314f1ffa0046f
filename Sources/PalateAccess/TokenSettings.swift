/// Which tokens a server takes, and whose.
package struct TokenSettings: Sendable, Equatable {
    /// An algorithm of signatures, by its name in a token's header.
    package enum Algorithm: String, CaseIterable, Sendable {
        /// HMAC with SHA-256: who checks can also sign.
        case hs256 = "HS256"
        /// RSA, PKCS #1 v1.5, with SHA-256; 2,048 bits and more.
        case rs256 = "RS256"
        /// ECDSA over P-256 with SHA-256.
        case es256 = "ES256"
        /// Ed25519.
        case edDSA = "EdDSA"
    }

    /// Those that are taken; a key is used with its own alone.
    package var algorithms: Set<Algorithm>
    /// The secret of HS256: the bytes of a file, 32 at least.
    package var secretFile: String?
    /// PEM files with a public key each: RSA, P-256 or Ed25519.
    package var publicKeyFiles: [String]
    /// A JSON Web Key Set; each key names its algorithm.
    package var keySetFile: String?
    /// The only `iss` that is taken; nil = any.
    package var issuer: String?
    /// What `aud` must hold; nil = anything.
    package var audience: String?
    /// How far the clocks may be apart, in seconds.
    package var leewaySeconds: Int

    /// Bytes that the secret of HS256 must have at least: as many as its hash.
    static let secretBytesMin = 32

    /// Settings.
    package init(
        algorithms: Set<Algorithm>,
        secretFile: String? = nil,
        publicKeyFiles: [String] = [],
        keySetFile: String? = nil,
        issuer: String? = nil,
        audience: String? = nil,
        leewaySeconds: Int = 10
    ) {
        self.algorithms = algorithms
        self.secretFile = secretFile
        self.publicKeyFiles = publicKeyFiles
        self.keySetFile = keySetFile
        self.issuer = issuer
        self.audience = audience
        self.leewaySeconds = leewaySeconds
    }
}
