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
// | ConnectionPool         | which connection a request takes                              |
// | Retries, Hedge         | calls that are made again, or twice                           |
// | Connection             | a channel and its handler, from any thread                    |
// | ClientHandler          | the connection's state on its event loop                      |
// | Outbox                 | from the callers' threads to the event loop, a burst at once  |
// | PalateClientError      | why a call brought no answer                                  |

/// A client of a Palate server: pipelined, with answers in any order.
///
/// Any number of tasks may call at once; they share the connections and requests leave together.
/// A connection that broke is opened again by the next call that needs it, and reads that it left
/// unanswered are asked again (`ClientOptions.retries`). `close()` ends the client.
///
/// ```swift
/// var options = ClientOptions(connections: 4, hedgeAfter: .milliseconds(20))
/// options.credential = .apiKey(key)
/// let client = try await PalateClient.connect(host: "127.0.0.1", options: options)
/// let pins = try await client.open("pins").handle
/// let similar = SearchRequest(handle: pins, source: .items([17]), k: 20)
/// let found = try await client.query(similar, timeout: .milliseconds(100))
/// await client.close()
/// ```
public final class PalateClient: Sendable {
    /// The server's name and version.
    public let serverName: String
    /// 32 hexadecimal digits that name the server's data directory.
    public let serverID: String
    /// The largest body of a frame in either direction.
    public let bodyBytesMax: Int
    /// Requests that travel at once over a connection; more wait in the client.
    public let requestsInFlight: Int

    let pool: ConnectionPool
    let options: ClientOptions

    private init(_ pool: ConnectionPool, _ options: ClientOptions, _ welcome: Welcome) {
        self.pool = pool
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
    ///   - group: whose event loops the connections live on; nil = NIO's shared ones.
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
        let address = ServerAddress(name: host) { $0.connect(host: host, port: port) }
        return try await connect(to: address, options, group)
    }

    /// Connects over a Unix socket and shakes hands.
    ///
    /// - Parameters:
    ///   - path: the socket's file.
    ///   - options: see `ClientOptions`.
    ///   - group: whose event loops the connections live on; nil = NIO's shared ones.
    /// - Returns: a client that is ready for calls.
    /// - Throws: as `connect(host:port:)`.
    public static func connect(
        unixSocketPath path: String,
        options: ClientOptions = ClientOptions(),
        group: (any EventLoopGroup)? = nil
    ) async throws(PalateClientError) -> PalateClient {
        let address = ServerAddress(name: nil) { $0.connect(unixDomainSocketPath: path) }
        return try await connect(to: address, options, group)
    }

    private static func connect(
        to address: ServerAddress,
        _ options: ClientOptions,
        _ group: (any EventLoopGroup)?
    ) async throws(PalateClientError) -> PalateClient {
        var server = ServerID.any
        if let text = options.expectedServer {
            guard let parsed = ServerID(text) else {
                throw .connectFailed(reason: "\"\(text)\" is not a server id")
            }
            server = parsed
        }
        let pool = ConnectionPool(
            address,
            server,
            options,
            group ?? MultiThreadedEventLoopGroup.singleton
        )
        let first = try await pool.connection(timeout: options.connectTimeout)
        return PalateClient(pool, options, first.welcome)
    }

    /// Closes the connections; calls that wait for an answer throw `closed`, as do later ones.
    public func close() async {
        await pool.close()
    }

    /// Sends a request over an open connection and calls back on its event loop: no task, no
    /// allocation but the callback's own, no second try.
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
        guard let connection = pool.anyOpen else {
            return reply(Reply(.failure(.closed(reason: "no connection is open"))))
        }
        connection.submit(request, timeout: timeout ?? options.requestTimeout, reply)
    }

    /// Sends a request and waits for its answer, again where that is safe and there is time.
    ///
    /// - Parameters:
    ///   - request: what to ask.
    ///   - timeout: how long the answer may take, all tries together; nil = the client's default.
    /// - Returns: the answer, never `.failure`.
    /// - Throws: why there is none.
    package func call(
        _ request: Request,
        timeout: TimeAmount? = nil
    ) async throws(PalateClientError) -> Response {
        let timeout = timeout ?? options.requestTimeout
        let deadline = NIODeadline.now() + timeout
        var attempt = 0
        while true {
            let result = await once(request, timeout: attempt == 0 ? timeout : deadline - .now())
            guard case .failure(let error) = result, attempt < options.retries, !pool.isClosed,
                let wait = Retries.wait(after: error, of: request, attempt: attempt),
                NIODeadline.now() + wait < deadline
            else { return try result.get() }
            attempt += 1
            do {
                try await Task.sleep(nanoseconds: UInt64(wait.nanoseconds))
            } catch {
                throw .cancelled
            }
        }
    }

    /// One try; of reads two at the same time where the first is late and the client hedges.
    private func once(
        _ request: Request,
        timeout: TimeAmount
    ) async -> Result<Response, PalateClientError> {
        let pool = pool
        let call: @Sendable () async -> Result<Response, PalateClientError> = {
            do throws(PalateClientError) {
                let connection = try await pool.connection(timeout: timeout)
                return await connection.call(request, timeout: timeout).result
            } catch {
                return .failure(error)
            }
        }
        guard let delay = options.hedgeAfter, request.isRead, delay < timeout else {
            return await call()
        }
        return await Hedge.first(after: delay, of: call)
    }
}
