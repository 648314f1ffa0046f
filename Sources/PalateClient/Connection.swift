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
    private let link: Link
    private let calls = Atomic<Int>(0)
    private let renewal = ReadWriteLock<Task<Void, Never>?>(nil)

    private init(_ link: Link, _ welcome: Welcome) {
        self.link = link
        self.welcome = welcome
        channel = link.channel
    }

    deinit { setRenewal(nil) }

    /// Takes over what sends the next tokens; what did before ends.
    func setRenewal(_ next: Task<Void, Never>?) {
        let former = renewal.withWriteLock { renewal in
            defer { renewal = next }
            return renewal
        }
        former?.cancel()
    }

    /// Calls whose tasks wait for an answer.
    var load: Int { calls.load(ordering: .relaxed) }

    /// Whether it takes requests.
    var isOpen: Bool { channel.isActive && !link.outbox.isClosed }

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
        let link = try await Link.open(address, options, group, timeout)
        let hello = Hello(
            clientName: options.clientName,
            bodyBytesMax: options.bodyBytesMax,
            expectedServer: server
        )
        do throws(PalateClientError) {
            let reply = await link.call(.hello(hello), timeout: timeout)
            guard case .welcome(let welcome) = try reply.result.get() else {
                throw .unexpectedResponse(opcode: 0)
            }
            link.onLoop { $0.adopt(welcome) }
            return Connection(link, welcome)
        } catch {
            link.channel.close(promise: nil)
            throw error
        }
    }

    /// Hands a request over; `reply` is called once, on the event loop.
    func submit(
        _ request: Request,
        timeout: TimeAmount,
        _ reply: @escaping @Sendable (Reply) -> Void
    ) {
        link.submit(request, timeout: timeout, reply)
    }

    /// Sends a request and waits for what comes of it.
    func call(_ request: Request, timeout: TimeAmount) async -> Reply {
        calls.wrappingAdd(1, ordering: .relaxed)
        defer { calls.wrappingSubtract(1, ordering: .relaxed) }
        return await link.call(request, timeout: timeout)
    }

    /// Ends the connection; calls that wait get `error`.
    func close(_ error: PalateClientError) async {
        link.onLoop { $0.fail(error) }
        try? await channel.closeFuture.get()
    }
}

/// A channel and its handler, before the handshake and after.
private struct Link: Sendable {
    let channel: any Channel
    let outbox: Outbox
    private let handler: NIOLoopBound<ClientHandler>

    static func open(
        _ address: ServerAddress,
        _ options: ClientOptions,
        _ group: any EventLoopGroup,
        _ timeout: TimeAmount
    ) async throws(PalateClientError) -> Link {
        let outbox = Outbox()
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
            return Link(channel: channel, outbox: outbox, handler: handler)
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
}
