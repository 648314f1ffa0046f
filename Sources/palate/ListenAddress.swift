import ArgumentParser

/// HOST:PORT, an IPv6 host in brackets; or `unix:` and a path.
struct ListenAddress: ExpressibleByArgument, CustomStringConvertible, Sendable {
    /// Ways to reach a server.
    enum Kind: Equatable, Sendable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    let kind: Kind

    init(host: String, port: Int) { self.init(kind: .tcp(host: host, port: port)) }

    private init(kind: Kind) { self.kind = kind }

    init?(argument: String) {
        if argument.hasPrefix("unix:") {
            let path = String(argument.dropFirst(5))
            guard !path.isEmpty else { return nil }
            self.init(kind: .unix(path: path))
            return
        }
        guard let colon = argument.lastIndex(of: ":"),
            let port = Int(argument[argument.index(after: colon)...]), (0...65_535).contains(port)
        else { return nil }
        var host = String(argument[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty else { return nil }
        self.init(host: host, port: port)
    }

    var description: String {
        switch kind {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    var defaultValueDescription: String { description }
}
