import NIOCore
import NIOHTTPTypes

/// Closes a connection that takes too long for its next request.
///
/// One that sends a byte a second is never idle, and a few of those would keep operators out. While
/// an answer is made nothing runs out: a backup takes its time.
final class RequestPatience: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let limit: TimeAmount
    private var timer: Scheduled<Void>?
    /// Requests that are whole and not answered: several where they are pipelined, fewer than none
    /// where an answer was given before the end of its request.
    private var unanswered = 0

    init(limit: TimeAmount) { self.limit = limit }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { expectRequest(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelActive(context: ChannelHandlerContext) {
        expectRequest(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .end = unwrapInboundIn(data) {
            unanswered += 1
            look(context)
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) {
            unanswered -= 1
            look(context)
        }
        context.write(data, promise: promise)
    }

    /// Nothing runs out while there is something to answer.
    private func look(_ context: ChannelHandlerContext) {
        if unanswered > 0 { timer?.cancel() } else { expectRequest(context) }
    }

    private func expectRequest(_ context: ChannelHandlerContext) {
        timer?.cancel()
        let bound = context.loopBound
        timer = context.eventLoop.scheduleTask(in: limit) { bound.value.close(promise: nil) }
    }
}
