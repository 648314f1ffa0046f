/// What a server refuses by: the names that its limits have in errors and in metrics.
///
/// Names with a dot are settings; the others are not to be set.
public enum ServerLimit: Int, CaseIterable, Sendable {
    /// Connections that may be open.
    case connections
    /// Connections that may be open from one address.
    case connectionsPerAddress
    /// How long a connection may take to shake hands.
    case helloTimeout
    /// How long a frame may take to arrive, and an answer to be read.
    case stallTimeout
    /// The largest body.
    case body
    /// Requests of one connection that may be unanswered.
    case requestsInFlight
    /// Requests a second of one connection.
    case requestsPerSecond
    /// Requests a second of one key or subject.
    case requestsPerSecondPerKey
    /// Resident bytes above which writes that add are refused.
    case memory
    /// Costly requests that may wait for a worker.
    case waiting
    /// How long a query may wait for its turn.
    case queryWait
    /// What the client gave a request, or the server where the client gave nothing.
    case timeBudget
    /// Bytes of loads of one collection that may wait to be written, and of other writes.
    case writeBacklog
    /// Events of one collection that may wait to be written.
    case eventBacklog
    /// Failures to authenticate after which an address waits.
    case failures
    /// Backups that are made at a time.
    case backupsAtOnce
    /// Refreshes of a collection's item-item edges at a time.
    case refreshesAtOnce
    /// Generations that take over at a time; writes wait for it.
    case swapsAtOnce

    /// What its number counts.
    public enum Unit: String, Sendable {
        case count
        case bytes
        case microseconds
    }

    /// The setting's name, or a name of its own.
    public var name: String {
        switch self {
        case .connections: "limits.connections"
        case .connectionsPerAddress: "limits.connections-per-address"
        case .helloTimeout: "limits.hello-timeout"
        case .stallTimeout: "limits.stall-timeout"
        case .body: "limits.body"
        case .requestsInFlight: "limits.requests-in-flight"
        case .requestsPerSecond: "limits.requests-per-second"
        case .requestsPerSecondPerKey: "limits.requests-per-second-per-key"
        case .memory: "limits.memory"
        case .waiting: "limits.waiting"
        case .queryWait: "limits.query-wait"
        case .timeBudget: "limits.time-budget"
        case .writeBacklog: "limits.write-backlog"
        case .eventBacklog: "limits.event-backlog"
        case .failures: "access.failures"
        case .backupsAtOnce: "backups-at-once"
        case .refreshesAtOnce: "refreshes-at-once"
        case .swapsAtOnce: "swaps-at-once"
        }
    }

    /// What its number counts.
    public var unit: Unit {
        switch self {
        case .body, .memory, .writeBacklog: .bytes
        case .helloTimeout, .stallTimeout, .queryWait, .timeBudget: .microseconds
        default: .count
        }
    }

    /// The name with a number of its unit.
    public func text(_ number: Int) -> String {
        switch unit {
        case .count: "\(name) is \(number)"
        case .bytes: "\(name) is \(number) bytes"
        case .microseconds: "\(name) is \(number) us"
        }
    }
}
