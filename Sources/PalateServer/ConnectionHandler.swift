import Logging
import NIOCore
import PalateAccess
import PalateIndex
import PalateModel
import PalateWire

/// One connection: bytes to frames to requests, and answers back in whatever order they are ready.
///
/// Everything runs on the connection's event loop. Frames are handled in turns, a few at a time, so
/// that a client that pipelines thousands does not keep its neighbours waiting; answers made in one
/// turn leave in one write. Nothing is read while something else has to happen first: the client
/// reads its answers, a load gets durable, or many frames that are here already have their turn.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Tells the handler to say GOAWAY and to close once everything is answered.
    struct GoAwayEvent: Sendable {}

    enum Phase {
        /// HELLO has not been answered.
        case greeting
        /// Requests are answered.
        case open
        /// The last answers are being written; what arrives is dropped.
        case closing
        /// All is written and said to be; waits until the client has seen it and closes.
        case lingering
        case closed
    }

    /// A request whose answer is made elsewhere.
    struct InFlight {
        /// As it came.
        var header: FrameHeader
        /// Its number on this connection: ids come back, and headers can be alike.
        var serial: UInt64
        /// What it holds of the load credit.
        var loadBytes = 0
        /// Whether its stages are timed.
        var isTimed = false
    }

    let service: RequestService
    private let server: ServerIdentity
    let turns: TurnQueue
    let logger: Logger
    let lane: SearchWorkers.LaneID
    var phase = Phase.greeting
    var inbox = FrameInbox()
    var outbox = FrameOutbox()
    /// What the peer may do; nil while it has not said who it is, on a server that asks.
    var grant: Grant?
    /// A credential is being looked at.
    var isAuthenticating = false
    var rate = RequestRate()
    let clock: StallClock
    /// Requests whose answers are made elsewhere.
    var inFlight: [UInt32: InFlight] = [:]
    /// Those that were cancelled and are worked on all the same: they count until that is done.
    var abandoned: Set<UInt64> = []
    private var lastSerial: UInt64 = 0
    /// Whether the stages of the request that is being handled are timed.
    private var isTimed = false
    private(set) var loadBytesInFlight = 0
    /// GOAWAY has been said.
    private(set) var isLeaving = false
    /// The client sends no more; it may still read what it asked for.
    var isInputClosed = false
    /// Whole frames may be in the inbox, beside those that came since the last turn.
    var isBacklogged = false
    /// Stands in the queue for a turn.
    var isEnlisted = false
    var isReadHeld = false
    /// From being added to the pipeline until being removed.
    private(set) var context: ChannelHandlerContext?

    init(service: RequestService, server: ServerIdentity, turns: TurnQueue, logger: Logger) {
        self.service = service
        self.server = server
        self.turns = turns
        self.logger = logger
        lane = service.workers.makeLane()
        clock = StallClock(service.options, service.metrics)
    }

    /// When the frame at the front was whole: what its time is counted from.
    var arrival: ContinuousClock.Instant { inbox.arrival }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        grant = service.access.grant(forAnonymous: context.remoteAddress?.isLocal ?? false)
        clock.fix(service.options.helloTimeout, by: .helloTimeout)
        watchStall(context)
    }

    func read(context: ChannelHandlerContext) {
        if wantsBytes(context) {
            context.read()
        } else {
            isReadHeld = true
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard isServing else { return }
        // Not left to `channelReadComplete`: it does not come where the next read fails.
        enlist()
        let bytes = unwrapInboundIn(data)
        service.metrics.count(.bytesReceived, bytes.readableBytes)
        inbox.append(bytes, at: turns.arrivalOfBytes())
    }

    func channelReadComplete(context: ChannelHandlerContext) { enlist() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard isServing else { return }
        service.setPaused(!context.channel.isWritable, lane)
        // The client has read, though the next turn may fill the buffer again at once.
        if context.channel.isWritable { clock.forgetReading() }
        enlist()
    }

    func channelInactive(context: ChannelHandlerContext) {
        phase = .closed
        forgetRequests()
        clock.stop()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.debug("connection failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is GoAwayEvent {
            sayGoAway()
        } else if let event = event as? ChannelEvent, event == .inputClosed {
            isInputClosed = true
            if phase == .lingering { context.close(promise: nil) } else { enlist() }
        }
    }

    private func sayGoAway() {
        guard isServing, !isLeaving else { return }
        isLeaving = true
        let limit = service.options.drainTimeout.nanoseconds / 1_000_000
        let notice = GoAway(
            drainMilliseconds: UInt32(clamping: limit),
            reason: "the server is shutting down"
        )
        outbox.append(aboutConnection: .goAway(notice))
        enlist()
    }

    var isServing: Bool { phase == .greeting || phase == .open }

    // MARK: Requests

    /// Handles the frame at the front of the inbox; it is `start` now.
    ///
    /// - Returns: when that was done.
    func handle(
        _ header: FrameHeader,
        _ context: ChannelHandlerContext,
        _ start: ContinuousClock.Instant
    ) -> ContinuousClock.Instant {
        do throws(WireError) {
            guard phase == .open else {
                try greet(header, context)
                return .now
            }
            guard header.requestID != 0 else { throw .requestIDZero }
            guard inFlight[header.requestID] == nil else {
                throw .requestIDInUse(got: header.requestID)
            }
            guard header.opcode != Opcode.hello.rawValue else { throw .helloRepeated }
        } catch {
            refuse(error, context)
            return .now
        }
        let response = answer(header, context, start)
        let now = ContinuousClock.now
        if let response {
            let took = (now - arrival).frameMicroseconds
            say(response, to: header, microseconds: took, isTimed: isTimed)
        }
        return now
    }

    /// The answer, or nil when it is made elsewhere.
    private func answer(
        _ header: FrameHeader,
        _ context: ChannelHandlerContext,
        _ start: ContinuousClock.Instant
    ) -> Response? {
        isTimed = header.opcode == Opcode.query.rawValue && service.metrics.takesTimes()
        do throws(RequestError) {
            guard !isLeaving else { throw .shuttingDown }
            // Whoever has as many as may be can still give some up.
            let isCancel = header.opcode == Opcode.cancel.rawValue
            let unfinished = inFlight.count + abandoned.count
            let most = service.limits.requestsInFlight
            guard isCancel || unfinished < most else {
                throw SearchWorkers.overloaded(by: .requestsInFlight, expected: most)
            }
            try admit(header)
            if header.opcode == Opcode.query.rawValue {
                if isTimed { service.metrics.note(.turn, start - arrival) }
                try service.checkWait(start - arrival, Int(header.microseconds))
            }
            let request = try inbox.decode(
                header,
                outbox.version,
                dimensionsOf: service.dimensions(of:)
            )
            if isTimed { service.metrics.note(.decode, .now - start) }
            try authorize(request, context)
            try service.admitMemory(of: request, byteCount: Int(header.bodyLength))
            switch request {
            case .authenticate(let said):
                authenticate(said, header, context)
                return nil
            case .cancel(let requestID):
                cancel(requestID)
                return .cancelled
            default: break
            }
            let call = RequestService.Call(
                lane: lane,
                requestID: header.requestID,
                arrival: arrival,
                budgetMicroseconds: Int(header.microseconds),
                answerBytesMax: outbox.bodyBytesMax,
                collections: grant?.collections ?? .all,
                isTimed: isTimed
            )
            let serial = takeSerial()
            let response = try service.answer(
                request,
                call,
                completion: { completion(header, serial, context) }
            )
            guard response == nil else { return response }
            // Of a load, the whole body counts until it is durable.
            let bytes = if case .loadData = request { Int(header.bodyLength) } else { 0 }
            inFlight[header.requestID] = InFlight(
                header: header,
                serial: serial,
                loadBytes: bytes,
                isTimed: isTimed
            )
            loadBytesInFlight += bytes
            return nil
        } catch {
            return failure(error, header)
        }
    }

    /// The answer to what failed; counts the limit that refused it.
    func failure(_ error: RequestError, _ header: FrameHeader) -> Response {
        if case .overloaded(let limit, _, _) = error { service.metrics.refused(by: limit) }
        return .failure(opcode: header.opcode, ErrorReport(error))
    }

    /// The number of the next request whose answer is made elsewhere.
    func takeSerial() -> UInt64 {
        lastSerial += 1
        return lastSerial
    }

    /// Brings an answer made elsewhere back to the event loop.
    private func completion(
        _ header: FrameHeader,
        _ serial: UInt64,
        _ context: ChannelHandlerContext
    ) -> RequestService.Completion {
        let (eventLoop, arrival) = (context.eventLoop, arrival)
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let context = context.loopBound
        return { result in
            eventLoop.execute {
                bound.value.complete(result, header, serial, arrival: arrival, context.value)
            }
        }
    }

    func complete(
        _ result: Result<Response, RequestError>,
        _ header: FrameHeader,
        _ serial: UInt64,
        arrival: ContinuousClock.Instant,
        _ context: ChannelHandlerContext
    ) {
        // Nobody waits for what was cancelled; by now its id may be another request's.
        guard abandoned.remove(serial) == nil else { return }
        guard isServing, let request = inFlight[header.requestID], request.serial == serial else {
            return
        }
        inFlight.removeValue(forKey: header.requestID)
        loadBytesInFlight -= request.loadBytes
        let response: Response =
            switch result {
            case .success(let response): response
            case .failure(let error): failure(error, header)
            }
        let took = (ContinuousClock.now - arrival).frameMicroseconds
        say(response, to: header, microseconds: took, isTimed: request.isTimed)
        enlist()
    }

    /// Answers, and counts that.
    func say(
        _ response: Response,
        to header: FrameHeader,
        microseconds: UInt32,
        isTimed: Bool = false
    ) {
        let metrics = service.metrics
        metrics.note(response, opcode: header.opcode, microseconds: microseconds)
        guard isTimed else {
            return outbox.append(response, to: header, microseconds: microseconds)
        }
        let start = ContinuousClock.now
        outbox.append(response, to: header, microseconds: microseconds)
        metrics.note(.encode, .now - start)
    }

    /// Answers HELLO; nothing else is answered before, not even to say what is wrong with it.
    private func greet(
        _ header: FrameHeader,
        _ context: ChannelHandlerContext
    ) throws(WireError) {
        guard header.opcode == Opcode.hello.rawValue else {
            throw .helloExpected(got: header.opcode)
        }
        guard header.requestID != 0 else { throw .requestIDZero }
        let hello: Hello
        do throws(RequestError) {
            let request = try inbox.decode(header, outbox.version) { _ in nil }
            guard case .hello(let decoded) = request else { return }
            hello = decoded
        } catch {
            let failure = Response.failure(opcode: header.opcode, ErrorReport(error))
            outbox.append(failure, to: header, microseconds: 0)
            return finish(context)
        }
        let welcome = try Welcome(
            answering: hello,
            bodyBytesMax: service.options.bodyBytesMax,
            requestsInFlight: service.limits.requestsInFlight,
            server: server.id,
            serverName: server.name
        )
        phase = .open
        clock.unfix()
        outbox.bodyBytesMax = welcome.bodyBytesMax
        inbox.bodyBytesMax = bodyBytesGranted
        if let agreed = WireVersions.newestCommon(with: hello.versions) { outbox.version = agreed }
        let took = (ContinuousClock.now - arrival).frameMicroseconds
        say(.welcome(welcome), to: header, microseconds: took)
        logger.debug(
            "connected",
            metadata: [
                // The client chose its name: quoted, so that it cannot forge a line of the log.
                "client": "\(String(reflecting: hello.clientName))",
                "address": "\(context.remoteAddress?.description ?? "?")",
            ]
        )
    }
}
