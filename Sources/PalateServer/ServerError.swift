import PalateModel

/// Why a server does not serve.
package enum ServerError: Error, Equatable, Sendable {
    /// The address cannot be listened on.
    case cannotListen(address: String, reason: String)
    /// As many connections as are allowed are open.
    case tooManyConnections(expected: Int)
    /// As many connections as one address may have are open from it.
    case tooManyConnectionsOfAddress(address: String, expected: Int)
    /// The server shuts down.
    case leaving
    /// The certificate, its key or the clients' authority cannot be used.
    case badCertificate(certificate: String, reason: String)
}

extension ServerError {
    /// The limit that keeps a connection out.
    var limit: ServerLimit? {
        switch self {
        case .tooManyConnections: .connections
        case .tooManyConnectionsOfAddress: .connectionsPerAddress
        default: nil
        }
    }
}

extension ServerError: CustomStringConvertible {
    /// One sentence for people.
    package var description: String {
        switch self {
        case .cannotListen(let address, let reason): "cannot listen on \(address): \(reason)"
        case .badCertificate(let certificate, let reason):
            "cannot use the certificate \(certificate): \(reason)"
        case .tooManyConnectionsOfAddress(let address, let expected):
            "\(expected) connections are open from \(address) already: "
                + ServerLimit.connectionsPerAddress.text(expected)
        case .leaving: "the server is shutting down"
        case .tooManyConnections(let expected):
            "\(expected) connections are open already: \(ServerLimit.connections.text(expected))"
        }
    }
}
