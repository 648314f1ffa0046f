public import NIOCore
import NIOPosix
import PalateModel
package import PalateWire

// PalateClient: what a Swift recommender links.
//
// | file                   | what it holds                                                 |
// |------------------------|---------------------------------------------------------------|
// | PalateClient           | connecting, and the one way a request goes out: start here    |
// | PalateClient+Requests  | a method per request                                          |
// | BulkLoad               | a stream of rows that survives a crash on either side         |
// | PalateClient+Access    | who the client is                                             |
// | ClientOptions          | what a client asks for                                        |
// | ClientTLS              | certificates and credentials                                  |
// | ClientHandler          | the connection's state on its event loop                      |
// | Outbox                 | from the callers' threads to the event loop, a burst at once  |
// | PalateClientError      | why a call brought no answer                                  |

/// A connection to a Palate server: pipelined, with answers in any order.
///
/// Any number of tasks may call at once; their requests share the connection and leave together.
/// When the connection ends, every call throws `closed` and the client is done: connect again.
/// `close()` ends it in order.
public final class PalateClient: Sendable {
    /// The server's name and version.
    public let serverName: String
    /// 32 hexadecimal digits that name the server's data directory.
    public let serverID: String
    /// The largest body of a frame in either direction.
    public let bodyBytesMax: Int
    /// Requests that travel at once; more wait in the client.
    public let requestsInFlight: Int

    private let connection: Connection
    private let options: ClientOptions

    private init(_ connection: Connection, _ options: ClientOptions, _ welcome: Welcome) {
        self.connection = connection
        self.options = options
        serverName = welcome.serverName
        serverID = welcome.server.description
        bodyBytesMax = welcome.bodyBytesMax
        requestsInFlight = welcome.requestsInFlight
    }

    /// Connects over TCP and shakes hands.
    ///
    /// - Parameters:
    ///   - host: a name or an address.
    ///   - port: 7411 unless the server was told otherwise.
    ///   - options: see `ClientOptions`.
    ///   - group: whose event loop the connection lives on; nil = NIO's shared one.
    /// - Returns: a client that is ready for calls.
    /// - Throws: `connectFailed`, or `refused` where the server does not want this client.
    public static func connect(
        host: String,
        port: Int = 7411,
        options: ClientOptions = ClientOptions(),
        group: (any EventLoopGroup)? = nil
    ) async throws(PalateClientError) -> PalateClient {
        if options.credential != nil, options.tls == nil, !options.sendsCredentialInClear,
            !["localhost", "::1"].contains(host), !host.hasPrefix("127.")
        {
            throw .connectFailed(reason: "a credential would travel to \(host) in the clear")
        }
        return try await connect(options, group, name: host) { bootstrap in
            bootstrap.connect(host: host, port: port)
        }
    }

    /// Connects over a Unix socket and shakes hands.
    ///
    /// - Parameters:
    ///   - path: the socket's file.
    ///   - options: see `ClientOptions`.
    ///   - group: whose event loop the connection lives on; nil = NIO's shared one.
    /// - Returns: a client that is ready for calls.
    /// - Throws: as `connect(host:port:)`.
    public static func connect(
        unixSocketPath path: String,
        options: ClientOptions = ClientOptions(),
        group: (any EventLoopGroup)? = nil
    ) async throws(PalateClientError) -> PalateClient {
        try await connect(options, group) { bootstrap in
            bootstrap.connect(unixDomainSocketPath: path)
        }
    }

