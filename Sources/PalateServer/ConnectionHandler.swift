import Logging
import NIOCore
import PalateIndex
import PalateModel
import PalateWire

/// One connection: bytes to frames to requests, and answers back in whatever order they are ready.
///
/// Everything runs on the connection's event loop. Frames are handled a few at a time, so that a
/// client that pipelines thousands does not keep its neighbours waiting; answers made in one turn
/// leave in one write.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Tells the handler to say GOAWAY and to close once everything is answered.
    struct GoAwayEvent: Sendable {}

    private let service: RequestService
    private let server: ServerIdentity
    private let logger: Logger
    private var decoder = FrameDecoder()
    private var received = ByteBuffer()
    private var writer = FrameWriter()
    private var version: any WireVersion = WireVersions.handshake
    private var bodyBytesMax = Limits.frameBytes
    private var inFlight: Set<UInt32> = []
    private var loadBytes: [UInt32: Int] = [:]
    private var loadBytesInFlight = 0
    private var hasGreeted = false
    private var isClosing = false
    private var isDraining = false
    private var isScheduled = false
    private var isReading = true
    private var stall: Scheduled<Void>?

    init(service: RequestService, server: ServerIdentity, logger: Logger) {
        self.service = service
        self.server = server
        self.logger = logger
    }

    // MARK: Channel events

    func channelActive(context: ChannelHandlerContext) {
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let context = context.loopBound
        context.eventLoop.scheduleTask(in: service.options.helloTimeout) {
            guard !bound.value.hasGreeted else { return }
            context.value.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        if received.readableBytes == 0 {
            received = buffer
        } else {
            received.writeBuffer(&buffer)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        takeTurn(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        updateReading(context)
        watchStall(context)
        takeTurn(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosing = true
        stall?.cancel()
        server.connections.remove(context.channel)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.debug("connection failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is GoAwayEvent {
            isDraining = true
            let notice = GoAway(
                drainMilliseconds: UInt32(
                    clamping: service.options.drainTimeout.nanoseconds / 1_000_000),
                reason: "the server is shutting down")
            send(.goAway(notice), requestID: 0, took: 0)
            flush(context)
            closeIfDrained(context)
        } else if let event = event as? ChannelEvent, event == .inputClosed {
            // The client sends no more; it may still read what it asked for.
            isDraining = true
            takeTurn(context)
            closeIfDrained(context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    // MARK: Frames

    /// Handles some of the frames received, then lets other connections have the thread.
    private func takeTurn(_ context: ChannelHandlerContext) {
        var handled = 0
        while !isClosing, isReading, let frame = nextFrame(context) {
            handle(frame, context)
            handled += 1
            if handled == service.options.framesPerTurn {
                continueLater(context)
                break
            }
        }
        flush(context)
        watchStall(context)
    }

    private func continueLater(_ context: ChannelHandlerContext) {
        guard !isScheduled else { return }
        isScheduled = true
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let context = context.loopBound
        context.eventLoop.execute {
            bound.value.isScheduled = false
            bound.value.takeTurn(context.value)
        }
    }

    private struct Frame {
        var header: FrameHeader
        var request: Result<Request, RequestError>
    }

    /// Decodes one frame out of the received bytes; nil when there is no whole one.
    private func nextFrame(_ context: ChannelHandlerContext) -> Frame? {
        let step: Result<(Frame, Int)?, WireError> = received.withUnsafeReadableBytes { bytes in
            let span = bytes.bytes
            do throws(WireError) {
                guard case .frame(let header, let byteCount) = try decoder.next(span) else {
                    return .success(nil)
                }
                let body = span.extracting(FrameHeader.byteCount..<byteCount)
                let request: Result<Request, RequestError>
                do throws(RequestError) {
                    request = .success(
                        try version.decodeRequest(
                            header, body, dimensionsOf: service.dimensions(of:)))
                } catch {
                    request = .failure(error)
                }
                return .success((Frame(header: header, request: request), byteCount))
            } catch {
                return .failure(error)
            }
        }
        switch step {
        case .success(.some((let frame, let byteCount))):
            received.moveReaderIndex(forwardBy: byteCount)
            if received.readableBytes == 0 { received.clear() }
            return frame
        case .success(.none):
            return nil
        case .failure(let error):
            end(error, context)
            return nil
        }
    }

    private func handle(_ frame: Frame, _ context: ChannelHandlerContext) {
        let header = frame.header
        guard hasGreeted else { return greet(frame, context) }
        guard header.requestID != 0 else { return end(.requestIDZero, context) }
        guard !inFlight.contains(header.requestID) else {
            return end(.requestIDInUse(got: header.requestID), context)
        }
        let started = ContinuousClock.now
        do throws(RequestError) {
            let request = try frame.request.get()
            if case .hello = request { return end(.helloRepeated, context) }
            guard inFlight.count < service.options.requestsInFlight else {
                throw .overloaded(retryMilliseconds: SearchWorkers.retryMilliseconds)
            }
            let deadline =
                header.microseconds == 0
                ? nil : started + .microseconds(Int64(header.microseconds))
            let outcome = try service.answer(
                request, deadline: deadline,
                completion: completion(header, started: started, context))
            switch outcome {
            case .done(let response):
                send(response, header, took: (ContinuousClock.now - started).frameMicroseconds)
            case .pending:
                inFlight.insert(header.requestID)
                if case .loadData = request { chargeLoad(header, context) }
            }
        } catch {
            fail(error, header)
        }
    }

    /// Brings an answer made elsewhere back to the event loop.
    private func completion(
        _ header: FrameHeader, started: ContinuousClock.Instant, _ context: ChannelHandlerContext
    ) -> @Sendable (Result<Response, RequestError>) -> Void {
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let context = context.loopBound
        return { result in
            eventLoop.execute {
                bound.value.finish(result, header, started: started, context.value)
            }
        }
    }

    private func finish(
        _ result: Result<Response, RequestError>, _ header: FrameHeader,
        started: ContinuousClock.Instant, _ context: ChannelHandlerContext
    ) {
        guard !isClosing else { return }
        inFlight.remove(header.requestID)
        switch result {
        case .success(let response):
            send(response, header, took: (ContinuousClock.now - started).frameMicroseconds)
        case .failure(let error): fail(error, header)
        }
        if let bytes = loadBytes.removeValue(forKey: header.requestID) {
            loadBytesInFlight -= bytes
            updateReading(context)
            takeTurn(context)
        }
        flush(context)
        closeIfDrained(context)
    }

    // MARK: Handshake

    private func greet(_ frame: Frame, _ context: ChannelHandlerContext) {
        let request: Request
        do throws(RequestError) {
            request = try frame.request.get()
        } catch {
            // Nothing but HELLO is answered before HELLO, not even to say what is wrong with it.
            guard frame.header.opcode == Opcode.hello.rawValue else {
                return end(.helloExpected(got: frame.header.opcode), context)
            }
            fail(error, frame.header)
            return close(context)
        }
        guard case .hello(let hello) = request else {
            return end(.helloExpected(got: frame.header.opcode), context)
        }
        do throws(WireError) {
            let welcome = try Welcome(
                answering: hello, bodyBytesMax: service.options.bodyBytesMax,
                requestsInFlight: service.options.requestsInFlight, server: server.id,
                serverName: server.name)
            hasGreeted = true
            bodyBytesMax = welcome.bodyBytesMax
            decoder.bodyBytesMax = welcome.bodyBytesMax
            if let agreed = WireVersions.newestCommon(with: hello.versions) { version = agreed }
            send(.welcome(welcome), frame.header, took: 0)
        } catch {
            end(error, context)
        }
    }

    // MARK: Answers

    private func send(_ response: Response, _ request: FrameHeader, took: UInt32) {
        send(
            response, requestID: request.requestID, took: took,
            bodyChecksum: request.flags.contains(.bodyChecksum))
    }

    private func send(
        _ response: Response, requestID: UInt32, took: UInt32, bodyChecksum: Bool = true
    ) {
        let options = FrameOptions(
            requestID: requestID, microseconds: took, bodyChecksum: bodyChecksum,
            bodyBytesMax: bodyBytesMax)
        do throws(RequestError) {
            try version.encode(response, options, into: &writer)
        } catch {
            let report = Response.failure(opcode: response.opcode, ErrorReport(error))
            try? version.encode(report, options, into: &writer)
        }
    }

    private func fail(_ error: RequestError, _ request: FrameHeader) {
        send(
            .failure(opcode: request.opcode, ErrorReport(error)), requestID: request.requestID,
            took: 0)
    }

    /// Says on request id 0 why the connection cannot go on, and closes it.
    private func end(_ error: WireError, _ context: ChannelHandlerContext) {
        logger.debug("connection refused", metadata: ["error": "\(error)"])
        send(
            .failure(opcode: Opcode.error.rawValue, ErrorReport(error)), requestID: 0, took: 0)
        close(context)
    }

    private func close(_ context: ChannelHandlerContext) {
        flush(context)
        isClosing = true
        let context = context.loopBound
        context.eventLoop.execute { context.value.close(promise: nil) }
    }

    private func flush(_ context: ChannelHandlerContext) {
        guard writer.count > 0 else { return }
        let buffer = context.channel.allocator.buffer(bytes: writer.bytes)
        writer.removeAll()
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    private func closeIfDrained(_ context: ChannelHandlerContext) {
        guard isDraining, !isClosing, inFlight.isEmpty else { return }
        close(context)
    }

    // MARK: Back-pressure

    private func chargeLoad(_ header: FrameHeader, _ context: ChannelHandlerContext) {
        let bytes = Int(header.bodyLength)
        loadBytes[header.requestID] = bytes
        loadBytesInFlight += bytes
        updateReading(context)
    }

    /// Reads only while the client takes its answers and keeps to its load credit.
    private func updateReading(_ context: ChannelHandlerContext) {
        let shouldRead =
            context.channel.isWritable
            && loadBytesInFlight <= RequestService.loadBytesInFlightMax
        guard shouldRead != isReading else { return }
        isReading = shouldRead
        context.channel.setOption(.autoRead, value: shouldRead).whenComplete { _ in }
    }

    /// Closes the connection when a half frame or an unread answer does not move in time.
    private func watchStall(_ context: ChannelHandlerContext) {
        stall?.cancel()
        stall = nil
        let isStalled = !context.channel.isWritable || (isReading && received.readableBytes > 0)
        guard isStalled, !isClosing, !isScheduled else { return }
        let context = context.loopBound
        stall = context.eventLoop.scheduleTask(in: service.options.stallTimeout) {
            context.value.close(promise: nil)
        }
    }
}

extension RequestService {
    /// Bytes of LOAD_DATA one connection may have under way before reading from it stops.
    static let loadBytesInFlightMax = CollectionWriter.creditBytes
}
