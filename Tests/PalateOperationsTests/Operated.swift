import AccessTestKit
import Logging
import PalateAccess
import PalateClient
import PalateIndex
import PalateModel
import PalateOperations
import PalateServer
import ServiceLifecycle
import TestKit

/// A server with its operator's endpoint, over real sockets.
struct Operated {
    var port: Int
    var httpPort: Int
    var directory: DataDirectory
    var status: ServerStatus
    var group: ServiceGroup
    var reloads: ReadWriteLock<Int>
}

/// Starts both, runs `body`, and stops them.
func withOperations(
    _ configure: (inout ServerOptions) -> Void = { _ in },
    _ body: (Operated) async throws -> Void
) async throws {
    let temporary = TemporaryDirectory()
    var storage = DataDirectoryOptions()
    storage.generationMapBytes = 1 << 30
    storage.tasteMapBytes = 1 << 28
    let directory = try DataDirectory(path: temporary.path + "/data", options: storage)
    var options = ServerOptions()
    options.port = 0
    configure(&options)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let (ports, found) = AsyncStream.makeStream(of: (isHTTP: Bool, port: Int).self)
    let server = PalateServer(directory: directory, options: options, logger: logger) {
        found.yield((false, Int($0.split(separator: ":").last ?? "") ?? 0))
    }
    let reloads = ReadWriteLock(0)
    let operations = OperationsServer(
        status: server.status,
        host: "127.0.0.1",
        port: 0,
        logger: logger,
        reload: { reloads.withWriteLock { $0 += 1 } },
        whenListening: { found.yield((true, $0)) }
    )
    let group = ServiceGroup(services: [operations, server], logger: logger)
    let running = Task { try await group.run() }
    var (port, httpPort) = (0, 0)
    for await next in ports {
        if next.isHTTP { httpPort = next.port } else { port = next.port }
        if port > 0, httpPort > 0 { break }
    }
    let result: Result<Void, any Error>
    do {
        result = .success(
            try await body(
                Operated(
                    port: port,
                    httpPort: httpPort,
                    directory: directory,
                    status: server.status,
                    group: group,
                    reloads: reloads
                )
            )
        )
    } catch {
        result = .failure(error)
    }
    await group.triggerGracefulShutdown()
    try await running.value
    try result.get()
    withExtendedLifetime(temporary) {}
}

/// A collection of three rows.
func fill(_ directory: DataDirectory) async throws -> CollectionInfo {
    // Off the cooperative threads: the writer is waited for.
    try await Task.detached { try fillBlocking(directory) }.value
}

private func fillBlocking(_ directory: DataDirectory) throws -> CollectionInfo {
    let schema = CollectionSchema(name: "pins", dimensions: 4, metric: "l2", quantizer: "sq8")
    let collection = try directory.create(schema)
    let rows = RowBatch(ids: [1, 2, 3], vectors: (0..<12).map(Float.init))
    _ = try collection.writer.perform(.upsert(rows))
    return collection.info
}

/// A candidate beside it, of other vectors.
func makeCandidate(of info: CollectionInfo, in directory: DataDirectory) async throws {
    try await Task.detached { try makeCandidateBlocking(of: info, in: directory) }.value
}

private func makeCandidateBlocking(
    of info: CollectionInfo,
    in directory: DataDirectory
) throws {
    let made = try directory.createGeneration(
        GenerationCreate(handle: info.handle, schema: info.schema)
    )
    let rows = RowBatch(ids: [1, 2, 3], vectors: [9, 1, 0, 2, 0, 0, 7, 1, 3, 3, 8, 1])
    let candidate = try directory.collection(handle: made.handle)
    _ = try candidate.writer.perform(.upsert(rows))
}

/// A file of keys of a test's own.
struct TemporaryKeys {
    private let temporary = TemporaryDirectory()
    var file: KeyFile { KeyFile(path: temporary.path + "/keys") }

    /// The text of a new key.
    func make(
        _ scopes: Scopes,
        _ collections: [String]? = nil,
        expiry: Int64? = nil
    ) throws -> String {
        try file.make(scopes, collections: collections, expiry: expiry).text
    }
}
