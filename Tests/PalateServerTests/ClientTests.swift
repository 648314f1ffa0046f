import NIOCore
import NIOPosix
import PalateClient
import PalateModel
import PalateWire
import Testing

@Suite(.timeLimit(.minutes(5))) struct ClientTests {
    /// Answers every kind of request with something that names it.
    @Sendable static func standard(
        _ request: Request,
        _ id: UInt32
    ) -> [(UInt32, Response)] {
        let receipt = WriteReceipt(version: UInt64(id), changed: 2, generation: 3)
        let response: Response =
            switch request {
            case .authenticate:
                .authenticated(
                    AuthenticationReceipt(scopes: 5, subject: "a", expiryMilliseconds: 0)
                )
            case .cancel: .cancelled
            case .ping(let token): .pong(token: token)
            case .open(let name): .opened(info(name))
            case .createCollection(let schema):
                .created(CollectionInfo(handle: 9, generation: 1, schema: schema))
            case .dropCollection: .dropped
            case .listCollections: .collections([info("a"), info("b")])
            case .collectionStats: .stats(CollectionStats())
            case .backup:
                .backedUp(
                    BackupReceipt(
                        files: id,
                        manifestChecksum: 1,
                        bytes: 2,
                        entries: 3,
                        microseconds: 4
                    )
                )
            case .query(let search): .results(results(search))
            case .swapGeneration:
                .generationReport(GenerationReport(generation: 2, isSwapped: true, checks: []))
            case .createGeneration(let create):
                .generationCreated(CollectionInfo(handle: 10, generation: 2, schema: create.schema))
            case .dropGeneration: .generationDropped
            case .listGenerations(let name):
                .generations([GenerationInfo(role: .live, info: info(name))])
            case .get(let get): .items(items(get))
            case .declareFields, .listFields: .fields(opcode: request.opcode.rawValue, [])
            case .count: .counted(CountResponse())
            case .scroll: .scrolled(ScrollResponse())
            case .deleteMatching: .deletedMatching(receipt)
            case .upsert: .upserted(receipt)
            case .delete: .deleted(receipt)
            case .patch: .patched(receipt)
            case .events: .eventsRecorded(receipt)
            case .loadBegin:
                .loadGranted(
                    LoadGrant(durableSequence: 0, creditBytes: 300, suggestedRows: 2)
                )
            case .loadData(let data):
                .loadAcknowledged(
                    LoadAcknowledgement(
                        receivedSequence: data.sequence,
                        durableSequence: data.sequence
                    )
                )
            case .loadCommit: .loadCommitted(receipt)
            case .profile: .profile(PersonProfile())
            case .forget: .forgotten(receipt)
            case .history: .history(History())
            case .refreshTaste, .tasteNumbers, .session, .sandbox:
                .tasteNumbers(
                    opcode: request.opcode.rawValue,
                    TasteNumbers(version: UInt64(id))
                )
            case .hello: .failure(opcode: 1, ErrorReport(WireError.helloRepeated))
            }
        return [(id, response)]
    }

    private static func info(_ name: String) -> CollectionInfo {
        CollectionInfo(
            handle: 9,
            generation: 1,
            schema: CollectionSchema(name: name, dimensions: 3, metric: "l2")
        )
    }

    private static func results(_ search: SearchRequest) -> SearchResponse {
        var results = SearchResponse()
        results.offsets = [0, 1]
        results.ids = [UInt64(search.k)]
        results.scores = [0.5]
        return results
    }

    private static func items(_ get: GetRequest) -> GetResponse {
        var items = GetResponse()
        items.found = get.ids.map { _ in true }
        items.versions = get.ids
        items.payloads = get.ids.map { _ in [] }
        return items
    }

    private func withClient(
        options: ClientOptions = ClientOptions(),
        requestsInFlight: Int = 64,
        script: @escaping ScriptedServer.Script = standard,
        _ body: (PalateClient) async throws -> Void
    ) async throws {
        let server = try await ScriptedServer.start(
            requestsInFlight: requestsInFlight,
            script: script
        )
        let client = try await PalateClient.connect(
            host: "127.0.0.1",
            port: server.port,
            options: options
        )
        try await body(client)
        await client.close()
        try await server.stop()
    }

    @Test func `every method brings its answer`() async throws {
        try await withClient { client in
            #expect(client.serverName == "scripted")
            #expect(client.bodyBytesMax == 1 << 20)
            #expect(client.requestsInFlight == 64)
            #expect(ServerID(client.serverID) == ServerID(low: 1, high: 2))
            try await client.ping()
            let schema = CollectionSchema(name: "pins", dimensions: 3, metric: "l2")
            #expect(try await client.createCollection(schema).schema == schema)
            #expect(try await client.open("pins") == Self.info("pins"))
            #expect(try await client.collections().map(\.schema.name) == ["a", "b"])
            #expect(try await client.stats(of: "pins") == CollectionStats())
            let search = SearchRequest(handle: 9, source: .items([1]), k: 7)
            #expect(try await client.query(search).ids == [7])
            let get = GetRequest(handle: 9, ids: [4, 5], wantsVectors: false)
            #expect(try await client.get(get).versions == [4, 5])
            let rows = RowBatch(ids: [1], vectors: [1, 2, 3])
            #expect(try await client.upsert(handle: 9, rows: rows).changed == 2)
            #expect(try await client.delete(handle: 9, ids: [1]).changed == 2)
            let event = Event(user: 1, item: 2, type: .save, timeMilliseconds: 0)
            #expect(try await client.record(handle: 9, events: [event]).changed == 2)
            try await client.dropCollection("pins")
        }
    }

    @Test func `answers in any order find their callers`() async throws {
        // Keeps eight answers back and sends them in reverse.
        let held = ReadWriteLock<[(UInt32, Response)]>([])
        let script: ScriptedServer.Script = { request, id in
            held.withWriteLock { held in
                held += Self.standard(request, id)
                guard held.count == 8 else { return [] }
                defer { held = [] }
                return held.reversed()
            }
        }
        try await withClient(script: script) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for k in 1...64 {
                    group.addTask {
                        let search = SearchRequest(handle: 9, source: .items([1]), k: k)
                        let ids = try await client.query(search).ids
                        #expect(ids == [UInt64(k)])
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `no more requests travel than were granted`() async throws {
        let flying = ReadWriteLock((now: 0, most: 0, held: [(UInt32, Response)]()))
        let script: ScriptedServer.Script = { request, id in
            flying.withWriteLock { flying in
                flying.now += 1
                flying.most = max(flying.most, flying.now)
                flying.held += Self.standard(request, id)
                guard flying.held.count == 4 else { return [] }
                defer { flying.held = [] }
                flying.now = 0
                return flying.held
            }
        }
        try await withClient(requestsInFlight: 4, script: script) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<100 { group.addTask { try await client.ping() } }
                try await group.waitForAll()
            }
        }
        #expect(flying.withWriteLock { $0.most } == 4)
    }

    @Test func `a refusal carries the server's report and harms nobody else`() async throws {
        let error = RequestError.unknownCollection(name: "nothing")
        let script: ScriptedServer.Script = { request, id in
            guard case .open = request else { return Self.standard(request, id) }
            return [(id, .failure(opcode: Opcode.open.rawValue, ErrorReport(error)))]
        }
        try await withClient(script: script) { client in
            await #expect(throws: PalateClientError.refused(ErrorReport(error))) {
                try await client.open("nothing")
            }
            try await client.ping()
        }
    }

    @Test func `no answer in time is an error, and a late answer is dropped`() async throws {
        let late = ReadWriteLock<[(UInt32, Response)]>([])
        let script: ScriptedServer.Script = { request, id in
            late.withWriteLock { late in
                guard case .query = request else {
                    defer { late = [] }
                    return late + Self.standard(request, id)
                }
                late = Self.standard(request, id)
                return []
            }
        }
        try await withClient(script: script) { client in
            let search = SearchRequest(handle: 9, source: .items([1]), k: 1)
            await #expect(throws: PalateClientError.timedOut(milliseconds: 50)) {
                try await client.query(search, timeout: .milliseconds(50))
            }
            try await client.ping()
        }
    }

    @Test func `a cancelled call returns at once`() async throws {
        let script: ScriptedServer.Script = { request, id in
            if case .query = request { [] } else { Self.standard(request, id) }
        }
        try await withClient(script: script) { client in
            let task = Task {
                try await client.query(SearchRequest(handle: 9, source: .items([1]), k: 1))
            }
            try await client.ping()
            task.cancel()
            await #expect(throws: PalateClientError.cancelled) { try await task.value }
            try await client.ping()
        }
    }

    @Test func `calls that wait fail when the connection ends, and later ones too`() async throws {
        let script: ScriptedServer.Script = { request, id in
            if case .query = request { [] } else { Self.standard(request, id) }
        }
        try await withClient(script: script) { client in
            let task = Task {
                try await client.query(SearchRequest(handle: 9, source: .items([1]), k: 1))
            }
            try await client.ping()
            await client.close()
            let closed = PalateClientError.closed(reason: "the client closed the connection")
            await #expect(throws: closed) { try await task.value }
            await #expect(throws: closed) { try await client.ping() }
        }
    }

    @Test func `a server that leaves answers what is in flight and gets nothing new`() async throws
    {
        let script: ScriptedServer.Script = { request, id in
            let answer = Self.standard(request, id)
            guard case .query = request else { return answer }
            return [(0, .goAway(GoAway(drainMilliseconds: 1_000, reason: "update")))] + answer
        }
        try await withClient(script: script) { client in
            let search = SearchRequest(handle: 9, source: .items([1]), k: 5)
            let ids = try await client.query(search).ids
            #expect(ids == [5])
            // Over a new connection.
            try await client.ping()
        }
    }

    @Test func `an answer of another kind ends the connection`() async throws {
        let script: ScriptedServer.Script = { _, id in [(id, .dropped)] }
        try await withClient(script: script) { client in
            await #expect(throws: PalateClientError.unexpectedResponse(opcode: 9)) {
                try await client.ping()
            }
        }
    }

    @Test func `another server than the expected one is refused in the handshake`() async throws {
        let server = try await ScriptedServer.start(script: Self.standard)
        let other = ServerID(low: 7, high: 7)
        let error = WireError.wrongServer(got: other, expected: ServerID(low: 1, high: 2))
        await #expect(throws: PalateClientError.refused(ErrorReport(error))) {
            try await PalateClient.connect(
                host: "127.0.0.1",
                port: server.port,
                options: ClientOptions(expectedServer: other.description)
            )
        }
        try await server.stop()
    }

    @Test func `nobody at the address is an error of connecting`() async throws {
        let server = try await ScriptedServer.start(script: Self.standard)
        try await server.stop()
        await #expect {
            try await PalateClient.connect(host: "127.0.0.1", port: server.port)
        } throws: { error in
            if case PalateClientError.connectFailed = error { true } else { false }
        }
    }

    @Test func `a request that does not fit a frame is refused here`() async throws {
        try await withClient { client in
            let got = 8 + 8 * 200_000
            await #expect(
                throws: PalateClientError.invalidRequest(
                    .outOfRange(field: "bytes of the request", got: got, expected: 0...1 << 20)
                )
            ) { try await client.delete(handle: 9, ids: Array(0..<200_000)) }
            try await client.ping()
        }
    }

    @Test func `a load keeps to its credit and commits what was appended`() async throws {
        let seen = ReadWriteLock((sequences: [UInt64](), commit: LoadCommit?.none, flying: 0))
        let begin = LoadBegin(handle: 9, loaderID: 1, epoch: 2)
        let script: ScriptedServer.Script = { request, id in
            seen.withWriteLock { seen in
                if case .loadData(let data) = request { seen.sequences.append(data.sequence) }
                if case .loadCommit(let commit) = request { seen.commit = commit }
            }
            return Self.standard(request, id)
        }
        try await withClient(script: script) { client in
            var load = try await BulkLoad(client, begin)
            var checksum = IDChecksum()
            for id in UInt64(0)..<20 {
                try await load.append(RowBatch(ids: [id, id + 100], vectors: [1, 2, 3, 4, 5, 6]))
                checksum.append([id, id + 100])
            }
            #expect(load.rowCount == 40)
            #expect(try await load.finish().generation == 3)
            let commit = LoadCommit(begin: begin, expectedRows: 40, idChecksum: checksum.value)
            #expect(seen.withWriteLock { $0.commit } == commit)
            #expect(seen.withWriteLock { $0.sequences } == Array(1...20))
        }
    }

    @Test func `a resumed load sends only what is not durable`() async throws {
        let sequences = ReadWriteLock<[UInt64]>([])
        let script: ScriptedServer.Script = { request, id in
            if case .loadBegin = request {
                let grant = LoadGrant(durableSequence: 3, creditBytes: 1 << 20, suggestedRows: 2)
                return [(id, .loadGranted(grant))]
            }
            if case .loadData(let data) = request {
                sequences.withWriteLock { $0.append(data.sequence) }
            }
            return Self.standard(request, id)
        }
        try await withClient(script: script) { client in
            var load = try await BulkLoad(client, LoadBegin(handle: 9, loaderID: 1, epoch: 2))
            for id in UInt64(0)..<5 {
                try await load.append(RowBatch(ids: [id], vectors: [1, 2, 3]))
            }
            _ = try await load.finish()
        }
        #expect(sequences.withWriteLock { $0 } == [4, 5])
    }

    @Test func `columns that disagree are refused before they leave`() async throws {
        try await withClient { client in
            await #expect(
                throws: PalateClientError.invalidRequest(
                    .unequalColumns(field: "vectors", got: 5, expected: 2)
                )
            ) {
                let rows = RowBatch(ids: [1, 2], vectors: [1, 2, 3, 4, 5])
                return try await client.upsert(handle: 9, rows: rows)
            }
        }
    }
}
