import NIOCore
import NIOPosix
import PalateModel
import PalateQuery

/// A fixed set of threads for what must not run on an event loop, and the scratch of all queries.
///
/// Every connection has a lane of its own, and lanes take turns: one client that queues a thousand
/// batches delays another client's batch by one job per worker, not by a thousand. A lane whose
/// client does not read its answers is paused, so that answers nobody takes are not made. The queue
/// is bounded, and what cannot start within half of its time budget is refused at once.
final class SearchWorkers: Sendable {
    /// When a refused client may try again.
    private static let retryMilliseconds: UInt32 = 50

    /// The refusal of what waits, or would wait, for its turn.
    static func overloaded(by limit: ServerLimit, expected: Int) -> RequestError {
        .overloaded(by: limit, expected: expected, retryMilliseconds: retryMilliseconds)
    }

    /// Names the lane of one connection.
    struct LaneID: Hashable, Sendable {
        fileprivate let number: UInt64
    }

    private struct Job {
        var requestID: UInt32
        var microseconds: Int
        var run: @Sendable () -> Void
        /// Called instead of `run` where the workers end before the job's turn.
        var refuse: @Sendable (RequestError) -> Void
    }

    /// What one connection waits for.
    private struct Lane {
        var jobs = CircularBuffer<Job>()
        var microseconds = 0
        var isPaused = false
        /// Whether the lane stands in `State.ready`.
        var isReady = false
    }

    private struct State {
        var lanes: [LaneID: Lane] = [:]
        /// Lanes whose turn will come; a lane is in here once.
        var ready = CircularBuffer<LaneID>()
        var waiting = 0
        var running = 0
        var nextLane: UInt64 = 0
        var isClosed = false
    }

    // SAFETY: @unchecked Sendable: leased to one query at a time.
    private final class ScratchBox: @unchecked Sendable {
        var scratch = QueryScratch()
    }

    private let threads: NIOThreadPool
    private let count: Int
    private let waitingMax: Int
    private let state = ReadWriteLock(State())
    private let idle = ReadWriteLock<[ScratchBox]>([])

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - count: threads.
    ///   - waitingMax: jobs of all lanes that may wait.
    init(count: Int, waitingMax: Int) {
        self.count = count
        self.waitingMax = waitingMax
        threads = NIOThreadPool(numberOfThreads: count)
        threads.start()
    }

    /// Refuses what waits, and ends the threads when their running jobs have ended.
    func shutDown() async throws {
        let waiting = state.withWriteLock { state in
            defer {
                state.lanes = [:]
                state.ready.removeAll()
                state.waiting = 0
            }
            state.isClosed = true
            return state.lanes.values.flatMap(\.jobs)
        }
        for job in waiting { job.refuse(.shuttingDown) }
        try await threads.shutdownGracefully()
    }

    /// Jobs that wait, and threads that work.
    var workload: (waiting: Int, running: Int) {
        state.withReadLock { ($0.waiting, $0.running) }
    }

    // MARK: Lanes

    /// A lane for a new connection.
    func makeLane() -> LaneID {
        state.withWriteLock { state in
            defer { state.nextLane += 1 }
            return LaneID(number: state.nextLane)
        }
    }

    /// Forgets a lane and what waits in it: nobody will read the answers.
    func remove(_ id: LaneID) {
        state.withWriteLock { state in
            guard let lane = state.lanes.removeValue(forKey: id) else { return }
            state.waiting -= lane.jobs.count
        }
    }

    /// Forgets what waits in a lane for one request; what has begun goes on.
    ///
    /// - Returns: whether it waited.
    func cancel(_ requestID: UInt32, _ id: LaneID) -> Bool {
        state.withWriteLock { state in
            guard var lane = state.lanes[id],
                let index = lane.jobs.firstIndex(where: { $0.requestID == requestID })
            else { return false }
            lane.microseconds -= lane.jobs.remove(at: index).microseconds
            state.waiting -= 1
            // Where it was the last, the lane's turn finds nothing and passes.
            state.lanes[id] = lane
            return true
        }
    }

