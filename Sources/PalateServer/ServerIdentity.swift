import NIOCore
import PalateWire
import Synchronization

/// Who answers, and whom it is connected to.
final class ServerIdentity: Sendable {
    /// The data directory's lasting id.
    let id: ServerID
    /// For clients' logs.
    let name = "palate 0.1.0"
    let connections = Connections()

    init(id: (low: UInt64, high: UInt64)) {
        self.id = ServerID(low: id.low, high: id.high)
    }
}

/// The open connections, so that shutting down can tell each of them.
final class Connections: Sendable {
    /// How often draining looks whether everybody is gone.
    private static let pollInterval = Duration.milliseconds(5)

    private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

    func add(_ channel: any Channel) {
        channels.withLock { $0[ObjectIdentifier(channel)] = channel }
    }

    func remove(_ channel: any Channel) {
        channels.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(channel)) }
    }

    /// Tells every connection to finish, waits for it, and closes what is left after `limit`.
    func drain(within limit: TimeAmount) async {
        let open = channels.withLock { Array($0.values) }
        for channel in open {
            channel.pipeline.fireUserInboundEventTriggered(ConnectionHandler.GoAwayEvent())
        }
        let deadline = ContinuousClock.now + .nanoseconds(limit.nanoseconds)
        while !channels.withLock({ $0.isEmpty }), ContinuousClock.now < deadline {
            try? await Task.sleep(for: Self.pollInterval)
        }
        for channel in channels.withLock({ Array($0.values) }) {
            try? await channel.close()
        }
    }
}
