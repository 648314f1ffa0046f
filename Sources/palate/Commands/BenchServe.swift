import ArgumentParser
import Histogram
import PalateClient
import PalateModel
import PalateWire
import Synchronization

/// `palate bench serve`.
struct BenchServe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Send queries to a running server as fast as it answers them.",
        discussion: """
            Each connection keeps --depth requests of --batch vectors in flight. Prints one line \
            of JSON: qps (vectors answered a second), recall (with --truth, over the first answer \
            to each vector), p50_us and p99_us (of a request), errors, connections, depth, batch, \
            seconds.
            """
    )

    @Option(help: "HOST:PORT of the server.")
    var to: ListenAddress

    @Option(help: "The collection's name.")
    var collection: String

    @Option(help: "Queries, .npy.")
    var queries: String

    @Option(help: "Exact neighbours, .npy of int32 [queries, >= k]; item ids are row numbers.")
    var truth: String?

    @Option(help: "Results per query.")
    var k = 10

    @Option(help: "ef; 0 = the server chooses.")
    var beam = 0

    @Option(help: "Candidates rescored from the stored vectors; the server chooses where absent.")
    var rescore: Int?

    @Option(help: "Connections.")
    var connections = 1

    @Option(help: "Requests in flight per connection.")
    var depth = 16

    @Option(help: "Vectors per request.")
    var batch = 1

    @Option(help: "How long to measure.")
    var seconds = 5.0

    func validate() throws {
        guard (1...1_024).contains(connections), (1...1_024).contains(depth), seconds > 0 else {
            throw ValidationError("--connections and --depth are 1 to 1024, --seconds above 0")
        }
        guard Limits.queriesPerRequest.contains(batch) else {
            throw ValidationError("--batch is within \(Limits.queriesPerRequest), not \(batch)")
        }
    }

    func run() async throws {
        let file = try NumpyFile(path: queries)
        let answers = try truth.map { try StoredTruth(path: $0, queries: file.count, k: k) }
        let load = GeneratedLoad(queries: file, batch: batch, deadline: .seconds(seconds))
        var clients: [PalateClient] = []
        for _ in 0..<connections { clients.append(try await connect(to)) }
        let handle = try await clients[0].open(collection).handle
        // The source is replaced by each request's own vectors.
        let template = SearchRequest(
            handle: handle,
            source: .vectors([], count: 0),
            k: k,
            beamWidth: beam,
            rescoreCount: rescore
        )
        await withTaskGroup(of: Void.self) { group in
            for client in clients {
                for _ in 0..<depth {
                    group.addTask { await load.run(on: client, like: template) }
                }
            }
        }
        for client in clients { await client.close() }
        let figures = load.figures()
        try printJSON(
            ServeLine(
                qps: Double(figures.answered) / figures.seconds,
                recall: answers.map { $0.recall(of: figures.found) },
                p50Us: figures.p50,
                p99Us: figures.p99,
                errors: figures.errors,
                connections: connections,
                depth: depth,
                batch: batch,
                seconds: figures.seconds
            )
        )
        if let failure = figures.failure { throw CommandFailure("a query failed: \(failure)") }
    }
}

/// One line of `palate bench serve`.
private struct ServeLine: Encodable {
    var qps: Double
    var recall: Double?
    var p50Us: Double
    var p99Us: Double
    var errors: Int
    var connections: Int
    var depth: Int
    var batch: Int
    var seconds: Double
}

/// Exact neighbours as stored.
private struct StoredTruth {
    private let file: [Int]
    private let columns: Int
    private let k: Int

    init(path: String, queries: Int, k: Int) throws {
        let stored = try NumpyFile(path: path)
        guard stored.count == queries, stored.columns >= k else {
            throw CommandFailure(
                "\(path) is \(stored.count) x \(stored.columns), expected \(queries) x >= \(k)"
            )
        }
        file = try stored.integers()
        columns = stored.columns
        self.k = k
    }

