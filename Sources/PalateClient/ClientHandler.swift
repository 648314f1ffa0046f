import NIOCore
import PalateModel
import PalateWire

/// The connection's state on its event loop: requests out, answers in, in any order.
///
/// Everything here runs on the one event loop. Requests of a burst are encoded into one buffer and
/// leave in one write and one flush; requests beyond the granted number wait here. Deadlines are
/// looked at every 20 ms by one timer, not by a timer per request.
final class ClientHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How often deadlines are looked at, and so how late a time-out may be.
    private static let sweepInterval = TimeAmount.milliseconds(20)
    /// How long an answer to CANCEL may take: it needs no work.
    private static let cancelTimeout = TimeAmount.seconds(10)
    /// The most that is kept of a call's time for its answer to travel.
    private static let travelTime = TimeAmount.milliseconds(100)
    /// Room that is kept in the encoding buffer between bursts.
    private static let keptBytes = 1 << 20

    /// A request that was sent.
    private struct Pending {
        var ticket: UInt64
        var opcode: Opcode
        var deadline: NIODeadline
        var timeout: TimeAmount
        /// Nil once the caller was told that time is up: the id stays taken until the answer comes.
        var reply: (@Sendable (Reply) -> Void)?
    }

    private let outbox: Outbox
    private let bodyChecksum: Bool
    private var version = WireVersions.handshake
    private var decoder = FrameDecoder()
    private var received = ByteBuffer()
    private var writer = FrameWriter()
    private var burst: [Call] = []
    /// Taken from the outbox and not sent, because enough is in flight.
    private var waiting = CircularBuffer<Call>()
    private var pending: [UInt32: Pending] = [:]
    private var nextID: UInt32 = 1
    private var bodyBytesMax = FrameHeader.bodyBytesBeforeHello
    private var requestsInFlight = 1
    private var context: ChannelHandlerContext?
    private var sweep: RepeatedTask?
    /// Set once, by whatever ended the connection first.
    private var failure: PalateClientError?

    init(outbox: Outbox, bodyChecksum: Bool) {
        self.outbox = outbox
        self.bodyChecksum = bodyChecksum
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        sweep = context.eventLoop.scheduleRepeatedTask(
            initialDelay: Self.sweepInterval,
            delay: Self.sweepInterval
        ) { _ in bound.value.expire(at: .now()) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        finish(.closed(reason: "the connection is closed"))
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.closed(reason: "the server closed the connection"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(.closed(reason: "\(error)"))
    }

    /// What HELLO brought; holds from the next frame on.
    func adopt(_ welcome: Welcome) {
        if let agreed = WireVersions.newestCommon(with: welcome.version...welcome.version) {
            version = agreed
        }
        bodyBytesMax = welcome.bodyBytesMax
        decoder.bodyBytesMax = welcome.bodyBytesMax
        requestsInFlight = welcome.requestsInFlight
        pump()
    }

    // MARK: Out

    /// Takes what callers left in the outbox, and sends as much as may be in flight.
    func drain() {
        outbox.take(into: &burst)
        waiting.append(contentsOf: burst)
        burst.removeAll(keepingCapacity: true)
        pump()
    }

    private func pump() {
        guard let context, failure == nil else { return }
        writer.removeAll()
        while pending.count < requestsInFlight, let call = waiting.popFirst() { encode(call) }
        guard writer.count > 0 else { return }
        var buffer = context.channel.allocator.buffer(capacity: writer.count)
        buffer.writeBytes(writer.bytes)
        if writer.count > Self.keptBytes { writer = FrameWriter() }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    /// What the server gets of a call's time: what it answers at the last moment has to travel.
    private static func budget(within left: TimeAmount) -> TimeAmount {
        left - min(.nanoseconds(left.nanoseconds / 10), travelTime)
    }

    private func encode(_ call: Call) {
        let id = takeID()
        let budget = max(Self.budget(within: call.deadline - .now()).nanoseconds / 1_000, 1)
        let options = FrameOptions(
            requestID: id,
            microseconds: UInt32(clamping: budget),
            bodyChecksum: bodyChecksum,
            bodyBytesMax: bodyBytesMax
        )
        do throws(RequestError) {
            try version.encode(call.request, options, into: &writer)
        } catch {
            return call.reply(Reply(.failure(.invalidRequest(error))))
        }
        pending[id] = Pending(
            ticket: call.ticket,
            opcode: call.request.opcode,
            deadline: call.deadline,
            timeout: call.timeout,
            reply: call.reply
        )
    }

    private func takeID() -> UInt32 {
        while nextID == 0 || pending[nextID] != nil { nextID &+= 1 }
        defer { nextID &+= 1 }
        return nextID
    }

    // MARK: In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var incoming = unwrapInboundIn(data)
        if received.readableBytes == 0 {
            received = incoming
        } else {
            received.writeBuffer(&incoming)
        }
        while failure == nil, takeFrame() {}
        if received.readableBytes == 0 {
            // Gives the memory back to the channel instead of copying it.
            received = ByteBuffer()
        } else {
            received.discardReadBytes()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Answers made room in flight: what waited for it leaves in one write.
        if !waiting.isEmpty { pump() }
        context.fireChannelReadComplete()
    }

    /// Handles one frame at the front of what was received; false when there is none.
    private func takeFrame() -> Bool {
        let step: FrameDecoder.Step
        do throws(WireError) {
            step = try decoder.next(received.readableBytesSpan)
        } catch {
            fail(.closed(reason: error.message))
            return false
        }
        guard case .frame(let header, let byteCount) = step else { return false }
        let response: Response
        do throws(RequestError) {
            let frame = received.readableBytesSpan
            response = try version.decodeResponse(
                header,
                frame.extracting(FrameHeader.byteCount..<byteCount)
            )
        } catch {
            fail(.invalidResponse(error))
            return false
        }
        received.moveReaderIndex(forwardBy: byteCount)
        deliver(response, header)
        return true
    }

    private func deliver(_ response: Response, _ header: FrameHeader) {
        guard header.requestID != 0 else { return hear(response) }
        guard let call = pending.removeValue(forKey: header.requestID) else {
            return fail(.closed(reason: "an answer to \(header.requestID), which nobody asked"))
        }
        guard header.opcode == call.opcode.rawValue else {
            call.reply?(Reply(.failure(.unexpectedResponse(opcode: header.opcode))))
            return fail(.unexpectedResponse(opcode: header.opcode))
        }
        let result: Result<Response, PalateClientError> =
            if case .failure(_, let report) = response {
                .failure(.refused(report))
            } else {
                .success(response)
            }
        call.reply?(Reply(result, serverMicroseconds: header.microseconds))
    }

    /// What the server says about the connection itself.
    private func hear(_ response: Response) {
        switch response {
        case .goAway(let goAway):
            // Requests in flight are still answered; new ones have to go elsewhere.
            let error = PalateClientError.closed(reason: "the server is leaving: \(goAway.reason)")
            let unsent = outbox.close(error)
            for call in waiting { call.reply(Reply(.failure(error))) }
            for call in unsent { call.reply(Reply(.failure(error))) }
            waiting.removeAll()
        case .failure(_, let report):
            fail(.refused(report))
        default:
            fail(.unexpectedResponse(opcode: response.opcode))
        }
    }

    // MARK: Ends

    private func expire(at now: NIODeadline) {
        for (id, call) in pending where call.deadline < now {
            guard let reply = call.reply else { continue }
            giveUp(id)
            reply(Reply(.failure(.timedOut(milliseconds: call.timeout.nanoseconds / 1_000_000))))
        }
        defer { if !waiting.isEmpty { pump() } }
        guard waiting.contains(where: { $0.deadline < now }) else { return }
        for call in waiting where call.deadline < now {
            let elapsed = call.timeout.nanoseconds / 1_000_000
            call.reply(Reply(.failure(.timedOut(milliseconds: elapsed))))
        }
        waiting.removeAll { $0.deadline < now }
    }

    /// Tells a cancelled caller, and forgets the request as far as that is possible.
    func cancel(ticket: UInt64) {
        drain()
        if let index = waiting.firstIndex(where: { $0.ticket == ticket }) {
            waiting.remove(at: index).reply(Reply(.failure(.cancelled)))
        } else if let (id, call) = pending.first(where: { $0.value.ticket == ticket }) {
            giveUp(id)
            call.reply?(Reply(.failure(.cancelled)))
            pump()
        }
    }

    /// Nobody waits for the answer any more: the server need not make it.
    ///
    /// The id stays taken until an answer comes; CANCEL itself waits for its own.
    private func giveUp(_ id: UInt32) {
        guard pending[id]?.reply != nil else { return }
        pending[id]?.reply = nil
        let cancel = Call(
            ticket: 0,
            request: .cancel(requestID: id),
            deadline: .now() + Self.cancelTimeout,
            timeout: Self.cancelTimeout,
            reply: { _ in }
        )
        waiting.prepend(cancel)
    }

    /// Ends the connection because of `error`.
    func fail(_ error: PalateClientError) {
        finish(error)
        context?.close(promise: nil)
    }

    private func finish(_ error: PalateClientError) {
        guard failure == nil else { return }
        failure = error
        sweep?.cancel()
        let unsent = outbox.close(error)
        let sent = pending
        let unsentHere = waiting
        pending = [:]
        waiting = CircularBuffer()
        for call in sent.values { call.reply?(Reply(.failure(error))) }
        for call in unsentHere { call.reply(Reply(.failure(error))) }
        for call in unsent { call.reply(Reply(.failure(error))) }
    }
}
