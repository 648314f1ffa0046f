import ArgumentParser
import PalateClient
import PalateModel
import PalateWire

/// `palate bench serve`.
struct BenchServe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Send queries to a running server as fast as it answers them.",
        discussion: """
            Each connection keeps --depth requests of --batch vectors in flight; with --rate, so \
            many vectors leave a second, whatever is answered. Prints one line of JSON: qps \
            (vectors answered a second), recall (with --truth, over the first answer to each \
            vector), p50_us and p99_us (of a request that was answered), refused (requests that \
            the server was too busy for), errors, connections, depth, batch, components, seconds.
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

    @Flag(
        help: """
            Send components in the narrowest form that holds them exactly: bytes, or halves, where \
            float32 has room to spare.
            """
    )
    var narrow = false

    @Option(help: "Vectors to send a second, over all connections; as many as are answered if 0.")
    var rate = 0.0

    @Option(help: "How long to measure.")
    var seconds = 5.0

    func validate() throws {
        guard (1...1_024).contains(connections), (1...1_024).contains(depth), seconds > 0 else {
            throw ValidationError("--connections and --depth are 1 to 1024, --seconds above 0")
        }
        guard rate >= 0, rate.isFinite else {
            throw ValidationError("--rate is 0 or above, not \(rate)")
        }
        guard Limits.queriesPerRequest.contains(batch) else {
            throw ValidationError("--batch is within \(Limits.queriesPerRequest), not \(batch)")
        }
    }

    func run() async throws {
        let file = try NumpyFile(path: queries)
        let answers = try truth.map { try StoredTruth(path: $0, queries: file.count, k: k) }
        let load = GeneratedLoad(
            queries: file,
            batch: batch,
            isNarrowed: narrow,
            deadline: .seconds(seconds)
        )
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
        if rate > 0 {
            await load.run(on: clients, at: rate / Double(batch), like: template)
        } else {
            await withTaskGroup(of: Void.self) { group in
                for client in clients {
                    for _ in 0..<depth {
                        group.addTask { await load.run(on: client, like: template) }
                    }
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
                refused: figures.refused,
                errors: figures.errors,
                connections: connections,
                depth: depth,
                batch: batch,
                components: load.formName,
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
    var refused: Int
    var errors: Int
    var connections: Int
    var depth: Int
    var batch: Int
    /// How those of the vectors travelled.
    var components: String
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
