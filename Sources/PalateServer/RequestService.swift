import Logging
import PalateIndex
import PalateModel
import PalateQuery
import PalateWire

/// What requests do, whoever sent them: the one place that maps opcodes to the core.
final class RequestService: Sendable {
    /// Where an answer comes from.
    enum Outcome {
        /// Here it is.
        case done(Response)
        /// It will be handed to the completion.
        case pending
    }

    /// Ids up to which GET runs on the event loop: some 5 us each when their pages are cached.
    private static let inlineGetItems = 64

    let directory: DataDirectory
    let workers: SearchWorkers
    let options: ServerOptions

    init(directory: DataDirectory, options: ServerOptions) {
        self.directory = directory
        self.options = options
        workers = SearchWorkers(count: options.workers, waitingMax: options.waitingMax)
    }

    /// Answers a request, now or through `completion`, which may be called on any thread.
    ///
    /// - Parameters:
    ///   - request: anything but HELLO.
    ///   - deadline: when the caller stops caring.
    ///   - completion: called once if this returns `.pending`, and never otherwise.
    func answer(
        _ request: Request, deadline: ContinuousClock.Instant?,
        completion: @escaping @Sendable (Result<Response, RequestError>) -> Void
    ) throws(RequestError) -> Outcome {
        switch request {
        case .query(let search):
            return try query(search, deadline: deadline, completion)
        case .ping(let token): return .done(.pong(token: token))
        case .open(let name):
            return .done(.opened(try directory.collection(named: name).info))
        case .listCollections: return .done(.collections(directory.collections.map(\.info)))
        case .get(let get): return try self.get(get, completion)
        case .createCollection(let schema):
            return try onWorker(completion) { [directory] () throws(RequestError) in
                .created(try directory.create(schema).info)
            }
        case .dropCollection(let name):
            return try onWorker(completion) { [directory] () throws(RequestError) in
                try directory.drop(named: name)
                return .dropped
            }
        case .collectionStats(let name):
            let collection = try directory.collection(named: name)
            return try onWorker(completion) { () throws(RequestError) in
                do throws(IndexError) {
                    return .stats(try collection.stats())
                } catch {
                    throw RequestError(error)
                }
            }
        case .upsert, .delete, .loadBegin, .loadData, .loadCommit, .events:
            try write(request, completion)
            return .pending
        case .hello:
            throw .internalFailure(reason: "HELLO belongs to the connection")
        }
    }

    /// The dimensions behind a handle, for decoding.
    func dimensions(of handle: UInt32) -> Int? {
        try? directory.collection(handle: handle).info.schema.dimensions
    }

    // MARK: Reading

    private func query(
        _ search: SearchRequest, deadline: ContinuousClock.Instant?,
        _ completion: @escaping @Sendable (Result<Response, RequestError>) -> Void
    ) throws(RequestError) -> Outcome {
        let collection = try directory.collection(handle: search.handle)
        let plan = try Planner.plan(search, for: collection)
        let workers = workers
        let run: @Sendable () throws(RequestError) -> Response = { () throws(RequestError) in
            .results(
                try workers.withScratch { scratch throws(RequestError) in
                    try Pipeline.answer(
                        search, plan: plan, in: collection, now: nowMilliseconds(),
                        deadline: deadline, scratch: &scratch)
                })
        }
        guard plan.estimatedMicroseconds > options.inlineMicroseconds else {
            return .done(try run())
        }
        return try onWorker(completion, run)
    }

    private func get(
        _ get: GetRequest,
        _ completion: @escaping @Sendable (Result<Response, RequestError>) -> Void
    ) throws(RequestError) -> Outcome {
        let collection = try directory.collection(handle: get.handle)
        let run: @Sendable () throws(RequestError) -> Response = { () throws(RequestError) in
            do throws(IndexError) {
                return .items(try collection.get(get.ids, wantsVectors: get.wantsVectors))
            } catch {
                throw RequestError(error)
            }
        }
        return get.ids.count > Self.inlineGetItems
            ? try onWorker(completion, run) : .done(try run())
    }

    private func onWorker(
        _ completion: @escaping @Sendable (Result<Response, RequestError>) -> Void,
        _ run: @escaping @Sendable () throws(RequestError) -> Response
    ) throws(RequestError) -> Outcome {
        let isAccepted = workers.submit {
            do throws(RequestError) {
                completion(.success(try run()))
            } catch {
                completion(.failure(error))
            }
        }
        guard isAccepted else {
            throw .overloaded(retryMilliseconds: SearchWorkers.retryMilliseconds)
        }
        return .pending
    }

    // MARK: Writing

    private func write(
        _ request: Request,
        _ completion: @escaping @Sendable (Result<Response, RequestError>) -> Void
    ) throws(RequestError) {
        switch request {
        case .upsert(let handle, let rows):
            try submit(.upsert(rows), to: handle, as: Response.upserted, completion)
        case .delete(let handle, let ids):
            try submit(.delete(ids), to: handle, as: Response.deleted, completion)
        case .loadBegin(let begin):
            try submit(.beginLoad(begin), to: begin.handle, as: Response.upserted, completion)
        case .loadData(let data):
            try submit(.load(data), to: data.begin.handle, as: Response.upserted, completion)
        case .loadCommit(let commit):
            try submit(
                .commitLoad(commit), to: commit.begin.handle, as: Response.loadCommitted,
                completion)
        case .events(let handle, let events):
            let collection = try directory.collection(handle: handle)
            let now = nowMilliseconds()
            let timed = events.map { event in
                var event = event
                if event.timeMilliseconds == 0 { event.timeMilliseconds = now }
                return event
            }
            collection.taste.submit(timed) { completion($0.map(Response.eventsRecorded)) }
        default:
            throw .internalFailure(reason: "opcode \(request.opcode) does not write")
        }
    }

    private func submit(
        _ operation: WriteOperation, to handle: UInt32,
        as receipt: @escaping @Sendable (WriteReceipt) -> Response,
        _ completion: @escaping @Sendable (Result<Response, RequestError>) -> Void
    ) throws(RequestError) {
        try directory.collection(handle: handle).writer.submit(operation) { result in
            completion(
                result.map { outcome in
                    switch outcome {
                    case .receipt(let written): receipt(written)
                    case .grant(let grant): .loadGranted(grant)
                    case .acknowledgement(let acknowledgement):
                        .loadAcknowledged(acknowledgement)
                    }
                })
        }
    }
}
