package import NIOCore
import NIOSSL
import PalateAccess
import PalateModel

/// Where a server's certificate is.
package struct TLSFiles: Equatable, Sendable {
    /// PEM: the server's certificate, then those up to the authority's.
    package var certificate: String
    /// PEM: its private key.
    package var key: String
    /// PEM: who signs the certificates of clients; nil = clients need none.
    package var clientAuthority: String?

    /// A certificate and its key.
    package init(certificate: String, key: String, clientAuthority: String? = nil) {
        self.certificate = certificate
        self.key = key
        self.clientAuthority = clientAuthority
    }
}

/// The certificate that new connections are given; connections that are open keep theirs.
///
/// TLS 1.3 alone. Who signs the certificates of clients matters to the protocol; over HTTP, probes
/// and scrapers have none, and what is not for everybody asks for a key.
package final class ServerTLS: Sendable {
    /// What goes through a connection, as ALPN names it to those who offer it.
    package enum Use: String, Sendable {
        case palate = "palate/1"
        case http = "http/1.1"
    }

    private struct Contexts {
        var palate: NIOSSLContext
        var http: NIOSSLContext
    }

    private struct State {
        var contexts: Contexts
        var stamps: [FileStamp?]
    }

    private let files: TLSFiles
    private let state: ReadWriteLock<State>

    /// Reads the files.
    ///
    /// - Throws: `ServerError.badCertificate`.
    package init(_ files: TLSFiles) throws(ServerError) {
        self.files = files
        let stamps = Self.stamps(of: files)
        state = ReadWriteLock(State(contexts: try Self.makeContexts(files), stamps: stamps))
    }

    /// A handler for one new connection.
    package func makeHandler(for use: Use = .palate) -> any ChannelHandler {
        let contexts = state.withReadLock { $0.contexts }
        return NIOSSLServerHandler(context: use == .http ? contexts.http : contexts.palate)
    }

    /// Reads the files anew; when they are bad, the certificate stays.
    ///
    /// - Throws: `ServerError.badCertificate`.
    package func reload() throws(ServerError) {
        let stamps = Self.stamps(of: files)
        let result: Result<Contexts, ServerError>
        do throws(ServerError) {
            result = .success(try Self.makeContexts(files))
        } catch {
            result = .failure(error)
        }
        // Bad files are named once, not every time they are looked at.
        state.withWriteLock { state in
            state.stamps = stamps
            if case .success(let contexts) = result { state.contexts = contexts }
        }
        _ = try result.get()
    }

    /// As `reload`, where a file is another than it was.
    ///
    /// - Returns: whether one was.
    package func reloadIfChanged() throws(ServerError) -> Bool {
        guard Self.stamps(of: files) != state.withReadLock({ $0.stamps }) else { return false }
        try reload()
        return true
    }

    /// How long a peer's close_notify is waited for.
    private static let shutdownTimeout = TimeAmount.seconds(1)

    private static func makeContexts(_ files: TLSFiles) throws(ServerError) -> Contexts {
        Contexts(palate: try makeContext(files, .palate), http: try makeContext(files, .http))
    }

    private static func makeContext(
        _ files: TLSFiles,
        _ use: Use
    ) throws(ServerError) -> NIOSSLContext {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(files.certificate)
            let key = try NIOSSLPrivateKey(file: files.key, format: .pem)
            var settings = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(key)
            )
            settings.minimumTLSVersion = .tlsv13
            settings.applicationProtocols = [use.rawValue]
            // A peer that is gone without close_notify keeps 49 KB for so long: 5 s unless said.
            settings.shutdownTimeout = shutdownTimeout
            if use == .palate, let authority = files.clientAuthority {
                settings.certificateVerification = .noHostnameVerification
                settings.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authority))
            }
            return try NIOSSLContext(configuration: settings)
        } catch {
            throw .badCertificate(certificate: files.certificate, reason: "\(error)")
        }
    }

    private static func stamps(of files: TLSFiles) -> [FileStamp?] {
        [files.certificate, files.key, files.clientAuthority].compactMap { $0 }.map(FileStamp.init)
    }
}
