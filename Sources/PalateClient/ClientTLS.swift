import NIOCore
import NIOSSL
import PalateModel

/// How a client knows its server, and the server its client: TLS 1.3, ALPN `palate/1`.
public struct ClientTLS: Sendable {
    /// PEM: whom to trust; nil = whom the system trusts.
    public var authority: String?
    /// PEM: the client's own certificate, for servers that ask for one; with `key`.
    public var certificate: String?
    /// PEM: the key of `certificate`.
    public var key: String?
    /// The name that the server's certificate must have; nil = the host that is dialled.
    public var serverName: String?

    /// Trusts the system's authorities, or those of a file.
    public init(
        authority: String? = nil,
        certificate: String? = nil,
        key: String? = nil,
        serverName: String? = nil
    ) {
        self.authority = authority
        self.certificate = certificate
        self.key = key
        self.serverName = serverName
    }

    /// What ALPN agrees on.
    private static let applicationProtocol = "palate/1"

    /// Reads the files.
    ///
    /// - Throws: `connectFailed`.
    func makeContext() throws(PalateClientError) -> NIOSSLContext {
        do {
            var settings = TLSConfiguration.makeClientConfiguration()
            settings.minimumTLSVersion = .tlsv13
            settings.applicationProtocols = [Self.applicationProtocol]
            if let authority {
                settings.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authority))
            }
            if let certificate, let key {
                settings.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate)
                    .map { .certificate($0) }
                settings.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
            }
            return try NIOSSLContext(configuration: settings)
        } catch {
            throw .connectFailed(reason: "TLS: \(error)")
        }
    }

    /// The handler of one connection.
    ///
    /// - Parameters:
    ///   - context: of `makeContext`.
    ///   - name: what was dialled; an address is not sent along, and is still what the certificate
    ///     must hold.
    /// - Returns: it, for the front of a pipeline.
    /// - Throws: `NIOSSLExtraError` for a name that no host can have.
    static func handler(
        _ context: NIOSSLContext,
        _ name: String?
    ) throws -> NIOSSLClientHandler {
        let isAddress = name.map { (try? SocketAddress(ipAddress: $0, port: 0)) != nil } ?? true
        return try NIOSSLClientHandler(
            context: context,
            serverHostname: isAddress ? nil : name
        )
    }
}

/// Who a client says it is.
public struct ClientCredential: Sendable {
    enum Kind {
        case apiKey
        case token
    }

    let kind: Kind
    let secret: @Sendable () async throws -> String

    /// A key that `palate keys create` printed.
    public static func apiKey(_ key: String) -> ClientCredential {
        ClientCredential(kind: .apiKey) { key }
    }

    /// A JSON Web Token.
    public static func token(_ token: String) -> ClientCredential {
        ClientCredential(kind: .token) { token }
    }

    /// JSON Web Tokens, asked for when connecting and again before one expires.
    public static func tokens(
        _ next: @escaping @Sendable () async throws -> String
    ) -> ClientCredential {
        ClientCredential(kind: .token, secret: next)
    }
}

extension ClientCredential: CustomStringConvertible, CustomReflectable {
    /// Without the secret.
    public var description: String { "\(kind)" }

    /// Without the secret.
    public var customMirror: Mirror { Mirror(self, children: ["kind": kind]) }
}
