import Logging
import NIOCore
import PalateModel
import PalateWire

// How a connection ends, and what it is given up for.
extension ConnectionHandler {
    /// Says on request id 0 why the connection cannot go on, and closes it.
    func refuse(_ error: WireError, _ context: ChannelHandlerContext) {
        logger.debug("connection refused", metadata: ["error": "\(error)"])
        service.metrics.count(.connectionsFailed)
        if case .frameTooLarge = error { service.metrics.refused(by: .body) }
        let report = Response.failure(opcode: Opcode.error.rawValue, ErrorReport(error))
        outbox.append(aboutConnection: report)
        finish(context)
    }

    /// Writes what there is to say, and closes when the client has had the time to read it.
    ///
    /// Closing at once would lose what the kernel has not taken yet; and with bytes unread in the
    /// other direction it would reset the connection, which can cost the client the last answer. So
    /// the output alone is closed when all is written, and the rest when the client follows.
    func finish(_ context: ChannelHandlerContext) {
        guard isServing else { return }
        phase = .closing
        forgetRequests()
        clock.forgetFrame()
        clock.forgetReading()
        let written = context.eventLoop.makePromise(of: Void.self)
        let bytes = outbox.take(context.channel.allocator)
        service.metrics.count(.bytesSent, bytes.readableBytes)
        context.writeAndFlush(wrapOutboundOut(bytes), promise: written)
        clock.fix(clock.allowance(unwrittenBytes(context)))
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let loopBound = context.loopBound
        written.futureResult.whenComplete { _ in bound.value.linger(loopBound.value) }
        guard phase == .closing || phase == .lingering else { return }
        if isReadHeld {
            isReadHeld = false
            context.read()
        }
        watchStall(context)
    }

    func linger(_ context: ChannelHandlerContext) {
        guard phase == .closing else { return }
        phase = .lingering
        guard !isInputClosed else { return context.close(promise: nil) }
        context.close(mode: .output, promise: nil)
        clock.fix(service.options.lingerTimeout)
        watchStall(context)
    }

    /// Nobody will read the answers: work that has not begun is not done.
    func forgetRequests() {
        inbox = FrameInbox()
        inFlight = [:]
        abandoned = []
        service.forget(lane)
    }

    func flush(_ context: ChannelHandlerContext) {
        guard outbox.byteCount > 0 else { return }
        let bytes = outbox.take(context.channel.allocator)
        service.metrics.count(.bytesSent, bytes.readableBytes)
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    // MARK: Stalls

    func unwrittenBytes(_ context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    func watchStall(_ context: ChannelHandlerContext) {
        if awaitsFrame(context) {
            clock.expectFrame(of: inbox.neededBytes)
        } else {
            clock.forgetFrame()
        }
        if isServing, !context.channel.isWritable {
            clock.expectReading(of: unwrittenBytes(context))
        } else {
            clock.forgetReading()
        }
        clock.arm(context)
    }
}