    private static func connect(
        _ options: ClientOptions,
        _ group: (any EventLoopGroup)?,
        name: String? = nil,
        _ dial: (ClientBootstrap) -> EventLoopFuture<any Channel>
    ) async throws(PalateClientError) -> PalateClient {
        var server = ServerID.any
        if let text = options.expectedServer {
            guard let parsed = ServerID(text) else {
                throw .connectFailed(reason: "\"\(text)\" is not a server id")
            }
            server = parsed
        }
        let connection = try await Connection.dial(
            options,
            group ?? MultiThreadedEventLoopGroup.singleton,
            name: name,
            dial
        )
        let hello = Hello(
            clientName: options.clientName,
            bodyBytesMax: options.bodyBytesMax,
            expectedServer: server
        )
        do throws(PalateClientError) {
            let reply = await connection.call(.hello(hello), timeout: options.connectTimeout)
            guard case .welcome(let welcome) = try reply.result.get() else {
                throw .unexpectedResponse(opcode: 0)
            }
            connection.onLoop { $0.adopt(welcome) }
            let client = PalateClient(connection, options, welcome)
            if let credential = options.credential { try await client.authenticate(credential) }
            return client
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Closes the connection; calls that wait for an answer throw `closed`.
    public func close() async {
        await connection.close()
    }

    /// Sends a request and calls back on the event loop: no task, no allocation but the callback's
    /// own.
    ///
    /// For load generators and proxies; the callback must not block. A request submitted from a
    /// callback leaves together with the others of that read.
    ///
    /// - Parameters:
    ///   - request: what to ask.
    ///   - timeout: how long the answer may take; nil = the client's default.
    ///   - reply: called exactly once.
    package func submit(
        _ request: Request,
        timeout: TimeAmount? = nil,
        _ reply: @escaping @Sendable (Reply) -> Void
    ) {
        connection.submit(request, timeout: timeout ?? options.requestTimeout, reply)
    }

    /// Sends a request and waits for its answer.
    ///
    /// - Parameters:
    ///   - request: what to ask.
    ///   - timeout: how long the answer may take; nil = the client's default.
    /// - Returns: the answer, never `.failure`.
    /// - Throws: why there is none.
    package func call(
        _ request: Request,
        timeout: TimeAmount? = nil
    ) async throws(PalateClientError) -> Response {
        let reply = await connection.call(request, timeout: timeout ?? options.requestTimeout)
        return try reply.result.get()
    }

    /// The event loop that callbacks of `submit` run on.
    package var eventLoop: any EventLoop { connection.channel.eventLoop }
}

/// A channel and its handler, from any thread.
struct Connection: Sendable {
    let channel: any Channel
    private let outbox: Outbox
    private let handler: NIOLoopBound<ClientHandler>

    static func dial(
        _ options: ClientOptions,
        _ group: any EventLoopGroup,
        name: String?,
        _ dial: (ClientBootstrap) -> EventLoopFuture<any Channel>
    ) async throws(PalateClientError) -> Connection {
        let outbox = Outbox()
        let bodyChecksum = options.bodyChecksum
        let tls = try options.tls?.makeContext()
        let serverName = options.tls?.serverName ?? name
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(options.connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(ClientTLS.handler(tls, serverName)) }
                    try pipeline.addHandler(
                        ClientHandler(outbox: outbox, bodyChecksum: bodyChecksum)
                    )
                }
            }
        do {
            let channel = try await dial(bootstrap).get()
            let handler = try await channel.eventLoop.submit {
                let handler = try channel.pipeline.syncOperations.handler(type: ClientHandler.self)
                return NIOLoopBound(handler, eventLoop: channel.eventLoop)
            }.get()
            return Connection(channel: channel, outbox: outbox, handler: handler)
        } catch {
            throw .connectFailed(reason: "\(error)")
        }
    }

    func onLoop(_ body: @escaping @Sendable (ClientHandler) -> Void) {
        let handler = handler
        channel.eventLoop.execute { body(handler.value) }
    }

    @discardableResult
    func submit(
        _ request: Request,
        timeout: TimeAmount,
        _ reply: @escaping @Sendable (Reply) -> Void
    ) -> UInt64? {
        switch outbox.offer(request, timeout: timeout, reply) {
        case .first(let ticket):
            onLoop { $0.drain() }
            return ticket
        case .queued(let ticket):
            return ticket
        case .closed(let error):
            reply(Reply(.failure(error)))
            return nil
        }
    }

    func call(_ request: Request, timeout: TimeAmount) async -> Reply {
        let cancellation = Cancellation()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ticket = submit(request, timeout: timeout) {
                    continuation.resume(returning: $0)
                }
                if let ticket, cancellation.arm(ticket) { onLoop { $0.cancel(ticket: ticket) } }
            }
        } onCancel: {
            if let ticket = cancellation.fire() { onLoop { $0.cancel(ticket: ticket) } }
        }
    }

    func close() async {
        onLoop { $0.fail(.closed(reason: "the client closed the connection")) }
        try? await channel.closeFuture.get()
    }
}
