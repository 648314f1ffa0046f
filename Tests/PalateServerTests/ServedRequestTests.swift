import NIOCore
import PalateClient
import PalateIndex
import PalateModel
import PalateQuery
import PalateServer
import PalateWire
import TestKit
import Testing

/// Every request through a real socket, with answers that are known from elsewhere.
@Suite(.timeLimit(.minutes(5))) struct ServedRequestTests {
    @Test func `collections are made, opened, listed, counted and dropped`() async throws {
        try await withServer { server in
            let client = try await server.connect()
            try await client.ping()
            let schema = Pins(1).schema
            let made = try await client.createCollection(schema)
            #expect(made.schema == schema)
            #expect(try await client.createCollection(schema) == made)
            #expect(try await client.open("pins") == made)
            #expect(try await client.collections() == [made])
            #expect(try await client.stats(of: "pins").liveItems == 0)
            await expectRefusal(.collectionExists) {
                try await client.createCollection(Pins(1, dimensions: 3).schema)
            }
            try await client.dropCollection("pins")
            #expect(try await client.collections().isEmpty)
            await expectRefusal(.unknownCollection) { try await client.open("pins") }
            await expectRefusal(.unknownHandle) {
                try await client.delete(handle: made.handle, ids: [1])
            }
            await client.close()
        }
    }

    @Test func `rows are written, read, replaced, found and deleted`() async throws {
        try await withServer { server in
            let client = try await server.connect()
            let pins = Pins(300)
            let handle = try await client.createCollection(pins.schema).handle
            let written = try await client.upsert(handle: handle, rows: pins.rows(0..<300))
            #expect(written.changed == 300)
            let get = GetRequest(handle: handle, ids: [1_007, 9, 1_299], wantsVectors: true)
            let items = try await client.get(get)
            #expect(items.found == [true, false, true])
            #expect(items.payloads == [Pins.payload(7), [], Pins.payload(299)])
            #expect(Array(items.vectors[0..<16]) == Array(pins.vectors[7]))
            #expect(Array(items.vectors[32..<48]) == Array(pins.vectors[299]))

            var search = pins.query(handle, rows: 7..<9, k: 1)
            search.minimumVersion = written.version
            search.parts = [.payload]
            let found = try await client.query(search)
            #expect(found.ids == [1_007, 1_008])
            #expect(found.payloads == [Pins.payload(7), Pins.payload(8)])
            let similar = try await client.query(
                SearchRequest(handle: handle, source: .items([1_007]), k: 3)
            )
            #expect(similar.ids.count == 3 && !similar.ids.contains(1_007))

            let moved = RowBatch(ids: [1_007], vectors: Array(pins.vectors[8]))
            #expect(try await client.upsert(handle: handle, rows: moved).version > written.version)
            #expect(try await client.delete(handle: handle, ids: [1_008, 5]).changed == 1)
            search = pins.query(handle, rows: 8..<9, k: 1)
            #expect(try await client.query(search).ids == [1_007])
            #expect(try await client.stats(of: "pins").liveItems == 299)
            search.minimumVersion = 1 << 40
            await expectRefusal(.versionNotReached) { try await client.query(search) }
            await client.close()
        }
    }

    @Test func `events make a taste that queries by user start from`() async throws {
        try await withServer { server in
            let pins = Pins(300)
            let handle = try await pins.write(to: server.directory).info.handle
            let client = try await server.connect()
            var search = SearchRequest(handle: handle, source: .user, k: 10, user: 42)
            await expectRefusal(.noTaste) { try await client.query(search) }
            let events = (0..<5).map {
                Event(user: 42, item: Pins.id($0), type: .save, timeMilliseconds: 0)
            }
            #expect(try await client.record(handle: handle, events: events).changed == 5)
            search.parts = [.scoreParts]
            search.taste = TasteRequest()
            let found = try await client.query(search)
            #expect(found.ids.count == 10 && found.scoreParts.count == 10)
            // Saved items are left out.
            #expect(found.ids.allSatisfy { !(0..<5).map(Pins.id).contains($0) })
            #expect(try await client.stats(of: "pins").events == 5)
            await client.close()
        }
    }

    @Test func `a load arrives whole`() async throws {
        try await withServer { server in
            let pins = Pins(500)
            let client = try await server.connect()
            let handle = try await client.createCollection(pins.schema).handle
            let begin = LoadBegin(handle: handle, loaderID: 3, epoch: 1)
            var load = try await BulkLoad(client, begin)
            for start in stride(from: 0, to: 500, by: 50) {
                try await load.append(pins.rows(start..<start + 50))
            }
            let receipt = try await load.finish()
            #expect(try await client.stats(of: "pins").liveItems == 500)
            var search = pins.query(handle, rows: 321..<322, k: 1)
            search.minimumVersion = receipt.version
            #expect(try await client.query(search).ids == [1_321])
            let wrong = LoadCommit(begin: begin, expectedRows: 499, idChecksum: 0)
            await expectRefusal(.loadMismatch) { try await client.commitLoad(wrong) }
            await client.close()
        }
    }

    @Test(arguments: ["l2", "ip", "cosine"])
    func `pipelined answers are those of the pipeline in process`(metric: String) async throws {
        try await withServer { server in
            let pins = Pins(400, metric: metric)
            let collection = try await pins.write(to: server.directory)
            let handle = collection.info.handle
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    let client = try await server.connect()
                    for row in 0..<50 {
                        group.addTask {
                            // Every fifth is a batch, which the workers answer out of turn.
                            let rows = row..<(row % 5 == 0 ? row + 40 : row + 1)
                            var search = pins.query(handle, rows: rows, k: 7)
                            search.parts = [.payload]
                            let served = try await client.query(search)
                            let expected = try inProcess(search, collection)
                            #expect(served == expected)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `a Unix socket serves as well`() async throws {
        let sockets = TemporaryDirectory()
        let path = sockets.path + "/palate.sock"
        try await withServer { options in
            options.unixSocketPath = path
        } _: { server in
            #expect(server.address == "unix:\(path)")
            let client = try await PalateClient.connect(unixSocketPath: path)
            try await client.ping()
            await client.close()
        }
    }
}

/// What the pipeline answers without a socket.
func inProcess(_ search: SearchRequest, _ collection: Collection) throws -> SearchResponse {
    let plan = try Planner.plan(search, for: collection)
    var scratch = QueryScratch()
    return try Pipeline.answer(search, plan: plan, in: collection, now: 0, scratch: &scratch)
}

/// Expects that the server refuses with this status.
func expectRefusal<Result>(
    _ status: StatusCode,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Result
) async {
    do {
        _ = try await body()
        Issue.record("was not refused", sourceLocation: sourceLocation)
    } catch PalateClientError.refused(let report) {
        #expect(report.status == status, sourceLocation: sourceLocation)
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
}
