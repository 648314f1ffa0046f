import Glibc
import NIOCore
import PalateClient

/// Connects to a server by what the variables say of certificates and credentials.
///
/// Secrets are in files: a command line is for everybody to read.
///
/// | variable                        | what it says                                      |
/// |---------------------------------|---------------------------------------------------|
/// | `PALATE_CLIENT_KEY_FILE`        | a file with an API key                            |
/// | `PALATE_CLIENT_TOKEN_FILE`      | a file with a token; read again when connecting   |
/// | `PALATE_CLIENT_TLS`             | `1`: TLS, and whom the system trusts              |
/// | `PALATE_CLIENT_CA`              | PEM: TLS, and whom to trust                       |
/// | `PALATE_CLIENT_CERTIFICATE`     | PEM: the client's own certificate                 |
/// | `PALATE_CLIENT_CERTIFICATE_KEY` | PEM: the key of it                                |
func connect(_ address: ListenAddress) async throws -> PalateClient {
    var options = ClientOptions(clientName: "palate")
    options.requestTimeout = .minutes(10)
    let variables = Environment.all
    if variables["PALATE_CLIENT_TLS"] == "1" || variables["PALATE_CLIENT_CA"] != nil {
        options.tls = ClientTLS(
            authority: variables["PALATE_CLIENT_CA"],
            certificate: variables["PALATE_CLIENT_CERTIFICATE"],
            key: variables["PALATE_CLIENT_CERTIFICATE_KEY"]
        )
    }
    if let path = variables["PALATE_CLIENT_KEY_FILE"] {
        options.credential = .apiKey(try secret(path))
    } else if let path = variables["PALATE_CLIENT_TOKEN_FILE"] {
        options.credential = .tokens { try secret(path) }
    }
    do throws(PalateClientError) {
        return switch address.kind {
        case .tcp(let host, let port):
            try await PalateClient.connect(host: host, port: port, options: options)
        case .unix(let path):
            try await PalateClient.connect(unixSocketPath: path, options: options)
        }
    } catch {
        throw CommandFailure("cannot connect to \(address): \(error)")
    }
}

/// The first line of a file, as far as a credential may reach.
private func secret(_ path: String) throws -> String {
    guard let file = fopen(path, "r") else {
        throw CommandFailure("\(path): \(String(cString: strerror(errno)))")
    }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 8_192)
    guard fgets(&line, Int32(line.count), file) != nil else {
        throw CommandFailure("\(path) is empty")
    }
    let bytes = line.lazy.map(UInt8.init(bitPattern:)).prefix { $0 > UInt8(ascii: " ") }
    return String(decoding: Array(bytes), as: UTF8.self)
}
