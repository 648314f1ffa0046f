import FoundationEssentials
import JWTKit
import PalateModel

/// Tokens to grants.
///
/// jwt-kit checks signatures; which key may check which token is decided here: a key is used for
/// its own algorithm alone, so that a public key is never taken for a secret.
package struct TokenVerifier: Sendable {
    /// A key and the one algorithm it is good for.
    private struct Key: Sendable {
        var algorithm: TokenSettings.Algorithm
        var identifier: String?
        var keys: JWTKeyCollection
    }

    private let settings: TokenSettings
    private let keys: [Key]

    /// Reads the keys.
    ///
    /// - Throws: `KeyRingError.badTokenKey`.
    package init(_ settings: TokenSettings) async throws(KeyRingError) {
        self.settings = settings
        var keys: [Key] = []
        if let file = settings.secretFile { keys.append(try await Self.secret(file)) }
        for file in settings.publicKeyFiles { keys.append(try await Self.publicKey(file)) }
        if let file = settings.keySetFile { keys += try await Self.keySet(file) }
        self.keys = keys.filter { settings.algorithms.contains($0.algorithm) }
        guard !self.keys.isEmpty else {
            throw .badTokenKey(path: "tokens", reason: "no key is good for a listed algorithm")
        }
    }

    /// What a token allows.
    ///
    /// - Throws: `tokenRefused`, or `expired`.
    package func grant(for token: String, now: Int64) async throws(AccessError) -> Grant {
        let bytes = Array(token.utf8)
        guard let parsed = try? DefaultJWTParser().parse(bytes, as: Claims.self) else {
            throw .tokenRefused(.malformed)
        }
        guard let name = parsed.header.alg, let algorithm = TokenSettings.Algorithm(rawValue: name),
            settings.algorithms.contains(algorithm)
        else { throw .tokenRefused(.algorithm) }
        // Extensions that must be understood (RFC 7515, 4.1.11): none are.
        guard parsed.header.fields["crit"] == nil else { throw .tokenRefused(.malformed) }
        let identifier = parsed.header.kid
        for key in keys where key.algorithm == algorithm {
            if let identifier, let own = key.identifier, own != identifier { continue }
            if let claims = try? await key.keys.verify(bytes, as: Claims.self) {
                return try grant(claims, now: now)
            }
        }
        throw .tokenRefused(.signature)
    }

    private func grant(_ claims: Claims, now: Int64) throws(AccessError) -> Grant {
        guard let expiry = Self.milliseconds(claims.exp) else { throw .tokenRefused(.noExpiry) }
        let leeway = Int64(settings.leewaySeconds) * 1_000
        let (end, overflow) = expiry.addingReportingOverflow(leeway)
        guard !overflow, now < end else { throw .expired }
        if claims.nbf != nil {
            guard let begin = Self.milliseconds(claims.nbf), begin - leeway <= now else {
                throw .tokenRefused(.early)
            }
        }
        if let issuer = settings.issuer, claims.iss != issuer { throw .tokenRefused(.issuer) }
        if let audience = settings.audience, !(claims.aud?.names.contains(audience) ?? false) {
            throw .tokenRefused(.audience)
        }
        guard let subject = claims.sub, (1...Self.subjectBytesMax).contains(subject.utf8.count),
            let scopes = try? Scopes(claims.scope ?? "", separator: " ")
        else { throw .tokenRefused(.claims) }
        let names = Set(claims.collections ?? [])
        return Grant(
            source: .token,
            subject: subject,
            scopes: scopes,
            collections: names.contains("*") ? .all : .named(names),
            expiry: end
        )
    }

    private static let subjectBytesMax = 256

    /// Of a claim in seconds; nil where it is no time.
    private static func milliseconds(_ seconds: Double?) -> Int64? {
        guard let seconds, seconds.isFinite, abs(seconds) < 1e12 else { return nil }
        return Int64(seconds * 1_000)
    }

    // MARK: Keys

    private static func secret(_ path: String) async throws(KeyRingError) -> Key {
        let bytes = try read(path)
        guard bytes.count >= TokenSettings.secretBytesMin else {
            throw .badTokenKey(
                path: path,
                reason: "it has \(bytes.count) bytes, expected \(TokenSettings.secretBytesMin)"
                    + " or more"
            )
        }
        guard !bytes.starts(with: Array("-----BEGIN".utf8)) else {
            throw .badTokenKey(path: path, reason: "it is PEM: no secret, but half of a pair")
        }
        let keys = JWTKeyCollection()
        await keys.add(hmac: HMACKey(from: bytes), digestAlgorithm: .sha256)
        return Key(algorithm: .hs256, keys: keys)
    }

    private static func publicKey(_ path: String) async throws(KeyRingError) -> Key {
        let text = String(decoding: try read(path), as: UTF8.self)
        let keys = JWTKeyCollection()
        if let key = try? ES256PublicKey(pem: text) {
            await keys.add(ecdsa: key)
            return Key(algorithm: .es256, keys: keys)
        }
        if let key = try? Insecure.RSA.PublicKey(pem: text) {
            await keys.add(rsa: key, digestAlgorithm: .sha256)
            return Key(algorithm: .rs256, keys: keys)
        }
        if let key = try? EdDSA.PublicKey(pem: text) {
            await keys.add(eddsa: key)
            return Key(algorithm: .edDSA, keys: keys)
        }
        throw .badTokenKey(
            path: path,
            reason: "it is no PEM of a public key: P-256, Ed25519, RSA of 2,048 bits and more"
        )
    }

    private static func keySet(_ path: String) async throws(KeyRingError) -> [Key] {
        let bytes = try read(path)
        guard let set = try? JSONDecoder().decode(JWKS.self, from: Data(bytes)) else {
            throw .badTokenKey(path: path, reason: "it is no JSON Web Key Set")
        }
        var found: [Key] = []
        for jwk in set.keys {
            guard let name = jwk.algorithm?.rawValue,
                let algorithm = TokenSettings.Algorithm(rawValue: name)
            else {
                throw .badTokenKey(
                    path: path,
                    reason: "a key has no \"alg\" of "
                        + TokenSettings.Algorithm.allCases.map(\.rawValue).joined(separator: ", ")
                )
            }
            let keys = JWTKeyCollection()
            do {
                try await keys.add(jwk: jwk, isDefault: true)
            } catch {
                throw .badTokenKey(path: path, reason: "a key of it cannot be used")
            }
            found.append(
                Key(algorithm: algorithm, identifier: jwk.keyIdentifier?.string, keys: keys)
            )
        }
        return found
    }

    private static func read(_ path: String) throws(KeyRingError) -> [UInt8] {
        do {
            return Array(try Data(contentsOf: URL(filePath: path)))
        } catch {
            throw .badTokenKey(path: path, reason: "it cannot be read")
        }
    }
}

/// The claims that count.
///
/// Times are seconds since 1970.
private struct Claims: JWTPayload {
    var exp: Double?
    var nbf: Double?
    var iss: String?
    var aud: Audience?
    var sub: String?
    /// Names, with blanks between them (RFC 8693).
    var scope: String?
    /// Names, or "*".
    var collections: [String]?

    /// Claims are looked at by the server's clock, after the signature.
    func verify(using algorithm: some JWTAlgorithm) async throws {}
}

/// One audience, or several.
private struct Audience: Codable, Sendable {
    let names: [String]

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let one = try? container.decode(String.self) {
            names = [one]
        } else {
            names = try container.decode([String].self)
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(names)
    }
}
