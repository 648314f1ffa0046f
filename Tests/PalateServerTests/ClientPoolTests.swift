import NIOCore
import PalateClient
import PalateModel
import PalateServer
import PalateWire
import TestKit
import Testing

/// Several connections, calls made again, and calls made twice.
@Suite(.timeLimit(.minutes(5))) struct ClientPoolTests {
    private static let similar = SearchRequest(handle: 9, source: .items([1]), k: 4)
    private static let row = RowBatch(ids: [1], vectors: [1, 2, 3])

    /// What a server saw of each opcode.
    private final class Seen: Sendable {
        private let counts = ReadWriteLock<[Opcode: Int]>([:])

        subscript(opcode: Opcode) -> Int { counts.withReadLock { $0[opcode, default: 0] } }

        /// Counts a request; how many of its kind there are now.
        @discardableResult
        func note(_ request: Request) -> Int {
            counts.withWriteLock { counts in
                counts[request.opcode, default: 0] += 1
                return counts[request.opcode, default: 0]
            }
        }
    }

    private func withClient(
        _ options: ClientOptions,
        ends: @escaping @Sendable (Request) -> Bool = { _ in false },
        script: @escaping ScriptedServer.Script = ClientTests.standard,
        _ body: (PalateClient, ScriptedServer) async throws -> Void
    ) async throws {
        let server = try await ScriptedServer.start(ends: ends, script: script)
        let client = try await PalateClient.connect(
            host: "127.0.0.1",
            port: server.port,
            options: options
        )
        try await body(client, server)
        await client.close()
        try await server.stop()
    }

    private func wait(until isSo: () -> Bool) async throws {
        for _ in 0..<3_000 where !isSo() { try await Task.sleep(for: .milliseconds(10)) }
        #expect(isSo())
    }

    @Test func `a broken connection is opened again, by who it was, and the read asked again`()
        async throws
    {
        let seen = Seen()
        let options = ClientOptions(credential: .apiKey("pk_a_b"))
        let ends: @Sendable (Request) -> Bool = { request in
            let count = seen.note(request)
            return request.opcode == .query && count == 1
        }
        try await withClient(options, ends: ends) { client, server in
            let ids = try await client.query(Self.similar).ids
            #expect(ids == [4])
            #expect(server.connectionCount == 2)
            #expect(seen[.query] == 2)
            #expect(seen[.authenticate] == 2)
        }
    }

    @Test func `a write that a broken connection left unanswered is not sent again`() async throws {
        let seen = Seen()
        let ends: @Sendable (Request) -> Bool = { request in
            seen.note(request)
            return request.opcode == .upsert
        }
        try await withClient(ClientOptions(), ends: ends) { client, server in
            await #expect {
                try await client.upsert(handle: 9, rows: Self.row)
            } throws: { error in
                if case PalateClientError.closed = error { true } else { false }
            }
            #expect(seen[.upsert] == 1)
            // The client goes on over another connection.
            try await client.ping()
            #expect(server.connectionCount == 2)
        }
    }

    @Test(arguments: [0, 1, 2])
    func `what a busy server refused is sent again, writes too`(retries: Int) async throws {
        let seen = Seen()
        let busy = ErrorReport(
            RequestError.overloaded(by: .waiting, expected: 9, retryMilliseconds: 5)
        )
        let script: ScriptedServer.Script = { request, id in
            guard request.opcode == .upsert, seen.note(request) <= 2 else {
                return ClientTests.standard(request, id)
            }
            return [(id, .failure(opcode: Opcode.upsert.rawValue, busy))]
        }
        try await withClient(ClientOptions(retries: retries), script: script) { client, server in
            if retries == 2 {
                let changed = try await client.upsert(handle: 9, rows: Self.row).changed
                #expect(changed == 2)
            } else {
                await #expect(throws: PalateClientError.refused(busy)) {
                    try await client.upsert(handle: 9, rows: Self.row)
                }
            }
            #expect(seen[.upsert] == retries + 1)
            #expect(server.connectionCount == 1)
        }
    }

    @Test func `a refusal that stands is asked once`() async throws {
        let seen = Seen()
        let report = ErrorReport(RequestError.unknownCollection(name: "nothing"))
        let script: ScriptedServer.Script = { request, id in
            seen.note(request)
            return [(id, .failure(opcode: request.opcode.rawValue, report))]
        }
        try await withClient(ClientOptions(retries: 5), script: script) { client, _ in
            await #expect(throws: PalateClientError.refused(report)) {
                try await client.open("nothing")
            }
            #expect(seen[.open] == 1)
        }
    }

    @Test func `all tries together take no longer than one call may`() async throws {
        let seen = Seen()
        let ends: @Sendable (Request) -> Bool = { request in
            seen.note(request)
            return request.opcode == .query
        }
        try await withClient(ClientOptions(retries: 1_000), ends: ends) { client, _ in
            await #expect(throws: PalateClientError.self) {
                try await client.query(Self.similar, timeout: .milliseconds(300))
            }
            // Waits double: thousands of tries do not fit.
            #expect((2..<100).contains(seen[.query]))
        }
    }

    @Test(arguments: [1, 3])
    func `calls under way spread over the connections, and one idle client holds one`(
        connections: Int
    ) async throws {
        let held = ReadWriteLock<[(UInt32, Response)]>([])
        let script: ScriptedServer.Script = { request, id in
            guard request.opcode == .query else { return ClientTests.standard(request, id) }
            held.withWriteLock { $0 += ClientTests.standard(request, id) }
            return []
        }
        try await withClient(ClientOptions(connections: connections), script: script) {
            client,
            server in
            try await client.ping()
            try await client.ping()
            #expect(server.connectionCount == 1)
            let calls = (0..<9).map { _ in
                Task { try await client.query(Self.similar, timeout: .seconds(60)) }
            }
            try await wait { held.withReadLock { $0.count } == 9 }
            #expect(server.connectionCount == connections)
            for call in calls { call.cancel() }
            for call in calls {
                await #expect(throws: PalateClientError.cancelled) { try await call.value }
            }
            try await client.ping()
        }
    }

    @Test func `a late read is asked twice, the first answer counts, the other is cancelled`()
        async throws
    {
        let seen = Seen()
        let script: ScriptedServer.Script = { request, id in
            let count = seen.note(request)
            if request.opcode == .query, count == 1 { return [] }
            return ClientTests.standard(request, id)
        }
        let options = ClientOptions(connections: 2, hedgeAfter: .milliseconds(20))
        try await withClient(options, script: script) { client, server in
            let ids = try await client.query(Self.similar).ids
            #expect(ids == [4])
            #expect(seen[.query] == 2)
            #expect(server.connectionCount == 2)
            try await wait { seen[.cancel] == 1 }
        }
    }

    @Test func `a read that is answered in time is asked once, and a write always is`() async throws
    {
        let seen = Seen()
        let script: ScriptedServer.Script = { request, id in
            seen.note(request)
            return request.opcode == .delete ? [] : ClientTests.standard(request, id)
        }
        try await withClient(ClientOptions(hedgeAfter: .seconds(30)), script: script) { client, _ in
            let ids = try await client.query(Self.similar).ids
            #expect(ids == [4])
            #expect(seen[.query] == 1)
        }
        var options = ClientOptions(hedgeAfter: .milliseconds(1))
        options.requestTimeout = .milliseconds(100)
        try await withClient(options, script: script) { client, _ in
            await #expect(throws: PalateClientError.timedOut(milliseconds: 100)) {
                try await client.delete(handle: 9, ids: [1])
            }
            #expect(seen[.delete] == 1)
        }
    }

    @Test func `a server that comes back is found again, and is still the same one`() async throws {
        let temporary = TemporaryDirectory()
        let path = temporary.path + "/data"
        let (client, handle, port) = try await Self.fill(path)
        let asked = Task { try await client.query(Self.nearest(handle), timeout: .seconds(120)) }
        let server = try await ServedDirectory.start(at: path) { $0.port = port }
        #expect(try await asked.value.ids == [1])
        await client.close()
        try await server.stop()
    }

    /// A server with one row that has ended: its client, the handle, and where it was.
    private static func fill(_ path: String) async throws -> (PalateClient, UInt32, Int) {
        let server = try await ServedDirectory.start(at: path)
        let client = try await PalateClient.connect(
            host: "127.0.0.1",
            port: server.port,
            options: ClientOptions(retries: 20)
        )
        let schema = CollectionSchema(name: "pins", dimensions: 3, metric: "l2")
        let handle = try await client.createCollection(schema).handle
        _ = try await client.upsert(handle: handle, rows: row)
        try await server.stop()
        return (client, handle, server.port)
    }

    private static func nearest(_ handle: UInt32) -> SearchRequest {
        SearchRequest(handle: handle, source: .vectors([1, 2, 3], count: 1), k: 1)
    }
}
