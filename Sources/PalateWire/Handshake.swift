import PalateModel

/// 128 random bits that name one data directory.
package struct ServerID: Equatable, Hashable, Sendable {
    /// Bytes 0 to 7 on the wire.
    package var low: UInt64
    /// Bytes 8 to 15 on the wire.
    package var high: UInt64

    /// From its two halves.
    package init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// Zero: in a HELLO, whichever server answers.
    package static let any = ServerID(low: 0, high: 0)
}

/// The client's first frame.
package struct Hello: Equatable, Sendable {
    /// Protocol versions the client speaks.
    package var versions: ClosedRange<UInt16>
    /// Feature bits the client offers; version 1 defines none.
    package var features: UInt32
    /// The largest body the client is ready to receive and would like to send.
    package var bodyBytesMax: Int
    /// The only server the client wants to talk to, or `.any`.
    package var expectedServer: ServerID
    /// The client's name and version, for the server's log; at most 64 bytes.
    package var clientName: String

    /// What a client says that has no wishes.
    package init(
        clientName: String,
        versions: ClosedRange<UInt16> = WireVersions.supported,
        features: UInt32 = 0,
        bodyBytesMax: Int = Limits.frameBytes,
        expectedServer: ServerID = .any
    ) {
        self.versions = versions
        self.features = features
        self.bodyBytesMax = bodyBytesMax
        self.expectedServer = expectedServer
        self.clientName = clientName
    }

    /// What HELLO may ask for as its largest body.
    package static let bodyBytes = FrameHeader.bodyBytesBeforeHello...Limits.frameBytesMax
    /// Bytes of a client's or server's name.
    package static let nameBytes = 0...64
}

/// The server's answer to HELLO: what holds on this connection.
package struct Welcome: Equatable, Sendable {
    /// The protocol version both speak.
    package var version: UInt16
    /// The features both know.
    package var features: UInt32
    /// The largest body in either direction.
    package var bodyBytesMax: Int
    /// Requests that may be unanswered at once.
    package var requestsInFlight: Int
    /// Whose data this is.
    package var server: ServerID
    /// The server's name and version.
    package var serverName: String

    /// An answer.
    package init(
        version: UInt16,
        features: UInt32,
        bodyBytesMax: Int,
        requestsInFlight: Int,
        server: ServerID,
        serverName: String
    ) {
        self.version = version
        self.features = features
        self.bodyBytesMax = bodyBytesMax
        self.requestsInFlight = requestsInFlight
        self.server = server
        self.serverName = serverName
    }

    /// Negotiates: the newest common version, the smaller frame, the common features.
    ///
    /// - Parameters:
    ///   - hello: what the client said.
    ///   - bodyBytesMax: the largest body the server is configured to take.
    ///   - requestsInFlight: the server's limit per connection.
    ///   - server: the data directory's id.
    ///   - serverName: for the client's log.
    /// - Throws: `versionMismatch` or `wrongServer`.
    package init(
        answering hello: Hello,
        bodyBytesMax: Int,
        requestsInFlight: Int,
        server: ServerID,
        serverName: String
    ) throws(WireError) {
        guard let version = WireVersions.newestCommon(with: hello.versions) else {
            throw .versionMismatch(got: hello.versions, expected: WireVersions.supported)
        }
        guard hello.expectedServer == .any || hello.expectedServer == server else {
            throw .wrongServer(got: hello.expectedServer, expected: server)
        }
        self.init(
            version: version.number,
            features: 0,
            bodyBytesMax: min(hello.bodyBytesMax, bodyBytesMax),
            requestsInFlight: requestsInFlight,
            server: server,
            serverName: serverName
        )
    }
}
