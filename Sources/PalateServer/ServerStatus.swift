package import PalateAccess
package import PalateIndex
package import PalateModel
package import PalateWire

/// A server as others in its process see it: whether it serves, what it counts, and a way to ask.
package final class ServerStatus: Sendable {
    /// Where a server is in its life.
    package enum Phase: String, Sendable {
        case starting, serving, draining, closed
    }

    private struct State {
        var phase = Phase.starting
        var service: RequestService?
        var connections: Connections?
    }

    /// What it counts.
    package let metrics = ServerMetrics()
    /// What it serves.
    package let directory: DataDirectory
    /// Who may ask.
    package let access: ServerAccess
    private let limits: ServerLimits
    private let state = ReadWriteLock(State())

    init(directory: DataDirectory, access: ServerAccess, limits: ServerLimits) {
        self.directory = directory
        self.access = access
        self.limits = limits
    }

    /// The number that a limit has, in its unit; 0 = as many as come.
    package func number(of limit: ServerLimit) -> Int {
        switch limit {
        case .writeBacklog: directory.options.writeBacklogBytes
        case .eventBacklog: directory.options.eventBacklog
        default: limits.number(of: limit) ?? 0
        }
    }

    /// Where it is in its life.
    package var phase: Phase { state.withReadLock { $0.phase } }

    /// Connections that are open.
    package var openConnections: Int {
        state.withReadLock { $0.connections }?.openCount ?? 0
    }

    /// Costly requests that wait for a worker, and that one works on.
    package var workload: (waiting: Int, running: Int) {
        state.withReadLock { $0.service }?.workers.workload ?? (0, 0)
    }

    /// The same of what administrators want.
    package var administration: (waiting: Int, running: Int) {
        state.withReadLock { $0.service }?.administration.workload ?? (0, 0)
    }

    func serve(_ service: RequestService, _ connections: Connections) {
        state.withWriteLock {
            $0 = State(phase: .serving, service: service, connections: connections)
        }
    }

    func drain() { state.withWriteLock { $0.phase = .draining } }

    func close() { state.withWriteLock { $0 = State(phase: .closed) } }

    /// The scope that an opcode needs; nil = any grant at all.
    package func scope(of opcode: Opcode) -> Scopes? { Authorization.scope(of: opcode) }

    /// Answers a request as a connection with this grant would be answered.
    ///
    /// - Throws: what the grant does not allow, and why there is no answer.
    package func answer(
        _ request: Request,
        as grant: Grant
    ) async throws(RequestError) -> Response {
        let service = state.withReadLock { $0.phase == .serving ? $0.service : nil }
        guard let service else { throw .shuttingDown }
        try Authorization.check(request, grant, directory)
        let call = RequestService.Call(
            lane: service.workers.makeLane(),
            requestID: 0,
            arrival: .now,
            budgetMicroseconds: 0,
            answerBytesMax: Limits.frameBytesMax,
            collections: grant.collections
        )
        let result: Result<Response, RequestError> = await withCheckedContinuation { waiting in
            do throws(RequestError) {
                let now = try service.answer(request, call) { { waiting.resume(returning: $0) } }
                if let now { waiting.resume(returning: .success(now)) }
            } catch {
                waiting.resume(returning: .failure(error))
            }
        }
        service.forget(call.lane)
        if case .failure(.overloaded(let limit, _, _)) = result { metrics.refused(by: limit) }
        return try result.get()
    }
}
