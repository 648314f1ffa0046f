import NIOCore
import NIOPosix
import PalateModel
import PalateWire

/// A client that sends whatever bytes it is told to, and hands out frames as they come.
struct RawConnection {
    /// A frame of the server.
    struct Answer: Sendable {
        var header: FrameHeader
        var response: Response

        /// The code of a failure; nil where it is none.
        var status: StatusCode? {
            if case .failure(_, let report) = response { report.status } else { nil }
        }
    }

    /// The way out, which any task may use.
    struct Output: Sendable {
        fileprivate let channel: any Channel

        /// Sends bytes without waiting until the kernel has taken them.
        func sendLater(_ bytes: [UInt8]) {
            channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        }
    }

    private let channel: any Channel
    private var answers: AsyncStream<Answer>.AsyncIterator

    /// Connects without saying anything; takes answers from the start where `reads`.
    init(port: Int, reads: Bool = true) async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: Answer.self)
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = AnswerHandler(continuation)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        answers = stream.makeAsyncIterator()
    }

    /// Connects and shakes hands.
    static func greeted(port: Int, hello: Hello = Hello(clientName: "raw")) async throws -> Self {
        var raw = try await RawConnection(port: port)
        try await raw.send(frame(.hello(hello), id: 1))
        guard case .welcome = await raw.next()?.response else {
            throw RequestError.internalFailure(reason: "no welcome")
        }
        return raw
    }

    /// The bytes of a request.
    static func frame(
        _ request: Request,
        id: UInt32,
        microseconds: UInt32 = 0,
        bodyChecksum: Bool = true
    ) throws -> [UInt8] {
        var writer = FrameWriter()
        let options = FrameOptions(
            requestID: id,
            microseconds: microseconds,
            bodyChecksum: bodyChecksum
        )
        try V1().encode(request, options, into: &writer)
        return writer.bytes
    }

    /// Sends bytes in one write.
    func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    /// The way out.
    var output: Output { Output(channel: channel) }

    /// The next frame; nil when the server has closed its side.
    mutating func next() async -> Answer? { await answers.next(isolation: nil) }

    /// Every frame until the server closes its side.
    mutating func rest() async -> [Answer] {
        var rest: [Answer] = []
        while let answer = await next() { rest.append(answer) }
        return rest
    }

    /// Begins to take answers.
    func startReading() async throws {
        try await channel.setOption(.autoRead, value: true).get()
    }

    /// Says that nothing more will come, and goes on reading.
    func closeOutput() async throws { try await channel.close(mode: .output) }

    /// Ends the connection in the middle of whatever goes on.
    func close() async { try? await channel.close() }
}

/// Bytes to frames; ends the stream when the server closes its side.
private final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let continuation: AsyncStream<RawConnection.Answer>.Continuation
    private var decoder = FrameDecoder(bodyBytesMax: Limits.frameBytesMax)
    private var received = ByteBuffer()

    init(_ continuation: AsyncStream<RawConnection.Answer>.Continuation) {
        self.continuation = continuation
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var incoming = unwrapInboundIn(data)
        received.writeBuffer(&incoming)
        while let answer = try? takeAnswer() { continuation.yield(answer) }
        received.discardReadBytes()
    }

    private func takeAnswer() throws -> RawConnection.Answer? {
        // A local copy, so that the span depends on it and not on this object's property.
        let buffer = received
        guard case .frame(let header, let byteCount) = try decoder.next(buffer.readableBytesSpan)
        else { return nil }
        let body = buffer.readableBytesSpan.extracting(FrameHeader.byteCount..<byteCount)
        let response = try V1().decodeResponse(header, body)
        received.moveReaderIndex(forwardBy: byteCount)
        return RawConnection.Answer(header: header, response: response)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else { return }
        continuation.finish()
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { continuation.finish() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
