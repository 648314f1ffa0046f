import NIOCore
import NIOPosix
import PalateModel
import PalateWire

/// A peer of the client that answers by a script: the codec around a function, without an index.
///
/// The script gets every request after HELLO and returns responses to send, each with the id it
/// answers; so it can keep answers back and send them later in another order.
struct ScriptedServer: Sendable {
    typealias Script = @Sendable (_ request: Request, _ id: UInt32) -> [(UInt32, Response)]

    /// Where it listens.
    let port: Int
    private let channel: any Channel
    private let connections: ReadWriteLock<Int>

    /// Connections that ever came.
    var connectionCount: Int { connections.withReadLock { $0 } }

    /// Starts to listen on a free port of the loopback interface.
    ///
    /// At a request that `ends`, the connection is closed without an answer.
    static func start(
        requestsInFlight: Int = 64,
        bodyBytesMax: Int = 1 << 20,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        ends: @escaping @Sendable (Request) -> Bool = { _ in false },
        script: @escaping Script
    ) async throws -> ScriptedServer {
        let connections = ReadWriteLock(0)
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    connections.withWriteLock { $0 += 1 }
                    let handler = ScriptedHandler(requestsInFlight, bodyBytesMax, ends, script)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return ScriptedServer(
            port: channel.localAddress?.port ?? 0,
            channel: channel,
            connections: connections
        )
    }

    /// Stops listening.
    func stop() async throws { try await channel.close() }
}

private final class ScriptedHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let requestsInFlight: Int
    private let bodyBytesMax: Int
    private let ends: @Sendable (Request) -> Bool
    private let script: ScriptedServer.Script
    private var decoder = FrameDecoder()
    private var received = ByteBuffer()
    private var writer = FrameWriter()

    init(
        _ requestsInFlight: Int,
        _ bodyBytesMax: Int,
        _ ends: @escaping @Sendable (Request) -> Bool,
        _ script: @escaping ScriptedServer.Script
    ) {
        self.requestsInFlight = requestsInFlight
        self.bodyBytesMax = bodyBytesMax
        self.ends = ends
        self.script = script
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var incoming = unwrapInboundIn(data)
        received.writeBuffer(&incoming)
        do {
            while let (request, id) = try takeRequest() {
                guard !ends(request) else { return context.close(promise: nil) }
                for (id, response) in try answer(request, id) {
                    let options = FrameOptions(requestID: id, microseconds: 5)
                    try V1().encode(response, options, into: &writer)
                }
            }
        } catch {
            context.close(promise: nil)
        }
        received.discardReadBytes()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard writer.count > 0 else { return }
        var buffer = context.channel.allocator.buffer(capacity: writer.count)
        buffer.writeBytes(writer.bytes)
        writer.removeAll()
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    private func takeRequest() throws -> (Request, id: UInt32)? {
        // A local copy, so that the span depends on it and not on this object's property.
        let buffer = received
        guard case .frame(let header, let byteCount) = try decoder.next(buffer.readableBytesSpan)
        else { return nil }
        let body = buffer.readableBytesSpan.extracting(FrameHeader.byteCount..<byteCount)
        let request = try V1().decodeRequest(header, body) { _ in 3 }
        received.moveReaderIndex(forwardBy: byteCount)
        return (request, header.requestID)
    }

    private func answer(_ request: Request, _ id: UInt32) throws -> [(UInt32, Response)] {
        guard case .hello(let hello) = request else { return script(request, id) }
        do throws(WireError) {
            let welcome = try Welcome(
                answering: hello,
                bodyBytesMax: bodyBytesMax,
                requestsInFlight: requestsInFlight,
                server: ServerID(low: 1, high: 2),
                serverName: "scripted"
            )
            decoder.bodyBytesMax = welcome.bodyBytesMax
            return [(id, .welcome(welcome))]
        } catch {
            return [(0, .failure(opcode: Opcode.error.rawValue, ErrorReport(error)))]
        }
    }
}
