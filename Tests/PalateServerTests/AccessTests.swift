import AccessTestKit
import PalateAccess
import PalateClient
import PalateIndex
import PalateModel
import PalateServer
import PalateWire
import TestKit
import Testing

/// Every opcode against every kind of credential, over a socket.
@Suite(.timeLimit(.minutes(5))) struct AccessTests {
    private let temporary = TemporaryDirectory()
    private var file: KeyFile { KeyFile(path: temporary.path + "/keys") }

    private func withGuardedServer(
        anonymous: ServerAccess.Anonymous = .loopback,
        _ body: (ServedDirectory, UInt32, Gatekeeper) async throws -> Void
    ) async throws {
        let gatekeeper = try await Gatekeeper(keysPath: file.path, tokens: nil)
        try await withServer {
            $0.access = ServerAccess(gatekeeper: gatekeeper, anonymous: anonymous)
        } _: { server in
            let handle = try await Pins(60).write(to: server.directory).info.handle
            try await body(server, handle, gatekeeper)
        }
    }

    private static func say(_ key: APIKey?, id: UInt32) throws -> [UInt8] {
        let secret = key?.text ?? "plt_abcdefgh_" + String(repeating: "0", count: 64)
        let said = Authentication(kind: .apiKey, secret: secret)
        return try RawConnection.frame(.authenticate(said), id: id)
    }

    /// One request of every opcode that a client sends, about a collection; harmless where allowed.
    private static func requests(_ handle: UInt32) -> [Request] {
        let schema = CollectionSchema(name: "pins", dimensions: 16, metric: "l2", quantizer: "sq8")
        let load = LoadBegin(handle: handle, loaderID: 1, epoch: 1)
        let row = RowBatch(ids: [5], vectors: [Float](repeating: 1, count: 16))
        return [
            .ping(token: 1), .cancel(requestID: 77), .open(name: "pins"), .listCollections,
            .collectionStats(name: "pins"), .listFields(handle: handle),
            .query(SearchRequest(handle: handle, source: .items([1_000]), k: 1)),
            .get(GetRequest(handle: handle, ids: [1_000], wantsVectors: false)),
            .count(CountRequest(handle: handle, filter: .all)),
            .scroll(ScrollRequest(handle: handle, filter: .all, limit: 1)),
            .profile(ProfileRequest(handle: handle, user: 1)),
            .session(
                SessionRequest(handle: handle, operation: .forget, session: 5)
            ),
            .upsert(handle: handle, rows: row), .delete(handle: handle, ids: [1]),
            .patch(handle: handle, patch: PatchBatch(ids: [1_001], payloads: [[1]])),
            .deleteMatching(handle: handle, filter: .items([1]), limit: 1),
            .loadBegin(load), .loadData(LoadData(begin: load, sequence: 1, rows: row)),
            .loadCommit(LoadCommit(begin: load, expectedRows: 0, idChecksum: 0)),
            .events(
                handle: handle,
                events: [Event(user: 1, item: 1_000, type: .save, timeMilliseconds: 5)]
            ),
            .forget(handle: handle, user: 9),
            .history(HistoryRequest(handle: handle, user: 1)),
            .sandbox(SandboxRequest(handle: handle, operation: .list, name: "")),
            .createCollection(schema),
            .declareFields(handle: handle, fields: [FieldDeclaration("brand", .keyword)]),
            .listGenerations(name: "pins"),
            .swapGeneration(GenerationSwap(handle: handle, step: .check)),
            .createGeneration(GenerationCreate(handle: handle, schema: schema)),
            .dropGeneration(handle: handle, role: .candidate),
            .backup(BackupRequest(name: "b", collection: "pins")),
            .refreshTaste(TasteRefresh(handle: handle)),
            .tasteNumbers(
                TasteNumbersRequest(handle: handle, scope: .settings, operation: .delete)
            ),
            .tasteNumbers(TasteNumbersRequest(handle: handle, scope: .settings, operation: .get)),
            .dropCollection(name: spare.name),
        ]
    }

    /// A collection to drop.
    private static let spare = CollectionSchema(
        name: "spare",
        dimensions: 4,
        metric: "l2",
        quantizer: "sq8"
    )

    /// Opcodes that any credential may send, by the table of PROTOCOL.md.
    private static let free: Set<Opcode> = [
        .cancel, .open, .listCollections, .collectionStats, .fieldsList,
    ]
    private static let scopes: [Opcode: Scopes] = {
        let table: [(Scopes, [Opcode])] = [
            (.query, [.query, .get, .count, .scroll, .profileGet, .session]),
            (
                .write,
                [.upsert, .delete, .patch, .deleteMatching, .loadBegin, .loadData, .loadCommit]
            ),
            (.events, [.event, .profileForget, .historyGet, .sandbox]),
            (
                .admin,
                [
                    .createCollection, .dropCollection, .fieldsDeclare, .generationList,
                    .generationDrop, .generationCreate, .generationSwap, .backup, .tasteRefresh,
                    .tasteNumbers,
                ]
            ),
        ]
        return Dictionary(uniqueKeysWithValues: table.flatMap { row in row.1.map { ($0, row.0) } })
    }()

    /// The code that access answers with; nil where it lets the request through.
    private static func refusal(_ answer: RawConnection.Answer?) -> StatusCode? {
        switch answer?.status {
        case .notAuthenticated: .notAuthenticated
        case .forbidden: .forbidden
        case .unknownHandle: .unknownHandle
        case .unknownCollection: .unknownCollection
        default: nil
        }
    }

    @Test func `every opcode against every credential is answered as documented`() async throws {
        let keys: [(name: String, key: APIKey?)] = [
            ("none", nil), ("wrong", nil), ("expired", try file.make(expiry: 2)),
            ("query", try file.make(.query)), ("write", try file.make(.write)),
            ("events", try file.make(.events)), ("admin", try file.make(.admin)),
            ("other collection", try file.make(.all, collections: ["boards"])),
            ("right", try file.make(.all, collections: ["pins", "spare"])),
        ]
        let scopesByName: [String: Scopes] = [
            "query": .query, "write": .write, "events": .events, "admin": .admin,
        ]
        var lines: [String] = []
        try await withGuardedServer { server, handle, _ in
            for (name, key) in keys {
                _ = try server.directory.create(Self.spare)
                var raw = try await RawConnection.greeted(port: server.port)
                if name != "none" {
                    try await raw.send(Self.say(key, id: 2))
                    let answer = await raw.next()
                    let isGood = name != "wrong" && name != "expired"
                    #expect((answer?.status == nil) == isGood, "\(name)")
                }
                for (index, request) in Self.requests(handle).enumerated() {
                    let id = UInt32(index + 3)
                    try await raw.send(RawConnection.frame(request, id: id))
                    let got = Self.refusal(await raw.next())
                    let expected = Self.expected(request, name, scopesByName[name])
                    #expect(got == expected, "\(name): \(request.opcode)")
                    lines.append("\(name)\t\(request.opcode)\t\(got?.name ?? "allowed")")
                }
            }
        }
        print(lines.joined(separator: "\n"))
        #expect(lines.count == keys.count * Self.requests(1).count)
        let asked = Set(Self.requests(1).map(\.opcode))
        let spoken: Set<Opcode> = [.hello, .authenticate, .goAway, .error]
        #expect(asked == Set(Opcode.allCases).subtracting(spoken))
    }

    private static func expected(
        _ request: Request,
        _ name: String,
        _ scope: Scopes?
    ) -> StatusCode? {
        if request.opcode == .ping { return nil }
        if ["none", "wrong", "expired"].contains(name) { return .notAuthenticated }
        var needed = scopes[request.opcode]
        if case .tasteNumbers(let numbers) = request, numbers.operation == .get { needed = .query }
        if let scope, !free.contains(request.opcode), needed != scope { return .forbidden }
        guard name == "other collection" else { return nil }
        switch request {
        case .cancel, .listCollections: return nil
        case .open, .collectionStats, .createCollection, .dropCollection, .listGenerations,
            .backup:
            return .unknownCollection
        default: return .unknownHandle
        }
    }

    @Test func `a key sees its own collections alone`() async throws {
        let key = try file.make(.all, collections: ["pins"])
        let all = try file.make(.all)
        try await withGuardedServer { server, _, _ in
            _ = try server.directory.create(
                CollectionSchema(name: "boards", dimensions: 4, metric: "l2", quantizer: "sq8")
            )
            func names(_ key: APIKey) async throws -> [String] {
                var options = ClientOptions()
                options.credential = .apiKey(key.text)
                let client = try await PalateClient.connect(
                    host: "127.0.0.1",
                    port: server.port,
                    options: options
                )
                let names = try await client.collections().map(\.schema.name)
                await client.close()
                return names
            }
            #expect(try await names(key) == ["pins"])
            #expect(try await names(all) == ["boards", "pins"])
            // A backup of everything holds what is not the key's.
            var raw = try await RawConnection.greeted(port: server.port)
            try await raw.send(
                Self.say(key, id: 2)
                    + RawConnection.frame(.backup(BackupRequest(name: "b")), id: 3)
            )
            _ = await raw.next()
            #expect(await raw.next()?.status == .forbidden)
        }
    }

    @Test func `the first key ends what was open, and a revoked one ends at once`() async throws {
        try await withGuardedServer { server, handle, gatekeeper in
            var anonymous = try await RawConnection.greeted(port: server.port)
            let open = try RawConnection.frame(.open(name: "pins"), id: 2)
            try await anonymous.send(open)
            #expect(await anonymous.next()?.status == nil)
            let key = try file.make()
            #expect(try gatekeeper.refreshIfChanged())
            try await anonymous.send(open)
            #expect(await anonymous.next()?.status == .notAuthenticated)
            try await anonymous.send(Self.say(key, id: 3) + open)
            guard case .authenticated(let receipt) = await anonymous.next()?.response else {
                Issue.record("the key was refused")
                return
            }
            #expect(receipt.subject == key.id)
            #expect(await anonymous.next()?.status == nil)
            // A credential that fails takes nothing away.
            try await anonymous.send(Self.say(nil, id: 4) + open)
            #expect(await anonymous.next()?.status == .notAuthenticated)
            #expect(await anonymous.next()?.status == nil)
            try file.update { ring throws(KeyRingError) in try ring.revoke(key.id, now: 1) }
            #expect(try gatekeeper.refreshIfChanged())
            try await anonymous.send(open)
            #expect(await anonymous.next()?.status == .notAuthenticated)
        }
    }

    @Test func `who may come without keys is as it was said`() async throws {
        try await withGuardedServer(anonymous: .refuse) { server, _, _ in
            var raw = try await RawConnection.greeted(port: server.port)
            try await raw.send(RawConnection.frame(.open(name: "pins"), id: 2))
            #expect(await raw.next()?.status == .notAuthenticated)
        }
        try await withGuardedServer(anonymous: .everywhere) { server, _, _ in
            var raw = try await RawConnection.greeted(port: server.port)
            try await raw.send(RawConnection.frame(.open(name: "pins"), id: 2))
            #expect(await raw.next()?.status == nil)
        }
    }

    @Test func `guessing keys is made to wait, and large bodies of strangers are refused`()
        async throws
    {
        _ = try file.make()
        try await withGuardedServer { server, handle, _ in
            var raw = try await RawConnection.greeted(port: server.port)
            var statuses: [StatusCode?] = []
            for id in 2..<9 {
                try await raw.send(Self.say(nil, id: UInt32(id)))
                statuses.append(await raw.next()?.status)
            }
            #expect(statuses.prefix(5).allSatisfy { $0 == .notAuthenticated })
            #expect(statuses.dropFirst(5).allSatisfy { $0 == .overloaded })
            let rows = Pins(200).rows(0..<200)
            let large = try RawConnection.frame(.upsert(handle: handle, rows: rows), id: 20)
            try await raw.send(large)
            #expect(await raw.next()?.status == .frameTooLarge)
        }
    }

    @Test func `requests that come too fast are told when to come again`() async throws {
        try await withServer {
            $0.requestsPerSecond = 10
        } _: { server in
            var raw = try await RawConnection.greeted(port: server.port)
            let burst = try (2..<52).flatMap {
                try RawConnection.frame(.open(name: "none"), id: UInt32($0))
            }
            try await raw.send(burst)
            var statuses: [StatusCode?] = []
            for _ in 2..<52 { statuses.append(await raw.next()?.status) }
            #expect(statuses.prefix(10).allSatisfy { $0 == .unknownCollection })
            #expect(statuses.filter { $0 == .overloaded }.count >= 20)
        }
    }

    @Test func `writes beyond the memory there may be are refused, reads and deletes are not`()
        async throws
    {
        try await withServer {
            $0.memoryBytesMax = 1 << 20
        } _: { server in
            let pins = Pins(60)
            let handle = try await pins.write(to: server.directory).info.handle
            let client = try await server.connect()
            await #expect(throws: PalateClientError.self) {
                _ = try await client.upsert(handle: handle, rows: pins.rows(0..<5))
            }
            _ = try await client.query(pins.query(handle, rows: 0..<1))
            _ = try await client.delete(handle: handle, ids: [Pins.id(1)])
            await client.close()
        }
    }

    @Test func `an address has only so many connections`() async throws {
        try await withServer {
            $0.connectionsPerAddress = 3
        } _: { server in
            var open: [RawConnection] = []
            for _ in 0..<3 { open.append(try await RawConnection.greeted(port: server.port)) }
            var fourth = try await RawConnection(port: server.port)
            #expect(await fourth.next() == nil)
            withExtendedLifetime(open) {}
        }
    }
}
