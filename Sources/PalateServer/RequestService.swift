import Logging
import PalateAccess
import PalateIndex
import PalateModel
import PalateQuery
import PalateWire

/// What requests do, whoever sent them: the one place that maps opcodes to the core.
final class RequestService: Sendable {
    /// Takes an answer that was made elsewhere, on any thread.
    typealias Completion = @Sendable (Result<Response, RequestError>) -> Void

    /// What an answer depends on beside the request.
    struct Call {
        /// The connection's place among the workers' customers.
        var lane: SearchWorkers.LaneID
        /// The client's number for it.
        var requestID: UInt32
        /// When the request was whole; its time budget runs from here.
        var arrival: ContinuousClock.Instant
        /// What the client gave; 0 = the server's default.
        var budgetMicroseconds: Int
        /// The largest body the client takes.
        var answerBytesMax: Int
        /// The collections that the client may know of.
        var collections: CollectionAccess
        /// Whether its stages are timed.
        var isTimed = false
    }

    /// What workers count for requests that have no estimate.
    private static let nominalMicroseconds = 1_000
    /// Rows that a node of a filter is evaluated for in a nanosecond: a range of 60,000 rows takes
    /// some 5 us.
    private static let filterRowsPerNanosecond = 12
    /// Nanoseconds to leave out one item: a look-up in the directory, and a mark.
    private static let nanosecondsPerExclusion = 60
    /// What applying events to a copy of a person's record may take: too much for an event loop.
    private static let derivedMicroseconds = 5_000
    /// Bytes of a reason on the wire.
    private static let bytesPerReason = 48
    /// Nanoseconds to read and decompress a payload.
    private static let nanosecondsPerPayload = 3_000

    let directory: DataDirectory
    let workers: SearchWorkers
    /// A thread for what administrators want: however long that takes, queries have their workers.
    let administration: SearchWorkers
    let options: ServerOptions
    let limits: ServerLimits
    let access: ServerAccess
    let backups: BackupQueue
    let subjectRates = SubjectRates()
    let metrics: ServerMetrics
    let slowQueries = SlowQueries()
    let logger: Logger
    let memory = MemoryBudget()

    init(
        directory: DataDirectory,
        options: ServerOptions,
        limits: ServerLimits,
        metrics: ServerMetrics,
        logger: Logger
    ) {
        self.directory = directory
        self.metrics = metrics
        self.logger = logger
        self.options = options
        self.limits = limits
        access = options.access
        backups = BackupQueue(directory: directory, home: options.backupsPath)
        workers = SearchWorkers(count: options.workers, waitingMax: options.waitingMax)
        administration = SearchWorkers(count: 1, waitingMax: options.waitingMax)
    }

    /// Answers a request, now or later.
    ///
    /// - Parameters:
    ///   - request: anything but HELLO.
    ///   - call: what the answer depends on beside it.
    ///   - completion: made when the answer comes later, and then called once unless the
    ///     connection's lane is removed before.
    /// - Returns: the answer; nil when the completion gets it.
    /// - Throws: why there is none; the completion is not called then.
    func answer(
        _ request: Request,
        _ call: Call,
        completion: () -> Completion
    ) throws(RequestError) -> Response? {
        switch request {
        case .query(let search):
            return try query(search, call, completion)
        case .ping(let token): return .pong(token: token)
        case .open(let name):
            return .opened(try directory.collection(named: name).info)
        case .listCollections:
            let visible = directory.collections.lazy.map(\.info)
                .filter { call.collections.allows($0.schema.name) }
            return .collections(Array(visible))
        case .get(let get): return try self.get(get, call, completion)
        case .createCollection(let schema):
            return try onWorker(call, completion(), of: administration) {
                [directory] () throws(RequestError) in
                .created(try directory.create(schema).info)
            }
        case .dropCollection(let name):
            return try onWorker(call, completion(), of: administration) {
                [directory] () throws(RequestError) in
                try directory.drop(named: name)
                return .dropped
            }
        case .collectionStats(let name):
            let collection = try directory.collection(named: name)
            return try onWorker(call, completion()) { () throws(RequestError) in
                do throws(IndexError) {
                    return .stats(try collection.stats())
                } catch {
                    throw RequestError(error)
                }
            }
        case .swapGeneration, .createGeneration, .dropGeneration, .listGenerations:
            return try answerAboutGenerations(request, call, completion())
        case .backup(let backup):
            try backups.submit(backup, completion())
            return nil
        case .declareFields, .listFields, .count, .scroll:
            return try answerAboutFields(request, call, completion())
        case .upsert, .delete, .deleteMatching, .patch, .loadBegin, .loadData, .loadCommit, .events:
            try write(request, completion())
            return nil
        case .profile, .forget, .history, .refreshTaste, .tasteNumbers, .session, .sandbox:
            return try answerAboutTaste(request, call, completion())
        case .hello, .authenticate, .cancel:
            throw .internalFailure(reason: "opcode \(request.opcode) belongs to the connection")
        }
    }

