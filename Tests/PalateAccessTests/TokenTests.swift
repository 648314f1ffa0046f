import AccessTestKit
import Crypto
import Foundation
import JWTKit
import PalateAccess
import TestKit
import Testing

/// Tokens of every algorithm, right and wrong; keys and tokens are made here.
@Suite struct TokenTests {
    private struct Claims: JWTPayload {
        var sub: String? = "ranker"
        var exp: Double? = Double(noon / 1_000 + 60)
        var nbf: Double?
        var iss: String?
        var aud: [String]?
        var scope: String? = "query events"
        var collections: [String]? = ["pins"]

        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }

    private let temporary = TemporaryDirectory()
    private static let secret = "0123456789abcdef0123456789abcdef"

    private func write(_ text: String, _ name: String) throws -> String {
        let path = "\(temporary.path)/\(name)"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func settings(
        _ algorithms: Set<TokenSettings.Algorithm> = [.hs256],
        issuer: String? = nil,
        audience: String? = nil
    ) throws -> TokenSettings {
        TokenSettings(
            algorithms: algorithms,
            secretFile: try write(Self.secret, "secret"),
            issuer: issuer,
            audience: audience,
            leewaySeconds: 5
        )
    }

    private func outcome(
        _ token: String,
        _ settings: TokenSettings,
        now: Int64 = noon
    ) async throws -> Result<Grant, AccessError> {
        let gatekeeper = try await Gatekeeper(keysPath: nil, tokens: settings)
        do throws(AccessError) {
            return .success(
                try await gatekeeper.authenticate(.token(token), from: "a", now: now)
            )
        } catch {
            return .failure(error)
        }
    }

    private func signed(
        _ claims: Claims = Claims(),
        secret: String = TokenTests.secret
    ) async throws -> String {
        let keys = JWTKeyCollection()
        await keys.add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
        return try await keys.sign(claims)
    }

    @Test func `a good token allows what its claims say`() async throws {
        let grant = try await outcome(signed(), settings()).get()
        #expect(grant.subject == "ranker" && grant.source == .token)
        #expect(grant.scopes == [.query, .events])
        #expect(grant.collections == .named(["pins"]))
        #expect(grant.expiry == noon + 65_000)
        var everywhere = Claims()
        everywhere.collections = ["*"]
        #expect(try await outcome(signed(everywhere), settings()).get().collections == .all)
        var nowhere = Claims()
        nowhere.collections = nil
        #expect(try await outcome(signed(nowhere), settings()).get().collections == .named([]))
    }

    @Test func `each algorithm checks its own tokens, and no other's`() async throws {
        let ecdsa = ES256PrivateKey()
        let rsa = try Insecure.RSA.PrivateKey(pem: TestKeys.rsa)
        let edwards = try EdDSA.PrivateKey(curve: .ed25519)
        let ecFile = try write(ecdsa.publicKey.pemRepresentation, "ec.pem")
        let rsaFile = try write(TestKeys.rsaPublic, "rsa.pem")
        let setFile = try write(TestKeys.keySet(edwards.publicKey), "set.json")
        var tokens: [TokenSettings.Algorithm: String] = [.hs256: try await signed()]
        let (ec, rs, ed) = (JWTKeyCollection(), JWTKeyCollection(), JWTKeyCollection())
        await ec.add(ecdsa: ecdsa)
        await rs.add(rsa: rsa, digestAlgorithm: .sha256)
        await ed.add(eddsa: edwards, kid: "ed-1")
        tokens[.es256] = try await ec.sign(Claims())
        tokens[.rs256] = try await rs.sign(Claims())
        tokens[.edDSA] = try await ed.sign(Claims(), kid: "ed-1")
        for allowed in TokenSettings.Algorithm.allCases {
            let settings = TokenSettings(
                algorithms: [allowed],
                secretFile: try write(Self.secret, "secret"),
                publicKeyFiles: [ecFile, rsaFile],
                keySetFile: setFile
            )
            for (algorithm, token) in tokens {
                let expected: AccessError? =
                    algorithm == allowed ? nil : .tokenRefused(.algorithm)
                let result = try await outcome(token, settings)
                if let expected {
                    #expect(result == .failure(expected), "\(algorithm) where \(allowed)")
                } else {
                    #expect(try result.get().subject == "ranker", "\(algorithm)")
                }
            }
        }
        // A public key is not taken for a secret.
        let confused = try await signed(secret: TestKeys.rsaPublic)
        let settings = TokenSettings(algorithms: [.rs256, .hs256], publicKeyFiles: [rsaFile])
        #expect(try await outcome(confused, settings) == .failure(.tokenRefused(.signature)))
    }

    @Test func `tokens that lack something are refused for it`() async throws {
        func refusal(
            _ change: (inout Claims) -> Void,
            at now: Int64 = noon
        ) async throws
            -> AccessError?
        {
            var claims = Claims()
            change(&claims)
            let settings = try settings(issuer: "us", audience: "palate")
            guard
                case .failure(let error) = try await outcome(
                    signed(claims),
                    settings,
                    now: now
                )
            else { return nil }
            return error
        }
        let good: (inout Claims) -> Void = { ($0.iss, $0.aud) = ("us", ["palate", "other"]) }
        #expect(try await refusal(good) == nil)
        #expect(try await refusal(good, at: noon + 64_999) == nil)
        #expect(try await refusal(good, at: noon + 65_000) == .expired)
        func refused(_ change: (inout Claims) -> Void) async throws -> TokenRefusal? {
            let error = try await refusal { claims in
                good(&claims)
                change(&claims)
            }
            guard case .tokenRefused(let refusal) = error else { return nil }
            return refusal
        }
        #expect(try await refused { $0.exp = nil } == .noExpiry)
        #expect(try await refused { $0.exp = 1e300 } == .noExpiry)
        #expect(try await refused { $0.nbf = Double(noon / 1_000 + 6) } == .early)
        #expect(try await refused { $0.nbf = Double(noon / 1_000 + 5) } == nil)
        #expect(try await refused { $0.iss = "them" } == .issuer)
        #expect(try await refused { $0.iss = nil } == .issuer)
        #expect(try await refused { $0.aud = ["other"] } == .audience)
        #expect(try await refused { $0.aud = nil } == .audience)
        #expect(try await refused { $0.sub = nil } == .claims)
        #expect(try await refused { $0.sub = "" } == .claims)
        #expect(try await refused { $0.scope = "query root" } == .claims)
    }

    @Test func `a token without a signature, or with another's, is refused`() async throws {
        let good = try await signed()
        let parts = good.split(separator: ".").map(String.init)
        let none = Data(#"{"alg":"none","typ":"JWT"}"#.utf8).base64EncodedString()
            .replacing("=", with: "")
        let unsigned = "\(none).\(parts[1])."
        #expect(
            try await outcome(unsigned, settings()) == .failure(.tokenRefused(.algorithm))
        )
        let other = try await signed(secret: String(repeating: "x", count: 40))
        #expect(try await outcome(other, settings()) == .failure(.tokenRefused(.signature)))
        let swapped = "\(parts[0]).\(parts[1]).\(other.split(separator: ".")[2])"
        #expect(try await outcome(swapped, settings()) == .failure(.tokenRefused(.signature)))
        let critical = Data(#"{"alg":"HS256","crit":["b64"],"b64":false}"#.utf8)
            .base64EncodedString().replacing("=", with: "")
        #expect(
            try await outcome("\(critical).\(parts[1]).\(parts[2])", settings())
                == .failure(.tokenRefused(.malformed))
        )
        #expect(try await outcome("a.b", settings()) == .failure(.tokenRefused(.malformed)))
    }

    @Test func `no mutated token is taken`() async throws {
        let good = Array(try await signed().utf8)
        let gatekeeper = try await Gatekeeper(keysPath: nil, tokens: settings())
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        let letters = Array("ABCxyz019-_.=%\u{0}".utf8)
        #if DEBUG
        let rounds = 300
        #else
        let rounds = 20_000
        #endif
        for round in 0..<rounds {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                if Bool.random(using: &generator) {
                    bytes[place] = letters[Int.random(in: 0..<letters.count, using: &generator)]
                } else {
                    bytes.remove(at: place)
                }
            }
            // The last letter of base64 has bits that mean nothing.
            guard bytes.dropLast() != good.dropLast() else { continue }
            let token = String(decoding: bytes, as: UTF8.self)
            let grant = try? await gatekeeper.authenticate(
                .token(token),
                from: "address \(round)",
                now: noon
            )
            #expect(grant == nil, "seed \(seed): \(token)")
        }
    }

    @Test func `keys that cannot be used are named at once`() async throws {
        await #expect(throws: KeyRingError.self) {
            let short = try write("short", "short")
            let settings = TokenSettings(algorithms: [.hs256], secretFile: short)
            _ = try await Gatekeeper(keysPath: nil, tokens: settings)
        }
        await #expect(throws: KeyRingError.self) {
            let pair = try write(TestKeys.rsaPublic, "pair.pem")
            let settings = TokenSettings(algorithms: [.hs256], secretFile: pair)
            _ = try await Gatekeeper(keysPath: nil, tokens: settings)
        }
        await #expect(throws: KeyRingError.self) {
            let settings = TokenSettings(
                algorithms: [.es256],
                publicKeyFiles: [try write("no key", "none.pem")]
            )
            _ = try await Gatekeeper(keysPath: nil, tokens: settings)
        }
        await #expect(throws: KeyRingError.self) {
            let settings = TokenSettings(
                algorithms: [.rs256],
                secretFile: try write(Self.secret, "secret")
            )
            _ = try await Gatekeeper(keysPath: nil, tokens: settings)
        }
    }
}
