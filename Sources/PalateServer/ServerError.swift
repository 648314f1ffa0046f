/// Why a server does not serve.
package enum ServerError: Error, Equatable, Sendable {
    /// The address cannot be listened on.
    case cannotListen(address: String, reason: String)
    /// As many connections as are allowed are open.
    case tooManyConnections(expected: Int)
}

extension ServerError: CustomStringConvertible {
    /// One sentence for people.
    package var description: String {
        switch self {
        case .cannotListen(let address, let reason): "cannot listen on \(address): \(reason)"
        case .tooManyConnections(let expected): "\(expected) connections are open already"
        }
    }
}