    /// The dimensions behind a handle, for decoding.
    func dimensions(of handle: UInt32) -> Int? {
        try? directory.collection(handle: handle).info.schema.dimensions
    }

    // MARK: Lanes

    /// Holds back what a connection waits for, or lets it go on.
    func setPaused(_ isPaused: Bool, _ lane: SearchWorkers.LaneID) {
        workers.setPaused(isPaused, lane)
        administration.setPaused(isPaused, lane)
    }

    /// Forgets what waits for one request of a connection; false where it does not wait.
    func cancel(_ requestID: UInt32, _ lane: SearchWorkers.LaneID) -> Bool {
        workers.cancel(requestID, lane) || administration.cancel(requestID, lane)
    }

    /// Forgets what a connection waits for.
    func forget(_ lane: SearchWorkers.LaneID) {
        workers.remove(lane)
        administration.remove(lane)
    }

    /// Refuses what waits, and ends the threads when what they do is done.
    func shutDown() async throws {
        do {
            try await workers.shutDown()
        } catch {
            try? await administration.shutDown()
            throw error
        }
        try await administration.shutDown()
    }

    // MARK: Reading

    private func query(
        _ search: SearchRequest,
        _ call: Call,
        _ completion: () -> Completion
    ) throws(RequestError) -> Response? {
        directory.pace.noteRequest()
        let collection = try directory.collection(handle: search.handle)
        guard !isFilterCostly(search, collection) else {
            metrics.count(.queriesOnWorkers)
            let submitted = ContinuousClock.now
            return try onWorker(call, completion()) { [self] () throws(RequestError) in
                try noteStart(call, submitted)
                return try run(search, try makePlan(search, collection, call), collection, call)
            }
        }
        let plan = try makePlan(search, collection, call)
        let cost = microseconds(search, plan)
        guard cost > options.inlineMicroseconds else {
            metrics.count(.queriesInline)
            return try run(search, plan, collection, call)
        }
        metrics.count(.queriesOnWorkers)
        let submitted = ContinuousClock.now
        return try onWorker(call, completion(), microseconds: cost) {
            [self] () throws(RequestError) in
            try noteStart(call, submitted)
            return try run(search, plan, collection, call)
        }
    }

    /// On a worker, at last: or too late.
    private func noteStart(
        _ call: Call,
        _ submitted: ContinuousClock.Instant
    ) throws(RequestError) {
        let now = ContinuousClock.now
        if call.isTimed { metrics.note(.worker, now - submitted) }
        try checkQueryWait(now - call.arrival)
    }

    private func makePlan(
        _ search: SearchRequest,
        _ collection: Collection,
        _ call: Call
    ) throws(RequestError) -> QueryPlan {
        let plan = try Planner.plan(search, for: collection)
        try checkFits(plan, in: call.answerBytesMax)
        return plan
    }

    private func run(
        _ search: SearchRequest,
        _ plan: QueryPlan,
        _ collection: Collection,
        _ call: Call
    ) throws(RequestError) -> Response {
        let threshold = limits.slowQueryMicroseconds
        return .results(
            try workers.withScratch { scratch throws(RequestError) in
                let began = threshold > 0 ? ContinuousClock.now : call.arrival
                scratch.times.start(call.isTimed || threshold > 0)
                let response = try Pipeline.answer(
                    search,
                    plan: plan,
                    in: collection,
                    now: nowMilliseconds(),
                    deadline: deadline(of: call),
                    scratch: &scratch
                )
                if call.isTimed { metrics.note(scratch.times) }
                if threshold > 0 {
                    let took = ContinuousClock.now - call.arrival
                    if took > .microseconds(threshold) {
                        metrics.count(.queriesSlow)
                        slowQueries.log(
                            logger,
                            collection: collection.info.schema.name,
                            trace: search.traceID,
                            plan: plan,
                            times: scratch.times,
                            call: call,
                            waited: began - call.arrival,
                            took: took
                        )
                    }
                }
                return response
            }
        )
    }