    /// recall@k over the queries that were answered.
    func recall(of found: [Int: [ItemID]]) -> Double {
        var hits = 0
        for (query, items) in found {
            let nearest = Set(file[(query * columns)..<(query * columns + k)])
            hits += items.count { nearest.contains(Int($0)) }
        }
        return found.isEmpty ? 0 : Double(hits) / Double(found.count * k)
    }
}

/// Queries on their way: each answer sends the next, from the connection's own thread.
private final class GeneratedLoad: Sendable {
    struct Figures: Sendable {
        var answered: Int
        var errors: Int
        var failure: String?
        var seconds: Double
        var p50: Double
        var p99: Double
        /// The first answer to each query.
        var found: [Int: [ItemID]]
    }

    private struct State {
        var next = 0
        var answered = 0
        var errors = 0
        var failure: String?
        var histogram = Histogram<UInt32>(numberOfSignificantValueDigits: .three)
        var found: [Int: [ItemID]] = [:]
        var last: ContinuousClock.Instant
    }

    /// One request's queries: positions in the file, and their vectors.
    private struct Batch {
        var range: Range<Int>
        var vectors: [Float]
    }

    private let batches: [Batch]
    private let started = ContinuousClock.now
    private let deadline: Duration
    private let state: Mutex<State>

    init(queries: NumpyFile, batch: Int, deadline: Duration) {
        batches = stride(from: 0, to: queries.count, by: batch).map { first in
            let range = first..<min(first + batch, queries.count)
            return Batch(range: range, vectors: queries.floats(range))
        }
        self.deadline = deadline
        state = Mutex(State(last: started))
    }

    /// Keeps one request in flight until the time is over.
    func run(on client: PalateClient, like template: SearchRequest) async {
        await withCheckedContinuation { continuation in
            send(on: client, like: template) { continuation.resume() }
        }
    }

    private func send(
        on client: PalateClient,
        like template: SearchRequest,
        whenDone: @escaping @Sendable () -> Void
    ) {
        let begun = ContinuousClock.now
        guard begun - started < deadline else { return whenDone() }
        let batch = state.withLock { state in
            defer { state.next = (state.next + 1) % batches.count }
            return batches[state.next]
        }
        var request = template
        request.source = .vectors(batch.vectors, count: batch.range.count)
        client.submit(.query(request)) { [self] reply in
            let goesOn = note(reply.result, to: batch.range, begun: begun)
            if goesOn {
                send(on: client, like: template, whenDone: whenDone)
            } else {
                whenDone()
            }
        }
    }

    /// Counts one answer; false after a failure, which ends this chain.
    private func note(
        _ result: Result<Response, PalateClientError>,
        to queries: Range<Int>,
        begun: ContinuousClock.Instant
    ) -> Bool {
        let now = ContinuousClock.now
        return state.withLock { state in
            state.last = max(state.last, now)
            guard case .success(.results(let response)) = result else {
                state.errors += 1
                if case .failure(let error) = result { state.failure = "\(error)" }
                return false
            }
            state.answered += queries.count
            let took = (now - begun).components
            state.histogram.record(
                UInt64(took.seconds * 1_000_000_000 + took.attoseconds / 1_000_000_000)
            )
            for (list, query) in queries.enumerated() where state.found[query] == nil {
                let (start, end) = (response.offsets[list], response.offsets[list + 1])
                state.found[query] = Array(response.ids[Int(start)..<Int(end)])
            }
            return true
        }
    }

    func figures() -> Figures {
        state.withLock { state in
            Figures(
                answered: state.answered,
                errors: state.errors,
                failure: state.failure,
                seconds: (state.last - started).seconds,
                p50: Double(state.histogram.valueAtPercentile(50)) / 1_000,
                p99: Double(state.histogram.valueAtPercentile(99)) / 1_000,
                found: state.found
            )
        }
    }
}
