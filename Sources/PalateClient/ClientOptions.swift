public import NIOCore
public import PalateModel

/// What a client asks for when it connects.
public struct ClientOptions: Sendable {
    /// For the server's log; at most 64 bytes.
    public var clientName: String
    /// How long connecting and the handshake may take.
    public var connectTimeout: TimeAmount
    /// How long a call may take, unless it says otherwise; the server gets a little less as its
    /// time budget.
    public var requestTimeout: TimeAmount
    /// Bodies carry a CRC32C in both directions; loads do in any case.
    public var bodyChecksum: Bool
    /// The largest body to ask for; the server may grant less.
    public var bodyBytesMax: Int
    /// 32 hexadecimal digits of the only server to talk to; nil = whichever answers.
    public var expectedServer: String?
    /// How bytes travel; nil = in the clear.
    public var tls: ClientTLS?
    /// Who the client is; nil = the server lets it in without, or not at all.
    public var credential: ClientCredential?
    /// Credentials go to other machines in the clear; refused otherwise.
    public var sendsCredentialInClear: Bool

    /// Connections at most; one carries any number of calls, several use several cores of a server.
    public var connections: Int
    /// How often a call is made again where that is safe, within the time that one call may take.
    ///
    /// Reads after a broken connection and after refusals that may pass; anything else where the
    /// server was too busy to begin.
    public var retries: Int
    /// When a read that has no answer yet is asked a second time; nil = never.
    ///
    /// Over the connection with the least to do; the first answer counts. The 95th percentile is a
    /// good choice: one call in twenty is then asked twice.
    public var hedgeAfter: TimeAmount?

    /// Half a minute for a call, checksums, the largest frames there are, and two retries over one
    /// connection.
    public init(
        clientName: String = "palate-swift",
        connectTimeout: TimeAmount = .seconds(10),
        requestTimeout: TimeAmount = .seconds(30),
        bodyChecksum: Bool = true,
        bodyBytesMax: Int = Limits.frameBytesMax,
        expectedServer: String? = nil,
        tls: ClientTLS? = nil,
        credential: ClientCredential? = nil,
        sendsCredentialInClear: Bool = false,
        connections: Int = 1,
        retries: Int = 2,
        hedgeAfter: TimeAmount? = nil
    ) {
        self.clientName = clientName
        self.connectTimeout = connectTimeout
        self.requestTimeout = requestTimeout
        self.bodyChecksum = bodyChecksum
        self.bodyBytesMax = bodyBytesMax
        self.expectedServer = expectedServer
        self.tls = tls
        self.credential = credential
        self.sendsCredentialInClear = sendsCredentialInClear
        self.connections = connections
        self.retries = retries
        self.hedgeAfter = hedgeAfter
    }
}