    /// Whether planning alone is too much for an event loop: the planner evaluates the filter.
    private func isFilterCostly(_ search: SearchRequest, _ collection: Collection) -> Bool {
        guard let filter = search.filter else { return false }
        let rows = filter.nodeCount * collection.liveCount
        let nanoseconds =
            rows / Self.filterRowsPerNanosecond
            + filter.literalCount * Self.nanosecondsPerExclusion
        return nanoseconds / 1_000 > options.inlineMicroseconds && !collection.fields.knows(filter)
    }

    /// Refuses what could pass the frame before it is made.
    ///
    /// 65,536 lists of 10,000 results are more than there is memory. The refusal depends on the
    /// request alone, so a client can know beforehand.
    private func checkFits(_ plan: QueryPlan, in bytesMax: Int) throws(RequestError) {
        var bytesPerResult = MemoryLayout<ItemID>.size + MemoryLayout<Float>.size
        if plan.parts.contains(.scoreParts) { bytesPerResult += 4 * ScoreTerm.allCases.count }
        if plan.parts.contains(.reasons) { bytesPerResult += Self.bytesPerReason }
        if plan.parts.contains(.payload) { bytesPerResult += MemoryLayout<UInt32>.size }
        let bytes = plan.listCount * (plan.k * bytesPerResult + MemoryLayout<UInt32>.size)
        guard bytes <= bytesMax else { throw .answerTooLarge(got: bytes, expected: bytesMax) }
    }

    /// What a query will cost, with what the plan does not count: exclusions and payloads.
    private func microseconds(_ search: SearchRequest, _ plan: QueryPlan) -> Int {
        let payloads = plan.parts.contains(.payload) ? plan.k * Self.nanosecondsPerPayload : 0
        let exclusions = search.excluded.count * Self.nanosecondsPerExclusion
        let derived = search.person?.derivesRecord == true ? Self.derivedMicroseconds : 0
        return plan.estimatedMicroseconds + derived
            + plan.listCount * (payloads + exclusions) / 1_000
    }

    /// When the time budget of a call is used up.
    func deadline(of call: Call) -> Deadline {
        let budget = call.budgetMicroseconds
        return Deadline(
            call.arrival + (budget == 0 ? options.timeBudget : .microseconds(budget))
        )
    }

    /// Refuses to go on with what takes longer than it may.
    ///
    /// - Throws: `overloaded`.
    func checkDeadline(of call: Call) throws(RequestError) {
        guard deadline(of: call).isPast else { return }
        let budget = call.budgetMicroseconds
        throw SearchWorkers.overloaded(
            by: .timeBudget,
            expected: budget == 0 ? options.timeBudget.microseconds : budget
        )
    }

    /// Refuses a query that has waited so long that nobody may want its answer.
    ///
    /// - Parameters:
    ///   - waited: since its last byte came.
    ///   - budgetMicroseconds: what the client gave; 0 = nothing.
    /// - Throws: `overloaded`.
    func checkWait(_ waited: Duration, _ budgetMicroseconds: Int) throws(RequestError) {
        try checkQueryWait(waited)
        try checkBudget(waited, budgetMicroseconds)
    }

    private func checkQueryWait(_ waited: Duration) throws(RequestError) {
        let limit = limits.queryWaitMicroseconds
        guard limit == 0 || waited <= .microseconds(limit) else {
            throw SearchWorkers.overloaded(by: .queryWait, expected: limit)
        }
    }

    /// Refuses what has waited for half of the time that the client gave.
    private func checkBudget(
        _ waited: Duration,
        _ budgetMicroseconds: Int
    ) throws(RequestError) {
        guard budgetMicroseconds == 0 || waited <= .microseconds(budgetMicroseconds / 2) else {
            throw SearchWorkers.overloaded(by: .timeBudget, expected: budgetMicroseconds)
        }
    }

    /// Runs a request on a worker when its lane's turn comes: of those for queries, unless told
    /// otherwise.
    func onWorker(
        _ call: Call,
        _ completion: @escaping Completion,
        of workers: SearchWorkers? = nil,
        microseconds: Int = RequestService.nominalMicroseconds,
        _ run: @escaping @Sendable () throws(RequestError) -> Response
    ) throws(RequestError) -> Response? {
        let budget = call.budgetMicroseconds == 0 ? nil : call.budgetMicroseconds
        try (workers ?? self.workers).submit(
            call.lane,
            requestID: call.requestID,
            microseconds: microseconds,
            budget: budget,
            refuse: { completion(.failure($0)) }
        ) { [self] in
            do throws(RequestError) {
                try checkBudget(.now - call.arrival, call.budgetMicroseconds)
                completion(.success(try run()))
            } catch {
                completion(.failure(error))
            }
        }
        return nil
    }
}