    /// Holds a lane's jobs back, or lets them go on.
    func setPaused(_ isPaused: Bool, _ id: LaneID) {
        let starts = state.withWriteLock { state in
            var lane = state.lanes[id] ?? Lane()
            lane.isPaused = isPaused
            makeReady(id, &lane, &state)
            // A lane that stands in `ready` is kept: it would be put there again.
            let isNeeded = lane.isPaused || lane.isReady || !lane.jobs.isEmpty
            state.lanes[id] = isNeeded ? lane : nil
            return claimThread(&state)
        }
        if starts { startThread() }
    }

    // MARK: Jobs

    /// Runs `work` on a worker when the lane's turn comes.
    ///
    /// - Parameters:
    ///   - id: whose job it is.
    ///   - requestID: the client's number for it, to cancel it by.
    ///   - microseconds: what it will cost, roughly.
    ///   - budget: microseconds until nobody waits for it any more; nil = somebody always does.
    ///   - refuse: gets `shuttingDown` instead where the workers end first.
    ///   - work: never runs when this throws.
    /// - Throws: `overloaded`, or `shuttingDown`.
    func submit(
        _ id: LaneID,
        requestID: UInt32,
        microseconds: Int,
        budget: Int?,
        refuse: @escaping @Sendable (RequestError) -> Void,
        _ work: @escaping @Sendable () -> Void
    ) throws(RequestError) {
        let starts = try state.withWriteLock { state throws(RequestError) in
            guard !state.isClosed else { throw .shuttingDown }
            guard state.waiting < waitingMax else {
                throw Self.overloaded(by: .waiting, expected: waitingMax)
            }
            if let budget, !isInTime(id, microseconds, budget, state) {
                throw Self.overloaded(by: .timeBudget, expected: budget)
            }
            var lane = state.lanes[id] ?? Lane()
            lane.jobs.append(
                Job(requestID: requestID, microseconds: microseconds, run: work, refuse: refuse)
            )
            lane.microseconds += microseconds
            state.waiting += 1
            makeReady(id, &lane, &state)
            state.lanes[id] = lane
            return claimThread(&state)
        }
        if starts { startThread() }
    }

    /// Whether the job can start within half of its budget, given that lanes take turns: of another
    /// lane no more runs before it than of its own.
    private func isInTime(
        _ id: LaneID,
        _ microseconds: Int,
        _ budget: Int,
        _ state: State
    ) -> Bool {
        guard state.waiting > 0 else { return true }
        let own = state.lanes[id]?.microseconds ?? 0
        let share = own + microseconds
        let others = state.lanes.reduce(0) { sum, entry in
            entry.key == id || entry.value.isPaused
                ? sum : sum + min(entry.value.microseconds, share)
        }
        return (own + others) / count <= budget / 2
    }

    private func makeReady(_ id: LaneID, _ lane: inout Lane, _ state: inout State) {
        guard !lane.isReady, !lane.isPaused, !lane.jobs.isEmpty else { return }
        lane.isReady = true
        state.ready.append(id)
    }

    /// Whether one more thread should run; counts it as running.
    private func claimThread(_ state: inout State) -> Bool {
        guard state.running < count, !state.ready.isEmpty else { return false }
        state.running += 1
        return true
    }

    private func startThread() {
        threads.submit { [self] poolState in
            guard case .active = poolState else { return }
            while let (job, starts) = next() {
                if starts { startThread() }
                job.run()
            }
        }
    }

    /// The next job of the next lane, and whether there is work for one more thread; nil when this
    /// one has nothing to do, which uncounts it.
    private func next() -> (Job, starts: Bool)? {
        state.withWriteLock { state in
            while let id = state.ready.popFirst() {
                guard var lane = state.lanes[id] else { continue }
                lane.isReady = false
                guard !lane.isPaused, let job = lane.jobs.popFirst() else {
                    state.lanes[id] = lane.isPaused ? lane : nil
                    continue
                }
                lane.microseconds -= job.microseconds
                state.waiting -= 1
                makeReady(id, &lane, &state)
                state.lanes[id] = lane.jobs.isEmpty ? nil : lane
                return (job, claimThread(&state))
            }
            state.running -= 1
            return nil
        }
    }

    /// Runs `body` with a scratch that nobody else has.
    func withScratch<Result>(
        _ body: (inout QueryScratch) throws(RequestError) -> Result
    ) throws(RequestError) -> Result {
        let box = idle.withWriteLock { $0.popLast() } ?? ScratchBox()
        defer { idle.withWriteLock { $0.append(box) } }
        return try body(&box.scratch)
    }
}
