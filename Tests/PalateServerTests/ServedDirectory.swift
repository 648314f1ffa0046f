import Logging
import NIOCore
import PalateClient
import PalateIndex
import PalateModel
import PalateServer
import ServiceLifecycle
import TestKit

/// A whole server in this process, over a data directory of its own.
struct ServedDirectory: Sendable {
    /// What it serves; tests look at it to know what the answers should be.
    let directory: DataDirectory
    /// HOST:PORT or unix:PATH, as the server says it.
    let address: String
    /// What operators see of it.
    let status: ServerStatus

    private let group: ServiceGroup
    private let running: Task<Void, any Error>

    /// The port it listens on.
    var port: Int { Int(address.split(separator: ":").last ?? "") ?? 0 }

    /// Opens the directory and starts to listen.
    static func start(
        at path: String,
        _ configure: (inout ServerOptions) -> Void = { _ in }
    ) async throws -> ServedDirectory {
        let directory = try await openWhenFree(path)
        var options = ServerOptions()
        options.port = 0
        // Slow machines and sanitizers are not what a test of something else should find.
        options.helloTimeout = .seconds(60)
        options.stallTimeout = .seconds(60)
        options.drainTimeout = .seconds(60)
        configure(&options)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let (addresses, whenListening) = AsyncStream.makeStream(of: String.self)
        let server = PalateServer(directory: directory, options: options, logger: logger) {
            whenListening.yield($0)
        }
        let group = ServiceGroup(services: [server], logger: logger)
        let running = Task {
            defer { whenListening.finish() }
            try await group.run()
        }
        for await address in addresses {
            return ServedDirectory(
                directory: directory,
                address: address,
                status: server.status,
                group: group,
                running: running
            )
        }
        try await running.value
        throw RequestError.internalFailure(reason: "the server ended before it listened")
    }

    /// Waits for a server before this one: its last references, and with them the directory's lock,
    /// go a moment after it says that it has ended.
    private static func openWhenFree(_ path: String) async throws -> DataDirectory {
        for _ in 0..<500 {
            do {
                return try open(path)
            } catch IndexError.storage {
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        return try open(path)
    }

    /// Opens a directory with maps small enough for a test machine.
    static func open(_ path: String) throws -> DataDirectory {
        var options = DataDirectoryOptions()
        options.generationMapBytes = 1 << 30
        options.tasteMapBytes = 1 << 28
        return try DataDirectory(path: path, options: options)
    }

    /// A client of this server.
    func connect() async throws -> PalateClient {
        var options = ClientOptions()
        options.connectTimeout = .seconds(60)
        options.requestTimeout = .seconds(60)
        // What the server said, not what came of asking again.
        options.retries = 0
        return try await PalateClient.connect(host: "127.0.0.1", port: port, options: options)
    }

    /// Waits until a worker is at work and so many requests wait for one; a minute at most.
    func whenAtWork(waiting: Int = 0) async throws {
        for _ in 0..<6_000 where status.workload != (waiting, 1) {
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Starts to shut down.
    func leave() async { await group.triggerGracefulShutdown() }

    /// Shuts down, and waits until everything is closed.
    func stop() async throws {
        await leave()
        try await running.value
    }
}

/// Runs `body` against a fresh server, which is stopped whatever happens.
func withServer(
    _ configure: (inout ServerOptions) -> Void = { _ in },
    _ body: (ServedDirectory) async throws -> Void
) async throws {
    let temporary = TemporaryDirectory()
    let server = try await ServedDirectory.start(at: temporary.path + "/data", configure)
    do {
        try await body(server)
    } catch {
        try? await server.stop()
        throw error
    }
    try await server.stop()
    withExtendedLifetime(temporary) {}
}

/// Clustered vectors under the ids 1,000 + row, each with a payload that names its row.
struct Pins: Sendable {
    let vectors: ClusteredVectors
    let schema: CollectionSchema

    init(_ count: Int, dimensions: Int = 16, metric: String = "l2", quantizer: String = "sq8") {
        var generator = SeededGenerator(seed: 7)
        vectors = ClusteredVectors(count: count, dimensions: dimensions, using: &generator)
        schema = CollectionSchema(
            name: "pins",
            dimensions: dimensions,
            metric: metric,
            quantizer: quantizer
        )
    }

    static func id(_ row: Int) -> ItemID { ItemID(1_000 + row) }

    static func payload(_ row: Int) -> [UInt8] { Array("{\"row\":\(row)}".utf8) }

    func rows(_ range: Range<Int>) -> RowBatch {
        RowBatch(
            ids: range.map(Self.id),
            vectors: range.flatMap { Array(vectors[$0]) },
            payloads: range.map(Self.payload)
        )
    }

    /// Makes the collection with every row in it, without the socket.
    func write(to directory: DataDirectory) async throws -> Collection {
        let (pins, directory) = (self, directory)
        // Off the cooperative threads: the writer is waited for.
        return try await Task.detached { try pins.writeBlocking(to: directory) }.value
    }

    private func writeBlocking(to directory: DataDirectory) throws -> Collection {
        let collection = try directory.create(schema)
        _ = try collection.writer.perform(.upsert(rows(0..<vectors.count)))
        return collection
    }

    /// A query for the neighbours of some rows.
    func query(
        _ handle: UInt32,
        rows: Range<Int>,
        k: Int = 5,
        beamWidth: Int = 0
    ) -> SearchRequest {
        SearchRequest(
            handle: handle,
            source: .vectors(rows.flatMap { Array(vectors[$0]) }, count: rows.count),
            k: k,
            beamWidth: beamWidth
        )
    }

    /// One request of many lists, which takes the workers some time.
    func batch(_ handle: UInt32, lists: Int) -> SearchRequest {
        let values = (0..<lists).flatMap { Array(vectors[$0 % vectors.count]) }
        return SearchRequest(
            handle: handle,
            source: .vectors(values, count: lists),
            k: 5,
            beamWidth: 100
        )
    }
}
