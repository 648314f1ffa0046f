import HummingbirdCore
import Logging
import NIOCore
import PalateServer

/// HTTP inside TLS, by the certificate that new connections are given at the moment.
struct SecuredChannel: ServerChildChannel, HTTPChannelHandler {
    typealias Value = HTTP1Channel.Value

    let channel: HTTP1Channel
    let tls: ServerTLS

    var responder: HTTPChannelHandler.Responder { channel.responder }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(tls.makeHandler(for: .http))
        }.flatMap { self.channel.setup(channel: channel, logger: logger) }
    }

    func handle(value: Value, logger: Logger) async {
        await channel.handle(value: value, logger: logger)
    }
}
