import NIOCore
import PalateModel
import PalateWire

/// Who answers, and whom it is connected to.
final class ServerIdentity: Sendable {
    /// The data directory's lasting id.
    let id: ServerID
    /// For clients' logs.
    let name = "palate 0.1.0"
    let connections: Connections

    init(id: (low: UInt64, high: UInt64), limits: ServerLimits) {
        self.id = ServerID(low: id.low, high: id.high)
        connections = Connections(limits: limits)
    }
}

/// The open connections, so that shutting down can tell each of them.
final class Connections: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        /// Open connections by address; those of Unix sockets are not counted.
        var byAddress: [String: Int] = [:]
        /// Set once the server is leaving; kept when the last connection has gone.
        var whenEmpty: EventLoopPromise<Void>?
    }

    private let state = ReadWriteLock(State())
    private let limits: ServerLimits

    init(limits: ServerLimits) { self.limits = limits }

    /// Connections that are open.
    var openCount: Int { state.withReadLock { $0.channels.count } }

    /// Notes a connection until it closes.
    ///
    /// - Throws: `tooManyConnections`, in all or of one address; `leaving`.
    func add(_ channel: any Channel) throws(ServerError) {
        let address = channel.remoteAddress?.ipAddress
        let (max, maxOfOne) = (limits.connectionsMax, limits.connectionsPerAddress)
        try state.withWriteLock { state throws(ServerError) in
            guard state.whenEmpty == nil else { throw .leaving }
            guard state.channels.count < max else { throw .tooManyConnections(expected: max) }
            if let address {
                let open = state.byAddress[address, default: 0]
                guard open < maxOfOne else {
                    throw .tooManyConnectionsOfAddress(address: address, expected: maxOfOne)
                }
                state.byAddress[address] = open + 1
            }
            state.channels[ObjectIdentifier(channel)] = channel
        }
        channel.closeFuture.whenComplete { [self] _ in remove(channel, address) }
    }

    private func remove(_ channel: any Channel, _ address: String?) {
        let whenEmpty = state.withWriteLock { state in
            state.channels.removeValue(forKey: ObjectIdentifier(channel))
            if let address, let open = state.byAddress[address] {
                state.byAddress[address] = open > 1 ? open - 1 : nil
            }
            return state.channels.isEmpty ? state.whenEmpty : nil
        }
        whenEmpty?.succeed()
    }

    /// Tells every connection to finish, waits for it, and closes what is left after `limit`.
    ///
    /// Waits on an event loop, not by sleeping: a task that was cancelled cannot sleep.
    func drain(within limit: TimeAmount, on eventLoop: any EventLoop) async {
        let whenEmpty = eventLoop.makePromise(of: Void.self)
        let open = state.withWriteLock { state in
            state.whenEmpty = whenEmpty
            return Array(state.channels.values)
        }
        if open.isEmpty { whenEmpty.succeed() }
        for channel in open {
            channel.pipeline.fireUserInboundEventTriggered(ConnectionHandler.GoAwayEvent())
        }
        let timer = eventLoop.scheduleTask(in: limit) { whenEmpty.succeed() }
        try? await whenEmpty.futureResult.get()
        timer.cancel()
        // All at once: each says goodbye, and TLS waits a second for the answer.
        let left = state.withWriteLock { Array($0.channels.values) }
        for channel in left { channel.close(promise: nil) }
        for channel in left { try? await channel.closeFuture.get() }
    }
}
