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

    init(id: (low: UInt64, high: UInt64), connectionsMax: Int) {
        self.id = ServerID(low: id.low, high: id.high)
        connections = Connections(max: connectionsMax)
    }
}

/// The open connections, so that shutting down can tell each of them.
final class Connections: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        /// Set once the server is leaving; kept when the last connection has gone.
        var whenEmpty: EventLoopPromise<Void>?
    }

    private let state = ReadWriteLock(State())
    private let max: Int

    init(max: Int) { self.max = max }

    /// Notes a connection until it closes.
    ///
    /// - Returns: false when there are too many, or the server is leaving.
    func add(_ channel: any Channel) -> Bool {
        let isWelcome = state.withWriteLock { state in
            guard state.whenEmpty == nil, state.channels.count < max else { return false }
            state.channels[ObjectIdentifier(channel)] = channel
            return true
        }
        guard isWelcome else { return false }
        channel.closeFuture.whenComplete { [self] _ in remove(channel) }
        return true
    }

    private func remove(_ channel: any Channel) {
        let whenEmpty = state.withWriteLock { state in
            state.channels.removeValue(forKey: ObjectIdentifier(channel))
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
        for channel in state.withWriteLock({ Array($0.channels.values) }) {
            try? await channel.close()
        }
    }
}
