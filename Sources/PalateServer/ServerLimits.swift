import NIOCore
import PalateAccess
import PalateModel
import Synchronization

/// The limits that may change while a server runs; each is read whenever it is needed.
package final class ServerLimits: Sendable {
    private let connections: Atomic<Int>
    private let connectionsAnAddress: Atomic<Int>
    private let inFlight: Atomic<Int>
    private let requests: Atomic<Int>
    private let requestsAKey: Atomic<Int>
    private let memory: Atomic<Int>
    private let slowQuery: Atomic<Int>
    private let queryWait: Atomic<Int>
    /// What holds until a restart.
    private let lasting: ServerOptions

    /// As the options say.
    package init(_ options: ServerOptions) {
        connections = Atomic(options.connectionsMax)
        connectionsAnAddress = Atomic(options.connectionsPerAddress)
        inFlight = Atomic(options.requestsInFlight)
        requests = Atomic(options.requestsPerSecond)
        requestsAKey = Atomic(options.requestsPerSecondPerKey)
        memory = Atomic(options.memoryBytesMax)
        slowQuery = Atomic(options.slowQueryMicroseconds)
        queryWait = Atomic(options.queryWaitMicroseconds)
        lasting = options
    }

    /// Takes over what these options say; connections keep what they were granted.
    package func adopt(_ options: ServerOptions) {
        connections.store(options.connectionsMax, ordering: .relaxed)
        connectionsAnAddress.store(options.connectionsPerAddress, ordering: .relaxed)
        inFlight.store(options.requestsInFlight, ordering: .relaxed)
        requests.store(options.requestsPerSecond, ordering: .relaxed)
        requestsAKey.store(options.requestsPerSecondPerKey, ordering: .relaxed)
        memory.store(options.memoryBytesMax, ordering: .relaxed)
        slowQuery.store(options.slowQueryMicroseconds, ordering: .relaxed)
        queryWait.store(options.queryWaitMicroseconds, ordering: .relaxed)
    }

    /// Connections that may be open.
    var connectionsMax: Int { connections.load(ordering: .relaxed) }
    /// Connections that may be open from one address.
    var connectionsPerAddress: Int { connectionsAnAddress.load(ordering: .relaxed) }
    /// Requests of one connection that may be unanswered.
    var requestsInFlight: Int { inFlight.load(ordering: .relaxed) }
    /// Requests a second of one connection; 0 = as many as come.
    var requestsPerSecond: Int { requests.load(ordering: .relaxed) }
    /// Requests a second of one subject; 0 = as many as come.
    var requestsPerSecondPerKey: Int { requestsAKey.load(ordering: .relaxed) }
    /// Resident bytes above which writes that add are refused; 0 = no limit.
    var memoryBytesMax: Int { memory.load(ordering: .relaxed) }
    /// Queries that take longer are logged; 0 = none.
    var slowQueryMicroseconds: Int { slowQuery.load(ordering: .relaxed) }
    /// Microseconds that a query may wait; 0 = as long as its budget allows.
    var queryWaitMicroseconds: Int { queryWait.load(ordering: .relaxed) }

    /// The number that a limit of the edge has, in its unit; 0 = as many as come, nil = it is not
    /// one of the edge.
    func number(of limit: ServerLimit) -> Int? {
        switch limit {
        case .connections: connectionsMax
        case .connectionsPerAddress: connectionsPerAddress
        case .helloTimeout: Int(lasting.helloTimeout.nanoseconds / 1_000)
        case .stallTimeout: Int(lasting.stallTimeout.nanoseconds / 1_000)
        case .body: lasting.bodyBytesMax
        case .requestsInFlight: requestsInFlight
        case .requestsPerSecond: requestsPerSecond
        case .requestsPerSecondPerKey: requestsPerSecondPerKey
        case .memory: memoryBytesMax
        case .waiting: lasting.waitingMax
        case .queryWait: queryWaitMicroseconds
        case .timeBudget: lasting.timeBudget.microseconds
        case .failures: lasting.access.gatekeeper?.freeFailures ?? 0
        case .backupsAtOnce, .refreshesAtOnce, .swapsAtOnce: 1
        case .writeBacklog, .eventBacklog: nil
        }
    }
}
