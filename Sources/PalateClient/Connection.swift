import NIOCore
import NIOPosix
import PalateModel
import PalateWire
import Synchronization

/// Where a server is, and how to open a channel to it.
struct ServerAddress: Sendable {
    /// What a certificate is checked against; nil = by the TLS settings alone.
    var name: String?
    /// Opens a channel.
    var open: @Sendable (ClientBootstrap) -> EventLoopFuture<any Channel>
}

/// A channel whose handshake is done, and its handler, from any thread.
final class Connection: Sendable {
    let channel: any Channel
    /// What HELLO brought.
    let welcome: Welcome
    private let outbox: Outbox
    private let handler: NIOLoopBound<ClientHandler>
    private let calls = Atomic<Int>(0)

    private init(
        _ channel: any Channel,
        _ outbox: Outbox,
        _ handler: NIOLoopBound<ClientHandler>,
        _ welcome: Welcome
    ) {
        self.channel = channel
        self.outbox = outbox
        self.handler = handler
        self.welcome = welcome
    }

    /// Calls whose tasks wait for an answer.
    var load: Int { calls.load(ordering: .relaxed) }

    /// Whether it takes requests.
    var isOpen: Bool { channel.isActive && !outbox.isClosed }

    /// Connects and shakes hands.
    ///
    /// - Parameters:
    ///   - address: where to.
    ///   - server: the only server to talk to; `ServerID.any` = whichever answers.
    ///   - options: of the client.
    ///   - group: whose event loop the connection lives on.
    ///   - timeout: of connecting, and of the handshake.
    /// - Returns: a connection that takes requests.
    /// - Throws: `connectFailed`, or `refused`.
    static func dial(
        _ address: ServerAddress,
        _ server: ServerID,
        _ options: ClientOptions,
        _ group: any EventLoopGroup,
        timeout: TimeAmount
    ) async throws(PalateClientError) -> Connection {
        let outbox = Outbox()
        let (channel, handler) = try await open(address, options, group, outbox, timeout)
        let hello = Hello(
            clientName: options.clientName,
            bodyBytesMax: options.bodyBytesMax,
            expectedServer: server
        )
        do throws(PalateClientError) {
            let reply = await call(
                .hello(hello),
                timeout: timeout,
                outbox: outbox,
                channel: channel,
                handler: handler
            )
            guard case .welcome(let welcome) = try reply.result.get() else {
                throw .unexpectedResponse(opcode: 0)
            }
            channel.eventLoop.execute { handler.value.adopt(welcome) }
            return Connection(channel, outbox, handler, welcome)
        } catch {
            channel.close(promise: nil)
            throw error
        }
    }

    private static func open(
        _ address: ServerAddress,
        _ options: ClientOptions,
        _ group: any EventLoopGroup,
        _ outbox: Outbox,
        _ timeout: TimeAmount
    ) async throws(PalateClientError) -> (any Channel, NIOLoopBound<ClientHandler>) {
        let bodyChecksum = options.bodyChecksum
        let tls = try options.tls?.makeContext()
        let serverName = options.tls?.serverName ?? address.name
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(timeout)
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
            let channel = try await address.open(bootstrap).get()
            let handler = try await channel.eventLoop.submit {
                let handler = try channel.pipeline.syncOperations.handler(type: ClientHandler.self)
                return NIOLoopBound(handler, eventLoop: channel.eventLoop)
            }.get()
            return (channel, handler)
        } catch {
            throw .connectFailed(reason: "\(error)")
        }
    }

    /// Hands a request over; `reply` is called once, on the event loop.
    func submit(
        _ request: Request,
        timeout: TimeAmount,
        _ reply: @escaping @Sendable (Reply) -> Void
    ) {
        Self.submit(request, timeout, outbox, channel, handler, reply)
    }

    /// Sends a request and waits for what comes of it.
    func call(_ request: Request, timeout: TimeAmount) async -> Reply {
        calls.wrappingAdd(1, ordering: .relaxed)
        defer { calls.wrappingSubtract(1, ordering: .relaxed) }
        return await Self.call(
            request,
            timeout: timeout,
            outbox: outbox,
            channel: channel,
            handler: handler
        )
    }

    @discardableResult
    private static func submit(
        _ request: Request,
        _ timeout: TimeAmount,
        _ outbox: Outbox,
        _ channel: any Channel,
        _ handler: NIOLoopBound<ClientHandler>,
        _ reply: @escaping @Sendable (Reply) -> Void
    ) -> UInt64? {
        switch outbox.offer(request, timeout: timeout, reply) {
        case .first(let ticket):
            channel.eventLoop.execute { handler.value.drain() }
            return ticket
        case .queued(let ticket):
            return ticket
        case .closed(let error):
            reply(Reply(.failure(error)))
            return nil
        }
    }

    private static func call(
        _ request: Request,
        timeout: TimeAmount,
        outbox: Outbox,
        channel: any Channel,
        handler: NIOLoopBound<ClientHandler>
    ) async -> Reply {
        let cancellation = Cancellation()
        let cancel: @Sendable (UInt64) -> Void = { ticket in
            channel.eventLoop.execute { handler.value.cancel(ticket: ticket) }
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ticket = submit(request, timeout, outbox, channel, handler) {
                    continuation.resume(returning: $0)
                }
                if let ticket, cancellation.arm(ticket) { cancel(ticket) }
            }
        } onCancel: {
            if let ticket = cancellation.fire() { cancel(ticket) }
        }
    }

    /// Ends the connection; calls that wait get `error`.
    func close(_ error: PalateClientError) async {
        let handler = handler
        channel.eventLoop.execute { handler.value.fail(error) }
        try? await channel.closeFuture.get()
    }
}
